// SPDX-License-Identifier: Apache-2.0
#include "runtime/connection.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "runtime/addresses.hpp"
#include "runtime/loop_impl.hpp"

namespace aldis::runtime {

using ports::CloseCause;

namespace {

constexpr std::size_t kReadMax = 64 * 1024;  // per connection and turn
constexpr std::size_t kKeptMax =
    1024 * 1024;  // past it the protocol is broken: it neither consumes nor pauses
constexpr std::size_t kBufferIdleMax = 64 * 1024;  // capacity that an empty buffer keeps
constexpr Duration kLingerMax = seconds{2};        // the peer's FIN after ours
constexpr std::size_t kLingeringMax = 256;         // per loop; past it sockets are closed at once

void set_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);  // a socket that refuses one works without it
}

// A dead peer is found by the kernel when we have something to say, by keepalive when we have not (SMPP 3.1).
void set_options(int fd, const WireSettings& settings) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>(std::chrono::duration_cast<milliseconds>(settings.user_timeout).count()));
}

std::unique_ptr<ports::PeerCredentials> credentials_of(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) { return nullptr; }
  auto credentials = std::make_unique<ports::PeerCredentials>();
  credentials->uid = who.uid;
  credentials->gid = who.gid;
  std::vector<gid_t> groups(256);  // who is in more has none here
  size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
    groups.resize(size / sizeof(gid_t));
    credentials->groups.assign(groups.begin(), groups.end());
  }
  return credentials;
}

void shrink(std::string& buffer) {
  if (buffer.capacity() > kBufferIdleMax) {
    std::string{}.swap(buffer);
  } else {
    buffer.clear();
  }
}

}  // namespace

Connection::Connection(Loop::Impl& loop, int fd, ProtocolPtr protocol, const WireSettings& settings,
                       std::shared_ptr<std::size_t> open_count)
    : loop_(loop),
      fd_(fd),
      protocol_(std::move(protocol)),
      settings_(settings),
      open_count_(std::move(open_count)) {
  set_options(fd_, settings_);
  SocketAddress peer;
  peer.size = sizeof peer.storage;
  if (::getpeername(fd_, peer.raw(), &peer.size) != 0) { peer = {}; }  // gone already: read() will say so
  peer_ = endpoint_text(peer);
  peer_address_ = address_text(peer);
  if (peer.family() == AF_UNIX) { credentials_ = credentials_of(fd_); }
}

Connection::~Connection() {
  if (state_ == State::kLingering) { --loop_.connections_lingering; }
  close_socket();
  if (open_count_) { --*open_count_; }
}

void Connection::open() {
  protocol_->on_open(loop_.now(), *this);
  if (!loop_.poller.add(fd_, EPOLLIN, *this)) {
    lose(CloseCause::kReset);  // no memory for the kernel's side of it
    return;
  }
  registered_ = true;
  watched_ = EPOLLIN;
  touch();
}

void Connection::lose(CloseCause cause) {
  if (state_ != State::kOpen) { return; }
  state_ = State::kLosing;
  cause_ = cause;
  touch();
}

void Connection::touch() {
  if (touched_ || state_ == State::kGone) { return; }
  touched_ = true;
  loop_.touch(*this);
}

void Connection::pause_reading(bool paused) {
  if (paused == paused_) { return; }
  paused_ = paused;
  present_again_ = !paused;
  touch();
}

void Connection::close_after_flush() {
  closes_after_flush_ = true;
  touch();
}

// --- in ---

void Connection::ready(std::uint32_t events) {
  touch();
  if (state_ == State::kLingering) {
    discard();
    return;
  }
  if ((events & EPOLLOUT) != 0) { blocked_ = false; }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (watched_ & EPOLLIN) == 0) {
    lose(CloseCause::kReset);  // reported whether we read or not; what was not read is gone with it
  } else if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
    read();
  }
}

// Octets kept from before go in front, so that the protocol sees one piece.
void Connection::read() {
  if (state_ != State::kOpen || paused_ || closes_after_flush_) { return; }
  const std::size_t kept = kept_.size();
  char* scratch = loop_.scratch(kept + kReadMax);
  const ssize_t n = ::recv(fd_, scratch + kept, kReadMax, MSG_DONTWAIT);
  ++loop_.counters.reads;
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) { lose(CloseCause::kReset); }
    return;
  }
  if (n == 0) {
    lose(CloseCause::kPeer);
    return;
  }
  loop_.counters.octets_in += static_cast<std::uint64_t>(n);
  std::memcpy(scratch, kept_.data(), kept);
  present(scratch, kept + static_cast<std::size_t>(n));
}

void Connection::present(const char* octets, std::size_t size) {
  const std::size_t consumed = protocol_->on_octets(loop_.now(), Octets{octets, size});
  ALDIS_CHECK(consumed <= size);
  if (consumed == size) {
    shrink(kept_);
  } else {
    kept_.assign(octets + consumed, size - consumed);
    if (kept_.size() > kKeptMax && !paused_) { lose(CloseCause::kLocal); }
  }
}

void Connection::due(const Now& now) {
  touch();
  if (state_ == State::kLingering) { return linger_on(now); }
  if (state_ != State::kOpen) { return; }
  if (blocked_ && now.mono >= stalled_at_) {
    const int queued_before = kernel_queue_;
    expect_progress();
    if (kernel_queue_ >= queued_before) { lose(CloseCause::kWriteStalled); }
  } else if (now.mono >= protocol_->next_deadline()) {
    protocol_->on_timer(now);
  }  // else the deadline moved to a later instant since it was armed: settle() arms it again
}

// --- the end of the turn ---

Connection::Fate Connection::settle() {
  touched_ = false;
  if (state_ == State::kGone) { return Fate::kGone; }
  if (state_ == State::kLingering) { return Fate::kStays; }
  const bool resumed = std::exchange(present_again_, false) && !kept_.empty();
  if (resumed && state_ == State::kOpen && !closes_after_flush_) {
    loop_.call_again();
    char* scratch = loop_.scratch(kept_.size());
    std::memcpy(scratch, kept_.data(), kept_.size());
    present(scratch, kept_.size());
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
    return touched_ || state_ != State::kGone ? Fate::kStays : Fate::kGone;
  }
  watch();
  arm();
  return Fate::kStays;
}

bool Connection::flush() {
  if (blocked_) { return false; }
  bool sent = false;
  for (;;) {
    if (left_ == leaving_.size()) {
      shrink(leaving_);
      left_ = 0;
      if (filling_.empty()) { return sent; }
      leaving_.swap(filling_);
    }
    const std::size_t size = leaving_.size() - left_;
    ALDIS_FAILPOINT(before_flush(static_cast<const ports::Wire*>(this), [&] {
      ::send(fd_, leaving_.data() + left_, size / 2, MSG_NOSIGNAL | MSG_DONTWAIT);
    }));
    const ssize_t n = ::send(fd_, leaving_.data() + left_, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    ++loop_.counters.writes;
    if (n < 0 && errno == EINTR) { continue; }
    if (n < 0 && errno != EAGAIN && errno != ENOBUFS) {
      lose(CloseCause::kReset);
      return false;
    }
    const std::size_t taken = n < 0 ? 0 : static_cast<std::size_t>(n);
    left_ += taken;
    taken_ += ALDIS_MUTANT(78) ? size : taken;
    loop_.counters.octets_out += taken;
    sent = sent || taken > 0;
    ALDIS_FAILPOINT(after_flush(static_cast<const ports::Wire*>(this)));
    if (taken < size) {
      blocked_ = true;  // EPOLLOUT comes when a third of the kernel's buffer is free
      if (taken > 0 || stalled_at_ == kNever) { expect_progress(); }
      return false;
    }
    stalled_at_ = kNever;
  }
}

// The kernel says that it wants more only when a third of its buffer is free, which a slow peer may need
// minutes for. So what counts as progress is that its queue gets shorter.
void Connection::expect_progress() {
  stalled_at_ = loop_.now().mono + settings_.write_stall;
  if (::ioctl(fd_, SIOCOUTQ, &kernel_queue_) != 0) { kernel_queue_ = 0; }
}

// The last call into the protocol; it is released before anything else happens.
void Connection::finish(bool said_all) {
  if (said_all) { cause_ = CloseCause::kLocal; }
  state_ = State::kLosing;
  loop_.call_again();
  loop_.deadlines.disarm(*this);
  ProtocolPtr protocol = std::move(protocol_);
  protocol->on_closed(loop_.now(), cause_);
  protocol.reset();
  std::string{}.swap(kept_);
  std::string{}.swap(filling_);
  std::string{}.swap(leaving_);
  left_ = 0;
  state_ = State::kGone;
  if (said_all) { linger(); }
  if (state_ == State::kGone) { close_socket(); }
}

// Out of the poller by name: close() alone leaves it there while anybody else holds the file, and whoever
// lists /proc/PID/fd (lsof, ls) holds each for an instant. It would go on reporting an object that is gone.
void Connection::close_socket() {
  if (fd_ < 0) { return; }
  if (registered_) { loop_.poller.remove(fd_, *this); }
  ::close(std::exchange(fd_, -1));
}

// close() with unread octets in the kernel's buffer sends RST, and RST makes the peer's kernel throw away
// what the peer has not read yet, which may be our last answer. So: FIN, then read and discard until the
// peer's FIN, for a while.
void Connection::linger() {
  if (!registered_ || loop_.connections_lingering >= kLingeringMax || ::shutdown(fd_, SHUT_WR) != 0) {
    return;
  }
  state_ = State::kLingering;
  ++loop_.connections_lingering;
  if (watched_ != EPOLLIN) {
    watched_ = EPOLLIN;
    loop_.poller.modify(fd_, watched_, *this);
  }
  expect_progress();
  loop_.deadlines.arm(*this, loop_.now().mono + kLingerMax);
}

// As long as the peer still takes what the kernel holds for it, it may have the time.
void Connection::linger_on(const Now& now) {
  const int queued_before = kernel_queue_;
  expect_progress();
  if (kernel_queue_ > 0 && kernel_queue_ < queued_before) {
    loop_.deadlines.arm(*this, now.mono + kLingerMax);
  } else {
    state_ = State::kGone;
    --loop_.connections_lingering;
  }
}

void Connection::discard() {
  const ssize_t n = ::recv(fd_, loop_.scratch(kReadMax), kReadMax, MSG_DONTWAIT);
  ++loop_.counters.reads;
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) { return; }
  state_ = State::kGone;
  --loop_.connections_lingering;
}

// Tells the poller what we wait for, when that changed.
void Connection::watch() {
  const bool reads = !paused_ && !closes_after_flush_;
  const std::uint32_t wanted = (reads ? EPOLLIN : 0u) | (blocked_ ? EPOLLOUT : 0u);
  if (wanted == watched_) { return; }
  watched_ = wanted;
  loop_.poller.modify(fd_, wanted, *this);
}

// Moves the entry in the heap only to an earlier instant: most deadlines (enquire_link, inactivity) move to a
// later one with every PDU, and looking again when the old one has come is cheaper. A deadline in the past is
// for the next turn.
void Connection::arm() {
  const Instant wanted = std::min(protocol_->next_deadline(), stalled_at_);
  if (wanted >= at()) { return; }
  loop_.deadlines.arm(*this, wanted);
  if (wanted <= loop_.now().mono) { loop_.call_again(); }
}

}  // namespace aldis::runtime
