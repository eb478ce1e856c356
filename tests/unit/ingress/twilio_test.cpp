// SPDX-License-Identifier: Apache-2.0
// Twilio's API as its clients know it (npm twilio 6.2).
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "unit/ingress/dialect_fixture.hpp"

using namespace aldis;
using namespace aldis::ingress;
namespace json = boost::json;

namespace {

const std::string kSid = "AC8876b7b8c05382a34d919b496069dc61";  // of the account "acme"
const std::string kPool = "MG0123456789abcdef0123456789abcdef";
const std::string kAccount = "/2010-04-01/Accounts/" + kSid;
const std::string kGood = "To=%2B14155552345&From=%2B15005550006&Body=hi";

std::string base64(const std::string& octets) { return base64_of(octets); }
std::string text(const json::value& value) { return std::string{value.as_string()}; }

struct History final : HistoryCalls {
  void ask(HistoryCall call, Duration, Answer answer) override {
    calls.push_back(call);
    answer(kStart, next);
  }
  HistoryAnswer next;
  std::vector<HistoryCall> calls;
};

struct Twilio : DialectStory {
  Twilio() { listener.serve = {HttpServe::kTwilio}; }
  ports::HttpResponse call(const std::string& method, const std::string& path, const std::string& body = "",
                           const std::string& query = "") {
    return ask({.method = method,
                .path = path,
                .query = query,
                .body = body,
                .headers = {{"authorization", "Basic " + base64(kSid + ":" + token)},
                            {"content-type", "application/x-www-form-urlencoded"}}});
  }
  json::object json_of(unsigned status, const ports::HttpResponse& response) {
    INFO(response.body);
    REQUIRE(response.status == status);
    REQUIRE(response.content_type == "application/json");
    return json::parse(response.body).as_object();
  }
  json::object create(const std::string& form) {
    return json_of(201, call("POST", kAccount + "/Messages.json", form));
  }
  // "400/21604"
  std::string refused(const ports::HttpResponse& response) {
    const auto body = json::parse(response.body).as_object();
    CHECK(body.at("status").to_number<unsigned>() == response.status);
    CHECK_FALSE(body.contains("type"));
    CHECK(body.at("more_info").as_string().starts_with("https://"));
    return std::to_string(response.status) + "/" + std::to_string(body.at("code").to_number<unsigned>());
  }
  std::string refused_create(const std::string& form) {
    return refused(call("POST", kAccount + "/Messages.json", form));
  }
  DoorNotes notes() { return door_notes_from(engine.submits.back().door_notes).value(); }
  std::string sid_of(std::uint64_t id) {
    return "SM" + std::string{ids.format({MessageId{id}, 0}, MessageIdFormat::kHex).view()};
  }
  void has_message(Status status, std::string operator_id = "", std::string err = "") {
    auto message = std::make_shared<Message>();
    message->id = message->public_id = MessageId{7};
    message->status = status;
    message->destination = {1, 1, FixedString<20>{"14155552345"}};
    message->source = {1, 1, FixedString<20>{"15005550006"}};
    message->content.body = "hi";
    message->accepted_at = kStart.wall;
    message->done_at = kStart.wall + seconds{4};
    message->err = FixedString<8>{err};
    message->parts.resize(1);
    message->parts[0].operator_id = std::move(operator_id);
    engine.other_answer = MessageRead{{}, message};
  }
  std::string token = "12345";
};

}  // namespace

TEST_CASE("T1: a message that is created has all of its twenty fields") {
  Twilio t;
  const auto got = t.create(kGood + "&StatusCallback=https%3A%2F%2Fapp.example%2Fcb");
  CHECK(
      json::serialize(got) ==
      R"({"account_sid":")" + kSid +
          R"(","api_version":"2010-04-01","body":"hi",)"
          R"("date_created":"Sat, 21 Nov 2026 20:12:31 +0000","date_sent":null,)"
          R"("date_updated":"Sat, 21 Nov 2026 20:12:31 +0000","direction":"outbound-api","error_code":null,)"
          R"("error_message":null,"from":"+15005550006","messaging_service_sid":null,"num_media":"0",)"
          R"("num_segments":"1","price":null,"price_unit":"USD","sid":")" +
          t.sid_of(1) + R"(","status":"queued","subresource_uris":{"media":")" + kAccount + "/Messages/" +
          t.sid_of(1) + R"(/Media.json"},"to":"+14155552345","uri":")" + kAccount + "/Messages/" +
          t.sid_of(1) + R"(.json"})");
  const auto& call = t.engine.submits.back();
  CHECK(call.door == Door::kTwilio);
  CHECK(call.event.registered_delivery == 1);
  CHECK(call.event.validity.in == Duration{hours{10}});
  CHECK(t.notes() == DoorNotes{.door = "twilio",
                               .callback = CallbackNote{.url = "https://app.example/cb",
                                                        .style = "twilio",
                                                        .login = kSid,
                                                        .wants = kTellFinal | kTellSent}});
}

TEST_CASE("T2: pools are accepted, and what is sent later is scheduled") {
  Twilio t;
  t.options(LoginKind::kTwilio).pools = {{kPool, {"ACME", "60777"}}};
  const auto pooled = t.create("To=%2B14155552345&Body=hi&MessagingServiceSid=" + kPool);
  CHECK(text(pooled.at("status")) == "accepted");
  CHECK(text(pooled.at("messaging_service_sid")) == kPool);
  const std::string sender{t.engine.submits.back().event.source.digits.view()};
  CHECK((sender == "ACME" || sender == "60777"));
  t.create("To=%2B14155552345&Body=hi&MessagingServiceSid=" + kPool);
  CHECK(t.engine.submits.back().event.source.digits == sender);

  const auto later = t.create(kGood + "&ScheduleType=fixed&SendAt=2026-11-21T20:20:31Z&ValidityPeriod=60");
  CHECK(text(later.at("status")) == "scheduled");
  CHECK(text(later.at("num_segments")) == "0");
  const auto& event = t.engine.submits.back().event;
  CHECK(event.schedule.at == kStart.wall + minutes{8});
  CHECK(event.validity.in == Duration{minutes{9}});
  t.create(kGood + "&MessageIntent=otp&SmartEncoded=true&Unknown=1");
  CHECK(t.engine.submits.back().event.message_class == MessageClass::kOtp);
}

TEST_CASE("T10: every parameter that is wrong has Twilio's number") {
  Twilio t;
  const std::pair<std::string, std::string> rows[] = {
      {"From=%2B1500&Body=hi", "400/21604"},
      {"To=%2B1&From=%2B1500&Body=hi", "400/21211"},
      {"To=%2B14155552345&Body=hi", "400/21603"},
      {"To=%2B14155552345&Body=hi&MessagingServiceSid=MG1", "400/21701"},
      {"To=%2B14155552345&Body=hi&From=" + std::string(21, 'a'), "400/21212"},
      {"To=%2B14155552345&From=ACME", "400/21602"},
      {"To=%2B14155552345&From=ACME&ContentSid=HX1", "400/21619"},
      {kGood + "&MessagingServiceSid=" + std::string(20'000, 'x'), "400/21701"},
      {kGood + "&MediaUrl=https%3A%2F%2Fx.example%2Fa.png", "400/21620"},
      {"To=%2B14155552345&From=ACME&Body=" + std::string(1601, 'x'), "400/21617"},
      {"To=%2B14155552345&From=ACME&Body=%FF", "400/21617"},
      {kGood + "&StatusCallback=https%3A%2F%2F10.0.0.1%2F", "400/21609"},
      {kGood + "&ValidityPeriod=36001", "400/90007"},
      {kGood + "&ScheduleType=fixed", "400/35111"},
      {kGood + "&ScheduleType=fixed&SendAt=2026-11-21T20:13:00Z", "400/35114"},
      {kGood + "&SendAt=2026-11-21T20:30:00Z", "400/35114"},
      {kGood + "&ContentRetention=discard", "501/20501"},
      {kGood + "&AddressRetention=obfuscate", "501/20501"},
  };
  for (const auto& [form, answer] : rows) {
    INFO(form);
    CHECK(t.refused_create(form) == answer);
  }
  CHECK(t.engine.submits.empty());
  t.create("To=%2B14155552345&From=ACME&Body=" + std::string(1600, 'x'));
}

TEST_CASE("T10: every refusal of the engine has Twilio's number") {
  const std::pair<Refusal, std::string> rows[] = {
      {Refusal::kBadDestination, "400/21211"},   {Refusal::kDestinationBlocked, "400/21408"},
      {Refusal::kOptedOut, "400/21610"},         {Refusal::kBadSource, "400/21212"},
      {Refusal::kSourceNotAllowed, "400/21606"}, {Refusal::kNoRoute, "400/21612"},
      {Refusal::kTooManyParts, "400/21617"},     {Refusal::kBodyTooLong, "400/21617"},
      {Refusal::kBadEncoding, "400/21617"},      {Refusal::kContentRefused, "400/30007"},
      {Refusal::kBadSchedule, "400/35114"},      {Refusal::kBadValidity, "400/90007"},
      {Refusal::kNoCredit, "403/20005"},         {Refusal::kAccountSuspended, "403/20005"},
      {Refusal::kThrottled, "429/20429"},        {Refusal::kVolumeCap, "429/20429"},
      {Refusal::kQueueFull, "429/21611"},        {Refusal::kUnavailable, "503/20503"},
      {Refusal::kStopping, "503/20503"}};
  Twilio t;
  for (const auto& [refusal, answer] : rows) {
    INFO(name_of(refusal));
    t.engine.refusals = {refusal};
    CHECK(t.refused_create(kGood) == answer);
  }
}

TEST_CASE("T10: who is not known gets 20003, and another account's path is not found") {
  Twilio t;
  t.token = "wrong";
  const auto no = t.call("POST", kAccount + "/Messages.json", kGood);
  CHECK(t.refused(no) == "401/20003");
  CHECK(header_of(no, "WWW-Authenticate") == "Basic realm=\"aldis\"");
  t.token = "12345";
  CHECK(t.refused(t.call("GET", "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json")) ==
        "404/20404");
  CHECK(t.refused(t.call("GET", kAccount + "/Calls.json")) == "404/20404");
  CHECK(t.refused(t.call("DELETE", kAccount + "/Messages.json")) == "405/20004");
  Twilio from_afar;
  from_afar.settings.accounts[0].logins.back().allow_ips = {"198.51.100.0/24"};
  CHECK(from_afar.refused_create(kGood) == "401/20003");
  Twilio suspended;
  suspended.settings.accounts[0].enabled = false;
  CHECK(suspended.refused_create(kGood) == "403/20005");
  Twilio guesser;
  guesser.token = "wrong";
  for (int i = 0; i < 20; ++i) { CHECK(guesser.refused_create(kGood) == "401/20003"); }
  CHECK(guesser.refused_create(kGood) == "429/20429");
}

TEST_CASE("T3: a message's status and error in Twilio's words") {
  struct Row {
    Status status;
    std::string operator_id;
    std::string err;
    std::string told;
    std::optional<unsigned> error;
  };
  const Row rows[] = {{Status::kScheduled, "", "", "scheduled", {}},
                      {Status::kQueued, "", "", "queued", {}},
                      {Status::kSending, "", "", "sending", {}},
                      {Status::kSent, "7F", "", "sent", {}},
                      {Status::kDelivered, "7F", "000", "delivered", {}},
                      {Status::kUndeliverable, "7F", "027", "undelivered", 30008},
                      {Status::kRejected, "", "903", "failed", 30008},
                      {Status::kRejected, "", "907", "failed", 30007},
                      {Status::kExpired, "7F", "", "undelivered", 30003},
                      {Status::kExpired, "", "901", "failed", 30036},
                      {Status::kDeleted, "", "904", "canceled", {}},
                      {Status::kUnknown, "7F", "909", "sent", {}}};
  Twilio t;
  t.open();
  for (const auto& row : rows) {
    INFO(row.told);
    t.has_message(row.status, row.operator_id, row.err);
    const auto got = t.json_of(200, t.call("GET", kAccount + "/Messages/" + t.sid_of(7) + ".json"));
    CHECK(text(got.at("status")) == row.told);
    CHECK(got.at("error_code") == (row.error ? json::value(*row.error) : json::value(nullptr)));
    CHECK(text(got.at("body")) == "hi");
    CHECK(text(got.at("to")) == "+14155552345");
  }
}

TEST_CASE("T4: what there is not is not found") {
  Twilio t;
  t.engine.other_answer = MessageRead{};
  t.open();
  CHECK(t.refused(t.call("GET", kAccount + "/Messages/" + t.sid_of(9) + ".json")) == "404/20404");
  CHECK(t.refused(t.call("GET", kAccount + "/Messages/SM1.json")) == "404/20404");
}

TEST_CASE("T5: what waits can be canceled, what is over cannot") {
  Twilio t;
  t.open();
  const std::string path = kAccount + "/Messages/" + t.sid_of(7) + ".json";
  t.engine.other_answer = AnswerCancel{{}, Refusal::kCancelFailed};
  CHECK(t.refused(t.call("POST", path, "Status=canceled")) == "409/30409");
  CHECK(std::get<CancelCall>(t.engine.others.back()).id == MessageId{7});
  CHECK(t.refused(t.call("POST", path, "Status=canceled&Body=")) == "400/30400");
  CHECK(t.refused(t.call("POST", path, "Body=other")) == "400/30400");
  CHECK(t.refused(t.call("POST", path, "Status=sent")) == "400/30400");
}

TEST_CASE("T6, T7, T9: what is not offered says so, and probes of frameworks are answered") {
  Twilio t;
  t.open();
  const std::string message = kAccount + "/Messages/" + t.sid_of(7);
  CHECK(t.refused(t.call("POST", message + ".json", "Body=")) == "501/20501");
  CHECK(t.refused(t.call("DELETE", message + ".json")) == "501/20501");
  CHECK(t.refused(t.call("POST", message + "/Feedback.json", "Outcome=confirmed")) == "501/20501");
  t.has_message(Status::kSent);
  CHECK(t.json_of(200, t.call("GET", message + "/Media.json")).at("media_list").as_array().empty());
  CHECK(text(t.json_of(200, t.call("GET", kAccount + ".json")).at("sid")) == kSid);
  CHECK(text(t.json_of(200, t.call("GET", kAccount + "/Balance.json")).at("currency")) == "USD");
  CHECK(t.json_of(200, t.call("GET", kAccount + "/IncomingPhoneNumbers.json")).contains("page"));
}

TEST_CASE("T8: lists come out of history in pages that lead to each other") {
  Twilio t;
  CHECK(t.refused(t.call("GET", kAccount + "/Messages.json")) == "501/20501");  // none
  History history;
  t.directory.emplace(t.settings, std::vector<KnownName>{});
  t.dialects.emplace(DialectSetup{*t.directory, t.ids, t.engine, t.passwords, t.digests, t.policy, "key",
                                  nullptr, nullptr, nullptr, &history});
  t.door.emplace(*t.dialects, t.listener);
  for (const std::uint64_t id : {9u, 8u}) {
    history::MessageRow row;
    row.id = row.public_id = MessageId{id};
    row.account = AccountId{0};
    row.status = Status::kDelivered;
    row.destination = {1, 1, FixedString<20>{"14155552345"}};
    row.sent_at = kStart.wall;
    row.parts.resize(1);
    history.next.page.rows.push_back(row);
  }
  history.next.page.next = MessageId{8};
  const auto first = t.json_of(200, t.call("GET", kAccount + "/Messages.json", "",
                                           "To=%2B14155552345&PageSize=2&DateSent%3E=2026-11-21"));
  const auto asked = std::get<ListCall>(history.calls.back());
  CHECK(asked.filter.account == AccountId{0});
  CHECK(asked.filter.destination == "14155552345");
  CHECK(asked.limit == 2);
  CHECK(first.at("messages").as_array().size() == 2);
  CHECK(text(first.at("messages").as_array()[0].at("sid")) == t.sid_of(9));
  CHECK(first.at("messages").as_array()[0].at("body").is_null());
  CHECK(text(first.at("messages").as_array()[0].at("date_sent")) == "Sat, 21 Nov 2026 20:12:31 +0000");
  CHECK(first.at("previous_page_uri").is_null());
  const std::string next{first.at("next_page_uri").as_string()};
  CHECK(next ==
        kAccount + "/Messages.json?To=%2B14155552345&DateSent%3E=2026-11-21&PageSize=2&Page=1&PageToken=PAN" +
            t.sid_of(8).substr(2));

  const auto query = next.substr(next.find('?') + 1);
  const auto second = t.json_of(200, t.call("GET", kAccount + "/Messages.json", "", query));
  CHECK(std::get<ListCall>(history.calls.back()).after == MessageId{8});
  const std::string previous{second.at("previous_page_uri").as_string()};
  CHECK(previous.ends_with("Page=0&PageToken=PAP" + t.sid_of(9).substr(2)));
  t.call("GET", kAccount + "/Messages.json", "", previous.substr(previous.find('?') + 1));
  CHECK(std::get<ListCall>(history.calls.back()).order == history::Order::kOldestFirst);

  const auto unsent = t.json_of(200, t.call("GET", kAccount + "/Messages.json", "", "DateSent=2026-11-20"));
  CHECK(unsent.at("messages").as_array().empty());
  CHECK(t.refused(t.call("GET", kAccount + "/Messages.json", "", "PageToken=PA1")) == "400/20001");
  CHECK(t.refused(t.call("GET", kAccount + "/Messages.json", "", "DateSent=today")) == "400/20001");
  history.next.kind = HistoryAnswer::Kind::kBusy;
  CHECK(t.refused(t.call("GET", kAccount + "/Messages.json")) == "429/20429");

  // A message that the engine has let go of is found there, too.
  history.next.kind = HistoryAnswer::Kind::kRows;
  t.engine.other_answer = MessageRead{};
  const auto old = t.json_of(200, t.call("GET", kAccount + "/Messages/" + t.sid_of(9) + ".json"));
  CHECK(text(old.at("status")) == "delivered");
}
