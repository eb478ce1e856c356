// SPDX-License-Identifier: Apache-2.0
// Metrics are pulled: modules keep plain counters on the engine thread and report them when asked, so counting costs an
// increment. Names and label sets: OPERATIONS 3.2. telemetry turns reports into Prometheus text.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace aldis::ports {

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
