// SPDX-License-Identifier: Apache-2.0
// message_state of query_sm_resp and of TLV 0x0427 (SMPP 5.0 section 4.7.15), with the words that receipts
// use for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::smpp {

enum class MessageState : std::uint8_t {
  kScheduled = 0,  // 5.0 only
  kEnroute = 1,
  kDelivered = 2,
  kExpired = 3,
  kDeleted = 4,
  kUndeliverable = 5,
  kAccepted = 6,
  kUnknown = 7,
  kRejected = 8,
  kSkipped = 9,  // 5.0 only; read as undeliverable
};

std::string_view stat_word(MessageState state);  // "DELIVRD": what our receipts say

// The state a receipt's word means: exact in any case, or its unique prefix of at least 5 letters (operators
// cut). Synonyms give the state they stand for; none = unrecognised.
std::optional<MessageState> state_of_word(std::string_view word);

// TLV 0x0427 as a receipt means it: 0 counts as enroute, 9 as undeliverable; none = not a state.
std::optional<MessageState> state_of_tlv(std::uint8_t value);

}  // namespace aldis::smpp
