// SPDX-License-Identifier: Apache-2.0
// Answers that come later, bodies and answers that are streams, and whoever is slow.
#include <algorithm>

#include "unit/runtime/http_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;

namespace {

// Notes what comes; takes as much as it is told to.
struct TestStream final : HttpStream {
  std::size_t on_body(const Now&, Octets piece) override {
    const std::size_t taken = std::min(room, piece.size());
    room -= taken;
    octets.append(piece.substr(0, taken));
    largest = std::max(largest, piece.size());
    return taken;
  }
  void on_body_end(const Now&) override { has_ended = true; }
  void on_room(const Now&) override { ++rooms; }
  void on_gone(const Now&) override { ++gones; }

  std::string octets;
  std::size_t room = ~std::size_t{0};
  std::size_t largest = 0;
  int rooms = 0;
  int gones = 0;
  bool has_ended = false;
};

// Every request is a stream.
struct Streams {
  explicit Streams(TestService& service) {
    service.judging = [](const HttpRequest&) { return HttpTakeStream{}; };
    service.streaming = [this](const HttpRequest&, const HttpReply& reply) {
      replies.push_back(reply);
      streams.push_back(std::make_shared<TestStream>());
      return streams.back();
    };
  }
  std::vector<HttpReply> replies;
  std::vector<std::shared_ptr<TestStream>> streams;
};

std::string chunked(std::string_view path) {
  return "POST " + std::string{path} + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
}

}  // namespace

// --- later ---

TEST_CASE("answers that come out of order leave in order") {
  TestService service;
  Later later{service};
  HttpFixture http{service};
  CHECK(http.send(get("/a") + get("/b") + get("/c")).empty());
  REQUIRE(later.replies.size() == 3);
  later.replies[2].send({.body = "third"});
  later.replies[1].send({.body = "second"});
  CHECK(http.flush().empty());
  later.replies[0].send({.body = "first"});
  const std::string got = http.flush();
  CHECK(got.find("first") < got.find("second"));
  CHECK(got.find("second") < got.find("third"));
  CHECK(got.ends_with("third"));
  later.replies[0].send({.body = "twice"});  // a second answer to one request is none
  CHECK(http.flush().empty());
}

TEST_CASE("sixteen requests of a connection are at work, the next one is not read before one is answered") {
  TestService service;
  Later later{service};
  HttpFixture http{service};
  std::string pipeline;
  for (int i = 0; i < 40; ++i) { pipeline += get("/"); }
  http.send(pipeline);
  CHECK(later.replies.size() == 16);
  CHECK(http.paused);
  later.replies[3].send({});
  CHECK(http.paused);  // its place is free once those before it have gone
  later.replies[0].send({});
  CHECK_FALSE(http.paused);
  http.pump();
  CHECK(later.replies.size() == 17);
  for (std::size_t i = 0; i < later.replies.size(); ++i) {
    later.replies[i].send({});
    http.pump();
  }
  CHECK(later.replies.size() == 40);
  CHECK(http.kept() == 0);
}

TEST_CASE(
    "an answer that does not come in time is 503 accept_unknown, and what comes afterwards is dropped") {
  TestService service;
  Later later{service};
  HttpFixture http{service};
  http.send(get("/a"));
  http.now.mono += seconds{10};
  http.send(get("/b"));
  CHECK(http.left() == seconds{20});
  const std::string got = http.pass(seconds{20});
  CHECK(status(got) == 503);
  CHECK(body(got).find("\"code\":\"accept_unknown\"") != std::string::npos);
  CHECK(has(got, "Connection: keep-alive"));
  CHECK_FALSE(later.replies[0].wanted());
  later.replies[0].send({.body = "late"});
  CHECK(http.flush().empty());
  CHECK(http.left() == seconds{10});
  later.replies[1].send({.body = "in time"});
  CHECK(body(http.flush()) == "in time");
}

TEST_CASE("an answer to a peer that has gone is dropped") {
  TestService service;
  Later later{service};
  {
    HttpFixture http{service};
    http.send(get("/a") + get("/b"));
    CHECK(later.replies[1].wanted());
    http.hang_up();
    CHECK_FALSE(later.replies[0].wanted());
    later.replies[0].send({.body = "x"});
    CHECK(http.flush().empty());
  }
  later.replies[1].send({.body = "x"});
  later.replies[1].begin({});
  CHECK_FALSE(later.replies[1].write("x"));
  later.replies[1].end();
  later.replies[1].resume();
  HttpReply{}.send({});
}

TEST_CASE("a refusal waits until those before it are answered") {
  TestService service;
  Later later{service};
  HttpFixture http{service};
  CHECK(http.send(get("/a") + "nonsense\r\n\r\n" + get("/b")).empty());
  CHECK(later.replies.size() == 1);
  CHECK_FALSE(http.closing);
  later.replies[0].send({.body = "first"});
  const std::string got = http.flush();
  CHECK(status(got) == 200);
  CHECK(got.find("HTTP/1.1 400") != std::string::npos);
  CHECK(http.closing);
}

TEST_CASE("an answer that closes the connection is the last one") {
  TestService service;
  Later later{service};
  HttpFixture http{service};
  http.send(get("/a") + get("/b", "Connection: close\r\n") + get("/c"));
  REQUIRE(later.replies.size() == 2);
  later.replies[1].send({});
  CHECK_FALSE(http.closing);
  later.replies[0].send({});
  CHECK(http.closing);
}

// --- before the body ---

TEST_CASE("what the header decides is answered before the body comes, and a short body is read over") {
  TestService service;
  service.judging = [](const HttpRequest& request) -> HttpVerdict {
    if (request.path == "/busy") { return HttpResponse{.status = 429, .body = "slow down\n"}; }
    return HttpTakeWhole{};
  };
  HttpFixture http{service};
  const std::string request = post("/busy", "some text");
  CHECK(status(http.send(request.substr(0, request.size() - 9))) == 429);
  CHECK(http.send("some t").empty());
  CHECK(body(http.send("ext" + get("/a"))) == "/a\n");
  CHECK(service.served.size() == 1);

  const std::string got = http.send("POST /busy HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
  CHECK(status(got) == 429);
  CHECK(has(got, "Connection: close"));
  CHECK(http.closing);

  HttpFixture of_unknown_length{service};
  CHECK(has(of_unknown_length.send(chunked("/busy")), "Connection: close"));
  CHECK(of_unknown_length.closing);
}

TEST_CASE("what judge() found out is told to serve()") {
  TestService service;
  service.judging = [](const HttpRequest&) { return HttpTakeWhole{.token = 77}; };
  std::uint64_t token = 0;
  service.serving = [&](const HttpRequest& request, const HttpReply& reply) {
    token = request.token;
    reply.send({});
  };
  HttpFixture http{service};
  http.send(post("/a", "x"));
  CHECK(token == 77);
}

TEST_CASE("who asks for leave to send a body gets it once the header was admitted, and no second time") {
  TestService service;
  service.judging = [](const HttpRequest& request) -> HttpVerdict {
    if (request.path == "/locked") { return HttpResponse{.status = 401}; }
    return HttpTakeWhole{.body_octets_max = 10};
  };
  const auto asks = [](std::string_view path, std::string_view length) {
    return "POST " + std::string{path} +
           " HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: " + std::string{length} +
           "\r\n\r\n";
  };
  HttpFixture http{service};
  CHECK(http.send(asks("/a", "3")) == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(http.send("ab").empty());
  CHECK(status(http.send("c")) == 200);
  CHECK(status(http.send(asks("/a", "3") + "abc")) == 200);  // who does not wait needs no leave
  CHECK(status(http.send(asks("/a", "0"))) == 200);
  CHECK(http.send("POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").empty());

  HttpFixture locked{service};
  CHECK(status(locked.send(asks("/locked", "3"))) == 401);
  CHECK(locked.closing);  // nobody knows whether the body will come
  HttpFixture large{service};
  CHECK(status(large.send(asks("/a", "11"))) == 413);
  CHECK(large.closing);
}

TEST_CASE("leave to send a body is given in its turn") {
  TestService service;
  Later later{service};
  HttpFixture http{service};
  http.send(get("/a") + "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(http.flush().empty());
  later.replies[0].send({.body = "first"});
  CHECK(http.flush().ends_with("firstHTTP/1.1 100 Continue\r\n\r\n"));
}

// --- slow ---

TEST_CASE("a header that dribbles in gets 408 five seconds after its first octet") {
  TestService service;
  HttpFixture http{service};
  http.send("GET /a HTTP/1.1\r\n");
  http.now.mono += seconds{4};
  http.send("Host: x\r\n");
  CHECK(http.left() == seconds{1});
  CHECK(status(http.pass(seconds{1})) == 408);
  CHECK(http.closing);
}

TEST_CASE("a body has ten seconds of grace, then brings 1 KiB a second or gets 408") {
  TestService service;
  HttpFixture http{service};
  http.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  CHECK(http.left() == seconds{10});
  CHECK(http.pass(seconds{10}).empty());
  for (int i = 0; i < 3; ++i) {
    http.send(std::string(10 * 1024, 'x'));
    CHECK(http.left() == seconds{10});
    CHECK(http.pass(seconds{10}).empty());
  }
  http.send(std::string(10 * 1024 - 1, 'x'));
  CHECK(status(http.pass(seconds{10})) == 408);
  CHECK(http.closing);
}

TEST_CASE(
    "a connection that says nothing is closed without a word, sooner before its first request than after") {
  TestService service;
  HttpFixture silent{service};
  CHECK(silent.pass(seconds{5}).empty());
  CHECK(silent.closed);

  HttpFixture idle{service};
  idle.send(get("/a"));
  CHECK(idle.left() == seconds{60});
  CHECK(idle.pass(seconds{60}).empty());
  CHECK(idle.closed);
}

TEST_CASE("a pipeline for large answers waits until the peer has read") {
  TestService service;
  service.serving = [](const HttpRequest&, const HttpReply& reply) {
    reply.send({.body = std::string(200 * 1024, 'x')});
  };
  HttpFixture http{service};
  std::string pipeline;
  for (int i = 0; i < 50; ++i) { pipeline += get("/"); }
  http.is_reading = false;
  http.send(pipeline);
  CHECK(service.served.size() == 2);
  CHECK(http.paused);
  http.is_reading = true;
  std::size_t got = http.flush().size();
  CHECK_FALSE(http.paused);
  for (int i = 0; i < 24; ++i) { got += http.pump().size(); }
  CHECK(service.served.size() == 50);
  CHECK(got > std::size_t{50} * 200 * 1024);
}

// --- streams ---

TEST_CASE("a body that is a stream is handed over as it comes, and never kept") {
  TestService service;
  Streams s{service};
  HttpFixture http{service};
  http.send(chunked("/batch"));
  REQUIRE(s.streams.size() == 1);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(http.send("400\r\n" + std::string(1024, 'x') + "\r\n").empty());
    REQUIRE(http.kept() <= 2);
  }
  CHECK(s.streams[0]->octets.size() == 1000 * 1024);
  CHECK_FALSE(s.streams[0]->has_ended);
  http.send("0\r\n\r\n");
  CHECK(s.streams[0]->has_ended);
  s.replies[0].send({.body = "done"});
  CHECK(body(http.flush()) == "done");
  CHECK(s.streams[0]->gones == 0);
  http.send(get("/"));
  CHECK(s.streams.size() == 2);
  CHECK(s.streams[1]->has_ended);
}

TEST_CASE("a stream that takes no more pauses its peer, whose time then stands still") {
  TestService service;
  Streams s{service};
  HttpFixture http{service};
  http.send(chunked("/batch"));
  s.streams[0]->room = 3;
  http.send("5\r\nabcde\r\n5\r\nfghij\r\n");
  CHECK(s.streams[0]->octets == "abc");
  CHECK(http.paused);
  CHECK(http.waits_for_ever());
  s.streams[0]->room = 100;
  CHECK(s.streams[0]->octets == "abc");
  s.replies[0].resume();
  CHECK_FALSE(http.paused);
  http.pump();
  CHECK(s.streams[0]->octets == "abcdefghij");
  CHECK(http.left() == seconds{10});
  http.pass(seconds{10});
  CHECK(status(http.pass(seconds{10})) == 408);
  CHECK(s.streams[0]->gones == 1);
}

TEST_CASE("an answer that is a stream leaves in chunks while the body still comes") {
  TestService service;
  Streams s{service};
  HttpFixture http{service};
  http.send(chunked("/batch") + "2\r\n{}\r\n");
  s.replies[0].begin({.content_type = "application/x-ndjson"});
  CHECK(s.replies[0].write("{\"id\":1}\n"));
  std::string got = http.flush();
  CHECK(has(got, "Transfer-Encoding: chunked"));
  CHECK(has(got, "Content-Type: application/x-ndjson"));
  CHECK(got.find("Content-Length") == std::string::npos);
  CHECK(body(got) == "9\r\n{\"id\":1}\n\r\n");
  http.now.mono += seconds{9};
  http.send("2\r\n{}\r\n0\r\n\r\n");
  CHECK(http.waits_for_ever());  // an answer that has begun may take its time
  s.replies[0].write("x");
  s.replies[0].end();
  CHECK(http.flush() == "1\r\nx\r\n0\r\n\r\n");
  CHECK_FALSE(http.closing);
  CHECK(http.left() == seconds{60});
}

TEST_CASE("for HTTP/1.0 a stream ends with the connection, and HEAD gets none of it") {
  TestService service;
  Streams s{service};
  HttpFixture old{service};
  old.send("GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  s.replies[0].begin({.body = "a"});
  s.replies[0].write("b");
  const std::string got = old.flush();
  CHECK(has(got, "Connection: close"));
  CHECK(got.find("Transfer-Encoding") == std::string::npos);
  CHECK(body(got) == "ab");
  s.replies[0].end();
  CHECK(old.closing);

  HttpFixture http{service};
  http.send("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  s.replies[1].begin({.body = "a"});
  s.replies[1].write("b");
  s.replies[1].end();
  CHECK(body(http.flush()).empty());
}

TEST_CASE(
    "a stream whose peer does not read is asked to wait, told when there is room, and reset past 1 MiB") {
  TestService service;
  Streams s{service};
  HttpFixture http{service};
  http.send(get("/events"));
  s.replies[0].begin({});
  http.is_reading = false;
  const std::string piece(64 * 1024, 'x');
  int wrote = 1;
  while (s.replies[0].write(piece)) { ++wrote; }
  CHECK(wrote == 4);
  CHECK(s.streams[0]->rooms == 0);
  http.is_reading = true;
  http.flush();
  CHECK(s.streams[0]->rooms == 1);
  http.is_reading = false;
  for (int i = 0; i < 16; ++i) { s.replies[0].write(piece); }
  CHECK(http.closed);
  http.hang_up();
  CHECK(s.streams[0]->gones == 1);
}

TEST_CASE("a stream behind another waits for its turn") {
  TestService service;
  Streams s{service};
  HttpFixture http{service};
  http.send(get("/a") + get("/b"));
  REQUIRE(s.replies.size() == 2);
  s.replies[1].begin({});
  s.replies[1].write("second");
  s.replies[0].begin({});
  s.replies[0].write("first");
  CHECK(http.flush().find("second") == std::string::npos);
  s.replies[0].end();
  CHECK(http.flush().find("6\r\nsecond\r\n") != std::string::npos);
  s.replies[1].write("more");
  CHECK(http.flush() == "4\r\nmore\r\n");
}

TEST_CASE("an answer that ends before its body has come ends the connection") {
  TestService service;
  Streams s{service};
  HttpFixture http{service};
  http.send(chunked("/batch") + "2\r\n{}\r\n");
  s.replies[0].send({.status = 400, .body = "line_too_long"});
  CHECK(body(http.flush()) == "line_too_long");
  CHECK(http.closing);
  CHECK(s.streams[0]->gones == 0);
}

TEST_CASE("a stream is told that its peer has gone, once") {
  TestService service;
  Streams s{service};
  HttpFixture http{service};
  http.send(chunked("/batch") + "2\r\n{}\r\n");
  http.hang_up();
  CHECK(s.streams[0]->gones == 1);
  CHECK_FALSE(s.streams[0]->has_ended);

  HttpFixture bad{service};
  bad.send(chunked("/batch"));
  CHECK(status(bad.send("nonsense\r\n")) == 400);
  bad.hang_up();
  CHECK(s.streams[1]->gones == 1);

  HttpFixture begun{service};
  begun.send(chunked("/batch"));
  s.replies[2].begin({});
  begun.flush();
  CHECK(begun.send("nonsense\r\n").empty());  // half an answer cannot be taken back
  CHECK(begun.closed);
  begun.hang_up();
  CHECK(s.streams[2]->gones == 1);
}

TEST_CASE("a service that takes no streams says 501") {
  TestService service;
  service.judging = [](const HttpRequest&) { return HttpTakeStream{}; };
  HttpFixture http{service};
  CHECK(status(http.send(get("/a"))) == 501);
  CHECK(status(http.send(get("/a"))) == 501);
}
