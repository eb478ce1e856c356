// SPDX-License-Identifier: Apache-2.0
#include "sim/machine.hpp"

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "aldis/spool/recover.hpp"
#include "daemon/options.hpp"
#include "sim/ledger.hpp"
#include "sim/runtime/connection.hpp"
#include "sim/runtime/loop_impl.hpp"

namespace aldis::sim {

namespace {

// Thrown where a process would have ended by itself.
struct ProcessExit {
  std::string why;
};

}  // namespace

double MetricValues::sum(const std::string& name) const {
  double total = 0;
  for (auto at = values_.lower_bound(name); at != values_.end() && at->first.starts_with(name); ++at) {
    if (at->first.size() == name.size() || at->first[name.size()] == '{') { total += at->second; }
  }
  return total;
}

void MetricValues::put(std::string_view name, ports::Labels labels, double value) {
  std::string key{name};
  char separator = '{';
  for (const auto& [label, text] : labels) {
    key += separator;
    key += std::string{label} + "=" + std::string{text};
    separator = ',';
  }
  if (separator == ',') { key += '}'; }
  values_[key] += value;
}

// A log that looks for what must never stand in one: texts, passwords, numbers.
class WatchedLog final : public ports::Log {
 public:
  void write(ports::LogLevel, std::string_view event,
             std::initializer_list<ports::LogField> fields) override {
    if (on_line) { on_line(line_of(event, fields)); }
    for (const auto& field : fields) {
      const auto* text = std::get_if<std::string_view>(&field.value);
      if (text == nullptr) { continue; }
      const bool leaks = token_in(*text) || text->find("canary") != std::string_view::npos;
      if (leaks && leak.empty()) { leak = std::string{event} + " " + std::string{field.key}; }
    }
  }
  std::string leak;
  std::function<void(std::string_view)> on_line;

 private:
  static std::string line_of(std::string_view event, std::initializer_list<ports::LogField> fields) {
    std::ostringstream line;
    line << "log " << event;
    for (const auto& field : fields) {
      line << ' ' << field.key << '=';
      std::visit(
          [&](const auto& value) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, ports::Number>) { line << value; }
          },
          field.value);
    }
    return line.str();
  }
};

struct Machine::Process {
  Process(Machine& machine, std::uint64_t seed)
      : host(machine.events_, machine.network_, machine.faults_, seed),
        scope(host),
        loop(std::make_unique<runtime::Loop>()),
        random(host.secrets.next()),
        gateway(std::make_unique<daemon::Gateway>(daemon::Gateway::Setup{
            machine.settings_, *loop, log, random, machine.directory_, machine.journal_, nullptr,
            daemon::Restore::kNotSaid,
            [](const ports::FileError& error) { throw ProcessExit{error.sentence}; }})) {
    host.store_takes = [&machine] { return machine.store_takes(); };
    log.on_line = machine.on_log;
    host.store_died = [&machine] { return machine.journal_.power_was_cut(); };
  }
  ~Process() {
    host.guard.reset();
    loop->impl().connections.clear();  // the kernel closes them, or they vanished before
    gateway.reset();
    loop.reset();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Host host;
  Host::Scope scope;
  std::unique_ptr<runtime::Loop> loop;
  runtime::SeededRandom random;
  WatchedLog log;
  std::unique_ptr<daemon::Gateway> gateway;
  bool opened = false;
};

Machine::Machine(Events& events, Network& network, Faults& faults, std::uint64_t seed,
                 const Settings& settings)
    : events_(events),
      network_(network),
      faults_(faults),
      seed_(seed),
      settings_(settings),
      chance_(seed, "machine"),
      damage_(seed, "damage") {}
Machine::~Machine() = default;

void Machine::start() {
  if (process_ == nullptr) { begin_life(); }
}

void Machine::begin_life() {
  ++lives_;
  note("start");
  life_begins();
  judge_recovery();
  const auto flipped = flip();
  process_ = std::make_unique<Process>(*this, seed_ + (std::uint64_t{lives_} << 48));
  if (!flipped && faults_.fires(Fault::kCrashInRecovery)) { journal_.cut_power_at(chance_.below(30)); }
  const auto refused = process_->gateway->open();
  if (journal_.power_was_cut()) { return died("power went during recovery"); }
  if (flipped && flipped->noticed && refused && refused->exit_code == daemon::kExitJournal) {
    return restore(*flipped);
  }
  if (refused) {
    if (!faults_.healed() && journal_.failed()) { return died("the disk failed during recovery"); }
    // Lives that ended at once have used up the segments that are kept for starts; systemd tries again.
    if (journal_.is_full() && refused->exit_code == daemon::kExitDirectory) {
      return died("no space for a start");
    }
    throw Violation{"I12: the gateway does not start: " + refused->sentence};
  }
  process_->opened = true;
  process_->gateway->start();
}

Found Machine::found_in(testing::SimDisk& disk) const {
  disk.set_capacity(~0ull);
  const Now now = events_.clocks();
  // by a clock that was stepped some have expired that would be young by today's
  const bool stepped = faults_.fired()[static_cast<std::size_t>(Fault::kClockStep)] > 0;
  const auto retention = std::chrono::duration_cast<microseconds>(settings_.limits.orphan_retention);
  return recover_now(disk, now, settings_.storage.segment_octets,
                     stepped ? WallTime::max() : now.wall - retention);
}

// A start, and a start after it, find the same; also when power goes in the first.
void Machine::judge_recovery() {
  testing::SimDisk disk = journal_.copy();
  disk.kill();
  const Found once = found_in(disk);
  if (once.refused) { return; }  // so will this start, and say why
  disk.crash([] { return false; });
  if (const auto how = difference(once, found_in(disk)); !how.empty()) {
    throw Violation{"I12: a second start finds another state than the first: " + how};
  }
  if (journal_.unsynced()) { return; }
  testing::SimDisk broken = journal_.copy();
  broken.kill();
  broken.cut_power_at(damage_.below(12));
  static_cast<void>(found_in(broken));
  broken.crash([this] { return damage_.one_in(0.5); });
  if (const auto how = difference(once, found_in(broken)); !how.empty()) {
    throw Violation{"I12: after a crash in recovery a start finds another state: " + how};
  }
}

// Nothing that would change what the next start finds is only in the kernel.
void Machine::judge_stop() {
  testing::SimDisk kept = journal_.copy();
  kept.kill();
  testing::SimDisk cut = journal_.copy();
  cut.crash([] { return false; });
  if (const auto how = difference(found_in(kept), found_in(cut)); !how.empty()) {
    throw Violation{"I12: something was owed to the disk after a clean stop: " + how};
  }
}

// One bit of an octet that the journal proves to be durable. Whoever starts on it must notice, and name the
// file, or find exactly what stood there before.
std::optional<Machine::Flip> Machine::flip() {
  const auto names = *journal_.list();
  if (names.empty() || faults_.odds(Fault::kDiskFlip) <= 0) { return std::nullopt; }
  Flip flip;
  flip.octet.file = names[damage_.below(names.size())];
  const std::string& octets = journal_.octets(flip.octet.file);
  flip.octet.offset = damage_.below(octets.size());
  const bool anywhere = damage_.one_in(0.2);  // most of a segment is zeros that nobody reads
  const auto written = octets.find_first_not_of('\0', flip.octet.offset);
  if (!anywhere && written != std::string::npos) { flip.octet.offset = written; }
  flip.bit = static_cast<unsigned>(damage_.below(8));
  if (octets.empty() || !is_proved(journal_, flip.octet) || !faults_.fires(Fault::kDiskFlip)) {
    return std::nullopt;
  }
  testing::SimDisk good = journal_.copy();
  good.kill();
  const Found before = found_in(good);
  journal_.flip(flip.octet.file, flip.octet.offset, flip.bit);
  testing::SimDisk bad = journal_.copy();
  bad.kill();
  const Found after = found_in(bad);
  const std::string where = flip.octet.file + ", offset " + std::to_string(flip.octet.offset);
  flip.noticed = after.refused;
  note("bit flipped in " + where + (flip.noticed ? ": noticed" : ": without effect"));
  if (!after.refused && after.state != before.state) {
    throw Violation{"I13: a flipped bit in " + where + " was not noticed: " + difference(before, after)};
  }
  if (after.refused && !after.why.starts_with(flip.octet.file)) {
    throw Violation{"I13: a flipped bit in " + where + " is said to be elsewhere: " + after.why};
  }
  return flip;
}

// Staff brings the file back from a copy.
void Machine::restore(const Flip& flipped) {
  note("restored");
  process_.reset();
  directory_.kill();
  journal_.kill();
  journal_.flip(flipped.octet.file, flipped.octet.offset, flipped.bit);
  events_.after(milliseconds{100 + chance_.below(5000)}, guard_, [this] { start(); });
}

Duration Machine::store_takes() {
  Duration takes = microseconds{200 + chance_.below(2000)};
  if (faults_.fires(Fault::kDiskSlow)) { takes += milliseconds{chance_.below(100)}; }
  if (faults_.fires(Fault::kDiskStall)) { takes += milliseconds{chance_.below(30'000)}; }
  if (faults_.fires(Fault::kDiskError)) { journal_.fail_operation(chance_.below(4), EIO); }
  return takes;
}

void Machine::terminate() {
  if (process_ == nullptr || process_->gateway->stopping()) { return; }
  note("SIGTERM");
  runtime::Loop& loop = *process_->loop;
  loop.post([this, &loop] { process_->gateway->begin_stop(loop.now()); });
}

void Machine::end(End how, Duration down) {
  if (process_ == nullptr) { return; }
  note(how == End::kKill ? "kill" : "power");
  if (how == End::kPower) {
    for (const auto& connection : process_->loop->impl().connections) { connection->vanish(); }
  }
  process_.reset();
  if (how == End::kKill) {
    directory_.kill();
    journal_.kill();
  } else {
    const double survives = chance_.uniform();
    const auto coin = [&] { return chance_.one_in(survives); };
    directory_.crash(coin);
    journal_.crash(coin);
  }
  events_.after(down, guard_, [this] { start(); });
}

void Machine::died(std::string_view why) {
  note(why);
  end(End::kPower, milliseconds{100 + chance_.below(5000)});
}

void Machine::crash_in_disk(std::uint64_t operations) { journal_.cut_power_at(operations); }
void Machine::fail_disk(std::uint64_t operations, int code) { journal_.fail_operation(operations, code); }

void Machine::fill_disk(bool full) {
  journal_.set_capacity(full ? journal_.octets_used() + settings_.storage.segment_octets / 2 : ~0ull);
}

void Machine::heal() {
  fill_disk(false);
  start();
}

void Machine::guarded(const std::function<void()>& what) {
  try {
    what();
  } catch (const ProcessExit& exit) {
    note(exit.why);
    // The process ends; after a failed write nobody trusts the kernel's pages, so power goes as well, at
    // times.
    end(chance_.one_in(0.5) ? End::kPower : End::kKill, milliseconds{100 + chance_.below(5000)});
  }
  after_event();
}

void Machine::after_event() {
  if (process_ == nullptr) { return; }
  if (!process_->log.leak.empty()) {
    throw Violation{"I17: a secret stands in the log: " + process_->log.leak};
  }
  if (journal_.power_was_cut()) { return died("power went in a disk operation"); }
  if (process_->opened && process_->loop->impl().stopped) {
    note("stopped");
    process_.reset();
    judge_stop();
    directory_.kill();
    journal_.kill();
    events_.after(milliseconds{100 + chance_.below(3000)}, guard_, [this] { start(); });
  }
}

MetricValues Machine::metrics() {
  MetricValues values;
  if (process_ != nullptr && process_->opened) { process_->gateway->collect(process_->loop->now(), values); }
  return values;
}

std::uint64_t Machine::turns() const { return process_ == nullptr ? 0 : process_->loop->counters().turns; }

void Machine::check_journal() {
  testing::SimDisk copy = journal_.copy();
  const auto report = spool::verify(copy);
  if (report.damage) { throw Violation{"I12: the journal is damaged: " + report.damage->sentence()}; }
}

}  // namespace aldis::sim
