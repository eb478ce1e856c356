// SPDX-License-Identifier: Apache-2.0
// Places where the crash campaigns have the daemon kill itself (tests/crash): ALDIS_FAILPOINT=name:count in
// its environment, read by runtime, and the count-th pass through the place of that name is its last. Built
// in with the CMake option ALDIS_FAILPOINTS, which a package turns off; otherwise the macro is nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace aldis {

// The one place that was asked for. Made by runtime before any other thread runs, never changed by another:
// each name is passed by one thread at a time. How a process dies is runtime's business too, hence `kill`,
// which must not return.
class Failpoint {
 public:
  using Kill = void (*)();
  Failpoint(std::string name, std::uint64_t passes, Kill kill)
      : name_(std::move(name)), passes_left_(passes), kill_(kill) {}

  void pass(std::string_view name) {
    if (is_due(name)) { kill_(); }
  }

  // In the middle of a write: `half` writes a part of it.
  template <class Half>
  void pass_half(std::string_view name, Half&& half) {
    if (!is_due(name)) { return; }
    half();
    kill_();
  }

  // When the journal is durable up to `lsn`, and before anybody is told.
  void pass_once_durable(std::string_view name, std::uint64_t lsn) {
    if (is_due(name)) { durable_at_ = lsn; }
  }
  void on_durable(std::uint64_t lsn) {
    if (lsn >= durable_at_) { kill_(); }
  }

  // With the next octets that leave by `wire`: half of them, or all.
  void pass_half_flushed(std::string_view name, const void* wire) {
    if (is_due(name)) { half_flushed_ = wire; }
  }
  void pass_flushed(std::string_view name, const void* wire) {
    if (is_due(name)) { flushed_ = wire; }
  }
  template <class Half>
  void before_flush(const void* wire, Half&& half) {
    if (wire != half_flushed_) { return; }
    half();
    kill_();
  }
  void after_flush(const void* wire) {
    if (wire == flushed_) { kill_(); }
  }

 private:
  [[nodiscard]] bool is_due(std::string_view name) { return name == name_ && --passes_left_ == 0; }

  std::string name_;
  std::uint64_t passes_left_;
  Kill kill_;
  std::uint64_t durable_at_ = std::numeric_limits<std::uint64_t>::max();
  const void* half_flushed_ = nullptr;
  const void* flushed_ = nullptr;
};

// Null, but in a daemon of a crash campaign. One for the process, as what dies is the process.
inline Failpoint* armed_failpoint = nullptr;

}  // namespace aldis

// ALDIS_FAILPOINT(pass("store.sync.begin")): one branch that is never taken, on a pointer that never changes.
#ifdef ALDIS_NO_FAILPOINTS
#define ALDIS_FAILPOINT(...) static_cast<void>(0)
#else
#define ALDIS_FAILPOINT(...)                                                                         \
  do {                                                                                               \
    if (::aldis::armed_failpoint != nullptr) [[unlikely]] { ::aldis::armed_failpoint->__VA_ARGS__; } \
  } while (false)
#endif
