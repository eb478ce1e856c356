// SPDX-License-Identifier: Apache-2.0
// The permutations behind the ids that customers see.
#include "aldis/core/public_id.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "aldis/base/mutant.hpp"

namespace aldis {
namespace {

// Luby and Rackoff: four rounds make 64-bit halves a strong permutation up to 2^32 ids; shorter halves get
// more.
constexpr unsigned kBlockRounds = 4;
constexpr unsigned kRounds = 8;
// The round functions of the three permutations differ in the length of what they hash, and in this octet.
constexpr std::uint64_t kDecRound = 0x10;
constexpr std::uint64_t kShortRound = 0x20;

constexpr std::uint64_t kDecFirst = 1'000'000'000'000'000'000u;
constexpr std::uint64_t kDecLast = 9'223'372'036'854'775'807u;
constexpr std::uint64_t kDecGenerations = 116'861;  // as many as fit for every node and sequence
static_assert((std::uint64_t{1} << kNodeBits) * kDecGenerations <= (kDecLast - kDecFirst + 1) >>
              kSequenceBits);

constexpr std::uint64_t kGenerationMask = (std::uint64_t{1} << kGenerationBits) - 1;
constexpr std::uint64_t kSequenceMask = (std::uint64_t{1} << kSequenceBits) - 1;

std::uint64_t f64(SipKey key, std::uint64_t round, std::uint64_t half) {
  SipHash hash{key};
  hash.word(half);
  return hash.finish(round | (std::uint64_t{9} << 56));
}

std::uint32_t f32(SipKey key, std::uint64_t round, std::uint32_t half) {
  const std::uint64_t octets = half | ((kDecRound + round) << 32);
  return static_cast<std::uint32_t>(SipHash{key}.finish(octets | (std::uint64_t{5} << 56)));
}

std::uint16_t f16(SipKey key, std::uint64_t round, std::uint16_t half) {
  const std::uint64_t octets = half | ((kShortRound + round) << 16);
  return static_cast<std::uint16_t>(SipHash{key}.finish(octets | (std::uint64_t{3} << 56)));
}

bool in_dec_range(std::uint64_t number) { return number >= kDecFirst && number <= kDecLast; }

// The lowest `digits` (at most 8) of a value. All eight at once: a digit to an octet, then what lies between
// '9' and 'a' on those above 9.
inline char* write_hex8(char* to, std::uint32_t value, unsigned digits) {
  std::uint64_t x = value;
  x = (x | x << 16) & 0x0000FFFF0000FFFFu;
  x = (x | x << 8) & 0x00FF00FF00FF00FFu;
  x = (x | x << 4) & 0x0F0F0F0F0F0F0F0Fu;
  const std::uint64_t letters = (x + 0x0606060606060606u) >> 4 & 0x0101010101010101u;
  x += 0x3030303030303030u + letters * ('a' - '9' - 1);
  if constexpr (std::endian::native == std::endian::little) { x = __builtin_bswap64(x); }
  std::array<char, 8> text;
  std::memcpy(text.data(), &x, 8);
  std::memcpy(to, text.data() + (8 - digits), digits);
  return to + digits;
}

inline char* write_hex(char* to, std::uint64_t value, unsigned digits) {
  if (digits > 8) { to = write_hex8(to, static_cast<std::uint32_t>(value >> 32), digits - 8); }
  return write_hex8(to, static_cast<std::uint32_t>(value), std::min(digits, 8u));
}

// Both cases; nothing for anything else.
std::optional<std::uint64_t> read_hex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint64_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint64_t>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = (value << 4) | digit;
  }
  return value;
}

}  // namespace

PublicIds::Text PublicIds::format(const PublicId& id, MessageIdFormat format) const {
  std::array<char, 36> text;
  const auto made = [&text](const char* end) {
    return Text{std::string_view{text.data(), static_cast<std::size_t>(end - text.data())}};
  };
  if (id.short_id != 0) { return made(write_hex(text.data(), permute_short(id.short_id), 8)); }
  if (format == MessageIdFormat::kDec && fits_dec(id.id)) {
    const std::uint64_t value = id.id.value();
    const std::uint64_t node = value >> (kGenerationBits + kSequenceBits);
    const std::uint64_t generation = (value >> kSequenceBits) & kGenerationMask;
    const std::uint64_t dense =
        ((node * kDecGenerations + generation) << kSequenceBits) | (value & kSequenceMask);
    return made(std::to_chars(text.data(), text.data() + text.size(), permute_dec(kDecFirst + dense)).ptr);
  }
  const Block block = encrypt(id.id.value());
  if (format != MessageIdFormat::kUuid) {
    return made(write_hex(write_hex(text.data(), block.left, 16), block.right, 16));
  }
  char* to = write_hex(text.data(), block.left >> 32, 8);
  *to++ = '-';
  to = write_hex(to, block.left >> 16, 4);
  *to++ = '-';
  to = write_hex(to, block.left, 4);
  *to++ = '-';
  to = write_hex(to, block.right >> 48, 4);
  *to++ = '-';
  return made(write_hex(to, block.right, 12));
}

std::optional<PublicId> PublicIds::parse(std::string_view text) const {
  switch (text.size()) {
    case 32: return parse_hex(text.substr(0, 16), text.substr(16));
    case 36: {
      if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') { return std::nullopt; }
      std::array<char, 32> digits;
      std::size_t size = 0;
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (i != 8 && i != 13 && i != 18 && i != 23) { digits[size++] = text[i]; }
      }
      return parse_hex({digits.data(), 16}, {digits.data() + 16, 16});
    }
    case 19: return parse_dec(text);
    case 8: {
      const auto number = read_hex(text);
      if (!number) { return std::nullopt; }
      const std::uint32_t short_id = restore_short(static_cast<std::uint32_t>(*number));
      if (short_id == 0) { return std::nullopt; }  // counters start at 1
      return PublicId{MessageId{}, short_id};
    }
    default: return std::nullopt;
  }
}

std::optional<PublicId> PublicIds::parse_hex(std::string_view high, std::string_view low) const {
  const auto left = read_hex(high);
  const auto right = read_hex(low);
  if (!left || !right) { return std::nullopt; }
  const Block block = decrypt({*left, *right});
  if ((block.right != 0 && !ALDIS_MUTANT(36)) || block.left == 0) { return std::nullopt; }
  return PublicId{MessageId{block.left}, 0};
}

std::optional<PublicId> PublicIds::parse_dec(std::string_view text) const {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !in_dec_range(number)) {
    return std::nullopt;
  }
  const std::uint64_t dense = restore_dec(number) - kDecFirst;
  const std::uint64_t starts = dense >> kSequenceBits;
  const std::uint64_t node = starts / kDecGenerations;
  if (dense == 0 || node >= (std::uint64_t{1} << kNodeBits)) { return std::nullopt; }
  return PublicId{
      make_message_id(static_cast<std::uint32_t>(node), static_cast<std::uint32_t>(starts % kDecGenerations),
                      dense & kSequenceMask),
      0};
}

bool PublicIds::fits_dec(MessageId id) {
  return ((id.value() >> kSequenceBits) & kGenerationMask) < kDecGenerations;
}

PublicIds::PublicIds(SipKey key) : key_(key), first_round_(f64(key, 0, 0)) {}

// The right half is check bits, always 0: what the first round makes of it is always the same.
PublicIds::Block PublicIds::encrypt(std::uint64_t id) const {
  Block block{0, id ^ first_round_};
  for (unsigned round = 1; round < kBlockRounds; ++round) {
    block = {block.right, block.left ^ f64(key_, round, block.right)};
  }
  return block;
}

PublicIds::Block PublicIds::decrypt(Block block) const {
  for (unsigned round = kBlockRounds; round-- > 0;) {
    block = {block.right ^ f64(key_, round, block.left), block.left};
  }
  return block;
}

// Cycle walking: a permutation of all 64-bit numbers, repeated until it lands in the range again, is a
// permutation of the range. 2.2 turns on average.
std::uint64_t PublicIds::permute_dec(std::uint64_t number) const {
  do {
    auto left = static_cast<std::uint32_t>(number >> 32);
    auto right = static_cast<std::uint32_t>(number);
    for (unsigned round = 0; round < kRounds; ++round) {
      const std::uint32_t next = left ^ f32(key_, round, right);
      left = right;
      right = next;
    }
    number = (std::uint64_t{left} << 32) | right;
  } while (!in_dec_range(number));
  return number;
}

std::uint64_t PublicIds::restore_dec(std::uint64_t number) const {
  do {
    auto left = static_cast<std::uint32_t>(number >> 32);
    auto right = static_cast<std::uint32_t>(number);
    for (unsigned round = kRounds; round-- > 0;) {
      const std::uint32_t before = right ^ f32(key_, round, left);
      right = left;
      left = before;
    }
    number = (std::uint64_t{left} << 32) | right;
  } while (!in_dec_range(number));
  return number;
}

std::uint32_t PublicIds::permute_short(std::uint32_t number) const {
  auto left = static_cast<std::uint16_t>(number >> 16);
  auto right = static_cast<std::uint16_t>(number);
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto next = static_cast<std::uint16_t>(left ^ f16(key_, round, right));
    left = right;
    right = next;
  }
  return (std::uint32_t{left} << 16) | right;
}

std::uint32_t PublicIds::restore_short(std::uint32_t number) const {
  auto left = static_cast<std::uint16_t>(number >> 16);
  auto right = static_cast<std::uint16_t>(number);
  for (unsigned round = kRounds; round-- > 0;) {
    const auto before = static_cast<std::uint16_t>(right ^ f16(key_, round, left));
    right = left;
    left = before;
  }
  return (std::uint32_t{left} << 16) | right;
}

}  // namespace aldis
