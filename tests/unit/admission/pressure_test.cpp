// SPDX-License-Identifier: Apache-2.0
#include "aldis/admission/pressure.hpp"

#include <catch2/catch.hpp>

namespace aldis::admission {
namespace {

constexpr Instant kStart{hours{1}};

TEST_CASE("each reading has six thresholds", "[D10][D11][H17]") {
  const auto memory = [](double share) { return Pressure::level_of(Reading::kMemory, {.memory = share}); };
  CHECK(memory(0.69) == 0);
  CHECK(memory(0.70) == 1);
  CHECK(memory(0.80) == 3);
  CHECK(memory(0.97) == 6);
  CHECK(memory(2.0) == 6);
  const auto messages = [](double share) {
    return Pressure::level_of(Reading::kMessages, {.messages = share});
  };
  CHECK(messages(0.849) == 3);
  CHECK(messages(0.85) == 4);
  const auto disk = [](double free) { return Pressure::level_of(Reading::kDisk, {.disk_free = free}); };
  CHECK(disk(0.21) == 0);
  CHECK(disk(0.20) == 1);
  CHECK(disk(0.07) == 5);
  CHECK(disk(0.0) == 6);
  const auto store = [](Duration age) {
    return Pressure::level_of(Reading::kDurability, {.undurable = age});
  };
  CHECK(store(milliseconds{249}) == 0);
  CHECK(store(milliseconds{250}) == 1);
  CHECK(store(seconds{5}) == 6);
  const auto turn = [](Duration delay) { return Pressure::level_of(Reading::kTurn, {.turn = delay}); };
  CHECK(turn(milliseconds{49}) == 0);
  CHECK(turn(milliseconds{400}) == 4);
  CHECK(turn(seconds{2}) == 6);
}

TEST_CASE("a level is entered at once and left after a second of calm, for the highest that second showed",
          "[D10][H17]") {
  Pressure pressure;
  CHECK(pressure.update(kStart, {.turn = milliseconds{900}}));
  CHECK(pressure.level() == 5);
  CHECK(pressure.worst() == Reading::kTurn);
  CHECK_FALSE(pressure.update(kStart + milliseconds{100}, {}));
  CHECK_FALSE(pressure.update(kStart + milliseconds{600}, {.turn = milliseconds{120}}));
  CHECK_FALSE(pressure.update(kStart + milliseconds{1099}, {}));
  CHECK(pressure.update(kStart + milliseconds{1100}, {}));
  CHECK(pressure.level() == 2);  // not 0: the second was not calmer than that
  CHECK_FALSE(pressure.update(kStart + milliseconds{1200}, {}));
  CHECK(pressure.update(kStart + milliseconds{2200}, {}));
  CHECK(pressure.level() == 0);
}

TEST_CASE("the worst reading decides, and each keeps its own level", "[D10]") {
  Pressure pressure;
  pressure.update(kStart, {.memory = 0.76, .disk_free = 0.11, .undurable = milliseconds{300}});
  CHECK(pressure.level() == 3);
  CHECK(pressure.worst() == Reading::kDisk);
  CHECK(pressure.level(Reading::kMemory) == 2);
  CHECK(pressure.level(Reading::kDurability) == 1);
  CHECK(pressure.level(Reading::kTurn) == 0);
}

}  // namespace
}  // namespace aldis::admission
