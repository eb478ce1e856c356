// SPDX-License-Identifier: Apache-2.0
// What an operator said to one submitted part, in the gateway's own words (SMPP 1.4, 5.5).
#pragma once

#include <cstdint>
#include <string_view>

namespace aldis {

enum class OutcomeClass : std::uint8_t {
  kOk,
  kThrottle,       // thr: back to the head of its lane, attempt not counted
  kTemporary,      // tmp
  kMixed,          // mix: a few attempts, then permanent
  kPermanent,      // perm
  kBindTrouble,    // bind: the link is wrong, not the message
  kOperationOnly,  // op: fails only that operation
  kUnanswered,     // no response in time: uncertain (SMPP 5.4)
  kLost,           // link lost after the octets were handed over whole: uncertain
  kNotSent,        // link lost before the octets were handed over: goes back to its lane
};

struct Outcome {
  OutcomeClass outcome_class = OutcomeClass::kOk;
  std::uint32_t command_status = 0;      // as on the wire; 0 = ESME_ROK
  std::string_view operator_message_id;  // as the operator gave it; valid during the call
  // profile's err for this status, up to 8 characters; empty = unmapped
  std::string_view err;
};

std::string_view name_of(OutcomeClass outcome_class);

}  // namespace aldis
