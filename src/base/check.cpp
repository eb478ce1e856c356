// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace aldis {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "aldis: our bug: %s does not hold (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace aldis
