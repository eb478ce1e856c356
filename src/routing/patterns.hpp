// SPDX-License-Identifier: Apache-2.0
// Texts that a setting lists: exact ones, or "re:" and a pattern on the whole (RE2, so linear in the text).
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aldis::routing {

class Patterns {
 public:
  enum class Case : std::uint8_t { kExact, kAny };  // kAny: ASCII letters only
  static constexpr std::string_view kPatternMark = "re:";

  // `place` names the setting in errors: std::invalid_argument on a pattern that RE2 refuses.
  Patterns(const std::vector<std::string>& texts, Case letters, const std::string& place);

  [[nodiscard]] bool empty() const { return exact_.empty() && patterns_.empty(); }
  [[nodiscard]] bool has_patterns() const { return !patterns_.empty(); }
  [[nodiscard]] bool contains(std::string_view text) const;
  [[nodiscard]] const std::vector<std::string>& exact() const { return exact_; }

 private:
  Case case_;
  std::vector<std::string> exact_;  // sorted; in lower case where that does not matter
  std::vector<std::unique_ptr<RE2>> patterns_;
};

}  // namespace aldis::routing
