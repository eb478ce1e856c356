// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>

#include "unit/runtime/web_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;
using ports::FetchFault;

namespace {
const auto kOk = [](const std::string&) { return WebServer::ok("fine"); };
}

TEST_CASE("a request leaves as it was said, and its answer comes back on the loop") {
  Web web{[](const std::string&) {
    return WebServer::ok("ACK/Jasmin\n", "Retry-After: 7 \r\nX-Other: no\r\nRETRY-AFTER: 8\r\n");
  }};
  web.names.set("app.example", {"127.0.0.1"});
  ports::FetchRequest request;
  request.url = web.server.url("App.Example", "/a%20b/../c d?x=é&y");
  request.headers = {{"webhook-id", "evt_1"}, {"Content-Type", "application/json"}, {"X-Empty", ""}};
  request.body = std::string{"{\"a\":1}\0\n", 9};
  request.headers_wanted = {"retry-after"};
  const auto answer = web.get(request);
  REQUIRE_FALSE(answer.error);
  CHECK(answer.status == 200);
  CHECK(answer.body == "ACK/Jasmin\n");
  CHECK_FALSE(answer.body_cut);
  CHECK(answer.address == "127.0.0.1");
  CHECK(answer.took > Duration{0});
  CHECK(answer.header("retry-after") == "7");
  REQUIRE(answer.headers.size() == 1);
  REQUIRE(web.server.requests().size() == 1);
  const std::string sent = web.server.requests().front();
  CHECK(sent.starts_with("POST /a%20b/../c%20d?x=%C3%A9&y HTTP/1.1\r\n"));
  for (const std::string& line :
       {"Host: app.example:" + std::to_string(web.server.port), std::string{"webhook-id: evt_1"},
        std::string{"Content-Type: application/json"}, std::string{"X-Empty:"},
        std::string{"Content-Length: 9"}, std::string{"User-Agent: aldis/"}}) {
    INFO(line);
    CHECK(sent.find("\r\n" + line) != std::string::npos);
  }
  CHECK(sent.find("Expect") == std::string::npos);
  CHECK(sent.ends_with(request.body));
}

TEST_CASE("a connection is kept for the next request to the same address") {
  Web web{kOk};
  web.names.set("app.example", {"127.0.0.1"});
  for (int i = 0; i < 20; ++i) { CHECK(web.get(web.server.url("app.example")).status == 200); }
  CHECK(web.server.reached().size() == 1);
  CHECK(web.server.requests().size() == 20);
  CHECK(web.names.asked == 1);
}

TEST_CASE("of a long answer the beginning is kept, and one without end is cut off") {
  Web web{[](const std::string& request) {
    if (request.starts_with("GET /long")) { return WebServer::ok(std::string(10'000, 'x')); }
    return "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + std::string(300'000, 'y');
  }};
  const auto lengthy = web.get(web.server.url("127.0.0.1", "/long"));
  CHECK(lengthy.status == 200);
  CHECK(lengthy.body == std::string(4096, 'x'));
  CHECK(lengthy.body_cut);
  const auto endless = web.get(web.server.url("127.0.0.1", "/endless"));
  CHECK(endless.status == 200);
  CHECK(endless.body == std::string(4096, 'y'));
  CHECK(endless.body_cut);
}

TEST_CASE("headers without end are an error, not memory") {
  Web web{[](const std::string&) {
    std::string out = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 2000; ++i) { out += "X-Filler: " + std::string(80, 'z') + "\r\n"; }
    return out + "Content-Length: 0\r\n\r\n";
  }};
  const auto answer = web.get(web.server.url("127.0.0.1"));
  REQUIRE(answer.error);
  CHECK(answer.error->fault == FetchFault::kNetwork);
  CHECK(answer.status == 0);
}

TEST_CASE("each way of failing has its name and says what to do") {
  Web web{[](const std::string& request) {
    return request.starts_with("GET /hang") ? std::string{} : std::string{"220 this is not HTTP\r\n\r\n"};
  }};
  web.names.set("nowhere.example", {});
  ports::FetchRequest hang;
  hang.method = "GET";
  hang.url = web.server.url("127.0.0.1", "/hang");
  hang.total_max = milliseconds{150};
  const auto late = web.get(hang);
  REQUIRE(late.error);
  CHECK(late.error->fault == FetchFault::kTimeout);
  CHECK(late.error->text.find("answer 2xx first") != std::string::npos);
  CHECK(late.took >= milliseconds{150});
  const auto fault_of = [&](const std::string& url) { return web.get(url).error->fault; };
  CHECK(fault_of(web.server.url("127.0.0.1", "/other")) == FetchFault::kNetwork);
  CHECK(fault_of(web.server.url("unknown.example")) == FetchFault::kUnresolved);
  CHECK(fault_of(web.server.url("nowhere.example")) == FetchFault::kUnresolved);
  CHECK(fault_of("nonsense") == FetchFault::kBadRequest);
  ports::FetchRequest split;
  split.url = web.server.url("127.0.0.1");
  for (const ports::FetchHeader& bad : std::vector<ports::FetchHeader>{
           {"X", "a\r\nY: b"}, {"X\r\nY", "a"}, {"Host", "other"}, {"content-length", "1"}, {"", "a"}}) {
    split.headers = {bad};
    CHECK(web.get(split).error->fault == FetchFault::kBadRequest);
  }
  CHECK(web.server.requests().size() == 2);
}

TEST_CASE("a proxy that the environment names is not asked") {
  for (const char* name : {"http_proxy", "HTTPS_PROXY", "ALL_PROXY"}) {
    ::setenv(name, "http://proxy.invalid:9", 1);
  }
  Web web{kOk};
  CHECK(web.get(web.server.url("127.0.0.1")).status == 200);
  for (const char* name : {"http_proxy", "HTTPS_PROXY", "ALL_PROXY"}) { ::unsetenv(name); }
}

TEST_CASE("when one address does not answer the next one is tried") {
  Web web{kOk};
  web.open.allow_networks = *AddressList::parse({"127.0.0.0/8", "::1", "100::/64"});
  web.names.set("two.example", {"100::1", "127.0.0.1"});  // the discard prefix: no route, or no answer
  ports::FetchRequest request;
  request.url = web.server.url("two.example");
  request.connect_max = milliseconds{200};
  const auto answer = web.get(request);
  CHECK(answer.status == 200);
  CHECK(answer.address == "127.0.0.1");
}

TEST_CASE("a name server that hangs costs its own requests only, and they end in time") {
  FetchSettings settings;
  std::mutex mutex;
  std::condition_variable changed;
  bool let_go = false;
  settings.resolvers = 2;
  settings.resolve = [&](const std::string& name) -> Result<std::vector<IpAddress>, std::string> {
    if (name.starts_with("stuck")) {
      std::unique_lock lock{mutex};
      changed.wait(lock, [&] { return let_go; });
    }
    return std::vector<IpAddress>{*IpAddress::parse("127.0.0.1")};
  };
  Web web{kOk, settings};
  int late = 0;
  ports::FetchRequest stuck;
  stuck.policy = std::make_shared<ports::FetchPolicy>(web.open);
  stuck.total_max = milliseconds{100};
  for (int i = 0; i < 3; ++i) {
    stuck.url = web.server.url("stuck.example");
    web.fetch->start(stuck, [&](const Now&, ports::FetchAnswer&& answer) {
      late += answer.error && answer.error->fault == FetchFault::kTimeout ? 1 : 0;
    });
  }
  CHECK(web.get(web.server.url("live.example")).status == 200);
  REQUIRE(web.t.run_until([&] { return late == 3; }));
  {
    const std::lock_guard lock{mutex};
    let_go = true;
  }
  changed.notify_all();
  CHECK(web.get(web.server.url("stuck.example")).status == 200);
}

TEST_CASE("what is in flight is bounded, in all and to one host, and what is too much is told at once") {
  FetchSettings settings;
  settings.in_flight_max = 5;
  settings.per_host_max = 3;
  Web web{[](const std::string&) { return std::string{}; }, settings};
  web.names.set("a.example", {"127.0.0.1"});
  web.names.set("b.example", {"127.0.0.1"});
  int busy = 0;
  int others = 0;
  ports::FetchRequest request;
  request.policy = std::make_shared<ports::FetchPolicy>(web.open);
  request.total_max = milliseconds{300};
  const auto start = [&](const std::string& host) {
    request.url = web.server.url(host);
    web.fetch->start(request, [&](const Now&, ports::FetchAnswer&& answer) {
      ++(answer.error && answer.error->fault == FetchFault::kBusy ? busy : others);
    });
  };
  for (int i = 0; i < 4; ++i) { start("a.example"); }
  CHECK(busy == 0);  // answers come in later turns
  for (int i = 0; i < 3; ++i) { start("b.example"); }
  CHECK(web.fetch->in_flight() == 5);
  REQUIRE(web.t.run_until([&] { return busy == 2; }));
  CHECK(others == 0);
  REQUIRE(web.t.run_until([&] { return others == 5; }));
  CHECK(web.fetch->in_flight() == 0);
  CHECK(web.server.reached().size() == 5);
}

TEST_CASE("a fetch thread that goes breaks off what is in flight and answers nothing") {
  Web web{[](const std::string&) { return std::string{}; }};
  bool answered = false;
  ports::FetchRequest request;
  request.policy = std::make_shared<ports::FetchPolicy>(web.open);
  for (int i = 0; i < 10; ++i) {
    request.url = i % 2 == 0 ? web.server.url("127.0.0.1") : "nonsense";
    web.fetch->start(request, [&](const Now&, ports::FetchAnswer&&) { answered = true; });
  }
  web.fetch.reset();
  bool turned = false;
  web.t.loop.post([&] { turned = true; });
  REQUIRE(web.t.run_until([&] { return turned; }));
  CHECK_FALSE(answered);
}

TEST_CASE("thousands of requests to one host use a few connections, and each is answered once") {
  Web web{[](const std::string& request) { return WebServer::ok(request.substr(request.rfind('\n') + 1)); }};
  web.names.set("app.example", {"127.0.0.1"});
  ports::FetchRequest request;
  request.url = web.server.url("app.example");
  request.policy = std::make_shared<ports::FetchPolicy>(web.open);
  std::vector<int> answers(2000);
  std::size_t next = 0;
  std::size_t right = 0;
  const std::function<void()> more = [&] {
    while (next < answers.size() && web.fetch->in_flight() < 16) {
      request.body = std::to_string(next);
      web.fetch->start(request, [&, i = next](const Now&, ports::FetchAnswer&& answer) {
        right += answer.body == std::to_string(i) ? 1u : 0u;
        ++answers[i];
        more();
      });
      ++next;
    }
  };
  more();
  REQUIRE(web.t.run_until([&] { return right == answers.size(); }));
  CHECK(std::count(answers.begin(), answers.end(), 1) == 2000);
  CHECK(web.server.reached().size() <= 16);
}
