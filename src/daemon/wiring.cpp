// SPDX-License-Identifier: Apache-2.0
#include "daemon/wiring.hpp"

#include <algorithm>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/history/follower.hpp"
#include "daemon/web_bridge.hpp"

namespace aldis::daemon {

namespace {
// One batch syncs while the next is written; a third collects in the engine. But what a slow disk has closed
// too early waits a commit longer: there the next batch is taken when the last one ends (with 5 ms for a
// sync, 200 of 400 messages under way go with each commit in place of 133), before the answers to that one
// are made: the disk does not wait for the processor.
constexpr std::size_t kBatchesInWork = 2;
constexpr Duration kOneByOneFrom = milliseconds{1};
constexpr Duration kQuiet = milliseconds{5};  // without a commit: now housekeeping keeps nobody waiting
constexpr Duration kSpaceEvery = seconds{1};
// Of free space: below it the journal waits for history no more, before pressure begins at 20 %.
constexpr double kDiskForHistory = 0.25;
constexpr Duration kAgainAfter = milliseconds{250};  // a batch that found no space
}  // namespace

Wiring::Wiring(const Parts& parts)
    : parts_(parts),
      room_(parts.store.room()),
      alarm_(parts.loop, [](const Now&) {}),  // waking the loop is enough: every turn ends in turn_end()
      worker_(parts.loop, "aldis-store", kBatchesInWork) {}

Wiring::~Wiring() = default;

void Wiring::connect(engine::Engine& engine, ingress::SmppServer& sessions, egress::Operators& operators) {
  engine_ = &engine;
  sessions_ = &sessions;
  operators_ = &operators;
  if (room_.disk_full) { tell_space(); }
}

void Wiring::connect(WebBridge* bridge) { web_ = bridge; }

void Wiring::on(const Now& now, const Event& event) {
  turn_open_ = true;
  engine_->on(now, event);
}

void Wiring::on(const Now& now, const Effect& effect) {
  if (std::holds_alternative<SendOnLink>(effect) || std::holds_alternative<AnswerOperator>(effect)) {
    operators_->on(now, effect);
  } else if (WebBridge::is_for(effect)) {
    if (web_ != nullptr) { web_->on(effect); }
  } else {
    if (const auto* pressure = std::get_if<PressureChanged>(&effect)) { pressed_ = pressure->level > 0; }
    sessions_->on(now, effect);
  }
}

void Wiring::turn_end(const Now& now) {
  if (operators_->next_deadline() <= now.mono) { operators_->on_timer(now); }
  if (turn_open_ || engine_->next_deadline() <= now.mono) {
    turn_open_ = false;
    engine_->on(now, Tick{});
  }
  if (parts_.journal.has_pending()) { meter_.appended(now.mono); }
  commit(now);
  if (web_ != nullptr) { web_->turn_end(); }
  meter_.turn(parts_.loop.counters().turn_last);
  if (meter_.due(now.mono)) { measure(now); }
  // Events of this Tick's own effects (a delivery that found no room) are taken up in a turn of their own, at
  // once.
  const Instant engine_at = turn_open_ ? now.mono : engine_->next_deadline();
  // While a record waits for the disk, or we push back, the readings must go on without other events.
  const bool watch = meter_.undurable(now.mono) > Duration::zero() || pressed_ || room_.disk_full;
  const Instant quiet_at = worker_.in_work() == 0 ? prepare_at() : kNever;
  alarm_.set(std::min({engine_at, operators_->next_deadline(), watch ? meter_.next() : kNever, quiet_at}));
}

void Wiring::measure(const Now& now) {
  meter_.measured(now.mono);
  SelfMeasured event;
  event.memory = parts_.memory_share ? parts_.memory_share() : 0;
  event.disk_free = disk_free_;
  event.undurable = meter_.undurable(now.mono);
  event.turn = meter_.take_turn_p99();
  on(now, event);
  if (space_asked_ || now.mono < space_asked_at_ + kSpaceEvery || !worker_.has_room()) { return; }
  space_asked_ = true;
  space_asked_at_ = now.mono;
  worker_.submit([this] {
    // Nothing is committed while nothing is accepted: this is how the store learns that there is space again.
    // What fails here for good, the next commit is told.
    if (parts_.store.room().disk_full) { static_cast<void>(parts_.store.idle_work()); }
    const auto space = parts_.files.space();
    return runtime::Worker::Completion{[this, space, room = parts_.store.room()] {
      space_asked_ = false;
      take_room(room);
      if (space.has_error() || space->octets_total == 0) { return; }
      const auto whole = std::min(parts_.disk_budget, space->octets_total);
      disk_free_ =
          static_cast<double>(space->octets_free + room.octets_reusable) / static_cast<double>(whole);
    }};
  });
}

void Wiring::take_room(const spool::StoreRoom& room) {
  const bool changed = room.disk_full != room_.disk_full;
  room_ = room;
  parts_.journal.on_room(room);
  if (changed) { tell_space(); }
}

void Wiring::tell_space() {
  parts_.log.write(room_.disk_full ? ports::LogLevel::kWarn : ports::LogLevel::kInfo,
                   room_.disk_full ? "journal.disk_full" : "journal.space_again",
                   {{"segments_ready", std::uint64_t{room_.segments_ready}}});
}

Instant Wiring::prepare_at() const { return store_has_work_ ? committed_at_ + kQuiet : kNever; }

bool Wiring::may_commit() const {
  return worker_.has_room() && (commits_in_work_ == 0 || commit_took_ < kOneByOneFrom);
}

// The reserve in quiet moments: what commits find ready they need not wait for.
void Wiring::prepare(const Now& now) {
  if (now.mono < prepare_at() || worker_.in_work() > 0) { return; }
  worker_.submit([this] {
    const auto work = parts_.store.idle_work();  // what fails here for good, the next commit is told
    const bool more = work.has_value() && *work == spool::Work::kMore;
    return runtime::Worker::Completion{[this, more, room = parts_.store.room()] {
      store_has_work_ = more;
      take_room(room);
    }};
  });
}

void Wiring::commit(const Now& now) {
  if (waits_for_space()) { return submit_again(now); }
  if (!parts_.journal.has_pending()) { return prepare(now); }
  if (!may_commit()) { return; }
  meter_.batch_taken();
  submit(parts_.journal.take_batch(), freeable(), now.mono);
}

// Segments before it have become free with this commit; 0 = none.
spool::SegmentNumber Wiring::freeable() {
  const auto release = engine_->releasable();
  if (release.before <= freed_before_ || release.durable_first > parts_.journal.durable()) { return 0; }
  spool::SegmentNumber before = release.before;
  if (parts_.history_behind_max > 0) {
    const bool disk_short = room_.disk_full || disk_free_ < kDiskForHistory;
    before = history::free_before(before, history_from_, parts_.journal.current_segment(),
                                  parts_.history_behind_max, disk_short);
  }
  if (before <= freed_before_) { return 0; }
  freed_before_ = before;
  return before;
}

// In order, and all of them: the store takes none before the one that it sent back.
void Wiring::submit_again(const Now& now) {
  if (now.mono < again_at_ || worker_.in_work() > 0) { return; }  // both places are free
  for (spool::Batch& batch : std::exchange(waiting_, {})) { submit(std::move(batch), 0, now.mono); }
}

void Wiring::submit(spool::Batch&& to_write, spool::SegmentNumber free_before, Instant began) {
  ++commits_in_work_;
  worker_.submit([this, began, free_before, batch = std::move(to_write)]() mutable {
    spool::SegmentStore& store = parts_.store;
    // Under load the thread is never idle, and without fresh segments the writer would soon have no room. A
    // failure in it fails the commit.
    if (store.work_is_due()) { static_cast<void>(store.idle_work()); }
    auto result = store.commit(batch);
    if (free_before > 0) { store.free_before(free_before); }
    return runtime::Worker::Completion{
        [this, began, batch = std::move(batch), result = std::move(result)]() mutable {
          committed(std::move(batch), result, began);
        }};
  });
}

void Wiring::committed(spool::Batch batch, const Result<spool::Committed, ports::FileError>& result,
                       Instant began) {
  if (result.has_error()) { return parts_.fail_stop(result.error()); }
  const Now& now = parts_.loop.now();
  --commits_in_work_;
  take_room(result->room);
  if (result->no_space) {
    waiting_.push_back(std::move(batch));
    again_at_ = now.mono + kAgainAfter;
    return;
  }
  meter_.batch_durable();
  ++timings_.commits;
  for (const auto& piece : batch.pieces) { timings_.octets += piece.size; }
  timings_.commit_seconds += std::chrono::duration<double>(now.mono - began).count();
  commit_took_ = (3 * commit_took_ + (now.mono - std::max(began, committed_at_))) / 4;
  committed_at_ = now.mono;
  store_has_work_ = true;
  parts_.journal.give_back(std::move(batch));
  if (commit_took_ >= kOneByOneFrom && parts_.journal.has_pending()) {
    meter_.appended(now.mono);
    commit(now);
  }
  on(now, JournalDurable{result->durable});
}

bool Wiring::store_idle() const {
  return commits_in_work_ == 0 && waiting_.empty() && !parts_.journal.has_pending();
}

}  // namespace aldis::daemon
