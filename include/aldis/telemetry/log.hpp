// SPDX-License-Identifier: Apache-2.0
// The log of a program: one queue with its writing thread, and one EventLog for each thread that writes
// lines. One event is one line, whatever a peer sends; numbers are masked before anything is formatted
// (mask.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/time.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::telemetry {

enum class LogFormat : std::uint8_t { kText, kLogfmt, kJson };

// "auto", "text", "logfmt", "json"; nothing for anything else, "journal" included: native journal records are
// not written.
std::optional<LogFormat> log_format_of(std::string_view word);
std::optional<ports::LogLevel> log_level_of(std::string_view word);  // "debug" "info" "warn" "error" "crit"
std::string_view name_of(ports::LogLevel level);

// Colour only where a person reads: a terminal, and NO_COLOR not set to anything.
bool stderr_wants_colour();

// Owns the bounded queue and the thread that writes lines to `output`. When the queue is full the oldest line
// goes, and `log.dropped count=N` stands in its place; nobody who writes ever waits. enqueue(), set_level()
// and enabled() may be called from any thread. Destruction writes what is queued, then joins, so an output
// that waits for a reader must be told before; every EventLog must be gone by then.
class LogQueue {
 public:
  // Writes one line, newline included; called on the log thread only.
  using Output = std::function<void(std::string_view line)>;

  struct Options {
    LogFormat format = LogFormat::kText;
    bool colour = false;  // text only
    ports::LogLevel level = ports::LogLevel::kInfo;
    std::size_t lines_max = 8192;
  };

  LogQueue(Options options, Output output);
  ~LogQueue();
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;

  [[nodiscard]] bool enabled(ports::LogLevel level) const;
  void set_level(ports::LogLevel level);
  void enqueue(WallTime at, ports::LogLevel level, std::string_view line);
  [[nodiscard]] const Options& options() const { return options_; }

  [[nodiscard]] std::uint64_t dropped() const;
  void report(ports::MetricReport& to) const;  // aldis_log_dropped_total

 private:
  struct Backend;
  Options options_;
  std::unique_ptr<Backend> backend_;
};

struct HeldLines;  // lines of one event and peer, in event_log.cpp

// One thread's way into the queue: builds the line, and holds lines with a `peer` field to one a second per
// event and peer (the address without its port); how many were held back stands in `suppressed=` of the next
// one. Not thread-safe: it has no lock, so each thread has its own. Tracks 1,024 pairs at most; past that,
// new peers of an event share one line a second.
class EventLog final : public ports::Log {
 public:
  using Clock = std::function<Now()>;

  EventLog(LogQueue& queue, Clock clock);
  ~EventLog() override;  // writes what is still held back as a count

  void write(ports::LogLevel level, std::string_view event,
             std::initializer_list<ports::LogField> fields) override;

  // Reports counts of peers that fell silent. Call it about once a second; every write does it too.
  void sweep();

 private:
  class PeerLimit;
  void sweep_at(const Now& now);
  void write_held(WallTime at, const HeldLines& held);

  LogQueue& queue_;
  Clock clock_;
  std::string line_;
  std::unique_ptr<PeerLimit> limit_;
};

}  // namespace aldis::telemetry
