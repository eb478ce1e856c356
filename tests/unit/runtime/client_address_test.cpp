// SPDX-License-Identifier: Apache-2.0
#include "runtime/client_address.hpp"

#include <catch2/catch.hpp>

using namespace aldis::runtime;
using aldis::ports::HttpField;

namespace {
TrustedProxies trust(const std::vector<std::string>& networks) {
  auto proxies = TrustedProxies::parse(networks);
  REQUIRE(proxies.has_value());
  return *proxies;
}
}  // namespace

TEST_CASE("a network covers its addresses and no others, v4-mapped ones like IPv4") {
  const TrustedProxies proxies = trust({"10.0.0.0/8", "192.0.2.7", "198.51.100.128/25", "2001:db8::/33"});
  for (const char* inside : {"10.0.0.1", "10.255.255.255", "192.0.2.7", "198.51.100.128", "::ffff:10.1.2.3",
                             "2001:db8::1", "2001:db8:7fff::1"}) {
    INFO(inside);
    CHECK(proxies.covers(inside));
  }
  for (const char* outside : {"11.0.0.1", "192.0.2.8", "198.51.100.127", "2001:db8:8000::1",
                              "2001:db9::", "::1", "unix", "unknown", ""}) {
    INFO(outside);
    CHECK_FALSE(proxies.covers(outside));
  }
  CHECK(trust({"0.0.0.0/0"}).covers("203.0.113.7"));
  CHECK_FALSE(trust({"0.0.0.0/0"}).covers("::1"));
  CHECK_FALSE(trust({}).covers("127.0.0.1"));
}

TEST_CASE("what is no network is refused by its text") {
  for (const char* bad :
       {"10.0.0/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "::/129", "proxy", ""}) {
    INFO(bad);
    const auto got = TrustedProxies::parse({"10.0.0.0/8", bad});
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error() == "trusted_proxies: " + std::string{bad} + " is not an address or a network");
  }
}

TEST_CASE("a request's client is the nearest hop that is no proxy of ours") {
  const TrustedProxies proxies = trust({"10.0.0.0/8"});
  const struct {
    std::vector<HttpField> fields;
    std::string client;
  } cases[] = {
      {{}, "10.0.0.1"},
      {{{"x-forwarded-for", "203.0.113.7"}}, "203.0.113.7"},
      {{{"x-forwarded-for", "203.0.113.7:5060"}}, "203.0.113.7"},
      // the first may be a lie
      {{{"x-forwarded-for", "198.51.100.1, 203.0.113.7, 10.0.0.2"}}, "203.0.113.7"},
      {{{"x-forwarded-for", "198.51.100.1"}, {"host", "x"}, {"x-forwarded-for", "203.0.113.7"}},
       "203.0.113.7"},
      {{{"x-forwarded-for", "10.0.0.3,10.0.0.2"}}, "10.0.0.3"},
      {{{"x-forwarded-for", "203.0.113.7, unknown, 10.0.0.2"}}, "10.0.0.2"},
      {{{"x-forwarded-for", ""}}, "10.0.0.1"},
      {{{"x-forwarded-for", ", ,"}}, "10.0.0.1"},
      {{{"x-forwarded-for", "::ffff:203.0.113.7"}}, "203.0.113.7"},
      {{{"x-forwarded-for", "[2001:db8::1]:80"}}, "2001:db8::1"},
      {{{"x-forwarded-for", "["}}, "10.0.0.1"},
      {{{"forwarded", "for=203.0.113.7;proto=https;by=10.0.0.2"}}, "203.0.113.7"},
      {{{"forwarded", "proto=https; For=\"[2001:db8::1]:4711\""}}, "2001:db8::1"},
      {{{"forwarded", "for=198.51.100.1, for=203.0.113.7, for=10.0.0.2"}}, "203.0.113.7"},
      {{{"forwarded", "for=\"a, for=203.0.113.7"}}, "203.0.113.7"},
      {{{"forwarded", "for=_hidden"}}, "10.0.0.1"},
      {{{"forwarded", "by=203.0.113.7"}}, "10.0.0.1"},
      // Most proxies know X-Forwarded-For alone and pass on what a client claims in the other.
      {{{"forwarded", "for=198.51.100.1"}, {"x-forwarded-for", "203.0.113.7"}}, "203.0.113.7"},
  };
  for (const auto& c : cases) {
    INFO((c.fields.empty() ? std::string{} : std::string{c.fields.front().value}));
    CHECK(proxies.client_of("10.0.0.1", c.fields) == c.client);
  }
}
