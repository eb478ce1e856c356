// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/loop.hpp"

#include <algorithm>
#include <utility>

#include "aldis/base/check.hpp"
#include "sim/runtime/connection.hpp"
#include "sim/runtime/loop_impl.hpp"

namespace aldis::sim {

namespace {
Host* host_now = nullptr;
}

Host& Host::current() {
  ALDIS_CHECK(host_now != nullptr);
  return *host_now;
}
Host::Scope::Scope(Host& host) : before_(std::exchange(host_now, &host)) {}
Host::Scope::~Scope() { host_now = before_; }

}  // namespace aldis::sim

namespace aldis::runtime {

Now read_clocks() { return sim::Host::current().events.clocks(); }

Loop::Impl::Impl() : host(sim::Host::current()) {}
Loop::Impl::~Impl() = default;

const Now& Loop::Impl::now() {
  time = host.events.clocks();
  return time;
}

void Loop::Impl::wake() {
  if (in_turn) { return; }  // its end looks at what came
  Duration delay = microseconds{5 + host.chance.below(100)};
  if (host.faults.fires(sim::Fault::kEngineStall)) { delay = milliseconds{host.chance.below(3000)}; }
  plan_turn(host.events.now() + delay);
}

void Loop::Impl::plan_turn(Instant at) {
  if (at != kNever) { at = std::max(at, rested_at); }
  if (at >= turn_at || at == kNever || stopped) { return; }
  turn_at = at;
  host.events.at(at, host.guard, [this, at] {
    if (turn_at == at) { turn(); }
  });
}

void Loop::Impl::turn() {
  turn_at = kNever;
  in_turn = true;
  rested_at = host.events.now() + microseconds{1 + host.chance.below(50)};
  again = false;
  const auto reading = std::exchange(ready, {});
  for (SimConnection* connection : reading) { connection->listed_ready = false; }
  for (SimConnection* connection : reading) { connection->read(); }
  for (std::size_t left = posts.size(); left > 0; --left) {
    Task<void()> task = std::move(posts.front());
    posts.pop_front();
    task();
  }
  deadlines.fire(now());
  for (auto& hook : hooks) { hook(now()); }
  settle();
  in_turn = false;
  ++counters.turns;
  if (again || !ready.empty() || !posts.empty() || !touched.empty()) { plan_turn(rested_at); }
  plan_turn(deadlines.next());
}

void Loop::Impl::settle() {
  settling.swap(touched);
  for (SimConnection* connection : settling) {
    if (!connection->settle()) { drop(*connection); }
  }
  settling.clear();
}

void Loop::Impl::adopt(sim::SocketPtr socket, ProtocolPtr protocol, const WireSettings& settings,
                       std::shared_ptr<std::size_t> open_count, std::string peer) {
  auto connection = std::make_unique<SimConnection>(*this, std::move(socket), std::move(protocol), settings,
                                                    std::move(open_count), std::move(peer));
  connection->index = connections.size();
  connections.push_back(std::move(connection));
  connections.back()->open();
}

void Loop::Impl::drop(SimConnection& connection) {
  std::erase(ready, &connection);
  std::erase(touched, &connection);
  const std::size_t index = connection.index;
  std::swap(connections[index], connections.back());
  connections[index]->index = index;
  connections.pop_back();
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() { ALDIS_CHECK(false); }  // the world turns it
void Loop::stop() { impl_->stopped = true; }

void Loop::post(Task<void()> task) {
  impl_->posts.push_back(std::move(task));
  impl_->wake();
}

const Now& Loop::now() const { return impl_->now(); }
void Loop::at_turn_end(std::function<void(const Now&)> hook) { impl_->hooks.push_back(std::move(hook)); }
void Loop::on_signals(std::initializer_list<int>, std::function<void(int)>) {}

void Loop::close_connections() {
  for (const auto& connection : impl_->connections) { connection->lose(ports::CloseCause::kStopping); }
}

std::size_t Loop::connections() const { return impl_->connections.size(); }
const Loop::Counters& Loop::counters() const { return impl_->counters; }

struct Alarm::Impl final : Deadline {
  Impl(Loop::Impl& loop_impl, std::function<void(const Now&)> callback)
      : loop(loop_impl), fire(std::move(callback)) {}
  void due(const Now& now) override { fire(now); }

  Loop::Impl& loop;
  std::function<void(const Now&)> fire;
};

Alarm::Alarm(Loop& loop, std::function<void(const Now&)> fire)
    : impl_(std::make_unique<Impl>(loop.impl(), std::move(fire))) {}
Alarm::~Alarm() = default;

void Alarm::set(Instant at) {
  impl_->loop.deadlines.arm(*impl_, at);
  impl_->loop.plan_turn(std::max(at, impl_->loop.host.events.now()));
}

}  // namespace aldis::runtime
