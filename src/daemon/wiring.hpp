// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "aldis/egress/operators.hpp"
#include "aldis/engine/engine.hpp"
#include "aldis/ingress/smpp_server.hpp"
#include "aldis/ports/files.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/runtime/loop.hpp"
#include "aldis/runtime/worker.hpp"
#include "aldis/spool/segment_store.hpp"
#include "daemon/self_meter.hpp"

namespace aldis::daemon {

class WebBridge;

// Carries events from the edges to the engine, effects back to the edges, and journal batches to the store
// thread: the only code that knows both sides. Everything on the engine thread; the SegmentStore is touched
// on the store thread only. A turn of the loop is a turn of the engine: its Tick comes when everything of the
// turn is in. A failed write or sync ends the process through `fail_stop`, which must not return (CONTRACT
// D12).
class Wiring final : public EventSink, public EffectSink {
 public:
  struct Parts {
    runtime::Loop& loop;
    spool::JournalWriter& journal;
    spool::SegmentStore& store;
    ports::Log& log;
    std::function<void(const ports::FileError&)> fail_stop;
    ports::Files& files;                          // of the journal; its space is asked on the store thread
    std::uint64_t disk_budget = 0;                // octets
    std::function<double()> memory_share{};       // of limits.memory_max; empty = not measured
    spool::SegmentNumber history_behind_max = 0;  // segments kept for it at most; 0 = there is no history
  };
  explicit Wiring(const Parts& parts);
  ~Wiring();

  // The engine and the edges are made with this object as their sink; they are connected here before the loop
  // runs.
  void connect(engine::Engine& engine, ingress::SmppServer& sessions, egress::Operators& operators);

  // Segments before it are freed as far as history is concerned; until it is told, all are kept that may be.
  void history_needs(spool::SegmentNumber from) { history_from_ = from; }

  void connect(WebBridge* bridge);  // null: nobody asks over HTTP any more

  void on(const Now& now, const Event& event) override;    // from the edges
  void on(const Now& now, const Effect& effect) override;  // from the engine
  void turn_end(const Now& now);                           // hook of the loop

  [[nodiscard]] bool store_idle() const;  // nothing appended that is not durable
  [[nodiscard]] bool waits_for_space() const { return !waiting_.empty(); }
  struct Timings {  // of the store, seconds
    std::uint64_t commits = 0;
    std::uint64_t octets = 0;
    double commit_seconds = 0;
  };
  [[nodiscard]] const Timings& timings() const { return timings_; }

 private:
  void commit(const Now& now);
  void submit(spool::Batch&& batch, spool::SegmentNumber free_before, Instant began);
  void submit_again(const Now& now);
  void tell_space();
  void take_room(const spool::StoreRoom& room);
  void prepare(const Now& now);
  [[nodiscard]] Instant prepare_at() const;
  [[nodiscard]] bool may_commit() const;
  void committed(spool::Batch batch, const Result<spool::Committed, ports::FileError>& result, Instant began);
  void measure(const Now& now);
  [[nodiscard]] spool::SegmentNumber freeable();

  Parts parts_;
  engine::Engine* engine_ = nullptr;
  ingress::SmppServer* sessions_ = nullptr;
  egress::Operators* operators_ = nullptr;
  WebBridge* web_ = nullptr;
  bool turn_open_ = true;  // events since the last Tick
  spool::SegmentNumber freed_before_ = 0;
  spool::SegmentNumber history_from_ = 0;
  Timings timings_;
  SelfMeter meter_;
  bool pressed_ = false;
  bool space_asked_ = false;
  Instant space_asked_at_{};
  double disk_free_ = 1;
  spool::StoreRoom room_;
  std::vector<spool::Batch> waiting_;  // for space, in order; at most as many as are in work
  Instant again_at_{};
  bool store_has_work_ = true;  // housekeeping, for when nothing is to be committed
  std::size_t commits_in_work_ = 0;
  Instant committed_at_{};
  Duration commit_took_{};  // of the last ones
  runtime::Alarm alarm_;
  runtime::Worker worker_;  // last: joined first
};

}  // namespace aldis::daemon
