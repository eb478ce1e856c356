// SPDX-License-Identifier: Apache-2.0
// Canonical message in, octets for one operator out: recoding where the operator's alphabet differs, and the
// concatenation form that it wants. Called once per submitted PDU. No allocation once `scratch` has grown;
// with GSM 7-bit in and out a single part is a view of the message.
#pragma once

#include <cstdint>
#include <string>

#include "aldis/base/octets.hpp"
#include "aldis/base/result.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::message {

enum class PayloadError : std::uint8_t {
  // the text has characters that neither the operator's alphabet nor, at this length, UCS-2 can carry
  kNoPlace,
  kDoesNotFit,  // the customer's own segment or header is too long for what the operator takes
};

// Views in the results are of the message or of `scratch`, and good until either changes (core/effects.hpp:
// Payload).
//
// Part `part` (0-based). Split texts use message.concat_ref, which must be set by then. An operator that
// wants message_payload gets parts with an 8-bit header here: whoever sends asks goes_whole() first.
Result<Payload, PayloadError> part_payload(const Message& message, std::uint16_t part,
                                           const OperatorSettings& op, std::string& scratch);

// The operator takes this text of several parts as one PDU (`long: payload`): one submit and one response
// stand for all parts, which are counted and charged all the same.
bool goes_whole(const Message& message, const OperatorSettings& op);
Result<Payload, PayloadError> whole_payload(const Message& message, const OperatorSettings& op,
                                            std::string& scratch);

}  // namespace aldis::message
