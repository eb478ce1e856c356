// SPDX-License-Identifier: Apache-2.0
// One thread's event loop. Everything that happens on the thread happens in turns:
//
//   wait ► what connections, posts, signals, alarms brought ► hooks ► flush of touched connections ► again
//
// Both clocks are read once per turn, all octets of one read are handled together, and what a turn appended
// for a connection leaves in one write. While there is work the loop does not sleep: it asks the kernel
// again, and turns grow with the load.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>

#include "aldis/base/time.hpp"
#include "aldis/runtime/task.hpp"

namespace aldis::runtime {

// Both clocks at this moment. For main() and for threads of runtime; whoever runs on a Loop asks Loop::now().
Now read_clocks();

// Owns an Asio context, the descriptors' readiness, the deadlines and every connection on it. Constructed
// anywhere, run by one thread; only post() and stop() may be called from others. Listeners, connectors,
// alarms, pools and borrowed protocols are destroyed before their Loop. Throws std::system_error in the
// constructor when the kernel has no descriptor left. Not for work that blocks or computes for long: a turn
// is everybody's latency.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();                    // until stop(); an exception of a callback leaves through here
  void stop();                   // any thread, also before run(): the turn in work is finished
  void post(Task<void()> task);  // any thread; runs in a later turn, in the order of posts of one thread

  // The clocks as this turn read them. Before run(): as of now.
  [[nodiscard]] const Now& now() const;

  // Called at the end of each turn, before the flush, in the order of registration. What a hook appends to
  // connections leaves in the same turn. A turn that called protocols back after the hooks is followed by
  // another at once.
  void at_turn_end(std::function<void(const Now&)> hook);

  // The signals no longer have their default effect. The callback runs in a turn, not in the signal handler.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> callback);

  // Every open connection gets on_closed(kStopping) at the end of the turn; output that the kernel has not
  // taken is lost.
  void close_connections();
  [[nodiscard]] std::size_t connections() const;

  struct Counters {
    std::uint64_t turns = 0;
    Duration busy{0};       // sum of the lengths of turns, without waiting
    Duration turn_last{0};  // length of the last one
    std::uint64_t octets_in = 0;
    std::uint64_t octets_out = 0;
    std::uint64_t reads = 0;  // system calls that read or wrote connections
    std::uint64_t writes = 0;
  };
  [[nodiscard]] const Counters& counters() const;

  struct Impl;  // for runtime's own classes
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Calls `fire` on the loop once `at` has come, at most about 1 ms late on an idle machine; then it is off
// until set again. Owned by whoever waits; on the loop's thread. For a few long-lived timers, not one per
// message: those belong in a TimerWheel.
class Alarm {
 public:
  Alarm(Loop& loop, std::function<void(const Now&)> fire);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void set(Instant at);  // replaces what was set; kNever = off

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::runtime
