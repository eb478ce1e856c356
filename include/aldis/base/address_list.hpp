// SPDX-License-Identifier: Apache-2.0
// IP addresses and networks as values, without sockets: who may connect to us, and whom we may connect to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aldis {

// An IPv4 or IPv6 address as 16 octets; IPv4 is kept v4-mapped, so that 203.0.113.7 and ::ffff:203.0.113.7
// are one.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};
  static std::optional<IpAddress> parse(std::string_view text);  // numeric forms of inet_pton only
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] std::string text() const;  // "203.0.113.7", "2001:db8::1"
  // Of an IPv6 address its /64, of an IPv4 address itself: whoever guesses from one has all of it.
  [[nodiscard]] IpAddress source() const;
  // 127/8, 10/8, 172.16/12, 192.168/16, ::1, fc00::/7, fe80::/10
  [[nodiscard]] bool is_loopback_or_private() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend std::size_t hash_value(const IpAddress& address);  // for boost::hash
};

// Networks in CIDR notation that may connect (CONTRACT S5). An empty list allows nobody.
class AddressList {
 public:
  // Returns nothing when an entry is not an address or network.
  static std::optional<AddressList> parse(const std::vector<std::string>& entries);
  [[nodiscard]] bool allows(const IpAddress& address) const;
  [[nodiscard]] bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    IpAddress base;
    unsigned bits = 128;  // of the 16 octets
  };
  std::vector<Network> networks_;
};

}  // namespace aldis
