// SPDX-License-Identifier: Apache-2.0
#include "ingress/message_request.hpp"

#include <catch2/catch.hpp>

#include "ingress/json.hpp"
#include "ingress/message_json.hpp"
#include "ingress/rfc3339.hpp"

using namespace aldis;
using namespace aldis::ingress;
using api::Code;

namespace {

const WallTime kNow = *parse_rfc3339("2026-11-21T20:12:31Z");

Result<api::MessageRequest, api::Problem> read(std::string_view text,
                                               RequestPlace place = RequestPlace::kAlone) {
  const auto value = read_json(text);
  REQUIRE(value.has_value());
  return read_message_request(*value, kNow, place);
}

api::MessageRequest good(std::string_view text, RequestPlace place = RequestPlace::kAlone) {
  auto request = read(text, place);
  if (request.has_error()) { FAIL(request.error().faults.front().pointer + ": " + request.error().detail); }
  return *request;
}

// A request that is sound but for `member`; what is said of it.
std::string fault(const std::string& member, RequestPlace place = RequestPlace::kAlone) {
  const bool has_text =
      member.find("\"data\"") != std::string::npos || member.find("\"text\"") != std::string::npos;
  const bool has_to = member.find("\"to\"") != std::string::npos;
  const auto request = read("{" + std::string(has_to ? "" : R"("to":"+447700900123",)") +
                                (has_text ? "" : R"("text":"hi",)") + member + "}",
                            place);
  INFO(member.substr(0, 60));
  REQUIRE(request.has_error());
  const auto faults = request.error().faults;  // by value: error() is
  REQUIRE(faults.size() == 1);
  const auto& only = faults.front();
  CHECK_FALSE(only.detail.empty());
  return only.pointer + " " + std::string{api::name_of(only.code)};
}

}  // namespace

TEST_CASE("every field of a request is taken as it was given") {
  const auto request = good(R"({"to":"+447700900123","from":"ACME","text":"Your code is 482913","class":"otp",
    "label":"login","reference":"order-991","validity_seconds":600,"send_at":"2026-11-22T08:00:00+01:00",
    "callback_url":"https://app.example/hooks/sms","metadata":{"user":"77","empty":""},
    "encoding":"ucs2","receipt":"all",    "transliterate":false,"message_class":0,
    "protocol_id":64,"data_coding":245,"parts_max":3,"delivery":"at_most_once",
    "tlvs":[{"tag":"0x1400","value":"0aFF"}],"operator":"op-a"})");
  CHECK(request.to == "+447700900123");
  CHECK(request.from == "ACME");
  CHECK(request.text == "Your code is 482913");
  CHECK(request.traffic_class == api::ClassWish::kOtp);
  CHECK(request.label == "login");
  CHECK(request.reference == "order-991");
  CHECK(request.validity == std::chrono::seconds{600});
  CHECK(format_rfc3339(request.send_at.value()) == "2026-11-22T07:00:00.000Z");
  CHECK(request.receipt == api::ReceiptWish::kAll);
  CHECK(request.callback_url == "https://app.example/hooks/sms");
  CHECK(request.metadata.size() == 2);
  CHECK(request.encoding == api::EncodingWish::kUcs2);
  CHECK(request.transliterate == false);
  CHECK(request.message_class == 0);
  CHECK(request.protocol_id == 64);
  CHECK(request.data_coding == 245);
  CHECK(request.parts_max == 3);
  CHECK(request.delivery == api::DeliveryWish::kAtMostOnce);
  REQUIRE(request.tlvs.size() == 1);
  CHECK(request.tlvs[0].tag == 0x1400);
  CHECK(request.tlvs[0].value == "\x0a\xff");
  CHECK(request.pinned_operator == "op-a");

  const auto octets = good(R"({"to":"60777","data":"0011ff","udh":"0101","encoding":"binary"})");
  CHECK(octets.octets == std::string("\0\x11\xff", 3));
  CHECK(octets.udh == "\x01\x01");
}

TEST_CASE("a request needs no more than a number and a text, and null is as if it were not there") {
  const auto request =
      good(R"({"to":"447700900123","text":"","from":null,"send_at":null,"metadata":null,"class":null})");
  CHECK(request.text == "");
  CHECK_FALSE(request.from);
  CHECK_FALSE(request.send_at);
  CHECK_FALSE(request.traffic_class);
  CHECK(request.receipt == api::ReceiptWish::kFinal);
}

TEST_CASE("all faults are told at once, with their places") {
  const auto request =
      read(R"({"to":"12","from":"TWELVE LETTERS","text":"a","data":"00","class":"fast","x":1})");
  REQUIRE(request.has_error());
  const auto faults = request.error().faults;
  REQUIRE(faults.size() == 5);
  CHECK(faults[0].pointer == "/to");
  CHECK(faults[0].code == Code::kInvalidDestination);
  CHECK(faults[1].code == Code::kInvalidSender);
  CHECK(faults[2].pointer == "/class");
  CHECK(faults[2].detail == "one of: otp, transactional, bulk");
  CHECK(faults[3].code == Code::kUnknownField);
  CHECK(faults[4].pointer == "/data");
  CHECK(request.error().code == Code::kInvalidDestination);  // the first names the problem
  const auto nothing = read("{}");
  REQUIRE(nothing.has_error());
  CHECK(nothing.error().faults.size() == 2);
  CHECK(read("[]").error().code == Code::kMalformedRequest);
}

TEST_CASE("numbers, senders and names keep to their forms") {
  for (const char* to : {"+1", "12", "0447700900123", "+44 7700", "447700900123456789", "", "+", "٤٤٧٧٠٠"}) {
    CHECK(fault(R"("to":")" + std::string{to} + "\"") == "/to invalid_destination");
  }
  for (const char* to : {"+123", "123", "00123", "447700900123"}) {
    good(R"({"text":"x","to":")" + std::string{to} + "\"}");
  }
  CHECK(fault(R"("to":447700900123)") == "/to invalid_field");
  for (const char* from : {"", " ACME", "TWELVELETTER", "caf\xC3\xA9"}) {
    CHECK(fault(R"("from":")" + std::string{from} + "\"") == "/from invalid_sender");
  }
  for (const char* label : {"", "Login", "-x", "a b"}) {
    CHECK(fault(R"("label":")" + std::string{label} + "\"") == "/label invalid_field");
  }
  CHECK(fault(R"("operator":"OP")") == "/operator invalid_field");
}

TEST_CASE("each bound is refused one beyond it") {
  const auto repeated = [](std::size_t n, const char* piece) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) { out += piece; }
    return out;
  };
  good(R"({"to":"123","text":")" + repeated(20'000, "\xC3\xA9") + "\"}");
  CHECK(fault(R"("text":")" + repeated(20'001, "a") + "\"") == "/text text_too_long");
  CHECK(fault(R"("data":")" + repeated(65'537, "00") + "\"") == "/data invalid_field");
  CHECK(fault(R"("data":"0")") == "/data invalid_field");
  CHECK(fault(R"("data":"0g")") == "/data invalid_field");
  CHECK(fault(R"("data":"00","udh":"0500")") == "/udh invalid_field");
  CHECK(fault(R"("udh":"0100")") == "/udh invalid_field");
  CHECK(fault(R"("encoding":"binary")") == "/encoding invalid_field");
  CHECK(fault(R"("data_coding":256)") == "/data_coding invalid_field");
  CHECK(fault(R"("data_coding":-1)") == "/data_coding invalid_field");
  CHECK(fault(R"("data_coding":1.0)") == "/data_coding invalid_field");
  CHECK(fault(R"("data_coding":18446744073709551615)") == "/data_coding invalid_field");
  CHECK(fault(R"("message_class":4)") == "/message_class invalid_field");
  CHECK(fault(R"("parts_max":0)") == "/parts_max invalid_field");
  CHECK(fault(R"("validity_seconds":0)") == "/validity_seconds invalid_validity");
  CHECK(fault(R"("valid_until":"2026-11-21T20:12:31Z")") == "/valid_until invalid_validity");
  CHECK(fault(R"("valid_until":"tomorrow")") == "/valid_until invalid_validity");
  CHECK(fault(R"("validity_seconds":60,"valid_until":"2026-11-22T00:00:00Z")") ==
        "/valid_until invalid_validity");
  CHECK(fault(R"("send_at":"2026-11-23T00:00:00Z","valid_until":"2026-11-22T00:00:00Z")") ==
        "/valid_until invalid_validity");
  CHECK(fault(R"("send_at":"2026-11-21T20:11:30Z")") == "/send_at invalid_schedule");
  CHECK(fault(R"("send_at":"2027-11-22T00:00:00Z")") == "/send_at invalid_schedule");
  CHECK_FALSE(good(R"({"to":"123","text":"x","send_at":"2026-11-21T20:11:31Z"})").send_at);  // now
  CHECK(fault(R"("reference":")" + repeated(65, "r") + "\"") == "/reference invalid_field");
  CHECK(fault(R"("reference":"a\nb")") == "/reference invalid_field");
  CHECK(fault(R"("metadata":{"a":1})") == "/metadata/a invalid_field");
  CHECK(fault(R"("metadata":{"a/b":")" + repeated(257, "x") + "\"}") == "/metadata/a~1b invalid_field");
  CHECK(fault(R"("metadata":[])") == "/metadata invalid_field");
  CHECK(fault(R"("tlvs":[{"tag":"1400","value":"00"}])") == "/tlvs/0/tag invalid_field");
  CHECK(fault(R"("tlvs":[{"tag":"0x1400","value":"0"}])") == "/tlvs/0/value invalid_field");
  CHECK(fault(R"("tlvs":[{"tag":"0x1400","value":"00","x":1}])") == "/tlvs/0 invalid_field");
  CHECK(fault(R"("callback_url":")" + repeated(4'001, "u") + "\"") == "/callback_url invalid_field");
  CHECK(fault(R"("transliterate":"yes")") == "/transliterate invalid_field");
}

TEST_CASE("a name that is nearly right is answered with the right one") {
  const auto detail = [](const std::string& name) {
    return read("{\"to\":\"123\",\"text\":\"x\",\"" + name + "\":1}").error().faults.front().detail;
  };
  CHECK(detail("form").find("\"from\"") != std::string::npos);
  CHECK(detail("labels").find("\"label\"") != std::string::npos);
  CHECK(detail("validity_second").find("\"validity_seconds\"") != std::string::npos);
  CHECK(detail("something_else").find("did you mean") == std::string::npos);
}

TEST_CASE("only an item of a batch has an idempotency key of its own") {
  CHECK(good(R"({"to":"123","text":"x","idempotency_key":"k-1"})", RequestPlace::kInBatch).idempotency_key ==
        "k-1");
  CHECK(fault(R"("idempotency_key":"k-1")") == "/idempotency_key unknown_field");
  CHECK(fault(R"("idempotency_key":"k 1")", RequestPlace::kInBatch) == "/idempotency_key invalid_field");
}

TEST_CASE("what a message cannot keep with it is refused, however short it looked") {
  api::MessageRequest request;
  request.to = "+447700900123";
  request.text = "hi";
  for (char name = 'a'; name < 'a' + 20; ++name) {
    request.metadata.emplace_back(std::string(1, name), std::string(256, 'x'));
  }
  const ports::FetchPolicy policy;
  CHECK(submit_call_of(request, AccountId{0}, {policy}).has_value());
  for (auto& one : request.metadata) { one.second = std::string(256, '\x01'); }
  const auto refused = submit_call_of(request, AccountId{0}, {policy});
  REQUIRE(refused.has_error());
  CHECK(refused.error().faults.front().pointer == "/metadata");
}
