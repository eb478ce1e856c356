// SPDX-License-Identifier: Apache-2.0
#include "daemon/gateway.hpp"

#include <algorithm>

#include "aldis/core/directory.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/engine/restored.hpp"
#include "aldis/ingress/webhook_book.hpp"
#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/secrets.hpp"
#include "daemon/options.hpp"
#include "daemon/wiring.hpp"

namespace aldis::daemon {

namespace {

constexpr Duration kUnbindGrace = seconds{5};
constexpr std::size_t kKeyOctets = 16;
constexpr std::size_t kCheckOctets = 8;  // behind the key in its file
constexpr std::string_view kKeyFile = "installation.key";

ports::FileError key_error(std::string_view what) {
  std::string sentence{kKeyFile};
  sentence.append(what);
  return {0, std::move(sentence)};
}

// What stands behind the key in its file: another key, by a single bit, would read every id wrongly.
std::string key_check(Octets key) {
  const std::uint64_t sum = siphash24(SipKey::from(key), kKeyFile);
  std::string octets;
  for (unsigned i = 0; i < kCheckOctets; ++i) { octets.push_back(static_cast<char>(sum >> (8 * i) & 0xFFu)); }
  return octets;
}

// The key behind message ids, made once: an installation that loses it cannot read the ids it gave out.
// Where there is a journal, ids were given out under the key that must be there.
Result<SipKey, ports::FileError> installation_key(ports::Files& files, ports::Files& journal) {
  const auto names = files.list();
  if (names.has_error()) { return names.error(); }
  std::string octets;
  if (std::find(names->begin(), names->end(), kKeyFile) != names->end()) {
    auto file = files.open(kKeyFile);
    if (file.has_error()) { return file.error(); }
    if (const auto got = (*file)->read_at(0, kKeyOctets + kCheckOctets, octets); got.has_error()) {
      return got.error();
    }
    const Octets key = Octets{octets}.substr(0, kKeyOctets);
    if (octets.size() == kKeyOctets + kCheckOctets && key_check(key) == octets.substr(kKeyOctets)) {
      return SipKey::from(key);
    }
    return key_error(" is damaged or cut short: restore it from a backup");
  }
  const auto segments = journal.list();
  if (segments.has_error()) { return segments.error(); }
  if (!segments->empty()) {
    return key_error(
        " is missing beside a journal: restore it from a backup. Without it no message id that was given out "
        "can be read; to begin anew, move the journal away");
  }
  constexpr std::string_view kTemporary = "installation.key.new";
  if (std::find(names->begin(), names->end(), kTemporary) != names->end()) {
    if (const auto gone = files.remove(kTemporary); gone.has_error()) { return gone.error(); }
  }
  octets = runtime::random_octets(kKeyOctets);
  auto file = files.create(kTemporary);
  if (file.has_error()) { return file.error(); }
  if (const auto done = (*file)->write_at(0, octets + key_check(octets)); done.has_error()) {
    return done.error();
  }
  if (const auto done = (*file)->sync(); done.has_error()) { return done.error(); }
  if (const auto done = files.rename(kTemporary, kKeyFile); done.has_error()) { return done.error(); }
  if (const auto done = files.sync_directory(); done.has_error()) { return done.error(); }
  return SipKey::from(octets);
}

int exit_code_of(const spool::Damage& damage) {
  return damage.kind == spool::Damage::Kind::kFiles ? kExitDirectory : kExitJournal;
}

}  // namespace

struct Gateway::Impl {
  explicit Impl(Setup setup_in)
      : setup(std::move(setup_in)), guard(setup.directory, setup.mirror, setup.restore) {}

  // In the order of construction; destroyed in the reverse.
  Setup setup;
  RestoreGuard guard;
  std::optional<PublicIds> public_ids;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<ingress::StoredWebhooks> webhooks;
  std::unique_ptr<spool::Images> images;
  std::unique_ptr<spool::JournalWriter> journal;
  std::unique_ptr<spool::SegmentStore> store;
  std::unique_ptr<runtime::PasswordPool> passwords;
  std::unique_ptr<runtime::Connector> connector;
  std::unique_ptr<Wiring> wiring;
  std::unique_ptr<ingress::SmppServer> sessions;
  std::unique_ptr<egress::Operators> operators;
  std::unique_ptr<engine::Engine> engine;
  std::vector<std::pair<std::string, std::unique_ptr<runtime::Listener>>> listeners;

  enum class Stop : std::uint8_t { kNo, kDraining, kUnbinding, kDone };
  Stop stop = Stop::kNo;
  Instant stop_by = kNever;
  std::unique_ptr<runtime::Alarm> stop_alarm;

  std::optional<Refused> open_storage(std::unique_ptr<engine::Restored>& restored, SipKey& key);
  std::optional<Refused> prepare_reserve(bool first_start);
  std::optional<Refused> report_held(engine::Restored& restored, SipKey key);
  void make_engine(std::unique_ptr<engine::Restored> restored, SipKey key);
  std::optional<Refused> open_doors();
  void continue_stop(const Now& now);
};

Gateway::Gateway(Setup setup) : impl_(std::make_unique<Impl>(std::move(setup))) {}
Gateway::~Gateway() = default;

std::optional<Gateway::Refused> Gateway::open() {
  std::unique_ptr<engine::Restored> restored;
  SipKey key;
  if (const auto refused = impl_->open_storage(restored, key)) { return refused; }
  if (const auto refused = impl_->report_held(*restored, key)) { return refused; }
  impl_->make_engine(std::move(restored), key);
  return impl_->open_doors();
}

std::optional<Gateway::Refused> Gateway::Impl::open_storage(std::unique_ptr<engine::Restored>& restored,
                                                            SipKey& key) {
  const auto& storage = setup.settings.storage;
  const auto key_read = installation_key(setup.directory, setup.journal);
  if (key_read.has_error()) { return Refused{key_read.error().sentence, kExitDirectory}; }
  key = *key_read;
  const Now began = runtime::read_clocks();
  images = std::make_unique<spool::Images>(setup.journal, setup.fail_stop);
  restored =
      std::make_unique<engine::Restored>(began, images.get(), setup.settings.limits.messages_in_memory);
  const auto id_octets = runtime::random_octets(8);
  const auto recovered = spool::recover(
      setup.journal,
      {.segment_octets = storage.segment_octets,
       .new_journal_id = SipKey::from(id_octets).k0,
       .generation = [this](std::uint64_t id, std::uint32_t newest) { return guard.generation(id, newest); },
       .images = images.get()},
      *restored);
  if (recovered.has_error()) {
    return Refused{recovered.error().sentence(), exit_code_of(recovered.error())};
  }
  if (const auto done = guard.started(); done.has_error()) {  // a hint only: without it no copy is found out
    setup.log.warn("restore.mirror_failed", {{"reason", done.error().sentence}});
  }
  journal = std::make_unique<spool::JournalWriter>(recovered->writer, storage.reserve_segments);
  store = std::make_unique<spool::SegmentStore>(setup.journal, recovered->store, storage.reserve_segments);
  setup.log.info("daemon.recovered",
                 {{"count", recovered->records},
                  {"messages", std::uint64_t{restored->messages.size()}},
                  {"rewritten", recovered->records_rewritten},
                  {"torn_octets", recovered->octets_torn},
                  {"generation", std::uint64_t{recovered->writer.generation}},
                  {"took_ms", (runtime::read_clocks().mono - began.mono) / milliseconds{1}}});
  return prepare_reserve(recovered->created);
}

// The reserve must be there before anything is accepted. Who owes something to somebody starts without it,
// too, and takes nothing until there is space.
std::optional<Gateway::Refused> Gateway::Impl::prepare_reserve(bool first_start) {
  const auto& storage = setup.settings.storage;
  for (;;) {
    const auto work = store->idle_work(true);
    if (work.has_error()) { return Refused{work.error().sentence, kExitStore}; }
    if (first_start && store->room().disk_full && store->room().segments_ready == 0) {
      const auto wanted = (storage.segment_octets * (storage.reserve_segments + 1)) >> 20;
      return Refused{"no space for the journal in " + storage.path + "/journal: free at least " +
                         std::to_string(wanted) + " MiB",
                     kExitDirectory};
    }
    if (*work == spool::Work::kNone || store->room().disk_full || store->room().segments_ready > 0) { break; }
  }
  journal->on_room(store->room());
  return std::nullopt;
}

// What would be sent, for people to read before they confirm it.
std::optional<Gateway::Refused> Gateway::Impl::report_held(engine::Restored& restored, SipKey key) {
  if (!guard.held()) { return std::nullopt; }
  const Directory names(setup.settings, restored.names);
  const auto count = guard.write_report(restored, names, PublicIds{key});
  if (count.has_error()) { return Refused{count.error().sentence, kExitDirectory}; }
  setup.log.warn("restore.held", {{"messages", *count},
                                  {"generation", std::uint64_t{journal->start().generation}},
                                  {"generation_seen", std::uint64_t{guard.seen()}},
                                  {"report", setup.settings.storage.path + "/restore-report.jsonl"},
                                  {"confirm", "aldisd --restore-confirmed"}});
  return std::nullopt;
}

void Gateway::Impl::make_engine(std::unique_ptr<engine::Restored> restored, SipKey key) {
  const Settings& settings = setup.settings;
  runtime::Loop& loop = setup.loop;
  directory = std::make_unique<Directory>(settings, restored->names);
  public_ids.emplace(key);
  passwords = std::make_unique<runtime::PasswordPool>(loop);
  connector = std::make_unique<runtime::Connector>(loop);
  const std::uint64_t kept_octets = setup.history ? settings.limits.disk_budget / 2 : 0;
  wiring = std::make_unique<Wiring>(
      Wiring::Parts{loop, *journal, *store, setup.log, setup.fail_stop, setup.journal,
                    settings.limits.disk_budget, setup.memory_share,
                    std::max<std::uint64_t>(kept_octets / journal->start().segment_octets, setup.history)});
  sessions = std::make_unique<ingress::SmppServer>(
      ingress::ServerSetup{settings.smpp, *directory, *public_ids, *passwords, setup.log,
                           SipKey::from(runtime::random_octets(kKeyOctets)),
                           [this](AccountId account) { return engine->owed(account) > 0; }},
      *wiring);
  operators = std::make_unique<egress::Operators>(
      egress::OperatorsSetup{*directory, setup.random, setup.log,
                             [this](const std::string& host, Duration timeout, ports::ByteProtocol& link) {
                               connector->connect(
                                   {.target = host, .source_ip = {}, .timeout = timeout, .wire = {}},
                                   runtime::borrow(link));
                             }},
      *wiring);
  webhooks = std::make_unique<ingress::StoredWebhooks>(*directory);
  engine = std::make_unique<engine::Engine>(loop.now(),
                                            engine::Setup{settings, *directory, *journal, setup.log, key,
                                                          guard.held(), images.get(), webhooks.get()},
                                            *wiring, std::move(restored));
  wiring->connect(*engine, *sessions, *operators);
  loop.at_turn_end([this](const Now& now) {
    wiring->turn_end(now);
    if (stop != Stop::kNo) { continue_stop(now); }
  });
  stop_alarm = std::make_unique<runtime::Alarm>(loop, [](const Now&) {});
}

std::optional<Gateway::Refused> Gateway::Impl::open_doors() {
  const auto& smpp = setup.settings.smpp;
  for (const auto& listener : smpp.listeners) {
    auto opened = runtime::Listener::open(
        setup.loop,
        {.address = listener.address,
         .connections_max = listener.connections_max,
         // The kernel must not be quicker than the write stall: a customer that does not read is no dead one.
         // Dead peers are found by enquire_link.
         .wire = {.write_stall = smpp.timers.write_stall,
                  .user_timeout = smpp.timers.write_stall + seconds{15}}},
        [this, &listener](std::string_view peer_address) -> runtime::ProtocolPtr {
          return sessions->accept(setup.loop.now(), listener, peer_address);
        });
    if (opened.has_error()) {
      return Refused{opened.error() + " (smpp.listeners[" + listener.name + "])", kExitConfig};
    }
    setup.log.info("listener.opened", {{"listener", listener.name}, {"address", (*opened)->address()}});
    listeners.emplace_back(listener.name, std::move(*opened));
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> Gateway::addresses() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, listener] : impl_->listeners) { out.emplace_back(name, listener->address()); }
  return out;
}

const Directory& Gateway::directory() const { return *impl_->directory; }
const PublicIds& Gateway::public_ids() const { return *impl_->public_ids; }
EventSink& Gateway::events() { return *impl_->wiring; }
void Gateway::connect(WebBridge* bridge) { impl_->wiring->connect(bridge); }
void Gateway::visit_stored(const std::function<void(const Stored&)>& visit) const {
  impl_->engine->visit_stored(visit);
}

std::uint64_t Gateway::journal_id() const { return impl_->journal->start().journal_id; }
std::uint64_t Gateway::segment_octets() const { return impl_->journal->start().segment_octets; }
Lsn Gateway::durable() const { return impl_->journal->durable(); }
void Gateway::history_needs(spool::SegmentNumber from) { impl_->wiring->history_needs(from); }

void Gateway::start() { impl_->operators->start(impl_->setup.loop.now()); }

// --- stopping: no new requests, answers for what is open, unbind, last sync ---

void Gateway::begin_stop(const Now& now) {
  Impl& g = *impl_;
  g.stop = Impl::Stop::kDraining;
  g.stop_by = now.mono + g.setup.settings.drain;
  g.stop_alarm->set(g.stop_by);
  g.setup.log.info("daemon.draining", {{"messages", std::uint64_t{g.engine->messages_live()}}});
  g.listeners.clear();
  g.wiring->on(now, Event{Drain{}});
  g.sessions->drain(now);
}

void Gateway::Impl::continue_stop(const Now& now) {
  runtime::Loop& loop = setup.loop;
  if (stop == Stop::kDraining && ((engine->drained() && wiring->store_idle()) || now.mono >= stop_by)) {
    stop = Stop::kUnbinding;
    stop_by = now.mono + kUnbindGrace;
    stop_alarm->set(stop_by);
    operators->unbind_all(now);
  }
  if (stop == Stop::kUnbinding && (loop.connections() == 0 || now.mono >= stop_by)) {
    stop = Stop::kDone;
    loop.close_connections();
  }
  // What finds no space was never promised.
  if (stop == Stop::kDone && loop.connections() == 0 && (wiring->store_idle() || wiring->waits_for_space())) {
    loop.stop();
  }
}

bool Gateway::held() const { return impl_->guard.held(); }

bool Gateway::stopping() const { return impl_->stop != Impl::Stop::kNo; }

void Gateway::collect(const Now& now, ports::MetricReport& report) {
  const Impl& g = *impl_;
  report.gauge("aldis_ready", {}, stopping() ? 0 : 1);
  g.engine->collect(now, report);
  g.sessions->collect(report);
  g.operators->collect(report);
  const auto& timings = g.wiring->timings();
  report.counter("aldis_journal_syncs_total", {}, static_cast<double>(timings.commits));
  report.counter("aldis_journal_written_bytes_total", {}, static_cast<double>(timings.octets));
}

}  // namespace aldis::daemon
