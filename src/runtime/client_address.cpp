// SPDX-License-Identifier: Apache-2.0
#include "runtime/client_address.hpp"

#include <algorithm>

#include "runtime/addresses.hpp"

namespace aldis::runtime {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) { return {}; }
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The address in `192.0.2.1`, `192.0.2.1:8080`, `[2001:db8::1]:8080` and `2001:db8::1`.
std::string_view without_port(std::string_view hop) {
  if (hop.starts_with('[')) { return hop.substr(1, hop.find(']') - 1); }
  const bool has_one_colon = std::count(hop.begin(), hop.end(), ':') == 1;
  return has_one_colon ? hop.substr(0, hop.find(':')) : hop;
}

// The value of `for` in one element of a Forwarded header.
std::string_view forwarded_for(std::string_view element) {
  while (!element.empty()) {
    const auto end = element.find(';');
    std::string_view pair = trimmed(element.substr(0, end));
    element = end == std::string_view::npos ? std::string_view{} : element.substr(end + 1);
    const bool is_for = pair.size() > 4 && (pair[0] | 0x20) == 'f' && (pair[1] | 0x20) == 'o' &&
                        (pair[2] | 0x20) == 'r' && pair[3] == '=';
    if (!is_for) { continue; }
    pair.remove_prefix(4);
    if (pair.size() > 2 && pair.front() == '"' && pair.back() == '"') {
      pair = pair.substr(1, pair.size() - 2);
    }
    return pair;
  }
  return {};
}

}  // namespace

Result<TrustedProxies, std::string> TrustedProxies::parse(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) {
    if (!AddressList::parse({text})) {
      return {boost::system::in_place_error, "trusted_proxies: " + text + " is not an address or a network"};
    }
  }
  TrustedProxies proxies;
  proxies.networks_ = *AddressList::parse(networks);
  return proxies;
}

bool TrustedProxies::covers(std::string_view address) const {
  const auto ip = IpAddress::parse(address);
  return ip && networks_.allows(*ip);
}

std::string TrustedProxies::client_of(std::string_view peer, std::span<const ports::HttpField> fields) const {
  const auto is_named = [&](std::string_view name) {
    return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field.name == name; });
  };
  const bool is_plain = is_named("x-forwarded-for");
  const std::string_view name = is_plain ? "x-forwarded-for" : "forwarded";
  std::string client{peer};
  for (std::size_t i = fields.size(); i-- > 0;) {  // the last hop of the last header is the nearest to us
    if (fields[i].name != name) { continue; }
    std::string_view hops = fields[i].value;
    while (!hops.empty()) {
      const auto comma = hops.rfind(',');
      const std::string_view hop = trimmed(comma == std::string_view::npos ? hops : hops.substr(comma + 1));
      hops = comma == std::string_view::npos ? std::string_view{} : hops.substr(0, comma);
      SocketAddress address;
      const std::string text{without_port(is_plain ? hop : forwarded_for(hop))};
      if (text.empty() || !parse_literal(text, "0", address)) { return client; }
      client = address_text(address);
      if (!covers(client)) { return client; }
    }
  }
  return client;
}

}  // namespace aldis::runtime
