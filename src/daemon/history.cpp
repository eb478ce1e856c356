// SPDX-License-Identifier: Apache-2.0
#include "daemon/history.hpp"

#include <algorithm>
#include <utility>

#include "aldis/ingress/history_calls.hpp"

namespace aldis::daemon {

namespace {

constexpr double kFreeAtLeast = 0.25;         // of the disk that it shares with the journal
constexpr std::uint64_t kOctetsPerRow = 300;  // indexes included (tests/bench/bench_history.cpp)
constexpr std::uint64_t kPartitions = 16;     // of which one goes when there is no more room
constexpr std::uint64_t kStepOfBudget = 256;  // a small disk is not filled by one step
constexpr std::uint64_t kStepOctetsMin = 64 << 10;

double seconds_of(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

std::string history_directory(const Settings& settings) {
  const auto& history = settings.storage.history;
  return history.path.empty() ? settings.storage.path + "/history" : history.path;
}

// What is touched on the thread of history only, once start() has given it away.
class History::Work {
 public:
  Work(const Settings& settings, std::uint64_t journal_id, std::uint64_t segment_octets)
      : settings_(settings), journal_id_(journal_id), segment_octets_(segment_octets) {}

  Done run(Lsn durable, Duration slice) {
    if (!prepare()) { return done(false); }
    const Instant until = runtime::read_clocks().mono + slice;
    for (;;) {
      const Now now = runtime::read_clocks();
      const bool waits = shares_disk_ && is_short();
      const bool more = follower_->step(now, waits ? follower_->standing().cursor : durable);
      if (waits) {  // what is old goes nevertheless
        auto told = done(false);
        if (told.standing.error.empty()) {
          told.standing.error =
              "less than a quarter of the disk is free: history waits, so that the journal has room";
          told.standing.behind = durable.value() - std::min(durable, told.standing.cursor).value();
        }
        return told;
      }
      if (!more || now.mono >= until) { return done(more); }
    }
  }
  void sync() {
    if (follower_) { follower_->sync(); }
  }

 private:
  bool prepare();
  bool is_short();
  Done done(bool more) const {
    if (!follower_) {
      Done nothing;
      nothing.standing.error = error_;
      return nothing;
    }
    return {follower_->standing(), follower_->needed_from(), more};
  }

  const Settings& settings_;
  const std::uint64_t journal_id_;
  const std::uint64_t segment_octets_;
  std::unique_ptr<runtime::PosixFiles> journal_;
  std::optional<history::Follower> follower_;
  std::string error_;
  bool shares_disk_ = false;
};

bool History::Work::prepare() {
  if (follower_) { return true; }
  const auto& storage = settings_.storage;
  auto opened = runtime::PosixFiles::open_read_only(storage.path + "/journal");
  if (opened.has_error()) {
    error_ = opened.error().sentence;
    return false;
  }
  journal_ = std::move(*opened);
  shares_disk_ = storage.history.path.empty();
  std::uint64_t budget = settings_.limits.disk_budget;
  if (const auto space = journal_->space(); space.has_value() && space->octets_total > 0) {
    budget = std::min(budget, space->octets_total);
  }
  history::FollowerSettings follower;
  follower.directory = history_directory(settings_);
  follower.keep = storage.history.keep;
  follower.octets_max = storage.history.octets_max > 0 ? storage.history.octets_max : budget / 4;
  follower.rows_max =
      std::clamp<std::uint64_t>(follower.octets_max / kPartitions / kOctetsPerRow, 500, follower.rows_max);
  follower.octets_per_step =
      std::clamp<std::uint64_t>(budget / kStepOfBudget, kStepOctetsMin, follower.octets_per_step);
  follower.octets_per_sync =
      std::clamp<std::uint64_t>(budget / kStepOfBudget, follower.octets_per_step, follower.octets_per_sync);
  follower.read_notes = ingress::read_notes;
  follower_.emplace(std::move(follower), *journal_, journal_id_, segment_octets_);
  return true;
}

bool History::Work::is_short() {
  const auto space = journal_->space();
  if (space.has_error() || space->octets_total == 0) { return false; }
  const auto whole = std::min(settings_.limits.disk_budget, space->octets_total);
  return static_cast<double>(space->octets_free) < kFreeAtLeast * static_cast<double>(whole);
}

History::History(runtime::Loop& loop, Gateway& gateway, const Settings& settings, ports::Log& log)
    : loop_(loop),
      gateway_(gateway),
      log_(log),
      alarm_(loop, [this](const Now& now) { next(now); }),
      work_(std::make_shared<Work>(settings, gateway.journal_id(), gateway.segment_octets())),
      worker_(std::make_unique<runtime::Worker>(loop, "aldis-history", 2, kNiceness)) {
  standing_.behind = 1;  // until the first look
}

History::~History() = default;

void History::tell(std::function<void(const Standing&)> told) { told_ = std::move(told); }

void History::start() {
  started_at_ = loop_.now().mono;
  next(loop_.now());
}

void History::want(Lsn reached) {
  wanted_ = std::max(wanted_, reached);
  if (standing_.reached < wanted_) { next(loop_.now()); }
}

void History::next(const Now& now) {
  if (worker_->in_work() > 0) { return; }  // take() goes on
  asked_ = gateway_.durable();
  asked_at_ = now.mono;
  worker_->submit([this, work = work_, durable = asked_] {
    return runtime::Worker::Completion{
        [this, done = work->run(durable, kSlice)] { take(loop_.now(), done); }};
  });
}

void History::take(const Now& now, const Done& done) {
  standing_ = done.standing;
  gateway_.history_needs(done.needed_from);
  if (has_read_all()) { caught_up_at_ = asked_at_; }
  tell_error(now);
  if (told_) { told_({standing_.reached, lag(now), !standing_.error.empty()}); }
  if (done.more) { return next(now); }
  const bool pressed = standing_.error.empty() && standing_.reached < wanted_;
  alarm_.set(now.mono + (pressed ? kPauseWanted : gateway_.durable() > asked_ ? kPause : kPauseIdle));
}

// Nothing unread is older than the moment in which nothing was unread; after a start, the newest time that
// was read says more.
Duration History::lag(const Now& now) const {
  // A marker comes after everything else, and says nothing.
  const bool more =
      gateway_.durable().value() > asked_.value() + spool::kRecordHeaderOctets + spool::kChecksumOctets;
  if (has_read_all() && !more) { return {}; }
  if (caught_up_at_ != kNever) { return now.mono - caught_up_at_; }
  const Duration of_clock = standing_.clock == WallTime{} ? Duration{} : now.wall - standing_.clock;
  return std::max(now.mono - started_at_, of_clock);
}

// A full disk stays full for hours, and a step that fails is tried each second.
void History::tell_error(const Now& now) {
  if (!standing_.error.empty()) {
    const bool again = standing_.error == said_ && now.mono < said_at_ + kSayAgain;
    failing_ = true;
    if (again) { return; }
    said_ = standing_.error;
    said_at_ = now.mono;
    log_.warn("history.failed", {{"reason", said_}, {"behind_octets", standing_.behind}});
  } else if (failing_ && standing_.behind == 0) {
    failing_ = false;
    log_.info("history.recovered", {{"gaps", standing_.gaps}});
  }
}

void History::finish() {
  worker_->submit([work = work_, durable = gateway_.durable()] {
    work->run(durable, kFinish);
    work->sync();
    return runtime::Worker::Completion{};
  });
  worker_.reset();
  work_.reset();  // closed in order, nothing is left beside the tables
}

void History::collect(ports::MetricReport& report) const {
  report.gauge("aldis_history_bytes", {}, static_cast<double>(standing_.octets));
  report.gauge("aldis_history_failing", {}, failing_ ? 1 : 0);
  report.counter("aldis_history_gaps_total", {}, static_cast<double>(standing_.gaps));
  report.gauge("aldis_history_lag_seconds", {}, seconds_of(lag(loop_.now())));
}

}  // namespace aldis::daemon
