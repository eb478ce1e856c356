// SPDX-License-Identifier: Apache-2.0
// What fuzz targets share. A target is one file that defines run(); main.cpp makes a libFuzzer program of it,
// or a program that replays folders of inputs. Properties are ALDIS_CHECKs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "aldis/base/check.hpp"
#include "aldis/base/octets.hpp"

namespace aldis::fuzz {

void run(Octets input);  // the target's; must return, and must not throw

// Takes values off the front of an input. Past the end everything is zero or empty.
class Draw {
 public:
  explicit Draw(Octets input) : rest_(input) {}

  std::uint8_t u8() {
    if (rest_.empty()) { return 0; }
    const std::uint8_t value = aldis::u8(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
  std::uint32_t u32() { return std::uint32_t{u16()} << 16 | u16(); }
  std::uint64_t u64() { return std::uint64_t{u32()} << 32 | u32(); }
  bool coin() { return (u8() & 1u) != 0; }
  std::uint32_t below(std::uint32_t bound) {  // of one octet where that is enough
    return (bound <= 256 ? u8() : bound <= 65'536 ? u16() : u32()) % bound;
  }
  Octets octets(std::size_t size) {
    const Octets taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  Octets text() { return octets(u8()); }  // a length, then that much
  Octets rest() { return octets(rest_.size()); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  Octets rest_;
};

// Octets in memory of exactly their size, so that AddressSanitizer sees the first one read too many.
class Exact {
 public:
  explicit Exact(Octets octets) : size_(octets.size()), memory_(new char[octets.size()]) {
    if (size_ != 0) { std::memcpy(memory_.get(), octets.data(), size_); }
  }
  [[nodiscard]] Octets view() const { return {memory_.get(), size_}; }
  char* data() { return memory_.get(); }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> memory_;
};

// Cheap numbers that depend on the input alone: where to split it.
class Splits {
 public:
  explicit Splits(std::uint64_t seed) : state_(seed) {}
  std::size_t next(std::size_t max) {  // 1 .. max
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return 1 + static_cast<std::size_t>(state_ >> 33) % max;
  }

 private:
  std::uint64_t state_;
};

// Allocations since the program began; always 0 without AddressSanitizer.
std::uint64_t allocations();
std::uint64_t allocated_octets();

inline bool is_inside(Octets part, Octets whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace aldis::fuzz
