// SPDX-License-Identifier: Apache-2.0
#include "telemetry/line.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <random>

#include "telemetry/escape.hpp"

using namespace aldis;
using namespace aldis::telemetry;
using ports::LogLevel;

namespace {

// 2026-11-21T20:12:31.123456Z
const WallTime kAt{microseconds{1'795'291'951'123'456}};

std::string line_of(LogFormat format, std::initializer_list<ports::LogField> fields, bool colour = false) {
  std::string out;
  append_line(out, {format, colour}, kAt, LogLevel::kInfo, "link.bound", fields);
  return out;
}

std::string text_of_value(std::string_view value) {
  const std::string line = line_of(LogFormat::kText, {{"v", value}});
  const auto at = line.find(" v=") + 3;
  return line.substr(at, line.size() - at - 1);
}

}  // namespace

TEST_CASE("text is time, level, event and fields") {
  CHECK(line_of(LogFormat::kText, {{"operator", std::string_view{"op-a"}},
                                   {"link", std::string_view{"op-a.trx1"}},
                                   {"bind", std::string_view{"transceiver"}},
                                   {"window", std::uint64_t{10}},
                                   {"took_ms", std::int64_t{82}}}) ==
        "2026-11-21T20:12:31.123456Z info link.bound operator=op-a link=op-a.trx1 bind=transceiver window=10 "
        "took_ms=82\n");
}

TEST_CASE("logfmt names time, level and event as keys") {
  CHECK(line_of(LogFormat::kLogfmt, {{"up", true}, {"ratio", 0.5}}) ==
        "ts=2026-11-21T20:12:31.123456Z level=info event=link.bound up=true ratio=0.5\n");
}

TEST_CASE("json is one flat object with the same keys") {
  CHECK(line_of(LogFormat::kJson,
                {{"up", false}, {"peer", std::string_view{"a\"b"}}, {"n", std::int64_t{-3}}}) ==
        "{\"ts\":\"2026-11-21T20:12:31.123456Z\",\"level\":\"info\",\"event\":\"link.bound\",\"up\":false,"
        "\"peer\":"
        "\"a\\\"b\",\"n\":-3}\n");
}

TEST_CASE("colour surrounds the level of a text line only") {
  CHECK(line_of(LogFormat::kText, {}, true) ==
        "2026-11-21T20:12:31.123456Z \x1b[32minfo\x1b[0m link.bound\n");
  CHECK(line_of(LogFormat::kLogfmt, {}, true).find('\x1b') == std::string::npos);
  CHECK(line_of(LogFormat::kJson, {}, true).find('\x1b') == std::string::npos);
}

TEST_CASE("a value with a space, a quote or an equals sign is quoted") {
  CHECK(text_of_value("plain-1.2:3") == "plain-1.2:3");
  CHECK(text_of_value("two words") == "\"two words\"");
  CHECK(text_of_value("a=b") == "\"a=b\"");
  CHECK(text_of_value("say \"hi\"") == "\"say \\\"hi\\\"\"");
  CHECK(text_of_value("") == "\"\"");
  CHECK(text_of_value("Zoë") == "Zoë");
}

TEST_CASE("control characters, newlines and bidi marks become visible") {
  CHECK(text_of_value("a\nb") == "a\\u{a}b");
  CHECK(text_of_value("a\r\tb") == "a\\u{d}\\u{9}b");
  CHECK(text_of_value(std::string_view{"a\0b", 3}) == "a\\u{0}b");
  CHECK(text_of_value("\x1b[31mred") == "\\u{1b}[31mred");
  CHECK(text_of_value("\x7f") == "\\u{7f}");
  CHECK(text_of_value("\u0085") == "\\u{85}");
  CHECK(text_of_value("\u202Egnp") == "\\u{202e}gnp");
  CHECK(text_of_value("\u2066\u2069\u200F\u061C") == "\\u{2066}\\u{2069}\\u{200f}\\u{61c}");
  CHECK(text_of_value("\u2028\u2029") == "\\u{2028}\\u{2029}");
}

TEST_CASE("a peer cannot write an escape of its own") {
  CHECK(text_of_value("a\\u{a}b") == "\"a\\\\u{a}b\"");  // quoted, and the backslash doubled
}

TEST_CASE("octets that are no UTF-8 are shown as their value") {
  CHECK(text_of_value("caf\xE9") == "caf\\u{e9}");
  CHECK(text_of_value("\xC0\xAF") == "\\u{c0}\\u{af}");             // overlong
  CHECK(text_of_value("\xED\xA0\x80") == "\\u{ed}\\u{a0}\\u{80}");  // surrogate
  CHECK(text_of_value("\xF4\x90\x80\x80") == "\\u{f4}\\u{90}\\u{80}\\u{80}");
  CHECK(text_of_value("\xE2\x82") == "\\u{e2}\\u{82}");  // cut
}

TEST_CASE("numbers of people are masked in every format") {
  const ports::LogField to{"to", ports::Number{"+447700900123"}};
  for (const auto format : {LogFormat::kText, LogFormat::kLogfmt, LogFormat::kJson}) {
    const std::string line = line_of(format, {to});
    CHECK(line.find("+4477****123") != std::string::npos);
    CHECK(line.find("900") == std::string::npos);
  }
}

TEST_CASE("a long value is cut between characters and ends in an ellipsis") {
  const std::string value = text_of_value(std::string(kValueOctetsMax - 1, 'x') + "éééé");
  CHECK(value == std::string(kValueOctetsMax - 1, 'x') + "…");
  CHECK(text_of_value(std::string(kValueOctetsMax, 'x')) == std::string(kValueOctetsMax, 'x'));
}

TEST_CASE("whatever a peer sends, an event is one line and valid JSON") {
  std::mt19937 random{11};
  std::uniform_int_distribution<int> octet{0, 255};
  std::uniform_int_distribution<std::size_t> length{0, 40};
  for (int round = 0; round < 3000; ++round) {
    std::string value(length(random), '\0');
    for (auto& c : value) { c = static_cast<char>(octet(random)); }
    const std::string line = line_of(LogFormat::kJson, {{"system_id", std::string_view{value}}});
    REQUIRE(line.find('\n') == line.size() - 1);
    boost::system::error_code error;
    const auto parsed = boost::json::parse(line, error);
    REQUIRE_FALSE(error);
    REQUIRE(parsed.as_object().size() == 4);
    const std::string text = line_of(LogFormat::kText, {{"system_id", std::string_view{value}}});
    REQUIRE(text.find('\n') == text.size() - 1);
  }
}

TEST_CASE("a number that JSON cannot hold is null") {
  CHECK(line_of(LogFormat::kJson, {{"v", std::numeric_limits<double>::infinity()}}).find("\"v\":null") !=
        std::string::npos);
}
