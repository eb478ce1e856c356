// SPDX-License-Identifier: Apache-2.0
#include "message_fixture.hpp"

using namespace aldis;
using namespace aldis::message;
using namespace std::string_literals;

namespace {

struct Replacer : Intaker {
  ReplaceMessage change;

  std::string outcome() {
    const auto done = replace(change, account, kNow, message);
    return done ? "replaced" : std::string{name_of(done.error())};
  }
};

}  // namespace

TEST_CASE("a replaced text is split anew and keeps what was not given") {
  Replacer in;
  in.request.validity.in = hours{5};
  in.accepted();
  const std::string longer = times(200, "b");
  in.change.body = longer;
  in.change.registered_delivery = 1;
  REQUIRE(in.outcome() == "replaced");
  CHECK(in.message.content.body == longer);
  CHECK(in.message.parts.size() == 2);
  CHECK(in.message.registered_delivery == 1);
  CHECK(in.message.expires_at == kNow.mono + hours{5});
  CHECK(in.message.due_at == kNow.mono);
}

TEST_CASE("data_coding and header stay when the text is replaced") {
  Replacer in;
  in.request.esm_class = 0x40;
  in.request.data_coding = 8;
  in.set_body("\x06\x05\x04\x0B\x84\x23\xF0\x04\x36"s);
  in.accepted();
  in.change.body = "\x04\x37";
  REQUIRE(in.outcome() == "replaced");
  CHECK(in.message.content.udh == "\x06\x05\x04\x0B\x84\x23\xF0"s);
  CHECK(in.message.content.alphabet == Alphabet::kUcs2);
  CHECK(in.message.content.body == "\x04\x37");
}

TEST_CASE("a text that does not fit its coding or its segment is refused, and nothing changes") {
  Replacer in;
  in.request.data_coding = 8;
  in.set_body("\x04\x36");
  in.accepted();
  in.change.body = "odd";
  in.change.schedule.in = hours{1};
  CHECK(in.outcome() == "replace_failed");
  CHECK(in.message.content.body == "\x04\x36");
  CHECK(in.message.due_at == kNow.mono);

  Replacer segment;
  segment.request.sar_total = 2;
  segment.request.sar_seqnum = 1;
  segment.accepted();
  const std::string longer = times(161, "a");
  segment.change.body = longer;
  CHECK(segment.outcome() == "replace_failed");
  CHECK(segment.message.content.body == "Hi!");

  Replacer many;
  many.accepted();
  const std::string endless = times(5000, "a");
  many.change.body = endless;
  CHECK(many.outcome() == "too_many_parts");
  CHECK(many.message.parts.size() == 1);
}

TEST_CASE("new times replace the old under the same rules") {
  Replacer in;
  in.accepted();
  in.change.body = "x";
  in.change.schedule.in = hours{1};
  REQUIRE(in.outcome() == "replaced");
  CHECK(in.message.due_at == kNow.mono + hours{1});
  CHECK(in.message.expires_at == kNow.mono + hours{48});
  in.change.schedule = {};
  in.change.validity.in = minutes{30};
  CHECK(in.outcome() == "bad_validity");  // before the schedule that stays
  in.change.validity.in = hours{2};
  REQUIRE(in.outcome() == "replaced");
  CHECK(in.message.expires_at == kNow.mono + hours{2});
  in.change.validity = {};
  in.change.schedule.in = hours{3};
  CHECK(in.outcome() == "bad_validity");  // behind the validity that stays
  in.change.schedule = {.at = kNow.wall - hours{1}, .in = {}};
  CHECK(in.outcome() == "bad_schedule");
}
