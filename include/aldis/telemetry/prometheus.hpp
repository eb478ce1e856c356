// SPDX-License-Identifier: Apache-2.0
// Prometheus text, exposition format 0.0.4, out of what modules report.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/ports/metrics.hpp"

namespace aldis::telemetry {

// Collects one scrape and renders it: begin(), then every module's report, then finish(). Kept between
// scrapes for its buffers and its count of folded series. Families come sorted by name, series by labels; the
// same series reported twice is added up. One thread. Names, types and labels must be those of the
// registry: anything else is our bug and aborts. Past `series_max` exposed lines further label sets of a
// family add up in one whose labels all read `_other`.
class PrometheusText final : public ports::MetricReport {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  explicit PrometheusText(std::uint32_t series_max = 50'000);

  void begin();
  void counter(std::string_view name, ports::Labels labels, double value) override;
  void gauge(std::string_view name, ports::Labels labels, double value) override;
  void histogram(std::string_view name, ports::Labels labels, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum) override;

  // The whole answer; valid until the next begin(). Adds aldis_metrics_series and
  // aldis_metrics_series_folded_total.
  std::string_view finish();

 private:
  struct Series {
    std::uint32_t labels_at = 0;  // rendered `a="b",c="d"` in labels_
    std::uint32_t labels_size = 0;
    std::uint32_t counts_at = 0;  // histograms: per bound and +Inf, in counts_
    double value = 0;             // of a histogram: its sum
  };
  struct Family {
    std::vector<Series> series;
    std::vector<double> bounds;  // histograms; the same for every series of a family
    bool folded = false;         // then other is the `_other` series
    Series other;
  };

  Family& family_of(std::string_view name, char type, ports::Labels labels);
  Series series_with(ports::Labels labels, bool folded);
  void put(Family& family, ports::Labels labels, Series series);
  void add(const Family& family, Series& to, const Series& from);
  void merge(Family& family);
  void render_histogram(std::string_view name, const Family& family, const Series& series);
  [[nodiscard]] std::string_view labels_of(const Series& series) const;

  std::uint32_t series_max_;
  std::uint64_t folded_total_ = 0;
  std::uint32_t lines_ = 0;
  std::string labels_;
  std::vector<std::uint64_t> counts_;
  std::vector<Family> families_;  // one per row of the registry
  std::string text_;
};

// The process itself, from /proc: CPU seconds, resident memory, descriptors, threads, start time.
void report_process(ports::MetricReport& to);

}  // namespace aldis::telemetry
