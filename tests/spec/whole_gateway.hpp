// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aldis/engine/engine.hpp"
#include "aldis/engine/restored.hpp"
#include "aldis/spool/segment_store.hpp"
#include "inside.hpp"
#include "support/sim_disk.hpp"

namespace aldis::spec {

// The real engine and journal over a disk in memory: what daemon/wiring does, with the store in the same
// thread. Made anew for every start; settings, directory and disk outlive it.
class WholeGateway final : public Inside {
 public:
  struct Parts {
    const Settings& settings;
    const Directory& directory;
    testing::SimDisk& disk;
    ports::Log& log;
    SipKey key;
  };
  struct Recovered {  // what a start finds on the disk
    spool::Recovered journal;
    std::unique_ptr<engine::Restored> restored;
  };
  static Recovered recover(const Now& now, const Settings& settings, testing::SimDisk& disk);

  WholeGateway(const Now& now, const Parts& parts, Recovered recovered, Out out);

  void on(const Now& now, const Event& event) override;
  bool turn(const Now& now) override;
  void sync(const Now& now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void fail_disk() override { disk_fails_ = true; }
  void drain(const Now& now) override;
  [[nodiscard]] bool drained() const override;
  [[nodiscard]] bool stopped() const override { return stopped_; }

 private:
  struct Sink final : EffectSink {
    explicit Sink(WholeGateway& owner_in) : owner(owner_in) {}
    void on(const Now& now, const Effect& effect) override;
    WholeGateway& owner;
  };
  bool commit(const Now& now);
  void prepare_room();

  Parts parts_;
  Out out_;
  Sink sink_;
  spool::JournalWriter journal_;
  spool::SegmentStore store_;
  std::unique_ptr<engine::Engine> engine_;
  spool::SegmentNumber freed_before_ = 0;
  bool turn_open_ = true;
  bool disk_fails_ = false;
  bool stopped_ = false;
};

}  // namespace aldis::spec
