// SPDX-License-Identifier: Apache-2.0
// The engine's counters under the names of the manual's metric table.
#include <algorithm>

#include "engine/state.hpp"

namespace aldis::engine::housekeeping {

namespace {

double count(std::uint64_t n) { return static_cast<double>(n); }

void collect_finals(const Finals& finals, std::string_view op, ports::MetricReport& report) {
  for (std::size_t c = 0; c < kMessageClasses; ++c) {
    for (std::size_t i = 0; i < Finals::kStates; ++i) {
      const auto status = static_cast<Status>(static_cast<std::size_t>(Status::kDelivered) + i);
      report.counter(
          "aldis_messages_final_total",
          {{"operator", op}, {"class", name_of(static_cast<MessageClass>(c))}, {"status", name_of(status)}},
          count(finals.counts[c][i]));
    }
  }
}

void collect_operator(const OperatorCounters& c, std::string_view op, ports::MetricReport& report) {
  collect_finals(c.finals, op, report);
  report.counter("aldis_uncertain_total", {{"operator", op}}, count(c.uncertain));
  report.counter("aldis_resends_total", {{"operator", op}}, count(c.resends));
  const auto submits = [&](std::string_view result, std::uint64_t n) {
    report.counter("aldis_submits_total", {{"operator", op}, {"result", result}}, count(n));
  };
  submits("ok", c.submits_ok);
  submits("throttled", c.submits_throttled);
  submits("retry", c.submits_retry);
  submits("error", c.submits_error);
  submits("timeout", c.submits_timeout);
  report.counter("aldis_inbound_total", {{"operator", op}, {"outcome", "accepted"}},
                 count(c.inbound - c.inbound_unroutable));
  report.counter("aldis_inbound_total", {{"operator", op}, {"outcome", "unroutable"}},
                 count(c.inbound_unroutable));
}

// The journal knows operators that the configuration does not any more: they are one series together, so that
// every rename does not leave a set of its own.
std::string_view label_of(const State& s, OperatorId op) {
  const auto name = s.directory.operator_name(op);
  const bool configured = std::any_of(s.settings.operators.begin(), s.settings.operators.end(),
                                      [&](const OperatorSettings& row) { return row.name == name; });
  return configured ? name : std::string_view{"_other"};
}

}  // namespace

void collect(State& s, const Now& now, ports::MetricReport& report) {
  const auto& c = s.counters;
  for (std::size_t i = 0; i < kDoors; ++i) {
    const auto door = static_cast<Door>(i);
    for (const auto message_class : {MessageClass::kOtp, MessageClass::kTransactional, MessageClass::kBulk}) {
      report.counter("aldis_messages_accepted_total",
                     {{"door", name_of(door)}, {"class", name_of(message_class)}},
                     count(c.accepted_by[i][static_cast<std::size_t>(message_class)]));
    }
  }
  const auto in = [&](Status status) { return c.pending[static_cast<std::size_t>(status)]; };
  report.gauge("aldis_messages_pending", {{"state", "queued"}},
               count(in(Status::kQueued) + in(Status::kScheduled)));
  report.gauge("aldis_messages_pending", {{"state", "leased"}}, count(in(Status::kSending)));
  report.gauge("aldis_messages_pending", {{"state", "uncertain"}}, count(in(Status::kUncertain)));
  report.gauge("aldis_messages_pending", {{"state", "awaiting_receipt"}}, count(in(Status::kSent)));
  report.gauge("aldis_messages_shelved", {}, count(s.messages.shelved_count()));
  report.counter("aldis_messages_fetched_total", {}, count(c.fetched));
  collect_finals(c.finals_without_operator, "none", report);
  for (std::uint32_t i = 0; i < s.groups.size(); ++i) {
    const auto name = label_of(s, OperatorId{i});
    collect_operator(s.groups[i].counters, name, report);
    s.tally.collect(report, OperatorId{i}, name, s.correlator, s.orphans);
  }
  for (std::size_t i = 0; i < admission::kReadings; ++i) {
    const auto reading = static_cast<admission::Reading>(i);
    report.gauge("aldis_pressure_level", {{"reading", admission::name_of(reading)}},
                 s.pressure.level(reading));
  }
  report.gauge("aldis_pressure_level", {{"reading", "worst"}}, s.pressure.level());
  report.gauge("aldis_journal_durable_lsn", {}, count(s.journal.durable().value()));
  s.admission.collect(report);
  s.dispatch.collect(now.mono, report);
  s.routes.collect(report);
  s.outbox.collect(now, report);
  s.telling.webhooks().collect(now, report);
  for (std::size_t i = 0; i < kWebhookOutcomes; ++i) {
    report.counter("aldis_webhook_attempts_total", {{"result", name_of(static_cast<WebhookOutcome>(i))}},
                   count(c.webhook_outcomes[i]));
  }
  report.histogram("aldis_webhook_seconds", {}, WebhookSeconds::kBounds, c.webhook_took.counts,
                   c.webhook_took.sum);
}

}  // namespace aldis::engine::housekeeping
