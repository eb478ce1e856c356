// SPDX-License-Identifier: Apache-2.0
#include "aldis/ports/fetch_guard.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "aldis/base/mutant.hpp"
#include "aldis/base/octets.hpp"

namespace aldis::ports {

namespace {

struct Range {
  std::array<std::uint8_t, 16> base;
  unsigned bits;
};

constexpr Range v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, unsigned bits) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, 0}, 96 + bits};
}
constexpr Range v6(std::uint16_t a, std::uint16_t b, std::uint16_t c, unsigned bits) {
  const auto high = [](std::uint16_t word) { return static_cast<std::uint8_t>(word >> 8); };
  const auto low = [](std::uint16_t word) { return static_cast<std::uint8_t>(word & 0xFF); };
  return {{high(a), low(a), high(b), low(b), high(c), low(c)}, bits};
}

// RFC 6890 and its successors: what is not the public Internet.
constexpr auto kForbidden = std::to_array<Range>({
    v4(0, 0, 0, 8),           // this network
    v4(10, 0, 0, 8),          // private
    v4(100, 64, 0, 10),       // carrier-grade NAT
    v4(127, 0, 0, 8),         // loopback
    v4(169, 254, 0, 16),      // link-local: the metadata services of clouds
    v4(172, 16, 0, 12),       // private
    v4(192, 0, 0, 24),        // protocol assignments
    v4(192, 0, 2, 24),        // documentation
    v4(192, 88, 99, 24),      // 6to4 relays
    v4(192, 168, 0, 16),      // private
    v4(198, 18, 0, 15),       // benchmarks
    v4(198, 51, 100, 24),     // documentation
    v4(203, 0, 113, 24),      // documentation
    v4(224, 0, 0, 4),         // multicast
    v4(240, 0, 0, 4),         // reserved, broadcast
    v6(0xFC00, 0, 0, 7),      // unique local
    v6(0xFE80, 0, 0, 10),     // link-local
    v6(0xFEC0, 0, 0, 10),     // site-local
    v6(0xFF00, 0, 0, 8),      // multicast
    v6(0x0100, 0, 0, 64),     // discard
    v6(0x2001, 0, 0, 32),     // Teredo
    v6(0x2001, 0xDB8, 0, 32)  // documentation
});
constexpr Range kMapped = v4(0, 0, 0, 0);
constexpr Range kCompatible = v6(0, 0, 0, 96);  // ::, ::1 and ::127.0.0.1
constexpr Range kNat64 = v6(0x64, 0xFF9B, 0, 96);
constexpr Range kNat64Local = v6(0x64, 0xFF9B, 1, 48);
constexpr Range k6to4 = v6(0x2002, 0, 0, 16);

constexpr bool covers(const Range& range, const IpAddress& address) {
  for (unsigned bit = 0; bit < range.bits; bit += 8) {
    const unsigned keep = range.bits - bit >= 8 ? 0xFFu : 0xFFu << (8 - (range.bits - bit));
    if (((address.octets[bit / 8] ^ range.base[bit / 8]) & keep & 0xFF) != 0) { return false; }
  }
  return true;
}

IpAddress inside(const IpAddress& address, std::array<std::size_t, 4> places) {
  IpAddress out{kMapped.base};
  for (std::size_t i = 0; i < 4; ++i) { out.octets[12 + i] = address.octets[places[i]]; }
  return out;
}

// The translator of a local prefix may expect the IPv4 address at any of the places of RFC 6052. What begins
// with a zero there is no address, so it is at another one.
bool may_call_local_nat64(const IpAddress& address, const FetchPolicy& policy) {
  const std::array forms{inside(address, {6, 7, 9, 10}), inside(address, {7, 9, 10, 11}),
                         inside(address, {9, 10, 11, 12})};
  return may_call(inside(address, {12, 13, 14, 15}), policy) &&
         std::all_of(forms.begin(), forms.end(),
                     [&](const IpAddress& form) { return form.octets[12] == 0 || may_call(form, policy); });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool takes_scheme(std::string_view& rest, std::string_view scheme) {
  if (rest.size() < scheme.size()) { return false; }
  const bool same = std::equal(scheme.begin(), scheme.end(), rest.begin(),
                               [](char wanted, char given) { return wanted == lower(given); });
  if (same) { rest.remove_prefix(scheme.size()); }
  return same;
}

bool is_name(std::string_view host) {
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) { return false; }
      label = 0;
    } else if (is_letter(c) || is_digit(c) || c == '-' || c == '_') {
      if (++label > 63) { return false; }
    } else {
      return false;
    }
  }
  return label > 0 && host.size() <= 253;
}

// What a resolver or another reader of URLs may take for a number (WHATWG URL: "ends in a number").
bool ends_in_number(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);  // npos + 1 = 0
  const bool decimal = std::all_of(last.begin(), last.end(), is_digit);
  return decimal || (last.starts_with("0x") && std::all_of(last.begin() + 2, last.end(), [](char c) {
                       return is_digit(c) || (c >= 'a' && c <= 'f');
                     }));
}

std::optional<UrlFault> judge_name(std::string_view host) {
  if (!is_name(host) || host.find('.') == std::string_view::npos) { return UrlFault::kHostName; }
  for (const std::string_view suffix : {".localhost", ".local", ".internal"}) {
    if (host.ends_with(suffix)) { return UrlFault::kHostName; }
  }
  return std::nullopt;
}

std::optional<UrlFault> judge_host(std::string_view given, bool bracketed, const FetchPolicy& policy,
                                   FetchTarget& target) {
  if (!bracketed && given.ends_with('.')) { given.remove_suffix(1); }
  if (given.empty()) { return UrlFault::kHostMissing; }
  target.host.assign(given);
  std::transform(given.begin(), given.end(), target.host.begin(), lower);
  if (bracketed || ends_in_number(target.host)) {
    target.literal = IpAddress::parse(target.host);
    const bool has_colon = target.host.find(':') != std::string::npos;
    if (!target.literal || has_colon != bracketed) { return UrlFault::kAddressForm; }
    if (!may_call(*target.literal, policy)) { return UrlFault::kForbiddenAddress; }
    return std::nullopt;
  }
  return judge_name(target.host);
}

bool judge_port(std::string_view digits, const FetchPolicy& policy, FetchTarget& target) {
  target.port = target.tls ? 443 : 80;
  if (!digits.empty()) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), target.port);
    if (error != std::errc{} || end != digits.data() + digits.size()) { return false; }
  }
  const bool is_plain = policy.allow_http && (target.port == 80 || target.port == 8080);
  return is_plain || std::find(policy.ports.begin(), policy.ports.end(), target.port) != policy.ports.end();
}

// What a request line cannot hold is escaped; what the customer escaped stays as it is.
std::string request_target_of(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  if (!path.starts_with('/')) { out = "/"; }
  for (const char c : path) {
    if (c > ' ' && c < '\x7F') {
      out += c;
    } else {
      out += '%';
      out += kHex[u8(c) >> 4];
      out += kHex[u8(c) & 0xF];
    }
  }
  return out;
}

}  // namespace

bool may_call(const IpAddress& address, const FetchPolicy& policy) {
  if (policy.allow_networks.allows(address)) { return true; }
  if (covers(kNat64, address) && !ALDIS_MUTANT(152)) {
    return may_call(inside(address, {12, 13, 14, 15}), policy);
  }
  if (covers(kNat64Local, address)) { return may_call_local_nat64(address, policy); }
  if (covers(k6to4, address)) { return may_call(inside(address, {2, 3, 4, 5}), policy); }
  return !covers(kCompatible, address) &&
         std::none_of(kForbidden.begin(), kForbidden.end(),
                      [&](const Range& range) { return covers(range, address); });
}

Result<FetchTarget, UrlFault> judge_url(std::string_view url, const FetchPolicy& policy,
                                        std::size_t octets_max) {
  if (url.size() > octets_max) { return UrlFault::kTooLong; }
  if (std::any_of(url.begin(), url.end(), [](char c) { return u8(c) < ' ' || c == '\x7F' || c == '\\'; })) {
    return UrlFault::kCharacter;
  }
  FetchTarget target;
  std::string_view rest = url;
  if (takes_scheme(rest, "http://")) {
    if (!policy.allow_http) { return UrlFault::kScheme; }
    target.tls = false;
  } else if (!takes_scheme(rest, "https://")) {
    return UrlFault::kScheme;
  }
  if (rest.find('#') != std::string_view::npos) { return UrlFault::kFragment; }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos) { return UrlFault::kUserInfo; }
  if (std::any_of(authority.begin(), authority.end(), [](char c) { return u8(c) <= ' ' || u8(c) > 0x7E; })) {
    return UrlFault::kCharacter;
  }
  const bool bracketed = authority.starts_with('[');
  const auto host_end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && host_end == std::string_view::npos) { return UrlFault::kAddressForm; }
  const auto host = authority.substr(bracketed, host_end - bracketed);
  std::string_view behind = host_end == std::string_view::npos ? "" : authority.substr(host_end + bracketed);
  if (!behind.empty() && !behind.starts_with(':')) { return UrlFault::kAddressForm; }
  if (const auto fault = judge_host(host, bracketed, policy, target)) { return *fault; }
  behind.remove_prefix(std::min<std::size_t>(1, behind.size()));
  if (!judge_port(behind, policy, target)) { return UrlFault::kPort; }
  target.request_target = request_target_of(rest.substr(authority.size()));
  return target;
}

std::string FetchTarget::authority() const {
  const std::string digits = std::to_string(port);
  return host.find(':') == std::string::npos ? host + ':' + digits : '[' + host + "]:" + digits;
}

std::string_view sentence_of(UrlFault fault) {
  switch (fault) {
    case UrlFault::kTooLong:
      return "the URL is longer than 4,000 characters, or than 16 KiB once it is filled in";
    case UrlFault::kCharacter:
      return "the URL contains a control character, a backslash, or a host that is not ASCII: write such a "
             "host in its xn-- form";
    case UrlFault::kScheme:
      return "the URL must begin with https:// (http:// where webhooks.allow_http is set)";
    case UrlFault::kUserInfo: return "the URL must not contain a user name or password";
    case UrlFault::kFragment: return "the URL must not contain a fragment (#)";
    case UrlFault::kHostMissing: return "the URL has no host";
    case UrlFault::kHostName:
      return "the URL's host must be a full public name: not localhost, a single label, .local or .internal";
    case UrlFault::kAddressForm:
      return "the URL's host is an address that is not plainly written: use the form 192.0.2.1 or "
             "[2001:db8::1]";
    case UrlFault::kForbiddenAddress:
      return "the URL's address is private, local or reserved: use a public one, or have staff open its "
             "network by webhooks.allow_networks";
    case UrlFault::kPort: return "the URL's port is not one of webhooks.ports";
  }
  __builtin_unreachable();
}

}  // namespace aldis::ports
