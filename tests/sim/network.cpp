// SPDX-License-Identifier: Apache-2.0
#include "sim/network.hpp"

#include <algorithm>

namespace aldis::sim {

namespace {
constexpr Duration kUserTimeout = seconds{30};  // unacknowledged for so long, the kernel gives up
constexpr Duration kConnectAnswer = milliseconds{1};
constexpr std::size_t kPieceOctetsMax = 1400;
}  // namespace

std::size_t Socket::peer_unread() const {
  const auto peer = peer_.lock();
  return peer == nullptr ? 0 : peer->unread_;
}

Socket::State Socket::state() const {
  if (reset_seen_) { return State::kReset; }
  return end_seen_ && received_.empty() ? State::kEnd : State::kOpen;
}

std::size_t Socket::send(Octets octets) {
  if (closed_ || reset_seen_) { return 0; }
  const Instant now = network_.events().now();
  const std::size_t room = capacity_ - std::min(capacity_, unacknowledged());
  const std::size_t taken = std::min(octets.size(), room);
  if (relieved_at_ < now) {  // not before: its user may have more that waited
    full_since_ = kNever;
    relieved_at_ = kNever;
  }
  const Piece stamped{{}, now, std::min(full_since_, now), network_.stamp()};
  if (taken < octets.size()) {
    full_since_ = stamped.since;
    relieved_at_ = kNever;
  } else if (full_since_ != kNever) {
    relieved_at_ = now;
  }
  if (taken == 0) { return 0; }
  octets = octets.substr(0, taken);
  const auto piece_of = [&](Octets some) {
    Piece piece = stamped;
    piece.octets = some;
    return piece;
  };
  Faults& faults = network_.faults();
  Chance& chance = network_.chance();
  if (faults.fires(Fault::kNetReset)) {
    const std::size_t arrives = chance.below(octets.size() + 1);
    put_under_way({piece_of(octets.substr(0, arrives)), {}, false, false});
    reset();
    return taken;
  }
  if (faults.fires(Fault::kNetBlackhole)) { block(true); }
  const bool one_octet = faults.fires(Fault::kNetOneOctet);
  const bool pieces = one_octet || faults.fires(Fault::kNetPieces);
  while (!octets.empty()) {
    std::size_t size = octets.size();
    if (one_octet && octets.size() < 400) {
      size = 1;
    } else if (pieces) {
      size = std::min<std::size_t>(octets.size(), 1 + chance.below(kPieceOctetsMax));
    }
    put_under_way({piece_of(octets.substr(0, size)), {}, false, false});
    octets.remove_prefix(size);
  }
  return taken;
}

void Socket::put_under_way(UnderWay what) {
  Chance& chance = network_.chance();
  Duration delay = latency_ + microseconds{20 + chance.below(200)};
  if (network_.faults().fires(Fault::kNetLatency)) { delay += milliseconds{chance.below(120)}; }
  what.arrives_at = std::max(network_.events().now() + delay, arrival_last_);
  arrival_last_ = what.arrives_at;
  under_way_ += what.piece.octets.size();
  wire_.push_back(std::move(what));
  schedule_arrival();
}

void Socket::schedule_arrival() {
  if (arrival_scheduled_ || wire_.empty()) { return; }
  if (blocked_since_ != kNever) {
    network_.events().at(blocked_since_ + kUserTimeout, shared_from_this(), [this] {
      if (blocked_since_ != kNever && network_.events().now() >= blocked_since_ + kUserTimeout) {
        reset_seen_ = true;  // our own kernel gives up; what was under way is gone
        wire_.clear();
        under_way_ = 0;
        tell();
        forget_if_done();
      }
    });
    return;
  }
  arrival_scheduled_ = true;
  network_.events().at(wire_.front().arrives_at, shared_from_this(), [this] {
    arrival_scheduled_ = false;
    arrive();
  });
}

void Socket::arrive() {
  if (blocked_since_ != kNever) { return; }
  const auto self = shared_from_this();
  const auto peer = peer_.lock();
  const Instant now = network_.events().now();
  bool told = false;
  while (!wire_.empty() && wire_.front().arrives_at <= now) {
    UnderWay what = std::move(wire_.front());
    wire_.pop_front();
    under_way_ -= what.piece.octets.size();
    if (peer != nullptr) {
      peer->take(std::move(what));
      told = true;
    } else if (!what.end && !what.reset) {
      reset_seen_ = true;  // the machine there knows nothing of us
      tell();
    }
  }
  schedule_arrival();
  if (told) { peer->tell(); }
  forget_if_done();
}

void Socket::take(UnderWay&& what) {
  if (what.reset) {
    reset_seen_ = true;
    if (network_.chance().one_in(0.5)) {  // what was not read yet goes with it, or was read in time
      received_.clear();
      unread_ = 0;
    }
    return;
  }
  if (closed_ || reset_seen_) {                                   // nobody is there any more
    if (network_.faults().healed()) { blocked_since_ = kNever; }  // it was forgotten before
    if (!what.end && blocked_since_ == kNever) { put_under_way({{}, {}, false, true}); }
    reset_seen_ = true;
    return;
  }
  if (what.end) {
    end_seen_ = true;
    return;
  }
  unread_ += what.piece.octets.size();
  received_.push_back(std::move(what.piece));
}

void Socket::tell() {
  if (ready_) { ready_(); }
}

std::optional<Socket::Piece> Socket::receive(std::size_t octets_max) {
  if (received_.empty()) { return std::nullopt; }
  Piece piece;
  if (received_.front().octets.size() <= octets_max) {
    piece = std::move(received_.front());
    received_.pop_front();
  } else {
    piece = received_.front();
    piece.octets.resize(octets_max);
    received_.front().octets.erase(0, octets_max);
  }
  const auto peer = peer_.lock();
  const bool was_full = peer != nullptr && !peer->has_room();
  unread_ -= piece.octets.size();
  octets_read_ += piece.octets.size();
  if (on_read_) { on_read_(octets_read_); }
  if (was_full && peer->has_room() && peer->ready_) {
    network_.events().after(microseconds{50}, peer, [raw = peer.get()] { raw->tell(); });
  }
  return piece;
}

void Socket::shut_down_writing() {
  if (!closed_ && !reset_seen_) { put_under_way({{}, {}, true, false}); }
}

void Socket::close() {
  if (closed_) { return; }
  if (unread_ > 0) {
    reset();
  } else {
    shut_down_writing();
  }
  closed_ = true;
  closed_at_ = std::min(closed_at_, network_.events().now());
  ready_ = nullptr;
  forget_if_done();
}

void Socket::reset() {
  if (!reset_seen_) { put_under_way({{}, {}, false, true}); }
  reset_seen_ = true;
  received_.clear();
  unread_ = 0;
  if (ready_) {
    network_.events().after(microseconds{1}, shared_from_this(), [this] { tell(); });
  }
}

// The network lets go of it.
void Socket::forget_if_done() {
  if (closed_ && wire_.empty()) { network_.sockets_.erase(id_); }
}

void Socket::vanish() {
  closed_ = true;
  closed_at_ = std::min(closed_at_, network_.events().now());
  ready_ = nullptr;
  received_.clear();
  unread_ = 0;
  forget_if_done();
}

void Socket::block(bool blocked) {
  if (blocked == (blocked_since_ != kNever)) { return; }
  blocked_since_ = blocked ? network_.events().now() : kNever;
  if (!blocked) { schedule_arrival(); }
}

void Network::connect(const std::string& address, const Events::Guard& guard,
                      std::function<void(SocketPtr)> connected) {
  const bool refused = faults_.fires(Fault::kNetRefused);
  const bool silent = !refused && faults_.fires(Fault::kNetNoAnswer);
  const Duration takes = silent ? seconds{60} : kConnectAnswer + microseconds{chance_.below(5000)};
  events_.after(takes, guard, [this, address, refused, silent, connected = std::move(connected)] {
    const auto found = listening_.find(address);
    if (refused || silent || found == listening_.end()) { return connected(nullptr); }
    SocketPtr near{new Socket{*this, ++last_id_}};
    SocketPtr far{new Socket{*this, ++last_id_}};
    near->peer_ = far;
    far->peer_ = near;
    const Duration latency = microseconds{chance_.below(faults_.enabled(Fault::kNetLatency) ? 20'000 : 300)};
    const bool small = faults_.fires(Fault::kNetSmallBuffer);
    for (const auto& socket : {near, far}) {
      socket->latency_ = latency;
      if (small) { socket->capacity_ = 64 + chance_.below(2000); }
      sockets_.emplace(socket->id_, socket);
    }
    const Accept accept = found->second;
    accept(far);
    connected(near);
  });
}

void Network::heal() {
  const auto all = sockets_;  // telling may close some
  for (const auto& [id, socket] : all) {
    socket->block(false);
    socket->capacity_ = 64 * 1024;
    socket->tell();
  }
}

}  // namespace aldis::sim
