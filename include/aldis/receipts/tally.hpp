// SPDX-License-Identifier: Apache-2.0
// What operators do with receipts, counted: aldis_receipts_* of the metrics page, and the material of its
// alarms.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>

#include "aldis/core/ids.hpp"
#include "aldis/core/status.hpp"
#include "aldis/ports/metrics.hpp"
#include "aldis/receipts/apply.hpp"
#include "aldis/receipts/correlator.hpp"
#include "aldis/receipts/orphans.hpp"

namespace aldis::receipts {

// Counters per operator. Owned by the engine, incremented on its thread, one line each at the place where it
// happens. Grows with the number of operators. Not for decisions.
class Tally {
 public:
  // A part was accepted by the operator and awaits its receipt; and: it does not any more, whatever the
  // reason.
  void requested(OperatorId op) {
    ++at(op).requested;
    ++at(op).awaited;
  }
  void settled(OperatorId op) {
    if (auto& counts = at(op); counts.awaited > 0) { --counts.awaited; }
  }
  void restored(OperatorId op) { ++at(op).awaited; }  // replay: awaited, not requested again

  void received(OperatorId op, const Report& report);
  void matched(OperatorId op, How how) { ++at(op).matched[static_cast<std::size_t>(how)]; }
  void unmatched(OperatorId op, Unmatched reason);
  // What apply_receipt said; `since_sent` = submit to receipt.
  void applied(OperatorId op, const Applied& applied, const Report& report, Duration since_sent);

  using OperatorName = std::function<std::string_view(OperatorId)>;
  void collect(ports::MetricReport& report, const OperatorName& name, const OrphanReceipts& orphans) const;

 private:
  static constexpr std::size_t kStates = 9;  // delivered .. unknown, enroute, accepted, unrecognised
  static constexpr Duration kTooFast = milliseconds{200};
  struct Counts {
    std::uint64_t requested = 0;
    std::uint64_t awaited = 0;
    std::uint64_t unmatched_total = 0;
    std::array<std::uint64_t, kStates> received{};
    std::array<std::uint64_t, kHows> matched{};
    std::array<std::uint64_t, kUnmatcheds> unmatched{};
    std::uint64_t duplicate = 0;
    std::uint64_t contradicting = 0;
    std::uint64_t late = 0;
    std::uint64_t too_fast = 0;
    std::array<std::uint64_t, ports::kBucketsReceipt.size() + 1> latency{};
    double latency_sum = 0;  // seconds
  };
  Counts& at(OperatorId op);

  std::deque<Counts> operators_;  // index = OperatorId
};

}  // namespace aldis::receipts
