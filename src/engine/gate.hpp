// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "aldis/core/effects.hpp"

namespace aldis::engine {

// Lease places of a link that come free once the results that free them are durable.
struct PlacesFreed {
  LinkId link;
  std::uint32_t count = 0;
};

// A leased part: the link may have it once the LEASE is durable.
struct LeaseReady {
  LinkId link;
  std::uint32_t epoch = 0;
  PartRef part;
  Instant leased_at{};
};

// The promise gate (DESIGN 3): whatever tells the outside world that we have something waits here until the
// journal is durable up to the end of the turn that caused it. Positions never fall, so it is one queue.
// Owned by the engine; release() is called in exactly one place. Its length is bounded by what sessions and
// links may have unanswered (windows and leases). Nothing leaves it any other way: when the store fails, what
// is inside stays inside.
class PromiseGate {
 public:
  using Held = std::variant<Effect, LeaseReady, PlacesFreed>;

  // Held until seal() says on which position this turn depends. Made in place: variants within a variant cost
  // 60 instructions each time they move.
  template <class T>
  void hold(T&& what) {
    using Plain = std::remove_cvref_t<T>;
    if constexpr (std::is_same_v<Plain, LeaseReady> || std::is_same_v<Plain, PlacesFreed>) {
      turn_.emplace_back(std::in_place_type<Plain>, std::forward<T>(what));
    } else if constexpr (std::is_same_v<Plain, Effect>) {
      turn_.emplace_back(std::in_place_type<Effect>, std::forward<T>(what));
    } else {
      turn_.emplace_back(std::in_place_type<Effect>, std::in_place_type<Plain>, std::forward<T>(what));
    }
  }

  // The turn is over: everything held in it depends on `after`.
  void seal(Lsn after) {
    if (turn_.empty()) { return; }
    sealed_ += turn_.size();
    turns_.push_back({after, std::move(turn_)});
    turn_.clear();
    if (!spare_.empty()) {
      turn_.swap(spare_.back());
      spare_.pop_back();
    }
  }

  // release_one(Held&) may hold new things: they belong to the present turn.
  template <class Release>
  void release(Lsn durable, Release&& release_one) {
    while (!turns_.empty() && turns_.front().after <= durable) {
      std::vector<Held> items = std::move(turns_.front().items);
      turns_.pop_front();
      sealed_ -= items.size();
      for (Held& held : items) { release_one(held); }
      items.clear();
      if (spare_.size() < kSparesMax) { spare_.push_back(std::move(items)); }
    }
  }

  [[nodiscard]] std::size_t size() const { return turn_.size() + sealed_; }

 private:
  static constexpr std::size_t kSparesMax = 8;  // more turns than that are never under way at once
  struct Turn {
    Lsn after;
    std::vector<Held> items;
  };
  std::vector<Held> turn_;
  std::deque<Turn> turns_;
  std::vector<std::vector<Held>> spare_;  // their memory is used again
  std::size_t sealed_ = 0;
};

}  // namespace aldis::engine
