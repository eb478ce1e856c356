// SPDX-License-Identifier: Apache-2.0
// query_sm, cancel_sm, replace_sm: every operation acts on our own queue (SMPP 4.3). A foreign id answers
// like a missing one.
#include <algorithm>

#include "aldis/base/mutant.hpp"
#include "aldis/message/intake.hpp"
#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine::requests {

namespace {

bool belongs(const Message* message, AccountId account, const Address& source) {
  return message != nullptr && (message->account == account || ALDIS_MUTANT(60)) &&
         (source.digits.empty() || message->source.digits == source.digits);
}

// The messages behind an id that a customer gave: one, or those of a submit_multi.
std::vector<Message*> find(State& s, AccountId account, MessageId public_id, std::uint32_t short_id,
                           const Address& source) {
  std::vector<Message*> out;
  const auto add = [&](Message* message) {
    if (belongs(message, account, source)) { out.push_back(message); }
  };
  if (short_id != 0) {
    for (const MessageId id : s.messages.find_short(account, short_id)) { add(s.present(id)); }
  } else if (const auto multi = s.multi.find(public_id); multi != s.multi.end()) {
    for (const MessageId id : multi->second) { add(s.present(id)); }
  } else {
    add(s.present(public_id));
  }
  return out;
}

// It is over with the message, and it has left memory.
std::optional<FinalAnswer> finished(State& s, AccountId account, MessageId public_id, std::uint32_t short_id,
                                    const Address& source) {
  return s.recent_finals.find(account, short_id != 0 ? short_id : public_id.value(), source.digits.view());
}

// As messages keep it: without the plus that customers may write.
Address plain(Address address) {
  const std::string digits{address.digits.view()};
  if (digits.starts_with('+')) { address.digits.assign(std::string_view{digits}.substr(1)); }
  return address;
}

void cancel(State& s, const Now& now, Message& message) {
  s.finish(now, message, Status::kDeleted, UnknownReason::kNone, receipts::err::kCanceled);
}

}  // namespace

void on(State& s, const Now& now, const QueryMessage& request) {
  AnswerQuery answer;
  answer.token = request.token;
  answer.id = {request.public_id, request.short_id};
  if (const auto no = s.admission.check_query(now.mono, request.account)) {
    answer.refusal = *no;
    return s.sink.on(now, Effect{answer});
  }
  acceptance::write_fresh(s, now);
  const auto found = find(s, request.account, request.public_id, request.short_id, request.source);
  if (found.empty()) {
    if (const auto was = finished(s, request.account, request.public_id, request.short_id, request.source)) {
      answer.status = was->status;
      answer.error_code = was->error_code;
      answer.final_at = was->done_at;
      return s.gate.hold(answer);
    }
    s.admission.count(Refusal::kNoSuchMessage);
    answer.refusal = Refusal::kNoSuchMessage;
    return s.sink.on(now, Effect{answer});
  }
  const Message& least = **std::min_element(
      found.begin(), found.end(), [](const Message* a, const Message* b) { return a->status < b->status; });
  answer.status = least.status;
  answer.scheduled = least.status == Status::kScheduled;
  answer.operator_accepted = (least.intermediates & 2u) != 0;
  answer.final_at = least.done_at;
  answer.error_code = receipts::err::as_octet(least.err.view());
  s.gate.hold(answer);  // what it says must not vanish in a crash
}

void on(State& s, const Now& now, const ReadMessage& request) {
  acceptance::write_fresh(s, now);
  const auto found = find(s, request.account, request.public_id, request.short_id, {});
  if (found.empty()) { return s.sink.on(now, Effect{MessageRead{request.token, nullptr}}); }
  s.gate.hold(MessageRead{request.token, std::make_shared<const Message>(*found.front())});
}

void on(State& s, const Now& now, const CancelMessage& request) {
  acceptance::write_fresh(s, now);
  const Address destination = plain(request.destination);
  if (request.public_id == MessageId{} && request.short_id == 0) {
    return cancels::begin(s, now, request, destination);
  }
  auto found = find(s, request.account, request.public_id, request.short_id, request.source);
  // Also when one message is left of those of a submit_multi: it may be another one.
  if (!destination.digits.empty() && (found.size() > 1 || !ALDIS_MUTANT(87))) {
    std::erase_if(found, [&](const Message* m) { return !(m->destination.digits == destination.digits); });
  }
  const auto refuse = [&](Refusal refusal) {
    s.admission.count(refusal);
    s.sink.on(now, Effect{AnswerCancel{request.token, refusal}});
  };
  if (found.empty()) {
    const bool was =
        finished(s, request.account, request.public_id, request.short_id, request.source).has_value();
    return refuse(was ? Refusal::kCancelFailed : Refusal::kNoSuchMessage);
  }
  std::erase_if(found, [](const Message* m) { return !is_unsent(*m); });
  if (found.empty()) { return refuse(Refusal::kCancelFailed); }
  for (Message* message : found) { cancel(s, now, *message); }
  s.gate.hold(AnswerCancel{request.token, std::nullopt});
}

void on(State& s, const Now& now, const ReplaceMessage& request) {
  acceptance::write_fresh(s, now);
  const auto found = find(s, request.account, request.public_id, request.short_id, request.source);
  const auto refuse = [&](Refusal refusal) {
    s.admission.count(refusal);
    s.sink.on(now, Effect{AnswerReplace{request.token, refusal}});
  };
  if (found.empty()) {
    const auto was = finished(s, request.account, request.public_id, request.short_id, request.source);
    return refuse(was ? Refusal::kReplaceFailed : Refusal::kNoSuchMessage);
  }
  Message& message = *found.front();
  if (found.size() > 1 || !is_unsent(message)) { return refuse(Refusal::kReplaceFailed); }
  const auto intake = message::replace(request, s.directory.account(request.account), now, message);
  if (intake.has_error()) { return refuse(intake.error()); }
  // What its lane knows by id only keeps its turn: else the lane would hold an id more for each replacement.
  if (!message.lane_by_id || message.due_at > now.mono) { s.dispatch.remove(message); }
  if (message.due_at <= now.mono) {
    s.step(message, Status::kQueued);
  } else if (!request.schedule.empty()) {
    s.step(message, Status::kScheduled);
  }
  s.append_image(now, message);
  sending::queue(s, now, message, false);
  s.gate.hold(AnswerReplace{request.token, std::nullopt});
}

}  // namespace aldis::engine::requests
