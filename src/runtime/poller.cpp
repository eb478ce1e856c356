// SPDX-License-Identifier: Apache-2.0
#include "runtime/poller.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include "aldis/base/check.hpp"

namespace aldis::runtime {

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) { throw std::system_error{errno, std::generic_category(), "epoll_create1"}; }
}

bool Poller::add(int fd, std::uint32_t events, Descriptor& descriptor) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &descriptor;
  return ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::modify(int fd, std::uint32_t events, Descriptor& descriptor) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &descriptor;
  ALDIS_CHECK(::epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void Poller::remove(int fd, const Descriptor& descriptor) {
  ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (std::size_t i = 0; i < ready_count_; ++i) {
    if (ready_[i].data.ptr == &descriptor) { ready_[i].data.ptr = nullptr; }
  }
}

std::size_t Poller::dispatch() {
  const int count = ::epoll_wait(fd_, ready_.data(), static_cast<int>(ready_.size()), 0);
  if (count <= 0) { return 0; }  // EINTR: they are still ready
  ready_count_ = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < ready_count_; ++i) {
    if (auto* descriptor = static_cast<Descriptor*>(ready_[i].data.ptr)) {
      descriptor->ready(ready_[i].events);
    }
  }
  return std::exchange(ready_count_, 0);
}

}  // namespace aldis::runtime
