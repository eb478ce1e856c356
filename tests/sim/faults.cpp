// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.hpp"

#include <algorithm>
#include <cmath>

namespace aldis::sim {

namespace {

constexpr std::array kNames{
#define ALDIS_SIM_NAME(name, text) std::string_view{text},
    ALDIS_SIM_FAULTS(ALDIS_SIM_NAME)
#undef ALDIS_SIM_NAME
};

// How often in rain, at each opportunity: a connection's chunk, a commit, a submit, a minute of staff.
double odds_in_rain(Fault fault) {
  switch (fault) {
    case Fault::kNetLatency: return 0.3;
    case Fault::kNetPieces: return 0.1;
    case Fault::kNetOneOctet: return 0.002;
    case Fault::kNetReset: return 0.0008;
    case Fault::kNetBlackhole: return 0.0004;
    case Fault::kNetRefused: return 0.05;
    case Fault::kNetNoAnswer: return 0.02;
    case Fault::kNetSmallBuffer: return 0.1;
    case Fault::kDiskSlow: return 0.05;
    case Fault::kDiskStall: return 0.002;
    case Fault::kDiskError: return 0.0002;
    case Fault::kDiskFull: return 0.1;
    case Fault::kEngineStall: return 0.002;
    case Fault::kKill: return 0.15;
    case Fault::kPower: return 0.15;
    case Fault::kTerm: return 0.1;
    case Fault::kCrashInDisk: return 0.15;
    case Fault::kCrashInRecovery: return 0.25;
    case Fault::kClockStep: return 0.05;
    case Fault::kOpEarlyReceipt: return 0.05;
    case Fault::kOpLateReceipt: return 0.02;
    case Fault::kOpTwice: return 0.05;
    case Fault::kOpContradict: return 0.02;
    case Fault::kOpForged: return 0.01;
    case Fault::kOpNoReceipt: return 0.01;
    case Fault::kOpIntermediate: return 0.03;
    case Fault::kOpEmptyId: return 0.005;
    case Fault::kOpReusedId: return 0.005;
    case Fault::kOpThrottle: return 0.005;
    case Fault::kOpQueueFull: return 0.01;
    case Fault::kOpReject: return 0.02;
    case Fault::kOpNoAnswer: return 0.005;
    case Fault::kOpDoubleAnswer: return 0.01;
    case Fault::kOpWrongSequence: return 0.005;
    case Fault::kOpLateAnswer: return 0.005;
    case Fault::kOpStall: return 0.002;
    case Fault::kOpUnbind: return 0.002;
    case Fault::kOpGarbage: return 0.0005;
    case Fault::kOpBindRefused: return 0.05;
    case Fault::kOpInbound: return 0.03;
    case Fault::kClDrop: return 0.01;
    case Fault::kClBeyondWindow: return 0.02;
    case Fault::kClNeverReads: return 0.002;
    case Fault::kClNoAnswer: return 0.01;
    case Fault::kClRefuses: return 0.02;
    case Fault::kClRebindStorm: return 0.01;
    case Fault::kClBadLogin: return 0.02;
    case Fault::kClGarbage: return 0.002;
    case Fault::kClQuery: return 0.03;
    case Fault::kClCancel: return 0.02;
    case Fault::kClMulti: return 0.04;
    case Fault::kClForeign: return 0.01;
    case Fault::kOpHandset: return 0.1;
    case Fault::kDiskFlip: return 0.1;
    case Fault::kCount: break;
  }
  return 0;
}

}  // namespace

std::string_view name_of(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

std::string_view name_of(Shape shape) {
  switch (shape) {
    case Shape::kCalm: return "calm";
    case Shape::kRain: return "rain";
    case Shape::kStorm: return "storm";
    case Shape::kSwarm: return "swarm";
  }
  return "?";
}

Faults::Faults(std::uint64_t seed, Shape shape) {
  Chance chance{seed, "odds"};
  for (std::size_t i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    const double rain = odds_in_rain(fault);
    const double spread = std::exp2(4.0 * chance.uniform() - 2.0);  // a quarter to four times
    const bool off = chance.one_in(0.5);
    switch (shape) {
      case Shape::kCalm: odds_[i] = fault == Fault::kNetLatency ? rain : 0; break;
      case Shape::kRain: odds_[i] = rain; break;
      case Shape::kStorm: odds_[i] = rain * 3 * spread; break;
      case Shape::kSwarm: odds_[i] = off ? 0 : rain * 2 * spread; break;
    }
    odds_[i] = std::min(odds_[i], 0.6);
    streams_.emplace_back(seed, kNames[i]);
  }
}

bool Faults::fires(Fault fault, double weight) {
  const auto index = static_cast<std::size_t>(fault);
  if (healed_ || odds_[index] <= 0) { return false; }
  if (!streams_[index].one_in(std::min(1.0, odds_[index] * weight))) { return false; }
  ++fired_[index];
  if (on_fired) { on_fired(fault); }
  return true;
}

}  // namespace aldis::sim
