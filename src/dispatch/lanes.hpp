// SPDX-License-Identifier: Apache-2.0
// What stands behind Dispatch: lanes, the rings of those that wait, and an operator's state.
#pragma once

#include <array>
#include <boost/container/deque.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/dispatch/dispatch.hpp"
#include "dispatch/rate.hpp"

namespace aldis::dispatch {

using LaneQueue = boost::intrusive::list<Message, boost::intrusive::base_hook<LaneHook>,
                                         boost::intrusive::constant_time_size<false>>;
using RingHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct RingHookTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::safe_link>>;

// Messages of one account in one class for one operator, in the order of lane_seq. In Ring::waiting while
// `queue` has messages, in Ring::fetching while only `later` has; kept when both are empty.
struct Dispatch::Lane : RingHook {
  explicit Lane(AccountId a, Ring& r) : account(a), ring(&r) {}

  AccountId account;
  Ring* ring;
  LaneQueue queue;
  // What comes after them, by id: those that are over, or were moved, stand here until their turn.
  boost::container::deque<MessageId> later;
  std::size_t later_alive = 0;  // of them still messages of this lane
  void forget_later() {
    later_taken += later.size();
    later.clear();
  }
  std::uint64_t later_taken = 0;  // ids taken from `later` so far
  std::uint32_t weight = 1;
  std::uint32_t weights_epoch = 0;  // weight is of this epoch
  std::uint64_t deficit = 0;        // parts it may still send in this turn
  bool in_turn = false;             // has had its quantum for this turn
  Message* started = nullptr;       // some of its parts are granted and paid for; the rest goes next
  Message* returned_last =
      nullptr;  // last to come back to the head: the next one to come back usually belongs behind it
  Message* sweep = nullptr;       // next for sweep_next()
  std::uint64_t sweep_later = 0;  // and after it, the id at this place: counted as later_taken
};

struct Dispatch::Ring {
  static constexpr auto kWaitBounds =
      std::to_array<double>({.01, .1, 1, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400});  // seconds

  using Lanes = boost::intrusive::list<Lane, boost::intrusive::base_hook<RingHook>,
                                       boost::intrusive::constant_time_size<false>>;
  Lanes waiting;
  Lanes fetching;  // whose next message is behind more dead ids than one call passes over
  boost::unordered_flat_map<AccountId, std::unique_ptr<Lane>> lanes;
  std::size_t messages = 0;
  std::array<std::uint64_t, kWaitBounds.size() + 1> wait_counts{};
  double wait_sum = 0;
};

struct Dispatch::Operator {
  std::string name;
  std::uint64_t queue_max = 0;
  Rate rate;
  std::array<Ring, kMessageClasses> rings;
  std::size_t messages = 0;
  std::vector<Lane*> sweep;              // lanes still to be swept, last first
  std::optional<Instant> tokens_wanted;  // since when something waits for tokens only
  double tokens_waited = 0;              // seconds
};

}  // namespace aldis::dispatch
