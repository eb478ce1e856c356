// SPDX-License-Identifier: Apache-2.0
#include "engine/cancels.hpp"

#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine::cancels {

namespace {

constexpr std::size_t kIndexedPerTurn = 4096;
constexpr std::size_t kCanceledPerTurn = 128;  // some are brought back from the journal for it

bool is_meant(const AddressCancel& cancel, const Message& message) {
  return is_unsent(message) && message.account == cancel.account &&
         message.source.digits == cancel.source.digits &&
         message.destination.digits == cancel.destination.digits &&
         (cancel.service_type.empty() || message.service_type == cancel.service_type);
}

}  // namespace

void begin(State& s, const Now& now, const CancelMessage& request, const Address& destination) {
  s.cancels.push_back(
      {.token = request.token,
       .account = request.account,
       .service_type = std::string{request.service_type},
       .source = request.source,
       .destination = destination,
       .before = make_message_id(s.settings.node_id, s.journal.start().generation, s.next_sequence)});
  slice(s, now);  // as a rule that is all
}

void slice(State& s, const Now& now) {
  const bool wanted = !s.cancels.empty() || s.messages.is_indexing();
  if (!wanted || !s.messages.index_addresses(kIndexedPerTurn)) { return; }
  for (std::size_t looked = 0; !s.cancels.empty();) {
    AddressCancel& cancel = s.cancels.front();
    for (;; ++looked) {
      if (looked == kCanceledPerTurn) { return; }
      const auto id =
          s.messages.next_with_addresses(cancel.account, cancel.source, cancel.destination, cancel.next);
      if (!id || *id >= cancel.before) { break; }
      cancel.next = MessageId{id->value() + 1};
      Message* message = s.present(*id);
      if (message == nullptr || !is_meant(cancel, *message)) { continue; }
      s.finish(now, *message, Status::kDeleted, UnknownReason::kNone, receipts::err::kCanceled);
      cancel.any = true;
    }
    if (cancel.any) {
      s.gate.hold(AnswerCancel{cancel.token, std::nullopt});
    } else {
      s.admission.count(Refusal::kCancelFailed);
      s.sink.on(now, Effect{AnswerCancel{cancel.token, Refusal::kCancelFailed}});
    }
    s.cancels.pop_front();
  }
}

bool under_way(const State& s) { return !s.cancels.empty() || s.messages.is_indexing(); }

}  // namespace aldis::engine::cancels
