// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::sim {

// Says what was broken: "I2: ..." Ends the seed.
class Violation : public std::runtime_error {
 public:
  explicit Violation(const std::string& sentence) : std::runtime_error(sentence) {}
};

// A moment in the life of the gateway's process, as the world counts it: which process, and how many commits
// of its journal were on the medium.
struct Moment {
  Instant at{};
  Instant since{};  // what was sent then may have waited in the process from here on
  std::uint32_t life = 0;
  std::uint64_t commits = 0;
};

// How many commits each life of the process came to.
class Lives {
 public:
  // And the one before has ended.
  void begins(std::uint32_t life, std::uint64_t commits) { commits_before_.resize(life + 1, commits); }

  // What the gateway wrote about something that it read is on the medium for sure: two batches may be under
  // way, the third has it. A life that is over commits nothing more.
  [[nodiscard]] bool surely_durable(const Moment& read, const Moment& now) const {
    if (now.since <= read.at) { return false; }  // what arrives late may have left before
    const std::uint64_t commits = read.life == now.life ? now.commits : commits_before_[read.life + 1];
    return commits >= read.commits + 6;  // a batch over two segments counts twice
  }

  // What was read is known to whoever sent something now: the process itself read it, or its journal has it.
  [[nodiscard]] bool surely_known(const Moment& read, const Moment& now) const {
    return read.life == now.life ? read.at < now.since : surely_durable(read, now);
  }

  // What was told now cannot have waited for a commit.
  [[nodiscard]] static bool before_any_commit(const Moment& read, const Moment& now) {
    return read.life == now.life && now.commits <= read.commits;
  }

 private:
  std::vector<std::uint64_t> commits_before_;  // per life
};

}  // namespace aldis::sim
