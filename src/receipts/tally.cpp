// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/tally.hpp"

namespace aldis::receipts {
namespace {

constexpr std::array<std::string_view, 9> kStateNames{"delivered", "undeliverable", "rejected",
                                                      "expired",   "deleted",       "unknown",
                                                      "enroute",   "accepted",      "unrecognised"};

std::size_t state_index(const Report& report) {
  if (!report.state) { return 8; }
  if (is_final(*report.state)) {
    return static_cast<std::size_t>(*report.state) - static_cast<std::size_t>(Status::kDelivered);
  }
  return report.accepted_word ? 7 : 6;
}

double number(std::uint64_t count) { return static_cast<double>(count); }

}  // namespace

void Tally::received(OperatorId op, const Report& report) { ++at(op).received[state_index(report)]; }

void Tally::unmatched(OperatorId op, Unmatched reason) {
  Counts& counts = at(op);
  ++counts.unmatched_total;
  ++counts.unmatched[static_cast<std::size_t>(reason)];
}

void Tally::applied(OperatorId op, const Applied& applied) {
  Counts& counts = at(op);
  counts.duplicate += applied.duplicate ? 1 : 0;
  counts.contradicting += applied.contradicting ? 1 : 0;
  counts.late += applied.late ? 1 : 0;
}

void Tally::collect(ports::MetricReport& report, OperatorId op, std::string_view name,
                    const Correlator& correlator, const OrphanReceipts& orphans) const {
  const Counts& counts = operators_[op.value()];
  report.counter("aldis_receipts_requested_total", {{"operator", name}}, number(counts.requested));
  for (std::size_t s = 0; s < kStates; ++s) {
    report.counter("aldis_receipts_received_total", {{"operator", name}, {"state", kStateNames[s]}},
                   number(counts.received[s]));
  }
  for (std::size_t h = 0; h < kHows; ++h) {
    report.counter("aldis_receipts_matched_total",
                   {{"operator", name}, {"how", name_of(static_cast<How>(h))}}, number(counts.matched[h]));
  }
  report.counter("aldis_receipts_unmatched_total", {{"operator", name}}, number(counts.unmatched_total));
  const auto odd = [&](std::string_view kind, std::uint64_t count) {
    report.counter("aldis_receipts_odd_total", {{"operator", name}, {"kind", kind}}, number(count));
  };
  for (const Unmatched reason :
       {Unmatched::kUnknown, Unmatched::kAddress, Unmatched::kAmbiguous, Unmatched::kUnparsed}) {
    odd(receipts::name_of(reason), counts.unmatched[static_cast<std::size_t>(reason)]);
  }
  odd(receipts::name_of(Unmatched::kLate),
      counts.late + counts.unmatched[static_cast<std::size_t>(Unmatched::kLate)]);
  odd("duplicate", counts.duplicate);
  odd("contradicting", counts.contradicting);
  report.gauge("aldis_receipts_orphaned", {{"operator", name}}, number(orphans.size(op)));
  report.gauge("aldis_receipts_awaited", {{"operator", name}}, number(correlator.remembered(op)));
}

}  // namespace aldis::receipts
