// SPDX-License-Identifier: Apache-2.0
#include "aldis/receipts/tally.hpp"

#include "aldis/base/check.hpp"

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

void Tally::applied(OperatorId op, const Applied& applied, const Report& report, Duration since_sent) {
  Counts& counts = at(op);
  counts.duplicate += applied.duplicate ? 1 : 0;
  counts.contradicting += applied.contradicting ? 1 : 0;
  counts.late += applied.late ? 1 : 0;
  const bool first_final = applied.part_changed && report.state && is_final(*report.state);
  if (!first_final) { return; }
  if (*report.state == Status::kDelivered && since_sent < kTooFast) { ++counts.too_fast; }
  const double took = std::chrono::duration<double>(since_sent).count();
  std::size_t bucket = 0;
  while (bucket < ports::kBucketsReceipt.size() && took > ports::kBucketsReceipt[bucket]) { ++bucket; }
  ++counts.latency[bucket];
  counts.latency_sum += took;
}

void Tally::collect(ports::MetricReport& report, const OperatorName& name,
                    const OrphanReceipts& orphans) const {
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    const Counts& counts = operators_[i];
    const OperatorId op{i};
    const std::string_view who = name(op);
    report.counter("aldis_receipts_requested_total", {{"operator", who}}, number(counts.requested));
    for (std::size_t s = 0; s < kStates; ++s) {
      report.counter("aldis_receipts_received_total", {{"operator", who}, {"state", kStateNames[s]}},
                     number(counts.received[s]));
    }
    for (std::size_t h = 0; h < kHows; ++h) {
      report.counter("aldis_receipts_matched_total",
                     {{"operator", who}, {"how", name_of(static_cast<How>(h))}}, number(counts.matched[h]));
    }
    report.counter("aldis_receipts_unmatched_total", {{"operator", who}}, number(counts.unmatched_total));
    const auto odd = [&](std::string_view kind, std::uint64_t count) {
      report.counter("aldis_receipts_odd_total", {{"operator", who}, {"kind", kind}}, number(count));
    };
    for (const Unmatched reason :
         {Unmatched::kUnknown, Unmatched::kAddress, Unmatched::kAmbiguous, Unmatched::kUnparsed}) {
      odd(name_of(reason), counts.unmatched[static_cast<std::size_t>(reason)]);
    }
    odd(name_of(Unmatched::kLate),
        counts.late + counts.unmatched[static_cast<std::size_t>(Unmatched::kLate)]);
    odd("duplicate", counts.duplicate);
    odd("contradicting", counts.contradicting);
    odd("too_fast", counts.too_fast);
    report.gauge("aldis_receipts_orphaned", {{"operator", who}}, number(orphans.size(op)));
    report.gauge("aldis_receipts_awaited", {{"operator", who}}, number(counts.awaited));
    report.histogram("aldis_receipt_latency_seconds", {{"operator", who}}, ports::kBucketsReceipt,
                     counts.latency, counts.latency_sum);
  }
}

Tally::Counts& Tally::at(OperatorId op) {
  ALDIS_CHECK(op != kNoOperator);
  if (op.value() >= operators_.size()) { operators_.resize(op.value() + 1); }
  return operators_[op.value()];
}

}  // namespace aldis::receipts
