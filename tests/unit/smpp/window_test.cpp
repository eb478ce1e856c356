// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/window.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

using namespace aldis;
using namespace aldis::smpp;

namespace {

const Instant kStart{seconds{1000}};

std::uint32_t send(Window& window, std::uint64_t token, Instant at = kStart,
                   CommandId command = CommandId::kSubmitSm) {
  const auto sequence = window.take_sequence();
  window.add(
      {.token = token, .offset_end = token * 100, .sent_at = at, .sequence = sequence, .command = command});
  return sequence;
}

}  // namespace

TEST_CASE("sequence numbers start at 1 and wrap from 0x7FFFFFFF to 1, over numbers in use") {
  Window window;
  CHECK(send(window, 1) == 1);
  CHECK(send(window, 2) == 2);

  Window late{0x7FFFFFFE};
  CHECK(send(late, 1) == 0x7FFFFFFE);
  CHECK(send(late, 2) == 0x7FFFFFFF);
  CHECK(send(late, 3) == 1);

  Window busy{0x7FFFFFFF};
  const auto first = send(busy, 1);
  CHECK(first == 0x7FFFFFFF);
  CHECK(send(busy, 2) == 1);
}

TEST_CASE("an answer matches only an outstanding number and the right command") {
  Window window;
  const auto sequence = send(window, 42);
  CHECK_FALSE(window.answer(sequence + 1, CommandId::kSubmitSmResp));
  CHECK_FALSE(window.answer(sequence, CommandId::kDataSmResp));
  CHECK_FALSE(window.answer(0, CommandId::kGenericNack));
  CHECK(window.used() == 1);
  const auto answered = window.answer(sequence, CommandId::kSubmitSmResp);
  REQUIRE(answered);
  CHECK(answered->request.token == 42);
  CHECK_FALSE(answered->late);
  CHECK(window.used() == 0);
  CHECK_FALSE(window.answer(sequence, CommandId::kSubmitSmResp));  // a second time
  CHECK(window.answer(send(window, 43), CommandId::kGenericNack)->request.token == 43);
}

TEST_CASE(
    "what times out leaves the window in order of sending, and its late answer is known for what it is") {
  Window window;
  const auto first = send(window, 1, kStart);
  send(window, 2, kStart + seconds{1});
  CHECK_FALSE(window.time_out(kStart - seconds{1}));
  CHECK(window.time_out(kStart)->token == 1);
  CHECK_FALSE(window.time_out(kStart));
  CHECK(window.used() == 1);
  CHECK(window.oldest_sent_at() == kStart + seconds{1});
  const auto answered = window.answer(first, CommandId::kSubmitSmResp);
  REQUIRE(answered);
  CHECK(answered->late);
  CHECK(answered->request.token == 1);
  CHECK(window.late() == 0);
}

TEST_CASE("a number that timed out stays reserved until 2^20 numbers later") {
  Window window;
  const auto stuck = send(window, 1);
  REQUIRE(window.time_out(kStart));
  for (std::uint32_t i = 1; i < Window::kReservedFor - 1; ++i) { static_cast<void>(window.take_sequence()); }
  CHECK(window.late() == 1);
  static_cast<void>(window.take_sequence());
  static_cast<void>(window.take_sequence());
  CHECK(window.late() == 0);
  CHECK_FALSE(window.answer(stuck, CommandId::kSubmitSmResp));
}

TEST_CASE("however many time out, only so many are remembered") {
  Window window;
  for (std::uint64_t i = 0; i < Window::kLateMax + 100; ++i) {
    send(window, i);
    REQUIRE(window.time_out(kStart));
  }
  CHECK(window.late() == Window::kLateMax);
  CHECK_FALSE(window.answer(1, CommandId::kSubmitSmResp));
  CHECK(window.answer(101, CommandId::kSubmitSmResp));
}

TEST_CASE("the outstanding ones are visited in the order of sending") {
  Window window;
  std::vector<std::uint32_t> sequences;
  for (std::uint64_t i = 0; i < 6; ++i) { sequences.push_back(send(window, i)); }
  CHECK(window.answer(sequences[0], CommandId::kSubmitSmResp));
  CHECK(window.answer(sequences[3], CommandId::kSubmitSmResp));
  CHECK(window.answer(sequences[5], CommandId::kSubmitSmResp));
  std::vector<std::uint64_t> tokens;
  window.for_each([&](const Outstanding& request) { tokens.push_back(request.token); });
  CHECK(tokens == std::vector<std::uint64_t>{1, 2, 4});
}

// H26: random sequences over the wrap; a plain map is the oracle.
TEST_CASE("random requests, answers and timeouts over the wrap never match the wrong request") {
  std::mt19937 random{26};
  Window window{0x7FFFFFF0};
  std::map<std::uint32_t, std::uint64_t> outstanding;
  std::map<std::uint32_t, std::uint64_t> late;
  std::uint64_t token = 0;
  int answered_late = 0;
  auto now = kStart;
  for (int round = 0; round < 200'000; ++round) {
    now += milliseconds{1};
    const auto dice = random() % 10;
    if (dice < 4 && outstanding.size() < 300) {
      const auto sequence = send(window, ++token, now);
      REQUIRE(sequence >= 1);
      REQUIRE(sequence <= 0x7FFFFFFF);
      REQUIRE(outstanding.count(sequence) + late.count(sequence) == 0);
      outstanding[sequence] = token;
    } else if (dice < 9) {
      auto& from = dice == 8 ? late : outstanding;
      auto sequence = static_cast<std::uint32_t>(random() % 0x7FFFFFFF);
      if (!from.empty() && random() % 8 != 0) {
        sequence = std::next(from.begin(), static_cast<std::ptrdiff_t>(random() % from.size()))->first;
      }
      const auto answered = window.answer(sequence, CommandId::kSubmitSmResp);
      const auto in_time = outstanding.find(sequence);
      const auto too_late = late.find(sequence);
      REQUIRE(answered.has_value() == (in_time != outstanding.end() || too_late != late.end()));
      if (!answered) { continue; }
      REQUIRE(answered->late == (too_late != late.end()));
      REQUIRE(answered->request.token == (answered->late ? too_late->second : in_time->second));
      outstanding.erase(sequence);
      late.erase(sequence);
      if (answered->late) { ++answered_late; }
    } else if (const auto request = window.time_out(now - milliseconds{200})) {
      REQUIRE(outstanding.at(request->sequence) == request->token);
      outstanding.erase(request->sequence);
      late[request->sequence] = request->token;
    }
    REQUIRE(window.used() == outstanding.size());
  }
  CHECK(token > 50'000);
  CHECK(answered_late > 100);
}
