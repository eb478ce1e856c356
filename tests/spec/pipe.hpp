// SPDX-License-Identifier: Apache-2.0
// A connection without a socket: what runtime's pump does, one turn at a time, as the script says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "aldis/base/time.hpp"
#include "aldis/ports/byte_protocol.hpp"

namespace aldis::spec {

// Owns the octets under way in both directions and, for customers, the protocol. Owned by the stage, driven
// by one thread. Not for faults of networks: they are the simulator's.
class Pipe final : public ports::Wire {
 public:
  Pipe(ports::ByteProtocol& protocol, std::string address)
      : protocol_(&protocol), address_(std::move(address)) {}
  Pipe(std::unique_ptr<ports::ByteProtocol> protocol, std::string address)
      : owned_(std::move(protocol)), protocol_(owned_.get()), address_(std::move(address)) {}

  void open(const Now& now);
  void feed(const Now& now, Octets octets);  // one read
  void peer_closes(const Now& now, ports::CloseCause cause);
  void vanish() { protocol_ = nullptr; }  // our process died: nobody is told
  void set_peer_reads(bool reads) { peer_reads_ = reads; }
  // The end of a turn: input that was held, output, closing. True if anything happened.
  bool turn(const Now& now);
  [[nodiscard]] Instant next_deadline() const;

  [[nodiscard]] bool is_open() const { return protocol_ != nullptr; }
  [[nodiscard]] bool closed_by_us() const { return closed_by_us_; }
  std::string& arrived() { return arrived_; }  // at the peer, not yet looked at

  // ports::Wire
  std::string& output() override { return output_; }
  [[nodiscard]] std::size_t output_pending() const override { return output_.size(); }
  [[nodiscard]] std::uint64_t octets_taken() const override { return taken_; }
  [[nodiscard]] std::uint64_t octets_appended() const override { return taken_ + output_.size(); }
  void wake() override { woken_ = true; }
  void pause_reading(bool paused) override { paused_ = paused; }
  void close_after_flush() override { close_when_flushed_ = true; }
  void close_now() override { close_at_once_ = true; }
  [[nodiscard]] std::string_view peer() const override { return address_; }
  [[nodiscard]] std::string_view peer_address() const override { return address_; }

 private:
  void present(const Now& now);
  void end(const Now& now, ports::CloseCause cause);

  std::unique_ptr<ports::ByteProtocol> owned_;
  ports::ByteProtocol* protocol_;  // null once closed
  std::string address_;
  std::string input_;
  std::string output_;
  std::string arrived_;
  std::uint64_t taken_ = 0;
  bool opened_ = false;
  bool paused_ = false;
  bool woken_ = false;
  bool peer_reads_ = true;
  bool close_when_flushed_ = false;
  bool close_at_once_ = false;
  bool closed_by_us_ = false;
};

}  // namespace aldis::spec
