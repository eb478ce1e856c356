// SPDX-License-Identifier: Apache-2.0
#include "aldis/telemetry/prometheus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "aldis/base/check.hpp"
#include "telemetry/registry.hpp"

namespace aldis::telemetry {
namespace {

constexpr std::string_view kOther = "_other";

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  const auto sentence = fmt::format("metric {} {}", name, why);
  check_failed(sentence.c_str(), __FILE__, __LINE__);
}

// The labels are those of the row, in its order; some may be left out (to Prometheus they are then empty).
bool fits(std::string_view names, ports::Labels labels) {
  for (const auto& [name, value] : labels) {
    std::string_view row_name;
    do {
      if (names.empty()) { return false; }
      const auto end = names.find(' ');
      row_name = names.substr(0, end);
      names = end == std::string_view::npos ? std::string_view{} : names.substr(end + 1);
    } while (row_name != name);
  }
  return true;
}

std::string_view word_of(char type) { return type == 'c' ? "counter" : type == 'g' ? "gauge" : "histogram"; }

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void append_label_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '"': out += "\\\""; break;
      case '\n': out += "\\n"; break;
      default: out += c;
    }
  }
}

// One exposed line: name, suffix, labels with perhaps one more behind them, value.
void append_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                   double value) {
  out += name;
  out += suffix;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  append_number(out, value);
  out += '\n';
}

}  // namespace

PrometheusText::PrometheusText(std::uint32_t series_max)
    : series_max_(series_max), families_(kMetrics.size()) {}

void PrometheusText::begin() {
  lines_ = 0;
  labels_.clear();
  counts_.clear();
  text_.clear();
  for (auto& family : families_) {
    family.series.clear();
    family.bounds.clear();
    family.folded = false;
  }
}

PrometheusText::Family& PrometheusText::family_of(std::string_view name, char type, ports::Labels labels) {
  const auto row = std::lower_bound(kMetrics.begin(), kMetrics.end(), name,
                                    [](const MetricRow& a, std::string_view b) { return a.name < b; });
  if (row == kMetrics.end() || row->name != name) { refuse(name, "is not in the registry"); }
  if (row->type != type) { refuse(name, "is reported with another type than it has"); }
  if (!fits(row->labels, labels)) { refuse(name, "is reported with other labels than it has"); }
  return families_[static_cast<std::size_t>(row - kMetrics.begin())];
}

// A series whose labels are rendered; the rest of it is the caller's.
PrometheusText::Series PrometheusText::series_with(ports::Labels labels, bool folded) {
  Series series;
  series.labels_at = static_cast<std::uint32_t>(labels_.size());
  for (const auto& [name, value] : labels) {
    if (labels_.size() != series.labels_at) { labels_ += ','; }
    labels_ += name;
    labels_ += "=\"";
    append_label_value(labels_, folded ? kOther : value);
    labels_ += '"';
  }
  series.labels_size = static_cast<std::uint32_t>(labels_.size()) - series.labels_at;
  return series;
}

void PrometheusText::put(Family& family, ports::Labels labels, Series series) {
  const auto lines = family.bounds.empty() ? 1u : static_cast<std::uint32_t>(family.bounds.size() + 3);
  // A family without labels is one series and cannot grow: it is never folded.
  if (labels.size() == 0 || lines_ + lines <= series_max_) {
    lines_ += lines;
    const Series place = series_with(labels, false);
    series.labels_at = place.labels_at;
    series.labels_size = place.labels_size;
    family.series.push_back(series);
    return;
  }
  ++folded_total_;
  if (family.folded) {
    add(family, family.other, series);
    return;
  }
  family.folded = true;
  lines_ += lines;
  const Series place = series_with(labels, true);
  family.other = series;
  family.other.labels_at = place.labels_at;
  family.other.labels_size = place.labels_size;
}

void PrometheusText::counter(std::string_view name, ports::Labels labels, double value) {
  Series series;
  series.value = value;
  put(family_of(name, 'c', labels), labels, series);
}

void PrometheusText::gauge(std::string_view name, ports::Labels labels, double value) {
  Series series;
  series.value = value;
  put(family_of(name, 'g', labels), labels, series);
}

void PrometheusText::histogram(std::string_view name, ports::Labels labels, std::span<const double> bounds,
                               std::span<const std::uint64_t> counts, double sum) {
  auto& family = family_of(name, 'h', labels);
  ALDIS_CHECK(!bounds.empty() && counts.size() == bounds.size() + 1);
  if (family.bounds.empty()) { family.bounds.assign(bounds.begin(), bounds.end()); }
  if (!std::equal(bounds.begin(), bounds.end(), family.bounds.begin(), family.bounds.end())) {
    refuse(name, "is reported with two sets of buckets");
  }
  Series series;
  series.value = sum;
  series.counts_at = static_cast<std::uint32_t>(counts_.size());
  counts_.insert(counts_.end(), counts.begin(), counts.end());
  put(family, labels, series);
}

std::string_view PrometheusText::labels_of(const Series& series) const {
  return std::string_view{labels_}.substr(series.labels_at, series.labels_size);
}

void PrometheusText::add(const Family& family, Series& to, const Series& from) {
  to.value += from.value;
  for (std::size_t i = 0; !family.bounds.empty() && i <= family.bounds.size(); ++i) {
    counts_[to.counts_at + i] += counts_[from.counts_at + i];
  }
}

// Sorts by labels, and adds up what two modules reported under the same ones.
void PrometheusText::merge(Family& family) {
  auto& series = family.series;
  std::sort(series.begin(), series.end(),
            [this](const Series& a, const Series& b) { return labels_of(a) < labels_of(b); });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < series.size(); ++i) {
    if (labels_of(series[kept]) == labels_of(series[i])) {
      add(family, series[kept], series[i]);
    } else {
      series[++kept] = series[i];
    }
  }
  series.resize(kept + 1);
}

std::string_view PrometheusText::finish() {
  const auto lines = lines_;
  gauge("aldis_metrics_series", {}, lines);
  counter("aldis_metrics_series_folded_total", {}, static_cast<double>(folded_total_));
  for (std::size_t i = 0; i < families_.size(); ++i) {
    auto& family = families_[i];
    if (family.folded) { family.series.push_back(family.other); }
    if (family.series.empty()) { continue; }
    merge(family);
    const auto& row = kMetrics[i];
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", row.name, row.help, row.name,
                   word_of(row.type));
    for (const auto& series : family.series) {
      if (row.type == 'h') {
        render_histogram(row.name, family, series);
      } else {
        append_sample(text_, row.name, "", labels_of(series), series.value);
      }
    }
  }
  return text_;
}

void PrometheusText::render_histogram(std::string_view name, const Family& family, const Series& series) {
  std::uint64_t cumulated = 0;
  std::string labels;
  for (std::size_t i = 0; i <= family.bounds.size(); ++i) {
    cumulated += counts_[series.counts_at + i];
    labels = labels_of(series);
    labels += labels.empty() ? "le=\"" : ",le=\"";
    if (i == family.bounds.size()) {
      labels += "+Inf";
    } else {
      append_number(labels, family.bounds[i]);
    }
    labels += '"';
    append_sample(text_, name, "_bucket", labels, static_cast<double>(cumulated));
  }
  append_sample(text_, name, "_sum", labels_of(series), series.value);
  append_sample(text_, name, "_count", labels_of(series), static_cast<double>(cumulated));
}

}  // namespace aldis::telemetry
