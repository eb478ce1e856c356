// SPDX-License-Identifier: Apache-2.0
// StrongId<Tag, T>: an integer that cannot be mistaken for another kind of integer (STYLE rule 9).
// Zero-initialised, ordered, hashable (for std and boost containers); value() gives the integer back.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace aldis {

template <class Tag, class T>
class StrongId {
 public:
  using Value = T;

  constexpr StrongId() = default;
  constexpr explicit StrongId(T value) : value_(value) {}

  [[nodiscard]] constexpr T value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

  friend std::size_t hash_value(const StrongId& id) {  // boost::hash finds it by ADL
    // splitmix64's finaliser: ids are dense counters, and the flat maps want every bit stirred.
    auto x = static_cast<std::uint64_t>(id.value_) + 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return static_cast<std::size_t>(x ^ (x >> 31));
  }

 private:
  T value_{};
};

}  // namespace aldis

template <class Tag, class T>
struct std::hash<aldis::StrongId<Tag, T>> {
  std::size_t operator()(const aldis::StrongId<Tag, T>& id) const { return hash_value(id); }
};
