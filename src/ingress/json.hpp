// SPDX-License-Identifier: Apache-2.0
// JSON as the API takes it: UTF-8, nothing behind it, no member twice, no lone surrogates, at most 32 levels.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "aldis/api/problem.hpp"
#include "aldis/base/result.hpp"

namespace aldis::ingress {

inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kJsonMembersMax = 256;  // of one object

Result<boost::json::value, api::Problem> read_json(std::string_view text);

// A step deeper in a JSON pointer: "/metadata" and "a/b" make "/metadata/a~1b" (RFC 6901).
std::string pointer_to(std::string_view parent, std::string_view member);

}  // namespace aldis::ingress
