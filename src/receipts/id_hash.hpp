// SPDX-License-Identifier: Apache-2.0
// How an operator's id becomes the key of a table. Keyed, so that no operator can aim at the entries of
// another.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "aldis/base/siphash.hpp"
#include "aldis/core/ids.hpp"

namespace aldis::receipts {

// Within one process only: the words are loaded in the machine's octet order.
inline std::uint64_t id_hash(SipKey key, OperatorId op, std::string_view normal_id) {
  TableHash hash{key};
  const std::uint64_t size = normal_id.size();
  hash.word((std::uint64_t{op.value()} << 32) | size);
  while (normal_id.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, normal_id.data(), 8);
    hash.word(word);
    normal_id.remove_prefix(8);
  }
  std::uint64_t last = 0;
  if (!normal_id.empty()) { std::memcpy(&last, normal_id.data(), normal_id.size()); }
  return hash.finish(last | (size << 56));
}

}  // namespace aldis::receipts
