// SPDX-License-Identifier: Apache-2.0
// Log lines: whatever a peer sends is one line of valid UTF-8 without control characters, JSON where JSON was
// asked for, and not longer than its bound.
#include <bit>
#include <boost/json/src.hpp>
#include <cmath>

#include "aldis/text/transcode.hpp"
#include "fuzz/fuzz.hpp"
#include "telemetry/line.hpp"

namespace aldis::fuzz {
namespace {

using namespace telemetry;

void check_line(std::string_view line) {
  ALDIS_CHECK(line.ends_with('\n'));
  line.remove_suffix(1);
  for (const char c : line) { ALDIS_CHECK(u8(c) >= 0x20 && u8(c) != 0x7F); }
  ALDIS_CHECK(text::is_text(line, Alphabet::kUtf8));
  // C1 controls, separators and marks that turn the direction of what follows
  for (const std::string_view bad :
       {"\xC2\x85", "\xC2\x9B", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAE"}) {
    ALDIS_CHECK(line.find(bad) == std::string_view::npos);
  }
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  const LineStyle style{.format = static_cast<LogFormat>(draw.below(3)), .colour = false};
  const auto level = static_cast<ports::LogLevel>(draw.below(5));
  const WallTime at{microseconds{static_cast<std::int64_t>(draw.u64() % 253'402'300'800'000'000)}};
  const auto whole = static_cast<std::int64_t>(draw.u64());
  const auto real = std::bit_cast<double>(draw.u64());
  const std::uint64_t suppressed = draw.below(3);
  const Octets number = draw.text();
  const Exact memory{draw.rest()};
  std::string line = "before";
  append_line(line, style, at, level, "session_closed",
              {{"text", memory.view()},
               {"number", ports::Number{number}},
               {"whole", whole},
               {"real", real},
               {"is", draw.coin()}},
              suppressed);
  ALDIS_CHECK(line.starts_with("before"));
  line.erase(0, 6);
  check_line(line);
  ALDIS_CHECK(line.size() < 2 * 8 * kValueOctetsMax + 400);
  if (style.format != LogFormat::kJson) { return; }
  boost::json::error_code error;
  const auto parsed = boost::json::parse(line.substr(0, line.size() - 1), error);
  ALDIS_CHECK(!error && parsed.is_object());
  const auto& object = parsed.get_object();
  ALDIS_CHECK(object.size() == 8u + (suppressed > 0 ? 1 : 0));
  ALDIS_CHECK(object.at("whole").to_number<std::int64_t>() == whole);
  ALDIS_CHECK(object.at("real").is_null() == !std::isfinite(real));
}

}  // namespace aldis::fuzz
