// SPDX-License-Identifier: Apache-2.0
#include "routing/patterns.hpp"

#include <algorithm>
#include <stdexcept>

namespace aldis::routing {

namespace {
constexpr std::int64_t kPatternOctets = 1 << 20;  // memory of one compiled pattern

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  return out;
}
}  // namespace

Patterns::Patterns(const std::vector<std::string>& texts, Case letters, const std::string& place)
    : case_(letters) {
  RE2::Options options{RE2::Quiet};
  options.set_encoding(RE2::Options::EncodingLatin1);  // octets: what comes from the air need not be UTF-8
  options.set_case_sensitive(letters == Case::kExact);
  options.set_max_mem(kPatternOctets);
  for (const auto& text : texts) {
    if (!text.starts_with(kPatternMark)) {
      exact_.push_back(letters == Case::kAny ? lower(text) : text);
      continue;
    }
    auto pattern = std::make_unique<RE2>(text.substr(kPatternMark.size()), options);
    if (!pattern->ok()) { throw std::invalid_argument(place + ": bad pattern: " + pattern->error()); }
    patterns_.push_back(std::move(pattern));
  }
  std::ranges::sort(exact_);
}

bool Patterns::contains(std::string_view text) const {
  if (!exact_.empty()) {
    const bool found = case_ == Case::kAny
                           ? std::ranges::binary_search(exact_, lower(text))
                           : std::binary_search(exact_.begin(), exact_.end(), text, std::less<>{});
    if (found) { return true; }
  }
  return std::ranges::any_of(patterns_, [text](const auto& pattern) {
    return RE2::FullMatch(re2::StringPiece{text.data(), text.size()}, *pattern);
  });
}

}  // namespace aldis::routing
