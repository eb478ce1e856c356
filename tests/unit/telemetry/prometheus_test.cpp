// SPDX-License-Identifier: Apache-2.0
#include "aldis/telemetry/prometheus.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "telemetry/process.hpp"

using namespace aldis;
using namespace aldis::telemetry;

namespace {

// Without the lines about the answer itself, which every answer has.
std::string rendered(PrometheusText& text) {
  std::string all{text.finish()};
  for (const std::string_view head :
       {"# HELP aldis_metrics_series ", "# HELP aldis_metrics_series_folded_total "}) {
    const auto at = all.find(head);
    REQUIRE(at != std::string::npos);
    auto end = at;
    for (int i = 0; i < 3; ++i) { end = all.find('\n', end) + 1; }
    all.erase(at, end - at);
  }
  return all;
}

bool has_line(std::string_view text, std::string_view line) {
  const std::string whole = "\n" + std::string{line} + "\n";
  return ("\n" + std::string{text}).find(whole) != std::string::npos;
}

}  // namespace

TEST_CASE("families are grouped and sorted by name, series by labels, whatever the order of reports") {
  PrometheusText text;
  text.begin();
  text.counter("aldis_submits_total", {{"operator", "op-b"}, {"result", "ok"}}, 3);
  text.gauge("aldis_ready", {}, 1);
  text.counter("aldis_submits_total", {{"operator", "op-a"}, {"result", "ok"}}, 12345678);
  CHECK(rendered(text) ==
        "# HELP aldis_ready 1 while /readyz says ready.\n"
        "# TYPE aldis_ready gauge\n"
        "aldis_ready 1\n"
        "# HELP aldis_submits_total Parts submitted, by what came of it.\n"
        "# TYPE aldis_submits_total counter\n"
        "aldis_submits_total{operator=\"op-a\",result=\"ok\"} 12345678\n"
        "aldis_submits_total{operator=\"op-b\",result=\"ok\"} 3\n");
}

TEST_CASE("a histogram is cumulative, ends at +Inf and carries sum and count") {
  PrometheusText text;
  text.begin();
  const std::array bounds{.1, 1.};
  const std::array<std::uint64_t, 3> counts{4, 2, 1};
  text.histogram("aldis_submit_response_seconds", {{"operator", "op-a"}}, bounds, counts, 2.5);
  CHECK(rendered(text) ==
        "# HELP aldis_submit_response_seconds submit_sm to its response.\n"
        "# TYPE aldis_submit_response_seconds histogram\n"
        "aldis_submit_response_seconds_bucket{operator=\"op-a\",le=\"0.1\"} 4\n"
        "aldis_submit_response_seconds_bucket{operator=\"op-a\",le=\"1\"} 6\n"
        "aldis_submit_response_seconds_bucket{operator=\"op-a\",le=\"+Inf\"} 7\n"
        "aldis_submit_response_seconds_sum{operator=\"op-a\"} 2.5\n"
        "aldis_submit_response_seconds_count{operator=\"op-a\"} 7\n");
}

TEST_CASE("a histogram without labels has le alone") {
  PrometheusText text;
  text.begin();
  const std::array<std::uint64_t, ports::kBucketsSync.size() + 1> counts{};
  text.histogram("aldis_journal_fsync_seconds", {}, ports::kBucketsSync, counts, 0);
  const std::string all = rendered(text);
  CHECK(has_line(all, "aldis_journal_fsync_seconds_bucket{le=\"0.00025\"} 0"));
  CHECK(has_line(all, "aldis_journal_fsync_seconds_sum 0"));
}

TEST_CASE("label values are escaped") {
  PrometheusText text;
  text.begin();
  text.gauge("aldis_receipts_awaited", {{"operator", "a\"b\\c\nd"}}, 1);
  CHECK(has_line(rendered(text), "aldis_receipts_awaited{operator=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST_CASE("a series that two modules report is added up, not exposed twice") {
  PrometheusText text;
  text.begin();
  const std::array bounds{1.};
  const std::array<std::uint64_t, 2> counts{1, 2};
  for (int i = 0; i < 2; ++i) {
    text.counter("aldis_smpp_octets_total", {{"side", "link"}, {"direction", "in"}}, 20);
    text.histogram("aldis_engine_turn_seconds", {}, bounds, counts, 4);
  }
  const std::string all = rendered(text);
  CHECK(has_line(all, "aldis_smpp_octets_total{side=\"link\",direction=\"in\"} 40"));
  CHECK(all.find("direction=\"in\"} 40") == all.rfind("direction=\"in\"}"));
  CHECK(has_line(all, "aldis_engine_turn_seconds_count 6"));
  CHECK(has_line(all, "aldis_engine_turn_seconds_sum 8"));
}

TEST_CASE("past the limit new label sets fold into _other, and the folding is counted over scrapes") {
  PrometheusText text{3};
  for (int scrape = 1; scrape <= 2; ++scrape) {
    text.begin();
    for (const std::string_view op : {"a", "b", "c", "d", "e"}) {
      text.gauge("aldis_receipts_awaited", {{"operator", op}}, 10);
    }
    text.gauge("aldis_ready", {}, 1);  // a family without labels is one series: never folded
    const std::string all{text.finish()};
    CHECK(has_line(all, "aldis_receipts_awaited{operator=\"_other\"} 20"));
    CHECK(has_line(all, "aldis_receipts_awaited{operator=\"c\"} 10"));
    CHECK_FALSE(has_line(all, "aldis_receipts_awaited{operator=\"d\"} 10"));
    CHECK(has_line(all, "aldis_ready 1"));
    CHECK(has_line(all, "aldis_metrics_series 5"));
    CHECK(has_line(all, "aldis_metrics_series_folded_total " + std::to_string(2 * scrape)));
  }
}

TEST_CASE("folded histograms add up bucket by bucket, also where the first of all is folded") {
  PrometheusText text{4};
  text.begin();
  const std::array bounds{1.};
  const std::array<std::uint64_t, 2> counts{1, 2};
  for (const std::string_view op : {"a", "b", "c"}) {
    text.histogram("aldis_link_enquire_seconds", {{"operator", op}}, bounds, counts, 3);
  }
  const std::array<std::uint64_t, 2> others{5, 0};
  text.histogram("aldis_submit_response_seconds", {{"operator", "a"}}, bounds, others, 1);
  const std::string all{text.finish()};
  CHECK(has_line(all, "aldis_link_enquire_seconds_count{operator=\"a\"} 3"));
  CHECK(has_line(all, "aldis_link_enquire_seconds_bucket{operator=\"_other\",le=\"1\"} 2"));
  CHECK(has_line(all, "aldis_link_enquire_seconds_count{operator=\"_other\"} 6"));
  CHECK(has_line(all, "aldis_submit_response_seconds_count{operator=\"_other\"} 5"));
}

TEST_CASE("a label that is left out is left out of the text") {
  PrometheusText text;
  text.begin();
  text.counter("aldis_submits_total", {{"result", "ok"}}, 2);
  text.counter("aldis_submits_total", {}, 1);
  const std::string all = rendered(text);
  CHECK(has_line(all, "aldis_submits_total 1"));
  CHECK(has_line(all, "aldis_submits_total{result=\"ok\"} 2"));
}

TEST_CASE("numbers that are none have their words") {
  PrometheusText text;
  text.begin();
  text.gauge("aldis_owed_oldest_seconds", {{"via", "smpp"}}, std::numeric_limits<double>::quiet_NaN());
  text.gauge("aldis_owed_oldest_seconds", {{"via", "webhook"}}, std::numeric_limits<double>::infinity());
  const std::string all = rendered(text);
  CHECK(has_line(all, "aldis_owed_oldest_seconds{via=\"smpp\"} NaN"));
  CHECK(has_line(all, "aldis_owed_oldest_seconds{via=\"webhook\"} +Inf"));
}

TEST_CASE("a scrape starts from nothing") {
  PrometheusText text;
  text.begin();
  text.gauge("aldis_overrides", {}, 7);
  text.finish();
  text.begin();
  CHECK(rendered(text).empty());
}

TEST_CASE("the line of /proc/PID/stat is read past a program name with spaces and parentheses") {
  const auto stat = parse_process_stat(
      "812 (a) b (c)) S 1 812 812 0 -1 4194560 900 0 1 0 250 50 0 0 20 0 7 0 123456 104857600 2560 "
      "184467440737095 1 1 0\n");
  REQUIRE(stat);
  CHECK(stat->cpu_ticks == 300);
  CHECK(stat->threads == 7);
  CHECK(stat->start_ticks == 123456);
  CHECK(stat->resident_pages == 2560);
  CHECK_FALSE(parse_process_stat("812 (cut) S 1 2 3"));
  CHECK_FALSE(parse_process_stat(""));
  CHECK(parse_boot_time("cpu 1 2\nctxt 5\nbtime 1795291951\nprocesses 9\n") == 1795291951u);
  CHECK_FALSE(parse_boot_time("cpu 1 2\n"));
}

TEST_CASE("the process reports itself") {
  PrometheusText text;
  text.begin();
  report_process(text);
  const std::string all = rendered(text);
  for (const std::string_view name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
        "process_threads", "process_start_time_seconds"}) {
    CHECK(all.find("\n" + std::string{name} + " ") != std::string::npos);
  }
  CHECK(all.find("process_threads 0") == std::string::npos);
  CHECK(all.find("process_resident_memory_bytes 0") == std::string::npos);
}
