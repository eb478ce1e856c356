// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aldis/base/octets.hpp"

namespace aldis {

// For passwords, keys and their digests: the time depends on the lengths only, not on where they differ.
[[nodiscard]] bool equal_constant_time(Octets a, Octets b);

}  // namespace aldis
