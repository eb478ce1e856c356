// SPDX-License-Identifier: Apache-2.0
// What load generator and simulator share: tokens that name a message in its own text, so that no oracle
// rests on the gateway's ids; latencies; CPU time; a seeded source of chance.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/base/time.hpp"

namespace aldis::traffic {

// '~' and 13 base-32 characters: 64 bits. Plain in every alphabet that SMS text has.
inline constexpr std::size_t kTokenOctets = 14;
void append_token(std::string& text, std::uint64_t number);
std::optional<std::uint64_t> find_token(Octets text);       // one octet per character
std::optional<std::uint64_t> find_token_ucs2(Octets text);  // two octets per character

// Counts durations in buckets of about 4 % width from 1 µs to 1000 s; constant memory and time.
class Latencies {
 public:
  void add(Duration latency);
  [[nodiscard]] double quantile_ms(double q) const;  // upper edge of the bucket; 0 when empty
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  static constexpr std::size_t kBuckets = 512;
  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
};

double cpu_seconds();  // user and system time of this process so far

// splitmix64: chance that a seed repeats.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool one_in(double probability) { return probability > 0 && uniform() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace aldis::traffic
