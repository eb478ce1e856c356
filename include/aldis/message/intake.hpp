// SPDX-License-Identifier: Apache-2.0
// Request in, canonical message out. Called by the engine for each destination of a Submit and for each
// replace_sm, on its thread; nothing is kept between calls. Refusals come in the order of SMPP 4.1:
// service_type, addresses, body, times, parts. Not here: who may send, credit, rates (admission), ids and
// journal (engine), what an operator needs (payload.hpp).
#pragma once

#include <cstdint>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::message {

// What intake decided for the customer; both are counted by the caller.
struct Intake {
  bool alphabet_fallback =
      false;  // octets >= 0x80 under GSM 7-bit: the body was read in account.alphabet_fallback
  bool validity_cut = false;  // validity was above account.validity_max
};

// Fills the content of `message` for one destination of `request`: account, class, addresses, fields as
// given, content, times, status (kScheduled or kQueued) and parts. Ids, journal position, operator and link
// are left alone. After a refusal the message holds an arbitrary part of that and must not be used. One
// allocation for bodies above 15 octets, one more for texts of several parts.
Result<Intake, Refusal> take_in(const Submit& request, const Address& destination,
                                const AccountSettings& account, const Now& now, Message& message);

// replace_sm on a message that is still queued (SMPP 4.3): new body under the old data_coding and UDH, new
// split; empty times keep the old ones. The message is unchanged after a refusal; a body that does not fit is
// kReplaceFailed.
Result<Intake, Refusal> replace(const ReplaceMessage& request, const AccountSettings& account, const Now& now,
                                Message& message);

// priority_flag as class, never above what the account may use (SMPP 4.1).
MessageClass class_of(std::uint8_t priority_flag, const AccountSettings& account);

// What data_coding says about the body (SMPP 7.1). `class_bits`: the value carries a message class or a
// waiting indication and goes out as it came.
struct Coding {
  Alphabet alphabet = Alphabet::kGsm7;
  bool class_bits = false;
};
Coding coding_of(std::uint8_t data_coding, Alphabet default_alphabet);

}  // namespace aldis::message
