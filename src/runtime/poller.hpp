// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace aldis::runtime {

class Descriptor {
 public:
  virtual void ready(std::uint32_t events) = 0;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP

 protected:
  ~Descriptor() = default;
};

// Readiness of many descriptors, level-triggered: a descriptor is registered once, and a turn under load
// costs one epoll_wait for all of them. Asio would cost one more system call per connection and turn: its
// async_read tries a recv that fails with EAGAIN first, its async_wait an epoll_ctl. The poller's own
// descriptor is watched by Asio (Loop::Impl), so that one wait covers both. Owned by the loop, on its thread.
// A connection is closed at the end of a turn only, when nothing reported is pending.
class Poller {
 public:
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  [[nodiscard]] int fd() const { return fd_; }                                   // closed by who watches it
  [[nodiscard]] bool add(int fd, std::uint32_t events, Descriptor& descriptor);  // false: errno says why
  void modify(int fd, std::uint32_t events, Descriptor& descriptor);
  void remove(int fd,
              const Descriptor& descriptor);  // not called any more, not even for what was already reported
  std::size_t dispatch();                     // never blocks; returns how many were ready

 private:
  // Handled per turn; the others are reported in the next one, the kernel takes turns.
  static constexpr std::size_t kReadyMax = 256;

  int fd_;
  std::array<epoll_event, kReadyMax> ready_{};
  std::size_t ready_count_ = 0;
};

}  // namespace aldis::runtime
