// SPDX-License-Identifier: Apache-2.0
// Kannel's sendsms as its clients know it. Rows of the answers are octet for octet those of smsbox 1.4.5.
#include "unit/ingress/dialect_fixture.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {

const std::string kWho = "username=tester&password=secret";
const std::string kGood = kWho + "&to=447700900123&from=ACME&text=hi";

struct Kannel : DialectStory {
  std::string sendsms(const std::string& query) { return line_of(get(query)); }
  ports::HttpResponse get(const std::string& query) {
    return ask({.path = "/cgi-bin/sendsms", .query = query});
  }
  std::string post(const std::string& type, const std::string& body,
                   std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.emplace_back("content-type", type);
    return line_of(
        ask({.method = "POST", .path = "/cgi-bin/sendsms", .body = body, .headers = std::move(headers)}));
  }
  const SubmitCall& last() { return engine.submits.back(); }
  DoorNotes notes() { return door_notes_from(last().door_notes).value(); }
};

std::string hex(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[u8(c) >> 4];
    out += kDigits[u8(c) & 15];
  }
  return out;
}

}  // namespace

TEST_CASE("K1: a message is accepted in Kannel's words, and its id stands in a header") {
  Kannel k;
  const auto got = k.get(kGood);
  CHECK(line_of(got) == "202 0: Accepted for delivery");
  CHECK(got.content_type == "text/html");
  CHECK(header_of(got, "Pragma") == "no-cache");
  CHECK(header_of(got, "X-Message-Id") == k.ids.format({MessageId{1}, 0}, MessageIdFormat::kUuid).view());
  CHECK(header_of(got, "X-Denied").empty());
  REQUIRE(k.engine.submits.size() == 1);
  const auto& call = k.last();
  CHECK(call.door == Door::kKannel);
  CHECK(call.destination.digits == "447700900123");
  CHECK(call.destination.ton == 1);
  CHECK(call.event.source.digits == "ACME");
  CHECK(call.event.source.ton == 5);
  CHECK(call.body == "hi");
  CHECK(call.event.alphabet == Alphabet::kGsm7);
  CHECK(call.event.data_coding == 0);
  CHECK(call.event.registered_delivery == 0);
  CHECK(k.notes() == DoorNotes{.door = "kannel", .to_given = "447700900123", .from_given = "ACME"});

  k.engine.waits_for_link = true;
  CHECK(k.sendsms(kGood) == "202 3: Queued for later delivery");
}

TEST_CASE("K1: an answer leaves only after the engine's") {
  Kannel k;
  k.engine.slow = true;
  const auto answers = k.begin({.path = "/cgi-bin/sendsms", .query = kGood});
  CHECK(answers->got.empty());
  k.engine.settle();
  REQUIRE(answers->got.size() == 1);
  CHECK(answers->got[0].status == 202);
}

TEST_CASE("K1: who is not known, and whose credentials stand where they must not") {
  Kannel k;
  const std::string no = "403 Authorization failed for sendsms";
  CHECK(k.sendsms("to=447700900123&text=hi") == no);
  CHECK(k.sendsms("username=tester&password=wrong&to=447700900123&text=hi") == no);
  CHECK(k.sendsms("username=nobody&password=secret&to=447700900123&text=hi") == no);
  CHECK(k.sendsms("user=tester&pass=secret&to=447700900123&from=ACME&text=hi").starts_with("202"));
  CHECK(k.post("application/x-www-form-urlencoded", kGood).starts_with("202"));

  Kannel closed;
  closed.listener.query_credentials = {};
  CHECK(closed.sendsms(kGood) == no);
  CHECK(closed.post("application/x-www-form-urlencoded", kGood).starts_with("202"));

  Kannel elsewhere;
  elsewhere.settings.accounts[0].logins[0].allow_ips = {"198.51.100.0/24"};
  CHECK(elsewhere.sendsms(kGood) == no);

  Kannel suspended;
  suspended.settings.accounts[0].enabled = false;
  CHECK(suspended.sendsms(kGood) == no);
  CHECK(k.engine.submits.size() == 2);
}

TEST_CASE("K1: every field that is misformed is named as Kannel names it") {
  struct Row {
    std::string query;
    std::string answer;
  };
  const std::string to = "&to=447700900123&from=ACME&text=hi";
  const Row rows[] = {
      {"&from=ACME&text=hi", "400 Missing receiver number, rejected"},
      {"&to=&from=ACME&text=hi", "400 Empty receiver number not allowed, rejected"},
      {"&to=++&from=ACME&text=hi", "400 Empty receiver number not allowed, rejected"},
      {"&to=447700900123&text=hi", "400 Sender missing and no global set, rejected"},
      {to + "&udh=%05%00", "400 UDH field misformed, rejected"},
      {to + "&udh=" + std::string(141, 'x'), "400 UDH field is too long, rejected"},
      {to + "&dlr-url=http:/", "400 DLR-URL field misformed, rejected"},
      {to + "&dlr-url=https://10.0.0.1/", "400 DLR-URL field misformed, rejected"},
      {to + "&dlr-mask=64", "400 DLR-Mask field misformed, rejected"},
      {to + "&dlrmask=x", "400 DLR-Mask field misformed, rejected"},
      {to + "&mclass=4", "400 MClass field misformed, rejected"},
      {to + "&pid=256", "400 PID field misformed, rejected"},
      {to + "&rpi=3", "400 RPI field misformed, rejected"},
      {to + "&alt-dcs=2", "400 Alt-DCS field misformed, rejected"},
      {to + "&mwi=8", "400 MWI field misformed, rejected"},
      {to + "&coding=3", "400 Coding field misformed, rejected"},
      {to + "&compress=2", "400 Compress field misformed, rejected"},
      {to + "&validity=-1", "400 Validity field misformed, rejected"},
      {to + "&deferred=soon", "400 Deferred field misformed, rejected"},
      {to + "&priority=4", "400 Priority field misformed, rejected"},
      {to + "&account=" + std::string(65, 'a'), "400 Account field misformed or too long, rejected"},
      {to + "&charset=KLINGON", "400 Charset or body misformed, rejected"},
      {"&to=447700900123&from=ACME&text=" + std::string(40'001, 'x'),
       "400 Charset or body misformed, rejected"},
      {"&to=447700900123&from=ACME&text=%FF", "400 Charset or body misformed, rejected"},
      {"&to=4477" + std::string(20'000, '-') + "00900123&from=ACME&text=hi",
       "400 Number(s) has/have been denied by white- and/or black-lists."},
      {"&to=hello&from=ACME&text=hi", "400 Number(s) has/have been denied by white- and/or black-lists."},
      {"&to=447700900123&from=" + std::string(21, 'a'), "403 Not routable. Do not try again."},
  };
  Kannel k;
  for (const auto& row : rows) {
    INFO(row.query);
    CHECK(k.sendsms(kWho + row.query) == row.answer);
  }
  CHECK(k.engine.submits.empty());
}

TEST_CASE("K1: every refusal of the engine has its answer") {
  const std::string denied = "400 Number(s) has/have been denied by white- and/or black-lists.";
  const std::string not_routable = "403 Not routable. Do not try again.";
  const std::string body = "400 Charset or body misformed, rejected";
  const std::string temporal = "503 Temporal failure, try again later.";
  const std::pair<Refusal, std::string> rows[] = {
      {Refusal::kBadDestination, denied},
      {Refusal::kDestinationBlocked, denied},
      {Refusal::kOptedOut, denied},
      {Refusal::kBadSource, not_routable},
      {Refusal::kSourceNotAllowed, not_routable},
      {Refusal::kNoRoute, not_routable},
      {Refusal::kTooManyParts, body},
      {Refusal::kBodyTooLong, body},
      {Refusal::kBadEncoding, body},
      {Refusal::kBodyOdd, body},
      {Refusal::kContentRefused, not_routable},
      {Refusal::kBadSchedule, "400 Deferred field misformed, rejected"},
      {Refusal::kBadValidity, "400 Validity field misformed, rejected"},
      {Refusal::kTlvMissing, not_routable},
      {Refusal::kTlvValue, not_routable},
      {Refusal::kTlvNotAllowed, not_routable},
      {Refusal::kNoCredit, not_routable},
      {Refusal::kAccountSuspended, "403 Authorization failed for sendsms"},
      {Refusal::kThrottled, temporal},
      {Refusal::kVolumeCap, temporal},
      {Refusal::kQueueFull, temporal},
      {Refusal::kUnavailable, temporal},
      {Refusal::kStopping, temporal}};
  Kannel k;
  for (const auto& [refusal, answer] : rows) {
    INFO(name_of(refusal));
    k.engine.refusals = {refusal};
    CHECK(k.sendsms(kGood) == answer);
  }
  k.engine.full = true;
  CHECK(k.sendsms(kGood) == temporal);
  k.engine.full = false;
  k.dialects->drain();
  CHECK(k.sendsms(kGood) == temporal);
}

TEST_CASE("K2: two numbers and a bad one are two messages, and the bad one is named") {
  Kannel k;
  const auto got = k.get(kWho + "&to=447700900123+hello++%2B447700900124+447700900123&from=ACME&text=hi");
  CHECK(line_of(got) == "202 0: Accepted for delivery");
  CHECK(header_of(got, "X-Denied") == "?");
  const std::string first{k.ids.format({MessageId{1}, 0}, MessageIdFormat::kUuid).view()};
  const std::string second{k.ids.format({MessageId{2}, 0}, MessageIdFormat::kUuid).view()};
  CHECK(header_of(got, "X-Message-Id") == first + " " + second);
  REQUIRE(k.engine.submits.size() == 2);
  CHECK(k.engine.submits[1].destination.digits == "447700900124");
  CHECK(k.notes().to_given == "+447700900124");

  k.engine.refusals = {std::nullopt, Refusal::kOptedOut};
  const auto half = k.get(kWho + "&to=447700900123+447700900124&from=ACME&text=hi");
  CHECK(line_of(half) == "202 0: Accepted for delivery");
  CHECK(header_of(half, "X-Denied") == "447700900124");

  k.engine.refusals = {Refusal::kThrottled, Refusal::kThrottled};
  CHECK(k.sendsms(kWho + "&to=447700900123+447700900124&from=ACME&text=hi") ==
        "503 Temporal failure, try again later.");
}

TEST_CASE("K2: an smsbox that answers at once says so") {
  Kannel k;
  k.options(LoginKind::kKannel).reply_sent = true;
  CHECK(k.sendsms(kGood) == "202 Sent.");
  k.engine.parts = 3;
  k.engine.refusals = {std::nullopt, Refusal::kOptedOut};
  CHECK(k.sendsms(kWho + "&to=447700900123+447700900124&from=ACME&text=hi") ==
        "202 Sent. Denied receivers are: 447700900124 Message splits: 3");
}

TEST_CASE("K3: texts, octets and classes reach the engine exactly as Kannel's box would have sent them") {
  struct Row {
    std::string query;
    std::string body;  // hex, with its header
    Alphabet alphabet;
    unsigned data_coding;
  };
  const Row rows[] = {
      {"&text=h%C3%A9", "6805", Alphabet::kGsm7, 0x00},
      {"&text=h%E9&charset=iso-8859-1", "6805", Alphabet::kGsm7, 0x00},
      {"&text=%80&charset=windows-1252", "1b65", Alphabet::kGsm7, 0x00},
      {"&text=%D0%B6", "0436", Alphabet::kUcs2, 0x08},  // no place in GSM 7-bit: nothing is lost
      {"&coding=2&text=%04%36%00a", "04360061", Alphabet::kUcs2, 0x08},
      {"&coding=2&charset=UTF-16BE&text=%04%36", "0436", Alphabet::kUcs2, 0x08},
      {"&coding=2&charset=UTF-8&text=%D0%B6", "0436", Alphabet::kUcs2, 0x08},
      {"&coding=1&udh=%06%05%04%0B%84%23%F0&text=%01%02%FF", "0605040b8423f00102ff", Alphabet::kBinary, 0x04},
      {"&udh=%06%05%04%0B%84%23%F0&text=%01", "0605040b8423f001", Alphabet::kBinary, 0x04},
      {"&mclass=0&text=hi", "6869", Alphabet::kGsm7, 0x10},
      {"&mclass=2&coding=1&text=hi", "6869", Alphabet::kBinary, 0x16},
      {"&mclass=1&alt-dcs=1&text=hi", "6869", Alphabet::kGsm7, 0xF1},
      {"&mwi=1&text=hi", "6869", Alphabet::kGsm7, 0xD9},
      {"&mwi=1&text=", "", Alphabet::kGsm7, 0xC9},
      {"&mwi=1&coding=2&text=%00a", "0061", Alphabet::kUcs2, 0xE9},
      {"&mwi=6&text=hi", "6869", Alphabet::kGsm7, 0xC2},
      {"&compress=1&text=hi", "6869", Alphabet::kGsm7, 0x20},
  };
  Kannel k;
  for (const auto& row : rows) {
    INFO(row.query);
    REQUIRE(k.sendsms(kWho + "&to=447700900123&from=ACME" + row.query).starts_with("202"));
    CHECK(hex(k.last().body) == row.body);
    CHECK(k.last().event.alphabet == row.alphabet);
    CHECK(k.last().event.data_coding == row.data_coding);
    CHECK((k.last().event.esm_class == 0x40) == (row.query.find("udh") != std::string::npos));
  }
}

TEST_CASE("what else a request may say goes with the message") {
  Kannel k;
  CHECK(k.sendsms(kGood +
                  "&pid=65&rpi=1&priority=3&validity=10&deferred=5&account=Spring%20Sale&binfo=WAP&smsc=x")
            .starts_with("202"));
  const auto& call = k.last();
  CHECK(call.event.protocol_id == 65);
  CHECK(call.event.esm_class == 0x80);
  CHECK(call.event.priority_flag == 3);
  CHECK(call.event.validity.in == Duration{minutes{10}});
  CHECK(call.event.schedule.in == Duration{minutes{5}});
  CHECK(call.service_type == "WAP");
  CHECK(k.notes().label == "spring_sale");

  Kannel named;
  named.options(LoginKind::kKannel).default_sender = "60777";
  CHECK(named.sendsms(kWho + "&to=447700900123&text=hi").starts_with("202"));
  CHECK(named.last().event.source.digits == "60777");
  CHECK(named.last().event.source.ton == 3);
  CHECK(named.sendsms(kGood).starts_with("202"));
  CHECK(named.last().event.source.digits == "ACME");
  Kannel faked;
  faked.options(LoginKind::kKannel).faked_sender = "REAL";
  CHECK(faked.sendsms(kGood).starts_with("202"));
  CHECK(faked.last().event.source.digits == "REAL");
}

TEST_CASE("a dlr-url and its mask are noted, and say what the operator is asked for") {
  Kannel k;
  const auto asked = [&](const std::string& more) {
    REQUIRE(k.sendsms(kGood + more).starts_with("202"));
    return k.last().event.registered_delivery;
  };
  const std::string url = "&dlr-url=https%3A%2F%2Fapp.example%2Fdlr%3Ft%3D%25d%26i%3D%25I";
  CHECK(asked(url + "&dlr-mask=31") == 0x01);
  CHECK(k.notes().callback ==
        CallbackNote{
            .url = "https://app.example/dlr?t=%d&i=%I", .style = "kannel", .login = "tester", .wants = 31});
  CHECK(asked(url + "&dlr-mask=2") == 0x02);
  CHECK(asked(url + "&dlr-mask=24") == 0x00);
  CHECK(asked(url + "&dlrmask=33") == 0x11);
  CHECK(asked(url) == 0x00);
  CHECK_FALSE(k.notes().callback);
  CHECK(asked("&dlr-mask=1") == 0x01);
  CHECK_FALSE(k.notes().callback);
  Kannel open;
  open.policy.allow_http = true;
  CHECK(open.sendsms(kGood + "&dlr-mask=1&dlr-url=http://app.example/d%3Fp=%25p").starts_with("202"));
}

TEST_CASE("K6: headers of X-Kannel, forms and JSON say the same") {
  Kannel k;
  const std::vector<std::pair<std::string, std::string>> who{
      {"x-kannel-username", "tester"}, {"x-kannel-password", "secret"}, {"x-kannel-from", "ACME"}};
  auto headers = who;
  headers.emplace_back("x-kannel-to", "447700900123");
  CHECK(k.post("text/plain; charset=utf-8", "h\xC3\xA9", headers) == "202 0: Accepted for delivery");
  CHECK(hex(k.last().body) == "6805");
  headers.emplace_back("x-kannel-udh", "0605040b8423f0");
  headers.emplace_back("x-kannel-dlr-mask", "1");
  CHECK(k.post("application/octet-stream", std::string("\x01\x00", 2), headers).starts_with("202"));
  CHECK(hex(k.last().body) == "0605040b8423f00100");
  CHECK(k.last().event.registered_delivery == 1);
  CHECK(k.post("text/plain", "hi", who) == "400 Missing receiver(s) number(s), rejected");
  CHECK(k.post("text/xml", "<x/>", headers) == "400 Invalid content-type");

  const std::string json = R"({"username":"tester","password":"secret","to":"447700900123","from":"ACME",)";
  CHECK(k.post("application/json", json + R"("text":"é","mclass":0})").starts_with("202"));
  CHECK(k.last().event.data_coding == 0x10);
  CHECK(k.post("application/json", json + R"("text":"","udh":"0605040b8423f0"})").starts_with("202"));
  CHECK(hex(k.last().body) == "0605040b8423f0");
}

TEST_CASE("K6: /api/sendsms takes JSON and answers with it") {
  Kannel k;
  const auto api = [&](const std::string& method, const std::string& type, const std::string& body) {
    return k.ask(
        {.method = method, .path = "/api/sendsms", .body = body, .headers = {{"content-type", type}}});
  };
  const std::string who = R"({"username":"tester","password":"secret","from":"ACME","text":"hi")";
  const auto sent = api("POST", "application/json", who + R"(,"to":"447700900123"})");
  CHECK(line_of(sent) == R"(202 {"status":0,"message":"Sent."})");
  CHECK(sent.content_type == "application/json");
  CHECK(line_of(api("POST", "application/json", R"({"to":"447700900123"})")) ==
        R"(403 {"error":"Authorization failed"})");
  CHECK(line_of(api("POST", "application/json", who + "}")) == R"(400 {"error":"Missing receiver number"})");
  CHECK(line_of(api("POST", "application/json", "[")) == R"(400 {"error":"POST with JSON body required"})");
  CHECK(line_of(api("GET", "", "")) == R"(400 {"error":"POST with JSON body required"})");
  CHECK(line_of(api("POST", "text/plain", "hi")) ==
        R"(400 {"error":"Content-Type must be application/json"})");
  CHECK(line_of(api("POST", "application/json", who + R"(,"to":"447700900123","mclass":9})")) ==
        R"(400 {"error":"MClass field misformed, rejected"})");
}

TEST_CASE("a hashed password is checked once in ten minutes, and who guesses waits") {
  Kannel k;
  auto& login = k.settings.accounts[0].logins[0];
  login.password = Secret{};
  login.password_hash = "$plain$secret";
  CHECK(k.sendsms(kGood).starts_with("202"));
  CHECK(k.sendsms(kGood).starts_with("202"));
  CHECK(k.passwords.checks == 1);
  k.now.mono += minutes{10};
  CHECK(k.sendsms(kGood).starts_with("202"));
  CHECK(k.passwords.checks == 2);

  const std::string wrong = "username=tester&password=guess&to=447700900123&text=hi";
  for (int i = 0; i < 10; ++i) {
    CHECK(line_of(k.ask({.path = "/cgi-bin/sendsms", .query = wrong, .client = "198.51.100.9"})) ==
          "403 Authorization failed for sendsms");
  }
  CHECK(line_of(k.ask({.path = "/cgi-bin/sendsms", .query = wrong, .client = "198.51.100.9"})) ==
        "503 Temporal failure, try again later.");  // ten checks of one user in a minute
  CHECK(k.passwords.checks == 12);
  CHECK(k.sendsms(kGood).starts_with("202"));
  for (int i = 0; i < 10; ++i) {
    const std::string other = "username=u" + std::to_string(i) + "&password=x&to=1&text=hi";
    CHECK(k.ask({.path = "/cgi-bin/sendsms", .query = other, .client = "198.51.100.9"}).status == 403);
  }
  // Twenty from one address: that address waits, whoever it says it is.
  CHECK(k.ask({.path = "/cgi-bin/sendsms", .query = kGood, .client = "198.51.100.9"}).status == 503);
  CHECK(k.sendsms(kGood).starts_with("202"));
  k.passwords.busy = true;
  CHECK(k.sendsms("username=else&password=x&to=1&text=hi") == "503 Temporal failure, try again later.");
}

TEST_CASE("other paths and methods are no business of a dialect's") {
  Kannel k;
  CHECK(line_of(k.ask({.path = "/cgi-bin/other"})) == "404 Unknown request.");
  CHECK(k.ask({.method = "DELETE", .path = "/cgi-bin/sendsms"}).status == 405);
  k.open();
  CHECK_FALSE(k.door->serves("/send"));
}
