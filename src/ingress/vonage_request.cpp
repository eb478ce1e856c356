// SPDX-License-Identifier: Apache-2.0
#include "ingress/vonage_request.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "aldis/base/octet_text.hpp"
#include "aldis/text/encoding.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/door_notes.hpp"
#include "ingress/json.hpp"
#include "ingress/message_json.hpp"

namespace aldis::ingress {

namespace {

constexpr std::size_t kSenderMax = 20;
constexpr std::size_t kClientRefMax = 100;
constexpr std::size_t kDltMax = 64;
constexpr std::size_t kUdhMax = 140;
constexpr std::uint64_t kTtlMax_ms = 30ull * 24 * 3600 * 1000;
constexpr std::uint16_t kEntityTag = 0x1400;
constexpr std::uint16_t kContentTag = 0x1401;
constexpr std::uint8_t kUdhIndicator = 0x40;

std::optional<std::uint64_t> whole(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value);
  return failed == std::errc{} && stop == end && !text.empty() ? std::optional{value} : std::nullopt;
}

void put_tlv(std::string& out, std::uint16_t tag, std::string_view value) {
  for (const std::size_t number : {std::size_t{tag}, value.size()}) {
    out += static_cast<char>(number >> 8u & 0xFFu);
    out += static_cast<char>(number & 0xFFu);
  }
  out += value;
}

}  // namespace

VonageNo vonage_words(Refusal refusal) {
  const auto say = [&](VonageStatus status) { return VonageNo{status, std::string{sentence_of(refusal)}}; };
  switch (refusal) {
    case Refusal::kBadDestination:
    case Refusal::kBadEncoding:
    case Refusal::kBodyOdd:
    case Refusal::kBadSchedule:
    case Refusal::kBadValidity:
    case Refusal::kTlvMissing:
    case Refusal::kTlvValue:
    case Refusal::kTlvNotAllowed: return say(VonageStatus::kInvalid);
    case Refusal::kDestinationBlocked: return say(VonageStatus::kNotAllowed);
    case Refusal::kOptedOut: return say(VonageStatus::kBarred);
    case Refusal::kBadSource:
    case Refusal::kSourceNotAllowed: return say(VonageStatus::kSender);
    case Refusal::kNoRoute:
    case Refusal::kContentRefused: return say(VonageStatus::kUnroutable);
    case Refusal::kTooManyParts:
    case Refusal::kBodyTooLong: return say(VonageStatus::kTooLong);
    case Refusal::kNoCredit:
    case Refusal::kVolumeCap: return say(VonageStatus::kQuota);
    case Refusal::kAccountSuspended: return say(VonageStatus::kSuspended);
    case Refusal::kThrottled:
    case Refusal::kQueueFull: return say(VonageStatus::kThrottled);
    case Refusal::kUnavailable:
    case Refusal::kStopping:
    case Refusal::kDuplicateConflict:  // no request of this dialect meets this one and the next ones
    case Refusal::kBadServiceType:
    case Refusal::kBindState:
    case Refusal::kNoSuchMessage:
    case Refusal::kCancelFailed:
    case Refusal::kReplaceFailed:
    case Refusal::kQueryFailed: return say(VonageStatus::kInternal);
  }
  __builtin_unreachable();
}

Result<Fields, VonageNo> vonage_fields(const ports::HttpRequest& request) {
  Fields out = fields_of(request.query);
  if (request.body.empty()) { return out; }
  if (!is_media_type(request.header("content-type"), "application/json")) {
    for (auto& one : fields_of(request.body)) { out.push_back(std::move(one)); }
    return out;
  }
  const auto parsed = read_json(request.body);
  const auto* object = parsed.has_value() ? parsed->if_object() : nullptr;
  if (object == nullptr) { return VonageNo{VonageStatus::kInvalid, "The body is not a JSON object"}; }
  for (const auto& [name, value] : *object) {
    if (value.is_null()) { continue; }
    out.emplace_back(name,
                     value.is_string() ? std::string{value.get_string()} : boost::json::serialize(value));
  }
  return out;
}

namespace {

using Refused = std::optional<VonageNo>;

class Reader {
 public:
  Reader(const Fields& fields, const DialectLogin& login, const ports::FetchPolicy& callbacks)
      : fields_(fields), login_(login), callbacks_(callbacks) {}

  Refused read() {
    if (auto no = addresses()) { return no; }
    if (auto no = message_class()) { return no; }
    if (std::max(get("text").size(), get("body").size()) > 2 * kTextOctetsMax) {
      return vonage_words(Refusal::kBodyTooLong);
    }
    const std::string type = get("type");
    if (type == "binary") {
      if (auto no = binary()) { return no; }
    } else if (type.empty() || type == "text" || type == "unicode") {
      if (auto no = text(type == "unicode")) { return no; }
    } else {
      return invalid("type");
    }
    if (auto no = options()) { return no; }
    if (auto no = callback()) { return no; }
    out.call.event.account = login_.account;
    out.call.door = Door::kVonage;
    notes_.door = "vonage";
    notes_.reference = as_noted(out.client_ref);
    notes_.label = label_of(get("account-ref"));
    out.call.door_notes = to_octets(notes_);
    return std::nullopt;
  }

  VonageMessage out;

 private:
  static VonageNo missing(std::string_view name) {
    return {VonageStatus::kMissing, "Missing " + std::string{name} + " param"};
  }
  static VonageNo invalid(std::string_view name) {
    return {VonageStatus::kInvalid, "Invalid value for param: " + std::string{name}};
  }
  [[nodiscard]] std::string get(std::string_view name) const {
    const std::string* given = field(fields_, name);
    return given == nullptr ? std::string{} : *given;
  }

  Refused addresses() {
    const std::string to = get("to");
    const std::string from = get("from");
    if (to.empty()) { return missing("to"); }
    if (from.empty()) { return missing("from"); }
    const auto digits = number_of(to);
    if (!digits) { return invalid("to"); }
    if (from.size() > kSenderMax) { return vonage_words(Refusal::kBadSource); }
    out.call.destination = address_of(*digits);
    out.call.event.source = address_of(from);
    out.to = *digits;
    return std::nullopt;
  }

  Refused message_class() {
    const std::string given = get("message-class");
    if (given.empty()) { return std::nullopt; }
    const auto value = whole(given);
    if (!value || *value > 3) { return invalid("message-class"); }
    message_class_ = static_cast<std::uint8_t>(*value);
    return std::nullopt;
  }

  // What GSM 7-bit has no place for goes out as UCS-2: nothing is replaced.
  Refused text(bool is_unicode) {
    const std::string given = get("text");
    if (given.empty()) { return missing("text"); }
    const auto encoded = text::encode(given, is_unicode ? text::Encoding::kUcs2 : text::Encoding::kAuto);
    if (encoded.has_error()) { return invalid("text"); }
    out.call.body = encoded->octets;
    settle(encoded->alphabet);
    return std::nullopt;
  }

  Refused binary() {
    const auto body = octets_of_hex(get("body"));
    const auto udh = octets_of_hex(get("udh"));
    if (get("body").empty()) { return missing("body"); }
    if (!body) { return invalid("body"); }
    const bool is_header = udh && (udh->empty() || u8(udh->front()) + 1u == udh->size());
    if (!is_header || udh->size() > kUdhMax) { return invalid("udh"); }
    if (!udh->empty()) { out.call.event.esm_class = kUdhIndicator; }
    out.call.body = *udh + *body;
    settle(Alphabet::kBinary);
    return std::nullopt;
  }

  void settle(Alphabet alphabet) {
    out.call.event.alphabet = alphabet;
    out.call.event.data_coding = data_coding_of(alphabet, message_class_);
  }

  Refused options() {
    if (const auto given = get("protocol-id"); !given.empty()) {
      const auto value = whole(given);
      if (!value || *value > 255) { return invalid("protocol-id"); }
      out.call.event.protocol_id = static_cast<std::uint8_t>(*value);
    }
    if (const auto given = get("ttl"); !given.empty()) {
      const auto value = whole(given);
      if (!value || *value == 0 || *value > kTtlMax_ms) { return invalid("ttl"); }
      out.call.event.validity.in = seconds{static_cast<std::int64_t>((*value + 999) / 1000)};
    }
    out.client_ref = get("client-ref");
    if (out.client_ref.size() > kClientRefMax) { return invalid("client-ref"); }
    for (const auto& [name, tag] :
         {std::pair{"entity-id", kEntityTag}, std::pair{"content-id", kContentTag}}) {
      const std::string given = get(name);
      if (given.size() > kDltMax) { return invalid(name); }
      if (!given.empty()) { put_tlv(out.call.tlvs, tag, given); }
    }
    return std::nullopt;
  }

  Refused callback() {
    const std::string wanted = get("status-report-req");
    if (wanted == "0" || wanted == "false") { return std::nullopt; }
    out.call.event.registered_delivery = 0x01;
    const std::string url = get("callback");
    if (url.empty()) { return std::nullopt; }
    const auto judged = ports::judge_url(url, callbacks_);
    if (judged.has_error() || as_noted(url).empty()) {
      const auto why = judged.has_error() ? ports::sentence_of(judged.error()) : "it is not UTF-8";
      return VonageNo{VonageStatus::kCallback, "Invalid callback URL: " + std::string{why}};
    }
    notes_.callback = CallbackNote{.url = url,
                                   .style = "vonage",
                                   .login = login_.settings->user,
                                   .wants = kTellFinal,
                                   .is_get = login_.settings->options.callback_method == VonageCall::kGet,
                                   .reference = as_noted(out.client_ref)};
    return std::nullopt;
  }

  const Fields& fields_;
  const DialectLogin& login_;
  const ports::FetchPolicy& callbacks_;
  DoorNotes notes_;
  std::optional<std::uint8_t> message_class_;
};

}  // namespace

Result<VonageMessage, VonageNo> read_vonage(const Fields& fields, const DialectLogin& login,
                                            const ports::FetchPolicy& callbacks) {
  Reader reader{fields, login, callbacks};
  if (auto no = reader.read()) { return std::move(*no); }
  return std::move(reader.out);
}

}  // namespace aldis::ingress
