// SPDX-License-Identifier: Apache-2.0
// FixedString<N>: up to N octets stored in place, no allocation. For fields whose limit the specification
// gives (addresses, service_type, system_id). assign() cuts at N: check the length first where cutting would
// be wrong.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace aldis {

template <std::size_t N>
class FixedString {
  static_assert(N > 0 && N < 256);

 public:
  constexpr FixedString() = default;
  constexpr explicit FixedString(std::string_view text) { assign(text); }

  constexpr void assign(std::string_view text) {
    size_ = static_cast<std::uint8_t>(std::min(text.size(), N));
    std::copy_n(text.begin(), size_, octets_.begin());
  }
  constexpr void clear() { size_ = 0; }

  [[nodiscard]] constexpr std::string_view view() const { return {octets_.data(), size_}; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  static constexpr std::size_t capacity() { return N; }

  friend constexpr bool operator==(const FixedString& a, const FixedString& b) {
    return a.view() == b.view();
  }
  friend constexpr bool operator==(const FixedString& a, std::string_view b) { return a.view() == b; }

 private:
  std::uint8_t size_ = 0;
  std::array<char, N> octets_{};
};

}  // namespace aldis
