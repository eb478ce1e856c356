// SPDX-License-Identifier: Apache-2.0
// Every metric there is: name, type, labels, one sentence. Sorted by name; what is not here cannot be
// reported (tools/checks/check_metrics.py).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace aldis::telemetry {

struct MetricRow {
  std::string_view name;
  char type = 'g';          // c counter, g gauge, h histogram
  std::string_view labels;  // names, one space between, in the order in which they are reported
  std::string_view help;
};

inline constexpr auto kMetrics = std::to_array<MetricRow>({
    {"aldis_accept_seconds", 'h', "door",
     "From a request read to its answer written, sync of the journal included."},
    {"aldis_audit_mismatch", 'g', "", "Differences that the conservation check found; must be 0."},
    {"aldis_audit_timestamp_seconds", 'g', "", "When the conservation check last ran."},
    {"aldis_build_info", 'g', "version revision node", "Always 1; the labels say what runs."},
    {"aldis_check_ok", 'g', "check", "Each check of /readyz: 1 good, 0 not."},
    {"aldis_clock_frozen", 'g', "", "1 while expiry is frozen after a step of the wall clock."},
    {"aldis_clock_steps_total", 'c', "", "Steps of the wall clock by more than 60 s."},
    {"aldis_config_generation", 'g', "", "Number of the settings in force; each applied reload adds 1."},
    {"aldis_config_last_reload_successful", 'g', "", "0 when the last reload was refused."},
    {"aldis_config_last_reload_timestamp_seconds", 'g', "", "When settings were last applied."},
    {"aldis_config_restart_pending", 'g', "", "Changed settings that wait for a restart."},
    {"aldis_connections_refused_total", 'c', "listener reason",
     "Connections refused when they were accepted."},
    {"aldis_dead_letters_total", 'c', "via", "Owed items given up after their retention."},
    {"aldis_disk_free_bytes", 'g', "", "Free space where the journal lies."},
    {"aldis_disk_free_ratio", 'g', "",
     "Free part of that file system, 0 to 1: the worse of blocks and inodes."},
    {"aldis_engine_busy_seconds_total", 'c', "", "Time the engine thread was not waiting."},
    {"aldis_engine_turn_seconds", 'h', "", "One turn of the engine thread."},
    {"aldis_history_bytes", 'g', "", "Size of history's files."},
    {"aldis_history_failing", 'g', "",
     "1 while history cannot go on: its disk is full, its files are damaged."},
    {"aldis_history_gaps_total", 'c', "", "Stretches of the journal freed before history had read them."},
    {"aldis_history_lag_seconds", 'g', "", "How old the oldest record is that history has not read."},
    {"aldis_http_request_seconds", 'h', "handler", "Time to answer an HTTP request."},
    {"aldis_http_requests_total", 'c', "listener handler method code", "HTTP requests answered."},
    {"aldis_inbound_partial", 'g', "", "Inbound parts that wait for the others of their message."},
    {"aldis_inbound_total", 'c', "operator outcome", "Messages that came from operators."},
    {"aldis_journal_bytes", 'g', "", "Size of the journal on disk."},
    {"aldis_journal_commit_seconds", 'h', "", "From a record queued to durable."},
    {"aldis_journal_durability_relaxed", 'g', "", "1 when answers may leave before records are durable."},
    {"aldis_journal_durable_lsn", 'g', "", "Position up to which the journal is durable."},
    {"aldis_journal_fsync_seconds", 'h', "", "One fdatasync of the journal."},
    {"aldis_journal_records_total", 'c', "record", "Records written, by kind."},
    {"aldis_journal_recovery_seconds", 'g', "", "How long the last start read the journal."},
    {"aldis_journal_segments", 'g', "", "Segment files of the journal."},
    {"aldis_journal_syncs_total", 'c', "", "Syncs of the journal."},
    {"aldis_journal_written_bytes_total", 'c', "", "Octets written to the journal."},
    {"aldis_link_connects_total", 'c', "operator link result", "Attempts to bind to an operator."},
    {"aldis_link_enquire_seconds", 'h', "operator", "enquire_link to its response."},
    {"aldis_link_up", 'g', "operator link type", "1 while a wanted link is bound."},
    {"aldis_link_window_size", 'g', "operator link", "Submits that may wait for a response on a link now."},
    {"aldis_link_window_used", 'g', "operator link", "Submits that wait for a response."},
    {"aldis_log_dropped_total", 'c', "", "Log lines lost because the queue was full."},
    {"aldis_mailbox_items", 'g', "box", "Values waiting between two threads."},
    {"aldis_mailbox_paused_seconds_total", 'c', "box",
     "Time a source was paused because a mailbox was full."},
    {"aldis_messages_accepted_total", 'c', "door class", "Messages answered with yes."},
    {"aldis_messages_fetched_total", 'c', "", "Shelved messages read back from the journal."},
    {"aldis_messages_final_total", 'c', "operator class status", "Messages that reached a final state."},
    {"aldis_messages_pending", 'g', "state", "Messages accepted and not final."},
    {"aldis_messages_shelved", 'g', "", "Queued messages that stand in the journal only."},
    {"aldis_metrics_series", 'g', "", "Lines in this answer, the two about it not counted."},
    {"aldis_metrics_series_folded_total", 'c', "", "Label sets that a scrape put into _other."},
    {"aldis_operator_parts_per_second", 'g', "operator kind",
     "Rate towards an operator, configured and current."},
    {"aldis_overrides", 'g', "", "Settings changed at run time and not in the file."},
    {"aldis_owed_items", 'g', "via", "Receipts and inbound messages not yet acknowledged by customers."},
    {"aldis_owed_oldest_seconds", 'g', "via", "Age of the oldest of them."},
    {"aldis_parts_accepted_total", 'c', "door class", "Parts of messages answered with yes."},
    {"aldis_parts_pending", 'g', "state", "Parts of messages accepted and not final."},
    {"aldis_pressure_level", 'g', "reading", "How hard a reading pushes back, 0 to 6."},
    {"aldis_queue_age_target_seconds", 'g', "class", "Age that the oldest ready message should not pass."},
    {"aldis_queue_messages", 'g', "operator class state", "Messages in the lanes of an operator."},
    {"aldis_queue_oldest_seconds", 'g', "operator class", "Age of the oldest ready message."},
    {"aldis_queue_wait_seconds", 'h', "operator class", "From ready to on the wire."},
    {"aldis_ready", 'g', "", "1 while /readyz says ready."},
    {"aldis_receipt_latency_seconds", 'h', "operator", "From sent to the final receipt."},
    {"aldis_receipts_awaited", 'g', "operator", "Sent parts whose final receipt has not come."},
    {"aldis_receipts_matched_total", 'c', "operator how", "Receipts matched to their message."},
    {"aldis_receipts_odd_total", 'c', "operator kind", "Receipts that were not as they should be."},
    {"aldis_receipts_orphaned", 'g', "operator", "Receipts parked now, without their message."},
    {"aldis_receipts_received_total", 'c', "operator state", "Receipts that came from operators."},
    {"aldis_receipts_requested_total", 'c', "operator", "Submits that asked for a receipt."},
    {"aldis_receipts_unmatched_total", 'c', "operator", "Receipts that were ever parked."},
    {"aldis_refusals_total", 'c', "door reason", "Requests refused: never stored, charged or sent."},
    {"aldis_resends_total", 'c', "operator", "Uncertain parts sent again, each flagged."},
    {"aldis_route_decisions_total", 'c', "route outcome", "Routing decisions."},
    {"aldis_session_binds_total", 'c', "listener result", "Bind requests of customers."},
    {"aldis_sessions", 'g', "listener type", "Customers' sessions bound now."},
    {"aldis_smpp_errors_total", 'c', "side reason", "SMPP errors of peers."},
    {"aldis_smpp_octets_total", 'c', "side direction", "SMPP octets."},
    {"aldis_smpp_pdus_total", 'c', "side direction command", "SMPP PDUs."},
    {"aldis_submit_errors_total", 'c', "operator status",
     "Parts that an operator refused, by command_status."},
    {"aldis_submit_response_seconds", 'h', "operator", "submit_sm to its response."},
    {"aldis_submits_total", 'c', "operator result", "Parts submitted, by what came of it."},
    {"aldis_throttle_wait_seconds_total", 'c', "scope", "Time in which ready messages waited for a rate."},
    {"aldis_uncertain_total", 'c', "operator", "Parts leased without a result when a link was lost."},
    {"aldis_webhook_attempts_total", 'c', "result", "Calls of webhooks and callbacks."},
    {"aldis_webhook_breakers_open", 'g', "", "Endpoints that fail and are only probed."},
    {"aldis_webhook_seconds", 'h', "", "How long calls of webhooks and callbacks took."},
    {"process_cpu_seconds_total", 'c', "", "User and system CPU time."},
    {"process_max_fds", 'g', "", "File descriptors that may be open."},
    {"process_open_fds", 'g', "", "File descriptors open."},
    {"process_resident_memory_bytes", 'g', "", "Resident memory."},
    {"process_start_time_seconds", 'g', "", "When the process started, seconds since 1970."},
    {"process_threads", 'g', "", "Threads."},
});

static_assert(std::is_sorted(kMetrics.begin(), kMetrics.end(),
                             [](const MetricRow& a, const MetricRow& b) { return a.name < b.name; }));

}  // namespace aldis::telemetry
