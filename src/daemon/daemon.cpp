// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.hpp"

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "aldis/core/directory.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/engine/restored.hpp"
#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/posix_files.hpp"
#include "aldis/runtime/secrets.hpp"
#include "aldis/telemetry/log.hpp"
#include "aldis/telemetry/prometheus.hpp"
#include "daemon/admin.hpp"
#include "daemon/wiring.hpp"

namespace aldis::daemon {

namespace {

constexpr Duration kUnbindGrace = seconds{5};
constexpr std::size_t kKeyOctets = 16;
constexpr std::string_view kKeyFile = "installation.key";

void say(const std::string& sentence) { std::fprintf(stderr, "aldisd: %s\n", sentence.c_str()); }

telemetry::LogQueue::Options log_options(const LogSettings& settings) {
  telemetry::LogQueue::Options out;
  if (const auto format = telemetry::log_format_of(settings.format)) { out.format = *format; }
  out.colour = telemetry::stderr_wants_colour();
  if (const auto level = telemetry::log_level_of(settings.level)) { out.level = *level; }
  out.lines_max = settings.queue;
  return out;
}

// The key behind message ids, made once: an installation that loses it cannot read the ids it gave out.
Result<SipKey, ports::FileError> installation_key(ports::Files& files) {
  const auto names = files.list();
  if (names.has_error()) { return names.error(); }
  std::string octets;
  if (std::find(names->begin(), names->end(), kKeyFile) != names->end()) {
    auto file = files.open(kKeyFile);
    if (file.has_error()) { return file.error(); }
    if (const auto got = (*file)->read_at(0, kKeyOctets, octets); got.has_error()) { return got.error(); }
    if (octets.size() == kKeyOctets) { return SipKey::from(octets); }
    return ports::FileError{0,
                            std::string{kKeyFile} + " is shorter than 16 octets: restore it from a backup"};
  }
  constexpr std::string_view kTemporary = "installation.key.new";
  if (std::find(names->begin(), names->end(), kTemporary) != names->end()) {
    if (const auto gone = files.remove(kTemporary); gone.has_error()) { return gone.error(); }
  }
  octets = runtime::random_octets(kKeyOctets);
  auto file = files.create(kTemporary);
  if (file.has_error()) { return file.error(); }
  if (const auto done = (*file)->write_at(0, octets); done.has_error()) { return done.error(); }
  if (const auto done = (*file)->sync(); done.has_error()) { return done.error(); }
  if (const auto done = files.rename(kTemporary, kKeyFile); done.has_error()) { return done.error(); }
  if (const auto done = files.sync_directory(); done.has_error()) { return done.error(); }
  return SipKey::from(octets);
}

int exit_code_of(const spool::Damage& damage) {
  return damage.kind == spool::Damage::Kind::kFiles ? kExitDirectory : kExitJournal;
}

}  // namespace

struct Daemon::Impl {
  Impl(const Settings& settings_in, const Options& options_in)
      : settings(settings_in),
        options(options_in),
        log_queue(log_options(settings.log), telemetry::LogQueue::stderr_output()),
        log(log_queue, [this] { return loop.now(); }) {}

  // In the order of construction; destroyed in the reverse.
  const Settings& settings;
  const Options& options;
  runtime::Loop loop;
  telemetry::LogQueue log_queue;
  telemetry::EventLog log;
  runtime::SeededRandom random;
  telemetry::PrometheusText prometheus;

  std::optional<runtime::DirectoryLock> lock;
  std::unique_ptr<runtime::PosixFiles> files;
  std::unique_ptr<runtime::PosixFiles> journal_files;
  std::optional<PublicIds> public_ids;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<spool::JournalWriter> journal;
  std::unique_ptr<spool::SegmentStore> store;
  std::unique_ptr<runtime::PasswordPool> passwords;
  std::unique_ptr<runtime::Connector> connector;
  std::unique_ptr<Wiring> wiring;
  std::unique_ptr<ingress::SmppServer> sessions;
  std::unique_ptr<egress::Operators> operators;
  std::unique_ptr<engine::Engine> engine;
  std::vector<std::pair<std::string, std::unique_ptr<runtime::Listener>>> listeners;
  std::unique_ptr<Admin> admin;

  enum class Stop : std::uint8_t { kNo, kDraining, kUnbinding, kDone };
  Stop stop = Stop::kNo;
  Instant stop_by = kNever;
  std::unique_ptr<runtime::Alarm> stop_alarm;

  std::optional<int> open_storage(std::unique_ptr<engine::Restored>& restored, SipKey& key);
  void make_engine(std::unique_ptr<engine::Restored> restored, SipKey key);
  std::optional<int> open_doors();
  bool write_ports_file();
  void begin_stop(const Now& now);
  void continue_stop(const Now& now);
  std::string metrics();
  [[noreturn]] void fail_stop(const ports::FileError& error);
};

Daemon::Daemon(const Settings& settings, const Options& options)
    : impl_(std::make_unique<Impl>(settings, options)) {}
Daemon::~Daemon() = default;

std::optional<int> Daemon::Impl::open_storage(std::unique_ptr<engine::Restored>& restored, SipKey& key) {
  const auto& path = settings.storage.path;
  const auto refuse = [&](const std::string& sentence, int code) {
    log.error("daemon.refused", {{"reason", sentence}});
    say(sentence);
    return code;
  };
  auto opened = runtime::PosixFiles::open_directory(path);
  if (opened.has_error()) { return refuse(opened.error().sentence, kExitDirectory); }
  files = std::move(*opened);
  auto locked = runtime::DirectoryLock::take(path);
  if (locked.has_error()) { return refuse(locked.error().sentence, kExitDirectory); }
  lock.emplace(std::move(*locked));
  const auto key_read = installation_key(*files);
  if (key_read.has_error()) { return refuse(key_read.error().sentence, kExitDirectory); }
  key = *key_read;
  auto journal_opened = runtime::PosixFiles::open_directory(path + "/journal");
  if (journal_opened.has_error()) { return refuse(journal_opened.error().sentence, kExitDirectory); }
  journal_files = std::move(*journal_opened);
  const Now began = runtime::read_clocks();
  restored = std::make_unique<engine::Restored>(began);
  const auto id_octets = runtime::random_octets(8);
  const auto recovered = spool::recover(
      *journal_files,
      {.segment_octets = settings.storage.segment_octets, .new_journal_id = SipKey::from(id_octets).k0},
      *restored);
  if (recovered.has_error()) { return refuse(recovered.error().sentence(), exit_code_of(recovered.error())); }
  journal = std::make_unique<spool::JournalWriter>(recovered->writer, settings.storage.reserve_segments);
  store = std::make_unique<spool::SegmentStore>(*journal_files, recovered->store,
                                                settings.storage.reserve_segments);
  log.info("daemon.recovered", {{"count", recovered->records},
                                {"messages", std::uint64_t{restored->messages.size()}},
                                {"rewritten", recovered->records_rewritten},
                                {"torn_octets", recovered->octets_torn},
                                {"generation", std::uint64_t{recovered->writer.generation}},
                                {"took_ms", (runtime::read_clocks().mono - began.mono) / milliseconds{1}}});
  // The reserve must be there before anything is accepted.
  for (;;) {
    const auto work = store->idle_work(true);
    if (work.has_error()) { return refuse(work.error().sentence, kExitStore); }
    if (store->room().disk_full && store->room().segments_ready == 0) {
      return refuse(
          "no space for the journal in " + path + "/journal: free at least " +
              std::to_string((settings.storage.segment_octets * (settings.storage.reserve_segments + 1)) >>
                             20) +
              " MiB",
          kExitDirectory);
    }
    if (*work == spool::Work::kNone || store->room().disk_full || store->room().segments_ready > 0) { break; }
  }
  journal->on_room(store->room());
  return std::nullopt;
}

void Daemon::Impl::make_engine(std::unique_ptr<engine::Restored> restored, SipKey key) {
  directory = std::make_unique<Directory>(settings, restored->names);
  public_ids.emplace(key);
  passwords = std::make_unique<runtime::PasswordPool>(loop);
  connector = std::make_unique<runtime::Connector>(loop);
  wiring = std::make_unique<Wiring>(Wiring::Parts{
      loop, *journal, *store, log, [this](const ports::FileError& error) { fail_stop(error); }});
  sessions = std::make_unique<ingress::SmppServer>(
      ingress::ServerSetup{settings.smpp, *directory, *public_ids, *passwords, log,
                           SipKey::from(runtime::random_octets(kKeyOctets))},
      *wiring);
  operators = std::make_unique<egress::Operators>(
      egress::OperatorsSetup{*directory, random, log,
                             [this](const std::string& host, Duration timeout, ports::ByteProtocol& link) {
                               connector->connect(
                                   {.target = host, .source_ip = {}, .timeout = timeout, .wire = {}},
                                   runtime::borrow(link));
                             }},
      *wiring);
  engine = std::make_unique<engine::Engine>(
      loop.now(), engine::Setup{settings, *directory, *journal, log, key}, *wiring, std::move(restored));
  wiring->connect(*engine, *sessions, *operators);
  loop.at_turn_end([this](const Now& now) {
    wiring->turn_end(now);
    if (stop != Stop::kNo) { continue_stop(now); }
  });
}

std::optional<int> Daemon::Impl::open_doors() {
  for (const auto& listener : settings.smpp.listeners) {
    auto opened = runtime::Listener::open(
        loop,
        {.address = listener.address,
         .connections_max = listener.connections_max,
         .wire = {.write_stall = settings.smpp.timers.write_stall, .user_timeout = seconds{30}}},
        [this, &listener](std::string_view peer_address) -> runtime::ProtocolPtr {
          return sessions->accept(loop.now(), listener, peer_address);
        });
    if (opened.has_error()) {
      say(opened.error() + " (smpp.listeners[" + listener.name + "])");
      return kExitConfig;
    }
    log.info("listener.opened", {{"listener", listener.name}, {"address", (*opened)->address()}});
    listeners.emplace_back(listener.name, std::move(*opened));
  }
  admin = std::make_unique<Admin>(
      loop, Admin::Questions{[this] { return metrics(); },
                             [this] { return std::string{stop == Stop::kNo ? "" : "draining"}; }});
  if (const auto opened = admin->open(settings.http_listeners); opened.has_error()) {
    say(opened.error());
    return kExitConfig;
  }
  return std::nullopt;
}

bool Daemon::Impl::write_ports_file() {
  if (options.ports_file.empty()) { return true; }
  const std::string temporary = options.ports_file + ".new";
  {
    std::ofstream out{temporary};
    const char* separator = "";
    out << "{\"smpp\":{";
    for (const auto& [name, listener] : listeners) {
      out << separator << '"' << name << "\":\"" << listener->address() << '"';
      separator = ",";
    }
    out << "},\"http\":{";
    separator = "";
    for (const auto& [name, address] : admin->addresses()) {
      out << separator << '"' << name << "\":\"" << address << '"';
      separator = ",";
    }
    out << "}}\n";
    if (!out.flush()) { return false; }
  }
  return std::rename(temporary.c_str(), options.ports_file.c_str()) == 0;
}

int Daemon::run() {
  Impl& d = *impl_;
  std::unique_ptr<engine::Restored> restored;
  SipKey key;
  if (const auto code = d.open_storage(restored, key)) { return *code; }
  d.make_engine(std::move(restored), key);
  if (const auto code = d.open_doors()) { return *code; }
  d.stop_alarm = std::make_unique<runtime::Alarm>(d.loop, [](const Now&) {});
  d.loop.on_signals({SIGTERM, SIGINT}, [&d](int) {
    // the second one: what is in flight becomes uncertain
    if (d.stop != Impl::Stop::kNo) { std::_Exit(kExitStopped); }
    d.begin_stop(d.loop.now());
  });
  d.admin->start();
  d.operators->start(d.loop.now());
  if (!d.write_ports_file()) {
    say("cannot write " + d.options.ports_file);
    return kExitConfig;
  }
  d.log.info("daemon.started", {{"version", ALDIS_VERSION}, {"pid", std::int64_t{::getpid()}}});
  d.loop.run();
  d.admin->stop();
  d.log.info("daemon.stopped", {});
  return kExitStopped;
}

// --- stopping: no new requests, answers for what is open, unbind, last sync ---

void Daemon::Impl::begin_stop(const Now& now) {
  stop = Stop::kDraining;
  stop_by = now.mono + settings.drain;
  stop_alarm->set(stop_by);
  log.info("daemon.draining", {{"messages", std::uint64_t{engine->messages_live()}}});
  listeners.clear();
  wiring->on(now, Event{Drain{}});
  sessions->drain(now);
}

void Daemon::Impl::continue_stop(const Now& now) {
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
  if (stop == Stop::kDone && loop.connections() == 0 && wiring->store_idle()) { loop.stop(); }
}

// No answer leaves any more and no sync is tried again on the same data (CONTRACT D12). The log gets its line
// by hand: nothing of this process can be trusted to finish in order.
void Daemon::Impl::fail_stop(const ports::FileError& error) {
  say("journal: " + error.sentence + "; stopping at once: nothing is promised that is not stored");
  std::_Exit(kExitStore);
}

std::string Daemon::Impl::metrics() {
  prometheus.begin();
  prometheus.gauge("aldis_build_info", {{"version", ALDIS_VERSION}, {"revision", ""}, {"node", ""}}, 1);
  prometheus.gauge("aldis_ready", {}, stop == Stop::kNo ? 1 : 0);
  engine->collect(loop.now(), prometheus);
  sessions->collect(prometheus);
  operators->collect(prometheus);
  const auto& timings = wiring->timings();
  prometheus.counter("aldis_journal_syncs_total", {}, static_cast<double>(timings.commits));
  prometheus.counter("aldis_journal_written_bytes_total", {}, static_cast<double>(timings.octets));
  prometheus.counter("aldis_engine_busy_seconds_total", {},
                     std::chrono::duration<double>(loop.counters().busy).count());
  log_queue.report(prometheus);
  telemetry::report_process(prometheus);
  return std::string{prometheus.finish()};
}

}  // namespace aldis::daemon
