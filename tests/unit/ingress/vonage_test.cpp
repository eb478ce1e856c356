// SPDX-License-Identifier: Apache-2.0
// Vonage's SMS API as its clients know it (npm @vonage/server-sdk 3.30).
#include "ingress/signatures.hpp"
#include "unit/ingress/dialect_fixture.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {

const std::string kWho = "api_key=abcd1234&api_secret=secret";
const std::string kGood = kWho + "&from=ACME&to=14155552345&text=hi";

struct Vonage : DialectStory {
  Vonage() { listener.serve = {HttpServe::kVonage}; }
  std::string get(const std::string& query) { return line_of(ask({.path = "/sms/json", .query = query})); }
  std::string json(const std::string& body, const std::string& who = "abcd1234:secret") {
    return line_of(ask(
        {.method = "POST",
         .path = "/sms/json",
         .body = body,
         .headers = {{"authorization", "Basic " + base64_of(who)}, {"content-type", "application/json"}}}));
  }
  std::string signed_query(Fields fields, const std::string& secret = "shh") {
    fields.emplace_back("sig", vonage_signature(digests, VonageMethod::kMd5Hash, secret, fields));
    return form_of(fields);
  }
  const SubmitCall& last() { return engine.submits.back(); }
  DoorNotes notes() { return door_notes_from(last().door_notes).value(); }
};

// The status of a refusal.
std::string status_of(const std::string& line) {
  const std::string head = "200 {\"message-count\":\"1\",\"messages\":[{\"status\":\"";
  INFO(line);
  REQUIRE(line.starts_with(head));
  return line.substr(head.size(), line.find('"', head.size()) - head.size());
}

}  // namespace

TEST_CASE("V1: an accepted message is one item, with what its client wants to see again") {
  Vonage v;
  const std::string id{v.ids.format({MessageId{1}, 0}, MessageIdFormat::kHex).view()};
  CHECK(v.json(R"({"from":"ACME","to":"+14155552345","text":"hi","client-ref":"r1","account-ref":"Shop"})") ==
        R"(200 {"message-count":"1","messages":[{"to":"14155552345","message-id":")" + id +
            R"(","status":"0","remaining-balance":"0.00000000","message-price":"0.00000000","network":"",)"
            R"("client-ref":"r1"}]})");
  CHECK(v.last().door == Door::kVonage);
  CHECK(v.last().event.registered_delivery == 1);
  CHECK(v.notes() == DoorNotes{.door = "vonage", .label = "shop", .reference = "r1"});
  v.engine.parts = 3;
  const auto parts = v.get(kGood);
  CHECK(parts.find("\"message-count\":\"3\"") != std::string::npos);
  CHECK(parts.find("-2\",\"status\":\"0\"") != std::string::npos);
  CHECK(parts.find("-3\",\"status\":\"0\"") != std::string::npos);
}

TEST_CASE("V3: texts, unicode and octets reach the engine exactly") {
  Vonage v;
  const auto sent = [&](const std::string& more) {
    REQUIRE(v.get(kWho + "&from=ACME&to=14155552345" + more).find("\"status\":\"0\"") != std::string::npos);
    return v.last();
  };
  CHECK(sent("&text=h%C3%A9").body == "h\x05");
  CHECK(sent("&text=%D0%B6").event.data_coding == 8);
  const auto unicode = sent("&type=unicode&text=hi");
  CHECK(unicode.body == std::string("\0h\0i", 4));
  CHECK(unicode.event.alphabet == Alphabet::kUcs2);
  const auto binary = sent("&type=binary&body=0011ff&udh=0605040b8423f0&protocol-id=65&message-class=1");
  CHECK(binary.body == std::string("\x06\x05\x04\x0b\x84\x23\xf0\x00\x11\xff", 10));
  CHECK(binary.event.esm_class == 0x40);
  CHECK(binary.event.protocol_id == 65);
  CHECK(binary.event.data_coding == 0x15);
  CHECK(sent("&text=hi&ttl=90500").event.validity.in == Duration{seconds{91}});
  CHECK(sent("&text=hi&entity-id=11&content-id=22").tlvs == std::string("\x14\x00\x00\x02"
                                                                        "11"
                                                                        "\x14\x01\x00\x02"
                                                                        "22",
                                                                        12));
  CHECK(sent("&text=hi&status-report-req=false").event.registered_delivery == 0);
}

TEST_CASE("V4, V5: what is wrong has its number, and HTTP says 200 each time") {
  const std::string to = kWho + "&from=ACME&to=14155552345";
  const std::pair<std::string, std::string> rows[] = {
      {"from=ACME&to=14155552345&text=hi", "2"},
      {"api_key=abcd1234&from=ACME&to=14155552345&text=hi", "2"},
      {"api_key=abcd1234&api_secret=no&from=ACME&to=14155552345&text=hi", "4"},
      {"api_key=nobody&api_secret=secret&from=ACME&to=14155552345&text=hi", "4"},
      {kWho + "&from=ACME&text=hi", "2"},
      {kWho + "&to=14155552345&text=hi", "2"},
      {to, "2"},
      {to + "&type=binary", "2"},
      {kWho + "&from=ACME&to=hello&text=hi", "3"},
      {to + "&text=hi&type=wappush", "3"},
      {to + "&type=binary&body=0", "3"},
      {to + "&type=binary&body=00&udh=0500", "3"},
      {to + "&text=hi&ttl=0", "3"},
      {to + "&text=hi&message-class=4", "3"},
      {to + "&text=hi&client-ref=" + std::string(101, 'x'), "3"},
      {to + "&text=%FF", "3"},
      {kWho + "&to=14155552345&text=hi&from=" + std::string(21, 'a'), "15"},
      {to + "&text=hi&callback=https%3A%2F%2F127.0.0.1%2F", "23"},
      {to + "&text=hi&sig=abc", "32"},
  };
  Vonage v;
  for (const auto& [query, status] : rows) {
    INFO(query);
    CHECK(status_of(v.get(query)) == status);
  }
  CHECK(v.engine.submits.empty());
  CHECK(v.json("{}", "abcd1234:wrong") ==
        R"(200 {"message-count":"1","messages":[{"status":"4","error-text":"Bad Credentials"}]})");
  Vonage closed;
  closed.listener.query_credentials = {};
  CHECK(status_of(closed.get(kGood)) == "4");
}

TEST_CASE("V5: every refusal of the engine has its number") {
  const std::pair<Refusal, std::string> rows[] = {
      {Refusal::kBadDestination, "3"},    {Refusal::kDestinationBlocked, "29"},
      {Refusal::kOptedOut, "7"},          {Refusal::kBadSource, "15"},
      {Refusal::kSourceNotAllowed, "15"}, {Refusal::kNoRoute, "6"},
      {Refusal::kTooManyParts, "12"},     {Refusal::kBodyTooLong, "12"},
      {Refusal::kBadEncoding, "3"},       {Refusal::kBodyOdd, "3"},
      {Refusal::kContentRefused, "6"},    {Refusal::kBadSchedule, "3"},
      {Refusal::kBadValidity, "3"},       {Refusal::kTlvMissing, "3"},
      {Refusal::kTlvValue, "3"},          {Refusal::kTlvNotAllowed, "3"},
      {Refusal::kNoCredit, "9"},          {Refusal::kAccountSuspended, "8"},
      {Refusal::kThrottled, "1"},         {Refusal::kVolumeCap, "9"},
      {Refusal::kQueueFull, "1"},         {Refusal::kUnavailable, "5"},
      {Refusal::kStopping, "5"}};
  Vonage v;
  for (const auto& [refusal, status] : rows) {
    INFO(name_of(refusal));
    v.engine.refusals = {refusal};
    CHECK(status_of(v.get(kGood)) == status);
  }
}

TEST_CASE("V8: a signature stands in place of a secret, while it is fresh") {
  Vonage v;
  v.options(LoginKind::kVonage).signature_secret = Secret{"shh"};
  const Fields fields{{"api_key", "abcd1234"}, {"from", "ACME"}, {"to", "14155552345"}, {"text", "a&b=c"}};
  const auto at = [&](std::int64_t timestamp) {
    Fields all = fields;
    all.emplace_back("timestamp", std::to_string(timestamp));
    return all;
  };
  CHECK(v.get(v.signed_query(at(1'795'291'951))).find("\"status\":\"0\"") != std::string::npos);
  CHECK(v.last().body == "a&b=c");
  CHECK(status_of(v.get(v.signed_query(at(1'795'291'951 - 301)))) == "14");
  CHECK(status_of(v.get(v.signed_query(at(1'795'291'951), "other"))) == "14");
  CHECK(status_of(v.get(v.signed_query(fields))) == "14");
  CHECK(status_of(v.get(v.signed_query(at(1'795'291'951)) + "&api_secret=secret")) == "32");
  Vonage without;
  CHECK(status_of(without.get(without.signed_query(at(1'795'291'951)))) == "14");
}

TEST_CASE("V6: the balance is numbers, and an error for who is not known") {
  Vonage v;
  CHECK(line_of(v.ask({.path = "/account/get-balance", .query = kWho})) ==
        R"(200 {"value":0.00,"autoReload":false})");
  CHECK(line_of(v.ask({.path = "/account/get-balance", .query = "api_key=abcd1234&api_secret=x"})) ==
        R"(401 {"error-code":"401","error-code-label":"authentication failed"})");
}

TEST_CASE("V7: a callback is noted with the login that signs it") {
  Vonage v;
  CHECK(v.get(kGood + "&callback=https%3A%2F%2Fapp.example%2Fdlr&client-ref=r1").find("\"0\"") !=
        std::string::npos);
  CHECK(v.notes().callback == CallbackNote{.url = "https://app.example/dlr",
                                           .style = "vonage",
                                           .login = "abcd1234",
                                           .wants = kTellFinal,
                                           .reference = "r1"});
}
