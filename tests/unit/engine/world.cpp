// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <algorithm>
#include <utility>

namespace aldis::engine {

namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0F0E0D0C0B0A0908};

// The sum of the series of one name that have some labels. Random tests ask after every event: nothing is
// copied of what nobody asked for.
struct Asking final : ports::MetricReport {
  explicit Asking(std::string_view wanted) : family(wanted.substr(0, wanted.find('{'))) {
    for (std::size_t at = family.size(); at + 1 < wanted.size();) {
      const auto end = wanted.find_first_of(",}", at + 1);
      labels.push_back(wanted.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  void take(std::string_view name, ports::Labels given, double value) {
    if (name != family) { return; }
    for (const auto& wanted : labels) {
      const auto equals = wanted.find('=');
      const bool has = std::any_of(given.begin(), given.end(), [&](const auto& label) {
        return label.first == wanted.substr(0, equals) && label.second == wanted.substr(equals + 1);
      });
      if (!has) { return; }
    }
    sum += value;
    found = true;
  }
  void counter(std::string_view name, ports::Labels given, double value) override {
    take(name, given, value);
  }
  void gauge(std::string_view name, ports::Labels given, double value) override { take(name, given, value); }
  void histogram(std::string_view, ports::Labels, std::span<const double>, std::span<const std::uint64_t>,
                 double) override {}
  std::string_view family;
  std::vector<std::string_view> labels;
  double sum = 0;
  bool found = false;
};

OperatorSettings operator_named(std::string name) {
  OperatorSettings op;
  op.name = std::move(name);
  op.throttle = {.per_second = 10'000, .burst = 10'000, .per_second_min = 1};
  return op;
}

AccountSettings account_named(std::string name) {
  AccountSettings account;
  account.name = std::move(name);
  account.senders.allow = {"re:.*"};
  account.smpp.query_rate = 1000;
  return account;
}

}  // namespace

Address number(std::string_view digits) {
  Address address;
  address.ton = 1;
  address.npi = 1;
  address.digits.assign(digits);
  return address;
}

World::World() {
  settings.node_id = 1;
  settings.storage.segment_octets = spool::kSegmentOctetsMin;
  settings.accounts = {account_named("acme"), account_named("beta")};
  settings.operators = {operator_named("op-a"), operator_named("op-b")};
  RouteSettings all;
  all.name = "all";
  all.candidates = {{"op-a", 1, 1}, {"op-b", 2, 1}};
  RouteSettings only_b;
  only_b.name = "only-b";
  only_b.match.to = {"49"};
  only_b.candidates = {{"op-b", 1, 1}};
  settings.routes = {all, only_b};
  settings.inbound.numbers = {{"60700", "acme"}};
}

World::~World() = default;

// --- the machine ---
// ----------------------------------------------------------------------------------------------------

void World::start() {
  start_only();
  turn();
}

void World::start_only() {
  images = std::make_unique<spool::Images>(
      disk, [](const ports::FileError& error) { throw std::runtime_error(error.sentence); });
  auto restored = std::make_unique<Restored>(now, images.get(), settings.limits.messages_in_memory);
  auto recovered = spool::recover(disk,
                                  {.segment_octets = settings.storage.segment_octets,
                                   .new_journal_id = 0x1234567890ABCDEF,
                                   .images = images.get()},
                                  *restored);
  if (recovered.has_error()) { FAIL(recovered.error().sentence()); }
  directory = std::make_unique<Directory>(settings, restored->names);
  journal = std::make_unique<spool::JournalWriter>(recovered->writer, reserve);
  store = std::make_unique<spool::SegmentStore>(disk, recovered->store, reserve);
  freed_before_ = 0;
  for (const auto& link : directory->links()) { links_[link.id] = {}; }
  engine = std::make_unique<Engine>(
      now, Setup{settings, *directory, *journal, log_, kKey, false, images.get(), webhooks}, *this,
      std::move(restored));
}

void World::collect_batch() {
  if (journal->has_pending()) { unsynced_.push_back(journal->take_batch()); }
}

void World::commit_one() {
  auto committed = store->commit(unsynced_.front());
  REQUIRE(committed.has_value());
  const auto release = engine->releasable();
  if (release.before > freed_before_ && release.durable_first <= journal->durable()) {
    freed_before_ = release.before;
    store->free_before(release.before);
  }
  for (;;) {
    const auto work = store->idle_work(true);
    REQUIRE(work.has_value());
    if (*work == spool::Work::kNone) { break; }
  }
  spool::StoreRoom room = store->room();
  if (full_at_) {
    room = {.prepared_up_to = *full_at_, .disk_full = true, .segments_live = 0, .segments_ready = 0};
  }
  journal->on_room(room);
  journal->give_back(std::move(unsynced_.front()));
  unsynced_.pop_front();
  engine->on(now, JournalDurable{committed->durable});
}

void World::turn() {
  engine->on(now, Tick{});
  collect_batch();
  if (syncs) { sync(); }
}

void World::sync(std::size_t batches) {
  unsigned rounds = 0;
  for (; batches > 0 && !unsynced_.empty(); --batches) {
    REQUIRE(++rounds < 10'000);  // a journal that writes for its own sake
    commit_one();
    engine->on(now, Tick{});
    collect_batch();
  }
}

void World::advance(Duration by) {
  const Instant target = now.mono + by;
  const auto go_to = [this](Instant at) {
    now.wall = now.wall_of(at);
    now.mono = at;
    turn();
  };
  for (unsigned steps = 0;; ++steps) {
    REQUIRE(steps < 200'000);  // deadlines that do not pass
    const Instant next = engine->next_deadline();
    if (next > target) { break; }
    go_to(std::max(next, now.mono + microseconds{1}));
  }
  if (now.mono < target) { go_to(target); }
}

void World::restart(Crash crash, Duration down_for, const testing::SimDisk::Coin& coin) {
  if (crash == Crash::kKeepsUnsynced) {
    for (const auto& batch : unsynced_) { REQUIRE(store->commit(batch).has_value()); }
  } else if (crash == Crash::kTearsUnsynced && !unsynced_.empty()) {
    std::size_t writes = 0;
    for (const auto& piece : unsynced_.front().pieces) { writes += piece.size > 0 ? 1u : 0u; }
    disk.cut_power_at(writes);  // the writes are done, the sync is not
    static_cast<void>(store->commit(unsynced_.front()));
  }
  unsynced_.clear();
  engine.reset();
  store.reset();
  journal.reset();
  directory.reset();
  images.reset();
  disk.crash(coin);
  for (auto& [id, link] : links_) { link = {}; }
  full_at_.reset();
  now.wall += std::chrono::duration_cast<microseconds>(down_for);
  now.mono = Instant{hours{7} + (now.mono - Instant{}) / 3};  // instants mean nothing after a restart
  start();
}

void World::full_disk(double segments_left) {
  const auto octets =
      static_cast<std::uint64_t>(segments_left * static_cast<double>(settings.storage.segment_octets));
  full_at_ = Lsn{journal->position().value() + octets};
  journal->on_room({.prepared_up_to = *full_at_, .disk_full = true, .segments_live = 0, .segments_ready = 0});
}

double World::metric(const std::string& wanted) {
  Asking report{wanted};
  engine->collect(now, report);
  INFO(wanted);
  REQUIRE(report.found);
  return report.sum;
}

double World::pending() {
  double sum = 0;
  for (const char* state : {"queued", "leased", "uncertain", "awaiting_receipt"}) {
    const double level = metric(std::string{"aldis_messages_pending{state="} + state + "}");
    CHECK(level < 1e9);  // a level that went below zero is huge
    sum += level;
  }
  return sum;
}

// --- customers ---
// ------------------------------------------------------------------------------------------------------

void World::bind(SessionId session, AccountId account, std::uint16_t window) {
  event(SessionBound{session, account, true, window});
  turn();
}

void World::unbind(SessionId session) {
  event(SessionClosed{session});
  turn();
}

std::uint32_t World::submit(const Asked& asked) {
  std::vector<Address> destinations;
  for (const auto& to : asked.to) { destinations.push_back(number(to)); }
  Submit request;
  request.token = token();
  request.account = asked.account;
  request.source = number(asked.from);
  request.destinations = destinations;
  request.multi = asked.multi;
  request.registered_delivery = asked.registered;
  request.replace_if_present = asked.replace_if_present;
  request.short_id = asked.short_id;
  request.schedule = asked.schedule;
  request.validity = asked.validity;
  request.body = asked.body;
  request.user_message_reference = asked.reference;
  request.door_notes = asked.door_notes;
  request.idempotency_key = asked.idempotency_key;
  request.request_print = asked.request_print;
  event(request);
  return sequence_;
}

MessageId World::accept(const Asked& asked) {
  const auto sequence = submit(asked);
  turn();
  const auto* answer = submit_answer(sequence);
  REQUIRE(answer != nullptr);
  REQUIRE_FALSE(answer->refusal);
  return answer->id.id;
}

std::uint32_t World::query(MessageId id, AccountId account) {
  event(QueryMessage{token(), account, id, 0, {}});
  return sequence_;
}

Status World::queried(MessageId id) {
  const auto sequence = query(id);
  turn();
  REQUIRE(answered(sequence));
  const auto& answer = std::get<AnswerQuery>(answers.at(sequence));
  REQUIRE_FALSE(answer.refusal);
  return answer.status;
}

std::uint32_t World::cancel(MessageId id, AccountId account, const std::string& to) {
  event(CancelMessage{token(), account, id, 0, {}, {}, number(to)});
  return sequence_;
}

std::uint32_t World::cancel_all(const std::string& from, const std::string& to) {
  event(CancelMessage{token(), kAcme, {}, 0, {}, number(from), number(to)});
  return sequence_;
}

std::uint32_t World::replace(MessageId id, const std::string& body, TimeGiven schedule) {
  event(ReplaceMessage{token(), kAcme, id, 0, {}, schedule, {}, 1, body});
  return sequence_;
}

void World::acknowledge(const Told& which, std::uint32_t status) {
  event(DeliverResult{which.session, which.token, DeliverResult::Kind::kAnswered, status});
}

void World::acknowledge(const Handed& which) {
  event(DeliverResult{which.session, which.token, DeliverResult::Kind::kAnswered, 0});
}

const AnswerSubmit* World::submit_answer(std::uint32_t sequence) const {
  const auto found = answers.find(sequence);
  return found == answers.end() ? nullptr : &std::get<AnswerSubmit>(found->second);
}

std::optional<Refusal> World::refusal(std::uint32_t sequence) const {
  REQUIRE(answered(sequence));
  const auto& effect = answers.at(sequence);
  if (const auto* a = std::get_if<AnswerSubmit>(&effect)) { return a->refusal; }
  if (const auto* a = std::get_if<AnswerQuery>(&effect)) { return a->refusal; }
  if (const auto* a = std::get_if<AnswerCancel>(&effect)) { return a->refusal; }
  return std::get<AnswerReplace>(effect).refusal;
}

// --- operators ---
// ------------------------------------------------------------------------------------------------------

void World::up(LinkId id, std::uint16_t window, std::uint16_t lease_max) {
  LinkModel& link = links_[id];
  link.up = true;
  link.window = window;
  link.lease_max = lease_max;
  ++link.epoch;
  event(LinkBound{id, directory->links()[id.value()].op, true, link.free(), lease_max});
  turn();
}

void World::down(LinkId id, OutcomeClass in_flight) {
  LinkModel& link = links_[id];
  link.up = false;
  for (const PartRef& part : std::exchange(link.in_flight, {})) {
    event(SubmitResult{id, part, {in_flight, 0, {}, {}}, 0, link.lease_max, false, {}});
  }
  event(LinkLost{id});
  turn();
}

void World::credit(LinkId id, std::uint16_t window) {
  LinkModel& link = links_[id];
  if (!link.up) { return; }
  link.window = window;
  event(LinkCredit{id, link.free(), link.lease_max});
}

SubmitResult World::result_of(const Sent& which, OutcomeClass outcome, std::string_view err,
                              std::string_view id) {
  LinkModel& link = links_[which.link];
  return {which.link,  which.part,     {outcome, outcome == OutcomeClass::kOk ? 0u : 8u, id, err},
          link.free(), link.lease_max, false,
          {}};
}

void World::answer(const Sent& which, OutcomeClass outcome, std::string_view err, std::string_view id) {
  auto& flying = links_[which.link].in_flight;
  const auto at = std::find(flying.begin(), flying.end(), which.part);
  REQUIRE(at != flying.end());
  flying.erase(at);
  event(result_of(which, outcome, err, id));
}

void World::late(const Sent& which, OutcomeClass outcome, std::string_view id) {
  SubmitResult result = result_of(which, outcome, {}, id);
  result.late = true;
  event(result);
}

std::uint32_t World::receipt(OperatorId op, std::string_view id, Status state, const ReceiptFields& fields) {
  OperatorReceipt receipt;
  receipt.request = {op == kOpB ? kLinkB : fields.link, 1, ++sequence_, false};
  receipt.op = op;
  receipt.id_text = id;
  receipt.state = state;
  receipt.accepted_word = fields.accepted_word;
  receipt.err = fields.err;
  receipt.source = number(fields.to);
  receipt.destination = number(fields.from);
  receipt.received_at = now.wall;
  event(receipt);
  return sequence_;
}

std::uint32_t World::inbound(OperatorId op, std::string_view to, std::string_view body) {
  OperatorInbound message;
  message.request = {op == kOpB ? kLinkB : kLinkA, 1, ++sequence_, false};
  message.op = op;
  message.source = number("447700900777");
  message.destination = number(to);
  message.body = body;
  event(message);
  return sequence_;
}

bool World::acknowledged(std::uint32_t sequence) const {
  return std::find(acks.begin(), acks.end(), sequence) != acks.end();
}

// --- what left ---
// ------------------------------------------------------------------------------------------------------

Sent World::sent_one() {
  const auto all = take_sent();
  REQUIRE(all.size() == 1);
  return all.front();
}

Told World::told_one() {
  const auto all = take_told();
  REQUIRE(all.size() == 1);
  return all.front();
}

void World::on(const Now&, const Effect& effect) {
  if (const auto* send = std::get_if<SendOnLink>(&effect)) {
    LinkModel& link = links_[send->link];
    if (!link.up) {  // as egress does when its link went down in this very turn
      engine->on(
          now,
          SubmitResult{
              send->link, send->part, {OutcomeClass::kNotSent, 0, {}, {}}, 0, link.lease_max, false, {}});
      return;
    }
    REQUIRE(link.free() > 0);
    link.in_flight.push_back(send->part);
    const Part& part = send->message->parts[send->part.part];
    sent.push_back({send->link, send->part, std::string{send->message->destination.digits.view()},
                    std::string{send->payload.body}, part.attempt, part.uncertain, send->validity_left});
  } else if (const auto* receipt = std::get_if<DeliverReceipt>(&effect)) {
    REQUIRE(receipt->message != nullptr);
    told.push_back({receipt->session, receipt->token, receipt->message_id, receipt->id.id, receipt->status,
                    receipt->intermediate, receipt->accepted_word, std::string{receipt->err.view()},
                    std::string{receipt->message->destination.digits.view()}, receipt->parts_delivered});
  } else if (const auto* inbound_one = std::get_if<DeliverInbound>(&effect)) {
    handed.push_back(
        {inbound_one->session, inbound_one->token, inbound_one->inbound->id, inbound_one->inbound->body});
  } else if (const auto* call = std::get_if<CallWebhook>(&effect)) {
    called.push_back(*call);
  } else if (const auto* notice = std::get_if<WebhookNoticed>(&effect)) {
    noticed.push_back(*notice);
  } else if (const auto* ack = std::get_if<AnswerOperator>(&effect)) {
    acks.push_back(ack->request.sequence);
  } else if (const auto* a = std::get_if<AnswerSubmit>(&effect)) {
    answers.emplace(a->token.sequence, effect);
  } else if (const auto* q = std::get_if<AnswerQuery>(&effect)) {
    answers.emplace(q->token.sequence, effect);
  } else if (const auto* c = std::get_if<AnswerCancel>(&effect)) {
    answers.emplace(c->token.sequence, effect);
  } else if (const auto* r = std::get_if<AnswerReplace>(&effect)) {
    answers.emplace(r->token.sequence, effect);
  } else if (const auto* stored = std::get_if<StoredChanged>(&effect)) {
    answers.emplace(stored->token.sequence, effect);
  }
}

}  // namespace aldis::engine
