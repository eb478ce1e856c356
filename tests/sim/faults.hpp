// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/chance.hpp"

namespace aldis::sim {

// Everything that can go wrong, by class. Each seed draws odds for each of them; what fired is counted.
// A table is read in columns.
// clang-format off
#define ALDIS_SIM_FAULTS(X) \
  X(kNetLatency, "net.latency") \
  X(kNetPieces, "net.pieces") \
  X(kNetOneOctet, "net.one_octet") \
  X(kNetReset, "net.reset") \
  X(kNetBlackhole, "net.blackhole") \
  X(kNetRefused, "net.refused") \
  X(kNetNoAnswer, "net.no_answer") \
  X(kNetSmallBuffer, "net.small_buffer") \
  X(kDiskSlow, "disk.slow") \
  X(kDiskStall, "disk.stall") \
  X(kDiskError, "disk.error") \
  X(kDiskFull, "disk.full") \
  X(kEngineStall, "engine.stall") \
  X(kKill, "process.kill") \
  X(kPower, "process.power") \
  X(kTerm, "process.term") \
  X(kCrashInDisk, "process.crash_in_disk") \
  X(kCrashInRecovery, "process.crash_in_recovery") \
  X(kClockStep, "clock.step") \
  X(kOpEarlyReceipt, "operator.early_receipt") \
  X(kOpLateReceipt, "operator.late_receipt") \
  X(kOpTwice, "operator.receipt_twice") \
  X(kOpContradict, "operator.contradiction") \
  X(kOpForged, "operator.forged_id") \
  X(kOpNoReceipt, "operator.no_receipt") \
  X(kOpIntermediate, "operator.intermediate") \
  X(kOpEmptyId, "operator.empty_id") \
  X(kOpReusedId, "operator.reused_id") \
  X(kOpThrottle, "operator.throttle") \
  X(kOpQueueFull, "operator.queue_full") \
  X(kOpReject, "operator.reject") \
  X(kOpNoAnswer, "operator.no_answer") \
  X(kOpDoubleAnswer, "operator.double_answer") \
  X(kOpWrongSequence, "operator.wrong_sequence") \
  X(kOpLateAnswer, "operator.late_answer") \
  X(kOpStall, "operator.stall") \
  X(kOpUnbind, "operator.unbind") \
  X(kOpGarbage, "operator.garbage") \
  X(kOpBindRefused, "operator.bind_refused") \
  X(kOpInbound, "operator.inbound") \
  X(kClDrop, "client.drop") \
  X(kClBeyondWindow, "client.beyond_window") \
  X(kClNeverReads, "client.never_reads") \
  X(kClNoAnswer, "client.no_answer") \
  X(kClRefuses, "client.refuses") \
  X(kClRebindStorm, "client.rebind_storm") \
  X(kClBadLogin, "client.bad_login") \
  X(kClGarbage, "client.garbage") \
  X(kClQuery, "client.query") \
  X(kClCancel, "client.cancel") \
  X(kClMulti, "client.multi") \
  X(kClForeign, "client.foreign_id") \
  X(kOpHandset, "operator.handset") \
  X(kDiskFlip, "disk.flip")
// clang-format on

enum class Fault : std::uint8_t {
#define ALDIS_SIM_ENUMERATOR(name, text) name,
  ALDIS_SIM_FAULTS(ALDIS_SIM_ENUMERATOR)
#undef ALDIS_SIM_ENUMERATOR
      kCount
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kCount);
std::string_view name_of(Fault fault);

enum class Shape : std::uint8_t { kCalm, kRain, kStorm, kSwarm };
std::string_view name_of(Shape shape);

// The odds of one seed, and what really happened. After heal() nothing fires any more.
class Faults {
 public:
  Faults(std::uint64_t seed, Shape shape);

  // True with the class's own odds times `weight`; counts it.
  bool fires(Fault fault, double weight = 1);
  void count(Fault fault) { ++fired_[static_cast<std::size_t>(fault)]; }
  [[nodiscard]] double odds(Fault fault) const {
    return healed_ ? 0 : odds_[static_cast<std::size_t>(fault)];
  }
  [[nodiscard]] bool enabled(Fault fault) const { return odds_[static_cast<std::size_t>(fault)] > 0; }
  void disable(Fault fault) { odds_[static_cast<std::size_t>(fault)] = 0; }
  void heal() { healed_ = true; }
  std::function<void(Fault)> on_fired;
  [[nodiscard]] bool healed() const { return healed_; }
  [[nodiscard]] const std::array<std::uint64_t, kFaults>& fired() const { return fired_; }

 private:
  std::array<double, kFaults> odds_{};
  std::array<std::uint64_t, kFaults> fired_{};
  std::vector<Chance> streams_;  // one each: switching a class off does not reshuffle the others
  bool healed_ = false;
};

}  // namespace aldis::sim
