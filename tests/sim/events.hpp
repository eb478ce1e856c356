// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::sim {

// The world's one clock and one queue: time moves only when nothing is left to do at the present instant, and
// what is due together happens in the order in which it was asked for. Wall time is the monotonic clock plus
// an offset that staff may step. Not for threads: there are none.
class Events {
 public:
  // Whoever waits keeps one; when it is gone, its events do not happen.
  using Guard = std::shared_ptr<void>;
  static Guard make_guard() { return std::make_shared<char>(); }

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] Now clocks() const {
    return {now_, WallTime{std::chrono::duration_cast<microseconds>(now_.time_since_epoch())} + wall_offset_};
  }
  void step_wall(Duration by) { wall_offset_ += std::chrono::duration_cast<microseconds>(by); }

  void at(Instant when, const Guard& guard, std::function<void()> what) {
    queue_.push_back({std::max(when, now_), ++sequence_, guard, std::move(what)});
    std::push_heap(queue_.begin(), queue_.end(), later);
  }
  void after(Duration delay, const Guard& guard, std::function<void()> what) {
    at(now_ + delay, guard, std::move(what));
  }

  // The next event, unless it is later than `until`. False: time stands at `until`.
  bool step(Instant until) {
    while (!queue_.empty() && queue_.front().when <= until) {
      std::pop_heap(queue_.begin(), queue_.end(), later);
      Entry entry = std::move(queue_.back());
      queue_.pop_back();
      const auto alive = entry.guard.lock();
      if (alive == nullptr) { continue; }
      now_ = entry.when;
      ++happened_;
      entry.what();
      return true;
    }
    now_ = until;
    return false;
  }
  [[nodiscard]] std::uint64_t happened() const { return happened_; }

 private:
  struct Entry {
    Instant when;
    std::uint64_t sequence;
    std::weak_ptr<void> guard;
    std::function<void()> what;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }

  // Some time after boot, and in a year that does not matter.
  Instant now_{hours{1000}};
  microseconds wall_offset_{std::chrono::duration_cast<microseconds>(hours{24 * 365 * 56})};
  std::uint64_t sequence_ = 0;
  std::uint64_t happened_ = 0;
  std::vector<Entry> queue_;
};

}  // namespace aldis::sim
