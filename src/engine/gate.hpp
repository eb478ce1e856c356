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

// The promise gate (DESIGN 3): whatever tells the outside world that we have something waits here until the journal is
// durable up to the end of the turn that caused it. Positions never fall, so it is one queue. Owned by the engine;
// release() is called in exactly one place. Its length is bounded by what sessions and links may have unanswered (windows
// and leases). Nothing leaves it any other way: when the store fails, what is inside stays inside.
class PromiseGate {
 public:
  using Held = std::variant<Effect, LeaseReady, PlacesFreed>;

  // Held until seal() says on which position this turn depends.
  void hold(Held held) { turn_.push_back(std::move(held)); }

  // The turn is over: everything held in it depends on `after`.
  void seal(Lsn after) {
    if (turn_.empty()) { return; }
    for (auto& held : turn_) { queue_.push_back(std::move(held)); }
    marks_.push_back({after, turn_.size()});
    turn_.clear();
  }

  template <class Release>
  void release(Lsn durable, Release&& release_one) {
    while (!marks_.empty() && marks_.front().after <= durable) {
      for (std::size_t left = marks_.front().count; left > 0; --left) {
        Held held = std::move(queue_.front());
        queue_.pop_front();
        release_one(held);
      }
      marks_.pop_front();
    }
  }

  [[nodiscard]] std::size_t size() const { return turn_.size() + queue_.size(); }

 private:
  struct Mark {
    Lsn after;
    std::size_t count;
  };
  std::vector<Held> turn_;
  std::deque<Held> queue_;
  std::deque<Mark> marks_;
};

}  // namespace aldis::engine
