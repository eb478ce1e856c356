// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "aldis/base/time.hpp"

namespace aldis {

// What the answer to a webhook means for it and for its endpoint.
struct WebhookResult {
  enum class Kind : std::uint8_t {
    kDone,      // acknowledged
    kFailed,    // again by the schedule
    kSlow,      // 429, 502, 503, 504: one call at a time until a success
    kGone,      // 410: disables the endpoint; of a single message's callback, gives up that one
    kNotTried,  // no place for it: comes again in a second, as if nothing had been
  };
  Kind kind = Kind::kDone;
  std::optional<Duration> retry_after{};  // what the answer asked for; cut at an hour
};

}  // namespace aldis
