// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/callbacks.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "ingress/callback_styles.hpp"
#include "ingress/twiml.hpp"

namespace aldis::ingress {

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

template <class Event>
MaybeRequest request_of(const CallbackContext& context, const Event& event, std::string_view type,
                        std::string_view account) {
  return std::visit(
      Overloaded{
          [&](const StandardStyle& style) {
            return standard_request(context, style, {event.event, type, account, event.at, data_json(event)});
          },
          [&](const TwilioStyle& style) { return twilio_request(context, style, event); },
          [&](const VonageStyle& style) { return vonage_request(context, style, event); },
          [&](const KannelStyle& style) { return kannel_request(context, style, event); },
          [&](const JasminStyle& style) { return jasmin_request(context, style, event); },
      },
      context.target.style);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) { return {}; }
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Seconds, or a date (RFC 9110 section 10.2.3).
std::optional<Duration> retry_after(std::string_view text, WallTime now) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc{} && end == text.data() + text.size()) { return seconds{count}; }
  std::tm date{};
  if (::strptime(std::string{text}.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) {
    return std::nullopt;
  }
  const WallTime until{seconds{::timegm(&date)}};
  return std::max<Duration>(until - now, Duration{0});
}

bool acknowledges(const CallbackStyle& style, const ports::FetchAnswer& answer) {
  if (answer.status < 200 || answer.status > 299) { return false; }
  const auto* jasmin = std::get_if<JasminStyle>(&style);
  return jasmin == nullptr || jasmin->any_2xx || trimmed(answer.body) == "ACK/Jasmin";
}

}  // namespace

std::optional<ports::FetchRequest> callback_request(const CallbackTarget& target, const MessageEvent& event,
                                                    const CallbackAttempt& attempt,
                                                    const ports::Digests& digests) {
  return request_of({target, attempt, digests}, event, event_type(event), event.message.account);
}

std::optional<ports::FetchRequest> callback_request(const CallbackTarget& target, const InboundEvent& event,
                                                    const CallbackAttempt& attempt,
                                                    const ports::Digests& digests) {
  return request_of({target, attempt, digests}, event, "inbound.received", event.account);
}

std::optional<ports::FetchRequest> callback_request(const CallbackTarget& target, const OtherEvent& event,
                                                    const CallbackAttempt& attempt,
                                                    const ports::Digests& digests) {
  const auto* style = std::get_if<StandardStyle>(&target.style);
  if (style == nullptr) { return std::nullopt; }
  return standard_request({target, attempt, digests}, *style,
                          {event.event, event.type, event.account, event.at, std::string{event.data_json}});
}

WebhookResult judge_answer(const CallbackStyle& style, const ports::FetchAnswer& answer, WallTime now) {
  using Kind = WebhookResult::Kind;
  if (answer.error) {
    return {answer.error->fault == ports::FetchFault::kBusy ? Kind::kNotTried : Kind::kFailed, {}};
  }
  if (acknowledges(style, answer)) { return {Kind::kDone, {}}; }
  switch (answer.status) {
    case 410: return {Kind::kGone, {}};
    case 429:
    case 502:
    case 503:
    case 504: return {Kind::kSlow, retry_after(answer.header("retry-after"), now)};
    default: return {Kind::kFailed, {}};
  }
}

WebhookOutcome outcome_of(const ports::FetchAnswer& answer) {
  using ports::FetchFault;
  if (answer.error) {
    switch (answer.error->fault) {
      case FetchFault::kForbiddenAddress:
      case FetchFault::kBadRequest: return WebhookOutcome::kForbiddenAddress;
      case FetchFault::kTimeout: return WebhookOutcome::kTimeout;
      case FetchFault::kUnresolved:
      case FetchFault::kNetwork:
      case FetchFault::kTls:
      case FetchFault::kBusy: return WebhookOutcome::kNetwork;
    }
  }
  if (answer.status < 300) { return WebhookOutcome::kOk; }
  return answer.status < 400   ? WebhookOutcome::kHttp3xx
         : answer.status < 500 ? WebhookOutcome::kHttp4xx
                               : WebhookOutcome::kHttp5xx;
}

bool wants_type(const std::vector<std::string>& types, std::string_view type) {
  return std::any_of(types.begin(), types.end(), [&](std::string_view wanted) {
    const bool is_group = wanted.ends_with(".*") && type.starts_with(wanted.substr(0, wanted.size() - 1));
    return wanted == "*" || wanted == type || is_group;
  });
}

std::vector<CallbackReply> replies_of(const CallbackStyle& style, const ports::FetchAnswer& answer) {
  if (!acknowledges(style, answer) || answer.body_cut) { return {}; }
  if (std::holds_alternative<TwilioStyle>(style)) { return replies_of_twiml(answer.body); }
  const bool is_text = answer.header("content-type").starts_with("text/plain");
  if (!std::holds_alternative<KannelStyle>(style) || !is_text || trimmed(answer.body).empty()) { return {}; }
  return {{.text = std::string{trimmed(answer.body)}}};
}

// ---- what several styles need

std::string event_id(std::uint64_t event) {
  char text[24];
  std::snprintf(text, sizeof text, "evt_%016llx", static_cast<unsigned long long>(event));
  return text;
}

std::string uuid_of(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) { out += '-'; }
    out += hex[i];
  }
  return out;
}

std::string written(WallTime at, const char* pattern) {
  const std::time_t whole = std::chrono::floor<seconds>(at).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, pattern, &parts)};
}

std::string_view without_plus(std::string_view number) {
  return number.starts_with('+') ? number.substr(1) : number;
}

ports::FetchRequest get_request(const CallbackContext& context, std::string url) {
  ports::FetchRequest request;
  request.method = "GET";
  request.url = std::move(url);
  request.total_max = context.target.total_max;
  request.policy = context.target.policy;
  request.headers_wanted = {"retry-after", "content-type"};
  return request;
}

ports::FetchRequest form_request(const CallbackContext& context, const Fields& fields) {
  ports::FetchRequest request = get_request(context, context.target.url);
  request.method = "POST";
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  request.body = form_of(fields);
  return request;
}

}  // namespace aldis::ingress
