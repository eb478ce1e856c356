// SPDX-License-Identifier: Apache-2.0
#include "ingress/api_keys.hpp"

#include <catch2/catch.hpp>

#include "aldis/base/octet_text.hpp"
#include "aldis/runtime/secrets.hpp"
#include "ingress/native_routes.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {

const Now kStart{Instant{seconds{1000}}, WallTime{seconds{1'800'000'000}}};
Now after(Duration passed) {
  return {kStart.mono + passed, kStart.wall + std::chrono::duration_cast<microseconds>(passed)};
}

struct Keys {
  runtime::KernelSecrets secrets;
  runtime::OpenSslDigests digests;
  ApiKeys keys{digests};
  std::string text;
  ApiKey made = make_key(secrets, digests, text);
  Keys() {
    made.account = "acme";
    made.created_at = kStart.wall;
    made.scopes.add(Scope::kMessagesSend);
  }
};

}  // namespace

TEST_CASE("a key opens with its own text and with no other") {
  Keys k;
  k.keys.put(k.made);
  REQUIRE(k.text.size() == 62);
  REQUIRE(k.keys.check(kStart, k.text, "203.0.113.7") != nullptr);
  for (std::size_t at = 0; at < k.text.size(); ++at) {
    std::string wrong = k.text;
    wrong[at] = wrong[at] == 'x' ? 'y' : 'x';
    CHECK(k.keys.check(kStart, wrong, "203.0.113.7") == nullptr);
  }
  CHECK(k.keys.check(kStart, "", "203.0.113.7") == nullptr);
  CHECK(k.keys.check(kStart, k.text + "x", "203.0.113.7") == nullptr);
  k.keys.remove(k.made.id);
  CHECK(k.keys.check(kStart, k.text, "203.0.113.7") == nullptr);
}

TEST_CASE("two keys are never alike, and neither stands in what is kept") {
  Keys a;
  Keys b;
  CHECK(a.text != b.text);
  CHECK(a.made.id != b.made.id);
  CHECK(to_octets(a.made).find(a.text.substr(19)) == std::string::npos);
}

TEST_CASE("a key ends at its time and comes only from where it may") {
  Keys k;
  k.made.expires_at = after(hours{1}).wall;
  k.made.allow_ips = {"203.0.113.0/24", "2001:db8::1"};
  k.keys.put(k.made);
  CHECK(k.keys.check(kStart, k.text, "203.0.113.7") != nullptr);
  CHECK(k.keys.check(kStart, k.text, "2001:db8::1") != nullptr);
  CHECK(k.keys.check(kStart, k.text, "203.0.114.7") == nullptr);
  CHECK(k.keys.check(kStart, k.text, "unix") == nullptr);
  CHECK(k.keys.check(after(hours{1} - seconds{1}), k.text, "203.0.113.7") != nullptr);
  CHECK(k.keys.check(after(hours{1}), k.text, "203.0.113.7") == nullptr);
}

TEST_CASE("a key is read as it was written, and what is damaged opens nothing") {
  Keys k;
  k.made.label = "ci \"x\"";
  k.made.expires_at = after(hours{1}).wall;
  k.made.allow_ips = {"203.0.113.0/24"};
  const std::string octets = to_octets(k.made);
  const auto read = key_from(k.made.id, octets);
  REQUIRE(read);
  CHECK(to_octets(*read) == octets);
  CHECK(read->hash == k.made.hash);
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    CHECK_FALSE(key_from(k.made.id, std::string_view{octets}.substr(0, cut)));
  }
  for (const std::string_view wrong :
       {"[]", "{}", R"({"account":1,"label":"","hash":"00","scopes":[],"created_at":""})"}) {
    CHECK_FALSE(key_from(k.made.id, wrong));
  }
}

TEST_CASE("whoever guesses from one address waits longer each time, and others do not") {
  AuthThrottle throttle;
  Instant now = kStart.mono;
  for (int i = 0; i < 19; ++i) { throttle.failed(now, "203.0.113.7"); }
  CHECK_FALSE(throttle.refuses(now, "203.0.113.7"));
  throttle.failed(now, "203.0.113.7");
  CHECK(throttle.refuses(now, "203.0.113.7"));
  CHECK_FALSE(throttle.refuses(now, "203.0.113.8"));
  now += seconds{60};
  CHECK_FALSE(throttle.refuses(now, "203.0.113.7"));
  for (int i = 0; i < 20; ++i) { throttle.failed(now, "203.0.113.7"); }
  CHECK(throttle.refuses(now + seconds{119}, "203.0.113.7"));
  CHECK_FALSE(throttle.refuses(now + seconds{120}, "203.0.113.7"));
  // A wrong key now and then is nobody's attack.
  for (int i = 0; i < 100; ++i) { throttle.failed(now += seconds{10}, "203.0.113.9"); }
  CHECK_FALSE(throttle.refuses(now, "203.0.113.9"));
  // All of an IPv6 /64 is one.
  for (int i = 0; i < 20; ++i) { throttle.failed(now, "2001:db8:0:1::" + std::to_string(i)); }
  CHECK(throttle.refuses(now, "2001:db8:0:1:ffff::1"));
  CHECK_FALSE(throttle.refuses(now, "2001:db8:0:2::1"));
  // Who has many addresses cannot make us forget what another one did.
  for (int i = 0; i < 30'000; ++i) {
    throttle.failed(now, "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  }
  CHECK(throttle.refuses(now, "2001:db8:0:1:ffff::1"));
}

TEST_CASE(
    "a path is matched by its segments, the fixed ones first, and a wrong method is told the right ones") {
  CHECK(match_native("POST", "/v1/messages").route->action == Action::kCreateMessage);
  CHECK(match_native("HEAD", "/v1/messages/msg_1").route->action == Action::kReadMessage);
  CHECK(match_native("GET", "/v1/messages/msg_1").segments[0] == "msg_1");
  CHECK(match_native("GET", "/v1/messages/preview").route == nullptr);
  CHECK(match_native("GET", "/v1/messages/preview").allow == "POST");
  const auto two = match_native("DELETE", "/v1/admin/accounts/acme/keys/key_7f");
  REQUIRE(two.route != nullptr);
  CHECK(two.segments[0] == "acme");
  CHECK(two.segments[1] == "key_7f");
  for (const std::string_view none : {"", "/", "/v1", "/v1/", "/v1/messages/", "/v1/messages/a/b",
                                      "v1/messages", "//v1/messages", "/v1/messages//cancel"}) {
    const auto match = match_native("GET", none);
    CHECK(match.route == nullptr);
    CHECK(match.allow.empty());
  }
}

TEST_CASE(
    "T13: a key opens by its SID and its proof, as clients of Twilio have it, and not once it is revoked") {
  Keys k;
  k.keys.put(k.made);
  const auto hash = k.digests.digest(ports::DigestKind::kSha256, "aldis-key:" + k.made.id);
  const std::string sid = "SK" + hex_of(hash).substr(0, 32);
  const std::string proof = k.text.substr(k.text.size() - 43);
  REQUIRE(k.keys.check_sid(kStart, sid, proof, "203.0.113.7") != nullptr);
  CHECK(k.keys.check_sid(kStart, sid, std::string(43, 'x'), "203.0.113.7") == nullptr);
  CHECK(k.keys.check_sid(kStart, "SK" + std::string(32, '0'), proof, "203.0.113.7") == nullptr);
  k.keys.remove(k.made.id);
  CHECK(k.keys.check_sid(kStart, sid, proof, "203.0.113.7") == nullptr);
}
