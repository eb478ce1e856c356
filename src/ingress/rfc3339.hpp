// SPDX-License-Identifier: Apache-2.0
// Times as the API writes them (RFC 3339): "2026-11-21T20:12:31.482Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/time.hpp"

namespace aldis::ingress {

// Any offset and up to nine digits of a second's fraction (below a microsecond they are cut); years 1970 to
// 9999. A leap second (:60) is the second after it. None: not such a time.
std::optional<WallTime> parse_rfc3339(std::string_view text);

std::string format_rfc3339(WallTime at);  // UTC, milliseconds, rounded down

}  // namespace aldis::ingress
