// SPDX-License-Identifier: Apache-2.0
// What operators do with receipts, counted: aldis_receipts_* of the metrics page, and the material of its
// alarms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "aldis/core/ids.hpp"
#include "aldis/core/status.hpp"
#include "aldis/ports/metrics.hpp"
#include "aldis/receipts/apply.hpp"
#include "aldis/receipts/correlator.hpp"
#include "aldis/receipts/orphans.hpp"

namespace aldis::receipts {

// Counters per operator, as many as the directory knows. Owned by the engine, incremented on its thread, one
// line each at the place where it happens. Not for decisions.
class Tally {
 public:
  explicit Tally(std::size_t operators) { operators_.resize(operators); }

  // the operator took a part and is to send its receipt
  void requested(OperatorId op) { ++at(op).requested; }
  void received(OperatorId op, const Report& report);
  void matched(OperatorId op, How how) { ++at(op).matched[static_cast<std::size_t>(how)]; }
  void unmatched(OperatorId op, Unmatched reason);
  void applied(OperatorId op, const Applied& applied);  // what apply_receipt() said

  // `name` is the value of the label; operators of one name are to be added up.
  void collect(ports::MetricReport& report, OperatorId op, std::string_view name,
               const Correlator& correlator, const OrphanReceipts& orphans) const;

 private:
  static constexpr std::size_t kStates = 9;  // delivered .. unknown, enroute, accepted, unrecognised
  struct Counts {
    std::uint64_t requested = 0;
    std::uint64_t unmatched_total = 0;
    std::array<std::uint64_t, kStates> received{};
    std::array<std::uint64_t, kHows> matched{};
    std::array<std::uint64_t, kUnmatcheds> unmatched{};
    std::uint64_t duplicate = 0;
    std::uint64_t contradicting = 0;
    std::uint64_t late = 0;
  };
  Counts& at(OperatorId op) { return operators_[op.value()]; }

  std::vector<Counts> operators_;  // index = OperatorId
};

}  // namespace aldis::receipts
