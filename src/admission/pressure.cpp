// SPDX-License-Identifier: Apache-2.0
#include "aldis/admission/pressure.hpp"

#include <algorithm>

namespace aldis::admission {

namespace {

// Where levels 1 to 6 begin.
constexpr std::array<double, kPressureMax> kShareFull{0.70, 0.75, 0.80, 0.85, 0.92, 0.97};
constexpr std::array<double, kPressureMax> kShareFree{0.20, 0.15, 0.12, 0.10, 0.07, 0.05};
constexpr std::array<Duration, kPressureMax> kUndurable{milliseconds{250}, milliseconds{500}, seconds{1},
                                                        seconds{2},        seconds{3},        seconds{5}};
constexpr std::array<Duration, kPressureMax> kTurn{milliseconds{50},  milliseconds{100}, milliseconds{200},
                                                   milliseconds{400}, milliseconds{800}, milliseconds{1600}};

template <class T, class Reached>
std::uint8_t steps(const std::array<T, kPressureMax>& limits, Reached&& reached) {
  return static_cast<std::uint8_t>(std::count_if(limits.begin(), limits.end(), reached));
}

}  // namespace

std::string_view name_of(Reading reading) {
  switch (reading) {
    case Reading::kMemory: return "memory";
    case Reading::kMessages: return "messages";
    case Reading::kDisk: return "disk";
    case Reading::kDurability: return "durability";
    case Reading::kTurn: return "turn";
  }
  __builtin_unreachable();
}

std::uint8_t Pressure::level_of(Reading reading, const Readings& readings) {
  switch (reading) {
    case Reading::kMemory: return steps(kShareFull, [&](double limit) { return readings.memory >= limit; });
    case Reading::kMessages:
      return steps(kShareFull, [&](double limit) { return readings.messages >= limit; });
    case Reading::kDisk: return steps(kShareFree, [&](double limit) { return readings.disk_free <= limit; });
    case Reading::kDurability:
      return steps(kUndurable, [&](Duration limit) { return readings.undurable >= limit; });
    case Reading::kTurn: return steps(kTurn, [&](Duration limit) { return readings.turn >= limit; });
  }
  __builtin_unreachable();
}

bool Pressure::update(Instant now, const Readings& readings) {
  const std::uint8_t before = level_;
  level_ = 0;
  for (std::size_t i = 0; i < kReadings; ++i) {
    Row& row = rows_[i];
    const std::uint8_t shown = level_of(static_cast<Reading>(i), readings);
    if (shown >= row.level) {
      row = {shown, 0, kNever};
    } else if (row.lower_since == kNever) {
      row.seen = shown;
      row.lower_since = now;
    } else {
      row.seen = std::max(row.seen, shown);
      if (now - row.lower_since >= kCalm) { row = {row.seen, 0, kNever}; }
    }
    level_ = std::max(level_, row.level);
  }
  return level_ != before;
}

Reading Pressure::worst() const {
  const auto at =
      std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.level == level_; });
  return static_cast<Reading>(at - rows_.begin());
}

}  // namespace aldis::admission
