// SPDX-License-Identifier: Apache-2.0
// The only door to xxHash.
#pragma once

#include <array>
#include <cstdint>

#include "aldis/base/octets.hpp"

namespace aldis::spool {

// XXH3-64 seeded with the journal's id: a record of another journal is no record here. The secret that long
// inputs need is made from the seed once, not per call; the value is the plain XXH3_64bits_withSeed all the
// same.
class Checksum {
 public:
  explicit Checksum(std::uint64_t seed);
  [[nodiscard]] std::uint64_t operator()(Octets octets) const;

 private:
  std::uint64_t seed_;
  std::array<unsigned char, 192> secret_{};
};

}  // namespace aldis::spool
