// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/address_list.hpp"
#include "aldis/base/result.hpp"
#include "aldis/ports/http.hpp"

namespace aldis::runtime {

// Who may tell us whose request it forwards. Immutable; asked once per connection and, behind a proxy, once
// per request. What anybody else says about addresses is not believed.
class TrustedProxies {
 public:
  // Addresses and networks: "10.0.0.0/8", "2001:db8::/32", "192.0.2.7". The error is a sentence.
  static Result<TrustedProxies, std::string> parse(const std::vector<std::string>& networks);

  [[nodiscard]] bool covers(std::string_view address) const;

  // The address nearest to us that is no proxy of ours, by X-Forwarded-For, or by Forwarded (RFC 7239) when
  // there is none: a proxy that writes Forwarded must take X-Forwarded-For away. A hop that is no address
  // ("unknown") ends the search. `peer` is a proxy of ours.
  [[nodiscard]] std::string client_of(std::string_view peer, std::span<const ports::HttpField> fields) const;

 private:
  AddressList networks_;
};

}  // namespace aldis::runtime
