// SPDX-License-Identifier: Apache-2.0
#include "config/forms.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <charconv>

namespace aldis::config::forms {

namespace {

using MaybeFault = std::optional<Fault>;

Fault wrong(std::string_view needs, std::string_view text) {
  return {Code::kType, fmt::format("needs {} (got \"{}\")", needs, text), {}};
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

std::optional<unsigned> number_of(std::string_view text, unsigned max, int base = 10) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const bool whole = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return whole && value <= max ? std::optional(value) : std::nullopt;
}

// --- addresses ---------------------------------------------------------------------------------------------

struct Ip {
  std::array<std::uint8_t, 16> octets{};  // IPv4: the first 4
  bool is_v6 = false;
};

std::optional<Ip> ipv4(std::string_view text) {
  Ip ip;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) { return std::nullopt; }
    const std::string_view part = text.substr(0, dot);
    const auto value = number_of(part, 255);
    if (!value || (part.size() > 1 && part[0] == '0')) { return std::nullopt; }
    ip.octets[i] = static_cast<std::uint8_t>(*value);
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  return ip;
}

// Groups between colons; at most `octets.size()` octets are written. The number written, or none.
std::optional<std::size_t> ipv6_groups(std::string_view text, std::array<std::uint8_t, 16>& octets) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      const auto tail = ipv4(group);
      if (!tail || count + 4 > octets.size()) { return std::nullopt; }
      for (std::size_t i = 0; i < 4; ++i) { octets[count++] = tail->octets[i]; }
      return count;
    }
    const auto value = number_of(group, 0xFFFF, 16);
    if (!value || group.size() > 4 || count + 2 > octets.size()) { return std::nullopt; }
    octets[count++] = static_cast<std::uint8_t>(*value >> 8);
    octets[count++] = static_cast<std::uint8_t>(*value & 0xFF);
    if (colon == std::string_view::npos) { return count; }
    text.remove_prefix(colon + 1);
    if (text.empty()) { return std::nullopt; }
  }
  return count;
}

std::optional<Ip> ipv6(std::string_view text) {
  Ip ip;
  ip.is_v6 = true;
  const std::size_t gap = text.find("::");
  const auto head = ipv6_groups(text.substr(0, gap), ip.octets);
  if (!head || (gap == std::string_view::npos && *head != 16)) { return std::nullopt; }
  if (gap == std::string_view::npos) { return ip; }
  std::array<std::uint8_t, 16> rest{};
  const auto tail = ipv6_groups(text.substr(gap + 2), rest);
  if (!tail || *head + *tail > 14) { return std::nullopt; }
  for (std::size_t i = 0; i < *tail; ++i) { ip.octets[16 - *tail + i] = rest[i]; }
  return ip;
}

std::optional<Ip> ip_of(std::string_view text) {
  return text.find(':') == std::string_view::npos ? ipv4(text) : ipv6(text);
}

struct HostPort {
  std::string_view host;
  unsigned port = 0;
};

std::optional<HostPort> split_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) { return std::nullopt; }
  const auto port = number_of(text.substr(colon + 1), 65535);
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (is_bracketed) { host = host.substr(1, host.size() - 2); }
  if (!port || host.empty() || is_bracketed != (host.find(':') != std::string_view::npos)) {
    return std::nullopt;
  }
  return HostPort{host, *port};
}

MaybeFault check_listen(std::string_view text) {
  const auto split = split_port(text);
  if (split && ip_of(split->host)) { return {}; }
  return wrong("an IP address and a port, for example 127.0.0.1:2775", text);
}

MaybeFault check_listen_or_path(std::string_view text) {
  constexpr std::string_view kUnix = "unix:/";
  constexpr std::size_t kPathMax = 107;  // of a socket's address, without the NUL
  if (!text.starts_with("unix:")) { return check_listen(text); }
  if (text.starts_with(kUnix) && text.size() <= kPathMax + kUnix.size() - 1) { return {}; }
  return wrong("unix: and an absolute path of at most 107 octets", text);
}

MaybeFault check_host_port(std::string_view text) {
  static const RE2 kHost(
      "[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*");
  const auto split = split_port(text);
  const bool fits = split && split->port > 0 && split->host.size() <= 253 &&
                    (ip_of(split->host) || RE2::FullMatch(piece(split->host), kHost));
  if (fits) { return {}; }
  return wrong("a host and a port, for example smsc.example:2775", text);
}

MaybeFault check_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto ip = ip_of(text.substr(0, slash));
  const bool fits =
      ip && (slash == std::string_view::npos || number_of(text.substr(slash + 1), ip->is_v6 ? 128 : 32));
  if (fits) { return {}; }
  return wrong("an address or a network, for example 203.0.113.0/24", text);
}

// --- words -------------------------------------------------------------------------------------------------

MaybeFault check_ascii(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7E) { return Fault{Code::kType, "needs printable ASCII characters", {}}; }
  }
  return {};
}

MaybeFault check_name(std::string_view text) {
  static const RE2 kName("[a-z0-9][a-z0-9._-]{0,63}");
  if (text == "last_sender" || text == "none" || text == "_other") {
    return Fault{Code::kType, fmt::format("{} is reserved", text), {}};
  }
  if (RE2::FullMatch(piece(text), kName)) { return {}; }
  return wrong("a name of a-z, 0-9, dots, hyphens and underscores, at most 64 characters,", text);
}

MaybeFault check_absolute(std::string_view text) {
  if (text.starts_with('/')) { return {}; }
  return wrong("an absolute path", text);
}

MaybeFault check_absolute_or_none(std::string_view text) {
  return text.empty() ? MaybeFault{} : check_absolute(text);
}

MaybeFault check_digits(std::string_view text) {
  if (text.find_first_not_of("0123456789") == std::string_view::npos) { return {}; }
  return wrong("digits without +", text);
}

MaybeFault check_pattern(std::string_view text) {
  if (!text.starts_with("re:")) { return {}; }
  const std::string_view pattern = text.substr(3);
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 compiled(piece(pattern), options);
  if (compiled.ok()) { return {}; }
  const std::size_t at = pattern.find(compiled.error_arg());
  const std::size_t position = at == std::string_view::npos ? 1 : at + 1;
  std::string why = compiled.error();
  why = why.substr(0, why.find(": "));
  return Fault{Code::kPattern, fmt::format("bad pattern at {}: {}", position, why), {}};
}

MaybeFault check_argon2id(std::string_view text) {
  static const RE2 kHash("\\$argon2id\\$v=19\\$m=[0-9]+,t=[0-9]+,p=[0-9]+\\$[A-Za-z0-9+/]+\\$[A-Za-z0-9+/]+");
  if (RE2::FullMatch(piece(text), kHash)) { return {}; }
  return Fault{Code::kType, "needs a hash of the form $argon2id$v=19$m=...,t=...,p=...$SALT$HASH", {}};
}

}  // namespace

TextForm any(std::size_t length_min, std::size_t length_max) {
  return {length_min, length_max, nullptr, "text"};
}
TextForm ascii(std::size_t length_min, std::size_t length_max) {
  return {length_min, length_max, check_ascii, "text"};
}
TextForm name() { return {1, 64, check_name, "a name"}; }
TextForm absolute_path_or_none() { return {0, 4096, check_absolute_or_none, "an absolute path"}; }
TextForm absolute_path() { return {1, 4096, check_absolute, "an absolute path"}; }
TextForm listen_address() { return {1, 64, check_listen, "an IP address and a port"}; }
TextForm listen_address_or_path() {
  return {1, 112, check_listen_or_path, "an IP address and a port, or unix: and a path"};
}
TextForm host_port() { return {1, 260, check_host_port, "a host and a port"}; }
TextForm network() { return {1, 64, check_network, "an address or a network"}; }
TextForm prefix() { return {1, 15, check_digits, "a prefix of digits"}; }
TextForm digits() { return {1, 20, check_digits, "digits"}; }
TextForm exact_or_pattern(std::size_t length_max) {
  return {1, length_max, check_pattern, "text, or re: and a pattern"};
}
TextForm argon2id() { return {1, 512, check_argon2id, "an Argon2id hash"}; }

bool is_private_address(std::string_view address) {
  const auto split = split_port(address);
  const auto ip = split ? ip_of(split->host) : std::nullopt;
  if (!ip) { return false; }
  const auto& o = ip->octets;
  if (ip->is_v6) {
    bool is_loopback = o[15] == 1;
    for (std::size_t i = 0; i < 15; ++i) { is_loopback = is_loopback && o[i] == 0; }
    return is_loopback || (o[0] & 0xFE) == 0xFC || (o[0] == 0xFE && (o[1] & 0xC0) == 0x80);
  }
  return o[0] == 127 || o[0] == 10 || (o[0] == 172 && (o[1] & 0xF0) == 16) || (o[0] == 192 && o[1] == 168) ||
         (o[0] == 169 && o[1] == 254);
}

}  // namespace aldis::config::forms
