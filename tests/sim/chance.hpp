// SPDX-License-Identifier: Apache-2.0
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "aldis/base/time.hpp"

namespace aldis::sim {

// A stream of chance of its own for each actor and purpose, so that a change in one does not reshuffle the
// others: splitmix64 from XXH3(name, seed).
class Chance {
 public:
  Chance(std::uint64_t seed, std::string_view name)
      : state_(XXH3_64bits_withSeed(name.data(), name.size(), seed)) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool one_in(double probability) { return probability > 0 && uniform() < probability; }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  Duration between(Duration low, Duration high) {
    return low +
           Duration{static_cast<Duration::rep>(below(static_cast<std::uint64_t>((high - low).count()) + 1))};
  }
  template <class List>
  auto& pick(List& list) {
    return list[static_cast<std::size_t>(below(list.size()))];
  }

 private:
  std::uint64_t state_;
};

// XXH3 over time, actor, kind and octets of all that happened: two runs of one seed must agree.
class TraceHash {
 public:
  void add(Instant now, std::uint32_t actor, std::uint32_t kind, std::string_view octets) {
    const std::int64_t time = now.time_since_epoch().count();
    const std::uint64_t words[4] = {hash_, static_cast<std::uint64_t>(time),
                                    (std::uint64_t{actor} << 32) | kind,
                                    XXH3_64bits(octets.data(), octets.size())};
    hash_ = XXH3_64bits(words, sizeof words);
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0;
};

}  // namespace aldis::sim
