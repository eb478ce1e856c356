// SPDX-License-Identifier: Apache-2.0
// The ids that customers see: a keyed permutation of our own, so that they can be neither guessed nor counted
// (SMPP 4.5). A pure function of the installation's key: nothing is stored, and any process with the key can
// read one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "aldis/base/fixed_string.hpp"
#include "aldis/base/siphash.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/settings.hpp"

namespace aldis {

// Owns a key, nothing else; any thread. Every permutation is a Feistel network with SipHash-2-4 as round
// function: 4 rounds for 128 bits, 8 for less. format() never fails; parse() gives nothing for a text that
// this key cannot have produced, as far as the form can tell: 32 digits (hex) and the same with dashes (uuid)
// carry 64 check bits, 19 digits (dec) and 8 digits (hex8) nearly none, so a look-up by them can find
// nothing. Not for access control: look-ups stay within the account.
class PublicIds {
 public:
  explicit PublicIds(SipKey key);

  using Text = FixedString<36>;

  // With short_id set, always 8 digits; otherwise hex8 is given as hex.
  [[nodiscard]] Text format(const PublicId& id, MessageIdFormat format) const;

  // Any case. Exactly one of the result's members is set.
  [[nodiscard]] std::optional<PublicId> parse(std::string_view text) const;

  // `dec` holds 63 bits less 10^18 values: all nodes and sequences, and 116,861 starts of the daemon (32
  // years at ten a day). Ids beyond are given as hex.
  [[nodiscard]] static bool fits_dec(MessageId id);

 private:
  struct Block {
    std::uint64_t left;
    std::uint64_t right;
  };
  [[nodiscard]] Block encrypt(std::uint64_t id) const;
  [[nodiscard]] Block decrypt(Block block) const;
  [[nodiscard]] std::uint64_t permute_dec(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t restore_dec(std::uint64_t number) const;
  [[nodiscard]] std::uint32_t permute_short(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t restore_short(std::uint32_t number) const;
  [[nodiscard]] std::optional<PublicId> parse_hex(std::string_view high, std::string_view low) const;
  [[nodiscard]] std::optional<PublicId> parse_dec(std::string_view text) const;

  SipKey key_;
  std::uint64_t first_round_;
};

}  // namespace aldis
