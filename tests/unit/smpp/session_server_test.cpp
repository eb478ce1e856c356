// SPDX-License-Identifier: Apache-2.0
// A customer's session: bind rules, refusals of the protocol itself, the budget of bad PDUs, the window of
// the customer.
#include <catch2/catch.hpp>

#include "unit/smpp/session_fixture.hpp"

using namespace aldis;
using namespace aldis::smpp;
using namespace aldis::smpp::test;

using Lines = std::vector<std::string>;

TEST_CASE("a bind is handed to the application, which lets it in with the server's answer of the manual") {
  for (const bool split : {false, true}) {
    Fixture f{quiet_server()};
    if (split) {
      f.receive_octet_by_octet(kBindVector);
    } else {
      f.receive(kBindVector);
    }
    CHECK(f.seen.binds == Lines{"transceiver acme secret 3.4"});
    CHECK(f.session.state() == Session::State::kBinding);
    f.session.accept_bind(f.now, {.system_id = "aldis", .version = Version::kV34});
    CHECK(f.out == kBindRespVector);
    CHECK(f.session.bound());
  }
}

TEST_CASE("a refused bind is answered without body and closed after it has left") {
  Fixture f{quiet_server()};
  f.receive(kBindVector);
  f.session.refuse_bind(f.now, CommandStatus::kBindFailed);
  CHECK(f.out.size() == 16);
  CHECK(f.sent() == Lines{"bind_transceiver_resp RBINDFAIL #1"});
  CHECK(f.seen.closed == std::vector{CloseReason::kBindRefused});
  CHECK(f.seen.flush);
  f.session.accept_bind(f.now, {.system_id = "aldis"});
  CHECK(f.out.empty());
}

TEST_CASE("a 3.3 session gets no TLV, not even in its bind_resp") {
  Fixture f{quiet_server()};
  f.receive(raw_pdu(0x02, 0, 1, std::string{"a\0b\0\0\x33\0\0\0", 9}));
  CHECK(f.seen.binds == Lines{"transmitter a b 3.3"});
  f.session.accept_bind(f.now, {.system_id = "aldis", .version = Version::kV33});
  CHECK(f.out == raw_pdu(0x80000002, 0, 1, std::string{"aldis\0", 6}));
  f.out.clear();
  f.receive(submit_pdu(2));
  std::string tlvs;
  append_tlv_u8(tlvs, TlvTag::kCongestionState, 50);
  f.session.respond(f.now, 2, CommandStatus::kOk, SubmitSmResp{.message_id = "0A", .tlvs = Tlvs{tlvs}});
  CHECK(f.out == raw_pdu(0x80000004, 0, 2, std::string{"0A\0", 3}));
}

TEST_CASE("before its bind a session answers enquire_link, and unbind with the end") {
  Fixture f{quiet_server()};
  f.receive(enquire_pdu(5));
  CHECK(f.sent() == Lines{"enquire_link_resp ROK #5"});
  f.receive(raw_pdu(0x06, 0, 6));
  CHECK(f.sent() == Lines{"unbind_resp ROK #6"});
  CHECK(f.seen.closed == std::vector{CloseReason::kUnbound});
  CHECK(f.seen.flush);
}

TEST_CASE("enquire_links before the bind do not put off session_init") {
  Fixture f{SessionOptions::server()};
  for (int i = 0; i < 9; ++i) {
    f.pass(seconds{1});
    f.receive(enquire_pdu(1));
  }
  CHECK(f.seen.closed.empty());
  f.pass(seconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kBindTimeout});
}

TEST_CASE("before the bind known requests get their own response with 0x04, and the third one closes") {
  Fixture f{quiet_server()};
  f.receive(submit_pdu(1));
  f.receive(deliver_pdu(2));
  CHECK(f.seen.closed.empty());
  f.receive(raw_pdu(0x03, 0, 3));
  CHECK(f.sent() == Lines{"submit_sm_resp RINVBNDSTS #1", "deliver_sm_resp RINVBNDSTS #2 +NUL",
                          "query_sm_resp RINVBNDSTS #3"});
  CHECK(f.seen.closed == std::vector{CloseReason::kNotBinding});
  CHECK(f.seen.requests.empty());
}

TEST_CASE("before the bind a PDU of more than 256 octets, or no PDU at all, closes without a word") {
  for (const auto& octets :
       {be32(257), be32(15), be32(0), std::string{"GET / HTTP/1.1\r\n"}, from_hex("16030100C8")}) {
    Fixture f{quiet_server()};
    f.receive_octet_by_octet(octets);
    CHECK(f.out.empty());
    CHECK(f.seen.closed == std::vector{CloseReason::kFramingLost});
    CHECK_FALSE(f.seen.flush);
  }
}

TEST_CASE("after the bind an impossible length gets generic_nack 0x02 and the end") {
  for (const auto& octets : {be32(15), be32(0), be32(70'001), std::string{"GET / HTTP/1.1\r\n"}}) {
    ServerFixture f;
    f.receive_octet_by_octet(octets);
    CHECK(f.sent() == Lines{"generic_nack RINVCMDLEN #0"});
    CHECK(f.seen.closed == std::vector{CloseReason::kFramingLost});
    CHECK(f.seen.flush);
  }
}

TEST_CASE("after the bind a PDU beyond the limit is read over: own response 0x02, and it stays") {
  const auto big = raw_pdu(0x04, 0, 9, std::string(9000, 'x'));
  const auto unknown = raw_pdu(0x77, 0, 10, std::string(9000, 'x'));
  for (const bool split : {false, true}) {
    ServerFixture f;
    for (const auto& octets : {big, unknown, submit_pdu(11)}) {
      if (split) {
        f.receive_octet_by_octet(octets);
      } else {
        f.receive(octets);
      }
    }
    CHECK(f.sent() == Lines{"submit_sm_resp RINVCMDLEN #9", "generic_nack RINVCMDLEN #10"});
    CHECK(f.seen.requests == std::vector{std::pair{CommandId::kSubmitSm, 11u}});
    CHECK(f.seen.closed.empty());
    CHECK(f.counters[Fault::kOversized] == 2);
  }
}

TEST_CASE("unknown commands get generic_nack 0x03 with their sequence number and cost nothing else") {
  ServerFixture f;
  Lines expected;
  std::uint32_t sequence = 100;
  for (const std::uint32_t id :
       {0x00u, 0x77u, 0x0Bu, 0x102u, 0x22u, 0x23u, 0x24u, 0x111u, 0x112u, 0x113u, 0x7FFFFFFFu}) {
    f.receive(raw_pdu(id, 0, ++sequence, "body"));
    expected.push_back("generic_nack RINVCMDID #" + std::to_string(sequence));
  }
  for (int i = 0; i < 100; ++i) { f.receive(raw_pdu(0x77, 0, 1)); }
  auto sent = f.sent();
  sent.resize(expected.size());
  CHECK(sent == expected);
  CHECK(f.seen.closed.empty());
  CHECK(f.session.bound());
}

TEST_CASE("in 5.0 broadcasts get their own refusals") {
  ServerFixture f{quiet_server(), {.system_id = "aldis", .version = Version::kV50}};
  f.receive(raw_pdu(0x111, 0, 1) + raw_pdu(0x112, 0, 2) + raw_pdu(0x113, 0, 3));
  CHECK(f.sent() == Lines{"broadcast_sm_resp RBCASTFAIL #1", "query_broadcast_sm_resp RBCASTQUERYFAIL #2",
                          "cancel_broadcast_sm_resp RBCASTCANCELFAIL #3"});
}

TEST_CASE("a receiver may not submit, and nobody may deliver to us: own response 0x04") {
  ServerFixture f{quiet_server(), {.system_id = "aldis"}, BindType::kReceiver};
  f.receive(submit_pdu(1) + raw_pdu(0x103, 0, 2) + raw_pdu(0x03, 0, 3) + deliver_pdu(4));
  CHECK(f.sent() == Lines{"submit_sm_resp RINVBNDSTS #1", "data_sm_resp RINVBNDSTS #2",
                          "query_sm_resp RINVBNDSTS #3", "deliver_sm_resp RINVBNDSTS #4 +NUL"});
  CHECK(f.seen.requests.empty());
  ServerFixture t;
  t.receive(deliver_pdu(1));
  CHECK(t.sent() == Lines{"deliver_sm_resp RINVBNDSTS #1 +NUL"});
}

TEST_CASE("a bind when bound gets 0x05 and changes nothing") {
  ServerFixture f;
  f.receive(kBindVector);
  CHECK(f.sent() == Lines{"bind_transceiver_resp RALYBND #1"});
  CHECK(f.session.bound());
  CHECK(f.seen.binds.size() == 1);
}

TEST_CASE("sequence numbers 0 and above 0x7FFFFFFF are echoed") {
  ServerFixture f;
  f.receive(enquire_pdu(0) + enquire_pdu(0xFFFFFFFF) + submit_pdu(0x80000001));
  f.session.respond(f.now, 0x80000001, CommandStatus::kOk, SubmitSmResp{.message_id = "a"});
  CHECK(f.sent() == Lines{"enquire_link_resp ROK #0", "enquire_link_resp ROK #4294967295",
                          "submit_sm_resp ROK #2147483649"});
}

TEST_CASE("errors have no body, or one NUL by a setting, and TLVs only behind all mandatory fields") {
  ServerFixture f;
  f.receive(submit_pdu(1) + submit_pdu(2));
  f.session.respond_error(f.now, CommandId::kSubmitSm, 1, CommandStatus::kThrottled);
  CHECK(f.out == raw_pdu(0x80000004, 0x58, 1));
  f.out.clear();
  std::string tlvs;
  append_tlv_cstring(tlvs, TlvTag::kAdditionalStatusInfoText, "no_credit");
  f.session.respond_error(f.now, CommandId::kSubmitSm, 2, CommandStatus::kSubmitFailed, tlvs);
  CHECK(f.out == raw_pdu(0x80000004, 0x45, 2, std::string(1, '\0') + tlvs));
  f.out.clear();
  const auto behind = [&](CommandId command, std::size_t nuls) {  // message_id and what else the response has
    f.receive(submit_pdu(3));
    f.out.clear();
    f.session.respond_error(f.now, command, 3, CommandStatus::kInvalidMessageId, tlvs);
    CHECK(f.out.substr(16) == std::string(nuls, '\0') + tlvs);
  };
  behind(CommandId::kDataSm, 1);
  behind(CommandId::kSubmitMulti, 2);
  behind(CommandId::kQuerySm, 4);
  behind(CommandId::kCancelSm, 0);
  behind(CommandId::kReplaceSm, 0);
  f.out.clear();

  auto options = quiet_server();
  options.error_body_empty = true;
  ServerFixture g{options};
  g.receive(submit_pdu(1) + raw_pdu(0x77, 0, 2));
  g.session.respond_error(g.now, CommandId::kSubmitSm, 1, CommandStatus::kThrottled);
  CHECK(g.sent() == Lines{"generic_nack RINVCMDID #2", "submit_sm_resp RTHROTTLED #1 +NUL"});
}

TEST_CASE("an undecodable request gets its own response and costs only itself") {
  ServerFixture f;
  f.receive(raw_pdu(0x04, 0, 1, "no NUL") + submit_pdu(2));
  CHECK(f.sent() == Lines{"submit_sm_resp RINVCMDLEN #1"});
  CHECK(f.seen.requests.size() == 1);
  CHECK(f.seen.bad == std::vector{CommandStatus::kInvalidCommandLength});
}

TEST_CASE("the twenty-first bad PDU within a minute is answered, then unbind and the end") {
  ServerFixture f;
  for (int i = 0; i < 20; ++i) {
    f.receive(raw_pdu(0x04, 0, 1, "no NUL"));
    f.pass(seconds{1});
  }
  CHECK(f.seen.closed.empty());
  CHECK(f.seen.bad.size() == 20);  // one a second reaches the log
  f.sent();
  f.receive(raw_pdu(0x04, 0, 7, "no NUL"));
  CHECK(f.sent() == Lines{"submit_sm_resp RINVCMDLEN #7", "unbind #1"});
  CHECK(f.seen.closed == std::vector{CloseReason::kBadPdus});
  CHECK(f.seen.flush);
}

TEST_CASE("bad PDUs spread over more than a minute, and bad values, are within the budget") {
  ServerFixture f;
  for (int i = 0; i < 100; ++i) {
    f.receive(raw_pdu(0x04, 0, 1, "no NUL"));
    f.pass(milliseconds{3100});
  }
  std::string priority;
  encode(priority, CommandStatus::kOk, 1, SubmitSm{.priority_flag = 9});
  for (int i = 0; i < 100; ++i) { f.receive(priority); }
  CHECK(f.seen.closed.empty());
  CHECK(f.seen.bad.size() == 101);
  CHECK(f.counters[Fault::kBadValue] == 100);
}

TEST_CASE(
    "a full window stops reading, but enquire_link behind it is answered once and responses are taken") {
  ServerFixture f{quiet_server(), {.system_id = "aldis", .window_in = 3}};
  REQUIRE(f.session.request(f.now, 77, DeliverSm{}));
  f.sent();
  std::string stream;
  for (std::uint32_t i = 1; i <= 5; ++i) { stream += submit_pdu(i, std::to_string(i)); }
  stream += enquire_pdu(50) + raw_pdu(0x80000005, 0, 1, std::string(1, '\0')) + submit_pdu(6, "6");
  for (const bool split : {false, true}) { static_cast<void>(split); }
  f.receive(stream);
  CHECK(f.seen.requests.size() == 3);
  CHECK(f.sent() == Lines{"enquire_link_resp ROK #50"});
  REQUIRE(f.seen.answers.size() == 1);
  CHECK(f.seen.answers[0].token == 77);
  CHECK_FALSE(f.session.wants_pause());
  CHECK(f.input.empty());

  f.receive(enquire_pdu(51));
  CHECK(f.sent() == Lines{"enquire_link_resp ROK #51"});
  CHECK(f.seen.requests.size() == 3);

  f.session.respond(f.now, 2, CommandStatus::kOk, SubmitSmResp{.message_id = "b"});
  CHECK(f.session.next_deadline() == Instant::min());
  f.session.on_timer(f.now);
  CHECK(f.seen.requests.size() == 4);
  f.session.respond(f.now, 1, CommandStatus::kOk, SubmitSmResp{.message_id = "a"});
  f.session.respond(f.now, 3, CommandStatus::kOk, SubmitSmResp{.message_id = "c"});
  f.session.on_timer(f.now);
  CHECK(f.seen.bodies == Lines{"1", "2", "3", "4", "5", "6"});
  CHECK(f.sent() == Lines{"submit_sm_resp ROK #2", "submit_sm_resp ROK #1", "submit_sm_resp ROK #3"});
  CHECK(f.session.unanswered_in() == 3);
  CHECK(f.seen.answers.size() == 1);
}

TEST_CASE("64 KiB behind a full window and the caller is asked to pause; silence is then nobody's fault") {
  auto options = SessionOptions::server();
  ServerFixture f{options, {.system_id = "aldis", .window_in = 1}};
  std::string stream;
  std::uint32_t count = 0;
  while (stream.size() < 80'000) { stream += submit_pdu(++count); }
  f.receive(stream + submit_pdu(++count).substr(0, 20));
  CHECK(f.session.wants_pause());
  f.pass(hours{1});
  CHECK(f.seen.closed.empty());
  CHECK(f.sent().empty());
  for (std::uint32_t i = 1; i < count; ++i) {
    REQUIRE(f.seen.requests.size() == i);
    f.session.respond(f.now, i, CommandStatus::kOk, SubmitSmResp{.message_id = "x"});
    f.session.on_timer(f.now);
  }
  CHECK_FALSE(f.session.wants_pause());
  f.receive(submit_pdu(count).substr(20) + submit_pdu(count + 1));
  CHECK(f.seen.requests.size() == count);
  CHECK(f.seen.requests.back().second == count);
}

TEST_CASE("any split of a stream with a full window gives the same requests in order") {
  std::string stream;
  for (std::uint32_t i = 1; i <= 40; ++i) {
    stream += submit_pdu(i);
    if (i % 7 == 0) { stream += enquire_pdu(1000 + i); }
  }
  for (const std::size_t step : {1u, 7u, 53u, 200u, 5000u}) {
    ServerFixture f{quiet_server(), {.system_id = "aldis", .window_in = 2}};
    std::uint32_t answered = 0;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      f.receive(std::string_view{stream}.substr(at, step));
      if (f.seen.requests.size() > answered) {
        f.session.respond(f.now, ++answered, CommandStatus::kOk, SubmitSmResp{});
        f.pass(milliseconds{1});
      }
    }
    while (f.seen.requests.size() > answered) {
      f.session.respond(f.now, ++answered, CommandStatus::kOk, SubmitSmResp{});
      f.pass(milliseconds{1});
    }
    REQUIRE(f.seen.requests.size() == 40);
    for (std::uint32_t i = 0; i < 40; ++i) { CHECK(f.seen.requests[i].second == i + 1); }
    std::size_t enquires = 0;
    for (const auto& line : f.sent()) { enquires += line.starts_with("enquire_link_resp") ? 1u : 0u; }
    CHECK(enquires == 5);
  }
}

TEST_CASE("their unbind: what was read is answered first, then unbind_resp and the end") {
  ServerFixture f;
  f.receive(submit_pdu(1) + raw_pdu(0x06, 0, 2));
  CHECK(f.sent().empty());
  f.pass(seconds{1});
  f.session.respond(f.now, 1, CommandStatus::kOk, SubmitSmResp{.message_id = "a"});
  CHECK(f.sent() == Lines{"submit_sm_resp ROK #1", "unbind_resp ROK #2"});
  CHECK(f.seen.closed == std::vector{CloseReason::kUnbound});
  CHECK(f.seen.flush);
}

TEST_CASE("their unbind waits at most five seconds for our answers") {
  ServerFixture f;
  f.receive(submit_pdu(1) + raw_pdu(0x06, 0, 2));
  f.pass(seconds{5});
  CHECK(f.sent() == Lines{"unbind_resp ROK #2"});
  CHECK(f.seen.closed == std::vector{CloseReason::kUnbound});
  CHECK_FALSE(f.session.respond(f.now, 1, CommandStatus::kOk, SubmitSmResp{}));
}

TEST_CASE("our unbind: what is owed goes first, new requests get 0x08, then unbind, their answer, the end") {
  ServerFixture f;
  f.receive(submit_pdu(1));
  f.session.unbind(f.now);
  f.receive(submit_pdu(2));
  CHECK(f.sent() == Lines{"submit_sm_resp RSYSERR #2"});
  f.session.respond(f.now, 1, CommandStatus::kOk, SubmitSmResp{.message_id = "a"});
  CHECK(f.sent() == Lines{"submit_sm_resp ROK #1", "unbind #1"});
  CHECK(f.seen.closed.empty());
  f.receive(raw_pdu(0x80000006, 0, 1));
  CHECK(f.seen.closed == std::vector{CloseReason::kUnbound});
}

TEST_CASE("our unbind without an answer ends after five seconds") {
  ServerFixture f;
  f.session.unbind(f.now);
  f.pass(milliseconds{4999});
  CHECK(f.seen.closed.empty());
  f.pass(milliseconds{1});
  CHECK(f.seen.closed == std::vector{CloseReason::kUnbindTimeout});
}

TEST_CASE("both unbind at once: each is answered") {
  ServerFixture f;
  f.session.unbind(f.now);
  f.receive(raw_pdu(0x06, 0, 9));
  CHECK(f.sent() == Lines{"unbind #1", "unbind_resp ROK #9"});
  CHECK(f.seen.closed == std::vector{CloseReason::kUnbound});
}

TEST_CASE("after the end nothing is sent or reported any more") {
  ServerFixture f;
  f.receive(submit_pdu(1));
  f.session.close(f.now, false);
  f.receive(submit_pdu(2) + enquire_pdu(3));
  CHECK_FALSE(f.session.respond(f.now, 1, CommandStatus::kOk, SubmitSmResp{}));
  CHECK_FALSE(f.session.request(f.now, 1, DeliverSm{}));
  f.pass(hours{1});
  CHECK(f.out.empty());
  CHECK(f.seen.requests.size() == 1);
  CHECK(f.seen.closed == std::vector{CloseReason::kApplication});
  CHECK(f.session.next_deadline() == kNever);
}

TEST_CASE("nothing is delivered to a transmitter") {
  ServerFixture f{quiet_server(), {.system_id = "aldis"}, BindType::kTransmitter};
  CHECK(f.session.window_free() == 0);
  CHECK_FALSE(f.session.request(f.now, 1, DeliverSm{}));
  CHECK(f.out.empty());
}
