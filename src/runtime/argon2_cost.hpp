// SPDX-License-Identifier: Apache-2.0
// What one password check costs (CONTRACT B2): Argon2id with 19 MiB and two passes, so that 500 sessions can
// bind again soon after a restart.
#pragma once

#include <cstdint>

namespace aldis::runtime {

inline constexpr std::uint32_t kArgon2Passes = 2;
inline constexpr std::uint32_t kArgon2Memory = 19 * 1024;  // KiB
inline constexpr std::uint32_t kArgon2Lanes = 1;
inline constexpr std::uint32_t kArgon2Salt = 16;
inline constexpr std::uint32_t kArgon2Tag = 32;

}  // namespace aldis::runtime
