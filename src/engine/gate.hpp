// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <variant>

#include "aldis/core/effects.hpp"

namespace aldis::engine {

// Lease places of a link that come free once the results that free them are durable.
struct PlacesFreed {
  LinkId link;
  std::uint32_t epoch = 0;  // bind of the link that took them
  std::uint32_t count = 0;
};

// A leased part: the link may have it once the LEASE is durable.
struct LeaseReady {
  LinkId link;
  std::uint32_t epoch = 0;
  PartRef part;
};

// The promise gate (DESIGN 3): whatever tells the outside world that we have something waits here, with the journal
// position it depends on, and leaves only when that position is durable. Positions never fall, so it is one queue.
// Owned by the engine; release() is called in exactly one place, when the store has answered. Its length is bounded by
// what sessions and links may have unanswered (windows and leases). Nothing leaves it any other way: when the store
// fails, what is inside stays inside.
class PromiseGate {
 public:
  using Held = std::variant<Effect, LeaseReady, PlacesFreed>;

  void hold(Lsn after, Held held) { queue_.push_back({after, std::move(held)}); }

  template <class Release>
  void release(Lsn durable, Release&& release_one) {
    while (!queue_.empty() && queue_.front().after <= durable) {
      Held held = std::move(queue_.front().held);
      queue_.pop_front();
      release_one(held);
    }
  }

  [[nodiscard]] std::size_t size() const { return queue_.size(); }

 private:
  struct Entry {
    Lsn after;
    Held held;
  };
  std::deque<Entry> queue_;
};

}  // namespace aldis::engine
