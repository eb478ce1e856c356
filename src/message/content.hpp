// SPDX-License-Identifier: Apache-2.0
// A request's octets as content, and the content as parts.
#pragma once

#include <optional>

#include "aldis/base/octets.hpp"
#include "aldis/base/result.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::message {

// Sets alphabet and body of `content` from a body without header, by its data_coding. True = the account's
// fallback alphabet was used. `known`: the alphabet, whatever data_coding says. Octets stay as they are, but
// for a UCS-2 byte order mark and the code pages 8859-5 and 8859-8, which become UCS-2.
Result<bool, Refusal> read_body(Octets body, std::optional<Alphabet> known, const AccountSettings& account,
                                Content& content);

// Replaces `parts` by what the content takes: one part, or as many as 8-bit concatenation needs. A segment of
// the customer's own (`passed_multipart`) is never split.
std::optional<Refusal> plan_parts(const Content& content, bool passed_multipart, std::uint32_t parts_max,
                                  decltype(Message::parts)& parts);

}  // namespace aldis::message
