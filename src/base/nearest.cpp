// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/nearest.hpp"

#include <algorithm>
#include <vector>

namespace aldis {

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > limit) { return limit + 1; }
  std::vector<std::size_t> before(b.size() + 1);  // row i-2
  std::vector<std::size_t> above(b.size() + 1);   // row i-1
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) { above[j] = j; }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return std::min(above[b.size()], limit + 1);
}

std::string nearest(std::string_view written, std::span<const std::string_view> words) {
  const std::size_t limit = std::min<std::size_t>(2, written.size() / 3);
  std::string_view best;
  std::size_t best_distance = limit + 1;
  for (const auto word : words) {
    if (word.empty()) { continue; }
    const std::size_t d = edit_distance(written, word, limit);
    if (d < best_distance) {
      best = word;
      best_distance = d;
    }
  }
  return std::string(best);
}

}  // namespace aldis
