// SPDX-License-Identifier: Apache-2.0
#include "aldis/admission/admission.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <vector>

using namespace aldis;
using namespace aldis::admission;
using std::chrono::sys_days;
using namespace std::chrono_literals;

namespace {

const AccountId kAcme{7};
const Now kStart{Instant{seconds{1000}}, sys_days{2026y / 3 / 10} + 12h};

Now after(Duration d) { return {kStart.mono + d, kStart.wall + std::chrono::duration_cast<microseconds>(d)}; }

AccountSettings settings_of() {
  AccountSettings settings;
  settings.name = "acme";
  settings.senders.allow = {"ACME", "re:447700900[0-9]{3}"};
  return settings;
}

Address address(std::string_view digits, std::uint8_t ton = 1) {
  return {.ton = ton, .npi = 1, .digits = FixedString<20>{digits}};
}

struct Story {
  AccountSettings settings = settings_of();
  Admission admission;
  Story() { apply(); }
  void apply(Now now = kStart) { admission.configure(now.mono, kAcme, settings); }
  std::optional<Refusal> source(std::string_view text) {
    Address a = address(text);
    return admission.check_source(kAcme, a);
  }
  std::optional<Refusal> to(std::string_view digits) {
    return admission.check_destination(kAcme, address(digits));
  }
  // Parts accepted at `now` as one message; the place is kept.
  std::optional<Refusal> send(const Now& now, std::uint32_t parts = 1,
                              MessageClass c = MessageClass::kTransactional) {
    auto admitted = admission.reserve(now, kAcme, c, 1, parts);
    if (!admitted) { return admitted.error(); }
    delay = admitted->delay;
    std::move(admitted->place).redeem();
    return std::nullopt;
  }
  Duration delay{};
};

}  // namespace

TEST_CASE("a sender must be listed, exactly or by a pattern on the whole") {
  Story s;
  CHECK_FALSE(s.source("ACME"));
  CHECK_FALSE(s.source("447700900123"));
  CHECK_FALSE(s.source("447700900123"));
  for (const auto* other : {"acme", "ACME ", "ACM", "4477009001234", "x447700900123", "447700900", "AСME"}) {
    CHECK(s.source(other) == Refusal::kSourceNotAllowed);
  }
  CHECK(s.admission.refused(Refusal::kSourceNotAllowed) == 7);
  s.settings.senders.allow.clear();
  s.apply();
  CHECK(s.source("ACME") == Refusal::kSourceNotAllowed);
}

TEST_CASE("an empty sender becomes the default, and a refused one if the account says so") {
  Story s;
  CHECK(s.source("") == Refusal::kBadSource);
  s.settings.senders.default_sender = "Shop";
  s.apply();
  Address a{};
  CHECK_FALSE(s.admission.check_source(kAcme, a));
  CHECK(a.digits == "Shop");
  CHECK(a.ton == 5);
  CHECK(a.npi == 0);
  CHECK_FALSE(s.source("Shop"));
  CHECK(s.source("Other") == Refusal::kSourceNotAllowed);
  s.settings.senders.replace = true;
  s.apply();
  a = address("Other");
  CHECK_FALSE(s.admission.check_source(kAcme, a));
  CHECK(a.digits == "Shop");
  a = address("ACME", 5);
  CHECK_FALSE(s.admission.check_source(kAcme, a));
  CHECK(a.digits == "ACME");
}

TEST_CASE("destinations: an empty allow list allows all, and what is denied stays denied") {
  Story s;
  CHECK_FALSE(s.to("33612345678"));
  s.settings.destinations = {.allow = {"44", "447", "+336"}, .deny = {"4490", "44901"}};
  s.apply();
  CHECK_FALSE(s.to("447700900123"));
  CHECK_FALSE(s.to("33612345678"));
  CHECK(s.to("33712345678") == Refusal::kDestinationBlocked);
  CHECK(s.to("4490123456") == Refusal::kDestinationBlocked);
  CHECK(s.to("4") == Refusal::kDestinationBlocked);
  CHECK_FALSE(s.to("44"));
}

TEST_CASE("a set of prefixes covers what a naive loop says") {
  std::mt19937_64 random{9};
  const auto digits = [&](std::size_t least) {
    std::string text;
    for (std::size_t n = least + random() % 5; n > 0; --n) { text += static_cast<char>('0' + random() % 3); }
    return text;
  };
  for (int round = 0; round < 100; ++round) {
    Story s;
    for (int i = 0; i < 12; ++i) { s.settings.destinations.deny.push_back(digits(1)); }
    s.apply();
    for (int i = 0; i < 100; ++i) {
      const std::string number = digits(1);
      bool covered = false;
      for (const auto& prefix : s.settings.destinations.deny) {
        covered = covered || number.starts_with(prefix);
      }
      REQUIRE(s.to(number).has_value() == covered);
    }
  }
}

TEST_CASE("a bad pattern or prefix is refused by place and leaves the account as it was") {
  Story s;
  s.settings.senders.allow = {"re:("};
  CHECK_THROWS_WITH(s.apply(), Catch::Contains("accounts[acme].senders.allow: bad pattern"));
  s.settings.senders.allow = {"X"};
  s.settings.destinations.deny = {"44a"};
  CHECK_THROWS_WITH(s.apply(), Catch::Contains("accounts[acme].destinations.deny: 44a"));
  CHECK_FALSE(s.source("ACME"));
}

TEST_CASE("unknown, disabled and removed accounts are refused everything") {
  Story s;
  Address a = address("ACME");
  CHECK(s.admission.check_source(AccountId{99}, a) == Refusal::kAccountSuspended);
  s.admission.disable(kAcme);
  CHECK(s.source("ACME") == Refusal::kAccountSuspended);
  CHECK(s.to("44") == Refusal::kAccountSuspended);
  CHECK(s.send(kStart) == Refusal::kAccountSuspended);
  CHECK(s.admission.check_query(kStart.mono, kAcme) == Refusal::kAccountSuspended);
  s.apply();
  CHECK_FALSE(s.source("ACME"));
}

TEST_CASE("the class follows priority_flag and never leaves what the account may use") {
  Story s;
  CHECK(s.admission.class_of(kAcme, 0) == MessageClass::kTransactional);
  CHECK(s.admission.class_of(kAcme, 1) == MessageClass::kBulk);
  CHECK(s.admission.class_of(kAcme, 2) == MessageClass::kTransactional);
  CHECK(s.admission.class_of(kAcme, 3) == MessageClass::kTransactional);
  s.settings.classes = {MessageClass::kOtp, MessageClass::kTransactional};
  s.apply();
  CHECK(s.admission.class_of(kAcme, 3) == MessageClass::kOtp);
  CHECK(s.admission.class_of(kAcme, 4) == MessageClass::kOtp);
  CHECK(s.admission.class_of(kAcme, 1) == MessageClass::kTransactional);
}

TEST_CASE("beyond the rate answers wait, up to 500 ms; beyond that the account is throttled") {
  Story s;
  s.settings.throttle = ThrottleSettings{.per_second = 100, .burst = 10};
  s.apply();
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(s.send(kStart));
    CHECK(s.delay == Duration{});
  }
  for (int i = 1; i <= 50; ++i) {
    CHECK_FALSE(s.send(kStart));
    CHECK(s.delay == milliseconds{10} * i);
  }
  CHECK(s.send(kStart) == Refusal::kThrottled);
  CHECK(s.send(after(milliseconds{9})) == Refusal::kThrottled);
  CHECK_FALSE(s.send(after(milliseconds{10})));
  CHECK(s.admission.refused(Refusal::kThrottled) == 2);
}

TEST_CASE("without a burst the bucket holds one second, and at least 10 parts") {
  Story s;
  s.settings.throttle = ThrottleSettings{.per_second = 4};
  s.apply();
  int passed = 0;
  while (!s.send(kStart)) { ++passed; }
  CHECK(passed == 12);  // 10, and 500 ms at 4/s
  Story t;
  t.settings.throttle = ThrottleSettings{.per_second = 40};
  t.apply();
  passed = 0;
  while (!t.send(kStart)) { ++passed; }
  CHECK(passed == 60);
}

TEST_CASE("a request larger than the bucket passes when the bucket is full, and is paid for") {
  Story s;
  s.settings.throttle = ThrottleSettings{.per_second = 10, .burst = 10};
  s.apply();
  CHECK_FALSE(s.send(kStart, 60));
  CHECK(s.delay == Admission::kDebtMax);
  CHECK(s.send(after(seconds{4})) == Refusal::kThrottled);
  CHECK_FALSE(s.send(after(seconds{5})));
}

TEST_CASE("over minutes no more than the rate and one burst passes, whatever is offered") {
  std::mt19937_64 random{4};
  Story s;
  s.settings.throttle = ThrottleSettings{.per_second = 30, .burst = 20};
  s.settings.queue_max = 1'000'000'000;
  s.apply();
  std::uint64_t passed = 0;
  for (Duration t{}; t < minutes{5}; t += milliseconds{random() % 30}) {
    const auto parts = static_cast<std::uint32_t>(1 + random() % 5);
    if (!s.send(after(t), parts)) {
      passed += parts;
      REQUIRE(s.delay <= Admission::kDebtMax);
    }
  }
  CHECK(passed <= 30 * 300 + 20 + 15);
  CHECK(passed >= 30 * 300);
}

TEST_CASE("a reload changes the rate and gives no new burst") {
  Story s;
  s.settings.throttle = ThrottleSettings{.per_second = 10, .burst = 10};
  s.apply();
  for (int i = 0; i < 15; ++i) { CHECK_FALSE(s.send(kStart)); }
  s.apply();
  CHECK(s.send(kStart) == Refusal::kThrottled);
}

TEST_CASE("caps count parts; the minute throttles, day and month refuse") {
  Story s;
  s.settings.caps.minute = 10;
  s.apply();
  CHECK_FALSE(s.send(kStart, 8));
  CHECK(s.send(kStart, 3) == Refusal::kThrottled);
  CHECK_FALSE(s.send(kStart, 2));
  CHECK(s.send(after(seconds{59})) == Refusal::kThrottled);
  CHECK_FALSE(s.send(after(seconds{60}), 10));

  Story t;
  t.settings.caps.day = 5;
  t.settings.caps.month = 8;
  t.apply();
  CHECK_FALSE(t.send(kStart, 5));
  CHECK(t.send(kStart) == Refusal::kVolumeCap);
  CHECK(t.send(after(11h + 59min + 59s)) == Refusal::kVolumeCap);
  CHECK_FALSE(t.send(after(12h), 3));                     // next day, UTC
  CHECK(t.send(after(12h)) == Refusal::kVolumeCap);       // the month is used up
  CHECK(t.send(after(24h * 21)) == Refusal::kVolumeCap);  // March 31
  CHECK_FALSE(t.send(after(24h * 21 + 12h), 5));          // April 1, midnight
  CHECK(t.send(after(24h * 21 + 13h)) == Refusal::kVolumeCap);
}

TEST_CASE(
    "a wall clock that goes back gives no volume back, and one that jumps a year is the same month's end") {
  Story s;
  s.settings.caps.day = 5;
  s.apply();
  CHECK_FALSE(s.send(kStart, 5));
  Now back = after(seconds{1});
  back.wall -= 48h;
  CHECK(s.send(back) == Refusal::kVolumeCap);
  Story t;
  t.settings.caps.month = 5;
  t.apply();
  CHECK_FALSE(t.send(kStart, 5));
  Now year = kStart;
  year.wall = sys_days{2027y / 3 / 10};
  CHECK_FALSE(t.send(year, 5));
}

TEST_CASE("a refused request takes nothing") {
  Story s;
  s.settings.caps.day = 3;
  s.settings.queue_max = 2;
  s.settings.throttle = ThrottleSettings{.per_second = 1, .burst = 10};
  s.apply();
  for (int i = 0; i < 100; ++i) { CHECK(s.send(kStart, 4) == Refusal::kVolumeCap); }
  CHECK(s.admission.queued(kAcme) == 0);
  CHECK_FALSE(s.send(kStart, 3));
}

TEST_CASE("what is throttled takes nothing from the day") {
  Story s;
  s.settings.caps.day = 10;
  s.settings.caps.minute = 2;
  s.apply();
  for (int i = 0; i < 100; ++i) { CHECK(s.send(kStart, 3) == Refusal::kThrottled); }
  CHECK_FALSE(s.send(kStart, 2));
  CHECK_FALSE(s.send(after(minutes{1}), 2));
}

TEST_CASE("replay restores today's and this month's volume, and nothing older") {
  Story s;
  s.settings.caps.day = 10;
  s.settings.caps.month = 20;
  s.apply();
  s.admission.restore_used(kStart.wall - 1h, kStart.wall, kAcme, 4);
  s.admission.restore_used(kStart.wall - 24h, kStart.wall, kAcme, 9);
  s.admission.restore_used(kStart.wall - 24h * 20, kStart.wall, kAcme, 1000);
  CHECK(s.send(kStart, 7) == Refusal::kVolumeCap);
  CHECK_FALSE(s.send(kStart, 6));
  CHECK(s.send(after(24h), 2) == Refusal::kVolumeCap);
  CHECK_FALSE(s.send(after(24h), 1));
}

TEST_CASE("places are reserved, given back by destruction, and kept once redeemed") {
  Story s;
  s.settings.queue_max = 3;
  s.apply();
  {
    auto two = s.admission.reserve(kStart, kAcme, MessageClass::kBulk, 2, 2);
    REQUIRE(two.has_value());
    CHECK(s.admission.queued(kAcme) == 2);
    const auto more = s.admission.reserve(kStart, kAcme, MessageClass::kBulk, 2, 2);
    REQUIRE_FALSE(more.has_value());
    CHECK(more.error() == Refusal::kQueueFull);
    Place moved = std::move(two->place);
    CHECK(s.admission.queued(kAcme) == 2);
  }
  CHECK(s.admission.queued(kAcme) == 0);
  for (int i = 0; i < 3; ++i) { CHECK_FALSE(s.send(kStart)); }
  CHECK(s.send(kStart) == Refusal::kQueueFull);
  s.admission.queue_left(kAcme);
  CHECK_FALSE(s.send(kStart));
  s.admission.queue_joined(kAcme, 5);  // accepted work comes back, bound or not
  CHECK(s.admission.queued(kAcme) == 8);
}

TEST_CASE("pressure refuses bulk first and one-time passwords last") {
  Story s;
  s.admission.set_pressure(3);
  CHECK_FALSE(s.send(kStart, 1, MessageClass::kBulk));
  s.admission.set_pressure(4);
  CHECK(s.send(kStart, 1, MessageClass::kBulk) == Refusal::kQueueFull);
  CHECK_FALSE(s.send(kStart, 1, MessageClass::kTransactional));
  s.admission.set_pressure(5);
  CHECK(s.send(kStart, 1, MessageClass::kTransactional) == Refusal::kQueueFull);
  CHECK_FALSE(s.send(kStart, 1, MessageClass::kOtp));
  s.admission.set_pressure(6);
  CHECK(s.send(kStart, 1, MessageClass::kOtp) == Refusal::kQueueFull);
}

TEST_CASE("queries have a rate of their own") {
  Story s;
  s.settings.smpp.query_rate = 2;
  s.apply();
  CHECK_FALSE(s.admission.check_query(kStart.mono, kAcme));
  CHECK_FALSE(s.admission.check_query(kStart.mono, kAcme));
  CHECK(s.admission.check_query(kStart.mono, kAcme) == Refusal::kThrottled);
  CHECK_FALSE(s.admission.check_query(kStart.mono + milliseconds{500}, kAcme));
}

TEST_CASE("addresses are normalised before anything is compared") {
  const auto destination = [](std::string_view text) {
    Address a = address(text);
    const auto refusal = normalise_destination(a);
    return refusal ? std::string{name_of(*refusal)} : std::string{a.digits.view()};
  };
  CHECK(destination("+447700900123") == "447700900123");
  CHECK(destination("447700900123456") == "447700900123456");
  for (const auto* bad : {"", "+", "++44", "4477009001234567", "44 77", "ACME", "44-77"}) {
    CHECK(destination(bad) == "bad_destination");
  }
  const auto source = [](std::string_view text, std::uint8_t ton = 1) {
    Address a = address(text, ton);
    const auto refusal = normalise_source(a);
    return refusal ? std::string{name_of(*refusal)}
                   : std::string{a.digits.view()} + "/" + std::to_string(a.ton) + std::to_string(a.npi);
  };
  CHECK(source("+447700900123") == "447700900123/11");
  CHECK(source("12345678901234567890") == "12345678901234567890/11");
  CHECK(source("ACME") == "ACME/50");
  CHECK(source("12345", 5) == "12345/50");
  CHECK(source("123456789012", 5) == "bad_source");
  CHECK(source("ABCDEFGHIJKL") == "bad_source");
  CHECK(source("A\x01") == "bad_source");
  CHECK(source(std::string_view{"A\0", 2}) == "bad_source");
  CHECK(source("") == "/11");
}

TEST_CASE("refusals are counted by door and reason, those of others too") {
  struct Report final : ports::MetricReport {
    double throttled = -1;
    double no_route = -1;
    double waited = -1;
    double native = 0;  // of all reasons
    void counter(std::string_view name, ports::Labels labels, double value) override {
      if (name == "aldis_throttle_wait_seconds_total") {
        waited = value;
        return;
      }
      if (labels.begin()[0].second == "native") {
        native += value;
        return;
      }
      if (labels.begin()[0].second != "smpp") {
        CHECK(value == 0);
        return;
      }
      if (labels.begin()[1].second == "throttled") { throttled = value; }
      if (labels.begin()[1].second == "no_route") { no_route = value; }
    }
    void gauge(std::string_view, ports::Labels, double) override {}
    void histogram(std::string_view, ports::Labels, std::span<const double>, std::span<const std::uint64_t>,
                   double) override {}
  } report;
  Story s;
  s.settings.throttle = ThrottleSettings{.per_second = 10, .burst = 10};
  s.apply();
  for (int i = 0; i < 17; ++i) { s.send(kStart); }
  s.admission.count(Refusal::kNoRoute);
  s.admission.collect(report);
  CHECK(report.throttled == 2);
  CHECK(report.no_route == 1);
  CHECK(report.native == 0);
  s.admission.at_door(Door::kNative);
  s.admission.count(Refusal::kNoRoute);
  s.admission.collect(report);
  CHECK(report.no_route == 1);
  CHECK(report.native == 1);
  CHECK(report.waited == Approx(0.1 + 0.2 + 0.3 + 0.4 + 0.5));
}
