// SPDX-License-Identifier: Apache-2.0
#include <argon2.h>
#include <openssl/crypto.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "aldis/runtime/secrets.hpp"
#include "runtime/argon2_cost.hpp"
#include "runtime/threads.hpp"

namespace aldis::runtime {

namespace {

using Verdict = ports::Passwords::Verdict;

struct Check {
  std::string phc;
  std::string password;
  std::function<void(Verdict)> answer;
};

// As much work as a real check, for a user who does not exist or a hash that cannot be read.
void check_dummy(const std::string& password) {
  static constexpr std::array<char, kArgon2Salt> kSalt{};
  std::array<char, kArgon2Tag> tag{};
  argon2id_hash_raw(kArgon2Passes, kArgon2Memory, kArgon2Lanes, password.data(), password.size(),
                    kSalt.data(), kSalt.size(), tag.data(), tag.size());
}

Verdict verdict_of(const Check& check) {
  const int code = check.phc.empty()
                       ? ARGON2_DECODING_FAIL
                       : argon2id_verify(check.phc.c_str(), check.password.data(), check.password.size());
  if (code == ARGON2_OK) { return Verdict::kRight; }
  if (code == ARGON2_MEMORY_ALLOCATION_ERROR) { return Verdict::kBusy; }  // the password was not tried
  if (code != ARGON2_VERIFY_MISMATCH) { check_dummy(check.password); }
  return Verdict::kWrong;
}

}  // namespace

// Shared with the answers on their way to the loop, which may arrive when the pool has gone.
struct PasswordPool::Impl : std::enable_shared_from_this<PasswordPool::Impl> {
  Impl(Loop& owner, std::size_t bound) : loop(owner), waiting_max(bound) {}

  Loop& loop;
  const std::size_t waiting_max;
  bool alive = true;  // the loop's thread only
  std::vector<std::thread> threads;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Check> waiting;
  bool stopping = false;

  void run() {
    std::unique_lock lock{mutex};
    for (;;) {
      changed.wait(lock, [this] { return stopping || !waiting.empty(); });
      if (stopping) { return; }
      Check check = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      const Verdict verdict = verdict_of(check);
      OPENSSL_cleanse(check.password.data(), check.password.size());
      loop.post([self = shared_from_this(), answer = std::move(check.answer), verdict] {
        if (self->alive) { answer(verdict); }
      });
      lock.lock();
    }
  }
};

PasswordPool::PasswordPool(Loop& loop, unsigned threads, std::size_t waiting_max)
    : impl_(std::make_shared<Impl>(loop, waiting_max)) {
  for (unsigned i = 0; i < threads; ++i) {
    impl_->threads.push_back(start_thread("passwords", [impl = impl_.get()] { impl->run(); }));
  }
}

PasswordPool::~PasswordPool() {
  impl_->alive = false;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->stopping = true;
    for (Check& check : impl_->waiting) { OPENSSL_cleanse(check.password.data(), check.password.size()); }
    impl_->waiting.clear();
  }
  impl_->changed.notify_all();
  for (std::thread& thread : impl_->threads) { thread.join(); }
}

void PasswordPool::verify(std::string_view phc, std::string_view password,
                          std::function<void(Verdict)> answer) {
  {
    const std::lock_guard lock{impl_->mutex};
    if (impl_->waiting.size() < impl_->waiting_max) {
      impl_->waiting.push_back({std::string{phc}, std::string{password}, std::move(answer)});
      answer = nullptr;
    }
  }
  if (answer) { return answer(Verdict::kBusy); }
  impl_->changed.notify_one();
}

}  // namespace aldis::runtime
