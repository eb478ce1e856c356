// SPDX-License-Identifier: Apache-2.0
// User data headers (3GPP TS 23.040 section 9.2.3.24): a length octet, then elements of id, length, value.
// Readers never fail: an element that runs over the end ends the list, and of equal elements the last counts,
// as the standard says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "aldis/base/octets.hpp"

namespace aldis::text {

inline constexpr std::uint8_t kUdhConcat8 = 0x00;
inline constexpr std::uint8_t kUdhPorts16 = 0x05;
inline constexpr std::uint8_t kUdhConcat16 = 0x08;

struct UdhElement {
  std::uint8_t id = 0;
  Octets value;
  Octets whole;  // id, length and value
};

// The elements of a header, in order. `udh` starts with its length octet.
class UdhReader {
 public:
  explicit UdhReader(Octets udh) : rest_(udh.empty() ? udh : udh.substr(1)) {}
  std::optional<UdhElement> next();

 private:
  Octets rest_;
};

// Octets of the header that `body` starts with, its length octet included; none if `body` is shorter than it
// says.
std::optional<std::size_t> udh_octets(Octets body);

struct Concat {
  std::uint16_t ref = 0;
  std::uint8_t total = 0;
  std::uint8_t seqnum = 0;  // from 1
  bool ref16 = false;
};

// A concatenation element that makes sense: seqnum within 1..total. `total` may be 1.
std::optional<Concat> concat_of(Octets udh);

struct Ports {
  std::uint16_t destination = 0;
  std::uint16_t source = 0;
};
std::optional<Ports> ports_of(Octets udh);

// Appends a complete header: `concat` first if given, then the elements of `udh` (empty = none) other than
// concatenation. Appends nothing if that leaves no element. Returns the octets appended.
std::size_t append_udh(const std::optional<Concat>& concat, Octets udh, std::string& out);
std::size_t append_udh(const Ports& ports, std::string& out);

// Octets that append_udh() would append.
std::size_t udh_octets_with(const std::optional<Concat>& concat, Octets udh);

}  // namespace aldis::text
