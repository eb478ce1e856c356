// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.hpp"

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "aldis/base/version.hpp"
#include "aldis/runtime/memory.hpp"
#include "aldis/runtime/mounts.hpp"
#include "aldis/runtime/outlet.hpp"
#include "aldis/runtime/posix_files.hpp"
#include "aldis/runtime/secrets.hpp"
#include "aldis/telemetry/log.hpp"
#include "aldis/telemetry/prometheus.hpp"
#include "daemon/gateway.hpp"
#include "daemon/history.hpp"
#include "daemon/web.hpp"

namespace aldis::daemon {

namespace {

void say(const std::string& sentence) { runtime::last_words("aldisd: " + sentence + "\n"); }

telemetry::LogQueue::Options log_options(const LogSettings& settings) {
  telemetry::LogQueue::Options out;
  if (const auto format = telemetry::log_format_of(settings.format)) { out.format = *format; }
  out.colour = telemetry::stderr_wants_colour();
  if (const auto level = telemetry::log_level_of(settings.level)) { out.level = *level; }
  out.lines_max = settings.queue;
  return out;
}

}  // namespace

struct Daemon::Impl {
  Impl(const Settings& settings_in, const Options& options_in)
      : settings(settings_in),
        options(options_in),
        log_queue(log_options(settings.log), [this](std::string_view line) { standard_error.write(line); }),
        log(log_queue, [this] { return loop.now(); }) {}
  // Who does not read the log must not keep the process from ending.
  ~Impl() { standard_error.hurry(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // In the order of construction; destroyed in the reverse.
  const Settings& settings;
  const Options& options;
  runtime::Loop loop;
  runtime::Outlet standard_error{STDERR_FILENO};
  telemetry::LogQueue log_queue;
  telemetry::EventLog log;
  runtime::SeededRandom random;
  telemetry::PrometheusText prometheus;

  std::optional<runtime::DirectoryLock> lock;
  std::unique_ptr<runtime::PosixFiles> files;
  std::unique_ptr<runtime::PosixFiles> journal_files;
  std::unique_ptr<runtime::PosixFiles> mirror;  // null: there is no such folder
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<History> history;  // null: switched off
  std::unique_ptr<Web> web;

  int refuse(const std::string& sentence, int code);
  std::optional<int> open_directory();
  std::optional<int> open_web();
  bool write_ports_file();
  std::string metrics();
  [[noreturn]] void fail_stop(const ports::FileError& error);
};

Daemon::Daemon(const Settings& settings, const Options& options)
    : impl_(std::make_unique<Impl>(settings, options)) {}
Daemon::~Daemon() = default;

int Daemon::Impl::refuse(const std::string& sentence, int code) {
  log.error("daemon.refused", {{"reason", sentence}});
  say(sentence);
  return code;
}

std::optional<int> Daemon::Impl::open_directory() {
  const auto& path = settings.storage.path;
  auto opened = runtime::PosixFiles::open_directory(path);
  if (opened.has_error()) { return refuse(opened.error().sentence, kExitDirectory); }
  files = std::move(*opened);
  auto locked = runtime::DirectoryLock::take(path);
  if (locked.has_error()) { return refuse(locked.error().sentence, kExitDirectory); }
  lock.emplace(std::move(*locked));
  auto journal_opened = runtime::PosixFiles::open_directory(path + "/journal");
  if (journal_opened.has_error()) { return refuse(journal_opened.error().sentence, kExitDirectory); }
  journal_files = std::move(*journal_opened);
  if (const auto doubt = runtime::mount_doubt(path + "/journal")) {
    log.warn("storage.doubtful", {{"path", path},
                                  {"mount", doubt->mount},
                                  {"file_system", doubt->file_system},
                                  {"reason", doubt->reason}});
  }
  const auto& mirror_path = settings.storage.generation_dir;
  if (!runtime::PosixFiles::open_read_only(mirror_path).has_error()) {
    auto mirror_opened = runtime::PosixFiles::open_directory(mirror_path);
    if (mirror_opened.has_error()) { return refuse(mirror_opened.error().sentence, kExitDirectory); }
    mirror = std::move(*mirror_opened);
  }
  return std::nullopt;
}

std::optional<int> Daemon::Impl::open_web() {
  web = std::make_unique<Web>(
      loop, *gateway, history.get(), settings, log_queue,
      Health::Questions{[this] { return metrics(); },
                        [this] {
                          if (gateway->stopping()) { return std::string{"draining"}; }
                          return std::string{gateway->held() ? "restored data are held" : ""};
                        }});
  if (const auto opened = web->open(settings.http_listeners); opened.has_error()) {
    return refuse(opened.error(), kExitConfig);
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
    for (const auto& [name, address] : gateway->addresses()) {
      out << separator << '"' << name << "\":\"" << address << '"';
      separator = ",";
    }
    out << "},\"http\":{";
    separator = "";
    for (const auto& [name, address] : web->addresses()) {
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
  if (const auto code = d.open_directory()) { return *code; }
  const Restore restore = d.options.restore_confirmed ? Restore::kConfirmed
                          : d.options.restored        ? Restore::kRestored
                                                      : Restore::kNotSaid;
  d.gateway = std::make_unique<Gateway>(Gateway::Setup{
      d.settings, d.loop, d.log, d.random, *d.files, *d.journal_files, d.mirror.get(), restore,
      [&d](const ports::FileError& error) { d.fail_stop(error); }, d.settings.storage.history.enabled,
      [limit = runtime::memory_limit(d.settings.limits.memory_max)] {
        return static_cast<double>(runtime::memory_resident()) / static_cast<double>(limit);
      }});
  if (const auto refused = d.gateway->open()) { return d.refuse(refused->sentence, refused->exit_code); }
  if (d.settings.storage.history.enabled) {
    d.history = std::make_unique<History>(d.loop, *d.gateway, d.settings, d.log);
  }
  if (const auto code = d.open_web()) { return *code; }
  d.loop.on_signals({SIGTERM, SIGINT}, [&d](int) {
    // the second one: what is in flight becomes uncertain
    if (d.gateway->stopping()) { std::_Exit(kExitStopped); }
    d.web->drain();
    d.gateway->begin_stop(d.loop.now());
  });
  d.web->start();
  d.gateway->start();
  if (d.history) { d.history->start(); }
  if (!d.write_ports_file()) {
    say("cannot write " + d.options.ports_file);
    return kExitConfig;
  }
  d.log.info("daemon.started", {{"version", version()}, {"pid", std::int64_t{::getpid()}}});
  d.loop.run();
  d.web->stop();
  if (d.history) { d.history->finish(); }
  d.log.info("daemon.stopped", {});
  return kExitStopped;
}

// No answer leaves any more and no sync is tried again on the same data (CONTRACT D12). The log gets its line
// by hand: nothing of this process can be trusted to finish in order.
void Daemon::Impl::fail_stop(const ports::FileError& error) {
  say("journal: " + error.sentence + "; stopping at once: nothing is promised that is not stored");
  std::_Exit(kExitStore);
}

std::string Daemon::Impl::metrics() {
  prometheus.begin();
  prometheus.gauge("aldis_build_info", {{"version", version()}, {"revision", ""}, {"node", ""}}, 1);
  gateway->collect(loop.now(), prometheus);
  if (history) { history->collect(prometheus); }
  prometheus.counter("aldis_engine_busy_seconds_total", {},
                     std::chrono::duration<double>(loop.counters().busy).count());
  log_queue.report(prometheus);
  telemetry::report_process(prometheus);
  return std::string{prometheus.finish()};
}

}  // namespace aldis::daemon
