// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/octet_text.hpp"

#include <algorithm>
#include <cstdint>

namespace aldis {

namespace {
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string base64_of(Octets octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, octets.size() - i);
    std::uint32_t bits = std::uint32_t{u8(octets[i])} << 16;
    if (count > 1) { bits |= std::uint32_t{u8(octets[i + 1])} << 8; }
    if (count > 2) { bits |= u8(octets[i + 2]); }
    for (std::size_t sextet = 0; sextet < 4; ++sextet) {
      out += sextet <= count ? kBase64[(bits >> (18 - 6 * sextet)) & 0x3F] : '=';
    }
  }
  return out;
}

std::optional<std::string> octets_of_base64(std::string_view text) {
  if (text.size() % 4 != 0) { return std::nullopt; }
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') { ++padding; }
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos) { return std::nullopt; }
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFF;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFF);
    }
  }
  if ((bits & ((1u << held) - 1)) != 0) { return std::nullopt; }  // another text means these octets
  return out;
}

std::string hex_of(Octets octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * octets.size());
  for (const char c : octets) {
    out += kDigits[u8(c) >> 4];
    out += kDigits[u8(c) & 0xF];
  }
  return out;
}

std::optional<std::string> octets_of_hex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') { return c - '0'; }
    if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  if (text.size() % 2 != 0) { return std::nullopt; }
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) { return std::nullopt; }
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

}  // namespace aldis
