// SPDX-License-Identifier: Apache-2.0
// The order of things.
#include "aldis/engine/engine.hpp"

#include <algorithm>

#include "aldis/base/failpoint.hpp"
#include "engine/state.hpp"

namespace aldis::engine {

namespace {

template <class Id>
std::optional<Id> known(Id id, Id none) {
  return id == none ? std::nullopt : std::optional<Id>{id};
}

routing::AccountResolver accounts_of(const Directory& directory) {
  return [&directory](std::string_view name) { return known(directory.find_account(name), kNoAccount); };
}

routing::OperatorResolver operators_of(const Directory& directory) {
  return [&directory](std::string_view name) { return known(directory.find_operator(name), kNoOperator); };
}

// The end of a turn. The order matters: time first, then work for links and sessions, then what the turn
// accepted goes to the journal, and at last everything the turn promised waits for the journal's end.
void end_turn(State& s, const Now& now) {
  s.wheel.advance(now.mono,
                  [&](TimerHook& hook) { housekeeping::timer_fired(s, now, static_cast<Message&>(hook)); });
  while (!s.late_answers.empty() && s.late_answers.top().at <= now.mono) {
    s.gate.hold(s.late_answers.top().answer);
    s.late_answers.pop();
  }
  receiving::expire_orphans(s, now);
  cancels::slice(s, now);
  shelving::expire(s, now);
  sending::sweep(s, now);
  sending::lease_work(s, now);
  acceptance::write_fresh(s, now);
  shelving::rest(s, now);
  shelving::shelve_waiting(s, now);
  owing::deliver(s, now);
  housekeeping::compact(s, now);
  s.free_finished();
  housekeeping::checkpoint_if_due(s, now);
  s.gate.seal(s.journal.position());
}

// The one place where promises leave (DESIGN 3).
void release(State& s, const Now& now) {
  s.gate.release(s.journal.durable(), [&](PromiseGate::Held& held) {
    if (const auto* ready = std::get_if<LeaseReady>(&held)) { return sending::lease_ready(s, now, *ready); }
    if (const auto* freed = std::get_if<PlacesFreed>(&held)) { return sending::places_freed(s, *freed); }
    auto& effect = std::get<Effect>(held);
    if (auto* receipt = std::get_if<DeliverReceipt>(&effect)) {
      receipt->message = s.present(receipt->message_id);
      if (receipt->message == nullptr) { return; }  // its session is gone, and so is what it was owed
      receipt->id = {receipt->message->public_id, receipt->message->short_id};
    }
    s.sink.on(now, effect);
  });
}

struct Visitor {
  State& s;
  const Now& now;

  void operator()(const SessionBound& event) const { s.outbox.on_session_bound(now, event); }
  void operator()(const SessionClosed& event) const { s.outbox.on_session_closed(now, event.session); }
  void operator()(const Submit& event) const {
    s.admission.at_door(event.token.door);
    acceptance::on(s, now, event);
  }
  void operator()(const QueryMessage& event) const {
    s.admission.at_door(event.token.door);
    requests::on(s, now, event);
  }
  void operator()(const ReadMessage& event) const { requests::on(s, now, event); }
  void operator()(const CancelMessage& event) const {
    s.admission.at_door(event.token.door);
    requests::on(s, now, event);
  }
  void operator()(const ReplaceMessage& event) const {
    s.admission.at_door(event.token.door);
    requests::on(s, now, event);
  }
  void operator()(const Store& event) const { storing::on(s, now, event); }
  void operator()(const DeliverResult& event) const { owing::on(s, now, event); }
  void operator()(const WebhookAnswered& event) const { owing::on(s, now, event); }
  void operator()(const LinkBound& event) const { sending::on(s, now, event); }
  void operator()(const LinkCredit& event) const { sending::on(s, now, event); }
  void operator()(const LinkLost& event) const { sending::on(s, now, event); }
  void operator()(const SubmitResult& event) const { sending::on(s, now, event); }
  void operator()(const OperatorReceipt& event) const { receiving::on(s, now, event); }
  void operator()(const OperatorInbound& event) const { receiving::on(s, now, event); }
  void operator()(const JournalDurable& event) const {
    s.journal.on_durable(event.up_to);
    if (s.images != nullptr) {
      s.images->readable_to(event.up_to);
      shelving::take_moved(s);
    }
    ALDIS_FAILPOINT(on_durable(event.up_to.value()));
    release(s, now);
  }
  void operator()(const SelfMeasured& event) const { housekeeping::measured(s, now, event); }
  void operator()(const Tick&) const {
    end_turn(s, now);
    release(s, now);  // a turn that wrote nothing depends on what is durable already
  }
  void operator()(const Drain&) const { s.draining = true; }
};

}  // namespace

State::State(const Now& now, const Setup& setup, EffectSink& sink_in, std::unique_ptr<Restored> restored_in)
    : settings(setup.settings),
      directory(setup.directory),
      journal(setup.journal),
      log(setup.log),
      sink(sink_in),
      held(setup.held),
      restored(std::move(restored_in)),
      messages(restored->messages),
      lookup(*this),
      wheel(now.mono),
      images(setup.images),
      fetcher(*this),
      routes(settings.routes, accounts_of(directory), operators_of(directory)),
      inbound_routes(settings.inbound, accounts_of(directory), operators_of(directory)),
      correlator(setup.key, id_rules),
      orphans(setup.key, id_rules, {settings.limits.orphans_in_memory, settings.limits.orphan_retention}),
      tally(directory.operators_count()),
      outbox(now),
      telling(now, setup.webhooks, directory),
      idempotency(setup.key, settings.idempotency_retention),
      stored(restored->stored) {
  for (std::uint32_t i = 0; i < directory.accounts_count(); ++i) {
    const AccountId id{i};
    const auto& account = directory.account(id);
    dispatch.configure_account(id, account.weight);
    admission.configure(now.mono, id, account);
    if (!account.enabled) { admission.disable(id); }
    outbox.set_account(id, notify::delivery_of(account));
  }
  groups.resize(directory.operators_count());
  for (auto& group : groups) {  // a handset may still be putting together what went out before a restart
    const auto first = stirred(setup.journal.start().generation);
    for (std::size_t i = 0; i < group.concat_refs.size(); ++i) {
      group.concat_refs[i] = static_cast<std::uint16_t>(stirred(first + i));
    }
  }
  for (std::uint32_t i = 0; i < directory.operators_count(); ++i) {
    dispatch.configure_operator(now.mono, OperatorId{i}, directory.op(OperatorId{i}));
  }
  if (images != nullptr) { dispatch.keep_in_lanes(settings.limits.messages_in_memory, fetcher); }
  links.resize(directory.links().size());
  for (const auto& link : directory.links()) {
    links[link.id.value()].op = link.op;
    groups[link.op.value()].links.push_back(link.id);
  }
}

Engine::Engine(const Now& now, const Setup& setup, EffectSink& sink, std::unique_ptr<Restored> restored)
    : state_(std::make_unique<State>(now, setup, sink, std::move(restored))) {
  housekeeping::start(*state_, now);
}

Engine::~Engine() = default;

void Engine::on(const Now& now, const Event& event) { std::visit(Visitor{*state_, now}, event); }

Instant Engine::next_deadline() const {
  const State& s = *state_;
  Instant next = std::min({s.wheel.next_deadline(), s.outbox.next_deadline(),
                           s.telling.webhooks().next_deadline(), s.idle_marker_at, shelving::next_expiry(s)});
  if (cancels::under_way(s)) { return Instant{}; }
  if (!s.late_answers.empty()) { next = std::min(next, s.late_answers.top().at); }
  const bool may_lease = !s.held && !s.draining && s.journal.room() < spool::Room::kNoLease;
  for (std::uint32_t i = 0; i < s.groups.size(); ++i) {
    const Group& group = s.groups[i];
    if (group.sweeping) { return Instant{}; }
    if (group.up == 0) { continue; }
    // Only tokens that a link has room for are worth waking up for.
    const bool queued = s.dispatch.queued(OperatorId{i}) > 0;
    for (const LinkId id : group.links) {
      const Link& link = s.links[id.value()];
      if (link.freed > 0) { return Instant{}; }  // places that a Tick must take to the gate
      if (!link.up || !link.submits) { continue; }
      const bool ready = !link.ready.empty() && link.credit > 0;
      if (ready || (queued && link.leased < link.lease_max && may_lease)) {
        const Instant tokens =
            ready ? state_->dispatch.token_at(OperatorId{i}) : state_->dispatch.tokens_at(OperatorId{i});
        next = std::min(next, std::max(link.silent_until, tokens));
      }
    }
  }
  return next;
}

bool Engine::drained() const {
  return state_->gate.size() == 0 && state_->late_answers.empty() && state_->cancels.empty() &&
         std::all_of(state_->links.begin(), state_->links.end(),
                     [](const Link& link) { return !link.up || (link.leased == 0 && link.ready.empty()); });
}

Engine::Release Engine::releasable() const { return {state_->oldest_written, state_->oldest_written_at}; }

std::size_t Engine::owed(AccountId account) const { return state_->outbox.size(account); }

void Engine::visit_stored(const std::function<void(const Stored&)>& visit) const {
  state_->stored.for_each([&](const Stored& stored) { visit(stored); });
}

std::size_t Engine::messages_live() const { return state_->messages.size(); }

void Engine::collect(const Now& now, ports::MetricReport& report) {
  housekeeping::collect(*state_, now, report);
}

}  // namespace aldis::engine
