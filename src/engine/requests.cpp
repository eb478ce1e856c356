// SPDX-License-Identifier: Apache-2.0
// query_sm, cancel_sm, replace_sm: every operation acts on our own queue (SMPP 4.3). A foreign id answers
// like a missing one.
#include <algorithm>
#include <charconv>

#include "aldis/message/intake.hpp"
#include "aldis/receipts/error_codes.hpp"
#include "engine/state.hpp"

namespace aldis::engine::requests {

namespace {

bool belongs(const Message* message, AccountId account, const Address& source) {
  return message != nullptr && message->account == account &&
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
    s.messages.visit([&](Message& message) {
      if (message.short_id == short_id) { add(&message); }
    });
  } else if (const auto multi = s.multi.find(public_id); multi != s.multi.end()) {
    for (const MessageId id : multi->second) { add(s.messages.find(id)); }
  } else {
    add(s.messages.find(public_id));
  }
  return out;
}

std::uint8_t error_code_of(const Message& message) {
  const auto err = message.err.view();
  unsigned code = 0;
  const auto [end, error] = std::from_chars(err.data(), err.data() + err.size(), code);
  return error == std::errc{} && end == err.data() + err.size() && code <= 255
             ? static_cast<std::uint8_t>(code)
             : std::uint8_t{0};
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
  answer.error_code = error_code_of(least);
  s.gate.hold(Effect{answer});  // what it says must not vanish in a crash
}

void on(State& s, const Now& now, const CancelMessage& request) {
  acceptance::write_fresh(s, now);
  std::vector<Message*> found;
  const bool by_address = request.public_id == MessageId{} && request.short_id == 0;
  if (by_address) {
    s.messages.visit([&](Message& message) {
      if (message.account == request.account && is_unsent(message) &&
          message.source.digits == request.source.digits &&
          message.destination.digits == request.destination.digits &&
          (request.service_type.empty() || message.service_type == request.service_type)) {
        found.push_back(&message);
      }
    });
  } else {
    found = find(s, request.account, request.public_id, request.short_id, request.source);
    if (found.size() > 1 && !request.destination.digits.empty()) {
      std::erase_if(found,
                    [&](const Message* m) { return !(m->destination.digits == request.destination.digits); });
    }
  }
  const auto refuse = [&](Refusal refusal) {
    s.admission.count(refusal);
    s.sink.on(now, Effect{AnswerCancel{request.token, refusal}});
  };
  if (found.empty()) { return refuse(by_address ? Refusal::kCancelFailed : Refusal::kNoSuchMessage); }
  std::erase_if(found, [](const Message* m) { return !is_unsent(*m); });
  if (found.empty()) { return refuse(Refusal::kCancelFailed); }
  for (Message* message : found) { cancel(s, now, *message); }
  s.gate.hold(Effect{AnswerCancel{request.token, std::nullopt}});
}

void on(State& s, const Now& now, const ReplaceMessage& request) {
  acceptance::write_fresh(s, now);
  const auto found = find(s, request.account, request.public_id, request.short_id, request.source);
  const auto refuse = [&](Refusal refusal) {
    s.admission.count(refusal);
    s.sink.on(now, Effect{AnswerReplace{request.token, refusal}});
  };
  if (found.empty()) { return refuse(Refusal::kNoSuchMessage); }
  Message& message = *found.front();
  if (found.size() > 1 || !is_unsent(message)) { return refuse(Refusal::kReplaceFailed); }
  const auto intake = message::replace(request, s.directory.account(request.account), now, message);
  if (intake.has_error()) { return refuse(intake.error()); }
  s.dispatch.remove(message);
  if (message.due_at <= now.mono) {
    s.step(message, Status::kQueued);
  } else if (!request.schedule.empty()) {
    s.step(message, Status::kScheduled);
  }
  s.append_image(now, message);
  sending::queue(s, now, message, false);
  s.gate.hold(Effect{AnswerReplace{request.token, std::nullopt}});
}

}  // namespace aldis::engine::requests
