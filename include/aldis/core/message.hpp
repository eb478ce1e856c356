// SPDX-License-Identifier: Apache-2.0
// The canonical message in the middle of the gateway. It is not a PDU: ingress makes it from one, egress
// makes another.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <string>

#include "aldis/base/fixed_string.hpp"
#include "aldis/base/time.hpp"
#include "aldis/base/timer_wheel.hpp"
#include "aldis/core/address.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/status.hpp"
#include "aldis/text/alphabet.hpp"

namespace aldis {

enum class MessageClass : std::uint8_t { kOtp, kTransactional, kBulk };  // in order of precedence
inline constexpr std::size_t kMessageClasses = 3;
std::string_view name_of(MessageClass message_class);

// What the customer wants to say. Octets are kept exactly as they came; only egress recodes, and only where
// the operator's alphabet differs.
struct Content {
  Alphabet alphabet = Alphabet::kGsm7;
  std::uint8_t data_coding = 0;  // as given
  std::string udh;               // user data header with its length octet; empty = none
  std::string body;              // without header
};

// One segment of a message: the unit that is submitted, throttled, answered and charged.
struct Part {
  Status status = Status::kQueued;
  // an earlier attempt may have reached the operator: resends are flagged (CONTRACT D3)
  bool uncertain = false;
  std::uint16_t attempt = 0;  // submits so far, throttled ones not counted
  // it was not with the operator before, so what is said before is not of it: of the newest attempt, or of
  // the first of those in doubt
  WallTime sent_since{};
  std::uint32_t body_offset = 0;  // octets of Content::body that this part carries
  std::uint32_t body_octets = 0;
  std::string operator_id;  // message_id of the operator's response, as given; empty until then
  FixedString<8> err;       // err of its receipt or of the operator's refusal
};

inline constexpr std::size_t kDoorNotesMax = 16 * 1024;

using LaneHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct LaneHookTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::safe_link>>;
using HomeHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct HomeHookTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// Anything that lives in the journal: its newest full record and, by the hook, its place in the list ordered
// by that position. Compaction takes the head of the list and writes it anew (DESIGN 7).
struct Homed : HomeHook {
  enum class Kind : std::uint8_t { kMessage, kInbound, kOrphan, kStored };
  explicit Homed(Kind k) : homed_kind(k) {}
  Kind homed_kind;
  Lsn home{};
  std::uint32_t image_octets = 0;  // of that record, with its frame
};

// Owned by the engine's message table; rank-3 modules get references that are good for the call. About 400
// octets and, for texts above 15 octets, one allocation.
// It is its own one timer, whose meaning follows from its status: schedule, retry, expiry, hold, grace.
struct Message : Homed, LaneHook, TimerHook {
  static constexpr std::uint8_t kTimerKind = 1;
  Message() : Homed(Kind::kMessage), TimerHook(kTimerKind) {}

  MessageId id{};
  MessageId public_id{};       // the id the customer knows: its own, or that of the first of a submit_multi
  std::uint32_t short_id = 0;  // the account's own counter, behind message_id format hex8; 0 = none
  AccountId account = kNoAccount;
  MessageClass message_class = MessageClass::kTransactional;
  Status status = Status::kQueued;
  UnknownReason unknown_reason = UnknownReason::kNone;
  std::uint16_t status_seq = 0;  // strictly rising with every change of status (CONTRACT D6)
  bool late = false;             // the one late upgrade of D6 was used
  bool at_most_once = false;     // fixed at acceptance: what may have reached the operator is not sent again

  Address source;
  Address destination;
  FixedString<5> service_type;
  std::uint8_t esm_class = 0;  // as given, without the UDH indicator
  std::uint8_t protocol_id = 0;
  std::uint8_t registered_delivery = 0;  // as given
  bool has_user_message_reference = false;
  std::uint16_t user_message_reference = 0;  // TLV 0x0204, echoed in receipts
  bool passed_multipart = false;  // the customer's own segment (concat UDH or SAR), passed on as it is
  std::uint16_t sar_ref = 0;      // SAR TLVs of the customer's own segment; total 0 = none
  std::uint8_t sar_total = 0;
  std::uint8_t sar_seqnum = 0;
  std::string tlvs;  // all other TLVs as they came: tag u16, length u16, value; at most 32 and 2,048 octets
  // What the customer's door keeps with the message; nobody else looks into it. At most kDoorNotesMax octets.
  std::string door_notes;
  Content content;

  WallTime accepted_at{};
  WallTime done_at{};                 // time of the final state
  Instant due_at{};                   // schedule or retry: not before
  Instant expires_at = kNever;        // validity as a deadline, fixed at acceptance (CONTRACT D13)
  OperatorId op = kNoOperator;        // operator whose lane, link or receipt it waits for
  LinkId link = kNoLink;              // while leased
  std::uint8_t candidates_tried = 0;  // bit per candidate of its route that already failed it
  // reference number of our own split, per operator; 0 = not yet given
  std::uint16_t concat_ref = 0;
  // its turn in its lane: kept when it goes back to the head (dispatch)
  std::uint64_t lane_seq = 0;
  Instant ready_at{};             // when it last came to the end of a lane (dispatch)
  bool lane_by_id = false;        // its lane knows its id only, so that it may be shelved (dispatch)
  std::uint32_t image_print = 0;  // fingerprint of what its newest image says (engine)
  FixedString<8> err;             // of the message as a whole

  boost::container::small_vector<Part, 1> parts;

  std::uint16_t owed_open = 0;  // receipts owed to the customer and not acknowledged; not freed before 0
  // not-final receipts that came: bit 0 ENROUTE, bit 1 ACCEPTED; each is told once
  std::uint8_t intermediates = 0;
  std::uint32_t owed_newest = 0;  // notify's: its newest owed item, for the order within one message
};

}  // namespace aldis
