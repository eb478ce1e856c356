// SPDX-License-Identifier: Apache-2.0
// What history knows of one message, and what can be asked of it. Plain values, between history and the doors
// that show it; the text of the message is not among them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/core/address.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/status.hpp"

namespace aldis::history {

// These numbers stand on disk.
enum class StepKind : std::uint8_t {
  kAccepted = 1,
  kLeased = 2,     // may be on the wire from here on
  kResponded = 3,  // or was not, in time
  kReceipt = 4,
  kStatus = 5,    // we decided
  kOwed = 6,      // the customer is owed a receipt
  kNotified = 7,  // and owed it no more
};
std::string_view name_of(StepKind kind);  // "accepted": the timeline's word

// One thing that happened. What a kind has no use for stays as it is here.
struct Step {
  StepKind kind = StepKind::kAccepted;
  WallTime at{};                    // a record that says no time has that of the newest one before it
  Status status = Status::kQueued;  // of the message, after this
  std::uint16_t part = 0;
  std::uint16_t attempt = 0;
  OperatorId op = kNoOperator;
  LinkId link = kNoLink;
  OutcomeClass outcome = OutcomeClass::kOk;
  std::uint32_t command_status = 0;
  FixedString<8> err{};

  friend bool operator==(const Step&, const Step&) = default;
};
inline constexpr std::size_t kStepsMax = 200;  // of a message; later ones are counted only

struct PartRow {
  Status status = Status::kQueued;
  bool uncertain = false;
  std::uint16_t attempt = 0;
  OperatorId op = kNoOperator;
  std::string operator_id;
  FixedString<8> err{};

  friend bool operator==(const PartRow&, const PartRow&) = default;
};

struct MessageRow {
  MessageId id{};
  MessageId public_id{};
  std::uint32_t short_id = 0;
  AccountId account = kNoAccount;
  MessageClass message_class = MessageClass::kTransactional;
  Status status = Status::kQueued;
  UnknownReason unknown_reason = UnknownReason::kNone;
  std::uint16_t status_seq = 0;
  bool late = false;
  Address source;
  Address destination;
  Alphabet alphabet = Alphabet::kGsm7;
  std::uint8_t data_coding = 0;
  std::uint8_t registered_delivery = 0;
  OperatorId op = kNoOperator;
  FixedString<8> err{};
  std::string label;      // empty = none
  std::string reference;  // empty = none
  std::string notes;      // Message::door_notes: the door that wrote them reads them
  WallTime accepted_at{};
  WallTime due_at{};      // a schedule or a retry; zero = at once
  WallTime expires_at{};  // zero = never
  WallTime sent_at{};     // zero = not sent yet
  WallTime done_at{};     // zero = not final yet
  WallTime updated_at{};
  std::vector<PartRow> parts;
  std::vector<Step> steps;          // in the order of the journal
  std::uint32_t steps_dropped = 0;  // beyond kStepsMax

  friend bool operator==(const MessageRow&, const MessageRow&) = default;
};

// --- questions -------------------------------------------------------------------------------------------

// All that is set must hold.
struct Filter {
  std::optional<AccountId> account;
  std::string destination;  // digits as in the message
  bool destination_prefix = false;
  std::string source;
  std::string operator_id;  // of any part, as the operator gave it
  std::optional<OperatorId> op;
  std::uint32_t statuses = 0;  // bits: 1 << Status; 0 = any
  std::string label;
  std::string reference;
  std::optional<WallTime> since;  // accepted then or later
  std::optional<WallTime> until;  // accepted before
};

struct Page {
  std::vector<MessageRow> rows;
  std::optional<MessageId> next;  // set: there may be more behind this one; give it as `after`
};

enum class Order : std::uint8_t { kNewestFirst, kOldestFirst };  // of ids, which is that of acceptance

}  // namespace aldis::history
