// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "sim/runtime/loop_impl.hpp"

namespace aldis::runtime {

// The pump of one connection over a simulated socket; behaves as src/runtime/connection.cpp does, without
// lingering: the network keeps what is under way.
class SimConnection final : public ports::Wire, public Deadline {
 public:
  SimConnection(Loop::Impl& loop, sim::SocketPtr socket, ProtocolPtr protocol, const WireSettings& settings,
                std::shared_ptr<std::size_t> open_count, std::string peer);
  ~SimConnection() override;

  void open();
  void lose(ports::CloseCause cause);
  void read();
  bool settle();  // false: gone, to be dropped
  void vanish() { socket_->vanish(); }
  void reset() { socket_->reset(); }
  std::size_t index = 0;
  bool listed_ready = false;

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

 private:
  enum class State : std::uint8_t { kOpen, kLosing, kGone };

  void due(const Now& now) override;
  void touch();
  void present(const std::string& octets);
  bool flush();
  void finish(bool said_all);
  void arm();

  Loop::Impl& loop_;
  sim::SocketPtr socket_;
  ProtocolPtr protocol_;
  WireSettings settings_;
  std::shared_ptr<std::size_t> open_count_;
  std::string peer_;
  std::string peer_address_;
  std::string kept_;
  std::string filling_;
  std::string leaving_;
  std::size_t left_ = 0;
  std::uint64_t taken_ = 0;
  Instant stalled_at_ = kNever;
  std::size_t queue_at_stall_ = 0;
  State state_ = State::kOpen;
  ports::CloseCause cause_ = ports::CloseCause::kPeer;
  bool touched_ = false;
  bool paused_ = false;
  bool present_again_ = false;
  bool blocked_ = false;
  bool closes_after_flush_ = false;
};

}  // namespace aldis::runtime
