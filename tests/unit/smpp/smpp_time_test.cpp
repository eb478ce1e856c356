// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/smpp_time.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::smpp;
using namespace std::chrono_literals;

namespace {

WallTime utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  return WallTime{std::chrono::sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
}

const WallTime kNow = utc(2026, 11, 21, 12, 0, 1);

}  // namespace

TEST_CASE("an empty time is nothing given") {
  const auto given = parse_time("", kNow);
  REQUIRE(given);
  CHECK_FALSE(given->at);
  CHECK_FALSE(given->in);
}

TEST_CASE("one minute relative is one minute") {
  const auto given = parse_time("000000000100000R", kNow);
  REQUIRE(given);
  CHECK(given->in == Duration{1min});
  CHECK_FALSE(given->at);
}

TEST_CASE("years and months of a relative time are steps on the calendar") {
  const auto given = parse_time("070605040302100R", kNow);
  REQUIRE(given);
  // 7 years and 6 months after 2026-11-21 is 2034-05-21
  CHECK(given->in == Duration{utc(2034, 5, 21, 12, 0, 1) - kNow + 24h * 5 + 4h + 3min + 2s});
}

TEST_CASE("a month after the 31st is the last day of a shorter month") {
  const WallTime january = utc(2027, 1, 31, 10);
  CHECK(parse_time("000100000000000R", january)->in == Duration{24h * 28});
  CHECK(parse_time("010000000000000R", utc(2028, 2, 29))->in == Duration{24h * 365});
}

TEST_CASE("tenths and quarters of a relative time are not looked at") {
  CHECK(parse_time("000000000100999R", kNow)->in == Duration{1min});
}

TEST_CASE("an absolute time is local time ahead of or behind UTC") {
  CHECK(parse_time("261121120000004+", kNow)->at == utc(2026, 11, 21, 11));
  CHECK(parse_time("261121120000020-", kNow)->at == utc(2026, 11, 21, 17));
  CHECK(parse_time("261121120000000+", kNow)->at == utc(2026, 11, 21, 12));
  CHECK(parse_time("261231233000004-", kNow)->at == utc(2027, 1, 1, 0, 30));
  CHECK(parse_time("261121120000500+", kNow)->at == utc(2026, 11, 21, 12) + 500ms);
  CHECK(parse_time("261121120000048+", kNow)->at == utc(2026, 11, 21));
}

TEST_CASE("10 and 12 digits are UTC") {
  CHECK(parse_time("2611211201", kNow)->at == utc(2026, 11, 21, 12, 1));
  CHECK(parse_time("261121120144", kNow)->at == utc(2026, 11, 21, 12, 1, 44));
}

TEST_CASE("what is no time is refused") {
  for (const auto* bad : {"0",
                          "26112112000",
                          "2611211200000",
                          "26112112000000",
                          "261121120000000",
                          "261121120000000+0",
                          "261121120000000r",
                          "261121120000000Z",
                          "261121120000000 ",
                          "261121120000049+",  // more than 12 hours
                          "261321120000000+",  // month 13
                          "260021120000000+",
                          "260230120000000+",  // 30 February
                          "270229120000000+",  // no leap year
                          "261121240000000+",
                          "261121126000000+",
                          "261121120060000+",
                          "26112x120000000+",
                          "00000000010000xR",
                          "2611312500",
                          "26113x1200",
                          "261131120000"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_time(bad, kNow));
  }
  CHECK(parse_time("280229120000000+", kNow));
}

TEST_CASE("validity goes out in whole minutes, at least one and at most the cap") {
  const Duration week = 24h * 7;
  CHECK(relative_time(48h, week).view() == "000002000000000R");
  CHECK(relative_time(1min, week).view() == "000000000100000R");
  CHECK(relative_time(1min + 59s, week).view() == "000000000100000R");
  CHECK(relative_time(10s, week).view() == "000000000100000R");
  CHECK(relative_time(-5s, week).view() == "000000000100000R");
  CHECK(relative_time(25h + 30min, week).view() == "000001013000000R");
  CHECK(relative_time(24h * 30, week).view() == "000007000000000R");
  CHECK(relative_time(24h * 30, 24h * 30).view() == "000030000000000R");
}

TEST_CASE("a relative time that we write is read as the same minutes") {
  for (int minute = 1; minute < 60 * 24 * 8; minute += 7) {
    const auto text = relative_time(minutes{minute}, 24h * 30);
    CHECK(parse_time(text.view(), kNow)->in == Duration{minutes{minute}});
  }
}

TEST_CASE("final_date is UTC and reads back") {
  CHECK(absolute_time(kNow).view() == "261121120001000+");
  CHECK(parse_time(absolute_time(kNow).view(), kNow)->at == kNow);
  CHECK(absolute_time(kNow + 999ms).view() == "261121120001000+");
}

TEST_CASE("dates of receipts are read by the number of their digits") {
  CHECK(parse_receipt_date("2611211201") == utc(2026, 11, 21, 12, 1));
  CHECK(parse_receipt_date("261121120144") == utc(2026, 11, 21, 12, 1, 44));
  CHECK(parse_receipt_date("202611211201") == utc(2026, 11, 21, 12, 1));  // as 2020-26-11 it is impossible
  CHECK(parse_receipt_date("20261121120144") == utc(2026, 11, 21, 12, 1, 44));
  CHECK(parse_receipt_date("261121120144004+") == utc(2026, 11, 21, 12, 1, 44));
  CHECK(parse_receipt_date("2026-11-21 12:01:44") == utc(2026, 11, 21, 12, 1, 44));
  CHECK(parse_receipt_date("2026-11-21T12:01:44Z") == utc(2026, 11, 21, 12, 1, 44));
}

TEST_CASE("dates of receipts that are none stay absent") {
  for (const auto* bad :
       {"", "0000000000", "ND", "26112112", "26112112011", "2613211201", "9999999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_receipt_date(bad));
  }
}

TEST_CASE("dates of receipts go out with or without seconds") {
  std::string out = "x";
  append_receipt_date(out, kNow, false);
  append_receipt_date(out, kNow, true);
  CHECK(out == "x2611211200261121120001");
}
