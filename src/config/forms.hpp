// SPDX-License-Identifier: Apache-2.0
// What texts must look like: names, addresses, networks, prefixes, patterns. Pure; a refusal says what is
// wrong without the text where that may be private.
#pragma once

#include <optional>
#include <string_view>

#include "config/schema.hpp"

namespace aldis::config::forms {

TextForm any(std::size_t length_min, std::size_t length_max);
TextForm ascii(std::size_t length_min, std::size_t length_max);  // printable; for fields of the wire
TextForm name();  // ^[a-z0-9][a-z0-9._-]{0,63}$, without the reserved ones
TextForm absolute_path();
TextForm absolute_path_or_none();   // or nothing
TextForm listen_address();          // IP:port, port 0 = any free one
TextForm listen_address_or_path();  // or unix:/run/aldis/ctl.sock
TextForm host_port();
TextForm network();  // address or CIDR
TextForm prefix();   // digits
TextForm digits();
TextForm exact_or_pattern(
    std::size_t length_max);  // "re:" and an RE2 pattern on the whole, or the text itself
TextForm argon2id();

// IP:port of loopback or a private range (RFC 1918, 4193, link-local): where plain text may be listened to.
bool is_private_address(std::string_view address);

}  // namespace aldis::config::forms
