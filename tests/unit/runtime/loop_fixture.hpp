// SPDX-License-Identifier: Apache-2.0
// Real sockets on loopback and a real loop: tests wait for conditions with a deadline and never sleep.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::runtime::tests {

// Runs the loop on this thread until `reached` holds after a turn, at most `within`. Returns whether it came
// to hold.
class TestLoop {
 public:
  TestLoop() {
    loop.at_turn_end([this](const Now&) {
      if (reached_ && reached_()) { stop(true); }
    });
  }
  bool run_until(std::function<bool()> reached, Duration within = seconds{60}) {
    reached_ = std::move(reached);
    held_ = stopping_ = false;
    Alarm late{loop, [this](const Now&) { stop(false); }};
    late.set(loop.now().mono + within);
    loop.post([] {});  // a turn, in case it holds already
    loop.run();
    reached_ = nullptr;
    return held_;
  }

  Loop loop;

 private:
  void stop(bool held) {
    if (stopping_) { return; }
    stopping_ = true;
    held_ = held;
    loop.stop();
  }
  std::function<bool()> reached_;
  bool held_ = false;
  bool stopping_ = false;
};

// What the tests script: notes what happens, answers by a function.
class Scripted : public ports::ByteProtocol {
 public:
  void on_open(const Now& now, ports::Wire& w) override {
    wire = &w;
    peer = w.peer();
    if (opened) { opened(now); }
  }
  std::size_t on_octets(const Now& now, Octets input) override {
    ++reads;
    return received ? received(now, input) : take(input);
  }
  void on_flushed(const Now&) override { ++flushes; }
  void on_timer(const Now& now) override {
    ++timers;
    deadline = kNever;
    if (timer) { timer(now); }
  }
  Instant next_deadline() const override { return deadline; }
  void on_closed(const Now&, ports::CloseCause c) override {
    wire = nullptr;
    closed = true;
    cause = c;
  }

  std::size_t take(Octets input) {
    octets.append(input);
    return input.size();
  }

  ports::Wire* wire = nullptr;
  std::string peer;
  std::string octets;
  int reads = 0;
  int flushes = 0;
  int timers = 0;
  Instant deadline = kNever;
  bool closed = false;
  ports::CloseCause cause = ports::CloseCause::kStopping;
  std::function<void(const Now&)> opened;
  std::function<std::size_t(const Now&, Octets)> received;
  std::function<void(const Now&)> timer;
};

// A listener whose connections all go to one scripted protocol (one connection per test).
inline std::unique_ptr<Listener> listen_for(Loop& loop, ports::ByteProtocol& protocol,
                                            ListenerSettings settings = {}) {
  if (settings.address.empty()) { settings.address = "127.0.0.1:0"; }
  auto opened = Listener::open(loop, settings, [&protocol](std::string_view) { return borrow(protocol); });
  REQUIRE(opened);
  return std::move(*opened);
}

// A peer made of plain system calls: what it reads and when is up to the test.
class RawPeer {
 public:
  explicit RawPeer(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }
  ~RawPeer() { close(); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void send(std::string_view octets) {
    REQUIRE(::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size()));
  }
  // What is there now; sets `ended` at the peer's FIN, `reset` at its RST.
  std::string read_some() {
    std::string octets(256 * 1024, '\0');
    const ssize_t n = ::recv(fd_, octets.data(), octets.size(), MSG_DONTWAIT);
    ended = ended || n == 0;
    reset = reset || (n < 0 && errno == ECONNRESET);
    octets.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return octets;
  }
  void finish() { ::shutdown(fd_, SHUT_WR); }
  void reset_connection() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void close() {
    if (fd_ >= 0) { ::close(std::exchange(fd_, -1)); }
  }

  bool ended = false;
  bool reset = false;

 private:
  int fd_;
};

}  // namespace aldis::runtime::tests
