// SPDX-License-Identifier: Apache-2.0
// Things that people make while the daemon runs, and that outlive it: they stand in the journal like messages
// do, as octets that only the door which made them can read.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/message.hpp"

namespace aldis {

inline constexpr std::size_t kStoredNameMax = 64;
inline constexpr std::size_t kStoredOctetsMax = 64u << 10;
inline constexpr std::size_t kStoredMax = 100'000;  // of all kinds; more are refused with kQueueFull

// In the engine's table until it is removed.
struct Stored : Homed {
  Stored() : Homed(Kind::kStored) {}
  StoredKind kind = StoredKind::kNone;
  std::string name;  // unique among its kind
  std::string octets;
};

}  // namespace aldis
