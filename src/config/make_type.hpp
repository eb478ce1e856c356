// SPDX-License-Identifier: Apache-2.0
// Types of settings with their bounds, as rows name them: whole(2, 64), duration(seconds{1}, seconds{60}).
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "config/schema.hpp"

namespace aldis::config {

inline Type bounded(Kind kind, Value min, Value max) {
  Type type;
  type.kind = kind;
  type.min = std::move(min);
  type.max = std::move(max);
  return type;
}
inline Type flag() { return bounded(Kind::kFlag, {}, {}); }
inline Type whole(std::uint64_t min, std::uint64_t max) { return bounded(Kind::kWhole, min, max); }
inline Type number(double min, double max) { return bounded(Kind::kNumber, min, max); }
inline Type duration(Duration min, Duration max) { return bounded(Kind::kDuration, min, max); }
inline Type size(std::uint64_t min, std::uint64_t max) { return bounded(Kind::kSize, min, max); }
inline Type hex(std::uint64_t min, std::uint64_t max) { return bounded(Kind::kHex, min, max); }
inline Type status_range() { return bounded(Kind::kStatusRange, {}, {}); }
inline Type secret() { return bounded(Kind::kSecret, {}, {}); }
inline Type duration_or_off(Duration min, Duration max) {
  Type type = duration(min, max);
  type.zero_is_off = true;
  return type;
}
inline Type size_or_zero(std::uint64_t min, std::uint64_t max) {
  Type type = size(min, max);
  type.zero_is_off = true;
  return type;
}
inline Type text(TextForm form) {
  Type type;
  type.form = form;
  return type;
}
inline Type unique_text(TextForm form, std::string_view noun) {
  Type type = text(form);
  type.unique = noun;
  return type;
}
inline Type reference(std::string_view noun) {
  Type type;
  type.form.length_min = 1;
  type.refers = noun;
  return type;
}
inline Type words(std::vector<std::string_view> words) {
  Type type;
  type.kind = Kind::kChoice;
  type.words = std::move(words);
  return type;
}

}  // namespace aldis::config
