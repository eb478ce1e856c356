// SPDX-License-Identifier: Apache-2.0
// Known answers: from the specification of Standard Webhooks and from what the SDKs of Twilio and Vonage
// compute. The SDKs themselves verify ours in tests/interop.
#include "ingress/signatures.hpp"

#include <catch2/catch.hpp>

#include "aldis/runtime/secrets.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {
const runtime::OpenSslDigests kDigests;
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
}  // namespace

TEST_CASE("the signature of Standard Webhooks has the specification's own value") {
  CHECK(standard_signature(kDigests, std::array{kSecret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                           R"({"test": 2432232314})") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const std::string body =
      R"({"type":"message.delivered","timestamp":"2026-11-21T20:12:35.482Z","data":)"
      R"({"id":"msg_0190c3a5b7e8c9d0f1a2b3c4d5e6f708","status":"delivered","status_seq":4}})";
  CHECK(standard_signature(kDigests, std::array{kSecret}, "evt_0000000000012d9a", 1795291955, body) ==
        "v1,sGKcCuh09Vx//5DkRKdYYdYRd7lwog4jlS1HyHL8lgc=");
}

TEST_CASE("while a secret is being changed both sign") {
  const std::string other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
  const auto both = standard_signature(kDigests, std::array{kSecret, other}, "a", 1, "b");
  const auto first = standard_signature(kDigests, std::array{kSecret}, "a", 1, "b");
  const auto second = standard_signature(kDigests, std::array{other}, "a", 1, "b");
  REQUIRE(both);
  CHECK(*both == *first + ' ' + *second);
  CHECK(*first != *second);
}

TEST_CASE("what is no secret signs nothing") {
  for (const std::string bad : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%%"}) {
    CHECK_FALSE(standard_signature(kDigests, std::array{bad}, "a", 1, "b"));
  }
  CHECK_FALSE(standard_signature(kDigests, std::span<const std::string>{}, "a", 1, "b"));
}

TEST_CASE("Twilio's signature covers the URL as given and the sorted fields") {
  const std::string sid = "SM" + std::string(32, '1');
  const Fields form{{"SmsSid", sid},
                    {"MessageSid", sid},
                    {"SmsStatus", "delivered"},
                    {"MessageStatus", "delivered"},
                    {"To", "+14155552345"},
                    {"From", "+15005550006"},
                    {"AccountSid", "AC" + std::string(32, '0')},
                    {"ApiVersion", "2010-04-01"}};
  CHECK(twilio_signature(kDigests, "12345", "https://example.com/cb?foo=1&b=two%20words", form) ==
        "M1vddRtwVRxV6TmnSaXhcp7vKqI=");
  CHECK(twilio_signature(kDigests, "12345", "https://example.com/cb",
                         {{"A", "2"}, {"A", "1"}, {"A", "2"}, {"b", "x"}}) == "ucRu8Y2Qo52JNdF8QkznhqwenTo=");
  CHECK(twilio_url_of_body(kDigests, "https://example.com/cb?a=1", "{}") ==
        "https://example.com/"
        "cb?a=1&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

TEST_CASE("Vonage's signature hashes the sorted fields, with & and = made harmless") {
  const Fields fields{{"status", "delivered"},
                      {"api-key", "acme"},
                      {"client-ref", "a&b=c"},
                      {"err-code", "0"},
                      {"message-timestamp", "2026-11-21 20:12:33"},
                      {"messageId", "aaaa"},
                      {"msisdn", "14155552345"},
                      {"network-code", "310410"},
                      {"nonce", "8ab8eba2-2b5b-4f52-9ac9-5f5e43b7a111"},
                      {"price", "0.03330000"},
                      {"scts", "2611212012"},
                      {"timestamp", "1795291953"},
                      {"to", "ACME"},
                      {"sig", "not part of it"}};
  const std::string secret = "my_signature_secret";
  CHECK(vonage_signature(kDigests, VonageMethod::kMd5Hash, secret, fields) ==
        "b965fb32099cff2d910d878fdae1b9f3");
  CHECK(vonage_signature(kDigests, VonageMethod::kSha256Hmac, secret, fields) ==
        "CD9835C2D050EB8468483F909A7C4D7A5A5F2DFD26753A7DB150367A62A8F30F");
  CHECK(vonage_signature(kDigests, VonageMethod::kMd5Hmac, secret, fields).size() == 32);
  CHECK(vonage_signature(kDigests, VonageMethod::kSha1Hmac, secret, fields).size() == 40);
  CHECK(vonage_signature(kDigests, VonageMethod::kSha512Hmac, secret, fields).size() == 128);
}

TEST_CASE("forms and queries are written as browsers write them") {
  CHECK(form_of({{"a", "x y&z=%+"}, {"b", "\xC3\xA9*-._~"}}) == "a=x+y%26z%3D%25%2B&b=%C3%A9*-._%7E");
  CHECK(with_query("https://a.example/x", {{"k", "v"}}) == "https://a.example/x?k=v");
  CHECK(with_query("https://a.example/x?y=1", {{"k", "v"}}) == "https://a.example/x?y=1&k=v");
  CHECK(with_query("https://a.example/x?", {{"k", "v"}}) == "https://a.example/x?k=v");
}
