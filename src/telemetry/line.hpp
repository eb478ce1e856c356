// SPDX-License-Identifier: Apache-2.0
// One log line out of an event and its fields, in each of the formats. Pure: no queue, no clock.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "aldis/base/time.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/telemetry/log.hpp"

namespace aldis::telemetry {

struct LineStyle {
  LogFormat format = LogFormat::kText;
  bool colour = false;  // text only
};

// A longer value is cut here and ends in an ellipsis: a peer must not choose how long our lines are.
inline constexpr std::size_t kValueOctetsMax = 1024;

// Appends the line with its newline. `suppressed` stands last when it is not 0.
void append_line(std::string& out, LineStyle style, WallTime at, ports::LogLevel level,
                 std::string_view event, std::initializer_list<ports::LogField> fields,
                 std::uint64_t suppressed = 0);

}  // namespace aldis::telemetry
