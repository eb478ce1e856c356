// SPDX-License-Identifier: Apache-2.0
// What an account may use: senders (exact, or "re:" and an RE2 pattern on the whole) and prefixes of
// destinations.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/fixed_string.hpp"

namespace aldis::admission {

class SenderList {
 public:
  SenderList() = default;
  SenderList(const std::vector<std::string>& allow,
             const std::string& place);  // std::invalid_argument on a bad pattern
  [[nodiscard]] bool allows(std::string_view sender) const;

 private:
  std::vector<std::string> exact_;  // sorted
  std::vector<std::unique_ptr<RE2>> patterns_;
  mutable FixedString<20>
      allowed_last_;  // accounts repeat their sender: patterns are not run for each message
};

// A set of prefixes; those that another one covers are dropped, so that one binary search answers.
class PrefixSet {
 public:
  PrefixSet() = default;
  PrefixSet(const std::vector<std::string>& prefixes,
            const std::string& place);  // std::invalid_argument unless digits
  [[nodiscard]] bool empty() const { return prefixes_.empty(); }
  [[nodiscard]] bool covers(std::string_view number) const;

 private:
  std::vector<std::string> prefixes_;  // sorted
};

}  // namespace aldis::admission
