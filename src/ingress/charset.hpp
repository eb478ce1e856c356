// SPDX-License-Identifier: Apache-2.0
// Texts in the charsets that a request may name, as UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aldis::ingress {

// Names as iconv has them, in any case and with or without their dashes: UTF-8, UTF-16BE (UTF-16 and UCS-2
// are read as it), ISO-8859-1, ISO-8859-15, Windows-1252, US-ASCII. None: another one, or octets that it does
// not have. Not iconv itself, which reads files by the name that a stranger gives.
std::optional<std::string> utf8_of(std::string_view octets, std::string_view charset);

}  // namespace aldis::ingress
