// SPDX-License-Identifier: Apache-2.0
// Bytes in, bytes out (STYLE rule 2): how protocol code meets a connection without knowing sockets.
// A ByteProtocol is driven by a pump (runtime's, or the simulator's) on the engine thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/base/time.hpp"

namespace aldis::ports {

// Who is at the other end of a unix socket, as the kernel knew when it connected.
struct PeerCredentials {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups{};  // the others it belongs to
};

// The pump's side, given to the protocol for its lifetime. Calls only mark; the pump acts at the end of the
// turn.
class Wire {
 public:
  // Octets to send. Append whole PDUs; the pump takes all of it in one write at the end of the turn.
  virtual std::string& output() = 0;
  // Octets appended to output() that the kernel has not taken yet: bounds what a peer that does not read can
  // make us hold.
  [[nodiscard]] virtual std::size_t output_pending() const = 0;
  // Octets the kernel has taken since the connection opened, and octets ever appended to output().
  [[nodiscard]] virtual std::uint64_t octets_taken() const = 0;
  [[nodiscard]] virtual std::uint64_t octets_appended() const = 0;
  // output was appended, or next_deadline() moved earlier, outside a callback
  virtual void wake() = 0;
  virtual void pause_reading(bool paused) = 0;  // paused: octets stay in the kernel's buffer
  virtual void close_after_flush() = 0;         // then on_closed() comes
  // on_closed() comes at the end of the turn, never inside this call
  virtual void close_now() = 0;
  [[nodiscard]] virtual std::string_view peer() const = 0;  // "203.0.113.7:51514"; "unix"
  // Without port; v4-mapped v6 folded to v4; "unix".
  [[nodiscard]] virtual std::string_view peer_address() const = 0;
  [[nodiscard]] virtual const PeerCredentials* credentials() const { return nullptr; }  // of a unix socket

 protected:
  ~Wire() = default;
};

enum class CloseCause : std::uint8_t { kPeer, kReset, kLocal, kConnectFailed, kWriteStalled, kStopping };
std::string_view name_of(CloseCause cause);

class ByteProtocol {
 public:
  virtual ~ByteProtocol() = default;
  virtual void on_open(const Now& now, Wire& wire) = 0;
  // Octets not consumed are presented again, with more behind them. May be called with the whole of several
  // reads. Returns the octets consumed. A protocol that wants a bound closes the wire before it asks for too
  // much.
  virtual std::size_t on_octets(const Now& now, Octets input) = 0;
  virtual void on_flushed(const Now& now) { static_cast<void>(now); }  // everything appended so far was taken
  virtual void on_timer(const Now& now) = 0;                           // next_deadline() has come
  [[nodiscard]] virtual Instant next_deadline() const = 0;             // kNever = none
  virtual void on_closed(const Now& now, CloseCause cause) = 0;        // last call; the wire is gone
};

}  // namespace aldis::ports
