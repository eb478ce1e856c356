// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/loop.hpp"
#include "runtime/deadlines.hpp"
#include "runtime/poller.hpp"

namespace aldis::runtime {

class Connection;

// What the classes of runtime share of a loop. Asio waits, resolves names, takes posts and signals; the
// poller and the heap of deadlines serve connections. See loop.cpp for the order of a turn.
struct Loop::Impl {
  Impl();
  ~Impl();

  void run();
  const Now& now();

  // A new connection on a connected, non-blocking socket; calls on_open(). Takes the socket in any case.
  // `open_count` counts it until its socket is closed.
  void adopt(int fd, ProtocolPtr protocol, const WireSettings& settings,
             std::shared_ptr<std::size_t> open_count);
  // once: the connection keeps a flag
  void touch(Connection& connection) { touched_.push_back(&connection); }
  void call_again() { again_ = true; }  // a protocol was called after the hooks
  char* scratch(std::size_t size);      // the one read buffer of the loop

  boost::asio::io_context context{1};
  Poller poller;
  Deadlines deadlines;
  Counters counters;
  std::size_t connections_lingering = 0;
  std::vector<std::unique_ptr<Connection>> connections;

 private:
  void wait();
  void turn();
  void settle();
  void watch_poller();
  void drop(Connection& connection);
  friend class Loop;

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context.get_executor()};
  boost::asio::posix::stream_descriptor poller_watch_{context};
  std::list<boost::asio::signal_set> signals_;
  std::vector<std::function<void(const Now&)>> hooks_;
  std::vector<Connection*> touched_;
  std::vector<Connection*> settling_;
  std::string scratch_octets_;
  Now time_{};
  bool time_fresh_ = false;  // `time_` was read in this turn
  bool running_ = false;
  bool stopped_ = false;
  bool again_ = false;           // the next turn begins without waiting
  bool poller_watched_ = false;  // Asio has a wait on the poller's descriptor
  bool poller_ready_ = false;
};

}  // namespace aldis::runtime
