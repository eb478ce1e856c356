// SPDX-License-Identifier: Apache-2.0
// Through which door a request came: counters tell them apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aldis {

enum class Door : std::uint8_t { kSmpp, kNative, kTwilio, kVonage, kKannel, kJasmin };
inline constexpr std::size_t kDoors = 6;
std::string_view name_of(Door door);  // "smpp", "native", "twilio": metrics, and a message's door

}  // namespace aldis
