// SPDX-License-Identifier: Apache-2.0
#include "inside.hpp"

#include <algorithm>
#include <utility>

namespace aldis::spec {

// --- AcceptingEngine ---------------------------------------------------------------------------------------

void AcceptingEngine::on(const Now& now, const Event& event) {
  if (const auto* submit = std::get_if<Submit>(&event)) {
    AnswerSubmit out;
    out.token = submit->token;
    out.multi = submit->multi;
    out.id.id = make_message_id(1, 1, ++last_id_);
    if (submit->short_id) { out.id.short_id = static_cast<std::uint32_t>(last_id_); }
    answer(now, out);
  } else if (const auto* query = std::get_if<QueryMessage>(&event)) {
    AnswerQuery out;
    out.token = query->token;
    out.id = {query->public_id, query->short_id};
    answer(now, out);
  } else if (const auto* cancel = std::get_if<CancelMessage>(&event)) {
    answer(now, AnswerCancel{cancel->token, {}});
  } else if (const auto* replace = std::get_if<ReplaceMessage>(&event)) {
    answer(now, AnswerReplace{replace->token, {}});
  }
}

void AcceptingEngine::answer(const Now& now, Effect effect) {
  if (syncs) { return out_(now, effect); }
  held_.push_back(std::move(effect));
}

void AcceptingEngine::sync(const Now& now) {
  for (const auto& effect : std::exchange(held_, {})) { out_(now, effect); }
}

// --- QueueForLink ------------------------------------------------------------------------------------------

QueueForLink::QueueForLink(Out out, unsigned messages) : out_(std::move(out)) {
  for (unsigned i = 1; i <= messages; ++i) {
    Message& message = messages_.emplace_back();
    message.id = make_message_id(1, 1, i);
    message.source.digits.assign("700");
    message.destination.digits.assign(std::to_string(491700000000 + i));
    message.registered_delivery = 1;
    message.content.body = "message " + std::to_string(i);
    message.parts.resize(1);
    queue_.push_back(i - 1);
  }
}

QueueForLink::Link& QueueForLink::link_of(LinkId id) {
  const auto at =
      std::find_if(links_.begin(), links_.end(), [id](const Link& link) { return link.id == id; });
  return at != links_.end() ? *at : links_.emplace_back(Link{id, 0});
}

void QueueForLink::acknowledge(const Now& now, const LinkRequest& request) {
  if (syncs) { return out_(now, AnswerOperator{request}); }
  held_.push_back(request);
}

void QueueForLink::on(const Now& now, const Event& event) {
  if (const auto* bound = std::get_if<LinkBound>(&event)) {
    link_of(bound->link).window_free = bound->submits ? bound->window_free : 0u;
  } else if (const auto* credit = std::get_if<LinkCredit>(&event)) {
    link_of(credit->link).window_free = credit->window_free;
  } else if (const auto* lost = std::get_if<LinkLost>(&event)) {
    link_of(lost->link).window_free = 0;
  } else if (const auto* result = std::get_if<SubmitResult>(&event)) {
    link_of(result->link).window_free = result->window_free;
    const bool again = result->outcome.outcome_class == OutcomeClass::kNotSent ||
                       result->outcome.outcome_class == OutcomeClass::kThrottle;
    if (again) { queue_.push_front(result->part.message.value() - make_message_id(1, 1, 1).value()); }
  } else if (const auto* receipt = std::get_if<OperatorReceipt>(&event)) {
    acknowledge(now, receipt->request);
  } else if (const auto* inbound = std::get_if<OperatorInbound>(&event)) {
    acknowledge(now, inbound->request);
  }
}

bool QueueForLink::turn(const Now& now) {
  bool busy = false;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    while (!queue_.empty() && links_[i].window_free > 0) {
      const Message& message = messages_[queue_.front()];
      queue_.pop_front();
      --links_[i].window_free;
      SendOnLink send;
      send.link = links_[i].id;
      send.part = {message.id, 0};
      send.message = &message;
      send.payload.body = message.content.body;
      out_(now, send);
      busy = true;
    }
  }
  return busy;
}

void QueueForLink::sync(const Now& now) {
  for (const auto& request : std::exchange(held_, {})) { out_(now, AnswerOperator{request}); }
}

}  // namespace aldis::spec
