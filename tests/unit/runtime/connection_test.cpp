// SPDX-License-Identifier: Apache-2.0
#include "unit/runtime/loop_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;
using ports::CloseCause;

namespace {

std::string pattern(std::size_t size) {
  std::string octets(size, '\0');
  for (std::size_t i = 0; i < size; ++i) { octets[i] = static_cast<char>('a' + i % 26); }
  return octets;
}

// As who lists /proc/PID/fd does for an instant: a second holder of the socket that was accepted on `port`.
int hold_accepted(std::uint16_t port) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in local{};
    sockaddr_in remote{};
    socklen_t size = sizeof local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) { continue; }
    size = sizeof remote;
    if (local.sin_port == htons(port) &&
        ::getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &size) == 0) {
      return ::dup(fd);
    }
  }
  return -1;
}

}  // namespace

TEST_CASE("octets that are not consumed are presented again with those that follow") {
  TestLoop t;
  Scripted server;
  std::vector<std::size_t> sizes;
  server.received = [&](const Now&, Octets input) -> std::size_t {  // records of four octets, echoed
    sizes.push_back(input.size());
    const std::size_t whole = input.size() / 4 * 4;
    server.wire->output().append(input.substr(0, whole));
    return whole;
  };
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  std::string echoed;
  const auto echoed_is = [&](std::string_view wanted) {
    echoed += peer.read_some();
    return echoed == wanted;
  };
  peer.send("abc");
  REQUIRE(t.run_until([&] { return sizes.size() == 1; }));
  peer.send("defgh");
  REQUIRE(t.run_until([&] { return echoed_is("abcdefgh"); }));
  peer.send("ij");
  REQUIRE(t.run_until([&] { return sizes.size() == 3; }));
  peer.send("klmn");
  REQUIRE(t.run_until([&] { return echoed_is("abcdefghijkl"); }));
  CHECK(sizes == std::vector<std::size_t>{3, 8, 2, 6});
  CHECK(server.wire->octets_appended() == 12);
  CHECK(server.wire->octets_taken() == 12);
  CHECK(server.peer.starts_with("127.0.0.1:"));
  CHECK(server.wire->peer_address() == "127.0.0.1");
}

TEST_CASE("everything that one turn appends leaves in one write") {
  TestLoop t;
  Scripted server;
  Scripted client;
  const auto listener = listen_for(t.loop, server);
  Connector connector{t.loop};
  connector.connect({.target = listener->address()}, borrow(client));
  REQUIRE(t.run_until([&] { return client.wire && server.wire; }));
  const auto before = t.loop.counters().writes;
  t.loop.post([&] {
    for (int i = 0; i < 100; ++i) { client.wire->output().append("0123456789"); }
    client.wire->wake();
  });
  REQUIRE(t.run_until([&] { return server.octets.size() == 1000; }));
  CHECK(t.loop.counters().writes - before == 1);
  CHECK(client.flushes == 1);
  CHECK(server.reads == 1);
}

TEST_CASE("what a hook at the end of a turn appends leaves in that turn") {
  TestLoop t;
  Scripted server;
  server.received = [&](const Now&, Octets input) { return server.take(input); };
  std::uint64_t appended_in = 0;
  std::uint64_t flushed_before = 0;
  t.loop.at_turn_end([&](const Now&) {
    if (server.wire && !server.octets.empty() && appended_in == 0) {
      appended_in = t.loop.counters().turns;
      flushed_before = t.loop.counters().octets_out;
      server.wire->output().append("answer");
      server.wire->wake();
    }
    if (appended_in != 0 && t.loop.counters().turns == appended_in + 1) {
      CHECK(t.loop.counters().octets_out == flushed_before + 6);
    }
  });
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  peer.send("x");
  std::string got;
  REQUIRE(t.run_until([&] { return (got += peer.read_some()) == "answer"; }));
}

TEST_CASE("a long stream arrives whole through small buffers on both sides") {
  TestLoop t;
  Scripted server;  // echoes whatever it gets
  server.received = [&](const Now&, Octets input) {
    server.wire->output().append(input);
    return input.size();
  };
  const auto listener = listen_for(t.loop, server);
  Scripted client;
  Connector connector{t.loop};
  connector.connect({.target = listener->address()}, borrow(client));
  const std::string sent = pattern(8 * 1024 * 1024);
  client.opened = [&](const Now&) { client.wire->output() = sent; };
  REQUIRE(t.run_until([&] { return client.octets.size() == sent.size(); }));
  CHECK(client.octets == sent);
  CHECK(client.wire->output_pending() == 0);
  CHECK(client.wire->octets_taken() == sent.size());
}

TEST_CASE("a peer that takes nothing is closed when the write has stalled, and the output it left is known") {
  TestLoop t;
  Scripted server;
  ListenerSettings settings;
  settings.wire.write_stall = milliseconds{150};
  const auto listener = listen_for(t.loop, server, settings);
  RawPeer peer{listener->port(), 4096};
  Instant opened_at{};
  const std::string much = pattern(16 * 1024 * 1024);
  server.opened = [&](const Now& now) {
    opened_at = now.mono;
    server.wire->output() = much;
  };
  std::size_t pending = 0;
  std::uint64_t appended = 0;
  std::uint64_t taken = 0;
  REQUIRE(t.run_until([&] {
    if (server.wire) {
      pending = server.wire->output_pending();
      appended = server.wire->octets_appended();
      taken = server.wire->octets_taken();
    }
    return server.closed;
  }));
  CHECK(taken > 0);
  CHECK(pending > 0);
  CHECK(appended == much.size());
  CHECK(taken + pending == appended);
  CHECK(server.flushes == 0);
  CHECK(server.cause == CloseCause::kWriteStalled);
  CHECK(t.loop.now().mono - opened_at >= milliseconds{150});
  CHECK(listener->connections() == 0);
}

TEST_CASE("a slow peer that keeps taking octets is not stalled") {
  TestLoop t;
  Scripted server;
  ListenerSettings settings;
  settings.wire.write_stall = milliseconds{500};
  const auto listener = listen_for(t.loop, server, settings);
  RawPeer peer{listener->port(), 16 * 1024};
  const std::size_t size = 6 * 1024 * 1024;
  const std::string much = pattern(size);
  Instant opened_at{};
  server.opened = [&](const Now& now) {
    opened_at = now.mono;
    server.wire->output() = much;
  };
  std::size_t got = 0;
  Alarm reads{t.loop, [&](const Now& now) {
                got += peer.read_some().size();
                reads.set(now.mono + milliseconds{5});
              }};
  reads.set(t.loop.now().mono);
  REQUIRE(t.run_until([&] { return got == size || server.closed; }, seconds{60}));
  CHECK(got == size);
  CHECK_FALSE(server.closed);
  CHECK(t.loop.now().mono - opened_at > 2 * settings.wire.write_stall);  // or the test proves nothing
}

TEST_CASE("reading that is paused leaves octets in the kernel, and resuming presents what was kept") {
  TestLoop t;
  Scripted server;
  server.received = [&](const Now&, Octets input) -> std::size_t {
    server.octets.append(input.substr(0, 2));
    server.wire->pause_reading(true);
    return std::min<std::size_t>(2, input.size());
  };
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  peer.send("abcdef");
  REQUIRE(t.run_until([&] { return server.reads == 1; }));
  peer.send("gh");
  const auto turns = t.loop.counters().turns;
  bool marker = false;
  t.loop.post([&] { marker = true; });
  REQUIRE(t.run_until([&] { return marker && t.loop.counters().turns > turns + 2; }, milliseconds{100}) ==
          false);
  CHECK(server.reads == 1);  // neither new octets nor a busy loop
  t.loop.post([&] { server.wire->pause_reading(false); });
  REQUIRE(t.run_until([&] { return server.reads == 2; }));
  CHECK(server.octets == "abcd");
  server.received = nullptr;
  t.loop.post([&] { server.wire->pause_reading(false); });
  REQUIRE(t.run_until([&] { return server.octets == "abcdefgh"; }));
}

TEST_CASE("a peer that resets while reading is paused is noticed") {
  TestLoop t;
  Scripted server;
  server.opened = [&](const Now&) { server.wire->pause_reading(true); };
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  REQUIRE(t.run_until([&] { return server.wire != nullptr; }));
  peer.reset_connection();
  REQUIRE(t.run_until([&] { return server.closed; }));
  CHECK(server.cause == CloseCause::kReset);
}

TEST_CASE("close after flush delivers everything, even to a peer that is still sending") {
  TestLoop t;
  Scripted server;
  const std::string farewell = pattern(3 * 1024 * 1024);
  server.received = [&](const Now&, Octets input) {
    server.wire->output() = farewell;
    server.wire->close_after_flush();
    return input.size();
  };
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port(), 8192};
  peer.send("bye");
  REQUIRE(t.run_until([&] { return server.reads == 1; }));
  peer.send("and more that nobody will read");  // with a plain close() this would cost the peer the answer
  std::string got;
  REQUIRE(t.run_until([&] {
    got += peer.read_some();
    t.loop.post([] {});
    return peer.ended || peer.reset;
  }));
  CHECK(got == farewell);
  CHECK_FALSE(peer.reset);
  CHECK(server.closed);
  CHECK(server.cause == CloseCause::kLocal);
  CHECK(server.reads == 1);
  peer.close();
  CHECK(t.run_until([&] { return t.loop.connections() == 0; }));
}

TEST_CASE("what was answered in the turn of the peer's end of input is still sent") {
  TestLoop t;
  Scripted server;
  server.received = [&](const Now&, Octets input) {
    server.wire->output().append("answer");
    return input.size();
  };
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  peer.send("question");
  peer.finish();
  std::string got;
  REQUIRE(t.run_until([&] {
    got += peer.read_some();
    return server.closed && peer.ended;
  }));
  CHECK(got == "answer");
  CHECK(server.cause == CloseCause::kPeer);
}

TEST_CASE("close now comes at the end of the turn and never inside the call") {
  TestLoop t;
  Scripted server;
  bool closed_inside = true;
  server.received = [&](const Now&, Octets input) {
    server.wire->close_now();
    closed_inside = server.closed;
    return input.size();
  };
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  peer.send("x");
  REQUIRE(t.run_until([&] { return server.closed; }));
  CHECK_FALSE(closed_inside);
  CHECK(server.cause == CloseCause::kLocal);
  CHECK(t.run_until([&] { return t.loop.connections() == 0; }));
}

TEST_CASE("a protocol's deadline fires once it has come, also when it moved later or earlier meanwhile") {
  TestLoop t;
  Scripted server;
  Instant start{};
  server.opened = [&](const Now& now) {
    start = now.mono;
    server.deadline = now.mono + milliseconds{20};
  };
  server.received = [&](const Now&, Octets input) { return server.take(input); };
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  REQUIRE(t.run_until([&] { return server.wire != nullptr; }));
  t.loop.post([&] {
    server.deadline = start + milliseconds{80};  // later: nothing has to be said
    server.wire->wake();
  });
  Instant fired{};
  server.timer = [&](const Now& now) { fired = now.mono; };
  REQUIRE(t.run_until([&] { return server.timers == 1; }));
  CHECK(fired - start >= milliseconds{80});

  t.loop.post([&] {
    server.deadline = t.loop.now().mono + hours{1};
    server.wire->wake();
    t.loop.post([&] {
      server.deadline = t.loop.now().mono + milliseconds{10};  // earlier: wake() says so
      server.wire->wake();
    });
  });
  REQUIRE(t.run_until([&] { return server.timers == 2; }));
}

TEST_CASE("closing all connections tells every protocol that we stop") {
  TestLoop t;
  Scripted server;
  Scripted client;
  const auto listener = listen_for(t.loop, server);
  Connector connector{t.loop};
  connector.connect({.target = listener->address()}, borrow(client));
  REQUIRE(t.run_until([&] { return client.wire && server.wire; }));
  t.loop.post([&] { t.loop.close_connections(); });
  REQUIRE(t.run_until([&] { return client.closed && server.closed; }));
  CHECK(client.cause == CloseCause::kStopping);
  CHECK(server.cause == CloseCause::kStopping);
  CHECK(t.run_until([&] { return t.loop.connections() == 0; }));
}

TEST_CASE("connections that are left when the loop goes are closed without a word") {
  Scripted server;
  auto owned = std::make_unique<Scripted>();
  {
    TestLoop t;
    const auto listener = listen_for(t.loop, server);
    Connector connector{t.loop};
    connector.connect({.target = listener->address()}, std::move(owned));
    REQUIRE(t.run_until([&] { return server.wire != nullptr; }));
  }
  CHECK_FALSE(server.closed);
}

TEST_CASE("a closed connection whose socket somebody still holds is not called again") {
  TestLoop t;
  Scripted server;
  const auto listener = listen_for(t.loop, server);
  RawPeer peer{listener->port()};
  REQUIRE(t.run_until([&] { return server.wire != nullptr; }));
  const int held = hold_accepted(listener->port());
  REQUIRE(held >= 0);
  t.loop.post([&] { server.wire->close_now(); });
  REQUIRE(t.run_until([&] { return t.loop.connections() == 0; }));
  peer.send("readable for ever");
  const auto before = t.loop.counters().turns;
  CHECK_FALSE(t.run_until([] { return false; }, milliseconds{20}));
  CHECK(t.loop.counters().turns - before < 10);
  ::close(held);
}
