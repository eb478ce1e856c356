// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "aldis/core/message.hpp"

namespace aldis::engine {

// Smallest sound answer to query_sm: what became of a message.
struct FinalAnswer {
  Status status = Status::kUnknown;
  std::uint8_t error_code = 0;
  WallTime done_at{};
};

// What became of the messages that left memory last, for customers who ask right after their receipt. Owned
// by the engine; fixed memory (2 MiB), one cache line per final message: the oldest of four neighbours gives
// way, so it holds at most 65,536. Forgets everything with the process: what must outlast it is the
// journal's and history's business.
class RecentFinals {
 public:
  RecentFinals() : sets_(kSets) {}

  // The id that the account knows the message by: public id, or its own short one.
  void add(AccountId account, std::uint64_t known_as, std::string_view source, const FinalAnswer& answer) {
    auto& set = sets_[set_of(account, known_as)];
    auto* slot = std::find_if(set.begin(), set.end(), [&](const Entry& entry) {
      return entry.known_as == known_as && entry.account == account;
    });
    if (slot == set.end()) { slot = set.end() - 1; }  // the oldest
    std::move_backward(set.begin(), slot, slot + 1);
    set.front() = {known_as, answer.done_at, account, hash_of(source), answer.status, answer.error_code};
  }

  // `source` empty: not given by the customer, so not compared.
  [[nodiscard]] std::optional<FinalAnswer> find(AccountId account, std::uint64_t known_as,
                                                std::string_view source) const {
    for (const Entry& entry : sets_[set_of(account, known_as)]) {
      if (entry.known_as != known_as || entry.account != account) { continue; }
      if (!source.empty() && hash_of(source) != entry.source) { return std::nullopt; }
      return FinalAnswer{entry.status, entry.error_code, entry.done_at};
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kSets = 16'384;
  struct Entry {
    std::uint64_t known_as = 0;
    WallTime done_at{};
    AccountId account = kNoAccount;
    std::uint32_t source = 0;  // its hash
    Status status = Status::kUnknown;
    std::uint8_t error_code = 0;
  };

  static std::size_t set_of(AccountId account, std::uint64_t known_as) {
    return ((known_as ^ account.value()) * 0x9E3779B97F4A7C15u) >> 50;
  }
  static std::uint32_t hash_of(std::string_view digits) {
    std::uint32_t hash = 0x811C9DC5u;
    for (const char c : digits) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u; }
    return hash;
  }

  std::vector<std::array<Entry, 4>> sets_;
};

}  // namespace aldis::engine
