// SPDX-License-Identifier: Apache-2.0
// "did you mean": the nearest of the words that are valid in a place.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace aldis {

// Damerau-Levenshtein distance (insert, delete, replace, swap neighbours), counted up to `limit`; past it,
// limit + 1.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// The nearest word at a distance of at most 2 and at most a third of what was written; ties by order; empty =
// none.
std::string nearest(std::string_view written, std::span<const std::string_view> words);

}  // namespace aldis
