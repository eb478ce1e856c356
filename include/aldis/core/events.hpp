// SPDX-License-Identifier: Apache-2.0
// Everything that can happen to the engine. Views are valid during Engine::on() only. The edges (ingress,
// egress) and the store produce events; nobody else does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "aldis/base/octets.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/address.hpp"
#include "aldis/core/door.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/webhook.hpp"

namespace aldis {

// Where an answer goes: a customer's request waiting on a session.
struct RequestToken {
  SessionId session = kNoSession;
  std::uint32_t sequence = 0;  // sequence_number of the request
  std::uint8_t kind = 0;       // ingress's own: which request it was
  Door door = Door::kSmpp;
};

// --- from ingress ---

struct SessionBound {
  SessionId session;
  AccountId account;
  bool receives = false;          // receiver or transceiver: may be sent receipts and inbound messages
  std::uint16_t window_out = 10;  // deliver_sm without answer at most
};

struct SessionClosed {
  SessionId session;  // everything delivered to it without answer goes back to what is owed
};

inline constexpr std::size_t kIdempotencyKeyMax = 255;

// A point in time as a customer gave it: nothing, a UTC time, or a duration from now.
struct TimeGiven {
  std::optional<WallTime> at;
  std::optional<Duration> in;
  [[nodiscard]] bool empty() const { return !at && !in; }
};

struct Submit {
  RequestToken token;
  AccountId account;
  std::string_view service_type;
  Address source;
  std::span<const Address> destinations;  // one, or those of a submit_multi
  bool multi = false;
  std::uint8_t esm_class = 0;
  std::uint8_t protocol_id = 0;
  std::uint8_t priority_flag = 0;
  std::uint8_t registered_delivery = 0;
  std::uint8_t data_coding = 0;
  bool replace_if_present = false;
  bool short_id = false;  // the session wants 8-character ids (3.3, or message_id: hex8)
  TimeGiven schedule;
  TimeGiven validity;
  Octets body;  // short_message or message_payload, with its UDH if esm_class says so
  std::optional<std::uint16_t> user_message_reference;
  std::uint16_t sar_ref = 0;
  std::uint8_t sar_total = 0;  // 0 = no SAR TLVs
  std::uint8_t sar_seqnum = 0;
  Octets tlvs;  // the others, as on the wire

  // Of doors that know better than an SMPP request can say:
  std::optional<Alphabet> alphabet;  // of `body`; else by data_coding and the account's default
  // in place of priority_flag; lowered to what the account may use
  std::optional<MessageClass> message_class;
  std::optional<bool> at_most_once;  // else the account's
  std::uint32_t parts_max = 0;       // narrower than the account's; 0 = the account's
  Octets door_notes;                 // kept with the message, at most kDoorNotesMax
  // A request that was accepted under this key is not accepted again for a day; at most kIdempotencyKeyMax.
  // `request_print` tells whether it is the same one.
  Octets idempotency_key;
  std::uint64_t request_print = 0;
  bool preview = false;  // only say whether it would be accepted, and in how many parts
};

struct QueryMessage {
  RequestToken token;
  AccountId account;
  MessageId public_id;
  std::uint32_t short_id = 0;  // instead of public_id
  Address source;              // empty digits = not given
};

// All of a message that is not over yet, or was not long ago.
struct ReadMessage {
  RequestToken token;
  AccountId account;
  MessageId public_id;
  std::uint32_t short_id = 0;  // in place of the id, when not 0
};

struct CancelMessage {
  RequestToken token;
  AccountId account;
  MessageId public_id;  // value 0 and short_id 0: all queued messages of the addresses below
  std::uint32_t short_id = 0;
  std::string_view service_type;
  Address source;
  Address destination;
};

struct ReplaceMessage {
  RequestToken token;
  AccountId account;
  MessageId public_id;
  std::uint32_t short_id = 0;
  Address source;
  TimeGiven schedule;
  TimeGiven validity;
  std::uint8_t registered_delivery = 0;
  Octets body;
};

// Names one delivery attempt of an owed item on a session; given in Deliver*, returned in DeliverResult.
using DeliveryToken = StrongId<struct DeliveryTag, std::uint64_t>;

struct DeliverResult {
  enum class Kind : std::uint8_t { kAnswered, kTimeout };
  SessionId session;
  DeliveryToken token;
  Kind kind = Kind::kAnswered;
  std::uint32_t command_status = 0;
};

struct WebhookAnswered {
  WebhookToken token;
  WebhookResult result;
  std::optional<WebhookOutcome> outcome{};  // none: there was nothing to tell in that style, and no call
  Duration took{};
};

// --- from egress ---

struct LinkBound {
  LinkId link;
  OperatorId op;
  bool submits = false;           // transmitter or transceiver
  std::uint16_t window_free = 0;  // submits that may leave now
  // parts that may be leased without a durable result: 2 x window, at most op.lease
  std::uint16_t lease_max = 0;
};

struct LinkCredit {
  LinkId link;
  std::uint16_t window_free = 0;
  std::uint16_t lease_max = 0;
};

// Comes after a SubmitResult (kLost or kNotSent) for each part that the link still held.
struct LinkLost {
  LinkId link;
};

struct PartRef {
  MessageId message;
  std::uint16_t part = 0;  // 0-based
  friend bool operator==(const PartRef&, const PartRef&) = default;
};

struct SubmitResult {
  LinkId link;
  PartRef part;
  Outcome outcome;
  std::uint16_t window_free = 0;  // after this result
  std::uint16_t lease_max = 0;
  bool late = false;  // the answer of an attempt that had been given up as unanswered
  std::optional<std::uint8_t> congestion_state;  // 5.0: 0..100
};

// Where the acknowledgement of an operator's deliver_sm goes.
struct LinkRequest {
  LinkId link;
  std::uint32_t bind_epoch = 0;  // counts binds of the link: an answer for a former bind is dropped
  std::uint32_t sequence = 0;
  bool data_sm = false;
};

// A message from a handset (MO), or a piece of one.
struct OperatorInbound {
  LinkRequest request;
  OperatorId op;
  Address source;
  Address destination;
  std::string_view service_type;
  std::uint8_t esm_class = 0;
  std::uint8_t protocol_id = 0;
  std::uint8_t priority_flag = 0;
  std::uint8_t data_coding = 0;
  Octets body;  // with its UDH if esm_class says so
  Octets tlvs;
};

// A receipt as an operator sent it, after the tolerant parser of SMPP 6.2.
struct OperatorReceipt {
  LinkRequest request;
  OperatorId op;
  bool intermediate = false;    // esm_class 0x20
  std::string_view id_tlv;      // receipted_message_id; tried first
  std::string_view id_text;     // id: of the text
  std::optional<Status> state;  // kSent stands for not-final ENROUTE or ACCEPTED; none = unrecognised word
  bool accepted_word = false;   // with state kSent: ACCEPTED, not ENROUTE
  std::string_view stat_word;   // as given
  std::string_view err;
  bool unparsed = false;   // neither id nor state: parked and listed as it is
  bool unflagged = false;  // looked like an inbound message: a receipt only if it matches,
  const OperatorInbound* otherwise = nullptr;  // else this; good for the call
  Address source;
  Address destination;
  std::optional<std::uint16_t> user_message_reference;
  WallTime received_at{};
  Octets body;  // as it came, for the list of orphans
};

// --- from the store and the clock ---

struct JournalDurable {
  Lsn up_to;  // all records that end at or before this position survive anything
};

// The end of a turn: all events of this turn were given, or a deadline of the engine has passed. Here the
// engine pulls work for its links and sessions, so that one turn's work leaves in one journal batch.
struct Tick {};

// What the gateway measured of itself (CONTRACT part 4), a few times a second while there is work.
struct SelfMeasured {
  double memory = 0;     // resident octets as a share of limits.memory_max
  double disk_free = 1;  // free octets as a share of limits.disk_budget
  Duration undurable{};  // age of the oldest record that is not durable
  Duration turn{};       // 99th percentile of the length of turns: what an event waits for
};

struct Drain {};  // SIGTERM: new requests are refused, no new leases; what is on the wire is awaited

enum class StoredKind : std::uint8_t {
  kNone,
  kApiKey,
  kWebhook,         // an endpoint
  kCallbackSecret,  // of an account: signs the callbacks that its messages name
  kKeyPage,         // the engine's own: requests accepted under idempotency keys
};

// Make or change something that outlives the daemon (core/stored.hpp), or remove it. Answered with
// StoredChanged once durable.
struct Store {
  RequestToken token;
  StoredKind kind = StoredKind::kNone;
  std::string_view name;         // 1 to kStoredNameMax octets
  std::optional<Octets> octets;  // at most kStoredOctetsMax; none: it is gone from now on
};

using Event =
    std::variant<SessionBound, SessionClosed, Submit, QueryMessage, ReadMessage, CancelMessage,
                 ReplaceMessage, Store, DeliverResult, WebhookAnswered, LinkBound, LinkCredit, LinkLost,
                 SubmitResult, OperatorReceipt, OperatorInbound, JournalDurable, SelfMeasured, Tick, Drain>;

// The way in, for those who must not know the engine.
class EventSink {
 public:
  virtual void on(const Now& now, const Event& event) = 0;

 protected:
  ~EventSink() = default;
};

}  // namespace aldis
