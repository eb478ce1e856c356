// SPDX-License-Identifier: Apache-2.0
// The engine's counters under the names of the manual's metric table.
#include "engine/state.hpp"

namespace aldis::engine::housekeeping {

void collect(State& s, const Now& now, ports::MetricReport& report) {
  const auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  const auto& c = s.counters;
  for (const auto message_class : {MessageClass::kOtp, MessageClass::kTransactional, MessageClass::kBulk}) {
    report.counter("aldis_messages_accepted_total", {{"door", "smpp"}, {"class", name_of(message_class)}},
                   count(c.accepted_by_class[static_cast<std::size_t>(message_class)]));
  }
  const auto in = [&](Status status) { return c.pending_or_final[static_cast<std::size_t>(status)]; };
  report.gauge("aldis_messages_pending", {{"state", "queued"}},
               count(in(Status::kQueued) + in(Status::kScheduled)));
  report.gauge("aldis_messages_pending", {{"state", "leased"}}, count(in(Status::kSending)));
  report.gauge("aldis_messages_pending", {{"state", "uncertain"}}, count(in(Status::kUncertain)));
  report.gauge("aldis_messages_pending", {{"state", "awaiting_receipt"}}, count(in(Status::kSent)));
  for (const Status status : {Status::kDelivered, Status::kUndeliverable, Status::kRejected, Status::kExpired,
                              Status::kDeleted, Status::kUnknown}) {
    report.counter("aldis_messages_final_total", {{"status", name_of(status)}}, count(in(status)));
  }
  report.counter("aldis_uncertain_total", {}, count(c.uncertain));
  report.counter("aldis_resends_total", {}, count(c.resends));
  report.counter("aldis_submits_total", {{"result", "ok"}}, count(c.submits_ok));
  report.counter("aldis_submits_total", {{"result", "throttled"}}, count(c.submits_throttled));
  report.counter("aldis_submits_total", {{"result", "retry"}}, count(c.submits_retry));
  report.counter("aldis_submits_total", {{"result", "error"}}, count(c.submits_error));
  report.counter("aldis_submits_total", {{"result", "timeout"}}, count(c.submits_timeout));
  report.counter("aldis_receipts_received_total", {}, count(c.receipts));
  report.counter("aldis_receipts_unmatched_total", {}, count(c.receipts_parked));
  report.counter("aldis_receipts_odd_total", {{"kind", "duplicate"}}, count(c.receipts_duplicate));
  report.counter("aldis_receipts_odd_total", {{"kind", "contradicting"}}, count(c.receipts_contradicting));
  report.counter("aldis_receipts_odd_total", {{"kind", "late"}}, count(c.receipts_late));
  report.gauge("aldis_receipts_orphaned", {}, count(s.orphans.size()));
  report.gauge("aldis_receipts_awaited", {}, count(s.correlator.remembered()));
  report.counter("aldis_inbound_total", {{"outcome", "accepted"}}, count(c.inbound - c.inbound_unroutable));
  report.counter("aldis_inbound_total", {{"outcome", "unroutable"}}, count(c.inbound_unroutable));
  for (std::size_t how = 0; how < receipts::kHows; ++how) {
    report.counter("aldis_receipts_matched_total",
                   {{"how", receipts::name_of(static_cast<receipts::How>(how))}}, count(c.matched_how[how]));
  }
  for (std::size_t i = 0; i < admission::kReadings; ++i) {
    const auto reading = static_cast<admission::Reading>(i);
    report.gauge("aldis_pressure_level", {{"reading", admission::name_of(reading)}},
                 s.pressure.level(reading));
  }
  report.gauge("aldis_pressure_level", {{"reading", "worst"}}, s.pressure.level());
  report.gauge("aldis_journal_durable_lsn", {}, count(s.journal.durable().value()));
  s.admission.collect(report, "smpp");
  s.dispatch.collect(now.mono, report);
  s.routes.collect(report);
  s.outbox.collect(now, report);
}

}  // namespace aldis::engine::housekeeping
