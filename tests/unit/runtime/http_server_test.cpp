// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/http_server.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>

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

TEST_CASE("behind a trusted proxy a request has its client's address, elsewhere nobody is believed") {
  TestLoop t;
  TestService service;
  const std::string request = get("/", "X-Forwarded-For: 203.0.113.7\r\n");
  for (const bool trusted : {false, true}) {
    HttpServerSettings settings{.address = "127.0.0.1:0"};
    settings.limits.connections_per_address = 1;
    if (trusted) { settings.trusted_proxies = {"127.0.0.0/8"}; }
    auto server = HttpServer::open(t.loop, settings, service);
    REQUIRE(server.has_value());
    RawPeer peer{(*server)->port()};
    CHECK(status(answer_to(t, peer, request)) == 200);
    CHECK(service.served.back().client == (trusted ? "203.0.113.7" : "127.0.0.1"));
    CHECK(status(answer_to(t, peer, get("/"))) == 200);
    CHECK(service.served.back().client == "127.0.0.1");
    if (trusted) {  // its connections are those of many
      RawPeer another{(*server)->port()};
      CHECK(status(answer_to(t, another, request)) == 200);
    }
  }
  const auto wrong = HttpServer::open(t.loop, {.address = "127.0.0.1:0", .trusted_proxies = {"x"}}, service);
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error() == "trusted_proxies: x is not an address or a network");
}

namespace {

// A folder with room for a socket, gone with its test.
struct SocketFolder {
  SocketFolder() { REQUIRE(::mkdtemp(folder.data()) != nullptr); }
  ~SocketFolder() {
    ::unlink(path().c_str());
    ::rmdir(folder.c_str());
  }
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;
  std::string path() const { return folder + "/ctl.sock"; }
  std::string folder = "/tmp/aldis-http-XXXXXX";
};

int connect_to(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) { return fd; }
  ::close(fd);
  return -1;
}

}  // namespace

TEST_CASE("a unix socket has its mode, tells who asks, and goes with its server") {
  TestLoop t;
  TestService service;
  SocketFolder folder;
  ports::PeerCredentials seen;
  service.serving = [&](const HttpRequest& request, const HttpReply& reply) {
    if (request.credentials != nullptr) { seen = *request.credentials; }
    CHECK(request.client == "unix");
    reply.send({.body = "here"});
  };
  auto server = HttpServer::open(t.loop, {.address = "unix:" + folder.path(), .unix_mode = 0600}, service);
  REQUIRE(server.has_value());
  CHECK((*server)->address() == "unix:" + folder.path());
  struct stat about {};
  REQUIRE(::stat(folder.path().c_str(), &about) == 0);
  CHECK((about.st_mode & 0777u) == 0600u);
  const int fd = connect_to(folder.path());
  REQUIRE(fd >= 0);
  const std::string request = get("/");
  REQUIRE(::send(fd, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
  std::string got(4096, '\0');
  ssize_t n = -1;
  REQUIRE(t.run_until([&] { return n > 0 || (n = ::recv(fd, got.data(), got.size(), MSG_DONTWAIT)) > 0; }));
  got.resize(static_cast<std::size_t>(n));
  CHECK(body(got) == "here");
  CHECK(seen.uid == ::geteuid());
  CHECK(seen.gid == ::getegid());
  ::close(fd);

  const auto second = HttpServer::open(t.loop, {.address = "unix:" + folder.path()}, service);
  REQUIRE_FALSE(second.has_value());  // somebody listens there
  CHECK(second.error() == "cannot listen on unix:" + folder.path() + ": Address already in use");
  server->reset();
  CHECK(::stat(folder.path().c_str(), &about) != 0);
}

TEST_CASE(
    "a socket that a killed process left behind is made anew, and a path that cannot be one is refused") {
  TestLoop t;
  TestService service;
  SocketFolder folder;
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  folder.path().copy(at.sun_path, sizeof at.sun_path - 1);
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(left, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  ::close(left);
  auto server = HttpServer::open(t.loop, {.address = "unix:" + folder.path()}, service);
  CHECK(server.has_value());
  CHECK_FALSE(HttpServer::open(t.loop, {.address = "unix:"}, service).has_value());
  CHECK_FALSE(HttpServer::open(t.loop, {.address = "unix:/" + std::string(200, 'a')}, service).has_value());
  const auto of_nobody = HttpServer::open(
      t.loop, {.address = "unix:" + folder.path() + "2", .unix_group = "no-such-group-here"}, service);
  REQUIRE_FALSE(of_nobody.has_value());
  CHECK(of_nobody.error().ends_with(": there is no group no-such-group-here"));
}
