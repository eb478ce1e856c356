// SPDX-License-Identifier: Apache-2.0
// What the engine counts as it goes, read at a scrape (metrics.cpp).
#pragma once

#include <array>
#include <cstdint>

#include "aldis/core/message.hpp"

namespace aldis::engine {

// Messages that ended, by class and state. A late verdict takes a message from one state to another, so that
// the sum stays that of the messages.
struct Finals {
  static constexpr std::size_t kStates = 6;  // kDelivered .. kUnknown
  [[nodiscard]] static std::size_t index(Status status) {
    return static_cast<std::size_t>(status) - static_cast<std::size_t>(Status::kDelivered);
  }
  std::uint64_t& of(MessageClass message_class, Status status) {
    return counts[static_cast<std::size_t>(message_class)][index(status)];
  }
  std::array<std::array<std::uint64_t, kStates>, kMessageClasses> counts{};
};

// What is counted for each operator and read at a scrape.
struct OperatorCounters {
  std::uint64_t resends = 0, uncertain = 0;
  std::uint64_t submits_ok = 0, submits_throttled = 0, submits_retry = 0, submits_error = 0,
                submits_timeout = 0;
  std::uint64_t inbound = 0, inbound_unroutable = 0;
  Finals finals;
};

struct Counters {
  std::uint64_t accepted = 0;
  std::array<std::array<std::uint64_t, kMessageClasses>, kDoors> accepted_by{};
  std::uint64_t parts_accepted = 0;
  std::array<std::uint64_t, 11> pending{};  // messages by Status; finals stand with their operator
  Finals finals_without_operator;
  std::uint64_t results_stray = 0;
  std::uint64_t compacted = 0;
  std::uint64_t fetched = 0;  // from the shelf
  std::uint64_t alphabet_fallbacks = 0, validity_cuts = 0;
};

}  // namespace aldis::engine
