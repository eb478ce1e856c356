// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/loop.hpp"

#include <boost/asio/post.hpp>
#include <chrono>

#include "aldis/base/check.hpp"
#include "runtime/connection.hpp"
#include "runtime/loop_impl.hpp"

namespace aldis::runtime {

namespace asio = boost::asio;

namespace {

// Asio handlers run per turn; the rest waits for the next one, so that a flood of posts cannot starve
// connections.
constexpr std::size_t kHandlersMax = 256;

}  // namespace

Now read_clocks() {
  return Now{
      .mono =
          Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())},
      .wall = std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now())};
}

Loop::Impl::Impl() { poller_watch_.assign(poller.fd()); }

// Connections that are left go without a word: who wants on_closed() calls close_connections() and lets the
// loop turn.
Loop::Impl::~Impl() { connections.clear(); }

const Now& Loop::Impl::now() {
  if (!time_fresh_) {
    time_ = read_clocks();
    time_fresh_ = running_;  // outside run() there are no turns
  }
  return time_;
}

void Loop::Impl::run() {
  running_ = true;
  while (!stopped_) {
    time_fresh_ = false;
    if (!again_ && touched_.empty()) { wait(); }
    turn();
  }
  stopped_ = false;
  running_ = false;
  time_fresh_ = false;
}

// Blocks until Asio ran one handler or the first deadline has come.
void Loop::Impl::wait() {
  watch_poller();
  const Instant next = deadlines.next();
  if (next == kNever) {
    context.run_one();
  } else {
    context.run_one_until(std::chrono::steady_clock::time_point{next.time_since_epoch()});
  }
}

void Loop::Impl::turn() {
  const Instant began = now().mono;
  again_ = false;
  poller_ready_ = false;  // the poller is asked anyway: whoever woke us, connections may be ready as well
  std::size_t work_done = poller.dispatch();
  for (std::size_t i = 0; i < kHandlersMax && context.poll_one() == 1; ++i) { ++work_done; }
  work_done += deadlines.fire(now());
  for (auto& hook : hooks_) { hook(now()); }
  settle();
  if (work_done > 0 || poller_ready_) { again_ = true; }
  ++counters.turns;
  counters.turn_last = read_clocks().mono - began;
  counters.busy += counters.turn_last;
}

// Flushes, closes and re-arms what was touched. Callbacks may touch more: that is for the next turn.
void Loop::Impl::settle() {
  settling_.swap(touched_);
  for (Connection* connection : settling_) {
    if (connection->settle() == Connection::Fate::kGone) { drop(*connection); }
  }
  settling_.clear();
}

void Loop::Impl::watch_poller() {
  if (poller_watched_) { return; }
  poller_watched_ = true;
  poller_watch_.async_wait(asio::posix::descriptor_base::wait_read,
                           [this](const boost::system::error_code& error) {
                             poller_watched_ = false;
                             poller_ready_ = !error;
                           });
}

void Loop::Impl::adopt(int fd, ProtocolPtr protocol, const WireSettings& settings,
                       std::shared_ptr<std::size_t> open_count) {
  auto connection =
      std::make_unique<Connection>(*this, fd, std::move(protocol), settings, std::move(open_count));
  connection->index = connections.size();
  connections.push_back(std::move(connection));
  connections.back()->open();
}

void Loop::Impl::drop(Connection& connection) {
  const std::size_t index = connection.index;
  std::swap(connections[index], connections.back());
  connections[index]->index = index;
  connections.pop_back();
}

char* Loop::Impl::scratch(std::size_t size) {
  if (scratch_octets_.size() < size) { scratch_octets_.resize(size); }
  return scratch_octets_.data();
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() { impl_->run(); }

void Loop::stop() {
  asio::post(impl_->context, [impl = impl_.get()] { impl->stopped_ = true; });
}

void Loop::post(Task<void()> task) { asio::post(impl_->context, std::move(task)); }

const Now& Loop::now() const { return impl_->now(); }

void Loop::at_turn_end(std::function<void(const Now&)> hook) { impl_->hooks_.push_back(std::move(hook)); }

namespace {

void await_signal(asio::signal_set& set, const std::shared_ptr<std::function<void(int)>>& callback) {
  set.async_wait([&set, callback](const boost::system::error_code& error, int signal) {
    if (error) { return; }
    await_signal(set, callback);
    (*callback)(signal);
  });
}

}  // namespace

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> callback) {
  asio::signal_set& set = impl_->signals_.emplace_back(impl_->context);
  for (const int signal : signals) { set.add(signal); }
  await_signal(set, std::make_shared<std::function<void(int)>>(std::move(callback)));
}

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

void Alarm::set(Instant at) { impl_->loop.deadlines.arm(*impl_, at); }

}  // namespace aldis::runtime
