// SPDX-License-Identifier: Apache-2.0
// Messages, receipts and their correlator, in a few words each.
#pragma once

#include <deque>
#include <string>

#include "aldis/receipts/apply.hpp"
#include "aldis/receipts/correlator.hpp"
#include "aldis/receipts/orphans.hpp"

namespace aldis::receipts::test {

inline constexpr OperatorId kA{0};
inline constexpr OperatorId kB{1};
inline constexpr WallTime kStart{seconds{1'800'000'000}};
inline const SipKey kKey = SipKey::from("a key for testing");

inline Address number(std::string_view digits) { return Address{1, 1, FixedString<20>{digits}}; }

class Messages final : public MessageLookup {
 public:
  Message& add(std::string_view destination, std::size_t parts = 1, OperatorId op = kA) {
    Message& m = all_.emplace_back();
    m.id = MessageId{all_.size()};
    m.op = op;
    m.status = Status::kSent;
    m.source = number("447700900999");
    m.destination = number(destination);
    m.accepted_at = kStart;
    m.parts.resize(parts);
    for (Part& p : m.parts) {
      p.status = Status::kSent;
      p.attempt = 1;
    }
    return m;
  }
  const Message* find(MessageId id) const override {
    return id.value() >= 1 && id.value() <= all_.size() && id != gone ? &all_[id.value() - 1] : nullptr;
  }
  Message& operator[](MessageId id) { return all_[id.value() - 1]; }

  MessageId gone{};  // one that is in history only

 private:
  std::deque<Message> all_;
};

inline OperatorReceipt receipt(std::string_view id, std::string_view about, Status state = Status::kDelivered,
                               OperatorId op = kA) {
  OperatorReceipt r;
  r.op = op;
  r.id_text = id;
  r.state = state;
  r.err = "000";
  r.source = number(about);
  r.destination = number("447700900999");
  r.received_at = kStart;
  return r;
}

struct Bench {
  Messages messages;
  IdRules rules;
  Correlator correlator{kKey, rules};
  OrphanReceipts orphans{kKey, rules, {}};
  OperatorSettings settings;
  std::uint64_t orphan_ids = 1'000'000;

  // The operator answered OK with this id.
  Message& sent(std::string_view id, std::string_view destination, OperatorId op = kA) {
    Message& m = messages.add(destination, 1, op);
    answered(m, 0, id);
    return m;
  }
  void answered(Message& m, std::uint16_t part, std::string_view id) {
    m.parts[part].operator_id = std::string{id};
    m.parts[part].status = Status::kSent;
    correlator.remember(m.op, id, {m.id, part});
  }
  Result<Match, Unmatched> correlate(const OperatorReceipt& r) {
    return correlator.correlate(r, settings, messages, WallTime{} + hours{24 * 365 * 200});
  }
  Orphan& park(const OperatorReceipt& r, Unmatched why = Unmatched::kUnknown) {
    return orphans.park(Instant{}, std::make_unique<Orphan>(MessageId{++orphan_ids}, r, why));
  }
  // What the engine does with a receipt, in short. True if it found its message.
  bool take(const OperatorReceipt& r) {
    const auto found = correlate(r);
    if (!found) {
      park(r, found.error());
      return false;
    }
    apply_receipt(messages[found->part.message], found->part.part, report_of(r), r.received_at, {});
    return true;
  }
  // What the engine does with a submit_sm_resp, in short. How many parked receipts it set free.
  int result(Message& m, std::uint16_t part, std::string_view id) {
    answered(m, part, id);
    int used = 0;
    while (Orphan* orphan = orphans.match(m.op, id, m, settings)) {
      apply_receipt(m, part, report_of(*orphan), orphan->received_at, {});
      orphans.learn_from(*orphan, id, settings);
      orphans.remove(*orphan);
      ++used;
    }
    return used;
  }
};

}  // namespace aldis::receipts::test
