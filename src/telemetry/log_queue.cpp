// SPDX-License-Identifier: Apache-2.0
// The queue and its thread are spdlog's; lines come ready made, so spdlog formats nothing.
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <cstdlib>

#include "aldis/telemetry/log.hpp"
#include "telemetry/line.hpp"

namespace aldis::telemetry {
namespace {

using ports::LogLevel;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kCritical: return spdlog::level::critical;
  }
  __builtin_unreachable();
}

// Lives on the log thread. A line pushed out of the queue was older than the one that now comes, so that is
// where the count of the lost ones stands.
class LineSink final : public spdlog::sinks::sink {
 public:
  LineSink(LineStyle style, LogQueue::Output output, spdlog::details::thread_pool& pool)
      : style_(style), output_(std::move(output)), pool_(pool) {}

  void log(const spdlog::details::log_msg& line) override {
    const std::uint64_t dropped = pool_.overrun_counter();
    if (dropped != reported_) {
      report_.clear();
      append_line(report_, style_, std::chrono::floor<microseconds>(line.time), LogLevel::kWarn,
                  "log.dropped", {{"count", dropped - reported_}});
      reported_ = dropped;
      output_(report_);
    }
    output_({line.payload.data(), line.payload.size()});
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  LineStyle style_;
  LogQueue::Output output_;
  spdlog::details::thread_pool& pool_;
  std::uint64_t reported_ = 0;
  std::string report_;
};

}  // namespace

struct LogQueue::Backend {
  std::shared_ptr<spdlog::async_logger> logger;
  // last, so destroyed first: joins while the sink is there
  std::shared_ptr<spdlog::details::thread_pool> pool;
};

LogQueue::LogQueue(Options options, Output output)
    : options_(options), backend_(std::make_unique<Backend>()) {
  backend_->pool = std::make_shared<spdlog::details::thread_pool>(options_.lines_max, 1);
  auto sink = std::make_shared<LineSink>(LineStyle{options_.format, options_.colour}, std::move(output),
                                         *backend_->pool);
  backend_->logger = std::make_shared<spdlog::async_logger>("aldis", std::move(sink), backend_->pool,
                                                            spdlog::async_overflow_policy::overrun_oldest);
  set_level(options_.level);
}

LogQueue::~LogQueue() = default;

bool LogQueue::enabled(LogLevel level) const { return backend_->logger->should_log(spdlog_level(level)); }

void LogQueue::set_level(LogLevel level) { backend_->logger->set_level(spdlog_level(level)); }

void LogQueue::enqueue(WallTime at, LogLevel level, std::string_view line) {
  backend_->logger->log(at, spdlog::source_loc{}, spdlog_level(level),
                        spdlog::string_view_t{line.data(), line.size()});
}

std::uint64_t LogQueue::dropped() const { return backend_->pool->overrun_counter(); }

void LogQueue::report(ports::MetricReport& to) const {
  to.counter("aldis_log_dropped_total", {}, static_cast<double>(dropped()));
}

std::optional<LogFormat> log_format_of(std::string_view word) {
  if (word == "auto" || word == "text") { return LogFormat::kText; }
  if (word == "logfmt") { return LogFormat::kLogfmt; }
  if (word == "json") { return LogFormat::kJson; }
  return std::nullopt;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
    case LogLevel::kCritical: return "crit";
  }
  __builtin_unreachable();
}

std::optional<LogLevel> log_level_of(std::string_view word) {
  for (const auto level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError, LogLevel::kCritical}) {
    if (word == name_of(level)) { return level; }
  }
  return std::nullopt;
}

bool stderr_wants_colour() { return ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

}  // namespace aldis::telemetry
