// SPDX-License-Identifier: Apache-2.0
// One webhook that is owed, the endpoint it goes to, and how a call ends: the values that go in and out of
// Webhooks.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "aldis/base/strong_id.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/webhook.hpp"
#include "aldis/notify/owed.hpp"

namespace aldis::notify {

using EndpointId = StrongId<struct EndpointTag, std::uint32_t>;  // never used again in a process
using CallToken = StrongId<struct CallTag, std::uint64_t>;
using EventId = StrongId<struct EventTag, std::uint64_t>;  // evt_: the same on every attempt

// When a call that failed is made again; the last one for ever after.
inline constexpr std::array<Duration, 6> kWebhookDelays{seconds{5},  seconds{30}, minutes{2},
                                                        minutes{10}, minutes{30}, hours{1}};
inline constexpr unsigned kBreakerFailures = 10;
inline constexpr Duration kRetryAfterMax = hours{1};

// The part of an endpoint's settings that matters here.
struct WebhookEndpoint {
  AccountId account = kNoAccount;
  std::string host;          // for the limit per host
  unsigned concurrency = 8;  // 1 to 64
  bool ordered = false;      // one event after the other
  bool enabled = true;
  Duration retention = hours{72};
};

// What its receiver must hear of: a state of a message, or something else that others compose.
struct OwedEvent {
  EventId event{};
  OwedReceipt receipt;  // of a message: message id not zero. Events of one message keep their order
  Status previous = Status::kQueued;
  bool by_receipt = false;
  std::uint32_t command_status = 0;
  WallTime at{};
  std::shared_ptr<const Inbound> inbound{};      // a message from a handset
  std::shared_ptr<const std::string> content{};  // any other: its "data", as JSON
};

// Call this endpoint about that. `event` is owned by Webhooks and valid until the result.
struct WebhookCall {
  EndpointId endpoint;
  CallToken token;
  AccountId account = kNoAccount;
  const OwedEvent* event = nullptr;
  unsigned attempt = 1;
};

// How a call ended. With kAcknowledged and kDeadLetter the item has left: the caller writes OWED_DONE.
struct WebhookSettled {
  enum class Kind : std::uint8_t { kAcknowledged, kRetry, kDeadLetter };
  Kind kind = Kind::kAcknowledged;
  EndpointId endpoint;
  AccountId account = kNoAccount;
  OwedEvent event;  // moved out when it has left; else only its id
};

// For the log, and for the account's own event.
struct WebhookNotice {
  enum class Kind : std::uint8_t { kFailing, kRecovered, kDisabled };
  Kind kind = Kind::kFailing;
  EndpointId endpoint;
  AccountId account = kNoAccount;
};

struct EndpointState {
  std::size_t pending = 0;
  std::size_t in_flight = 0;
  unsigned failures_row = 0;
  bool breaker_open = false;
  bool enabled = false;
};

}  // namespace aldis::notify
