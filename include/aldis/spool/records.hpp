// SPDX-License-Identifier: Apache-2.0
// What the journal says, record by record (wire form: proto/journal.proto). Plain values: the engine fills
// one on its stack and appends it; replay hands them back. Views and spans are good for the call. A field
// with its default value is not written. Deadlines are wall-clock times: Instants mean nothing after a
// restart (CONTRACT D13).
//
// Idempotence is the reader's: records may be seen again (a segment that was to be freed came back), always
// in order, and a later complete image (ACCEPT, ORPHAN, INBOUND) replaces an earlier one of the same id.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/stored.hpp"

namespace aldis::spool {

inline constexpr WallTime kNoDeadline = WallTime::max();

// A change of a message that its customer must hear of, until each receiver has its OWED_DONE.
struct OwedItem {
  std::uint16_t status_seq = 0;
  Status status = Status::kDelivered;
  bool intermediate = false;
  bool accepted_word = false;  // say ACCEPTD instead of ENROUTE
  FixedString<8> err{};
  WallTime done_at{};
  WallTime owed_since{};  // retention counts from here
  std::uint16_t parts_delivered = 0;
  bool sessions = true;  // one of them is owed it, as a receipt
  // And these, as a webhook:
  WebhookNumbers webhooks{};
  std::uint64_t event = 0;            // the same on every attempt
  Status previous = Status::kQueued;  // of the message
  bool by_receipt = false;            // the operator's receipt said so, or
  std::uint32_t command_status = 0;   // its response; else we did

  // That receiver is owed it no more.
  void settle(WebhookNumber webhook) {
    if (webhook == kNoWebhook) { sessions = false; }
    webhooks.erase(std::remove(webhooks.begin(), webhooks.end(), webhook), webhooks.end());
  }
  [[nodiscard]] std::size_t receivers() const { return webhooks.size() + (sessions ? 1 : 0); }
  friend bool operator==(const OwedItem&, const OwedItem&) = default;
};

// ACCEPT: the complete image of a message, at acceptance and again when compaction or replace_sm writes it
// anew. A fused lease needs no field of its own: the image then says kSending, operator, link and attempt 1.
struct AcceptRecord {
  const Message* message = nullptr;  // due_at and expires_at in it are not looked at
  WallTime due_at{};                 // zero = at once
  WallTime expires_at = kNoDeadline;
  std::span<const OwedItem> owed{};
  std::uint64_t idempotency_key = 0;  // hash of the key that it was accepted under; in its first image only
  std::uint64_t request_print = 0;
};

struct LeasedPart {
  PartRef part{};
  std::uint16_t attempt = 1;
  std::uint16_t concat_ref = 0;  // of its message, when this lease gave it
  friend bool operator==(const LeasedPart&, const LeasedPart&) = default;
};

// LEASE: may be on the wire from now on.
struct LeaseRecord {
  OperatorId op = kNoOperator;
  LinkId link = kNoLink;
  std::span<const LeasedPart> parts{};
};

// RESULT: what became of one leased part, a missing answer included.
struct ResultRecord {
  PartRef part{};
  OperatorId op = kNoOperator;
  LinkId link = kNoLink;
  OutcomeClass outcome = OutcomeClass::kOk;
  std::uint32_t command_status = 0;
  std::string_view operator_message_id{};
  std::string_view err{};  // up to 8 characters
  Status part_status = Status::kSent;
  Status message_status = Status::kSent;
  UnknownReason unknown_reason = UnknownReason::kNone;
  std::uint16_t status_seq = 0;       // of the message, after this
  std::uint16_t attempt = 0;          // of the part, after this
  bool uncertain = false;             // of the part, after this
  std::uint8_t candidates_tried = 0;  // of the message, after this
  WallTime due_at{};                  // a retry: not before
  WallTime at{};
  std::optional<OwedItem> owed{};
};

// RECEIPT: an operator's verdict on one part, the message's status after it and what the customer is owed for
// it.
struct ReceiptRecord {
  PartRef part{};
  OperatorId op = kNoOperator;
  Status state = Status::kDelivered;  // of the part, after this
  bool intermediate = false;
  std::string_view err{};
  std::uint16_t status_seq = 0;
  bool late = false;
  Status message_status = Status::kDelivered;
  UnknownReason unknown_reason = UnknownReason::kNone;
  WallTime done_at{};
  std::string_view operator_message_id{};  // when the receipt taught it to us (an uncertain part)
  MessageId orphan{};                      // when it had been parked: that orphan ends with this record
  std::optional<OwedItem> owed{};
};

// ORPHAN: a receipt that names no message we know (yet).
struct OrphanRecord {
  MessageId id{};
  OperatorReceipt receipt;  // `request` in it is not kept
};

struct OrphanDoneRecord {
  enum class Kind : std::uint8_t { kMatched, kExpired };
  MessageId id{};
  Kind kind = Kind::kMatched;
};

// INBOUND: the complete image of a message from a handset.
struct InboundRecord {
  const Inbound* inbound = nullptr;
};

// OWED_DONE: a receiver is owed a receipt or an inbound message no more.
struct OwedDoneRecord {
  enum class Kind : std::uint8_t { kAcknowledged, kDeadLetter, kExpired };
  MessageId id{};  // of the message, or of the inbound message
  bool inbound = false;
  std::uint16_t status_seq = 0;  // which receipt of the message
  Kind kind = Kind::kAcknowledged;
  WebhookNumber webhook = kNoWebhook;  // which receiver
};

// FINAL: our own verdict on a message and all its parts that have none.
struct FinalRecord {
  MessageId message{};
  Status status = Status::kExpired;
  UnknownReason unknown_reason = UnknownReason::kNone;
  std::string_view err{};
  std::uint16_t status_seq = 0;
  WallTime done_at{};
  std::optional<OwedItem> owed{};
};

// CHANGE: a message waits for something else than before, and that must survive a restart.
struct ChangeRecord {
  MessageId message{};
  Status status = Status::kQueued;
  std::uint16_t status_seq = 0;
  std::uint16_t attempt = 0;
  std::uint8_t candidates_tried = 0;
  OperatorId op = kNoOperator;
  WallTime due_at{};
};

using NameKind = KnownName::Kind;

struct NameEntry {
  NameKind kind = NameKind::kAccount;
  std::uint32_t number = 0;
  std::string_view name{};
  friend bool operator==(const NameEntry&, const NameEntry&) = default;
};

struct DialectEntry {  // how an operator writes message ids, as learned
  OperatorId op = kNoOperator;
  std::string_view dialect{};
  friend bool operator==(const DialectEntry&, const DialectEntry&) = default;
};

struct StoredEntry {  // a thing that was made or changed at run time, whole; or that it is gone
  StoredKind kind = StoredKind::kNone;
  std::string_view name{};
  bool gone = false;
  Octets octets{};
  friend bool operator==(const StoredEntry&, const StoredEntry&) = default;
};

// SETTINGS: numbers given to names since the last checkpoint; dialects learned; things stored. Each entry
// replaces its former self. What is stored is kept alive like a message, by writing its newest entry again;
// the others stand in each CHECKPOINT.
struct SettingsRecord {
  std::span<const NameEntry> names{};
  std::span<const DialectEntry> dialects{};
  std::span<const StoredEntry> stored{};
};

struct ShortIdCounter {
  AccountId account = kNoAccount;
  std::uint32_t next = 0;
  friend bool operator==(const ShortIdCounter&, const ShortIdCounter&) = default;
};

// What an account's day and month caps have counted. ACCEPTs of ids from the checkpoint's next_sequence on
// come on top.
struct VolumeUsed {
  AccountId account = kNoAccount;
  std::uint32_t day = 0;  // since 1970-01-01 UTC
  std::uint64_t day_parts = 0;
  std::uint64_t month_parts = 0;
  friend bool operator==(const VolumeUsed&, const VolumeUsed&) = default;
};

// CHECKPOINT: what is not in the images, so that replay can begin at any segment; one follows each
// segment_began(). Large tables come as several records in a row with equal scalars. All zero and empty =
// idle marker.
struct CheckpointRecord {
  std::span<const NameEntry> names{};
  std::span<const DialectEntry> dialects{};
  std::span<const ShortIdCounter> short_ids{};
  std::span<const VolumeUsed> volumes{};
  std::uint64_t next_sequence = 0;  // no id at or above it was given before this record
  std::uint32_t generation = 0;
  std::uint32_t node = 0;
  WallTime wall{};
  std::uint64_t oldest_segment = 0;  // nothing before it is needed; durable before those segments are freed
};

}  // namespace aldis::spool
