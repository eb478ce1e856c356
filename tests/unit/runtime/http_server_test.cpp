// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/http_server.hpp"

#include <optional>

#include "unit/runtime/loop_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;

namespace {

const WallTime kWall{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + hours{20} + minutes{12} +
                     seconds{31}};

// One connection without a socket: octets in, octets out, time as an argument.
class HttpFixture final : public ports::Wire {
 public:
  explicit HttpFixture(HttpHandler handler, HttpLimits limits = {})
      : handler_(std::make_shared<const HttpHandler>(std::move(handler))),
        protocol_(make_http_protocol(handler_, limits)) {
    protocol_->on_open(now, *this);
  }

  // What a connection would do with these octets; returns what was answered.
  std::string send(std::string_view octets) {
    kept_.append(octets);
    return pump();
  }
  std::string pump() {
    if (!paused && !closing) { kept_.erase(0, protocol_->on_octets(now, kept_)); }
    return flush();
  }
  std::string flush() {
    std::string sent = std::exchange(out_, {});
    if (!sent.empty()) { protocol_->on_flushed(now); }
    return sent;
  }
  // Until the protocol's deadline, which is at most `within` away.
  std::string pass(Duration within) {
    REQUIRE(protocol_->next_deadline() <= now.mono + within);
    now.mono = protocol_->next_deadline();
    protocol_->on_timer(now);
    return flush();
  }
  Duration left() const { return protocol_->next_deadline() - now.mono; }
  bool waits_for_ever() const { return protocol_->next_deadline() == kNever; }
  void hang_up() { protocol_->on_closed(now, ports::CloseCause::kPeer); }

  std::string& output() override { return out_; }
  std::size_t output_pending() const override { return out_.size(); }
  std::uint64_t octets_taken() const override { return 0; }
  std::uint64_t octets_appended() const override { return out_.size(); }
  void wake() override {}
  void pause_reading(bool p) override { paused = p; }
  void close_after_flush() override { closing = true; }
  void close_now() override { closed = true; }
  std::string_view peer() const override { return "203.0.113.7:51514"; }
  std::string_view peer_address() const override { return "203.0.113.7"; }

  Now now{.mono = Instant{seconds{1000}}, .wall = kWall};
  bool paused = false;
  bool closing = false;
  bool closed = false;

 private:
  std::shared_ptr<const HttpHandler> handler_;
  std::unique_ptr<ports::ByteProtocol> protocol_;
  std::string out_;
  std::string kept_;
};

void say_path(const HttpRequest& request, const HttpAnswer& answer) {
  answer({.status = request.path == "/nothing" ? 404u : 200u, .body = request.path + '\n'});
}

std::string status_line(const std::string& response) { return response.substr(0, response.find("\r\n")); }
std::string body(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }
bool has(const std::string& response, std::string_view line) {
  return response.find("\r\n" + std::string{line} + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a request is answered with length, type, date and the connection kept") {
  HttpRequest seen;
  HttpFixture http{[&](HttpRequest request, const HttpAnswer& answer) {
    seen = std::move(request);
    answer({.body = "hello\n", .headers = {{"Cache-Control", "no-store"}}});
  }};
  const std::string got = http.send("GET /metrics?name=a%20b HTTP/1.1\r\nHost: x\r\nX-Test:  One \r\n\r\n");
  CHECK(status_line(got) == "HTTP/1.1 200 OK");
  CHECK(has(got, "Date: Sat, 21 Nov 2026 20:12:31 GMT"));
  CHECK(has(got, "Content-Type: text/plain; charset=utf-8"));
  CHECK(has(got, "Content-Length: 6"));
  CHECK(has(got, "Connection: keep-alive"));
  CHECK(has(got, "Cache-Control: no-store"));
  CHECK(body(got) == "hello\n");
  CHECK(seen.method == "GET");
  CHECK(seen.path == "/metrics");
  CHECK(seen.query == "name=a%20b");
  CHECK(seen.peer == "203.0.113.7:51514");
  CHECK(seen.header("x-test") == "One");
  CHECK(seen.header("x-other").empty());
  CHECK_FALSE(http.closing);
}

TEST_CASE("a request may come octet by octet") {
  HttpFixture http{say_path};
  const std::string request = "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
  for (std::size_t i = 0; i + 1 < request.size(); ++i) { REQUIRE(http.send(request.substr(i, 1)).empty()); }
  CHECK(body(http.send("c")) == "/a\n");
}

TEST_CASE("requests in one piece are answered in their order") {
  HttpFixture http{say_path};
  const std::string got = http.send(
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: "
      "x\r\n\r\n");
  const auto a = got.find("/a\n");
  const auto b = got.find("/b\n");
  CHECK(a < b);
  CHECK(b < got.find("HTTP/1.1 404 Not Found"));
  CHECK_FALSE(http.closing);
}

TEST_CASE("HEAD gets the length and no body") {
  HttpFixture http{say_path};
  const std::string got = http.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(has(got, "Content-Length: 5"));
  CHECK(body(got).empty());
  CHECK(body(http.send("GET /abc HTTP/1.1\r\nHost: x\r\n\r\n")) == "/abc\n");
}

TEST_CASE("an old client and one that says so are closed after the answer") {
  for (const char* request :
       {"GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"}) {
    HttpFixture http{say_path};
    const std::string got = http.send(request);
    CHECK(has(got, "Connection: close"));
    CHECK(body(got) == "/a\n");
    CHECK(http.closing);
  }
}

TEST_CASE("what cannot be served is refused with the right status, and the connection closed") {
  const std::string long_line(20'000, 'a');
  const struct {
    std::string request;
    std::string status;
  } cases[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},  // request smuggling
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "HTTP/1.1 400 Bad Request"},  // TLS hello
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
      {"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", "HTTP/1.1 413 Payload Too Large"},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: " + long_line, "HTTP/1.1 431 Request Header Fields Too Large"},
      {"GET /" + long_line + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 431 Request Header Fields Too Large"},
      {"GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", "HTTP/1.1 417 Expectation Failed"},
      {"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
       "HTTP/1.1 405 Method Not Allowed"},  // before its body comes
      {"GET / HTTP/3.1\r\nHost: x\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
  };
  for (const auto& c : cases) {
    INFO(c.request.substr(0, 80));
    HttpFixture http{say_path};
    const std::string got = http.send(c.request);
    CHECK(status_line(got) == c.status);
    CHECK(has(got, "Connection: close"));
    CHECK(http.closing);
    CHECK(has(got, "Allow: GET, HEAD") == (c.status.find("405") != std::string::npos));
  }
}

TEST_CASE("who asks for leave to send a body gets it at once, and no second time") {
  HttpFixture http{say_path};
  const std::string header =
      "GET /a HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
  CHECK(http.send(header) == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(http.send("ab").empty());
  CHECK(status_line(http.send("c")) == "HTTP/1.1 200 OK");
  CHECK(status_line(http.send(header + "abc")) == "HTTP/1.1 200 OK");  // who does not wait needs no leave
  CHECK(status_line(http.send("GET /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n")) ==
        "HTTP/1.1 200 OK");
  CHECK(http.send("GET /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").empty());
}

TEST_CASE("a body past the limit is refused when it is not announced either") {
  HttpFixture http{say_path};
  http.send("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string got;
  for (int i = 0; i < 20 && got.empty(); ++i) {
    got = http.send("1000\r\n" + std::string(4096, 'x') + "\r\n");
  }
  CHECK(status_line(got) == "HTTP/1.1 413 Payload Too Large");
}

TEST_CASE("a request that dribbles in gets 408 ten seconds after its first octet") {
  HttpFixture http{say_path};
  http.send("GET /a HTTP/1.1\r\n");
  http.now.mono += seconds{9};
  http.send("Host: x\r\n");
  CHECK(http.left() == seconds{1});
  CHECK(status_line(http.pass(seconds{1})) == "HTTP/1.1 408 Request Timeout");
  CHECK(http.closing);
}

TEST_CASE(
    "a connection that says nothing is closed without a word, sooner before its first request than after") {
  HttpFixture silent{say_path};
  CHECK(silent.pass(seconds{10}).empty());
  CHECK(silent.closed);

  HttpFixture idle{say_path};
  idle.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(idle.left() == seconds{60});
  CHECK(idle.pass(seconds{60}).empty());
  CHECK(idle.closed);
}

TEST_CASE("an answer may come later; until then the next request waits and no timer runs") {
  std::vector<HttpAnswer> answers;
  HttpFixture http{[&](const HttpRequest&, HttpAnswer answer) { answers.push_back(std::move(answer)); }};
  CHECK(http.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n").empty());
  CHECK(answers.size() == 1);
  CHECK(http.paused);
  CHECK(http.waits_for_ever());
  answers[0]({.body = "first"});
  CHECK(body(http.flush()) == "first");
  CHECK_FALSE(http.paused);
  http.pump();
  REQUIRE(answers.size() == 2);
  answers[0]({.body = "twice"});  // a second answer to one request is none
  CHECK(http.flush().empty());
  answers[1]({.body = "second"});
  CHECK(body(http.flush()) == "second");
}

TEST_CASE("an answer to a peer that has gone is dropped") {
  HttpAnswer late;
  {
    HttpFixture http{[&](const HttpRequest&, HttpAnswer answer) { late = std::move(answer); }};
    http.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    http.hang_up();
    late({.body = "x"});
    CHECK(http.flush().empty());
  }
  late({.body = "x"});
}

TEST_CASE("a pipeline for large answers waits until the peer has read") {
  int calls = 0;
  HttpFixture http{[&](const HttpRequest&, const HttpAnswer& answer) {
    ++calls;
    answer({.body = std::string(200 * 1024, 'x')});
  }};
  std::string pipeline;
  for (int i = 0; i < 50; ++i) { pipeline += "GET / HTTP/1.1\r\nHost: x\r\n\r\n"; }
  std::size_t got = http.send(pipeline).size();
  CHECK(calls == 2);
  for (int i = 0; i < 24; ++i) { got += http.pump().size(); }
  CHECK(calls == 50);
  CHECK(got > std::size_t{50} * 200 * 1024);
}

TEST_CASE("the server answers on a real socket, and says 503 once it is gone") {
  TestLoop t;
  auto opened = HttpServer::open(t.loop, "127.0.0.1:0", say_path);
  REQUIRE(opened.has_value());
  RawPeer peer{(*opened)->port()};
  const auto get = [&] {
    peer.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string got;
    REQUIRE(t.run_until([&] {
      got += peer.read_some();
      return got.find("\r\n\r\n") != std::string::npos;
    }));
    return got;
  };
  CHECK(body(get()) == "/livez\n");
  CHECK(body(get()) == "/livez\n");
  opened->reset();
  CHECK(status_line(get()) == "HTTP/1.1 503 Service Unavailable");
}

namespace {
constexpr std::string_view kGet = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

std::string answer_to(TestLoop& t, RawPeer& peer, std::string_view request) {
  peer.send(request);
  std::string got;
  REQUIRE(t.run_until([&] {
    got += peer.read_some();
    return peer.ended || peer.reset || got.find("\r\n\r\n") != std::string::npos;
  }));
  return got;
}
}  // namespace

TEST_CASE("half-sent requests keep nobody out: the oldest is closed for whoever comes next") {
  TestLoop t;
  auto opened = HttpServer::open(t.loop, "127.0.0.1:0", say_path);
  REQUIRE(opened.has_value());
  const std::uint16_t port = (*opened)->port();
  RawPeer regular{port};
  REQUIRE(status_line(answer_to(t, regular, kGet)) == "HTTP/1.1 200 OK");
  std::vector<std::unique_ptr<RawPeer>> half;
  for (std::size_t i = 0; i < 300; ++i) {
    half.push_back(std::make_unique<RawPeer>(port));
    half.back()->send("GET /metrics HTTP/1.1\r\nHo");
    if (i % 10 == 0) {
      RawPeer asks{port};
      REQUIRE(status_line(answer_to(t, asks, kGet)) == "HTTP/1.1 200 OK");
    }
  }
  const auto closed = [&](RawPeer& peer) {
    peer.read_some();
    return peer.ended || peer.reset;
  };
  CHECK(status_line(answer_to(t, regular, kGet)) == "HTTP/1.1 200 OK");  // who has asked before stays longest
  CHECK(status_line(answer_to(t, *half.back(), "st: x\r\n\r\n")) == "HTTP/1.1 200 OK");
  CHECK(closed(*half.front()));
  CHECK(t.loop.connections() <= HttpLimits{}.connections);
}

TEST_CASE("when every place waits for an answer the newcomer is closed, and those who wait are answered") {
  TestLoop t;
  std::vector<HttpAnswer> answers;
  HttpLimits limits;
  limits.connections = 2;
  auto opened = HttpServer::open(
      t.loop, "127.0.0.1:0",
      [&](const HttpRequest&, HttpAnswer answer) { answers.push_back(std::move(answer)); }, limits);
  REQUIRE(opened.has_value());
  RawPeer first{(*opened)->port()};
  RawPeer second{(*opened)->port()};
  first.send(kGet);
  second.send(kGet);
  REQUIRE(t.run_until([&] { return answers.size() == 2; }));
  RawPeer third{(*opened)->port()};
  REQUIRE(t.run_until([&] {
    third.read_some();
    return third.ended || third.reset;
  }));
  t.loop.post([&] {
    for (const auto& answer : answers) { answer({.body = "late"}); }
  });
  for (RawPeer* peer : {&first, &second}) {
    std::string got;
    REQUIRE(t.run_until([&] {
      got += peer->read_some();
      return got.find("late") != std::string::npos;
    }));
  }
  RawPeer fourth{(*opened)->port()};  // for whom one of those who were answered makes room
  fourth.send(kGet);
  CHECK(t.run_until([&] { return answers.size() == 3; }));
}

TEST_CASE("a taken address is an error") {
  TestLoop t;
  auto opened = HttpServer::open(t.loop, "127.0.0.1:0", say_path);
  REQUIRE(opened.has_value());
  const auto again = HttpServer::open(t.loop, (*opened)->address(), say_path);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error() == "cannot listen on " + (*opened)->address() + ": Address already in use");
}
