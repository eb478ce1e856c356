// SPDX-License-Identifier: Apache-2.0
#include "aldis/dispatch/dispatch.hpp"

#include <algorithm>
#include <numeric>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "dispatch/lanes.hpp"

namespace aldis::dispatch {

namespace {

std::size_t index_of(MessageClass message_class) { return static_cast<std::size_t>(message_class); }

double in_seconds(Duration d) { return static_cast<double>(d.count()) * 1e-9; }

constexpr std::size_t kFetchedAtOnce = 64;  // ids, dead ones too: a customer can cancel millions

std::uint32_t parts_unsent(const Message& message) {
  std::uint32_t parts = 0;
  for (const auto& part : message.parts) { parts += part.status == Status::kQueued ? 1u : 0u; }
  return parts;
}

}  // namespace

Dispatch::Dispatch() = default;

Dispatch::~Dispatch() {  // messages may outlive us: they must not keep hooks into lists that are gone
  for (auto& op : operators_) {
    if (!op) { continue; }
    for (auto& ring : op->rings) {
      ring.waiting.clear();
      ring.fetching.clear();
      for (auto& [account, lane] : ring.lanes) { lane->queue.clear(); }
    }
  }
}

void Dispatch::configure_operator(Instant now, OperatorId op, const OperatorSettings& settings) {
  ALDIS_CHECK(op != kNoOperator);
  if (op.value() >= operators_.size()) { operators_.resize(op.value() + 1); }
  auto& state = operators_[op.value()];
  if (!state) { state = std::make_unique<Operator>(); }
  state->name = settings.name;
  state->queue_max = settings.queue_max;
  state->rate.configure(now, settings.throttle);
}

void Dispatch::configure_account(AccountId account, std::uint32_t weight) {
  weights_[account] = std::max(weight, 1u);
  weights_changed_ = true;
}

Dispatch::Operator& Dispatch::operator_of(OperatorId op) {
  ALDIS_CHECK(find(op) != nullptr);
  return *operators_[op.value()];
}

const Dispatch::Operator* Dispatch::find(OperatorId op) const {
  return op.value() < operators_.size() ? operators_[op.value()].get() : nullptr;
}

Dispatch::Lane& Dispatch::lane_of(Operator& op, const Message& message) {
  Ring& ring = op.rings[index_of(message.message_class)];
  auto& lane = ring.lanes[message.account];
  if (!lane) { lane = std::make_unique<Lane>(message.account, ring); }
  return *lane;
}

// --- in and out ---------------------

void Dispatch::keep_in_lanes(std::size_t messages_max, Fetch& fetch) {
  in_lanes_max_ = messages_max;
  fetch_ = &fetch;
}

void Dispatch::enqueue(Instant now, Message& message, OperatorId op) {
  ALDIS_CHECK(!is_queued(message));
  message.op = op;
  message.ready_at = now;
  Operator& state = operator_of(op);
  Lane& lane = lane_of(state, message);
  const bool by_id = !lane.later.empty() || (in_lanes_ >= in_lanes_max_ && !lane.queue.empty());
  if (!by_id) {
    message.lane_seq = ++lane_seq_last_;
    return join(state, lane, message, false);
  }
  message.lane_by_id = true;
  lane.later.push_back(message.id);
  ++lane.later_alive;
  ++lane.ring->messages;
  ++state.messages;
}

void Dispatch::requeue_front(Instant now, Message& message) {
  if (is_queued(message)) { return; }
  if (message.lane_seq == 0) {
    message.ready_at = now;
  }  // never was in a lane: its turn is before all others
  Operator& state = operator_of(message.op);
  join(state, lane_of(state, message), message, true);
}

void Dispatch::remove(Message& message) {
  if (!is_queued(message)) { return; }
  Operator& state = operator_of(message.op);
  Lane& lane = lane_of(state, message);
  if (!message.lane_by_id) { return leave(state, lane, message); }
  message.lane_by_id = false;  // its id stays in the lane, and says nothing any more
  --lane.ring->messages;
  --state.messages;
  if (--lane.later_alive > 0) { return; }
  lane.forget_later();
  if (lane.queue.empty()) { lane.ring->fetching.erase(Ring::Lanes::s_iterator_to(lane)); }
}

// What `later` says next, once nothing stands before it. Messages with no place in this lane are passed over;
// when all that were looked at are such, the lane goes on with the next call.
void Dispatch::fetch_more(OperatorId op, Lane& lane) {
  for (std::size_t looked = 0; looked < kFetchedAtOnce && lane.later_alive > 0; ++looked) {
    const MessageId id = lane.later.front();
    lane.later.pop_front();
    ++lane.later_taken;
    Message* message = fetch_->message(id);
    const bool here = message != nullptr && message->lane_by_id && message->op == op &&
                      message->account == lane.account && &lane_of(operator_of(op), *message) == &lane;
    if (!here) { continue; }
    message->lane_by_id = false;
    message->lane_seq = ++lane_seq_last_;
    --lane.later_alive;
    lane.queue.push_back(*message);
    ++in_lanes_;
    if (lane.sweep == nullptr && lane.sweep_later < lane.later_taken) { lane.sweep = message; }
  }
  if (lane.later_alive == 0) { lane.forget_later(); }
}

void Dispatch::join(Operator& op, Lane& lane, Message& message, bool at_head) {
  if (lane.queue.empty()) {
    if (lane.is_linked()) { lane.ring->fetching.erase(Ring::Lanes::s_iterator_to(lane)); }
    lane.ring->waiting.push_back(lane);
  }
  if (!at_head || ALDIS_MUTANT(45)) {
    lane.queue.push_back(message);
  } else {
    // Everything with an earlier turn came back before: a few messages, and mostly the last of them is our
    // neighbour.
    auto place = lane.queue.begin();
    if (lane.returned_last != nullptr && lane.returned_last->lane_seq < message.lane_seq) {
      place = std::next(LaneQueue::s_iterator_to(*lane.returned_last));
    }
    while (place != lane.queue.end() && place->lane_seq < message.lane_seq) { ++place; }
    lane.queue.insert(place, message);
    lane.returned_last = &message;
  }
  ++in_lanes_;
  ++lane.ring->messages;
  ++op.messages;
}

void Dispatch::leave(Operator& op, Lane& lane, Message& message) {
  const auto at = LaneQueue::s_iterator_to(message);
  if (lane.started == &message) { lane.started = nullptr; }
  if (lane.returned_last == &message) {
    lane.returned_last = at == lane.queue.begin() ? nullptr : &*std::prev(at);
  }
  const auto next = lane.queue.erase(at);
  if (lane.sweep == &message) { lane.sweep = next == lane.queue.end() ? nullptr : &*next; }
  --in_lanes_;
  --lane.ring->messages;
  --op.messages;
  if (lane.queue.empty()) { fetch_more(message.op, lane); }
  if (lane.queue.empty()) {
    lane.ring->waiting.erase(Ring::Lanes::s_iterator_to(lane));
    lane.deficit = 0;
    lane.in_turn = false;
    if (lane.later_alive > 0) { lane.ring->fetching.push_back(lane); }
  }
  if (op.messages == 0) { op.tokens_wanted.reset(); }
}

// --- whose turn ---------------------

// Weights 100, 100, 200 share as 1, 1, 2: the smaller the quantum, the shorter anybody waits for a turn.
void Dispatch::scale_weights() {
  weights_changed_ = false;
  weight_unit_ = 0;
  for (const auto& [account, weight] : weights_) { weight_unit_ = std::gcd(weight_unit_, weight); }
  ++weights_epoch_;
}

// The lane whose head goes next; nullptr if none waits. Changes nothing when asked again. Each step adds a
// quantum that pays for parts sent later, so the steps are as many as the parts at most.
Dispatch::Lane* Dispatch::turn(Ring& ring) {
  if (ring.waiting.empty()) { return nullptr; }
  if (weights_changed_) { scale_weights(); }
  for (;;) {
    Lane& lane = ring.waiting.front();
    const Message& head = lane.queue.front();
    if (&head == lane.started) { return &lane; }
    if (!lane.in_turn) {
      if (lane.weights_epoch != weights_epoch_) {
        const auto found = weights_.find(lane.account);
        lane.weight = found == weights_.end() ? 1 : found->second / weight_unit_;
        lane.weights_epoch = weights_epoch_;
      }
      lane.deficit += ALDIS_MUTANT(44) ? 1u : lane.weight;
      lane.in_turn = true;
    }
    if (parts_unsent(head) <= lane.deficit) { return &lane; }
    lane.in_turn = false;
    ring.waiting.splice(ring.waiting.end(), ring.waiting, ring.waiting.begin());
  }
}

Grant Dispatch::next(Instant now, OperatorId op, std::uint32_t parts_max) {
  Operator& state = operator_of(op);
  if (state.messages == 0 || parts_max == 0) { return {}; }
  state.rate.advance(now);
  for (Ring& ring : state.rings) {
    if (!ring.fetching.empty()) { fetch_first(op, ring); }
    if (Lane* lane = turn(ring)) { return grant(now, state, *lane, parts_max); }
  }
  return {};
}

void Dispatch::fetch_first(OperatorId op, Ring& ring) {
  Lane& lane = ring.fetching.front();
  fetch_more(op, lane);
  if (lane.queue.empty()) { return; }
  ring.fetching.pop_front();
  ring.waiting.push_back(lane);
}

Grant Dispatch::grant(Instant now, Operator& op, Lane& lane, std::uint32_t parts_max) {
  Message& message = lane.queue.front();
  const std::uint32_t unsent = parts_unsent(message);
  const std::uint32_t parts = std::min({unsent, parts_max, op.rate.chunk()});
  if (!op.rate.ready(parts)) {
    if (!op.tokens_wanted) { op.tokens_wanted = now; }
    return {};
  }
  if (op.tokens_wanted) {
    op.tokens_waited += in_seconds(now - *op.tokens_wanted);
    op.tokens_wanted.reset();
  }
  op.rate.take(ALDIS_MUTANT(18) ? 1u : parts);
  if (lane.started != &message) {  // the whole message is paid for with its first part
    lane.deficit -= unsent;
    const double waited = in_seconds(now - message.ready_at);
    const auto bucket = std::lower_bound(Ring::kWaitBounds.begin(), Ring::kWaitBounds.end(), waited);
    ++lane.ring->wait_counts[static_cast<std::size_t>(bucket - Ring::kWaitBounds.begin())];
    lane.ring->wait_sum += waited;
  }
  const bool whole = parts == unsent;
  if (whole) {
    leave(op, lane, message);
  } else {
    lane.started = &message;
  }
  return {.message = &message, .parts = parts, .whole = whole};
}

Instant Dispatch::tokens_at(OperatorId op) {
  Operator& state = operator_of(op);
  for (Ring& ring : state.rings) {
    if (!ring.fetching.empty()) { return Instant{}; }
    if (Lane* lane = turn(ring)) {
      if (ALDIS_MUTANT(21)) { return kNever; }
      return state.rate.ready_at(std::min(parts_unsent(lane->queue.front()), state.rate.chunk()));
    }
  }
  return kNever;
}

// --- what the operator says ---------------------

void Dispatch::on_answer(Instant now, OperatorId op, OutcomeClass outcome_class, std::uint32_t parts) {
  operator_of(op).rate.on_answer(now, outcome_class, parts);
}

void Dispatch::on_congestion(Instant now, OperatorId op, std::uint8_t congestion_state) {
  operator_of(op).rate.on_congestion(now, congestion_state);
}

void Dispatch::refund(Instant now, OperatorId op, std::uint32_t parts) {
  Rate& rate = operator_of(op).rate;
  rate.advance(now);
  rate.refund(parts);
}

bool Dispatch::take(Instant now, OperatorId op, std::uint32_t parts) {
  Rate& rate = operator_of(op).rate;
  rate.advance(now);
  if (!rate.ready(parts)) { return false; }
  rate.take(parts);
  return true;
}

Instant Dispatch::token_at(OperatorId op) { return operator_of(op).rate.ready_at(1); }

double Dispatch::rate(Instant now, OperatorId op) {
  Rate& rate = operator_of(op).rate;
  rate.advance(now);
  return rate.per_second();
}

// --- what waits ---------------------

std::size_t Dispatch::queued(OperatorId op) const {
  const Operator* state = find(op);
  return state == nullptr ? 0 : state->messages;
}

std::size_t Dispatch::queued(OperatorId op, MessageClass message_class) const {
  const Operator* state = find(op);
  return state == nullptr ? 0 : state->rings[index_of(message_class)].messages;
}

bool Dispatch::has_room(OperatorId op) const {
  const Operator* state = find(op);
  return state != nullptr && state->messages < state->queue_max;
}

Duration Dispatch::oldest(Instant now, OperatorId op, MessageClass message_class) const {
  const Operator* state = find(op);
  if (state == nullptr) { return {}; }
  Instant first = now;
  for (const Lane& lane : state->rings[index_of(message_class)].waiting) {
    first = std::min(first, lane.queue.front().ready_at);
  }
  return now - first;
}

void Dispatch::sweep_begin(OperatorId op) {
  Operator& state = operator_of(op);
  state.sweep.clear();
  for (auto ring = state.rings.rbegin(); ring != state.rings.rend(); ++ring) {
    for (Ring::Lanes* lanes : {&ring->waiting, &ring->fetching}) {
      for (Lane& lane : *lanes) {
        lane.sweep = lane.queue.empty() ? nullptr : &lane.queue.front();
        lane.sweep_later = lane.later_taken;
        state.sweep.push_back(&lane);
      }
    }
  }
}

bool Dispatch::sweep_slice(OperatorId op, std::size_t places_max,
                           const std::function<void(Message&)>& visit) {
  Operator& state = operator_of(op);
  for (std::size_t looked = 0; !state.sweep.empty(); ++looked) {
    if (looked == places_max) { return true; }
    Lane& lane = *state.sweep.back();
    if (Message* message = lane.sweep) {
      const auto next = std::next(LaneQueue::s_iterator_to(*message));
      lane.sweep = next == lane.queue.end() ? nullptr : &*next;
      visit(*message);
      continue;
    }
    lane.sweep_later = std::max(lane.sweep_later, lane.later_taken);
    if (lane.sweep_later - lane.later_taken >= lane.later.size()) {
      state.sweep.pop_back();
      continue;
    }
    Message* message = fetch_->message(lane.later[lane.sweep_later++ - lane.later_taken]);
    if (message != nullptr && message->lane_by_id && message->op == op) { visit(*message); }
  }
  return false;
}

void Dispatch::collect(Instant now, ports::MetricReport& report) {
  double tokens_waited = 0;
  for (std::uint32_t number = 0; number < operators_.size(); ++number) {
    auto& op = operators_[number];
    if (!op) { continue; }
    op->rate.advance(now);
    report.gauge("aldis_operator_parts_per_second", {{"operator", op->name}, {"kind", "configured"}},
                 op->rate.per_second_configured());
    report.gauge("aldis_operator_parts_per_second", {{"operator", op->name}, {"kind", "current"}},
                 op->rate.per_second());
    tokens_waited += op->tokens_waited + (op->tokens_wanted ? in_seconds(now - *op->tokens_wanted) : 0.0);
    for (std::size_t i = 0; i < kMessageClasses; ++i) {
      const auto message_class = static_cast<MessageClass>(i);
      const Ring& ring = op->rings[i];
      const auto class_name = name_of(message_class);
      report.gauge("aldis_queue_messages",
                   {{"operator", op->name}, {"class", class_name}, {"state", "ready"}},
                   static_cast<double>(ring.messages));
      report.gauge("aldis_queue_oldest_seconds", {{"operator", op->name}, {"class", class_name}},
                   in_seconds(oldest(now, OperatorId{number}, message_class)));
      report.histogram("aldis_queue_wait_seconds", {{"operator", op->name}, {"class", class_name}},
                       Ring::kWaitBounds, ring.wait_counts, ring.wait_sum);
    }
  }
  report.counter("aldis_throttle_wait_seconds_total", {{"scope", "operator"}}, tokens_waited);
}

}  // namespace aldis::dispatch
