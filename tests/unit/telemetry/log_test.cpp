// SPDX-License-Identifier: Apache-2.0
#include "aldis/telemetry/log.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <string>
#include <vector>

using namespace aldis;
using namespace aldis::telemetry;
using ports::LogLevel;

namespace {

// A log whose lines are read after the queue was closed; time stands still unless a test moves it.
struct LogFixture {
  explicit LogFixture(LogQueue::Options options = {})
      : queue(
            std::make_unique<LogQueue>(options, [this](std::string_view line) { lines.emplace_back(line); })),
        log(std::make_unique<EventLog>(*queue, [this] { return now; })) {}

  std::vector<std::string>& close() {
    log.reset();
    queue.reset();
    return lines;
  }

  Now now{Instant{hours{1}}, WallTime{microseconds{1'795'291'951'123'456}}};
  std::vector<std::string> lines;  // written by the log thread, read after it was joined
  std::unique_ptr<LogQueue> queue;
  std::unique_ptr<EventLog> log;
};

const std::string kStamp = "2026-11-21T20:12:31.123456Z ";

// Holds the log thread inside its first line until told, so that the queue behind it fills.
struct BlockedOutput {
  std::promise<void> entered;
  std::promise<void> released;
  std::shared_future<void> release{released.get_future()};
  std::vector<std::string> lines;

  LogQueue::Output output() {
    return [this](std::string_view line) {
      if (lines.empty()) { entered.set_value(); }
      lines.emplace_back(line);
      release.wait();
    };
  }
};

struct CountedReport final : ports::MetricReport {
  std::map<std::string, double, std::less<>> values;
  void counter(std::string_view name, ports::Labels, double value) override {
    values[std::string{name}] = value;
  }
  void gauge(std::string_view, ports::Labels, double) override {}
  void histogram(std::string_view, ports::Labels, std::span<const double>, std::span<const std::uint64_t>,
                 double) override {}
};

}  // namespace

TEST_CASE("lines come out in order, and all that is queued is written before the log ends") {
  LogFixture fixture;
  for (std::uint64_t i = 0; i < 1000; ++i) { fixture.log->info("test.line", {{"n", i}}); }
  const auto& lines = fixture.close();
  REQUIRE(lines.size() == 1000);
  CHECK(lines.front() == kStamp + "info test.line n=0\n");
  CHECK(lines.back() == kStamp + "info test.line n=999\n");
}

TEST_CASE("lines below the level are not written, and the level may change while the program runs") {
  LogFixture fixture;
  fixture.log->debug("test.debug");
  fixture.queue->set_level(LogLevel::kDebug);
  fixture.log->debug("test.debug", {{"n", std::uint64_t{2}}});
  fixture.queue->set_level(LogLevel::kError);
  fixture.log->warn("test.warn");
  fixture.log->write(LogLevel::kCritical, "test.crit", {});
  CHECK(fixture.close() ==
        std::vector<std::string>{kStamp + "debug test.debug n=2\n", kStamp + "crit test.crit\n"});
}

TEST_CASE("a full queue loses its oldest lines, says how many, and never makes the writer wait") {
  BlockedOutput blocked;
  {
    LogQueue queue{{.lines_max = 4}, blocked.output()};
    EventLog log{queue, [] { return Now{}; }};
    log.info("test.first");
    blocked.entered.get_future().wait();
    for (std::uint64_t i = 0; i < 10; ++i) { log.info("test.line", {{"n", i}}); }
    CHECK(queue.dropped() == 6);
    CountedReport report;
    queue.report(report);
    CHECK(report.values.at("aldis_log_dropped_total") == 6);
    blocked.released.set_value();
  }
  REQUIRE(blocked.lines.size() == 6);
  CHECK(blocked.lines[1] == "1970-01-01T00:00:00.000000Z warn log.dropped count=6\n");
  CHECK(blocked.lines[2] == "1970-01-01T00:00:00.000000Z info test.line n=6\n");
  CHECK(blocked.lines[5] == "1970-01-01T00:00:00.000000Z info test.line n=9\n");
}

TEST_CASE("a peer gets one line a second for an event, and the next one says how many were held back") {
  LogFixture fixture;
  const auto refuse = [&](std::string_view peer) { fixture.log->warn("session.refused", {{"peer", peer}}); };
  refuse("203.0.113.7:1001");
  refuse("203.0.113.7:1002");  // another connection of the same peer
  refuse("203.0.113.7:1003");
  refuse("203.0.113.8:1001");                                                           // another peer
  fixture.log->warn("session.lost", {{"peer", std::string_view{"203.0.113.7:1001"}}});  // another event
  fixture.now.mono += milliseconds{999};
  refuse("203.0.113.7:1004");
  fixture.now.mono += milliseconds{1};
  refuse("203.0.113.7:1005");
  CHECK(fixture.close() ==
        std::vector<std::string>{kStamp + "warn session.refused peer=203.0.113.7:1001\n",
                                 kStamp + "warn session.refused peer=203.0.113.8:1001\n",
                                 kStamp + "warn session.lost peer=203.0.113.7:1001\n",
                                 kStamp + "warn session.refused peer=203.0.113.7:1005 suppressed=3\n"});
}

TEST_CASE("a v6 peer is known by its address without the port") {
  LogFixture fixture;
  for (const std::string_view peer :
       {"[2001:db8::1]:1001", "[2001:db8::1]:1002", "[2001:db8::2]:1001", "2001:db8::3"}) {
    fixture.log->warn("session.refused", {{"peer", peer}});
  }
  const auto& lines = fixture.close();
  REQUIRE(lines.size() == 4);  // the second was held back, and its count comes at the end
  CHECK(lines[3] == kStamp + "warn session.refused peer=[2001:db8::1] suppressed=1\n");
}

TEST_CASE("what a peer that fell silent was held back with is written by the next sweep, once") {
  LogFixture fixture;
  for (int i = 0; i < 5; ++i) {
    fixture.log->warn("session.lost", {{"peer", std::string_view{"203.0.113.7"}}});
  }
  fixture.now.mono += seconds{1};
  fixture.log->sweep();
  fixture.now.mono += seconds{1};
  fixture.log->sweep();
  CHECK(fixture.close() ==
        std::vector<std::string>{kStamp + "warn session.lost peer=203.0.113.7\n",
                                 kStamp + "warn session.lost peer=203.0.113.7 suppressed=4\n"});
}

TEST_CASE("more peers than can be told apart share one line a second") {
  LogFixture fixture;
  for (int i = 0; i < 5000; ++i) {
    const std::string peer = "peer-" + std::to_string(i);
    fixture.log->warn("session.refused", {{"peer", std::string_view{peer}}});
  }
  const auto& lines = fixture.close();
  REQUIRE(lines.size() == 1024 + 1 + 1);
  CHECK(lines.back() == kStamp + "warn session.refused peer=_other suppressed=3975\n");
}

TEST_CASE("lines without a peer are not held back") {
  LogFixture fixture;
  for (int i = 0; i < 50; ++i) { fixture.log->info("link.bound", {{"link", std::string_view{"op-a.trx1"}}}); }
  CHECK(fixture.close().size() == 50);
}

TEST_CASE("formats and levels are known by their words, and nothing else is") {
  CHECK(log_format_of("auto") == LogFormat::kText);
  CHECK(log_format_of("logfmt") == LogFormat::kLogfmt);
  CHECK(log_format_of("json") == LogFormat::kJson);
  CHECK_FALSE(log_format_of("journal"));
  CHECK(log_level_of("crit") == LogLevel::kCritical);
  CHECK(log_level_of("warn") == LogLevel::kWarn);
  CHECK_FALSE(log_level_of("loud"));
}
