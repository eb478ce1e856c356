// SPDX-License-Identifier: Apache-2.0
#include "daemon/self_meter.hpp"

#include <catch2/catch.hpp>

namespace aldis::daemon {
namespace {

constexpr Instant kStart{hours{1}};

TEST_CASE("the age of the oldest record counts from its append, through the batch, until that is durable",
          "[D10]") {
  SelfMeter meter;
  CHECK(meter.undurable(kStart) == Duration::zero());
  meter.appended(kStart);
  meter.appended(kStart + milliseconds{5});
  CHECK(meter.undurable(kStart + milliseconds{10}) == milliseconds{10});
  meter.batch_taken();
  meter.appended(kStart + milliseconds{20});
  CHECK(meter.undurable(kStart + milliseconds{30}) == milliseconds{30});
  meter.batch_taken();
  meter.batch_durable();
  CHECK(meter.undurable(kStart + milliseconds{30}) == milliseconds{10});
  meter.batch_durable();
  CHECK(meter.undurable(kStart + seconds{9}) == Duration::zero());
}

TEST_CASE("turns that stay long are told, one stall is not", "[D10]") {
  SelfMeter meter;
  const auto window = [&](int quick, int slow) {
    for (int i = 0; i < quick; ++i) { meter.turn(microseconds{300}); }
    for (int i = 0; i < slow; ++i) { meter.turn(milliseconds{500}); }
    return meter.take_turn_p99();
  };
  CHECK(window(10, 0) < milliseconds{1});
  CHECK(window(10, 1) < milliseconds{1});
  CHECK(window(10, 0) < milliseconds{1});
  CHECK(window(1000, 1) < milliseconds{1});
  CHECK(window(0, 2) < milliseconds{1});
  const auto told = window(0, 2);
  CHECK(told >= milliseconds{300});
  CHECK(told <= milliseconds{600});
  CHECK(window(10, 0) < milliseconds{1});
}

}  // namespace
}  // namespace aldis::daemon
