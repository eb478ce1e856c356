// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "aldis/base/time.hpp"
#include "aldis/core/ids.hpp"

namespace aldis::engine {

// One request: the key's hash, what was asked under it, and the message that came of it.
struct IdempotentRequest {
  std::uint64_t key = 0;
  std::uint64_t print = 0;
  MessageId message{};
  WallTime accepted_at{};
  std::uint16_t parts = 0;
};

}  // namespace aldis::engine
