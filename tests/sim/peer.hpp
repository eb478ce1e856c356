// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/framer.hpp"
#include "sim/network.hpp"

namespace aldis::sim {

// Actors' numbers in traces.
inline constexpr std::uint32_t kStaff = 1, kCustomers = 100, kOperators = 200;

// One connection of an actor, without a session's manners: what is written goes out as it is, and every PDU
// that comes is shown. Owned by its actor. Not for the gateway's side.
class Peer {
 public:
  virtual ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] bool open() const { return socket_ != nullptr; }
  void stop_reading(bool stopped);
  [[nodiscard]] bool stops_reading() const { return stopped_; }
  void leave();  // FIN
  void abort();  // RST

 protected:
  Peer(Network& network, std::uint32_t actor) : network_(network), actor_(actor) {}
  void attach(SocketPtr socket);
  void send(Octets octets);
  void send_header(smpp::CommandId id, smpp::CommandStatus status, std::uint32_t sequence);
  template <class Body>
  void send_pdu(smpp::CommandId id, smpp::CommandStatus status, std::uint32_t sequence, const Body& body) {
    std::string out;
    smpp::encode(out, id, status, sequence, body);
    send(out);
  }
  // `last`: the piece that its last octet came in, for when the gateway sent it.
  virtual void on_pdu(const smpp::Pdu& pdu, const Socket::Piece& last) = 0;
  virtual void on_gone() = 0;  // closed by the gateway or the network
  // Called when the gateway has read all that was sent so far, also after this side has left; captures
  // nothing that goes with the connection.
  void when_read(std::function<void()> what) {
    if (heard_on_) { when_taken(std::move(what)); }
  }
  // The same for what the gateway takes from its socket, to be heeded or not.
  void when_taken(std::function<void()> what) { reads_->emplace_back(octets_said_, std::move(what)); }
  // After this the gateway need not heed what it reads: framing is lost, or we said unbind.
  void expect_no_heed() { heard_on_ = false; }
  [[nodiscard]] bool to_be_heeded() const { return heard_on_; }
  [[nodiscard]] SocketPtr other_end() const { return socket_ ? socket_->other_end() : nullptr; }
  [[nodiscard]] Instant now() const { return network_.events().now(); }
  [[nodiscard]] const Events::Guard& guard() const { return guard_; }  // goes with the connection

  Network& network_;
  const std::uint32_t actor_;  // its number in traces

 private:
  void pump();
  void flush();
  void gone();
  void take(const Socket::Piece& piece);

  using Reads = std::deque<std::pair<std::uint64_t, std::function<void()>>>;
  SocketPtr socket_;
  std::shared_ptr<Reads> reads_ = std::make_shared<Reads>();
  Events::Guard guard_ = Events::make_guard();
  smpp::Framer framer_;
  std::string in_;
  std::string out_;
  std::uint64_t octets_said_ = 0;  // given to send() so far
  bool stopped_ = false;
  bool heard_on_ = true;
};

}  // namespace aldis::sim
