// SPDX-License-Identifier: Apache-2.0
#include "ingress/twilio_request.hpp"

#include <algorithm>
#include <charconv>

#include "aldis/base/siphash.hpp"
#include "aldis/text/encoding.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/message_json.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace {

constexpr std::size_t kBodyCharactersMax = 1'600;
constexpr std::size_t kSenderMax = 20;
constexpr std::size_t kSidMax = 34;
constexpr long kValidityMax_s = 36'000;
constexpr Duration kSendAtMin = seconds{300};
constexpr Duration kSendAtMax = hours{35 * 24};

std::size_t characters_of(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (u8(c) & 0xC0u) != 0x80u; }));
}

using Refused = std::optional<TwilioNo>;

class Reader {
 public:
  Reader(const Now& now, const Fields& form, const TwilioLogin& login, const ports::FetchPolicy& callbacks)
      : now_(now), form_(form), login_(login.login), account_sid_(login.sid), callbacks_(callbacks) {}

  Refused read() {
    if (auto no = addresses()) { return no; }
    if (auto no = body()) { return no; }
    if (auto no = times()) { return no; }
    if (auto no = callback()) { return no; }
    if (auto no = not_offered()) { return no; }
    intent();
    out.call.event.account = login_.account;
    out.call.event.registered_delivery = 0x01;
    out.call.door = Door::kTwilio;
    notes_.door = "twilio";
    out.call.door_notes = to_octets(notes_);
    out.shown.account_sid = account_sid_;
    out.shown.created = out.shown.updated = now_.wall;
    return std::nullopt;
  }

  TwilioCreate out;

 private:
  // An empty value is as good as none.
  [[nodiscard]] std::string get(std::string_view name) const {
    const std::string* given = field(form_, name);
    return given == nullptr ? std::string{} : *given;
  }

  static TwilioNo unknown_service(const std::string& sid) {
    return {400, 21701, "The Messaging Service does not exist: " + sid};
  }

  Refused addresses() {
    const std::string to = get("To");
    if (to.empty()) { return TwilioNo{400, 21604, "A 'To' phone number is required."}; }
    const auto digits = number_of(to);
    if (!digits) { return TwilioNo{400, 21211, "Invalid 'To' Phone Number: " + to}; }
    out.call.destination = address_of(*digits);
    out.shown.to = "+" + *digits;
    std::string from = get("From");
    const std::string service = get("MessagingServiceSid");
    if (from.empty() && service.empty()) {
      return TwilioNo{400, 21603, "A 'From' phone number is required."};
    }
    if (service.size() > kSidMax) { return unknown_service(service.substr(0, kSidMax)); }
    if (from.empty()) {
      const auto sender = sender_of(service, *digits);
      if (!sender) { return unknown_service(service); }
      from = *sender;
    }
    if (from.size() > kSenderMax) { return TwilioNo{400, 21212, "Invalid 'From' Phone Number: " + from}; }
    out.call.event.source = address_of(from);
    out.shown.from = from;
    if (!service.empty()) {
      out.shown.messaging_service_sid = service;
      notes_.metadata.emplace_back(kMessagingServiceSid, service);
    }
    return std::nullopt;
  }

  // Always the same one for a number, so that its owner sees one conversation.
  [[nodiscard]] std::optional<std::string> sender_of(std::string_view service,
                                                     std::string_view digits) const {
    for (const auto& pool : login_.settings->options.pools) {
      if (pool.sid == service) { return pool.senders[siphash24(SipKey{}, digits) % pool.senders.size()]; }
    }
    return std::nullopt;
  }

  Refused body() {
    const std::string text = get("Body");
    if (!get("MediaUrl").empty()) { return TwilioNo{400, 21620, "Media is not offered: leave MediaUrl out"}; }
    if (text.empty() && !get("ContentSid").empty()) {
      return TwilioNo{400, 21619, "Templates are not offered: send a Body"};
    }
    if (text.empty()) { return TwilioNo{400, 21602, "Message body is required."}; }
    if (characters_of(text) > kBodyCharactersMax) {
      return TwilioNo{400, 21617, "The concatenated message body exceeds the 1600 character limit"};
    }
    const auto encoded = text::encode(text, text::Encoding::kAuto);
    if (encoded.has_error()) { return TwilioNo{400, 21617, "The message body is not UTF-8"}; }
    out.call.body = encoded->octets;
    out.call.event.alphabet = encoded->alphabet;
    out.call.event.data_coding = data_coding_of(encoded->alphabet, std::nullopt);
    out.shown.body = text;
    return std::nullopt;
  }

  Refused times() {
    const std::string send_at = get("SendAt");
    const std::string type = get("ScheduleType");
    out.shown.status = out.shown.messaging_service_sid.empty() ? "queued" : "accepted";
    WallTime start = now_.wall;
    if (!type.empty() && send_at.empty()) {
      return TwilioNo{400, 35111, "SendAt is required with ScheduleType"};
    }
    if (!send_at.empty()) {
      const auto at = parse_rfc3339(send_at);
      if (!at || type != "fixed" || *at < now_.wall + kSendAtMin || *at > now_.wall + kSendAtMax) {
        return TwilioNo{400, 35114, "SendAt must lie 300 seconds to 35 days ahead, with ScheduleType fixed"};
      }
      out.call.event.schedule.at = *at;
      notes_.send_at = *at;
      out.shown.status = "scheduled";
      start = *at;
    }
    const std::string validity = get("ValidityPeriod");
    long validity_s = kValidityMax_s;
    if (!validity.empty()) {
      const char* end = validity.data() + validity.size();
      const auto [stop, failed] = std::from_chars(validity.data(), end, validity_s);
      if (failed != std::errc{} || stop != end || validity_s < 1 || validity_s > kValidityMax_s) {
        return TwilioNo{400, 90007, "ValidityPeriod must be 1 to 36000 seconds"};
      }
    }
    out.call.event.validity.in = start - now_.wall + seconds{validity_s};
    return std::nullopt;
  }

  Refused callback() {
    const std::string url = get("StatusCallback");
    if (url.empty()) { return std::nullopt; }
    const auto judged = ports::judge_url(url, callbacks_);
    if (judged.has_error() || as_noted(url).empty()) {
      const auto why = judged.has_error() ? ports::sentence_of(judged.error()) : "it is not UTF-8";
      return TwilioNo{400, 21609, "The 'StatusCallback' URL cannot be called: " + std::string{why}};
    }
    notes_.callback = CallbackNote{.url = url,
                                   .style = "twilio",
                                   .login = account_sid_,
                                   .wants = kTellFinal | kTellSent,
                                   .reference = out.shown.messaging_service_sid};
    return std::nullopt;
  }

  // What somebody relies on must not be left undone without a word.
  Refused not_offered() {
    if (get("ContentRetention") == "discard" || get("AddressRetention") == "obfuscate") {
      return TwilioNo{501, 20501, "Texts and numbers are not discarded yet: leave the retention out"};
    }
    return std::nullopt;
  }

  void intent() {
    const std::string intent = get("MessageIntent");
    if (intent == "otp") { out.call.event.message_class = MessageClass::kOtp; }
    if (intent == "marketing") { out.call.event.message_class = MessageClass::kBulk; }
  }

  const Now& now_;
  const Fields& form_;
  const DialectLogin& login_;
  const std::string& account_sid_;
  const ports::FetchPolicy& callbacks_;
  DoorNotes notes_;
};

}  // namespace

Result<TwilioCreate, TwilioNo> read_twilio(const Now& now, const Fields& form, const TwilioLogin& login,
                                           const ports::FetchPolicy& callbacks) {
  Reader reader{now, form, login, callbacks};
  if (auto no = reader.read()) { return std::move(*no); }
  return std::move(reader.out);
}

}  // namespace aldis::ingress
