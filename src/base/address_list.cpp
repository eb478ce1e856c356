// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/address_list.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <functional>

namespace aldis {

namespace {
constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96 in front of an IPv4 address
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress out;
  if (text.find('\0') != std::string_view::npos) { return std::nullopt; }  // inet_pton would stop there
  const std::string zero_terminated{text};
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, zero_terminated.c_str(), v4.data()) == 1) {
    out.octets[10] = 0xFF;
    out.octets[11] = 0xFF;
    std::copy(v4.begin(), v4.end(), out.octets.begin() + 12);
    return out;
  }
  if (inet_pton(AF_INET6, zero_terminated.c_str(), out.octets.data()) == 1) { return out; }
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return std::all_of(octets.begin(), octets.begin() + 10, [](std::uint8_t o) { return o == 0; }) &&
         octets[10] == 0xFF && octets[11] == 0xFF;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, octets.data() + (v4 ? 12 : 0), text.data(), text.size());
  return text.data();
}

std::size_t hash_value(const IpAddress& address) {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(address.octets.data()), address.octets.size()});
}

IpAddress IpAddress::source() const {
  IpAddress out = *this;
  if (!is_v4()) { std::fill(out.octets.begin() + 8, out.octets.end(), std::uint8_t{0}); }
  return out;
}

bool IpAddress::is_loopback_or_private() const {
  static const AddressList kLocal = *AddressList::parse(
      {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7", "fe80::/10"});
  return kLocal.allows(*this);
}

std::optional<AddressList> AddressList::parse(const std::vector<std::string>& entries) {
  AddressList out;
  for (const auto& entry : entries) {
    const auto slash = entry.find('/');
    const auto base = IpAddress::parse(std::string_view{entry}.substr(0, slash));
    if (!base) { return std::nullopt; }
    const unsigned bits_max = base->is_v4() ? 32 : 128;
    unsigned bits = bits_max;
    if (slash != std::string::npos) {
      const char* first = entry.data() + slash + 1;
      const char* last = entry.data() + entry.size();
      const auto [end, error] = std::from_chars(first, last, bits);
      if (error != std::errc{} || end != last || first == last || bits > bits_max) { return std::nullopt; }
    }
    out.networks_.push_back({*base, bits + (base->is_v4() ? kMappedBits : 0)});
  }
  return out;
}

bool AddressList::allows(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const unsigned whole = network.bits / 8;
    if (!std::equal(address.octets.begin(), address.octets.begin() + whole, network.base.octets.begin())) {
      return false;
    }
    const unsigned rest = network.bits % 8;
    if (rest == 0) { return true; }
    const unsigned shift = 8 - rest;
    return (address.octets[whole] >> shift) == (network.base.octets[whole] >> shift);
  });
}

}  // namespace aldis
