// SPDX-License-Identifier: Apache-2.0
// Octets written in characters: base64 (RFC 4648 section 4) and hexadecimal.
#pragma once

#include <optional>
#include <string>

#include "aldis/base/octets.hpp"

namespace aldis {

std::string base64_of(Octets octets);
// With its padding and nothing else; none = not base64.
std::optional<std::string> octets_of_base64(std::string_view text);

std::string hex_of(Octets octets);  // in lower case
// either case; none = not whole octets in hex
std::optional<std::string> octets_of_hex(std::string_view text);

}  // namespace aldis
