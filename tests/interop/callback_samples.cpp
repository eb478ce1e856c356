// SPDX-License-Identifier: Apache-2.0
// Callbacks as we send them, one line of JSON each, for callbacks_npm.js to judge with the SDKs of their
// styles.
//
// usage: callback_samples SECONDS      when they are sent, since 1970
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <cstdlib>
#include <iostream>

#include "aldis/ingress/callbacks.hpp"
#include "aldis/runtime/secrets.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string_view{text}); }

void tell(std::string_view style, std::string_view url, const std::optional<ports::FetchRequest>& request) {
  if (!request) { std::abort(); }
  std::cout << R"({"style":)" << quoted(style) << R"(,"given":)" << quoted(url) << R"(,"method":)"
            << quoted(request->method) << R"(,"url":)" << quoted(request->url) << R"(,"body":)"
            << quoted(request->body) << R"(,"headers":{)";
  bool first = true;
  for (const auto& header : request->headers) {
    std::cout << (first ? "" : ",") << quoted(header.name) << ':' << quoted(header.value);
    first = false;
  }
  std::cout << "}}\n";
}

MessageEvent sample(WallTime at) {
  MessageEvent event;
  event.event = 0x12d9a;
  event.at = at;
  event.status = Status::kUndeliverable;
  event.speaker = Speaker::kReceipt;
  event.error = ErrorCode::kAbsentSubscriber;
  event.err = "027";
  event.done_at = at;
  event.message.id = "0190c3a5b7e8c9d0f1a2b3c4d5e6f708";
  event.message.account = "acme";
  event.message.to = "+447700900123";
  event.message.from = "Caf\xC3\xA9 & Co = \"x\"";
  event.message.accepted_at = at;
  return event;
}

}  // namespace

int main(int, char** arguments) {
  const WallTime at{seconds{std::strtoll(arguments[1], nullptr, 10)}};
  const runtime::OpenSslDigests digests;
  const MessageEvent event = sample(at);
  InboundEvent inbound;
  inbound.event = 8;
  inbound.at = inbound.received_at = at;
  inbound.id = event.message.id;
  inbound.from = event.message.to;
  inbound.to = "60777";
  inbound.text = "hi & <you> \xE2\x82\xAC=1";
  const auto both = [&](std::string_view style, const CallbackStyle& words, const std::string& url) {
    CallbackTarget target;
    target.url = url;
    target.style = words;
    tell(style, url, callback_request(target, event, {at, 0x8AB8EBA22B5B4F52}, digests));
    tell(style, url, callback_request(target, inbound, {at, 0x123456789ABCDEF}, digests));
  };
  StandardStyle ours;
  ours.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"};
  both("standard", ours, "https://app.example/hook");
  ours.cloudevents = true;
  both("standard", ours, "https://app.example/hook");
  TwilioStyle twilio;
  twilio.account_sid = "AC8876b7b8c05382a34d919b496069dc61";
  twilio.auth_token = "12345";
  for (const char* url : {"https://app.example/cb", "https://app.example:8443/cb?foo=1&b=two%20words",
                          "http://app.example:8080/a%20b/", "https://app.example/cb?q=%C3%A9"}) {
    both("twilio", twilio, url);
  }
  VonageStyle vonage;
  vonage.api_key = "abcd1234";
  vonage.client_ref = "a&b=c";
  vonage.signature_secret = "my_signature_secret";
  const std::pair<const char*, VonageMethod> methods[] = {{"MD5HASH", VonageMethod::kMd5Hash},
                                                          {"MD5HMAC", VonageMethod::kMd5Hmac},
                                                          {"SHA1HMAC", VonageMethod::kSha1Hmac},
                                                          {"SHA256HMAC", VonageMethod::kSha256Hmac},
                                                          {"SHA512HMAC", VonageMethod::kSha512Hmac}};
  for (const auto& [name, method] : methods) {
    vonage.signature = method;
    for (const VonageCall call : {VonageCall::kPostJson, VonageCall::kPost, VonageCall::kGet}) {
      vonage.call = call;
      both(std::string{"vonage "} + name, vonage, "https://app.example/dlr");
    }
  }
  return 0;
}
