// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aldis/ports/log.hpp"
#include "aldis/ports/metrics.hpp"
#include "aldis/runtime/loop.hpp"
#include "aldis/runtime/secrets.hpp"
#include "daemon/gateway.hpp"
#include "sim/events.hpp"
#include "sim/faults.hpp"
#include "sim/network.hpp"
#include "sim/recovery.hpp"
#include "sim/runtime/host.hpp"
#include "support/sim_disk.hpp"

namespace aldis::sim {

// Metrics by name and labels: "aldis_messages_pending{state=queued}".
class MetricValues final : public ports::MetricReport {
 public:
  void counter(std::string_view name, ports::Labels labels, double value) override {
    put(name, labels, value);
  }
  void gauge(std::string_view name, ports::Labels labels, double value) override { put(name, labels, value); }
  void histogram(std::string_view, ports::Labels, std::span<const double>, std::span<const std::uint64_t>,
                 double) override {}
  [[nodiscard]] double sum(const std::string& name) const;  // over all labels
  [[nodiscard]] const std::map<std::string, double, std::less<>>& all() const { return values_; }

 private:
  void put(std::string_view name, ports::Labels labels, double value);
  std::map<std::string, double, std::less<>> values_;
};

// The computer that the gateway runs on: its disk stays when its process dies. Starts and ends processes as
// staff, power and the process itself want it. One life of the process is one Gateway, wired as the daemon
// wires it.
class Machine {
 public:
  Machine(Events& events, Network& network, Faults& faults, std::uint64_t seed, const Settings& settings);
  ~Machine();

  enum class End : std::uint8_t { kKill, kPower };
  void start();      // now; comes back by itself when it dies in between
  void terminate();  // SIGTERM
  void end(End how, Duration down);
  void crash_in_disk(std::uint64_t operations);  // power goes at that operation of the disk from now on
  void fail_disk(std::uint64_t operations, int code);
  void fill_disk(bool full);
  void heal();

  [[nodiscard]] bool running() const { return process_ != nullptr; }
  [[nodiscard]] std::uint32_t lives() const { return lives_; }
  [[nodiscard]] std::uint64_t commits() const { return journal_.commits(); }
  [[nodiscard]] MetricValues metrics();
  [[nodiscard]] std::uint64_t turns() const;
  // What must hold of a journal that nobody writes; throws Violation.
  void check_journal();

  std::function<void(std::string_view what)> note = [](std::string_view) {};
  std::function<void(std::string_view line)> on_log;  // for traces
  std::function<void()> life_begins = [] {};

 private:
  struct Process;
  void begin_life();
  void after_event();
  void died(std::string_view why);
  void guarded(const std::function<void()>& what);
  Duration store_takes();
  [[nodiscard]] Found found_in(testing::SimDisk& disk) const;
  void judge_recovery();
  void judge_stop();
  struct Flip {
    Octet octet;
    unsigned bit = 0;
    bool noticed = false;  // a start must refuse
  };
  std::optional<Flip> flip();
  void restore(const Flip& flipped);
  friend class World;

  Events& events_;
  Network& network_;
  Faults& faults_;
  std::uint64_t seed_;
  const Settings& settings_;
  Chance chance_;
  Chance damage_;
  testing::SimDisk directory_;
  testing::SimDisk journal_;
  std::unique_ptr<Process> process_;
  std::uint32_t lives_ = 0;
  Events::Guard guard_ = Events::make_guard();
};

}  // namespace aldis::sim
