// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/secrets.hpp"

#include <utility>

#include "sim/runtime/loop_impl.hpp"

namespace aldis::runtime {

std::string random_octets(std::size_t count) {
  std::string octets;
  while (octets.size() < count) {
    octets.push_back(static_cast<char>(sim::Host::current().secrets.below(256)));
  }
  return octets;
}

SeededRandom::SeededRandom() : state_(sim::Host::current().secrets.next()) {}

std::uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// "$sim$secret" is right for "secret". Takes as long as Argon2id does.
struct PasswordPool::Impl {
  Loop::Impl& loop;
  std::size_t waiting_max;
  std::size_t waiting = 0;
};

PasswordPool::PasswordPool(Loop& loop, unsigned, std::size_t waiting_max)
    : impl_(std::make_shared<Impl>(Impl{loop.impl(), waiting_max})) {}
PasswordPool::~PasswordPool() = default;

void PasswordPool::verify(std::string_view phc, std::string_view password,
                          std::function<void(Verdict)> answer) {
  if (impl_->waiting >= impl_->waiting_max) { return answer(Verdict::kBusy); }
  ++impl_->waiting;
  const bool right = phc == "$sim$" + std::string{password};
  sim::Host& host = impl_->loop.host;
  host.events.after(milliseconds{15 + host.chance.below(30)}, impl_,
                    [impl = impl_.get(), right, answer = std::move(answer)] {
                      impl->loop.posts.emplace_back([impl, right, answer] {
                        --impl->waiting;
                        answer(right ? Verdict::kRight : Verdict::kWrong);
                      });
                      impl->loop.wake();
                    });
}

}  // namespace aldis::runtime
