// SPDX-License-Identifier: Apache-2.0
// How hard the gateway must push back (CONTRACT part 4): five readings, seven levels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aldis/base/time.hpp"

namespace aldis::admission {

enum class Reading : std::uint8_t {
  kMemory,      // resident octets, of limits.memory_max
  kMessages,    // live messages, of limits.messages_max
  kDisk,        // free space, of limits.disk_budget
  kDurability,  // age of the oldest record that is not durable
  kTurn,        // 99th percentile of how long events wait for their turn
};
inline constexpr std::size_t kReadings = 5;
std::string_view name_of(Reading reading);  // "memory"

struct Readings {
  double memory = 0;     // share, 1 = full
  double messages = 0;   // share, 1 = full
  double disk_free = 1;  // share, 0 = full
  Duration undurable{};
  Duration turn{};
};

inline constexpr std::uint8_t kPressureMax = 6;
inline constexpr std::uint8_t kPressureBulk = 4;           // from here on a class is refused
inline constexpr std::uint8_t kPressureTransactional = 5;  // and this one
inline constexpr std::uint8_t kPressureOtp = 6;            // and everything

// The level of each reading and the worst of them. A level is entered at once and left for the highest one
// that the reading showed during a whole second, so that answers do not flutter. Owned by the engine, on its
// thread; a pure function of what it is told. Which classes are refused at which level is admission's
// business, which connections and binds the doors'.
class Pressure {
 public:
  static constexpr Duration kCalm = seconds{1};

  // True when the worst level changed.
  bool update(Instant now, const Readings& readings);

  [[nodiscard]] std::uint8_t level() const { return level_; }
  [[nodiscard]] std::uint8_t level(Reading reading) const {
    return rows_[static_cast<std::size_t>(reading)].level;
  }
  [[nodiscard]] Reading worst() const;  // the first of those at the worst level

  // What a reading says by itself, without the second of calm.
  static std::uint8_t level_of(Reading reading, const Readings& readings);

 private:
  struct Row {
    std::uint8_t level = 0;
    std::uint8_t seen = 0;         // the highest since `lower_since`
    Instant lower_since = kNever;  // kNever: not lower
  };
  std::array<Row, kReadings> rows_;
  std::uint8_t level_ = 0;
};

}  // namespace aldis::admission
