// SPDX-License-Identifier: Apache-2.0
// Jasmin's HTTP API as its clients know it. Rows of the answers are octet for octet those of Jasmin 0.11.
#include "unit/ingress/dialect_fixture.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {

const std::string kWho = "username=foo&password=secret";
const std::string kGood = kWho + "&to=447700900123&from=ACME&content=hi";

struct Jasmin : DialectStory {
  Jasmin() { listener.serve = {HttpServe::kJasmin, HttpServe::kJasminRest}; }
  std::string send(const std::string& query) { return line_of(ask({.path = "/send", .query = query})); }
  std::string get(const std::string& path, const std::string& query) {
    return line_of(ask({.path = path, .query = query}));
  }
  std::string rest(const std::string& path, const std::string& body,
                   const std::string& who = "Zm9vOnNlY3JldA==") {
    return line_of(
        ask({.method = "POST",
             .path = path,
             .body = body,
             .headers = {{"authorization", "Basic " + who}, {"content-type", "application/json"}}}));
  }
  const SubmitCall& last() { return engine.submits.back(); }
  DoorNotes notes() { return door_notes_from(last().door_notes).value(); }
};

}  // namespace

TEST_CASE("J1: a message is accepted in Jasmin's words") {
  Jasmin j;
  const auto got = j.ask({.path = "/send", .query = kGood});
  const std::string id{j.ids.format({MessageId{1}, 0}, MessageIdFormat::kUuid).view()};
  CHECK(line_of(got) == "200 Success \"" + id + "\"");
  CHECK(got.content_type == "text/plain");
  CHECK(j.last().door == Door::kJasmin);
  CHECK(j.last().destination.digits == "447700900123");
  CHECK(j.last().event.source.digits == "ACME");
  CHECK(j.last().body == "hi");
  CHECK(j.last().event.registered_delivery == 0);
  CHECK(j.notes() == DoorNotes{.door = "jasmin", .to_given = "447700900123", .from_given = "ACME"});
  j.engine.waits_for_link = true;  // no error: we queue
  CHECK(j.send(kGood).starts_with("200 Success"));
  CHECK(line_of(j.ask({.method = "POST", .path = "/send", .body = kGood})).starts_with("200 Success"));
}

TEST_CASE("J1: every argument that is wrong is named, the unknown ones first") {
  struct Row {
    std::string query;
    std::string answer;
  };
  const std::string to = kWho + "&to=447700900123&content=hi";
  const auto invalid = [](const std::string& name, const std::string& value) {
    return "400 Error \"Argument [" + name + "] has an invalid value: [" + value + "].\"";
  };
  const Row rows[] = {
      {"", "400 Error \"Mandatory arguments not found, please refer to the HTTPAPI specifications.\""},
      {to + "&colour=red&priority=9", "400 Error \"Argument [colour] is unknown.\""},
      {to + "&priority=9", invalid("priority", "9")},
      {kWho + "&to=%2B44x&content=hi", invalid("to", "+44x")},
      {kWho + "&to=12345678901234567890&content=hi", invalid("to", "12345678901234567890")},
      {"username=foo&password=12345678901234567&to=1&content=hi", invalid("password", "12345678901234567")},
      {to + "&coding=11", invalid("coding", "11")},
      {to + "&sdt=000000000100000", invalid("sdt", "000000000100000")},
      {to + "&sdt=009900000100000%2B", invalid("sdt", "009900000100000+")},
      {to + "&validity-period=1h", invalid("validity-period", "1h")},
      {to + "&dlr=maybe", invalid("dlr", "maybe")},
      {to + "&dlr-url=ftp://x/", invalid("dlr-url", "ftp://x/")},
      {to + "&dlr-url=https://127.0.0.1/", invalid("dlr-url", "https://127.0.0.1/")},
      {to + "&dlr-level=4", invalid("dlr-level", "4")},
      {to + "&dlr-method=PUT", invalid("dlr-method", "PUT")},
      {to + "&tags=a.b", invalid("tags", "a.b")},
      {to + "&custom_tlvs=%5B1%5D", invalid("custom_tlvs", "[1]")},
      {"username=foo&password=secret&content=hi", "400 Error \"Mandatory argument [to] is not found.\""},
      {"username=foo&to=1&content=hi", "400 Error \"Mandatory argument [password] is not found.\""},
      {kWho + "&to=447700900123", "400 Error \"content or hex-content not present.\""},
      {to + "&hex-content=00", "400 Error \"content and hex-content cannot be used both in same request.\""},
      {kWho + "&to=447700900123&hex-content=0g", "400 Error \"Invalid hex-content data: '0g'\""},
      {kWho + "&to=447700900123&content=%FF",
       "400 Error \"Value filter failed for user [foo] (content filter mismatch).\""},
      {to + "&from=" + std::string(21, 'a'),
       "400 Error \"Value filter failed for user [foo] (source_address filter mismatch).\""},
      {"username=foo&password=wrong&to=1&content=hi",
       "403 Error \"Authentication failure for username:foo\""},
      {"username=bar&password=secret&to=1&content=hi",
       "403 Error \"Authentication failure for username:bar\""},
  };
  Jasmin j;
  for (const auto& row : rows) {
    INFO(row.query);
    CHECK(j.send(row.query) == row.answer);
  }
  CHECK(j.engine.submits.empty());
  Jasmin closed;
  closed.listener.query_credentials = {};
  CHECK(closed.send(kGood) == "403 Error \"Authentication failure for username:foo\"");
  CHECK(line_of(closed.ask({.method = "POST", .path = "/send", .body = kGood})).starts_with("200"));
}

TEST_CASE("J1: every refusal of the engine has its answer") {
  const auto filter = [](const std::string& name) {
    return "400 Error \"Value filter failed for user [foo] (" + name + " filter mismatch).\"";
  };
  const std::string charge = "403 Error \"Cannot charge submit_sm, check RouterPB log file for details\"";
  const std::string send =
      "500 Error \"Cannot send submit_sm, check SMPPClientManagerPB log file for details\"";
  const std::pair<Refusal, std::string> rows[] = {
      {Refusal::kBadDestination, "400 Error \"Argument [to] has an invalid value: [447700900123].\""},
      {Refusal::kDestinationBlocked, filter("destination_address")},
      {Refusal::kOptedOut, filter("destination_address")},
      {Refusal::kBadSource, filter("source_address")},
      {Refusal::kSourceNotAllowed, filter("source_address")},
      {Refusal::kNoRoute, "412 Error \"No route found\""},
      {Refusal::kTooManyParts, filter("content")},
      {Refusal::kBodyTooLong, filter("content")},
      {Refusal::kBadEncoding, filter("content")},
      {Refusal::kBodyOdd, filter("content")},
      {Refusal::kContentRefused, filter("content")},
      {Refusal::kBadValidity, "400 Error \"Argument [validity-period] has an invalid value: [5].\""},
      {Refusal::kNoCredit, charge},
      {Refusal::kVolumeCap, charge},
      {Refusal::kAccountSuspended, "403 Error \"Authentication failure for username:foo\""},
      {Refusal::kThrottled, "403 Error \"User throughput exceeded\""},
      {Refusal::kQueueFull, send},
      {Refusal::kUnavailable, send},
      {Refusal::kStopping, send}};
  Jasmin j;
  for (const auto& [refusal, answer] : rows) {
    INFO(name_of(refusal));
    j.engine.refusals = {refusal};
    CHECK(j.send(kGood + "&validity-period=5") == answer);
  }
  j.engine.full = true;
  CHECK(j.send(kGood) == send);
}

TEST_CASE("J6: texts and octets in any coding, times and TLVs go as they are") {
  Jasmin j;
  const auto sent = [&](const std::string& more) {
    REQUIRE(j.send(kWho + "&to=447700900123&from=ACME" + more).starts_with("200"));
    return j.last();
  };
  CHECK(sent("&content=h%C3%A9").body == "h\x05");
  const auto ucs2 = sent("&content=%D0%B6");
  CHECK(ucs2.body == "\x04\x36");
  CHECK(ucs2.event.data_coding == 8);
  const auto hex = sent("&hex-content=0436&coding=8");
  CHECK(hex.body == "\x04\x36");
  CHECK(hex.event.data_coding == 8);
  CHECK_FALSE(hex.event.alphabet);
  CHECK(sent("&content=h%E9&coding=3").body == "h\xE9");
  const auto timed = sent("&content=hi&sdt=000000010000000R&validity-period=90&priority=2&tags=Spring,b");
  CHECK(timed.event.schedule.in == Duration{hours{1}});
  CHECK(timed.event.validity.in == Duration{minutes{90}});
  CHECK(timed.event.priority_flag == 2);
  CHECK(j.notes().label == "spring");
  const std::string tlvs =
      "&content=hi&custom_tlvs=%5B%5B5121%2Cnull%2C%22OctetString%22%2C%22ab%22%5D%2C%5B%220x1402%22%2C2%2C%"
      "22Int2%22%2C258%5D%5D";
  CHECK(sent(tlvs).tlvs == std::string("\x14\x01\x00\x02"
                                       "ab"
                                       "\x14\x02\x00\x02\x01\x02",
                                       12));
  j.ask({.method = "POST",
         .path = "/send",
         .body = R"({"username":"foo","password":"secret","to":"447700900123","content":"hi","dlr-level":2,)"
                 R"("custom_tlvs":{"0x1401:COctetString":"ab"}})",
         .headers = {{"content-type", "application/json"}}});
  CHECK(j.last().tlvs == std::string("\x14\x01\x00\x03"
                                     "ab\0",
                                     7));
  CHECK(j.last().event.registered_delivery == 1);
}

TEST_CASE("a dlr-url is noted with its level and method") {
  Jasmin j;
  CHECK(j.send(kGood + "&dlr-url=https://app.example/dlr&dlr-level=3&dlr-method=gEt").starts_with("200"));
  CHECK(j.last().event.registered_delivery == 1);
  CHECK(j.notes().callback ==
        CallbackNote{
            .url = "https://app.example/dlr", .style = "jasmin", .login = "foo", .wants = 3, .is_get = true});
  CHECK(j.send(kGood + "&dlr-url=https://app.example/dlr").starts_with("200"));
  CHECK(j.last().event.registered_delivery == 0);
  CHECK(j.notes().callback->wants == 1);
  CHECK_FALSE(j.notes().callback->is_get);
}

TEST_CASE("J5: rate, balance and ping, and errors as JSON strings") {
  Jasmin j;
  j.engine.parts = 2;
  CHECK(j.get("/rate", kWho + "&to=447700900123") == R"(200 {"unit_rate":0.0,"submit_sm_count":2})");
  CHECK(j.last().event.preview);
  CHECK(j.get("/balance", kWho) == R"(200 {"balance":"ND","sms_count":"ND"})");
  CHECK(j.get("/ping", "") == "200 Jasmin/PONG");
  j.engine.refusals = {Refusal::kNoRoute};
  CHECK(j.get("/rate", kWho + "&to=447700900123") == R"(412 "No route found")");
  CHECK(j.get("/balance", kWho + "&to=1") == R"(400 "Argument [to] is unknown.")");
  CHECK(j.get("/balance", "username=foo&password=no") == R"(403 "Authentication failure for username:foo")");
}

TEST_CASE("J4: the REST API says the same in JSON, without the last quote") {
  Jasmin j;
  const std::string id{j.ids.format({MessageId{1}, 0}, MessageIdFormat::kUuid).view()};
  CHECK(j.rest("/secure/send", R"({"to":447700900123,"from":"ACME","hex_content":"6869","dlr_level":3})") ==
        R"(200 {"data":"Success \")" + id + R"("})");
  CHECK(j.last().body == "hi");
  CHECK(j.last().event.registered_delivery == 1);
  j.engine.refusals = {Refusal::kNoRoute};
  CHECK(j.rest("/secure/send", R"({"to":"447700900123","content":"hi"})") ==
        R"(412 {"message":"Error \"No route found"})");
  CHECK(j.rest("/secure/send", "[") ==
        R"(412 {"title":"Cannot parse JSON data","description":"The body is not a JSON object"})");
  CHECK(j.rest("/secure/balance", "") == R"(200 {"data":{"balance":"ND","sms_count":"ND"}})");
  CHECK(j.rest("/secure/rate", R"({"to":"447700900123"})") ==
        R"(200 {"data":{"unit_rate":0.0,"submit_sm_count":1}})");
  CHECK(line_of(j.ask({.path = "/secure/balance"})) ==
        R"(401 {"title":"Authentication required","description":"Please provide a valid Basic auth token"})");
  CHECK(line_of(j.ask({.path = "/ping", .headers = {{"accept", "application/json"}}})) ==
        R"(200 {"data":"Jasmin/PONG"})");
}

TEST_CASE("J4: a batch is many messages, and each is told to its callback or its errback") {
  Jasmin j;
  j.engine.slow = true;
  j.engine.refusals = {std::nullopt, Refusal::kNoRoute};
  const std::string body =
      R"({"messages":[{"to":["33333331","33333332"],"content":"hi"},{"to":"12x","content":"a"},)"
      R"({"to":"33333333"},{"content":"b"},{"to":33333334,"hex_content":"6869","from":"Other"}],)"
      R"("globals":{"from":"Brand","dlr_level":2},"batch_config":{)"
      R"("callback_url":"https://app.example/ok?x=1","errback_url":"https://app.example/no",)"
      R"("schedule_at":"3600s"}})";
  const auto answers = j.begin({.method = "POST",
                                .path = "/secure/sendbatch",
                                .body = body,
                                .headers = {{"authorization", "Basic Zm9vOnNlY3JldA=="}}});
  CHECK(answers->got.empty());  // not before all that was accepted is durable
  j.engine.settle();
  REQUIRE(answers->got.size() == 1);
  const std::string got = line_of(answers->got[0]);
  INFO(got);
  CHECK(got.starts_with(R"(200 {"data":{"batchId":")"));
  CHECK(got.ends_with(R"(","messageCount":4,"scheduled":"3600s"}})"));
  const std::string batch = got.substr(got.find("Id\":\"") + 5, 36);
  REQUIRE(j.engine.submits.size() == 3);
  CHECK(j.engine.submits[0].event.source.digits == "Brand");
  CHECK(j.engine.submits[0].event.registered_delivery == 1);
  CHECK(j.engine.submits[0].event.schedule.in == Duration{hours{1}});
  CHECK(j.engine.submits[2].event.source.digits == "Other");
  CHECK(j.engine.submits[2].body == "hi");
  const auto id = [&](std::uint64_t number) {
    return std::string{j.ids.format({MessageId{number}, 0}, MessageIdFormat::kUuid).view()};
  };
  const std::string ok = "https://app.example/ok?x=1&batchId=" + batch;
  const std::string no = "https://app.example/no?batchId=" + batch;
  CHECK(j.fetch.urls ==
        std::vector<std::string>{no + "&to=12x&status=0&statusText=HTTPAPI+error%3A+Argument+%5Bto%5D+has+an+"
                                      "invalid+value%3A+%5B12x%5D.",
                                 ok + "&to=33333331&status=1&statusText=Success+%22" + id(1) + "%22",
                                 no + "&to=33333332&status=0&statusText=HTTPAPI+error%3A+No+route+found",
                                 ok + "&to=33333334&status=1&statusText=Success+%22" + id(2) + "%22"});
}

TEST_CASE("J4: what is wrong with a batch as a whole is told at once") {
  Jasmin j;
  const auto no = [&](const std::string& body) { return j.rest("/secure/sendbatch", body); };
  const std::string unreadable = R"(412 {"title":"Cannot parse JSON data")";
  const std::string no_time = R"(412 {"title":"Cannot schedule batch")";
  CHECK(no("[").starts_with(unreadable));
  CHECK(no("{}").starts_with(unreadable));
  const std::string config = R"({"messages":[{"to":"33333331","content":"hi"}],"batch_config":)";
  CHECK(no(config + R"({"schedule_at":"2026-11-21 20:00:00"}})").starts_with(no_time));
  CHECK(no(config + R"({"schedule_at":"soon"}})").starts_with(no_time));
  CHECK(no(config + R"({"callback_url":"https://10.0.0.1/"}})").starts_with(unreadable));
  CHECK(j.rest("/secure/sendbatch", config + "{}}", "Zm9vOndyb25n")
            .starts_with(R"(412 {"title":"Authentication failed")"));
  CHECK(line_of(j.ask({.method = "POST", .path = "/secure/sendbatch", .body = config})).starts_with("401 "));
  std::string numbers = "1";
  for (int i = 0; i < 1000; ++i) { numbers += ",1"; }
  CHECK(no(R"({"messages":[{"to":[)" + numbers + R"(],"content":")" + std::string(20'000, 'x') + R"("}]})")
            .starts_with(unreadable));
  CHECK(j.engine.submits.empty());
  CHECK(no(config + R"({"schedule_at":"2026-11-21 20:20:00"}})")
            .ends_with(R"("messageCount":1,"scheduled":"449s"}})"));
}
