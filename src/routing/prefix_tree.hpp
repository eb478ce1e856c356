// SPDX-License-Identifier: Apache-2.0
// A tree over digits in one array: which lists of rules stand on the way of a number.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace aldis::routing {

// Up to 15 digits as 4 bits each (digit + 1) from the left: sorts like text, shorter first.
std::optional<std::uint64_t> pack_prefix(std::string_view digits);

struct PrefixEntry {
  std::uint64_t prefix;  // packed
  std::uint32_t rule;
};

// Built once, then read. A node is 12 octets; the children of a node stand together, in the order of their
// digits, so that the mask of digits tells where each is. Levels near the root, which every look-up passes,
// stand together and stay in the cache.
class PrefixTree {
 public:
  PrefixTree() = default;
  // Rules of equal prefixes are kept in ascending order, once each.
  explicit PrefixTree(std::vector<PrefixEntry> entries);

  // Calls visit(rules, digits) for every prefix of `number` that has rules, shortest first.
  template <class Visit>
  void walk(std::string_view number, Visit&& visit) const {
    if (nodes_.empty()) { return; }
    std::uint32_t at = 0;
    for (std::size_t depth = 0;; ++depth) {
      const Node& node = nodes_[at];
      if (node.list != kNoList) { visit(rules_of(node.list), static_cast<std::uint8_t>(depth)); }
      if (depth == number.size()) { return; }
      const auto digit = static_cast<unsigned>(static_cast<unsigned char>(number[depth])) - '0';
      if (digit > 9 || (node.digits >> digit & 1u) == 0) { return; }
      at = node.first_child + static_cast<std::uint32_t>(std::popcount(node.digits & ((1u << digit) - 1u)));
    }
  }

  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }

 private:
  static constexpr std::uint32_t kNoList = 0xFFFFFFFFu;
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t list = kNoList;
    std::uint16_t digits = 0;  // bit per digit that has a child
  };

  [[nodiscard]] std::span<const std::uint32_t> rules_of(std::uint32_t list) const {
    return {rules_.data() + lists_[list], rules_.data() + lists_[list + 1]};
  }
  std::uint32_t list_of(std::span<const PrefixEntry> equal);

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> lists_;  // begin of each list in rules_, and the end of the last
  std::vector<std::uint32_t> rules_;
};

}  // namespace aldis::routing
