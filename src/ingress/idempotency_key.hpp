// SPDX-License-Identifier: Apache-2.0
// Idempotency-Key of a request, and the fingerprint that tells whether another one under it is the same.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "aldis/api/problem.hpp"
#include "aldis/base/result.hpp"
#include "aldis/ports/crypto.hpp"

namespace aldis::ingress {

// The header's value, bare or as a quoted string: 1 to 255 visible ASCII characters. Empty = there is none.
Result<std::string, api::Problem> read_idempotency_key(std::string_view header);

// Of method, path and what was asked, whatever the order of its members and the spaces between them.
std::uint64_t request_print(const ports::Digests& digests, std::string_view method, std::string_view path,
                            const boost::json::value& asked);

}  // namespace aldis::ingress
