// SPDX-License-Identifier: Apache-2.0
// SipHash (Aumasson and Bernstein, 2012): a keyed 64-bit hash that nobody can aim collisions at without the
// key. SipHash-2-4 is for what strangers see of it, identifiers; SipHash-1-3, which other languages have in
// their hash tables, for keys of tables whose hashes never leave the process. Not for passwords and not for
// long data.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "aldis/base/octets.hpp"

namespace aldis {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;

  // From 16 octets, little-endian as in the reference implementation. Fewer octets count as zeros.
  static constexpr SipKey from(Octets octets) {
    SipKey key;
    for (std::size_t i = 0; i < 16 && i < octets.size(); ++i) {
      (i < 8 ? key.k0 : key.k1) |= std::uint64_t{u8(octets[i])} << (8 * (i % 8));
    }
    return key;
  }
};

template <unsigned WordRounds, unsigned LastRounds>
class BasicSipHash {
 public:
  explicit constexpr BasicSipHash(SipKey key)
      : v0_(key.k0 ^ 0x736F6D6570736575u),
        v1_(key.k1 ^ 0x646F72616E646F6Du),
        v2_(key.k0 ^ 0x6C7967656E657261u),
        v3_(key.k1 ^ 0x7465646279746573u) {}

  // Eight octets of the message, little-endian.
  constexpr void word(std::uint64_t m) {
    v3_ ^= m;
#pragma GCC unroll 4
    for (unsigned i = 0; i < WordRounds; ++i) { round(); }
    v0_ ^= m;
  }

  // `last` is the final word: the octets left over (0 to 7) below, the message's length modulo 256 in the top
  // octet.
  [[nodiscard]] constexpr std::uint64_t finish(std::uint64_t last) {
    word(last);
    v2_ ^= 0xFF;
#pragma GCC unroll 4
    for (unsigned i = 0; i < LastRounds; ++i) { round(); }
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  constexpr void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

using SipHash = BasicSipHash<2, 4>;
using TableHash = BasicSipHash<1, 3>;

constexpr std::uint64_t siphash24(SipKey key, Octets octets) {
  const auto load = [&octets](std::size_t from, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) { value |= std::uint64_t{u8(octets[from + i])} << (8 * i); }
    return value;
  };
  SipHash hash{key};
  const std::size_t whole = octets.size() / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) { hash.word(load(i, 8)); }
  return hash.finish(load(whole, octets.size() - whole) | (std::uint64_t{octets.size() & 0xFF} << 56));
}

}  // namespace aldis
