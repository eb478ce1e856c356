// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/constant_time.hpp"

namespace aldis {

bool equal_constant_time(Octets a, Octets b) {
  unsigned differs = a.size() == b.size() ? 0u : 1u;
  for (std::size_t i = 0; i < a.size(); ++i) { differs |= u8(a[i]) ^ (b.empty() ? 0u : u8(b[i % b.size()])); }
  return differs == 0;
}

}  // namespace aldis
