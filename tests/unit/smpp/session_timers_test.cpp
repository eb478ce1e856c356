// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>

#include "unit/smpp/session_fixture.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace aldis::smpp::test;

using Lines = std::vector<std::string>;

TEST_CASE("an incomplete PDU is waited for 10 s from its first octet, however it dribbles") {
  ServerFixture f;
  f.receive(submit_pdu(1));
  f.pass(hours{1});  // between PDUs silence is allowed
  const auto pdu = submit_pdu(2);
  f.receive(pdu.substr(0, 1));
  for (int i = 1; i < 10; ++i) {
    f.pass(seconds{1});
    f.receive(pdu.substr(static_cast<std::size_t>(i), 1));
  }
  CHECK(f.seen.closed.empty());
  f.pass(seconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kPduTimeout});
  CHECK_FALSE(f.seen.flush);
}

TEST_CASE("the clock of an incomplete PDU starts again with the next PDU") {
  ServerFixture f;
  const auto pdu = submit_pdu(2);
  f.receive(pdu.substr(0, 20));
  f.pass(seconds{9});
  f.receive(pdu.substr(20) + pdu.substr(0, 5));
  f.pass(seconds{9});
  CHECK(f.seen.closed.empty());
  f.receive(pdu.substr(5));
  f.pass(seconds{60});
  CHECK(f.seen.closed.empty());
  CHECK(f.seen.requests.size() == 2);
}

TEST_CASE("a PDU that is read over must also end in 10 s") {
  ServerFixture f;
  f.receive(raw_pdu(4, 0, 1, std::string(9000, 'x')).substr(0, 5000));
  f.pass(milliseconds{9999});
  CHECK(f.seen.closed.empty());
  f.pass(milliseconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kPduTimeout});
}

TEST_CASE("after 30 s of silence an enquire_link goes out, and 10 s later the session is half-open") {
  ServerFixture f{SessionOptions::server()};
  f.pass(milliseconds{29'999});
  CHECK(f.sent().empty());
  f.pass(milliseconds{1});
  CHECK(f.sent() == Lines{"enquire_link #1"});
  f.pass(milliseconds{9999});
  CHECK(f.seen.closed.empty());
  f.pass(milliseconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kEnquireTimeout});
  CHECK_FALSE(f.seen.flush);
}

TEST_CASE("an answered enquire_link keeps the session for as long as it goes on") {
  ServerFixture f{SessionOptions::server()};
  for (std::uint32_t i = 1; i <= 100; ++i) {
    f.pass(seconds{30});
    CHECK(f.sent() == Lines{"enquire_link #" + std::to_string(i)});
    f.receive(raw_pdu(0x80000015, 0, i));
  }
  CHECK(f.seen.closed.empty());
}

TEST_CASE("any other PDU after our enquire_link proves that the peer lives") {
  ServerFixture f{SessionOptions::server()};
  f.pass(seconds{30});
  f.receive(submit_pdu(1));
  f.pass(seconds{11});
  CHECK(f.seen.closed.empty());
}

TEST_CASE("any octet received puts off enquire_link") {
  ServerFixture f{SessionOptions::server()};
  const auto pdu = submit_pdu(1);
  f.pass(seconds{29});
  f.receive(pdu.substr(0, 4));
  f.pass(seconds{5});
  f.receive(pdu.substr(4));
  f.pass(milliseconds{29'999});
  CHECK(f.sent().empty());
  f.pass(milliseconds{1});
  CHECK(f.sent() == Lines{"enquire_link #1"});
}

TEST_CASE("an enquire_link on demand goes out once, and never before bound") {
  Fixture unbound{SessionOptions::server()};
  unbound.session.enquire_link(unbound.now);
  CHECK(unbound.out.empty());
  ServerFixture f;
  f.session.enquire_link(f.now);
  f.session.enquire_link(f.now);
  CHECK(f.sent() == Lines{"enquire_link #1"});
  f.pass(seconds{10});
  CHECK(f.seen.closed == std::vector{CloseReason::kEnquireTimeout});
}

TEST_CASE("inactivity unbinds and closes") {
  auto options = SessionOptions::server();
  options.enquire_link = Duration::zero();
  ServerFixture f{options};
  f.pass(milliseconds{299'999});
  CHECK(f.sent().empty());
  f.pass(milliseconds{1});
  CHECK(f.sent() == Lines{"unbind #1"});
  f.receive(raw_pdu(0x80000006, 0, 1));
  CHECK(f.seen.closed == std::vector{CloseReason::kInactivity});
}

TEST_CASE("a bind that nobody decides on ends after session_init") {
  Fixture f{SessionOptions::server()};
  f.pass(seconds{9});
  f.receive(kBindVector);
  f.pass(milliseconds{9999});
  CHECK(f.seen.closed.empty());
  f.pass(milliseconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kBindTimeout});
}

TEST_CASE("a customer that does not answer frees the slot after 30 s") {
  ServerFixture f;
  REQUIRE(f.session.request(f.now, 9, DeliverSm{}));
  f.pass(seconds{30});
  CHECK(f.seen.timeouts == std::vector<std::uint64_t>{9});
  CHECK(f.counters[Fault::kResponseTimeout] == 1);
  CHECK(f.session.bound());
}

TEST_CASE("a quiet bound session without timers has no deadline") {
  ServerFixture f;
  CHECK(f.session.next_deadline() == kNever);
}

TEST_CASE("octets that never become a PDU do not put off the end of a half-open session") {
  auto options = SessionOptions::server();
  options.pdu_complete = minutes{10};
  ServerFixture f{options, {.system_id = "aldis", .window_in = 1}};
  f.receive(submit_pdu(1) + submit_pdu(2).substr(0, 5));  // the piece is held behind the full window
  f.session.respond(f.now, 1, CommandStatus::kOk, SubmitSmResp{});
  f.pass(seconds{30});
  for (std::size_t i = 5; i < 14 && f.seen.closed.empty(); ++i) {
    f.receive(submit_pdu(2).substr(i, 1));
    f.pass(seconds{1});
  }
  CHECK(f.seen.closed.empty());
  f.pass(seconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kEnquireTimeout});
}

// A peer that sends anything in any piece: nothing worse than the end may come of it.
TEST_CASE("random PDUs in random pieces never break a session") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random{seed};
    const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    ServerFixture server{SessionOptions::server(), {.system_id = "aldis", .window_in = 4}};
    ClientFixture client;
    Fixture* f = &server;
    if (seed % 2 == 1) { f = &client; }
    std::string stream;
    for (int i = 0; i < 60; ++i) {
      const auto id = pick(10) == 0 ? static_cast<std::uint32_t>(random())
                                    : static_cast<std::uint32_t>(kCommandIds[pick(kCommandCount)]);
      std::string body(pick(4) == 0 ? pick(9000) : pick(60), '\0');
      for (char& c : body) { c = pick(3) == 0 ? '\0' : static_cast<char>(pick(256)); }
      switch (pick(4)) {
        case 0: stream += submit_pdu(static_cast<std::uint32_t>(pick(100))); break;
        case 1: stream += deliver_pdu(static_cast<std::uint32_t>(pick(100))); break;
        default:
          stream +=
              raw_pdu(id, static_cast<std::uint32_t>(pick(3)), static_cast<std::uint32_t>(pick(20)), body);
      }
    }
    if (pick(4) == 0) { stream += be32(static_cast<std::uint32_t>(random())); }
    while (!stream.empty()) {
      const auto size = std::min(stream.size(), 1 + pick(pick(2) == 0 ? 10 : 5000));
      f->receive(std::string_view{stream}.substr(0, size));
      stream.erase(0, size);
      static_cast<void>(f->session.request(f->now, 5, SubmitSm{.short_message = "x"}));
      while (f->session.unanswered_in() > 0 && pick(3) != 0) {
        f->session.respond_error(f->now, CommandId::kSubmitSm, 1, CommandStatus::kOk);
      }
      f->pass(milliseconds{pick(2000)});
    }
    f->pass(hours{1});
    REQUIRE(f->seen.closed.size() == 1);
    REQUIRE(f->sent().size() < 100'000);
  }
}
