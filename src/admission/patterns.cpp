// SPDX-License-Identifier: Apache-2.0
#include "admission/patterns.hpp"

#include <algorithm>
#include <stdexcept>

namespace aldis::admission {

namespace {

constexpr std::string_view kPatternMark = "re:";
constexpr std::int64_t kPatternOctets = 1 << 20;  // memory of one compiled pattern

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

SenderList::SenderList(const std::vector<std::string>& allow, const std::string& place) {
  RE2::Options options{RE2::Quiet};
  options.set_encoding(RE2::Options::EncodingLatin1);  // senders are octets
  options.set_max_mem(kPatternOctets);
  for (const auto& text : allow) {
    if (!text.starts_with(kPatternMark)) {
      const bool plus = text.starts_with('+') && is_digits(std::string_view{text}.substr(1));
      exact_.push_back(plus ? text.substr(1) : text);
      continue;
    }
    auto pattern = std::make_unique<RE2>(text.substr(kPatternMark.size()), options);
    if (!pattern->ok()) { throw std::invalid_argument(place + ": bad pattern: " + pattern->error()); }
    patterns_.push_back(std::move(pattern));
  }
  std::ranges::sort(exact_);
}

bool SenderList::allows(std::string_view sender) const {
  if (sender.empty()) { return false; }
  if (std::binary_search(exact_.begin(), exact_.end(), sender, std::less<>{})) { return true; }
  if (allowed_last_ == sender) { return true; }
  const bool allowed = std::ranges::any_of(patterns_, [sender](const auto& pattern) {
    return RE2::FullMatch(re2::StringPiece{sender.data(), sender.size()}, *pattern);
  });
  if (allowed && sender.size() <= allowed_last_.capacity()) { allowed_last_.assign(sender); }
  return allowed;
}

PrefixSet::PrefixSet(const std::vector<std::string>& prefixes, const std::string& place) {
  for (std::string_view prefix : prefixes) {
    if (prefix.starts_with('+')) { prefix.remove_prefix(1); }
    if (!is_digits(prefix)) {
      throw std::invalid_argument(place + ": " + std::string{prefix} + " is not a prefix of digits");
    }
    prefixes_.emplace_back(prefix);
  }
  std::ranges::sort(prefixes_);
  // Sorted, whatever a prefix covers comes right behind it.
  const auto covered = std::unique(prefixes_.begin(), prefixes_.end(),
                                   [](std::string_view a, std::string_view b) { return b.starts_with(a); });
  prefixes_.erase(covered, prefixes_.end());
}

bool PrefixSet::covers(std::string_view number) const {
  const auto after = std::upper_bound(prefixes_.begin(), prefixes_.end(), number, std::less<>{});
  return after != prefixes_.begin() && number.starts_with(*std::prev(after));
}

}  // namespace aldis::admission
