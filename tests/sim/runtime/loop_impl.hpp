// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/loop.hpp"
#include "runtime/deadlines.hpp"
#include "sim/runtime/host.hpp"

namespace aldis::runtime {

class SimConnection;

// A loop whose turns are events of the world. The order within a turn is the real one's
// (src/runtime/loop.cpp); how long after its cause a turn comes is drawn from the seed.
struct Loop::Impl {
  Impl();
  ~Impl();

  const Now& now();
  void adopt(sim::SocketPtr socket, ProtocolPtr protocol, const WireSettings& settings,
             std::shared_ptr<std::size_t> open_count, std::string peer);
  void touch(SimConnection& connection) { touched.push_back(&connection); }
  void call_again() { again = true; }
  void wake();  // something came: a turn follows
  void plan_turn(Instant at);

  sim::Host& host;
  Deadlines deadlines;
  Counters counters;
  bool stopped = false;
  std::vector<std::unique_ptr<SimConnection>> connections;
  std::vector<SimConnection*> ready;
  std::deque<Task<void()>> posts;
  std::vector<std::function<void(const Now&)>> hooks;

 private:
  friend class Loop;
  void turn();
  void settle();
  void drop(SimConnection& connection);

  std::vector<SimConnection*> touched;
  std::vector<SimConnection*> settling;
  Now time{};
  Instant turn_at = kNever;
  Instant rested_at{};
  bool in_turn = false;
  bool again = false;
};

}  // namespace aldis::runtime
