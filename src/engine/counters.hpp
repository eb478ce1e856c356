// SPDX-License-Identifier: Apache-2.0
// What the engine counts as it goes, read at a scrape (metrics.cpp).
#pragma once

#include <array>
#include <cstdint>

#include "aldis/core/message.hpp"
#include "aldis/core/webhook.hpp"

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

// How long calls of webhooks took.
struct WebhookSeconds {
  static constexpr std::array<double, 8> kBounds{0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10};
  void add(Duration took) {
    const double in_seconds = std::chrono::duration<double>(took).count();
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && in_seconds > kBounds[bucket]) { ++bucket; }
    ++counts[bucket];
    sum += in_seconds;
  }
  std::array<std::uint64_t, kBounds.size() + 1> counts{};
  double sum = 0;
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
  std::array<std::uint64_t, kWebhookOutcomes> webhook_outcomes{};  // of calls
  WebhookSeconds webhook_took;
};

}  // namespace aldis::engine
