// SPDX-License-Identifier: Apache-2.0
#include "sim/runtime/connection.hpp"

#include <utility>

#include "aldis/base/check.hpp"

namespace aldis::runtime {

using ports::CloseCause;

namespace {
constexpr std::size_t kReadMax = 64 * 1024;
constexpr std::size_t kKeptMax = 1024 * 1024;
}  // namespace

SimConnection::SimConnection(Loop::Impl& loop, sim::SocketPtr socket, ProtocolPtr protocol,
                             const WireSettings& settings, std::shared_ptr<std::size_t> open_count,
                             std::string peer)
    : loop_(loop),
      socket_(std::move(socket)),
      protocol_(std::move(protocol)),
      settings_(settings),
      open_count_(std::move(open_count)),
      peer_(std::move(peer)),
      peer_address_(peer_.substr(0, peer_.find(':'))) {
  socket_->on_events([this] {
    if (!std::exchange(listed_ready, true)) { loop_.ready.push_back(this); }
    loop_.wake();
  });
}

SimConnection::~SimConnection() {
  socket_->close();
  if (open_count_) { --*open_count_; }
}

void SimConnection::open() {
  protocol_->on_open(loop_.now(), *this);
  touch();
}

void SimConnection::lose(CloseCause cause) {
  if (state_ != State::kOpen) { return; }
  state_ = State::kLosing;
  cause_ = cause;
  touch();
}

void SimConnection::touch() {
  if (state_ == State::kGone) { return; }
  loop_.wake();
  if (!std::exchange(touched_, true)) { loop_.touch(*this); }
}

void SimConnection::pause_reading(bool paused) {
  if (paused == paused_) { return; }
  paused_ = paused;
  present_again_ = !paused;
  touch();
}

void SimConnection::close_after_flush() {
  closes_after_flush_ = true;
  touch();
}

// One read a turn; there may be more.
void SimConnection::read() {
  touch();
  if (socket_->has_room()) { blocked_ = false; }
  if (socket_->state() == sim::Socket::State::kReset) { lose(CloseCause::kReset); }
  if (state_ != State::kOpen || paused_ || closes_after_flush_) { return; }
  std::string octets = std::move(kept_);
  kept_.clear();
  const std::size_t kept = octets.size();
  while (octets.size() - kept < kReadMax) {
    const auto piece = socket_->receive(kReadMax - (octets.size() - kept));
    if (!piece) { break; }
    octets += piece->octets;
  }
  if (octets.size() > kept) {
    loop_.counters.octets_in += octets.size() - kept;
    present(octets);
  } else {
    kept_ = std::move(octets);
  }
  if (state_ == State::kOpen && socket_->state() == sim::Socket::State::kEnd) { lose(CloseCause::kPeer); }
}

void SimConnection::present(const std::string& octets) {
  const std::size_t consumed = protocol_->on_octets(loop_.now(), octets);
  ALDIS_CHECK(consumed <= octets.size());
  kept_ = octets.substr(consumed);
  if (kept_.size() > kKeptMax && !paused_) { lose(CloseCause::kLocal); }
}

void SimConnection::due(const Now& now) {
  touch();
  if (state_ != State::kOpen) { return; }
  if (blocked_ && now.mono >= stalled_at_) {
    const std::size_t before = std::exchange(queue_at_stall_, socket_->unacknowledged());
    stalled_at_ = now.mono + settings_.write_stall;
    if (queue_at_stall_ >= before) { lose(CloseCause::kWriteStalled); }
  } else if (now.mono >= protocol_->next_deadline()) {
    protocol_->on_timer(now);
  }
}

bool SimConnection::settle() {
  touched_ = false;
  if (state_ == State::kGone) { return false; }
  const bool resumed = std::exchange(present_again_, false);
  if (resumed && state_ == State::kOpen && !closes_after_flush_) {
    loop_.call_again();
    if (!kept_.empty()) { present(std::exchange(kept_, {})); }
    if (socket_->readable() && !std::exchange(listed_ready, true)) { loop_.ready.push_back(this); }
  }
  const bool flushed = (state_ == State::kOpen || cause_ == CloseCause::kPeer) && flush();
  if (flushed && state_ == State::kOpen) {
    loop_.call_again();
    protocol_->on_flushed(loop_.now());
    if (!filling_.empty()) { touch(); }
  }
  const bool said_all = state_ == State::kOpen && closes_after_flush_ && output_pending() == 0;
  if (said_all || state_ == State::kLosing) {
    finish(said_all);
    return touched_;
  }
  arm();
  return true;
}

bool SimConnection::flush() {
  if (blocked_) { return false; }
  bool sent = false;
  for (;;) {
    if (left_ == leaving_.size()) {
      leaving_.clear();
      left_ = 0;
      if (filling_.empty()) { return sent; }
      leaving_.swap(filling_);
    }
    const std::size_t taken = socket_->send(Octets{leaving_}.substr(left_));
    left_ += taken;
    taken_ += taken;
    loop_.counters.octets_out += taken;
    sent = sent || taken > 0;
    if (socket_->state() == sim::Socket::State::kReset) {
      lose(CloseCause::kReset);
      return false;
    }
    if (left_ < leaving_.size()) {
      blocked_ = true;
      if (taken > 0 || stalled_at_ == kNever) {
        stalled_at_ = loop_.now().mono + settings_.write_stall;
        queue_at_stall_ = socket_->unacknowledged();
      }
      return false;
    }
    stalled_at_ = kNever;
  }
}

void SimConnection::finish(bool said_all) {
  if (said_all) { cause_ = CloseCause::kLocal; }
  state_ = State::kLosing;
  loop_.call_again();
  loop_.deadlines.disarm(*this);
  ProtocolPtr protocol = std::move(protocol_);
  protocol->on_closed(loop_.now(), cause_);
  protocol.reset();
  state_ = State::kGone;
  socket_->on_events(nullptr);
  socket_->close();
}

void SimConnection::arm() {
  const Instant wanted = std::min(protocol_->next_deadline(), stalled_at_);
  if (wanted >= at()) { return; }
  loop_.deadlines.arm(*this, wanted);
  if (wanted <= loop_.now().mono) { loop_.call_again(); }
}

}  // namespace aldis::runtime
