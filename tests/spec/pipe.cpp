// SPDX-License-Identifier: Apache-2.0
#include "pipe.hpp"

#include <utility>

namespace aldis::spec {

void Pipe::open(const Now& now) {
  opened_ = true;
  protocol_->on_open(now, *this);
}

void Pipe::feed(const Now& now, Octets octets) {
  if (!is_open() || close_when_flushed_ || close_at_once_) { return; }
  input_.append(octets);
  if (!paused_) { present(now); }
}

void Pipe::present(const Now& now) {
  const std::size_t consumed = protocol_->on_octets(now, input_);
  input_.erase(0, consumed);
}

void Pipe::peer_closes(const Now& now, ports::CloseCause cause) {
  if (!is_open()) { return; }
  if (cause == ports::CloseCause::kPeer) { turn(now); }  // what was answered in that turn still leaves
  if (is_open()) { end(now, cause); }
}

void Pipe::end(const Now& now, ports::CloseCause cause) {
  std::exchange(protocol_, nullptr)->on_closed(now, cause);
  owned_.reset();
}

bool Pipe::turn(const Now& now) {
  if (!is_open()) { return false; }
  bool busy = std::exchange(woken_, false);
  if (protocol_->next_deadline() <= now.mono) {
    protocol_->on_timer(now);
    busy = true;
  }
  if (!output_.empty() && peer_reads_) {
    taken_ += output_.size();
    arrived_ += output_;
    output_.clear();  // its memory stays, as a connection's does
    protocol_->on_flushed(now);
    busy = true;
  }
  if (close_at_once_ || (close_when_flushed_ && output_.empty())) {
    closed_by_us_ = true;
    end(now, ports::CloseCause::kLocal);
    return true;
  }
  return busy;
}

Instant Pipe::next_deadline() const { return is_open() && opened_ ? protocol_->next_deadline() : kNever; }

}  // namespace aldis::spec
