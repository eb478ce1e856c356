// SPDX-License-Identifier: Apache-2.0
#include "unit/ingress/callback_fixture.hpp"

using namespace aldis;
using namespace aldis::ingress;
using namespace aldis::ingress::test;

namespace {

const StandardStyle kOurs{.secrets = {kSecret}};
const TwilioStyle kTwilio{
    .account_sid = "AC8876b7b8c05382a34d919b496069dc61", .auth_token = "12345", .messaging_service_sid = {}};

using Map = std::map<std::string, std::string>;

ports::FetchAnswer answered(unsigned status, std::string body = {}) {
  ports::FetchAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

}  // namespace

TEST_CASE("our own event is the message object without text and parts, signed, with the event's id") {
  const auto request = made(target(kOurs), undelivered());
  REQUIRE(request);
  CHECK(request->method == "POST");
  CHECK(request->url == "https://app.example/hook?x=1");
  CHECK(request->body ==
        R"({"type":"message.undeliverable","timestamp":"2026-11-21T20:12:35.482Z","data":{)"
        R"("id":"msg_0190c3a5b7e8c9d0f1a2b3c4d5e6f708","account":"acme","door":"native",)"
        R"("status":"undeliverable",)"
        R"("status_seq":4,"previous_status":"sent","final":true,"late":false,"uncertain":false,"hold":null,)"
        R"("to":"+447700900123","from":"ACME","encoding":"gsm7","parts_count":1,"class":"transactional",)"
        R"("label":null,"reference":"order-991","metadata":{},"attempts":1,)"
        R"("error":{"code":"absent_subscriber","permanent":false,"operator":{"stat":"UNDELIV","err":"027"}},)"
        R"("country":null,"mcc_mnc":"23430","price":{"amount":"0.035000","currency":"EUR"},)"
        R"("accepted_at":"2026-11-21T20:12:31.482Z","send_at":null,"valid_until":null,)"
        R"("sent_at":"2026-11-21T20:12:31.530Z","done_at":"2026-11-21T20:12:35.000Z",)"
        R"("updated_at":"2026-11-21T20:12:35.482Z"}})");
  CHECK(header(*request, "webhook-id") == "evt_0000000000012d9a");
  CHECK(header(*request, "webhook-timestamp") == "1795291955");
  CHECK(header(*request, "webhook-signature").starts_with("v1,"));
  CHECK(header(*request, "Content-Type") == "application/json");
}

TEST_CASE("an event says what its status cannot") {
  auto unknown = happened(Status::kUnknown, Speaker::kGateway);
  unknown.unknown_reason = UnknownReason::kNoReceipt;
  CHECK(event_json(unknown).find(
            R"("status":"unknown","status_seq":4,"previous_status":"sent","reason":"no_receipt")") !=
        std::string::npos);
  auto uncertain = happened(Status::kUncertain, Speaker::kGateway);
  const std::string json = event_json(uncertain);
  CHECK(json.starts_with(R"({"type":"message.uncertain")"));
  CHECK(json.find(R"("status":"sending")") != std::string::npos);
  CHECK(json.find(R"("uncertain":true)") != std::string::npos);
  CHECK(event_json(refused(0x0B)).find(R"("operator":{"status":"ESME_RINVDSTADR"})") != std::string::npos);
  auto odd = happened(Status::kDelivered);
  const std::vector<std::pair<std::string, std::string>> metadata{{"a\"b", "c\n\xC3\xA9"}};
  odd.message.metadata = metadata;
  CHECK(event_json(odd).find("\"metadata\":{\"a\\\"b\":\"c\\n\xC3\xA9\"}") != std::string::npos);
}

TEST_CASE("a CloudEvent carries the same data in its envelope, and is signed as it stands") {
  auto style = kOurs;
  style.cloudevents = true;
  const auto request = made(target(style), from_handset());
  REQUIRE(request);
  CHECK(header(*request, "Content-Type") == "application/cloudevents+json");
  CHECK(request->body ==
        R"({"specversion":"1.0","id":"evt_0000000000012d9b","source":"/accounts/acme",)"
        R"("type":"inbound.received",)"
        R"("time":"2026-11-21T20:14:02.000Z","datacontenttype":"application/json","data":)"
        R"({"id":"mo_0190c3a7d2e14f5a9b8c7d6e5f40312a","from":"+447700900123","to":"60777",)"
        R"("text":"stop it & rest","parts_count":1,"received_at":"2026-11-21T20:14:01.000Z"}})");
  CHECK(made(target(kOurs), from_handset())->body.starts_with(R"({"type":"inbound.received","timestamp":)"));
}

TEST_CASE("other events go out in our own style only") {
  const OtherEvent low{.event = 7,
                       .at = kAccepted,
                       .type = "account.balance_low",
                       .account = "acme",
                       .data_json = R"({"a":1})"};
  CHECK(made(target(kOurs), low)->body ==
        R"({"type":"account.balance_low","timestamp":"2026-11-21T20:12:31.000Z","data":{"a":1}})");
  CHECK_FALSE(made(target(kTwilio), low));
}

TEST_CASE("Twilio's callback has its fields, its signature and its token") {
  const auto request = made(target(kTwilio), undelivered());
  REQUIRE(request);
  const std::string sid = "SM0190c3a5b7e8c9d0f1a2b3c4d5e6f708";
  CHECK(fields_of(request->body) == Map{{"MessageSid", sid},
                                        {"SmsSid", sid},
                                        {"MessageStatus", "undelivered"},
                                        {"SmsStatus", "undelivered"},
                                        {"AccountSid", kTwilio.account_sid},
                                        {"From", "ACME"},
                                        {"To", "+447700900123"},
                                        {"ApiVersion", "2010-04-01"},
                                        {"ErrorCode", "30003"},
                                        {"RawDlrDoneDate", "2611212012"}});
  CHECK(header(*request, "X-Twilio-Signature").size() == 28);
  CHECK(header(*request, "I-Twilio-Idempotency-Token") == "evt_0000000000012d9a");
  CHECK(header(*request, "Content-Type") == "application/x-www-form-urlencoded");
  const auto inbound = made(target(kTwilio), from_handset());
  CHECK(fields_of(inbound->body)["Body"] == "stop it & rest");
  CHECK(fields_of(inbound->body)["SmsStatus"] == "received");
  CHECK(fields_of(inbound->body)["NumSegments"] == "1");
  CHECK(inbound->answer_octets_max == 64 * 1024);
}

TEST_CASE("each state has Twilio's word and number, or no callback") {
  const auto told = [](MessageEvent event) -> std::string {
    const auto request = made(target(kTwilio), event);
    if (!request) { return "none"; }
    auto fields = fields_of(request->body);
    return fields["MessageStatus"] + (fields.contains("ErrorCode") ? ' ' + fields["ErrorCode"] : "");
  };
  CHECK(told(happened(Status::kQueued, Speaker::kGateway)) == "queued");
  CHECK(told(happened(Status::kSending, Speaker::kGateway)) == "none");
  CHECK(told(happened(Status::kSent, Speaker::kResponse)) == "sent");
  auto intermediate = happened(Status::kSent);
  intermediate.intermediate = true;
  CHECK(told(intermediate) == "none");
  CHECK(told(happened(Status::kDelivered)) == "delivered");
  CHECK(told(undelivered()) == "undelivered 30003");
  CHECK(told(undelivered(Status::kRejected)) == "undelivered 30003");
  CHECK(told(refused(0x0B)) == "failed 30005");
  auto opted_out = happened(Status::kRejected, Speaker::kGateway);
  opted_out.error = ErrorCode::kOptedOut;
  CHECK(told(opted_out) == "failed 30004");
  CHECK(told(happened(Status::kExpired)) == "undelivered 30003");
  CHECK(told(happened(Status::kExpired, Speaker::kGateway)) == "failed 30036");
  CHECK(told(happened(Status::kDeleted, Speaker::kGateway)) == "canceled");
  auto unknown = happened(Status::kUnknown, Speaker::kGateway);
  unknown.unknown_reason = UnknownReason::kNoReceipt;
  CHECK(told(unknown) == "none");
  unknown.unknown_reason = UnknownReason::kUncertain;
  CHECK(told(unknown) == "failed 30008");
}

TEST_CASE("Vonage's receipt has its fields in JSON, form or query, and signs them all") {
  VonageStyle style{.api_key = "abcd1234"};
  style.client_ref = "r1";
  const auto json = made(target(style), undelivered());
  REQUIRE(json);
  CHECK(header(*json, "Content-Type") == "application/json");
  CHECK(json->body ==
        R"({"msisdn":"447700900123","to":"ACME","network-code":"23430",)"
        R"("messageId":"0190c3a5b7e8c9d0f1a2b3c4d5e6f708",)"
        R"("price":"0.03500000","status":"failed","scts":"2611212012","err-code":"2","api-key":"abcd1234",)"
        R"("message-timestamp":"2026-11-21 20:12:35","client-ref":"r1"})");
  style.call = VonageCall::kGet;
  style.signature = VonageMethod::kSha256Hmac;
  style.signature_secret = "secret";
  auto second = undelivered();
  second.part = 2;
  const auto query = made(target(style), second);
  CHECK(query->method == "GET");
  CHECK(query->body.empty());
  CHECK(query->url.starts_with("https://app.example/hook?x=1&msisdn=447700900123&"));
  auto fields = fields_of(query->url.substr(query->url.find("&") + 1));
  CHECK(fields["messageId"] == "0190c3a5b7e8c9d0f1a2b3c4d5e6f708-2");
  CHECK(fields["timestamp"] == "1795291955");
  CHECK(fields["nonce"].size() == 36);
  CHECK(fields["sig"].size() == 64);
  style.call = VonageCall::kPost;
  CHECK(header(*made(target(style), second), "Content-Type") == "application/x-www-form-urlencoded");
  auto inbound = fields_of(made(target(style), from_handset())->body);
  CHECK(inbound["keyword"] == "STOP");
  CHECK(inbound["text"] == "stop it & rest");
  CHECK(inbound["type"] == "text");
  auto binary = from_handset();
  binary.text.reset();
  binary.octets = "\x01\xFF";
  binary.udh = {"\x05\x00", 2};
  auto bare = fields_of(made(target(style), binary)->body);
  CHECK(bare["type"] == "binary");
  CHECK(bare["data"] == "01ff");
  CHECK(bare["udh"] == "0500");
  CHECK_FALSE(bare.contains("text"));
}

TEST_CASE("each state has Vonage's word, and those before the end only for who wants all") {
  VonageStyle style{.api_key = "k"};
  style.call = VonageCall::kPost;
  const auto told = [&](const MessageEvent& event) -> std::string {
    const auto request = made(target(style), event);
    if (!request) { return "none"; }
    auto fields = fields_of(request->body);
    return fields["status"] + ' ' + fields["err-code"];
  };
  CHECK(told(happened(Status::kSent, Speaker::kResponse)) == "none");
  style.tells_all = true;
  CHECK(told(happened(Status::kSent, Speaker::kResponse)) == "accepted 0");
  auto buffered = happened(Status::kSent);
  buffered.intermediate = true;
  CHECK(told(buffered) == "buffered 0");
  CHECK(told(happened(Status::kDelivered)) == "delivered 0");
  CHECK(told(undelivered()) == "failed 2");
  CHECK(told(refused(0x0B)) == "rejected 3");
  CHECK(told(happened(Status::kExpired)) == "expired 1");
  CHECK(told(happened(Status::kDeleted, Speaker::kGateway)) == "failed 1");
  CHECK(told(happened(Status::kUnknown, Speaker::kGateway)) == "unknown 1");
}

TEST_CASE("Jasmin's levels say what each wants to know, by GET or POST") {
  const auto told = [](unsigned level, const MessageEvent& event, bool is_get = false) -> std::string {
    const auto request = made(target(JasminStyle{.dlr_level = level, .is_get = is_get}), event);
    if (!request) { return "none"; }
    auto fields = fields_of(is_get ? request->url.substr(request->url.find('&') + 1) : request->body);
    CHECK(header(*request, "Accept") == "text/plain");
    CHECK(fields.size() == (fields["level"] == "1" ? 4 : 11));
    return fields["level"] + ' ' + fields["message_status"];
  };
  const auto sent = happened(Status::kSent, Speaker::kResponse);
  const auto delivered = happened(Status::kDelivered);
  CHECK(told(1, sent) == "1 ESME_ROK");
  CHECK(told(2, sent) == "none");
  CHECK(told(3, sent, true) == "1 ESME_ROK");
  CHECK(told(1, delivered) == "none");
  CHECK(told(2, delivered) == "2 DELIVRD");
  CHECK(told(3, delivered) == "2 DELIVRD");
  CHECK(told(1, refused(0x0B)) == "1 ESME_RINVDSTADR");
  CHECK(told(2, refused(0x0B)) == "2 REJECTD");
  CHECK(told(3, refused(0x0B)) == "1 ESME_RINVDSTADR");
  CHECK(told(1, happened(Status::kRejected, Speaker::kGateway)) == "1 ESME_RSUBMITFAIL");
  CHECK(told(1, happened(Status::kExpired, Speaker::kGateway)) == "1 ESME_RINVEXPIRY");
  CHECK(told(2, happened(Status::kExpired, Speaker::kGateway)) == "2 EXPIRED");
  CHECK(told(2, happened(Status::kDeleted, Speaker::kGateway)) == "2 DELETED");
  CHECK(told(1, happened(Status::kDeleted, Speaker::kGateway)) == "none");
  auto intermediate = happened(Status::kSent);
  intermediate.intermediate = true;
  CHECK(told(2, intermediate) == "none");
  intermediate.accepted_word = true;
  CHECK(told(2, intermediate) == "2 ACCEPTD");
  auto fields = fields_of(made(target(JasminStyle{.dlr_level = 2}), undelivered())->body);
  CHECK(fields == Map{{"id", "0190c3a5-b7e8-c9d0-f1a2-b3c4d5e6f708"},
                      {"message_status", "UNDELIV"},
                      {"level", "2"},
                      {"connector", "op-a"},
                      {"id_smsc", "7F2A01"},
                      {"sub", "001"},
                      {"dlvrd", "000"},
                      {"subdate", "2611212012"},
                      {"donedate", "2611212012"},
                      {"err", "027"},
                      {"text", ""}});
  JasminStyle quirky{.dlr_level = 2};
  quirky.connector_quirk = true;
  CHECK(fields_of(made(target(quirky), undelivered())->body)["connector"] == "7F2A01");
  auto inbound = fields_of(made(target(JasminStyle{}), from_handset())->body);
  CHECK(inbound["content"] == "stop it & rest");
  CHECK(inbound["binary"] == "73746f7020697420262072657374");
  CHECK(inbound["origin-connector"] == "op-a");
}

TEST_CASE("an answer acknowledges, slows, disables or fails") {
  using Kind = WebhookResult::Kind;
  const auto judged = [](const CallbackStyle& style, const ports::FetchAnswer& answer) {
    return judge_answer(style, answer, kAccepted);
  };
  for (const unsigned status : {200u, 201u, 204u, 299u}) {
    CHECK(judged(kOurs, answered(status)).kind == Kind::kDone);
  }
  for (const unsigned status : {301u, 302u, 307u, 400u, 401u, 404u, 408u, 500u, 501u, 599u}) {
    CHECK(judged(kOurs, answered(status)).kind == Kind::kFailed);
  }
  for (const unsigned status : {429u, 502u, 503u, 504u}) {
    CHECK(judged(kOurs, answered(status)).kind == Kind::kSlow);
  }
  CHECK(judged(kOurs, answered(410)).kind == Kind::kGone);
  auto slow = answered(503);
  slow.headers = {{"retry-after", "120"}};
  CHECK(judged(kOurs, slow).retry_after == minutes{2});
  slow.headers = {{"retry-after", "Sat, 21 Nov 2026 20:13:31 GMT"}};
  CHECK(judged(kOurs, slow).retry_after == minutes{1});
  slow.headers = {{"retry-after", "soon"}};
  CHECK_FALSE(judged(kOurs, slow).retry_after);
  const JasminStyle jasmin;
  CHECK(judged(jasmin, answered(200, "ACK/Jasmin\n")).kind == Kind::kDone);
  CHECK(judged(jasmin, answered(200, "OK")).kind == Kind::kFailed);
  CHECK(judged(jasmin, answered(500, "ACK/Jasmin")).kind == Kind::kFailed);
  CHECK(judged(JasminStyle{.any_2xx = true}, answered(200, "OK")).kind == Kind::kDone);
  ports::FetchAnswer busy;
  busy.error = ports::FetchError{ports::FetchFault::kBusy, ""};
  CHECK(judged(kOurs, busy).kind == Kind::kNotTried);
  busy.error->fault = ports::FetchFault::kTimeout;
  CHECK(judged(kOurs, busy).kind == Kind::kFailed);
  CHECK(name_of(outcome_of(busy)) == "timeout");
  CHECK(name_of(outcome_of(answered(204))) == "ok");
  CHECK(name_of(outcome_of(answered(302))) == "http_3xx");
  CHECK(name_of(outcome_of(answered(410))) == "http_4xx");
  CHECK(name_of(outcome_of(answered(503))) == "http_5xx");
}

TEST_CASE("an endpoint gets the types it asked for") {
  CHECK(wants_type({"*"}, "optout"));
  CHECK(wants_type({"inbound.received", "message.*"}, "message.sent"));
  CHECK(wants_type({"inbound.received", "message.*"}, "inbound.received"));
  CHECK_FALSE(wants_type({"message.*"}, "messages.sent"));
  CHECK_FALSE(wants_type({"message.*"}, "inbound.received"));
  CHECK_FALSE(wants_type({}, "message.sent"));
}
