// SPDX-License-Identifier: Apache-2.0
// How connections come to be: a Listener accepts them, a Connector opens them. From then on the Loop pumps
// octets between the socket and a ports::ByteProtocol, until one of them ends it.
//
// The pump: one recv of at most 64 KiB per connection and turn; what the protocol did not consume is kept and
// presented again with more, or when reading resumes; one send per connection and turn; a peer that takes
// nothing for `write_stall` is closed. close_after_flush() sends everything, says FIN and reads on until the
// peer has said FIN too or taken nothing for 2 s, so that a late octet of the peer cannot make the kernel
// throw away what the peer has not read yet. At end of input, what was answered in that turn is still sent.
// TLS will be a protocol between the two, not a second pump.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "aldis/base/result.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::runtime {

// A protocol that belongs to its connection (from make_unique) or to somebody else (from borrow()).
struct ProtocolRelease {
  ProtocolRelease() = default;
  template <class T>
  ProtocolRelease(const std::default_delete<T>&) {
  }  // NOLINT(google-explicit-constructor): unique_ptr converts with it
  void operator()(ports::ByteProtocol* protocol) const {
    if (owned) { delete protocol; }
  }
  bool owned = true;
};
using ProtocolPtr = std::unique_ptr<ports::ByteProtocol, ProtocolRelease>;

// The protocol must outlive its connection: until on_closed(), or until Connector::cancel().
inline ProtocolPtr borrow(ports::ByteProtocol& protocol) {
  ProtocolRelease release;
  release.owned = false;
  return {&protocol, release};
}

struct WireSettings {
  Duration write_stall = seconds{60};   // no octet acknowledged for so long: closed with kWriteStalled
  Duration user_timeout = seconds{30};  // TCP_USER_TIMEOUT: unacknowledged for so long, the kernel gives up
};

struct ListenerSettings {
  // "127.0.0.1:2775", "[::]:2775" (both families), "localhost:0" (any free port), "unix:/run/aldis/ctl.sock":
  // made anew when nobody listens there, and removed at the end.
  std::string address{};
  unsigned unix_mode = 0660;
  std::string unix_group{};            // the socket's; empty = the process's own
  std::size_t connections_max = 5000;  // of this listener, past it: accepted and closed at once, counted
  WireSettings wire{};
};

// Owns the listening socket; its connections belong to the Loop and outlive it. On the loop's thread, or
// before run(). Cannot accept for want of descriptors: pauses 100 ms, counts, tries again.
class Listener {
 public:
  // Makes the protocol of a new connection; null refuses it: closed without an octet.
  using Accept = std::function<ProtocolPtr(std::string_view peer_address)>;
  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;        // by Accept
    std::uint64_t refused_limit = 0;  // connections_max
    std::uint64_t accept_errors = 0;  // EMFILE and the like
  };

  // The error is a sentence: "cannot listen on 127.0.0.1:2775: Address already in use".
  static Result<std::unique_ptr<Listener>, std::string> open(Loop& loop, ListenerSettings settings,
                                                             Accept accept);
  ~Listener();  // stops listening; not from inside Accept
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const std::string& address() const;  // with the real port: "127.0.0.1:40123"
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;  // open now
  [[nodiscard]] const Counters& counters() const;

  struct Impl;

 private:
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct ConnectSettings {
  std::string target{};            // "smsc1.example:2775", "192.0.2.1:2775", "[2001:db8::1]:2775"
  std::string source_ip{};         // empty = the kernel chooses
  Duration timeout = seconds{10};  // for resolving and all addresses of the name (8 at most) together
  WireSettings wire{};
};

// Opens connections on a Loop, on its thread. Bounded by its callers: one attempt per link.
class Connector {
 public:
  using Attempt = std::uint64_t;  // never 0
  // Why it failed: "cannot connect to smsc1.example:2775: Connection refused". Called just before
  // on_closed().
  using Failed = std::function<void(const std::string& sentence)>;

  explicit Connector(Loop& loop);
  ~Connector();  // as cancel() of every attempt
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Then comes on_open(), or on_closed(kConnectFailed); never inside this call.
  Attempt connect(ConnectSettings settings, ProtocolPtr protocol, Failed failed = nullptr);
  // An attempt that is not decided yet: the protocol is released and not called any more. Otherwise nothing.
  void cancel(Attempt attempt);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aldis::runtime
