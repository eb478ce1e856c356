// SPDX-License-Identifier: Apache-2.0
#include "sim/peer.hpp"

#include "aldis/base/check.hpp"

namespace aldis::sim {

Peer::~Peer() {
  if (socket_ != nullptr) { leave(); }
}

void Peer::attach(SocketPtr socket) {
  socket_ = std::move(socket);
  guard_ = Events::make_guard();
  framer_ = {};
  in_.clear();
  out_.clear();
  octets_said_ = 0;
  stopped_ = false;
  heard_on_ = true;
  socket_->on_events([this] { pump(); });
  reads_ = std::make_shared<Reads>();
  socket_->on_read_by_peer([reads = reads_](std::uint64_t octets) {
    while (!reads->empty() && reads->front().first <= octets) {
      const auto what = std::move(reads->front().second);
      reads->pop_front();
      what();
    }
  });
}

void Peer::pump() {
  flush();
  while (socket_ != nullptr && !stopped_) {
    const auto piece = socket_->receive(64 * 1024);
    if (!piece) { break; }
    take(*piece);
  }
  if (socket_ == nullptr || stopped_) { return; }
  if (socket_->state() != Socket::State::kOpen) { gone(); }
}

void Peer::take(const Socket::Piece& piece) {
  in_ += piece.octets;
  std::size_t done = 0;
  const std::string octets = std::move(in_);  // an answer may end the connection
  in_.clear();
  while (socket_ != nullptr) {
    const auto frame = framer_.next(Octets{octets}.substr(done), smpp::kSkippableOctetsMax, false);
    if (frame.kind != smpp::Framer::Kind::kPdu) {
      ALDIS_CHECK(frame.kind == smpp::Framer::Kind::kMore);  // the gateway always speaks SMPP
      break;
    }
    done += frame.consumed;
    smpp::Pdu pdu;
    const auto error = smpp::decode_into(frame.octets, smpp::Strictness::kLink, pdu);
    ALDIS_CHECK(!error);
    on_pdu(pdu, piece);
  }
  if (socket_ != nullptr) { in_ = octets.substr(done); }
}

void Peer::gone() {
  guard_ = Events::make_guard();
  const SocketPtr socket = std::move(socket_);
  socket_ = nullptr;
  socket->on_events(nullptr);
  socket->close();
  on_gone();
}

void Peer::leave() {
  if (socket_ == nullptr) { return; }
  guard_ = Events::make_guard();
  const SocketPtr socket = std::move(socket_);
  socket_ = nullptr;
  socket->close();
}

void Peer::abort() {
  if (socket_ == nullptr) { return; }
  socket_->reset();
  leave();
}

void Peer::stop_reading(bool stopped) {
  stopped_ = stopped;
  if (!stopped && socket_ != nullptr) {
    network_.events().after(microseconds{1}, guard_, [this] { pump(); });
  }
}

void Peer::send(Octets octets) {
  if (socket_ == nullptr) { return; }
  if (network_.on_said) { network_.on_said(actor_, octets); }
  octets_said_ += octets.size();
  out_ += octets;
  flush();
}

void Peer::flush() {
  if (out_.empty() || socket_ == nullptr) { return; }
  out_.erase(0, socket_->send(out_));
}

void Peer::send_header(smpp::CommandId id, smpp::CommandStatus status, std::uint32_t sequence) {
  std::string out;
  smpp::encode_header(out, id, status, sequence);
  send(out);
}

}  // namespace aldis::sim
