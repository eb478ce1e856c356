// SPDX-License-Identifier: Apache-2.0
// Metrics are pulled: modules keep plain counters on the engine thread and report them when asked, so
// counting costs an increment. Names and label sets: OPERATIONS 3.2. telemetry turns reports into Prometheus
// text.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace aldis::ports {

// Upper bounds of histogram buckets, in seconds; +Inf follows each.
inline constexpr std::array kBucketsFast{.0005, .001, .0025, .005, .01, .025, .05, .1,
                                         .25,   .5,   1.,    2.5,  5.,  10.,  30.};
inline constexpr std::array kBucketsSync{.0001, .00025, .0005, .001, .002, .005, .01, .02, .05, .1, .5, 1.};
inline constexpr std::array kBucketsWait{.01, .1, 1., 5., 10., 30., 60., 300., 900., 3600., 21600., 86400.};
inline constexpr std::array kBucketsReceipt{1.,   2.,   5.,    10.,    30.,    60.,
                                            300., 900., 3600., 21600., 86400., 259200.};

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class MetricReport {
 public:
  virtual ~MetricReport() = default;
  virtual void counter(std::string_view name, Labels labels, double value) = 0;  // name with _total
  virtual void gauge(std::string_view name, Labels labels, double value) = 0;
  // Cumulative counts are made by the report: `counts` has one entry per bound and one for +Inf.
  virtual void histogram(std::string_view name, Labels labels, std::span<const double> bounds,
                         std::span<const std::uint64_t> counts, double sum) = 0;
};

}  // namespace aldis::ports
