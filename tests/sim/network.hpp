// SPDX-License-Identifier: Apache-2.0
// Connections as two kernels see them: octets leave one socket's buffer, are under way, and arrive at the
// other's, late, in pieces, glued together, or not at all.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aldis/base/octets.hpp"
#include "sim/chance.hpp"
#include "sim/events.hpp"
#include "sim/faults.hpp"

namespace aldis::sim {

class Network;

// One end. Its user is told when there is something to read or room to write, and closes it in the end; the
// network keeps it until nothing of it is under way. Closing with unread octets resets, as kernels do.
class Socket : public std::enable_shared_from_this<Socket> {
 public:
  struct Piece {
    std::string octets;
    Instant sent_at{};        // when the other side gave it to its kernel
    Instant since{};          // it may have waited from here on for room in its kernel
    std::uint64_t stamp = 0;  // what the world's clerk said then
  };
  enum class State : std::uint8_t { kOpen, kEnd, kReset };  // kEnd: the peer said FIN and all was read

  void on_events(std::function<void()> ready) { ready_ = std::move(ready); }
  // Of what this end sent, so many octets were read by the user of the other one; also after this end is
  // gone.
  void on_read_by_peer(std::function<void(std::uint64_t)> told) {
    if (const auto peer = peer_.lock()) { peer->on_read_ = std::move(told); }
  }

  [[nodiscard]] std::size_t send(Octets octets);  // octets taken; 0 = the buffer is full or the end
  [[nodiscard]] std::optional<Piece> receive(std::size_t octets_max);
  [[nodiscard]] bool readable() const { return !received_.empty() || end_seen_ || reset_seen_; }
  [[nodiscard]] State state() const;
  [[nodiscard]] Instant closed_at() const { return closed_at_; }  // by its own user, or reset under it
  [[nodiscard]] std::shared_ptr<Socket> other_end() const { return peer_.lock(); }
  [[nodiscard]] std::size_t unacknowledged() const { return under_way_ + peer_unread(); }
  [[nodiscard]] bool has_room() const { return unacknowledged() < capacity_; }
  void shut_down_writing();
  void close();
  void reset();   // RST now; the peer sees it when it arrives
  void vanish();  // power is gone: nothing is said; what was under way may arrive

  // Nothing that this end sends arrives until healed.
  void block(bool blocked);
  void set_capacity(std::size_t octets) { capacity_ = octets; }

 private:
  friend class Network;
  struct UnderWay {
    Piece piece;
    Instant arrives_at{};
    bool end = false;
    bool reset = false;
  };
  Socket(Network& network, std::uint64_t id) : network_(network), id_(id) {}
  void put_under_way(UnderWay what);
  void schedule_arrival();
  void arrive();
  void take(UnderWay&& what);
  void tell();
  void forget_if_done();
  [[nodiscard]] std::size_t peer_unread() const;

  Network& network_;
  std::uint64_t id_;
  std::weak_ptr<Socket> peer_;
  std::function<void()> ready_;
  std::function<void(std::uint64_t)> on_read_;  // the peer's
  std::uint64_t octets_read_ = 0;
  std::deque<UnderWay> wire_;  // from us to the peer
  std::size_t under_way_ = 0;
  std::deque<Piece> received_;
  std::size_t unread_ = 0;
  std::size_t capacity_ = 64 * 1024;
  Instant arrival_last_{};
  Instant blocked_since_ = kNever;
  Instant closed_at_ = kNever;
  Instant relieved_at_ = kNever;
  Instant full_since_ = kNever;  // from here on the user has octets that we had no room for
  Duration latency_{};
  bool arrival_scheduled_ = false;
  bool end_seen_ = false;
  bool reset_seen_ = false;
  bool closed_ = false;
};
using SocketPtr = std::shared_ptr<Socket>;

// All addresses of the world. Limits: names are whole ("op-0:2775"), there is no resolver but its failures.
class Network {
 public:
  using Accept = std::function<void(SocketPtr)>;
  Network(Events& events, Faults& faults, std::uint64_t seed)
      : events_(events), faults_(faults), chance_(seed, "network") {}

  void listen(const std::string& address, Accept accept) { listening_[address] = std::move(accept); }
  void close(const std::string& address) { listening_.erase(address); }
  // `connected` gets the socket, or null when nobody listens or the network says no.
  void connect(const std::string& address, const Events::Guard& guard,
               std::function<void(SocketPtr)> connected);

  [[nodiscard]] Events& events() { return events_; }
  [[nodiscard]] Chance& chance() { return chance_; }
  [[nodiscard]] Faults& faults() { return faults_; }
  void heal();  // every blocked socket and the slow paths
  std::function<std::uint64_t()> stamp = [] { return std::uint64_t{0}; };
  std::function<void(std::uint32_t actor, Octets)> on_said;  // by an actor, for traces

 private:
  friend class Socket;
  Events& events_;
  Faults& faults_;
  Chance chance_;
  std::map<std::string, Accept> listening_;
  std::map<std::uint64_t, SocketPtr> sockets_;
  std::uint64_t last_id_ = 0;
};

}  // namespace aldis::sim
