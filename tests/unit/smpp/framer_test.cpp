// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/framer.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "unit/smpp/hex.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace aldis::smpp::test;

namespace {

constexpr std::uint32_t kLimit = 8192;

struct Seen {
  std::vector<std::string> pdus;
  std::size_t oversized = 0;
  bool lost = false;
  std::size_t kept_max = 0;  // the most that had to be presented again
};

// Presents `stream` in pieces of `step` octets, as a pump does.
Seen cut(const std::string& stream, std::size_t step, bool may_skip = true) {
  Framer framer;
  Seen seen;
  std::string kept;
  for (std::size_t at = 0; at < stream.size() && !seen.lost; at += step) {
    kept += stream.substr(at, step);
    std::size_t done = 0;
    for (;;) {
      const auto frame = framer.next(std::string_view{kept}.substr(done), kLimit, may_skip);
      done += frame.consumed;
      if (frame.kind == Framer::Kind::kMore) { break; }
      if (frame.kind == Framer::Kind::kPdu) { seen.pdus.emplace_back(frame.octets); }
      if (frame.kind == Framer::Kind::kOversized) { ++seen.oversized; }
      if (frame.kind == Framer::Kind::kLost) {
        seen.lost = true;
        break;
      }
    }
    kept.erase(0, done);
    seen.kept_max = std::max(seen.kept_max, kept.size());
  }
  return seen;
}

const std::vector<std::size_t> kSteps{1, 2, 3, 5, 16, 17, 64, 100'000};

}  // namespace

TEST_CASE("any split of the stream gives the same PDUs") {
  const std::string stream = kBindVector + kSubmitVector + kNackVector + kSubmitVector;
  for (const auto step : kSteps) {
    CHECK(cut(stream, step).pdus ==
          std::vector<std::string>{kBindVector, kSubmitVector, kNackVector, kSubmitVector});
  }
}

TEST_CASE("a length below 16 or above 70,000 ends the stream, whether bound or not") {
  for (const std::uint32_t length : {0u, 1u, 15u, 70'001u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    for (const auto step : kSteps) {
      for (const bool bound : {false, true}) { CHECK(cut(kNackVector + be32(length), step, bound).lost); }
    }
  }
}

TEST_CASE("other protocols are seen in their first four octets") {
  const std::vector<std::pair<std::string, std::string>> kinds{{"GET / HTTP/1.1\r\n", "http"},
                                                               {"HTTP/1.1 200 OK", "http"},
                                                               {std::string{"AMQP\0\0\x09\x01", 8}, "amqp"},
                                                               {from_hex("03000013 0EE00000"), "tpkt"},
                                                               {from_hex("16030100 C8010000"), "tls"}};
  for (const auto& [octets, name] : kinds) {
    CHECK(cut(octets, 100).lost);
    CHECK(cut(octets, 1).lost);
    CHECK(foreign_protocol(octets) == name);
  }
  CHECK(foreign_protocol(kBindVector).empty());
}

TEST_CASE("a PDU beyond the limit is read over without being kept, and the next one is read") {
  std::string big = raw_pdu(4, 0, 5, std::string(60'000, 'x'));
  for (const auto step : kSteps) {
    const auto seen = cut(big + kNackVector, step);
    CHECK(seen.oversized == 1);
    CHECK(seen.pdus == std::vector<std::string>{kNackVector});
    CHECK(seen.kept_max < 16);
    CHECK_FALSE(seen.lost);
  }
}

TEST_CASE("before the bind a PDU beyond the limit is the end") {
  for (const auto step : kSteps) { CHECK(cut(be32(kLimit + 1), step, false).lost); }
  CHECK_FALSE(cut(be32(kLimit), 4, false).lost);
}

TEST_CASE("every length from 16 to the limit is waited for") {
  for (std::uint32_t length = 16; length <= kLimit; length += 13) {
    Framer framer;
    const auto head = be32(length);
    CHECK(framer.next(head, kLimit, false).kind == Framer::Kind::kMore);
  }
}
