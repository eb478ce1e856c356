// SPDX-License-Identifier: Apache-2.0
#include "spool/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace aldis::spool {

static_assert(XXH3_SECRET_DEFAULT_SIZE == 192);

Checksum::Checksum(std::uint64_t seed) : seed_(seed) { XXH3_generateSecret_fromSeed(secret_.data(), seed); }

std::uint64_t Checksum::operator()(Octets octets) const {
  return XXH3_64bits_withSecretandSeed(octets.data(), octets.size(), secret_.data(), secret_.size(), seed_);
}

}  // namespace aldis::spool
