// SPDX-License-Identifier: Apache-2.0
#include "runtime/http_replies.hpp"

#include <algorithm>

namespace aldis::runtime {

namespace {
constexpr std::size_t kRoom = 256 * 1024;       // unsent octets of a stream past which it is asked to wait
constexpr std::size_t kTextIdleMax = 4 * 1024;  // capacity that a slot keeps
}  // namespace

void HttpReplies::opened(const Now& now, ports::Wire& wire, Owner& owner) {
  now_ = now;
  wire_ = &wire;
  owner_ = &owner;
}

void HttpReplies::closed(const Now& now) {
  std::vector<Slot> slots = std::move(ring_);
  abandoned();
  for (Slot& slot : slots) {
    if (slot.stream) { slot.stream->on_gone(now); }
  }
}

void HttpReplies::abandoned() {
  wire_ = nullptr;
  owner_ = nullptr;
  ring_.clear();
  first_request_ += count_;
  first_ = count_ = 0;
}

std::uint64_t HttpReplies::open(const Request& request) {
  if (count_ == ring_.size()) {
    std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(first_), ring_.end());
    first_ = 0;
    ring_.emplace_back();
  }
  Slot& slot = at_index(count_);
  slot.state = State::kWaiting;
  slot.is_head = request.is_head;
  slot.is_http10 = request.is_http10;
  slot.keep_alive = request.keep_alive;
  slot.wants_room = slot.wants_continue = false;
  slot.whole_at = kNever;
  if (request.id.empty()) {
    slot.id = shared_->request_id();
  } else {
    slot.id.assign(request.id);
  }
  return first_request_ + count_++;
}

void HttpReplies::whole(std::uint64_t request) {
  Slot* const slot = find(request);
  if (slot == nullptr) { return; }
  slot->whole_at = now_.mono;
  slot->wants_continue = false;
}

void HttpReplies::stream(std::uint64_t request, std::shared_ptr<ports::HttpStream> stream) {
  if (Slot* const slot = find(request)) { slot->stream = std::move(stream); }
}

void HttpReplies::announce_last(std::uint64_t request) {
  if (Slot* const slot = find(request)) { slot->keep_alive = false; }
}

void HttpReplies::refuse(std::uint64_t request, unsigned status) {
  Slot* const slot = find(request);
  if (slot == nullptr) { return; }
  ++shared_->counters.refused;
  slot->keep_alive = false;
  if (slot->state == State::kStreaming) { return wire_->close_now(); }  // an answer cut short says so itself
  const std::shared_ptr<ports::HttpStream> stream = slot->stream;
  const Now now = now_;
  send(request, http_problem(status, slot->id, shared_->settings.public_url));
  if (stream) { stream->on_gone(now); }
}

void HttpReplies::finish() {
  is_last_ = true;
  if (count_ == 0 && !is_closing_ && wire_ != nullptr) { close(); }
}

void HttpReplies::tell_continue(std::uint64_t request) {
  Slot* const slot = find(request);
  if (slot == nullptr || slot->state != State::kWaiting) { return; }
  if (is_front(*slot)) {
    wire_->output().append("HTTP/1.1 100 Continue\r\n\r\n");
  } else {
    slot->wants_continue = true;
  }
}

// A stream's callback may answer and so end its own place in the ring: it is held meanwhile.
void HttpReplies::on_flushed() {
  if (count_ == 0 || !at_index(0).wants_room) { return; }
  at_index(0).wants_room = false;
  const std::shared_ptr<ports::HttpStream> stream = at_index(0).stream;
  if (stream) { stream->on_room(now_); }
}

void HttpReplies::expire() {
  for (std::size_t i = 0; i < count_; ++i) {
    Slot& slot = at_index(i);
    if (slot.state != State::kWaiting || slot.whole_at == kNever) { continue; }
    if (now_.mono - slot.whole_at < shared_->settings.limits.answer_timeout) { continue; }
    ++shared_->counters.answers_late;
    const std::shared_ptr<ports::HttpStream> stream = slot.stream;
    const std::uint64_t request = first_request_ + i;
    const Now now = now_;
    send(request, http_accept_unknown(slot.id, shared_->settings.public_url));
    if (stream) { stream->on_gone(now); }
    return;  // the ring has moved; the next one's deadline has come too, and the timer with it
  }
}

Instant HttpReplies::next_deadline() const {
  Instant earliest = kNever;
  for (std::size_t i = 0; i < count_; ++i) {
    const Slot& slot = at_index(i);
    if (slot.state == State::kWaiting && slot.whole_at != kNever) {
      earliest = std::min(earliest, slot.whole_at + shared_->settings.limits.answer_timeout);
    }
  }
  return earliest;
}

std::string_view HttpReplies::id(std::uint64_t request) const {
  const Slot* const slot = find(request);
  return slot == nullptr ? std::string_view{} : std::string_view{slot->id};
}

const HttpReplies::Slot* HttpReplies::find(std::uint64_t request) const {
  if (wire_ == nullptr || request < first_request_ || request - first_request_ >= count_) { return nullptr; }
  const Slot& slot = at_index(static_cast<std::size_t>(request - first_request_));
  return slot.state == State::kDone ? nullptr : &slot;
}

HttpReplies::Slot* HttpReplies::find(std::uint64_t request) {
  return const_cast<Slot*>(std::as_const(*this).find(request));
}

// --- answers ---

void HttpReplies::send(std::uint64_t request, ports::HttpResponse&& response) {
  Slot* const slot = find(request);
  if (slot == nullptr || slot->state != State::kWaiting) { return; }
  append_head(*slot, response, false);
  if (!slot->is_head) { out(*slot).append(response.body); }
  done(request, *slot);
}

void HttpReplies::begin(std::uint64_t request, ports::HttpResponse&& head) {
  Slot* const slot = find(request);
  if (slot == nullptr || slot->state != State::kWaiting) { return; }
  if (slot->is_http10) { slot->keep_alive = false; }  // which ends its answer by closing
  append_head(*slot, head, true);
  slot->state = State::kStreaming;
  if (!head.body.empty()) {
    write(request, head.body);
  } else {
    wire_->wake();
  }
}

bool HttpReplies::write(std::uint64_t request, std::string_view piece) {
  Slot* const slot = find(request);
  if (slot == nullptr || slot->state != State::kStreaming) { return false; }
  if (slot->is_head || piece.empty()) { return true; }
  if (slot->is_http10) {
    out(*slot).append(piece);
  } else {
    append_http_chunk(out(*slot), piece);
  }
  wire_->wake();
  const std::size_t unsent = is_front(*slot) ? wire_->output_pending() : slot->text.size();
  if (unsent > shared_->settings.limits.unread) {
    ++shared_->counters.answers_unread;
    wire_->close_now();
  }
  slot->wants_room = unsent > kRoom;
  return !slot->wants_room;
}

void HttpReplies::end(std::uint64_t request) {
  Slot* const slot = find(request);
  if (slot == nullptr || slot->state != State::kStreaming) { return; }
  if (!slot->is_head && !slot->is_http10) { out(*slot).append("0\r\n\r\n"); }
  done(request, *slot);
}

void HttpReplies::resume(std::uint64_t request) {
  if (find(request) != nullptr) { owner_->on_resumed(request); }
}

void HttpReplies::append_head(Slot& slot, const ports::HttpResponse& response, bool streams) {
  if (shared_->is_draining && &slot == &at_index(count_ - 1)) { slot.keep_alive = false; }
  HttpHeadText text;
  text.date = shared_->date.text(shared_->clock ? shared_->clock() : now_.wall);
  text.request_id = slot.id;
  text.keep_alive = slot.keep_alive;
  text.is_chunked = streams && !slot.is_http10;
  text.until_close = streams && slot.is_http10;
  append_http_head(out(slot), response, text);
}

void HttpReplies::done(std::uint64_t request, Slot& slot) {
  slot.state = State::kDone;
  slot.wants_continue = false;
  slot.stream.reset();
  wire_->wake();
  advance();
  if (owner_ != nullptr) { owner_->on_ended(request); }
  if (owner_ != nullptr) { owner_->on_answered(); }
}

// The first of those at work is written to the wire as it comes; whoever becomes the first brings what it
// has.
void HttpReplies::advance() {
  while (count_ > 0 && at_index(0).state == State::kDone && !is_closing_) {
    const bool keep_alive = at_index(0).keep_alive;
    first_ = (first_ + 1) % ring_.size();
    ++first_request_;
    --count_;
    if (!keep_alive || (is_last_ && count_ == 0)) { return close(); }
    if (count_ == 0) { return; }
    Slot& slot = at_index(0);
    wire_->output().append(slot.text);
    slot.text.clear();
    if (slot.text.capacity() > kTextIdleMax) { std::string{}.swap(slot.text); }
    if (std::exchange(slot.wants_continue, false)) { tell_continue(first_request_); }
  }
}

// What is still at work behind an answer that closes is not wanted any more.
void HttpReplies::close() {
  is_closing_ = true;
  wire_->close_after_flush();
  std::vector<std::shared_ptr<ports::HttpStream>> streams;
  for (std::size_t i = 0; i < count_; ++i) { streams.push_back(std::move(at_index(i).stream)); }
  first_request_ += count_;
  count_ = 0;
  for (const auto& stream : streams) {
    if (stream) { stream->on_gone(now_); }
  }
}

}  // namespace aldis::runtime
