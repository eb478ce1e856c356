// SPDX-License-Identifier: Apache-2.0
#include "routing/prefix_tree.hpp"

#include <algorithm>

namespace aldis::routing {

namespace {

constexpr std::size_t kDigitsMax = 15;

unsigned nibble(std::uint64_t prefix, std::size_t depth) {
  return static_cast<unsigned>(prefix >> (60 - 4 * depth) & 0xFu);  // 0: the prefix ends here
}

struct Range {  // of entries whose prefixes begin alike
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
};

}  // namespace

std::optional<std::uint64_t> pack_prefix(std::string_view digits) {
  if (digits.size() > kDigitsMax) { return std::nullopt; }
  std::uint64_t packed = 0;
  std::size_t depth = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') { return std::nullopt; }
    packed |= static_cast<std::uint64_t>(c - '0' + 1) << (60 - 4 * depth++);
  }
  return packed;
}

// The list before is reused when it is the same: a million prefixes of one route share one list.
std::uint32_t PrefixTree::list_of(std::span<const PrefixEntry> equal) {
  const std::size_t lists = lists_.size() - 1;
  if (lists > 0) {
    const auto last = rules_of(static_cast<std::uint32_t>(lists - 1));
    if (std::equal(last.begin(), last.end(), equal.begin(), equal.end(),
                   [](std::uint32_t rule, const PrefixEntry& entry) { return rule == entry.rule; })) {
      return static_cast<std::uint32_t>(lists - 1);
    }
  }
  for (const auto& entry : equal) { rules_.push_back(entry.rule); }
  lists_.push_back(static_cast<std::uint32_t>(rules_.size()));
  return static_cast<std::uint32_t>(lists);
}

PrefixTree::PrefixTree(std::vector<PrefixEntry> entries) : lists_{0} {
  const auto key = [](const PrefixEntry& e) { return std::pair{e.prefix, e.rule}; };
  std::ranges::sort(entries, {}, key);
  const auto same = [&key](const PrefixEntry& a, const PrefixEntry& b) { return key(a) == key(b); };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
  if (entries.empty()) { return; }

  std::vector<Range> ranges{{0, entries.size(), 0}};  // of nodes_, index by index: breadth first
  nodes_.emplace_back();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto [begin, end, depth] = ranges[i];
    std::size_t own = begin;
    while (own < end && nibble(entries[own].prefix, depth) == 0) { ++own; }
    if (own > begin) { nodes_[i].list = list_of({entries.data() + begin, own - begin}); }
    nodes_[i].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (own < end) {
      const unsigned next = nibble(entries[own].prefix, depth);
      std::size_t stop = own;
      while (stop < end && nibble(entries[stop].prefix, depth) == next) { ++stop; }
      nodes_[i].digits = static_cast<std::uint16_t>(nodes_[i].digits | 1u << (next - 1));
      nodes_.emplace_back();
      ranges.push_back({own, stop, depth + 1});
      own = stop;
    }
  }
  nodes_.shrink_to_fit();
}

}  // namespace aldis::routing
