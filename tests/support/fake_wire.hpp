// SPDX-License-Identifier: Apache-2.0
// A connection without a socket: the test says what the kernel takes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "aldis/ports/byte_protocol.hpp"
#include "aldis/smpp/codec.hpp"

namespace aldis::testing {

class FakeWire final : public ports::Wire {
 public:
  std::string& output() override { return out_; }
  [[nodiscard]] std::size_t output_pending() const override { return out_.size(); }
  [[nodiscard]] std::uint64_t octets_taken() const override { return taken_; }
  [[nodiscard]] std::uint64_t octets_appended() const override { return taken_ + out_.size(); }
  void wake() override {}
  void pause_reading(bool paused) override { reading_paused = paused; }
  void close_after_flush() override { closing = true; }
  void close_now() override { closing = true; }
  [[nodiscard]] std::string_view peer() const override { return "203.0.113.7:51514"; }
  [[nodiscard]] std::string_view peer_address() const override { return "203.0.113.7"; }

  // What was appended since the last call leaves the process: whole, or its first octets only.
  void take() { take(out_.size()); }
  void take(std::size_t octets) {
    octets = std::min(octets, out_.size());
    taken_ += octets;
    out_.erase(0, octets);
  }

  // The PDUs of all that was appended and is looked at for the first time; it counts as taken.
  struct Line {
    smpp::Header header;
    std::string octets;
  };
  std::vector<Line> lines() {
    std::vector<Line> all;
    while (const auto header = smpp::decode_header(out_)) {
      all.push_back({*header, out_.substr(0, header->command_length)});
      take(header->command_length);
    }
    return all;
  }

  bool reading_paused = false;
  bool closing = false;

 private:
  std::string out_;
  std::uint64_t taken_ = 0;
};

}  // namespace aldis::testing
