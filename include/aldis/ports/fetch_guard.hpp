// SPDX-License-Identifier: Apache-2.0
// Whom we may call when a customer names the URL (CONTRACT S8): pure judgement of URLs and addresses. Doors
// refuse by it what they are given, and the fetch thread judges again every address that a name resolves to,
// every socket it opens and every connection it uses again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/address_list.hpp"
#include "aldis/base/result.hpp"

namespace aldis::ports {

struct FetchPolicy {
  bool allow_http = false;
  std::vector<std::uint16_t> ports{443, 8443};  // with allow_http also 80 and 8080
  AddressList allow_networks{};                 // opened by staff, whatever the table of ranges says
};

// Whether this address may be called: not one of the ranges that are private, local, reserved or lead to such
// an IPv4 address inside an IPv6 one, or in one of the policy's networks.
bool may_call(const IpAddress& address, const FetchPolicy& policy);

inline constexpr std::size_t kUrlOctetsMax = 4000;             // as given
inline constexpr std::size_t kUrlCalledOctetsMax = 16 * 1024;  // with what a style has put into it

enum class UrlFault : std::uint8_t {
  kTooLong,    // for what it is
  kCharacter,  // a control character or a backslash; outside the path also any other than ASCII
  kScheme,     // not https, nor http where that is allowed
  kUserInfo,   // user:password@
  kFragment,   // #
  kHostMissing,
  kHostName,     // localhost, a single label, .local, .internal; or no name at all
  kAddressForm,  // numbers, but not four plain decimal ones
  kForbiddenAddress,
  kPort,
};
std::string_view sentence_of(UrlFault fault);  // "the URL names a port that ..."

// A URL taken apart. Whoever calls it uses these parts, so that nobody can read the same text differently.
struct FetchTarget {
  bool tls = true;
  std::string host{};  // lower case, without a final dot; an IPv6 address without brackets
  std::uint16_t port = 443;
  std::optional<IpAddress> literal{};  // when the host is an address
  std::string request_target{};        // "/path?query", fit for a request line

  [[nodiscard]] std::string authority() const;  // "host:port", "[v6]:port"
};

Result<FetchTarget, UrlFault> judge_url(std::string_view url, const FetchPolicy& policy,
                                        std::size_t octets_max = kUrlOctetsMax);

}  // namespace aldis::ports
