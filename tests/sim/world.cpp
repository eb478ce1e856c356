// SPDX-License-Identifier: Apache-2.0
#include "sim/world.hpp"

#include <algorithm>
#include <cmath>

#include "aldis/smpp/printer.hpp"

namespace aldis::sim {

namespace {
constexpr Duration kDrainMax = minutes{10};
// a link whose login was refused three times is tried after 10 to 20
constexpr double kTurnsOfBind = 20;
constexpr Duration kHeldLinkMax = minutes{20};

// What it is, and the text that the printer would not show.
std::string line_of(const smpp::Pdu& pdu) {
  std::string line{smpp::describe(pdu)};
  Octets text;
  if (const auto* submit = std::get_if<smpp::SubmitSm>(&pdu.body)) { text = smpp::body_of(*submit); }
  if (const auto* deliver = std::get_if<smpp::DeliverSm>(&pdu.body)) { text = deliver->short_message; }
  if (const auto* answer = std::get_if<smpp::SubmitSmResp>(&pdu.body)) {
    line += " id " + std::string{answer->message_id};
  }
  for (const char c : text) {
    if (c >= ' ' && c <= '~') { line += c; }
  }
  return line;
}
}  // namespace

World::World(const Options& options)
    : options_(options),
      chance_(options.seed, "world"),
      faults(options.seed, options.shape),
      network(events, faults, options.seed),
      machine(events, network, faults, options.seed, settings),
      began_(events.now()) {
  network.stamp = [this] { return (std::uint64_t{machine.lives()} << 40) | machine.commits(); };
  machine.on_log = [this](std::string_view line) {
    if (const auto at = line.find("message.resent operator=op"); at != std::string_view::npos) {
      ++ledger.flags[static_cast<std::uint32_t>(line[at + 26] - '0')];
    }
    if (traces()) { trace(kStaff, line); }
  };
  if (traces()) {
    network.on_said = [this](std::uint32_t actor, Octets octets) {
      smpp::Pdu pdu;
      const bool told = octets.size() >= 16 && !smpp::decode_into(octets, smpp::Strictness::kLink, pdu);
      trace(actor, told ? ">> " + line_of(pdu) : std::string{">> garbage"});
    };
  }
  machine.note = [this](std::string_view what) { note(kStaff, 0, what); };
  machine.life_begins = [this] { ledger.lives.begins(machine.lives(), machine.commits()); };
  for (const Fault fault : options.without) { faults.disable(fault); }
  if (options.coverage) {
    faults.on_fired = [this](Fault fault) { cover(fault); };
  }
  draw_settings();
  draw_actors();
}

const char* World::stage_name(std::size_t stage) {
  constexpr std::array<const char*, kStages> kNames{"asked",      "accepted", "on_the_wire",
                                                    "at_network", "told",     "done"};
  return kNames[stage];
}

void World::cover(Fault fault) {
  std::array<bool, kStages> seen{};
  for (const auto& [token, entry] : ledger.entries()) {
    if (entry.refused) { continue; }
    std::size_t stage = 0;
    if (!entry.told.empty()) {
      stage = entry.told.back().answer_read ? 5 : 4;
    } else if (!entry.submissions.empty()) {
      stage = entry.submissions.back().answer_read ? 3 : 2;
    } else if (entry.answered) {
      stage = 1;
    }
    seen[stage] = true;
  }
  for (std::size_t s = 0; s < kStages; ++s) {
    coverage_[static_cast<std::size_t>(fault)][s] += seen[s] ? 1u : 0u;
  }
}

World::~World() {
  if (!traces()) { return; }  // for whoever looks for what went wrong: how it stood in the end
  const MetricValues values = machine.metrics();
  for (const auto& [name, value] : values.all()) {
    if (value != 0) { trace(kStaff, name + " " + std::to_string(value)); }
  }
}

void World::draw_settings() {
  Chance c{options_.seed, "settings"};
  const auto accounts = 1 + c.below(3);
  const auto operators = 1 + c.below(3);
  const bool long_lives = c.one_in(0.4) && !faults.enabled(Fault::kOpEmptyId);
  settings.storage.segment_octets = 64u << (10 + c.below(3));
  settings.storage.reserve_segments = static_cast<std::uint32_t>(1 + c.below(4));
  settings.drain = seconds{1 + c.below(15)};
  settings.limits.receipt_grace = seconds{10 + c.below(60)};
  settings.limits.orphan_retention = hours{1};
  if (c.one_in(0.1)) { settings.limits.messages_max = 20 + c.below(200); }
  if (c.one_in(0.6)) { settings.limits.messages_in_memory = c.below(30); }
  settings.smpp.listeners.push_back({.name = "main", .address = kGatewayAddress});
  settings.smpp.timers.response = seconds{5 + c.below(20)};
  settings.smpp.unbound_per_source = 100;
  for (std::uint64_t i = 0; i < accounts; ++i) {
    AccountSettings account;
    account.name = "account" + std::to_string(i);
    LoginSettings login;
    login.user = "user" + std::to_string(i);
    const std::string password = password_of(static_cast<std::uint32_t>(i));
    if (c.one_in(0.5)) {
      login.password = Secret{password};
    } else {
      login.password_hash = "$sim$" + password;
    }
    account.logins.push_back(login);
    account.smpp.allow_ips = {"10.0.0.0/8"};
    account.smpp.binds_max = 20;
    account.smpp.window_in = static_cast<std::uint32_t>(1 + c.below(50));
    account.smpp.window_out = static_cast<std::uint32_t>(1 + c.below(20));
    constexpr std::array kFormats{MessageIdFormat::kHex, MessageIdFormat::kUuid, MessageIdFormat::kDec};
    account.smpp.message_id = kFormats[c.below(kFormats.size())];
    account.queue_max = 100 + c.below(5000);
    account.senders.allow = {"re:7.*"};
    account.validity = long_lives ? Duration{hours{2}} : Duration{seconds{60 + c.below(240)}};
    account.at_most_once = c.one_in(0.2);
    account.receipts.mode = ReceiptMode::kAsAsked;
    if (c.one_in(0.2)) {
      account.throttle = ThrottleSettings{.per_second = 1.0 + static_cast<double>(c.below(20)), .burst = 5};
    }
    settings.accounts.push_back(account);
  }
  for (std::uint64_t i = 0; i < operators; ++i) {
    OperatorSettings op;
    op.name = "op" + std::to_string(i);
    op.hosts = {"op-" + std::to_string(i) + ":2775"};
    op.system_id = "aldis";
    op.password = Secret{"canaryop"};
    op.binds_transceiver = static_cast<std::uint32_t>(1 + c.below(2));
    op.throttle.per_second = std::exp2(2.0 + 7.0 * c.uniform());
    op.throttle.burst = static_cast<std::uint32_t>(1 + c.below(20));
    op.window.max = static_cast<std::uint32_t>(1 + c.below(50));
    op.window.start = static_cast<std::uint32_t>(1 + c.below(op.window.max));
    op.window.min = 1;
    op.timers.response = seconds{3 + c.below(20)};
    op.timers.enquire_link = seconds{10 + c.below(20)};
    op.uncertain_hold = seconds{c.below(16)};
    op.in_doubt = c.one_in(0.2) ? InDoubt::kFail : InDoubt::kResend;
    op.attempts_max = static_cast<std::uint32_t>(3 + c.below(8));
    op.failover_permanent = c.one_in(0.3);
    constexpr std::array kForms{LongForm::kUdh8, LongForm::kUdh16, LongForm::kSar};
    op.long_form = kForms[c.below(kForms.size())];
    settings.operators.push_back(op);
    ledger.operators.push_back({.per_second = op.throttle.per_second,
                                .burst = op.throttle.burst,
                                .window_max = op.window.max,
                                .response = op.timers.response,
                                .links = op.binds_transceiver,
                                .lease = 2 * op.window.max * op.binds_transceiver,
                                .fails_in_doubt = op.in_doubt == InDoubt::kFail});
  }
  for (std::uint64_t i = 0; i < operators; ++i) {  // numbers 49i... go to operator i, then to the next one
    RouteSettings route;
    route.name = "route" + std::to_string(i);
    route.match.to = {"49" + std::to_string(i)};
    route.candidates.push_back({.op = "op" + std::to_string(i), .tier = 1});
    if (operators > 1) {
      route.candidates.push_back({.op = "op" + std::to_string((i + 1) % operators), .tier = 2});
    }
    settings.routes.push_back(route);
  }
  for (std::uint32_t i = 0; i < accounts; ++i) {
    settings.inbound.numbers.push_back({.number = number_of(i), .account = settings.accounts[i].name});
  }
  Chance more{options_.seed, "more settings"};
  for (auto& op : settings.operators) { op.unflagged_receipts = more.one_in(0.3); }
  ledger.accounts = static_cast<std::uint32_t>(accounts);
  ledger.deliver_response = settings.smpp.timers.response;
  ledger.calm = options_.shape == Shape::kCalm;
  ledger.routed = [operators](const Entry& entry, std::uint32_t op) {
    const auto first = static_cast<std::uint32_t>(entry.to[2] - '0');
    return op == first || op == (first + 1) % operators;
  };
}

void World::draw_actors() {
  Chance c{options_.seed, "actors"};
  for (std::uint32_t i = 0; i < settings.operators.size(); ++i) {
    using Ids = OperatorSite::Plan::Ids;
    constexpr std::array kIds{Ids::kSame, Ids::kHexThenDecimal, Ids::kDecimalThenHex, Ids::kPadded};
    operators_.push_back(std::make_unique<OperatorSite>(
        *this, OperatorSite::Plan{.number = i,
                                  .ids = kIds[c.below(kIds.size())],
                                  .receipts_as_tlvs = c.one_in(0.5),
                                  .answer_max = milliseconds{1 + c.below(500)},
                                  .receipt_max = milliseconds{100 + c.below(10'000)}}));
    constexpr std::array kDialects{IdDialect::kSame, IdDialect::kReceiptDec, IdDialect::kReceiptHex};
    static_cast<void>(kDialects);
  }
  const auto accounts = static_cast<std::uint32_t>(settings.accounts.size());
  const auto count = std::max<std::uint64_t>(accounts, 1 + c.below(6));
  for (std::uint32_t i = 0; i < count; ++i) {
    Customer::Plan plan;
    plan.number = i;
    plan.account = i % accounts;
    constexpr std::array kBinds{smpp::CommandId::kBindTransceiver, smpp::CommandId::kBindTransmitter,
                                smpp::CommandId::kBindReceiver};
    if (i >= accounts) { plan.bind = kBinds[c.below(kBinds.size())]; }
    plan.window = static_cast<std::uint32_t>(1 + c.below(20));
    plan.per_second = std::exp2(4.0 * c.uniform() - 1.0);
    plan.long_texts = c.one_in(0.5) ? 0.1 : 0;
    plan.unregistered = c.one_in(0.3) ? 0.1 : 0;
    plan.validities = c.one_in(0.3) ? 0.1 : 0;
    for (std::size_t op = 0; op < settings.operators.size(); ++op) {
      plan.prefixes.push_back("49" + std::to_string(op));
    }
    customers_.push_back(std::make_unique<Customer>(*this, std::move(plan)));
  }
}

void World::trace(std::uint32_t actor, std::string_view what) {
  if (!traces()) { return; }
  std::fprintf(options_.trace, "%12.6f %u %6llu %3u %.*s\n",
               std::chrono::duration<double>(simulated()).count(), machine.lives(),
               static_cast<unsigned long long>(machine.commits()), actor, static_cast<int>(what.size()),
               what.data());
}

void World::note(std::uint32_t actor, std::uint32_t kind, std::string_view what) {
  trace_.add(events.now(), actor, kind, what);
  trace(actor, what);
}

void World::saw(std::uint32_t actor, const smpp::Pdu& pdu, const Socket::Piece& last) {
  trace_.add(events.now(), actor, static_cast<std::uint32_t>(pdu.header.command_id), pdu.octets);
  if (!traces()) { return; }
  const auto ago = [this](Instant then) { return std::to_string((events.now() - then) / microseconds{1}); };
  trace(actor, "<< (" + ago(last.sent_at) + " us, asked within " + ago(last.since) + ") " + line_of(pdu));
}

void World::receipt_acknowledged(const OperatorBind::Receipt& receipt, const Moment& at) {
  if (receipt.token != 0 && is_final(receipt.state)) {
    Submission& about = ledger.find(receipt.token)->submissions[receipt.submission];
    if (about.first_acknowledged) { return; }
    about.first_acknowledged = receipt.state;
    // One that contradicts an earlier one changes nothing, and needs no commit of its own.
    const Moment& read =
        std::min_element(about.receipt_read.begin(), about.receipt_read.end(),
                         [](const auto& a, const auto& b) { return a.second.commits < b.second.commits; })
            ->second;
    const auto& all = ledger.find(receipt.token)->submissions;
    const auto same_part = [&](const Submission& one) { return one.part == about.part; };
    // another one's verdict may stand already
    if (std::count_if(all.begin(), all.end(), same_part) > 1) { return; }
    const bool ids_tell_apart = !faults.enabled(Fault::kOpReusedId) && !faults.enabled(Fault::kOpEmptyId);
    if (ids_tell_apart && Lives::before_any_commit(read, at)) {
      throw Violation{"I3: a receipt for " + text_of_token(receipt.token) +
                      " was acknowledged before anything was durable"};
    }
  }
}

void World::plan_staff() {
  events.after(seconds{5}, staff_, [this] {
    staff();
    plan_staff();
  });
}

// Every five seconds somebody looks after the machine, or does not.
void World::staff() {
  constexpr double kPerMinute = 1.0 / 12;
  const Duration down = milliseconds{10 + chance_.below(8000)};
  if (faults.fires(Fault::kKill, kPerMinute)) {
    machine.end(Machine::End::kKill, down);
  } else if (faults.fires(Fault::kPower, kPerMinute)) {
    machine.end(Machine::End::kPower, down);
  } else if (faults.fires(Fault::kTerm, kPerMinute)) {
    machine.terminate();
  } else if (faults.fires(Fault::kCrashInDisk, kPerMinute)) {
    machine.crash_in_disk(chance_.below(20));
  }
  if (faults.fires(Fault::kDiskFull, kPerMinute)) {
    machine.fill_disk(true);
    events.after(seconds{1 + chance_.below(20)}, staff_, [this] { machine.fill_disk(false); });
  }
  if (faults.fires(Fault::kClockStep, kPerMinute)) {
    constexpr std::array kSteps{hours{1}, hours{-1}, hours{24 * 365}, hours{-24 * 365}};
    ledger.clock_stepped();
    events.step_wall(kSteps[chance_.below(kSteps.size())]);
  }
  for (const auto& op : operators_) {
    if (faults.fires(Fault::kOpInbound)) { op->inbound(true); }
    if (faults.fires(Fault::kOpHandset)) { op->inbound(false); }
  }
  const MetricValues values = machine.metrics();
  static_cast<void>(values);
}

// Caps hold at all times: looked at every five seconds.
void World::look() {
  if (machine.running()) {
    const MetricValues values = machine.metrics();
    const auto judge = [](double is, double cap, const char* of) {
      if (is > cap) {
        throw Violation{std::string{"I14: "} + std::to_string(is) + " " + of + ", " + std::to_string(cap) +
                        " are allowed"};
      }
    };
    const auto& limits = settings.limits;
    judge(values.sum("aldis_messages_pending"), static_cast<double>(limits.messages_max), "live messages");
    judge(values.sum("aldis_receipts_orphaned"), static_cast<double>(limits.orphans_in_memory), "orphans");
  }
  events.after(seconds{5}, staff_, [this] { look(); });
}

void World::run_until(Instant until) {
  bool more = true;
  while (more) {
    machine.guarded([&] { more = events.step(until); });
  }
}

void World::heal() {
  note(kStaff, 1, "heal");
  faults.heal();
  machine.heal();
  network.heal();
  for (const auto& op : operators_) { op->heal(); }
  for (const auto& customer : customers_) { customer->heal(); }
}

bool World::drained() {
  if (!machine.running()) { return false; }
  const MetricValues values = machine.metrics();
  if (values.sum("aldis_messages_pending") > 0) { return false; }
  if (std::any_of(operators_.begin(), operators_.end(), [](const auto& op) { return op->owed() > 0; })) {
    return false;
  }
  if (!ledger.inbound.drained()) { return false; }
  const auto& entries = ledger.entries();
  return std::all_of(entries.begin(), entries.end(), [](const auto& one) {
    const Entry& entry = one.second;
    return !entry.answered || !entry.wants_receipt || !entry.told.empty();
  });
}

void World::run() {
  for (const auto& op : operators_) { op->start(); }
  machine.guarded([this] { machine.start(); });
  for (const auto& customer : customers_) { customer->start(); }
  plan_staff();
  look();
  const Duration safety = seconds{60 + chance_.below(240)} * options_.length;
  run_until(began_ + std::min(options_.until, safety));
  if (options_.until <= safety) { return; }
  heal();
  const bool held = faults.fired()[static_cast<std::size_t>(Fault::kOpBindRefused)] > 0;
  Instant drain_by = events.now() + kDrainMax + (held ? kHeldLinkMax : Duration{});
  // A window of 1 and slow answers let through what they let through: while a part a second goes, it goes on.
  std::uint64_t sent = ledger.totals().sent;
  for (Instant look_at = events.now() + minutes{1}; events.now() < drain_by && !drained();) {
    run_until(events.now() + seconds{2});
    if (events.now() < look_at) { continue; }
    if (ledger.totals().sent - sent >= 60) { drain_by = std::max(drain_by, events.now() + minutes{2}); }
    sent = ledger.totals().sent;
    look_at = events.now() + minutes{1};
  }
  ledger.check_drained(moment());
  ledger.check_flags();
  if (!drained()) { throw Violation{"I15: not drained in time after all had healed"}; }
  judge_idling();
  machine.check_journal();
}

// A gateway that spins does so in every minute, whoever comes: a customer that is refused again and again
// costs its turns. A minute in which the process is replaced says nothing.
void World::judge_idling() {
  std::uint64_t turns = 0;
  for (int minute = 0; minute < 5; ++minute) {
    const std::uint64_t before = machine.turns();
    const double binds = machine.metrics().sum("aldis_session_binds_total");
    const auto lives = machine.lives();
    run_until(events.now() + minutes{1});
    if (machine.lives() != lives || machine.turns() < before) { continue; }
    turns = machine.turns() - before;
    const double bound = machine.metrics().sum("aldis_session_binds_total") - binds;
    // until it is lower
    const double measuring = machine.metrics().sum("aldis_pressure_level") > 0 ? 300 : 0;
    if (static_cast<double>(turns) <= 600 + measuring + kTurnsOfBind * bound) { return; }
  }
  throw Violation{"I15: " + std::to_string(turns) +
                  " turns in a minute of idling, and no fewer in four others"};
}

}  // namespace aldis::sim
