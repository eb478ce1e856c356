// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "aldis/runtime/connections.hpp"
#include "runtime/deadlines.hpp"
#include "runtime/poller.hpp"

namespace aldis::runtime {

// The pump of one connection. Owned by its loop, on its thread. Owns the socket, what was read and not
// consumed, and two output buffers: the protocol fills one while the kernel takes the other. The read buffer
// is the loop's, so an idle connection holds no memory but this object. Life: open, then closed by the peer,
// the protocol, a stall or the loop; then perhaps lingering (protocol gone, our FIN sent, waiting for the
// peer's), then dropped by the loop.
class Connection final : public ports::Wire, public Descriptor, public Deadline {
 public:
  enum class Fate : std::uint8_t { kStays, kGone };

  Connection(Loop::Impl& loop, int fd, ProtocolPtr protocol, const WireSettings& settings,
             std::shared_ptr<std::size_t> open_count);
  ~Connection() override;

  void open();                         // on_open(), then the poller
  void lose(ports::CloseCause cause);  // closed at the end of the turn; the first cause counts
  Fate settle();                       // the end of a turn in which it was touched
  std::size_t index = 0;               // in the loop's list

  // ports::Wire
  std::string& output() override { return filling_; }
  [[nodiscard]] std::size_t output_pending() const override {
    return leaving_.size() - left_ + filling_.size();
  }
  [[nodiscard]] std::uint64_t octets_taken() const override { return taken_; }
  [[nodiscard]] std::uint64_t octets_appended() const override { return taken_ + output_pending(); }
  void wake() override { touch(); }
  void pause_reading(bool paused) override;
  void close_after_flush() override;
  void close_now() override { lose(ports::CloseCause::kLocal); }
  [[nodiscard]] std::string_view peer() const override { return peer_; }
  [[nodiscard]] std::string_view peer_address() const override { return peer_address_; }
  [[nodiscard]] const ports::PeerCredentials* credentials() const override { return credentials_.get(); }

 private:
  enum class State : std::uint8_t { kOpen, kLosing, kLingering, kGone };

  void ready(std::uint32_t events) override;
  void due(const Now& now) override;
  void touch();
  void read();
  void present(const char* octets, std::size_t size);
  bool flush();  // whether the kernel took something and nothing is left
  void expect_progress();
  void finish(bool said_all);
  void close_socket();
  void linger();
  void linger_on(const Now& now);
  void discard();
  void watch();
  void arm();

  Loop::Impl& loop_;
  int fd_;
  ProtocolPtr protocol_;
  WireSettings settings_;
  std::shared_ptr<std::size_t> open_count_;
  std::string peer_;
  std::string peer_address_;
  std::unique_ptr<ports::PeerCredentials> credentials_;

  std::string kept_;     // read, not consumed
  std::string filling_;  // appended by the protocol
  std::string leaving_;  // being taken by the kernel, from left_ on
  std::size_t left_ = 0;
  std::uint64_t taken_ = 0;
  Instant stalled_at_ = kNever;  // when a write that makes no progress is given up
  int kernel_queue_ = 0;         // octets the peer had not acknowledged when stalled_at_ was set

  State state_ = State::kOpen;
  ports::CloseCause cause_ = ports::CloseCause::kPeer;
  std::uint32_t watched_ = 0;  // what the poller reports
  bool registered_ = false;
  bool touched_ = false;
  bool paused_ = false;
  bool present_again_ = false;  // reading was resumed: what is kept is presented
  bool blocked_ = false;        // the kernel's buffer is full
  bool closes_after_flush_ = false;
};

}  // namespace aldis::runtime
