// SPDX-License-Identifier: Apache-2.0
#include "aldis/ports/fetch_guard.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::ports;

namespace {

bool callable(const char* address, const FetchPolicy& policy = {}) {
  const auto ip = IpAddress::parse(address);
  REQUIRE(ip);
  return may_call(*ip, policy);
}

FetchPolicy opened(const std::vector<std::string>& networks) {
  FetchPolicy policy;
  policy.allow_networks = *AddressList::parse(networks);
  return policy;
}

}  // namespace

TEST_CASE("each range is forbidden from its first address to its last, and its neighbours are not", "[S8]") {
  struct Range {
    const char* before;
    const char* first;
    const char* last;
    const char* behind;
  };
  for (const auto& [before, first, last, behind] : std::vector<Range>{
           {nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
           {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
           {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
           {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
           {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
           {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
           {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
           {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
           {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
           {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
           {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
           {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
           {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
           {"223.255.255.255", "224.0.0.0", "255.255.255.255", nullptr},
           {nullptr, "::", "::ffff:ffff", "::1:0:0"},
           {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fe00::"},
           {"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            nullptr},
           {nullptr, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
           {"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::"},
           {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:1::"},
           {"2001:db7:ffff:ffff::", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
       }) {
    INFO(first);
    CHECK_FALSE(callable(first));
    CHECK_FALSE(callable(last));
    if (before != nullptr) { CHECK(callable(before)); }
    if (behind != nullptr) { CHECK(callable(behind)); }
  }
}

TEST_CASE("an IPv6 address that leads to an IPv4 one is judged by that", "[S8]") {
  for (const char* inside : {"::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
                             "2002:7f00:1::", "2002:a9fe:a9fe::1", "64:ff9b:1::127.0.0.1",
                             "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9fe:a9:fe00:808:808",
                             "64:ff9b:1:a9:fe:a9fe:808:808", "64:ff9b:1:0:a9:fea9:fe08:808", "::127.0.0.1"}) {
    INFO(inside);
    CHECK_FALSE(callable(inside));
  }
  for (const char* outside : {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "64:ff9b:1::8.8.8.8",
                              "2606:4700:4700::1111"}) {
    INFO(outside);
    CHECK(callable(outside));
  }
}

TEST_CASE("staff open networks, and what leads into them from IPv6") {
  const auto policy = opened({"10.1.0.0/16", "fd00:1::/32"});
  CHECK(callable("10.1.2.3", policy));
  CHECK(callable("::ffff:10.1.2.3", policy));
  CHECK(callable("64:ff9b::10.1.2.3", policy));
  CHECK(callable("fd00:1::5", policy));
  CHECK_FALSE(callable("10.2.0.1", policy));
  CHECK_FALSE(callable("fd00:2::5", policy));
  CHECK(callable("8.8.8.8", policy));
}

TEST_CASE("a URL is taken apart as it will be called") {
  const auto target = judge_url("HTTPS://Hooks.Example.:8443/a//../b?c=[d]&e=%2F f\xC3\xA9|\"", {});
  REQUIRE(target.has_value());
  CHECK(target->tls);
  CHECK(target->host == "hooks.example");
  CHECK(target->port == 8443);
  CHECK(target->request_target == "/a//../b?c=[d]&e=%2F%20f%C3%A9|\"");
  CHECK(target->authority() == "hooks.example:8443");
  CHECK_FALSE(target->literal);
  CHECK(judge_url("https://a.example?x=1", {})->request_target == "/?x=1");
  CHECK(judge_url("https://a.example", {})->request_target == "/");
  CHECK(judge_url("https://a.example:/", {})->port == 443);
  const auto six = judge_url("https://[2606:4700::1111]/", {});
  REQUIRE(six.has_value());
  CHECK(six->authority() == "[2606:4700::1111]:443");
  CHECK(six->literal == IpAddress::parse("2606:4700::1111"));
}

TEST_CASE("each rule for a URL has its own fault and sentence") {
  FetchPolicy http;
  http.allow_http = true;
  const auto fault = [&](const std::string& url, const FetchPolicy& policy = {}) {
    const auto judged = judge_url(url, policy);
    REQUIRE_FALSE(judged.has_value());
    CHECK_FALSE(sentence_of(judged.error()).empty());
    return judged.error();
  };
  CHECK(fault("https://a.example/" + std::string(4000, 'a')) == UrlFault::kTooLong);
  CHECK(judge_url("https://a.example/" + std::string(4000, 'a'), {}, kUrlCalledOctetsMax).has_value());
  CHECK(fault("https://a.example/\r\nX: y") == UrlFault::kCharacter);
  CHECK(fault("https://a.example/\\b") == UrlFault::kCharacter);
  CHECK(fault("https://b\xC3\xBC"
              "cher.example/") == UrlFault::kCharacter);
  CHECK(fault("https://a b.example/") == UrlFault::kCharacter);
  CHECK(fault("http://a.example/") == UrlFault::kScheme);
  CHECK(fault("https:/a.example/") == UrlFault::kScheme);
  CHECK(fault("//a.example/") == UrlFault::kScheme);
  CHECK(fault(" https://a.example/") == UrlFault::kScheme);
  CHECK(fault("https://u@a.example/") == UrlFault::kUserInfo);
  CHECK(fault("https://a.example/#b") == UrlFault::kFragment);
  CHECK(fault("https://") == UrlFault::kHostMissing);
  CHECK(fault("https://./") == UrlFault::kHostMissing);
  CHECK(fault("https://:443/") == UrlFault::kHostMissing);
  CHECK(fault("https://intranet/") == UrlFault::kHostName);
  CHECK(fault("https://a..example/") == UrlFault::kHostName);
  CHECK(fault("https://.a.example/") == UrlFault::kHostName);
  CHECK(fault("https://a.ex%61mple/") == UrlFault::kHostName);
  CHECK(fault("https://" + std::string(64, 'a') + ".example/") == UrlFault::kHostName);
  CHECK(fault("https://1.2.3/") == UrlFault::kAddressForm);
  CHECK(fault("https://8.8.8.08/") == UrlFault::kAddressForm);
  CHECK(fault("https://8.8.8.0x8/") == UrlFault::kAddressForm);
  CHECK(fault("https://[8.8.8.8]/") == UrlFault::kAddressForm);
  CHECK(fault("https://[2606:4700::1111/") == UrlFault::kAddressForm);
  CHECK(fault("https://[2606:4700::1111]x/") == UrlFault::kAddressForm);
  CHECK(fault("https://10.0.0.1/") == UrlFault::kForbiddenAddress);
  CHECK(fault("https://a.example:80/") == UrlFault::kPort);
  CHECK(fault("https://a.example:443443/") == UrlFault::kPort);
  CHECK(fault("https://a.example:+443/") == UrlFault::kPort);
  CHECK(fault("https://a.example:443:443/") == UrlFault::kPort);
  CHECK(judge_url("http://a.example/", http).has_value());
  CHECK(judge_url("http://a.example:8080/", http).has_value());
}
