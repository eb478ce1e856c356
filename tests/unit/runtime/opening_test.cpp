// SPDX-License-Identifier: Apache-2.0
// Listener and Connector: how connections come to be, and how that fails.
#include <sys/resource.h>

#include "unit/runtime/loop_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;
using ports::CloseCause;

namespace {

const std::string kHere = "127.0.0.1:";

// A listener of plain system calls that never accepts: once its backlog is full, connecting hangs.
class FullBacklog {
 public:
  FullBacklog() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(fd_, 0) == 0);
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port = ntohs(at.sin_port);
    filler_ = std::make_unique<RawPeer>(port);
  }
  ~FullBacklog() { ::close(fd_); }
  FullBacklog(const FullBacklog&) = delete;
  FullBacklog& operator=(const FullBacklog&) = delete;
  std::uint16_t port = 0;

 private:
  int fd_;
  std::unique_ptr<RawPeer> filler_;
};

std::string listen_error(Loop& loop, const std::string& address) {
  ListenerSettings settings;
  settings.address = address;
  auto opened = Listener::open(loop, settings, [](std::string_view) { return ProtocolPtr{}; });
  REQUIRE_FALSE(opened);
  return opened.error();
}

struct FailedConnect {
  std::string sentence;
  CloseCause cause;
};

FailedConnect connect_error(TestLoop& t, ConnectSettings settings) {
  Scripted client;
  std::string sentence;
  Connector connector{t.loop};
  connector.connect(std::move(settings), borrow(client), [&](const std::string& why) { sentence = why; });
  CHECK_FALSE(client.closed);  // never inside the call
  REQUIRE(t.run_until([&] { return client.closed; }));
  CHECK(client.wire == nullptr);
  return {sentence, client.cause};
}

}  // namespace

TEST_CASE("a listener on port 0 says which port it got") {
  TestLoop t;
  Scripted server;
  const auto listener = listen_for(t.loop, server);
  CHECK(listener->port() != 0);
  CHECK(listener->address() == "127.0.0.1:" + std::to_string(listener->port()));
}

TEST_CASE("an address in use is named in the sentence") {
  TestLoop t;
  Scripted server;
  const auto listener = listen_for(t.loop, server);
  CHECK(listen_error(t.loop, listener->address()) ==
        "cannot listen on " + listener->address() + ": Address already in use");
}

TEST_CASE("addresses that cannot be listened on are refused with a reason") {
  TestLoop t;
  CHECK(listen_error(t.loop, "127.0.0.1") == "cannot listen on 127.0.0.1: the port is missing");
  CHECK(listen_error(t.loop, "127.0.0.1:http") ==
        "cannot listen on 127.0.0.1:http: the port is not a number from 0 to 65535");
  CHECK(listen_error(t.loop, kHere + "65536") ==
        "cannot listen on " + kHere + "65536: the port is not a number from 0 to 65535");
  CHECK(listen_error(t.loop, ":2775") == "cannot listen on :2775: the host is missing");
  CHECK(listen_error(t.loop, "::1:2775") == "cannot listen on ::1:2775: an IPv6 address stands in brackets");
  CHECK(listen_error(t.loop, "192.0.2.77:0") ==
        "cannot listen on 192.0.2.77:0: Cannot assign requested address");
}

TEST_CASE("a listener on [::] serves both families and folds mapped addresses") {
  TestLoop t;
  Scripted server;
  ListenerSettings settings;
  settings.address = "[::]:0";
  const auto listener = listen_for(t.loop, server, settings);
  CHECK(listener->address() == "[::]:" + std::to_string(listener->port()));
  RawPeer peer{listener->port()};
  REQUIRE(t.run_until([&] { return server.wire != nullptr; }));
  CHECK(server.wire->peer_address() == "127.0.0.1");
  CHECK(server.peer.starts_with("127.0.0.1:"));
}

TEST_CASE("past its bound a listener closes new connections at once and counts them") {
  TestLoop t;
  std::vector<std::unique_ptr<Scripted>> servers;
  ListenerSettings settings{.address = "127.0.0.1:0", .connections_max = 2};
  auto opened = Listener::open(t.loop, settings, [&](std::string_view) {
    servers.push_back(std::make_unique<Scripted>());
    return borrow(*servers.back());
  });
  REQUIRE(opened);
  auto& listener = **opened;
  RawPeer first{listener.port()};
  RawPeer second{listener.port()};
  RawPeer third{listener.port()};
  REQUIRE(t.run_until([&] { return listener.counters().refused_limit == 1; }));
  CHECK(servers.size() == 2);
  CHECK(listener.connections() == 2);
  first.close();
  REQUIRE(t.run_until([&] { return listener.connections() == 1; }));
  RawPeer fourth{listener.port()};
  REQUIRE(t.run_until([&] { return servers.size() == 3; }));
  t.loop.post([&] { t.loop.close_connections(); });
  REQUIRE(t.run_until([&] { return t.loop.connections() == 0; }));
}

TEST_CASE("a connection that nobody wants is closed without an octet") {
  TestLoop t;
  ListenerSettings settings;
  settings.address = "127.0.0.1:0";
  std::string asked;
  auto opened = Listener::open(t.loop, settings, [&](std::string_view address) {
    asked = address;
    return ProtocolPtr{};
  });
  REQUIRE(opened);
  RawPeer peer{(*opened)->port()};
  REQUIRE(t.run_until([&] {
    peer.read_some();
    return peer.ended || peer.reset;
  }));
  CHECK(asked == "127.0.0.1");
  CHECK((*opened)->counters().refused == 1);
}

TEST_CASE("out of descriptors a listener pauses, counts, and accepts when there are some again") {
  TestLoop t;
  Scripted server;
  const auto listener = listen_for(t.loop, server);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  RawPeer peer{listener->port()};  // waits in the backlog
  rlimit none = before;
  none.rlim_cur = 1;  // every new descriptor is too many
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const bool counted = t.run_until([&] { return listener->counters().accept_errors >= 2; });
  const auto turns = t.loop.counters().turns;
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(counted);
  CHECK(turns < 100);  // it waits between its tries
  REQUIRE(t.run_until([&] { return server.wire != nullptr; }));
}

TEST_CASE("a refused connection is told after the call, with a sentence") {
  TestLoop t;
  std::uint16_t port = 0;
  {
    Scripted nobody;
    port = listen_for(t.loop, nobody)->port();
  }
  const std::string target = "127.0.0.1:" + std::to_string(port);
  const auto failed = connect_error(t, {.target = target});
  CHECK(failed.sentence == "cannot connect to " + target + ": Connection refused");
  CHECK(failed.cause == CloseCause::kConnectFailed);
}

TEST_CASE("a connection that nobody answers fails after its timeout") {
  TestLoop t;
  FullBacklog deaf;
  const std::string target = "127.0.0.1:" + std::to_string(deaf.port);
  const Instant start = t.loop.now().mono;
  const auto failed = connect_error(t, {.target = target, .timeout = milliseconds{120}});
  CHECK(failed.sentence == "cannot connect to " + target + ": Connection timed out");
  CHECK(t.loop.now().mono - start >= milliseconds{120});
}

TEST_CASE("bad targets and sources fail like any other connection") {
  TestLoop t;
  CHECK(connect_error(t, {.target = "smsc"}).sentence == "cannot connect to smsc: the port is missing");
  CHECK(connect_error(t, {.target = kHere + "1", .source_ip = "not-an-address"}).sentence ==
        "cannot connect to " + kHere + "1: Invalid argument");
  CHECK(connect_error(t, {.target = kHere + "1", .source_ip = "::1"}).sentence ==
        "cannot connect to " + kHere + "1: Address family not supported by protocol");
  CHECK(connect_error(t, {.target = kHere + "1", .source_ip = "192.0.2.77"}).sentence ==
        "cannot connect to " + kHere + "1: Cannot assign requested address");
}

TEST_CASE("a name is resolved, and its addresses are tried until one answers") {
  TestLoop t;
  Scripted server;
  const auto listener = listen_for(t.loop, server);  // on 127.0.0.1 only; localhost may mean ::1 first
  Scripted client;
  Connector connector{t.loop};
  connector.connect({.target = "localhost:" + std::to_string(listener->port())}, borrow(client));
  REQUIRE(t.run_until([&] { return client.wire || client.closed; }));
  REQUIRE(client.wire);
  CHECK(client.peer == listener->address());
}

TEST_CASE("a connection leaves from the source address it was given") {
  TestLoop t;
  Scripted server;
  const auto listener = listen_for(t.loop, server);
  Scripted client;
  Connector connector{t.loop};
  connector.connect({.target = listener->address(), .source_ip = "127.0.0.9"}, borrow(client));
  REQUIRE(t.run_until([&] { return server.wire && client.wire; }));
  CHECK(server.wire->peer_address() == "127.0.0.9");
}

TEST_CASE("an attempt that is canceled says nothing any more") {
  TestLoop t;
  FullBacklog deaf;
  Scripted client;
  bool told = false;
  Connector connector{t.loop};
  const auto attempt =
      connector.connect({.target = "127.0.0.1:" + std::to_string(deaf.port), .timeout = milliseconds{50}},
                        borrow(client), [&](const std::string&) { told = true; });
  t.loop.post([&] { connector.cancel(attempt); });
  Scripted other;  // fails later than the first would have
  connector.connect({.target = "127.0.0.1:" + std::to_string(deaf.port), .timeout = milliseconds{150}},
                    borrow(other));
  REQUIRE(t.run_until([&] { return other.closed; }));
  CHECK_FALSE(told);
  CHECK_FALSE(client.closed);
  connector.cancel(attempt);  // decided: nothing happens
}
