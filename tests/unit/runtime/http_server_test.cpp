// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/http_server.hpp"

#include "unit/runtime/http_fixture.hpp"
#include "unit/runtime/loop_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;

namespace {

std::unique_ptr<HttpServer> open_server(TestLoop& t, ports::HttpService& service,
                                        const HttpLimits& limits = {}) {
  auto opened = HttpServer::open(t.loop, {.address = "127.0.0.1:0", .limits = limits}, service);
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

HttpLimits places(std::size_t connections) {
  HttpLimits limits;
  limits.connections = connections;
  limits.connections_per_address = connections + 1;  // never reached
  return limits;
}

std::string answer_to(TestLoop& t, RawPeer& peer, std::string_view request) {
  peer.send(request);
  std::string got;
  REQUIRE(t.run_until([&] {
    got += peer.read_some();
    return peer.ended || peer.reset || got.find("\r\n\r\n") != std::string::npos;
  }));
  return got;
}

bool is_closed(RawPeer& peer) {
  peer.read_some();
  return peer.ended || peer.reset;
}

}  // namespace

TEST_CASE("the server answers on a real socket, and says 503 once it is gone") {
  TestLoop t;
  TestService service;
  auto server = open_server(t, service);
  RawPeer peer{server->port()};
  CHECK(body(answer_to(t, peer, get("/livez"))) == "/livez\n");
  CHECK(body(answer_to(t, peer, get("/livez"))) == "/livez\n");
  CHECK(server->counters().requests == 2);
  server.reset();
  const std::string got = answer_to(t, peer, get("/livez"));
  CHECK(status(got) == 503);
  CHECK(body(got).find("shutting_down") != std::string::npos);
}

TEST_CASE("a server that drains closes who is idle and answers what was read with a goodbye") {
  TestLoop t;
  TestService service;
  Later later{service};
  auto server = open_server(t, service);
  RawPeer idle{server->port()};
  RawPeer waits{server->port()};
  waits.send(get("/a") + get("/b"));
  REQUIRE(t.run_until([&] { return later.replies.size() == 2; }));
  t.loop.post([&] {
    server->drain();
    for (const HttpReply& reply : later.replies) { reply.send({.body = "late"}); }
  });
  std::string got;
  REQUIRE(t.run_until([&] {
    got += waits.read_some();
    return is_closed(waits) && is_closed(idle);
  }));
  CHECK(got.find("Connection: keep-alive") < got.find("Connection: close"));
  CHECK(got.ends_with("late"));
}

TEST_CASE("half-sent requests keep nobody out: the oldest is closed for whoever comes next") {
  TestLoop t;
  TestService service;
  auto server = open_server(t, service, places(32));
  const std::uint16_t port = server->port();
  RawPeer regular{port};
  REQUIRE(status(answer_to(t, regular, get("/livez"))) == 200);
  std::vector<std::unique_ptr<RawPeer>> half;
  for (std::size_t i = 0; i < 300; ++i) {
    half.push_back(std::make_unique<RawPeer>(port));
    half.back()->send("GET /metrics HTTP/1.1\r\nHo");
    if (i % 10 == 0) {
      RawPeer asks{port};
      REQUIRE(status(answer_to(t, asks, get("/livez"))) == 200);
    }
  }
  CHECK(status(answer_to(t, regular, get("/livez"))) == 200);  // who has asked before stays longest
  CHECK(status(answer_to(t, *half.back(), "st: x\r\n\r\n")) == 200);
  CHECK(is_closed(*half.front()));
  CHECK(t.loop.connections() <= 32);
  CHECK(server->counters().connections_turned_out > 200);
}

TEST_CASE("when every place waits for an answer the newcomer is closed, and those who wait are answered") {
  TestLoop t;
  TestService service;
  Later later{service};
  HttpLimits limits = places(2);
  limits.connections_per_address = 10;
  auto server = open_server(t, service, limits);
  RawPeer first{server->port()};
  RawPeer second{server->port()};
  first.send(get("/"));
  second.send(get("/"));
  REQUIRE(t.run_until([&] { return later.replies.size() == 2; }));
  RawPeer third{server->port()};
  REQUIRE(t.run_until([&] { return is_closed(third); }));
  CHECK(server->counters().connections_refused_full == 1);
  t.loop.post([&] {
    for (const HttpReply& reply : later.replies) { reply.send({.body = "late"}); }
  });
  for (RawPeer* peer : {&first, &second}) {
    std::string got;
    REQUIRE(t.run_until([&] {
      got += peer->read_some();
      return got.find("late") != std::string::npos;
    }));
  }
  RawPeer fourth{server->port()};  // for whom one of those who were answered makes room
  fourth.send(get("/"));
  CHECK(t.run_until([&] { return later.replies.size() == 3; }));
}

TEST_CASE("one address has its share of the connections, and gets another when one of them ends") {
  TestLoop t;
  TestService service;
  HttpLimits limits;
  limits.connections_per_address = 2;
  auto server = open_server(t, service, limits);
  RawPeer first{server->port()};
  RawPeer second{server->port()};
  RawPeer third{server->port()};
  REQUIRE(t.run_until([&] { return is_closed(third); }));
  CHECK(server->counters().connections_refused_address == 1);
  CHECK(status(answer_to(t, second, get("/"))) == 200);
  first.close();
  REQUIRE(t.run_until([&] { return t.loop.connections() == 1; }));
  RawPeer fourth{server->port()};
  CHECK(status(answer_to(t, fourth, get("/"))) == 200);
}

TEST_CASE("a taken address is an error") {
  TestLoop t;
  TestService service;
  auto server = open_server(t, service);
  const auto again = HttpServer::open(t.loop, {.address = server->address()}, service);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error() == "cannot listen on " + server->address() + ": Address already in use");
}
