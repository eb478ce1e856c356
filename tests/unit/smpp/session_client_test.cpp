// SPDX-License-Identifier: Apache-2.0
// A link to an operator: bind, window, late answers, what was handed over when the connection dies.
#include <catch2/catch.hpp>

#include "unit/smpp/session_fixture.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace aldis::smpp::test;

using Lines = std::vector<std::string>;

namespace {

bool submit(Fixture& f, std::uint64_t token) {
  return f.session.request(f.now, token,
                           SubmitSm{.destination_addr = "447700900123", .short_message = "Hi!"});
}

}  // namespace

TEST_CASE("a link binds with the vector of the manual and is bound by the answer") {
  Fixture f{SessionOptions::client()};
  f.session.bind(f.now, BindType::kTransceiver,
                 {.system_id = "acme", .password = "secret", .interface_version = 0x34});
  CHECK(f.out == kBindVector);
  CHECK_FALSE(submit(f, 1));
  f.receive_octet_by_octet(kBindRespVector);
  CHECK(f.session.bound());
  CHECK(f.seen.bound.size() == 1);
}

TEST_CASE("a bind that is refused, nacked or not answered ends the link") {
  for (const auto& answer : {raw_pdu(0x80000009, 0x0D, 1), raw_pdu(0x80000000, 0x0D, 1)}) {
    Fixture f{SessionOptions::client()};
    f.session.bind(f.now, BindType::kTransceiver, {.interface_version = 0x34});
    f.receive(answer);
    CHECK(f.seen.refused == std::vector{CommandStatus::kBindFailed});
    CHECK(f.seen.closed == std::vector{CloseReason::kBindRefused});
  }
  Fixture f{SessionOptions::client()};
  f.session.bind(f.now, BindType::kTransceiver, {.interface_version = 0x34});
  f.receive(raw_pdu(0x80000009, 0, 5));  // somebody else's
  CHECK(f.counters[Fault::kUnmatchedResponse] == 1);
  f.pass(milliseconds{29'999});
  CHECK(f.seen.closed.empty());
  f.pass(milliseconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kBindTimeout});
}

TEST_CASE("the window bounds what is sent, and each answer frees a place") {
  auto options = SessionOptions::client();
  options.window_out = 3;
  ClientFixture f{options};
  CHECK(f.session.window_free() == 3);
  for (std::uint64_t token = 10; token < 13; ++token) { CHECK(submit(f, token)); }
  CHECK_FALSE(submit(f, 13));
  CHECK(f.sent() == Lines{"submit_sm #2", "submit_sm #3", "submit_sm #4"});
  f.receive(raw_pdu(0x80000004, 0, 3, std::string{"op-3\0", 5}));
  REQUIRE(f.seen.answers.size() == 1);
  CHECK(f.seen.answers[0].token == 11);
  CHECK(f.seen.answers[0].message_id == "op-3");
  CHECK(f.session.window_free() == 1);
  f.session.set_window_out(1);
  CHECK(f.session.window_free() == 0);
  f.session.set_window_out(10);
  CHECK(f.session.window_free() == 8);
}

TEST_CASE("answers with foreign or repeated numbers, or of the wrong command, are counted and dropped") {
  ClientFixture f;
  submit(f, 1);
  f.receive(raw_pdu(0x80000004, 0, 99) + raw_pdu(0x80000103, 0, 2) + raw_pdu(0x80000099, 0, 2));
  CHECK(f.seen.answers.empty());
  CHECK(f.counters[Fault::kUnmatchedResponse] == 3);
  f.receive(raw_pdu(0x80000004, 0, 2) + raw_pdu(0x80000004, 0, 2));
  CHECK(f.seen.answers.size() == 1);
  CHECK(f.counters[Fault::kUnmatchedResponse] == 4);
  CHECK(f.session.bound());
}

TEST_CASE("generic_nack fails the request with its number, and no other") {
  ClientFixture f;
  submit(f, 7);
  f.receive(raw_pdu(0x80000000, 0x03, 0));
  CHECK(f.seen.answers.empty());
  f.receive(raw_pdu(0x80000000, 0x03, 2));
  REQUIRE(f.seen.answers.size() == 1);
  CHECK(f.seen.answers[0].nacked);
  CHECK(f.seen.answers[0].status == CommandStatus::kInvalidCommandId);
}

TEST_CASE("an unanswered request frees its slot after 60 s, and its late answer still counts") {
  auto options = SessionOptions::client();
  options.enquire_link = Duration::zero();
  ClientFixture f{options};
  submit(f, 7);
  f.pass(seconds{30});
  submit(f, 8);
  f.pass(milliseconds{29'999});
  CHECK(f.seen.timeouts.empty());
  f.pass(milliseconds{1});
  CHECK(f.seen.timeouts == std::vector<std::uint64_t>{7});
  CHECK(f.session.window_used() == 1);
  f.receive(raw_pdu(0x80000004, 0, 2, std::string{"late\0", 5}));
  REQUIRE(f.seen.answers.size() == 1);
  CHECK(f.seen.answers[0].token == 7);
  CHECK(f.seen.answers[0].late);
  CHECK(f.seen.answers[0].message_id == "late");
  CHECK(f.counters[Fault::kLateResponse] == 1);
}

TEST_CASE("when the connection dies the offsets tell what was handed over whole") {
  ClientFixture f;
  const auto bound_at = f.session.octets_appended();
  for (std::uint64_t token = 1; token <= 4; ++token) { submit(f, token); }
  const auto each = (f.session.octets_appended() - bound_at) / 4;
  f.receive(raw_pdu(0x80000004, 0, 3));  // token 2 is answered
  const auto taken = bound_at + 3 * each - 1;
  std::vector<std::uint64_t> uncertain;
  std::vector<std::uint64_t> never_left;
  f.session.for_each_outstanding([&](const Outstanding& request) {
    (request.offset_end <= taken ? uncertain : never_left).push_back(request.token);
  });
  CHECK(uncertain == std::vector<std::uint64_t>{1});
  CHECK(never_left == std::vector<std::uint64_t>{3, 4});
}

TEST_CASE("a link takes receipts on any bind type, and answers deliver_sm with 17 octets") {
  ClientFixture f{SessionOptions::client(), BindType::kTransmitter};
  f.receive(deliver_pdu(5) + raw_pdu(0x103, 0, 6, std::string(10, '\0')));
  CHECK(f.seen.requests ==
        std::vector{std::pair{CommandId::kDeliverSm, 5u}, std::pair{CommandId::kDataSm, 6u}});
  f.session.respond(f.now, 5, CommandStatus::kOk, DeliverSmResp{});
  f.session.respond_error(f.now, CommandId::kDataSm, 6, CommandStatus::kSystemError);
  CHECK(f.sent() == Lines{"deliver_sm_resp ROK #5 +NUL", "data_sm_resp RSYSERR #6"});
}

TEST_CASE("a receiver does not submit") {
  ClientFixture f{SessionOptions::client(), BindType::kReceiver};
  CHECK_FALSE(submit(f, 1));
}

TEST_CASE("a link refuses what only an ESME may ask, and takes note of outbind and alert_notification") {
  ClientFixture f;
  f.receive(submit_pdu(1) + raw_pdu(0x03, 0, 2) + raw_pdu(0x111, 0, 3) + raw_pdu(0x22, 0, 4) + kBindVector);
  CHECK(f.sent() == Lines{"submit_sm_resp RINVBNDSTS #1", "query_sm_resp RINVBNDSTS #2",
                          "generic_nack RINVCMDID #3", "generic_nack RINVCMDID #4",
                          "bind_transceiver_resp RALYBND #1"});
  f.receive(raw_pdu(0x0B, 0, 5, std::string(2, '\0')) + raw_pdu(0x102, 0, 6, std::string(6, '\0')));
  CHECK(f.seen.notices == std::vector{CommandId::kOutbind, CommandId::kAlertNotification});
  CHECK(f.out.empty());
  CHECK(f.counters[Fault::kOutbind] == 1);
  CHECK(f.seen.requests.empty());
}

TEST_CASE("a link is not closed by bad PDUs, only by lost framing") {
  ClientFixture f;
  for (int i = 0; i < 1000; ++i) { f.receive(raw_pdu(0x05, 0, 1, "no NUL")); }
  CHECK(f.session.bound());
  CHECK(f.counters[Fault::kMalformed] == 1000);
  CHECK(f.seen.bad.size() == 1);
  f.receive(raw_pdu(0x05, 0, 1, std::string(65'000, 'x')));
  CHECK(f.session.bound());
  f.receive(be32(70'001));
  CHECK(f.seen.closed == std::vector{CloseReason::kFramingLost});
}

TEST_CASE("while a link unbinds it leaves requests without an answer, so that the operator repeats them") {
  ClientFixture f;
  f.receive(deliver_pdu(1));
  f.session.unbind(f.now);
  f.receive(deliver_pdu(2) + enquire_pdu(3));
  CHECK(f.sent() == Lines{"enquire_link_resp ROK #3"});
  f.session.respond(f.now, 1, CommandStatus::kOk, DeliverSmResp{});
  CHECK(f.sent() == Lines{"deliver_sm_resp ROK #1 +NUL", "unbind #2"});
  f.receive(raw_pdu(0x80000006, 0, 2));
  CHECK(f.seen.closed == std::vector{CloseReason::kUnbound});
}

TEST_CASE("a link of version 3.3, or with tlvs_out off, sends no TLV") {
  std::string tlvs;
  append_tlv_u8(tlvs, TlvTag::kMoreMessagesToSend, 1);
  auto off = SessionOptions::client();
  off.tlvs_out = false;
  ClientFixture f{off};
  ClientFixture g{SessionOptions::client(), BindType::kTransmitter, 0x33};
  ClientFixture h;
  for (auto* each : std::vector<Fixture*>{&f, &g, &h}) {
    REQUIRE(each->session.request(each->now, 1, SubmitSm{.short_message = "x", .tlvs = Tlvs{tlvs}}));
    const auto pdu = decode(each->out, Strictness::kLink);
    CHECK(std::get<SubmitSm>(pdu->body).tlvs.empty() == (each != &h));
  }
}

TEST_CASE("sequence numbers of a link wrap over everything it sends") {
  auto options = SessionOptions::client();
  options.sequence_first = 0x7FFFFFFD;
  ClientFixture f{options};
  for (std::uint64_t token = 1; token <= 2; ++token) { submit(f, token); }
  f.session.enquire_link(f.now);
  submit(f, 3);
  CHECK(f.sent() ==
        Lines{"submit_sm #2147483646", "submit_sm #2147483647", "enquire_link #1", "submit_sm #2"});
}
