// SPDX-License-Identifier: Apache-2.0
// SMPP's times: whatever is read is within reach of a clock, and what we write is read back as it was.
#include "aldis/smpp/smpp_time.hpp"

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using namespace smpp;

constexpr WallTime kYear2000{seconds{946'684'800}};
constexpr WallTime kYear2100{seconds{4'102'444'800}};

template <class T>
T floored(T at, Duration step) {
  const auto since = at.time_since_epoch();
  return T{std::chrono::duration_cast<typename T::duration>(since - since % step)};
}

void check_read(std::string_view text, WallTime now) {
  const auto before = allocations();
  if (const auto given = parse_time(text, now)) {
    ALDIS_CHECK(!(given->at && given->in));
    ALDIS_CHECK(text.empty() == (!given->at && !given->in));
    if (given->at) { ALDIS_CHECK(*given->at >= kYear2000 - hours{12} && *given->at < kYear2100 + hours{12}); }
    if (given->in) { ALDIS_CHECK(*given->in >= Duration::zero() && *given->in < hours{24} * 366 * 110); }
  }
  if (const auto at = parse_receipt_date(text)) {
    // 14 digits may name any year of four digits.
    ALDIS_CHECK(*at >= WallTime{seconds{-62'167'219'200}} && *at < WallTime{seconds{253'402'300'800}});
  }
  ALDIS_CHECK(allocations() == before);
}

void check_written(WallTime at, Duration left, Duration cap) {
  const auto absolute = parse_time(absolute_time(at).view(), at);
  ALDIS_CHECK(absolute && absolute->at == floored(at, seconds{1}));

  const auto relative = parse_time(relative_time(left, cap).view(), at);
  ALDIS_CHECK(relative && relative->in && *relative->in >= minutes{1});
  ALDIS_CHECK(*relative->in <= std::max<Duration>(cap, minutes{1}));
  if (left >= minutes{1} && left <= cap) {
    ALDIS_CHECK(*relative->in <= left && left - *relative->in < minutes{1});
  }

  std::string text;
  append_receipt_date(text, at, true);
  ALDIS_CHECK(parse_receipt_date(text) == floored(at, seconds{1}));
  text.clear();
  append_receipt_date(text, at, false);
  ALDIS_CHECK(parse_receipt_date(text) == floored(at, minutes{1}));
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  const WallTime at = kYear2000 + seconds{draw.below(3'155'760'000)} + microseconds{draw.u16()};
  const Duration left = seconds{static_cast<std::int32_t>(draw.u32())};
  const Duration cap = minutes{draw.below(100 * 24 * 60)};
  check_written(at, left, cap);
  const Exact memory{draw.rest()};
  check_read(memory.view(), at);
}

}  // namespace aldis::fuzz
