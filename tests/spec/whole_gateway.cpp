// SPDX-License-Identifier: Apache-2.0
#include "whole_gateway.hpp"

#include <utility>

#include "aldis/spool/recover.hpp"
#include "script.hpp"

namespace aldis::spec {

void WholeGateway::Sink::on(const Now& now, const Effect& effect) { owner.out_(now, effect); }

WholeGateway::Recovered WholeGateway::recover(const Now& now, const Settings& settings,
                                              testing::SimDisk& disk) {
  auto restored = std::make_unique<engine::Restored>(now);
  auto recovered = spool::recover(
      disk, {.segment_octets = settings.storage.segment_octets, .new_journal_id = 1}, *restored);
  if (recovered.has_error()) { throw ScriptError(recovered.error().sentence()); }
  return {std::move(*recovered), std::move(restored)};
}

WholeGateway::WholeGateway(const Now& now, const Parts& parts, Recovered recovered, Out out)
    : parts_(parts),
      out_(std::move(out)),
      sink_(*this),
      journal_(recovered.journal.writer, parts.settings.storage.reserve_segments),
      store_(parts.disk, recovered.journal.store, parts.settings.storage.reserve_segments) {
  prepare_room();
  engine_ = std::make_unique<engine::Engine>(
      now, engine::Setup{parts.settings, parts.directory, journal_, parts.log, parts.key}, sink_,
      std::move(recovered.restored));
}

void WholeGateway::prepare_room() {
  for (;;) {
    const auto work = store_.idle_work(true);
    if (work.has_error()) { throw ScriptError(work.error().sentence); }
    if (*work == spool::Work::kNone) { break; }
  }
  journal_.on_room(store_.room());
}

void WholeGateway::on(const Now& now, const Event& event) {
  if (stopped_) { return; }
  turn_open_ = true;
  engine_->on(now, event);
}

bool WholeGateway::turn(const Now& now) {
  if (stopped_) { return false; }
  bool busy = false;
  if (turn_open_ || engine_->next_deadline() <= now.mono) {
    turn_open_ = false;
    engine_->on(now, Tick{});
    busy = true;
  }
  return (syncs && commit(now)) || busy;
}

bool WholeGateway::commit(const Now& now) {
  if (stopped_ || !journal_.has_pending()) { return false; }
  auto batch = journal_.take_batch();
  if (disk_fails_) {
    parts_.disk.fail_operation(0, EIO);
    stopped_ = store_.commit(batch).has_error();  // the daemon exits: nothing leaves it any more
    return false;
  }
  const auto committed = store_.commit(batch);
  if (committed.has_error()) { throw ScriptError(committed.error().sentence); }
  const auto release = engine_->releasable();
  if (release.before > freed_before_ && release.durable_first <= journal_.durable()) {
    freed_before_ = release.before;
    store_.free_before(release.before);
  }
  prepare_room();
  journal_.give_back(std::move(batch));
  on(now, JournalDurable{committed->durable});
  return true;
}

void WholeGateway::sync(const Now& now) {
  while (commit(now)) {
    turn_open_ = false;
    engine_->on(now, Tick{});
  }
}

Instant WholeGateway::next_deadline() const { return stopped_ ? kNever : engine_->next_deadline(); }

void WholeGateway::drain(const Now& now) { on(now, Drain{}); }

bool WholeGateway::drained() const { return engine_->drained() && !journal_.has_pending(); }

}  // namespace aldis::spec
