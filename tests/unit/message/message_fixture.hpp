// SPDX-License-Identifier: Apache-2.0
// A request that is accepted as it stands, an account and a moment; each test changes what it is about.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "aldis/core/events.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/message/intake.hpp"
#include "aldis/text/transcode.hpp"

namespace aldis::message {

inline const Now kNow{Instant{hours{1000}},
                      WallTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}} + hours{12}};

inline Address address(std::string_view digits, std::uint8_t ton = 0, std::uint8_t npi = 0) {
  return Address{.ton = ton, .npi = npi, .digits = FixedString<20>{digits}};
}

inline std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) { out += text; }
  return out;
}

inline std::string as(Alphabet alphabet, std::string_view utf8) {
  std::string out;
  REQUIRE(text::transcode(utf8, Alphabet::kUtf8, alphabet, out));
  return out;
}

struct Intaker {
  Intaker() {
    request.account = AccountId{7};
    request.source = address("Aldis", 5);
    destination = address("447700900123", 1, 1);
    request.body = "Hi!";
  }

  Submit request;
  Address destination;
  AccountSettings account;
  std::string body;  // owns what request.body views, after set_body()
  Message message;

  void set_body(std::string octets) {
    body = std::move(octets);
    request.body = body;
  }

  Result<Intake, Refusal> take() { return take_in(request, destination, account, kNow, message); }

  Intake accepted() {
    const auto taken = take();
    if (!taken) { FAIL("refused: " << name_of(taken.error())); }
    return *taken;
  }

  // The refusal, or "accepted".
  std::string refusal() {
    const auto taken = take();
    return taken ? "accepted" : std::string{name_of(taken.error())};
  }
};

}  // namespace aldis::message
