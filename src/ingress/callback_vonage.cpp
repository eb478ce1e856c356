// SPDX-License-Identifier: Apache-2.0
// Delivery receipts and inbound messages as Vonage's SMS API sends them; one receipt for each part.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "aldis/base/octet_text.hpp"
#include "ingress/callback_styles.hpp"
#include "ingress/signatures.hpp"

namespace aldis::ingress {

namespace {

struct Told {
  std::string_view status;
  unsigned error;
};

unsigned error_number(const MessageEvent& event) {
  return words_of(event.error.value_or(ErrorCode::kUnknown)).vonage;
}

std::optional<Told> told(const VonageStyle& style, const MessageEvent& event) {
  if (event.intermediate) { return style.tells_all ? std::optional{Told{"buffered", 0}} : std::nullopt; }
  switch (event.status) {
    case Status::kScheduled:
    case Status::kQueued:
    case Status::kSending:
    case Status::kUncertain: return std::nullopt;
    case Status::kSent: return style.tells_all ? std::optional{Told{"accepted", 0}} : std::nullopt;
    case Status::kDelivered: return Told{"delivered", 0};
    case Status::kUndeliverable: return Told{"failed", error_number(event)};
    case Status::kRejected: return Told{"rejected", error_number(event)};
    case Status::kExpired: return Told{"expired", 1};
    case Status::kDeleted: return Told{"failed", 1};
    case Status::kUnknown: return Told{"unknown", 1};
  }
  __builtin_unreachable();
}

// A random UUID (version 4) of 64 random bits and 58 of the event's number.
std::string nonce_of(std::uint64_t random, std::uint64_t event) {
  char text[33];
  std::snprintf(text, sizeof text, "%012llx4%03llx8%015llx", static_cast<unsigned long long>(random >> 16),
                static_cast<unsigned long long>(random >> 4 & 0xFFF),
                static_cast<unsigned long long>((event ^ random << 56) & 0xFFFFFFFFFFFFFFF));
  return uuid_of(text);
}

// "0.03500000": eight decimals.
std::string price_of(std::string_view amount) {
  std::string out{amount.empty() ? "0" : amount};
  auto point = out.find('.');
  if (point == std::string::npos) {
    point = out.size();
    out += '.';
  }
  out.resize(point + 9, '0');
  return out;
}

MaybeRequest sent(const CallbackContext& context, const VonageStyle& style, Fields fields,
                  std::uint64_t event) {
  if (style.signature) {
    const auto at_s = std::chrono::floor<seconds>(context.attempt.at).time_since_epoch().count();
    fields.emplace_back("timestamp", std::to_string(at_s));
    fields.emplace_back("nonce", nonce_of(context.attempt.random, event));
    fields.emplace_back("sig",
                        vonage_signature(context.digests, *style.signature, style.signature_secret, fields));
  }
  switch (style.call) {
    case VonageCall::kGet: return get_request(context, with_query(context.target.url, fields));
    case VonageCall::kPost: return form_request(context, fields);
    case VonageCall::kPostJson: break;
  }
  boost::json::object body;
  for (const auto& [name, value] : fields) { body[name] = value; }
  auto request = get_request(context, context.target.url);
  request.method = "POST";
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = boost::json::serialize(body);
  return request;
}

constexpr const char* kTimestamp = "%Y-%m-%d %H:%M:%S";

}  // namespace

MaybeRequest vonage_request(const CallbackContext& context, const VonageStyle& style,
                            const MessageEvent& event) {
  const auto words = told(style, event);
  if (!words) { return std::nullopt; }
  const MessageFacts& message = event.message;
  std::string id{message.id};
  if (event.part > 1) { id += '-' + std::to_string(event.part); }
  Fields fields{{"msisdn", std::string{without_plus(message.to)}},
                {"to", std::string{without_plus(message.from)}},
                {"network-code", std::string{message.mcc_mnc}},
                {"messageId", id},
                {"price", price_of(message.price)},
                {"status", std::string{words->status}},
                {"scts", written(event.done_at.value_or(event.at), "%y%m%d%H%M")},
                {"err-code", std::to_string(words->error)},
                {"api-key", style.api_key},
                {"message-timestamp", written(event.at, kTimestamp)}};
  if (!style.client_ref.empty()) { fields.emplace_back("client-ref", style.client_ref); }
  return sent(context, style, std::move(fields), event.event);
}

MaybeRequest vonage_request(const CallbackContext& context, const VonageStyle& style,
                            const InboundEvent& event) {
  Fields fields{{"api-key", style.api_key},
                {"msisdn", std::string{without_plus(event.from)}},
                {"to", std::string{without_plus(event.to)}},
                {"messageId", std::string{event.id}}};
  if (event.text) {
    const auto begin = std::min(event.text->find_first_not_of(" \t\r\n"), event.text->size());
    std::string keyword{event.text->substr(begin, event.text->find_first_of(" \t\r\n", begin) - begin)};
    for (char& c : keyword) { c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c; }
    fields.emplace_back("text", *event.text);
    fields.emplace_back("type", event.is_unicode ? "unicode" : "text");
    fields.emplace_back("keyword", keyword);
  } else {
    fields.emplace_back("type", "binary");
    fields.emplace_back("data", hex_of(event.octets));
    fields.emplace_back("udh", hex_of(event.udh));
  }
  fields.emplace_back("message-timestamp", written(event.received_at, kTimestamp));
  return sent(context, style, std::move(fields), event.event);
}

}  // namespace aldis::ingress
