// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/mutant.hpp"

#include <charconv>
#include <cstring>

namespace aldis::mutants {

bool choose(const char* word) noexcept {
  if (word == nullptr) { return true; }
#ifdef ALDIS_MUTANTS
  const char* const end = word + std::strlen(word);
  const auto read = std::from_chars(word, end, chosen);
  return read.ec == std::errc{} && read.ptr == end && chosen > 0;
#else
  return false;
#endif
}

}  // namespace aldis::mutants
