// SPDX-License-Identifier: Apache-2.0
// Everything the engine can want from the outside. References are valid while the sink handles the effect.
// An effect that tells the world that we have something was held at the promise gate until that was durable
// (DESIGN 3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "aldis/core/events.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/core/webhook.hpp"

namespace aldis {

// The id that a response gives: the permutation is applied by ingress.
struct PublicId {
  MessageId id{};
  std::uint32_t short_id = 0;  // set = format hex8
};

struct DestinationRefused {
  Address destination;
  Refusal refusal;
};

// submit_sm, data_sm, submit_multi: accepted under `id`, or refused.
struct AnswerSubmit {
  RequestToken token;
  std::optional<Refusal> refusal;
  PublicId id;
  bool multi = false;
  std::vector<DestinationRefused> refused;  // submit_multi only; empty otherwise, so no allocation
  std::uint16_t parts = 0;                  // of the one message, not of a submit_multi
  enum class Again : std::uint8_t {
    kNo,
    kReplayed,  // it was accepted before under its idempotency key: `id` is of then
    kInFlight,  // it is being accepted at this moment; with refusal kUnavailable
  };
  Again again = Again::kNo;
  WallTime accepted_at{};       // of the one message
  bool waits_for_link = false;  // nobody is bound to its operator now
};

struct AnswerQuery {
  RequestToken token;
  std::optional<Refusal> refusal;
  PublicId id;
  Status status = Status::kQueued;
  bool scheduled = false;
  bool operator_accepted = false;  // an ACCEPTED receipt came
  WallTime final_at{};             // meaningful when status is final
  std::uint8_t error_code = 0;
};

struct MessageRead {
  RequestToken token;
  std::shared_ptr<const Message> message;  // a copy of its own; null: the engine does not have it
};

struct AnswerCancel {
  RequestToken token;
  std::optional<Refusal> refusal;
};

struct AnswerReplace {
  RequestToken token;
  std::optional<Refusal> refusal;
};

// A receipt that an account is owed, put on one of its sessions.
struct DeliverReceipt {
  SessionId session;
  DeliveryToken token;
  MessageId message_id{};
  const Message* message = nullptr;  // filled in when the effect leaves the gate
  PublicId id;
  Status status = Status::kDelivered;  // kSent = intermediate ENROUTE or ACCEPTD
  bool intermediate = false;
  bool accepted_word = false;  // say ACCEPTD instead of ENROUTE
  FixedString<8> err;
  WallTime done_at{};
  std::uint16_t parts_delivered = 0;
};

// An inbound message that an account is owed. Owned by notify's table; lives until acknowledged.
struct Inbound : Homed {
  Inbound() : Homed(Kind::kInbound) {}
  MessageId id{};
  AccountId account = kNoAccount;  // kNoAccount = unroutable: stored and listed
  OperatorId op = kNoOperator;
  Address source;
  Address destination;
  FixedString<5> service_type;
  std::uint8_t esm_class = 0;
  std::uint8_t protocol_id = 0;
  std::uint8_t priority_flag = 0;
  std::uint8_t data_coding = 0;
  std::string body;
  std::string tlvs;
  WallTime received_at{};
  std::uint64_t event = 0;    // its number, where webhooks are told
  WebhookNumbers webhooks{};  // that are owed it; empty: sessions are
};

struct DeliverInbound {
  SessionId session;
  DeliveryToken token;
  const Inbound* inbound = nullptr;
};

// The octets of one part as its operator wants them. Views are good for the call.
struct Payload {
  Octets udh;   // with its length octet; not empty = esm_class 0x40
  Octets body;  // follows udh
  std::uint8_t data_coding = 0;
  // goes in TLV 0x0424: too long for short_message, or the whole text of a long message
  bool message_payload = false;
  std::uint8_t sar_total = 0;  // 0 = no SAR TLVs
  std::uint8_t sar_seqnum = 0;
  std::uint16_t sar_ref = 0;
};

// Put one leased part on the wire. Released when its LEASE is durable and the link has window.
struct SendOnLink {
  LinkId link;
  PartRef part;
  const Message* message = nullptr;
  Payload payload;
  Duration validity_left{};  // of this attempt; 0 = none
  bool more = false;         // another part of the same message follows
};

// deliver_sm_resp to an operator: the receipt or inbound message is durable.
struct AnswerOperator {
  LinkRequest request;
};

// A thing that is stored has changed, and that is durable; or `refusal`, and nothing has.
struct StoredChanged {
  RequestToken token;
  std::optional<Refusal> refusal;
  StoredKind kind = StoredKind::kNone;
  std::string name;
  std::optional<std::string> octets;  // none: it is gone
};

// Tell this endpoint, or the callback that the message's own request named. Answered by WebhookAnswered.
struct CallWebhook {
  WebhookToken token;
  WebhookNumber webhook = kOwnCallback;
  AccountId account = kNoAccount;
  unsigned attempt = 1;
  std::uint64_t event = 0;  // the same on every attempt
  WallTime at{};            // when it happened
  // A change of a message, which is shown as it is now; or a message from a handset.
  std::shared_ptr<const Message> message{};
  std::shared_ptr<const Inbound> inbound{};
  Alphabet alphabet = Alphabet::kGsm7;  // of the inbound message
  std::uint16_t status_seq = 0;
  Status status = Status::kDelivered;
  Status previous = Status::kQueued;
  bool intermediate = false;
  bool accepted_word = false;        // with intermediate: ACCEPTD, not ENROUTE
  bool by_receipt = false;           // the operator's receipt said so, or
  std::uint32_t command_status = 0;  // its response; else we did
  FixedString<8> err{};
  WallTime done_at{};
  std::uint16_t parts_delivered = 0;
};

// For the log and the endpoint's owner.
struct WebhookNoticed {
  enum class Kind : std::uint8_t {
    kFailing,    // ten failures in a row: from now on single probes
    kRecovered,  // one was acknowledged again
    kDisabled,   // it answered 410: to be enabled by its owner
  };
  Kind kind = Kind::kFailing;
  WebhookNumber webhook;
  AccountId account = kNoAccount;
};

// How hard the gateway pushes back from now on, 0 to 6 (CONTRACT part 4): doors refuse connections and binds.
struct PressureChanged {
  std::uint8_t level = 0;
};

using Effect = std::variant<AnswerSubmit, AnswerQuery, MessageRead, AnswerCancel, AnswerReplace,
                            DeliverReceipt, DeliverInbound, SendOnLink, AnswerOperator, StoredChanged,
                            CallWebhook, WebhookNoticed, PressureChanged>;

class EffectSink {
 public:
  virtual void on(const Now& now, const Effect& effect) = 0;

 protected:
  ~EffectSink() = default;
};

}  // namespace aldis
