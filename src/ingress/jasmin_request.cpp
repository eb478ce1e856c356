// SPDX-License-Identifier: Apache-2.0
#include "ingress/jasmin_request.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "aldis/base/octet_text.hpp"
#include "aldis/smpp/smpp_time.hpp"
#include "aldis/text/encoding.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/json.hpp"
#include "ingress/message_json.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

constexpr std::size_t kSenderMax = 20;
constexpr std::size_t kTlvsMax = 16;
constexpr std::size_t kTlvOctetsMax = 1024;
constexpr long kMinutesMax = 10 * 365 * 24 * 60;

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), value) != words.end();
}

// --- what each argument may look like --------------------------------------------------------------------

bool is_number(std::string_view v) { return all_digits(v.starts_with('+') ? v.substr(1) : v); }
bool is_name(std::string_view v) { return !v.empty() && v.size() <= 16; }
bool is_coding(std::string_view v) {
  return one_of(v, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "13", "14"});
}
bool is_priority(std::string_view v) { return one_of(v, {"0", "1", "2", "3"}); }
bool is_time(std::string_view v) {
  return v.size() == 16 && all_digits(v.substr(0, 15)) && one_of(v.substr(15), {"+", "-", "R"});
}
bool is_minutes(std::string_view v) { return all_digits(v) && v.size() <= 9; }
bool is_yes_or_no(std::string_view v) { return one_of(v, {"yes", "no"}); }
bool is_url(std::string_view v) { return v.starts_with("http://") || v.starts_with("https://"); }
bool is_level(std::string_view v) { return one_of(v, {"1", "2", "3"}); }
bool is_method(std::string_view v) {
  std::string lower{v};
  for (char& c : lower) { c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; }
  return lower == "get" || lower == "post";
}
bool is_tags(std::string_view v) {
  return std::all_of(v.begin(), v.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == ',';
  });
}
bool is_anything(std::string_view) { return true; }

struct Argument {
  std::string_view name;
  bool (*is_valid)(std::string_view) = is_anything;
  bool needed = false;
  bool of_balance = false;
};
constexpr auto kArguments = std::to_array<Argument>({
    {"to", is_number, true, false},
    {"from", is_anything, false, false},
    {"coding", is_coding, false, false},
    {"username", is_name, true, true},
    {"password", is_name, true, true},
    {"priority", is_priority, false, false},
    {"sdt", is_time, false, false},
    {"validity-period", is_minutes, false, false},
    {"dlr", is_yes_or_no, false, false},
    {"dlr-url", is_url, false, false},
    {"dlr-level", is_level, false, false},
    {"dlr-method", is_method, false, false},
    {"tags", is_tags, false, false},
    {"content", is_anything, false, false},
    {"hex-content", is_anything, false, false},
    {"custom_tlvs", is_anything, false, false},
});

std::string text_of(const json::value& value) {
  if (value.is_string()) { return std::string{value.get_string()}; }
  return json::serialize(value);
}

}  // namespace

JasminNo jasmin_invalid(std::string_view argument, std::string_view value) {
  std::string text = "Argument [";
  return {400, text.append(argument).append("] has an invalid value: [").append(value).append("].")};
}

JasminNo jasmin_words(Refusal refusal, const Fields& asked) {
  const auto value = [&](std::string_view name) {
    const std::string* given = field(asked, name);
    return given == nullptr ? std::string{} : *given;
  };
  const auto filter = [&](std::string_view name) {
    std::string text = "Value filter failed for user [" + value("username") + "] (";
    return JasminNo{400, text.append(name).append(" filter mismatch).")};
  };
  const auto invalid = [&](std::string_view name) { return jasmin_invalid(name, value(name)); };
  switch (refusal) {
    case Refusal::kBadDestination: return invalid("to");
    case Refusal::kDestinationBlocked:
    case Refusal::kOptedOut: return filter("destination_address");
    case Refusal::kBadSource:
    case Refusal::kSourceNotAllowed: return filter("source_address");
    case Refusal::kNoRoute: return {412, "No route found"};
    case Refusal::kTooManyParts:
    case Refusal::kBodyTooLong:
    case Refusal::kBadEncoding:
    case Refusal::kBodyOdd:
    case Refusal::kContentRefused: return filter("content");
    case Refusal::kBadSchedule: return invalid("sdt");
    case Refusal::kBadValidity: return invalid("validity-period");
    case Refusal::kTlvMissing:
    case Refusal::kTlvValue:
    case Refusal::kTlvNotAllowed: return invalid("custom_tlvs");
    case Refusal::kNoCredit:
    case Refusal::kVolumeCap: return {403, "Cannot charge submit_sm, check RouterPB log file for details"};
    case Refusal::kAccountSuspended: return {403, "Authentication failure for username:" + value("username")};
    case Refusal::kThrottled: return {403, "User throughput exceeded"};
    case Refusal::kQueueFull:
    case Refusal::kUnavailable:
    case Refusal::kStopping:
    case Refusal::kDuplicateConflict:  // no request of this dialect meets this one and the next ones
    case Refusal::kBadServiceType:
    case Refusal::kBindState:
    case Refusal::kNoSuchMessage:
    case Refusal::kCancelFailed:
    case Refusal::kReplaceFailed:
    case Refusal::kQueryFailed:
      return {500, "Cannot send submit_sm, check SMPPClientManagerPB log file for details"};
  }
  __builtin_unreachable();
}

Result<Fields, JasminNo> jasmin_fields(const ports::HttpRequest& request, bool rest) {
  Fields out = fields_of(request.query);
  if (!request.body.empty()) {
    if (rest || is_media_type(request.header("content-type"), "application/json")) {
      const auto parsed = read_json(request.body);
      const auto* object = parsed.has_value() ? parsed->if_object() : nullptr;
      if (object == nullptr) { return JasminNo{412, "Cannot parse JSON data"}; }
      for (const auto& [name, value] : *object) {
        if (!value.is_null()) { out.emplace_back(name, text_of(value)); }
      }
    } else {
      for (auto& one : fields_of(request.body)) { out.push_back(std::move(one)); }
    }
  }
  if (rest) {
    for (auto& [name, value] : out) {
      if (name != "custom_tlvs") { std::replace(name.begin(), name.end(), '_', '-'); }
    }
  }
  return out;
}

Result<void, JasminNo> check_jasmin(const Fields& fields, JasminCall call) {
  if (fields.empty()) {
    return JasminNo{400, "Mandatory arguments not found, please refer to the HTTPAPI specifications."};
  }
  const auto known = [&](std::string_view name) {
    return std::find_if(kArguments.begin(), kArguments.end(), [&](const Argument& one) {
      return one.name == name && (call != JasminCall::kBalance || one.of_balance);
    });
  };
  for (const auto& one : fields) {
    if (known(one.first) == kArguments.end()) {
      return JasminNo{400, "Argument [" + one.first + "] is unknown."};
    }
  }
  for (const auto& [name, value] : fields) {
    if (!known(name)->is_valid(value)) { return jasmin_invalid(name, value); }
  }
  for (const auto& one : kArguments) {
    const bool is_needed = one.needed && (call != JasminCall::kBalance || one.of_balance);
    if (is_needed && field(fields, one.name) == nullptr) {
      std::string text = "Mandatory argument [";
      return JasminNo{400, text.append(one.name).append("] is not found.")};
    }
  }
  if (call != JasminCall::kSend) { return {}; }
  const bool has_content = field(fields, "content") != nullptr;
  const bool has_hex = field(fields, "hex-content") != nullptr;
  if (!has_content && !has_hex) { return JasminNo{400, "content or hex-content not present."}; }
  if (has_content && has_hex) {
    return JasminNo{400, "content and hex-content cannot be used both in same request."};
  }
  return {};
}

namespace {

// --- TLVs ------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> whole(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t value = 0;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return failed == std::errc{} && stop == text.data() + text.size() && !text.empty() ? std::optional{value}
                                                                                     : std::nullopt;
}

std::optional<std::string> tlv_value(std::string_view type, const json::value& given) {
  const std::string text = text_of(given);
  if (type == "OctetString") { return text; }
  if (type == "COctetString") { return text + '\0'; }
  const std::size_t octets = type == "Int1"   ? 1
                             : type == "Int2" ? 2
                             : type == "Int4" ? 4
                             : type == "Int8" ? 8
                                              : 0;
  const auto value = whole(text);
  if (octets == 0 || !value || (octets < 8 && *value >> (8 * octets) != 0)) { return std::nullopt; }
  std::string out;
  for (std::size_t i = octets; i > 0; --i) { out += static_cast<char>(*value >> (8 * (i - 1)) & 0xFFu); }
  return out;
}

bool put_tlv(std::string& out, std::string_view tag_text, std::string_view type, const json::value& given) {
  const auto tag = whole(tag_text);
  const auto value = tlv_value(type, given);
  if (!tag || *tag == 0 || *tag > 0xFFFF || !value || value->size() > kTlvOctetsMax) { return false; }
  for (const std::size_t number : {static_cast<std::size_t>(*tag), value->size()}) {
    out += static_cast<char>(number >> 8u & 0xFFu);
    out += static_cast<char>(number & 0xFFu);
  }
  out += *value;
  return true;
}

// [[tag,length,type,value]] or {"0x1401:OctetString":"..."}.
bool put_tlvs(std::string_view text, std::string& out) {
  const auto parsed = read_json(text);
  if (parsed.has_error()) { return false; }
  if (const auto* list = parsed->if_array()) {
    return list->size() <= kTlvsMax && std::all_of(list->begin(), list->end(), [&](const json::value& one) {
             const auto* tlv = one.if_array();
             return tlv != nullptr && tlv->size() == 4 && (*tlv)[2].is_string() &&
                    put_tlv(out, text_of((*tlv)[0]), (*tlv)[2].get_string(), (*tlv)[3]);
           });
  }
  const auto* object = parsed->if_object();
  if (object == nullptr || object->size() > kTlvsMax) { return false; }
  return std::all_of(object->begin(), object->end(), [&](const auto& one) {
    const std::string_view key{one.key().data(), one.key().size()};
    const auto colon = key.find(':');
    return colon != key.npos && put_tlv(out, key.substr(0, colon), key.substr(colon + 1), one.value());
  });
}

// --- a message -------------------------------------------------------------------------------------------

using Refused = std::optional<JasminNo>;

class Reader {
 public:
  Reader(const Now& now, const Fields& fields, const DialectLogin& login, const ports::FetchPolicy& callbacks)
      : now_(now), fields_(fields), login_(login), callbacks_(callbacks) {}

  Refused read() {
    if (auto no = addresses()) { return no; }
    if (auto no = content()) { return no; }
    if (auto no = times()) { return no; }
    if (auto no = callback()) { return no; }
    Submit& event = out.call.event;
    event.account = login_.account;
    if (const auto* priority = get("priority")) {
      event.priority_flag = static_cast<std::uint8_t>(priority->front() - '0');
    }
    if (const auto* tags = get("tags")) { out.notes.label = label_of(tags->substr(0, tags->find(','))); }
    if (const auto* tlvs = get("custom_tlvs"); tlvs != nullptr && !put_tlvs(*tlvs, out.call.tlvs)) {
      return jasmin_invalid("custom_tlvs", *tlvs);
    }
    out.call.door = Door::kJasmin;
    out.notes.door = "jasmin";
    return std::nullopt;
  }

  JasminMessage out;

 private:
  [[nodiscard]] const std::string* get(std::string_view name) const { return field(fields_, name); }

  Refused addresses() {
    const std::string& to = *get("to");
    const auto digits = number_of(to);
    if (!digits) { return jasmin_words(Refusal::kBadDestination, fields_); }
    out.call.destination = address_of(*digits);
    out.notes.to_given = to;
    const std::string* from = get("from");
    const std::string& sender =
        from != nullptr && !from->empty() ? *from : login_.settings->options.default_sender;
    if (sender.size() > kSenderMax) { return jasmin_words(Refusal::kBadSource, fields_); }
    if (!sender.empty()) { out.call.event.source = address_of(sender); }
    out.notes.from_given = as_noted(sender);
    return std::nullopt;
  }

  // coding 0 is a text that may need UCS-2; with others the octets are taken as they are.
  Refused content() {
    for (const auto name : {"content", "hex-content"}) {
      const std::string* given = get(name);
      if (given != nullptr && given->size() > 2 * kTextOctetsMax) {
        return jasmin_words(Refusal::kBodyTooLong, fields_);
      }
    }
    const auto* coding_given = get("coding");
    const auto coding = coding_given == nullptr ? 0 : *whole(*coding_given);
    out.call.event.data_coding = static_cast<std::uint8_t>(coding);
    if (const auto* hex = get("hex-content")) {
      const auto octets = octets_of_hex(*hex);
      if (!octets) { return JasminNo{400, "Invalid hex-content data: '" + *hex + "'"}; }
      out.call.body = *octets;
      return std::nullopt;
    }
    const auto* given = get("content");
    out.call.body = given == nullptr ? std::string{} : *given;
    if (coding != 0) { return std::nullopt; }
    const auto encoded = text::encode(out.call.body, text::Encoding::kAuto);
    if (encoded.has_error()) { return jasmin_words(Refusal::kBadEncoding, fields_); }
    out.call.body = encoded->octets;
    out.call.event.alphabet = encoded->alphabet;
    out.call.event.data_coding = data_coding_of(encoded->alphabet, std::nullopt);
    return std::nullopt;
  }

  Refused times() {
    if (const auto* sdt = get("sdt")) {
      const auto at = smpp::parse_time(*sdt, now_.wall);
      if (!at) { return jasmin_invalid("sdt", *sdt); }
      out.call.event.schedule = {at->at, at->in};
    }
    if (const auto* validity = get("validity-period")) {
      const auto count = static_cast<long>(*whole(*validity));
      out.call.event.validity.in = minutes{std::min(count, kMinutesMax)};
    }
    return std::nullopt;
  }

  Refused callback() {
    const auto* url = get("dlr-url");
    const auto* level_given = get("dlr-level");
    const auto* dlr = get("dlr");
    const bool is_wanted = url != nullptr || level_given != nullptr || (dlr != nullptr && *dlr == "yes");
    if (!is_wanted) { return std::nullopt; }
    const auto level = level_given == nullptr ? 1u : static_cast<unsigned>(level_given->front() - '0');
    if (level >= 2) { out.call.event.registered_delivery = 0x01; }
    if (url == nullptr) { return std::nullopt; }
    if (as_noted(*url).empty() || ports::judge_url(*url, callbacks_).has_error()) {
      return jasmin_invalid("dlr-url", *url);
    }
    const auto* method = get("dlr-method");
    const bool is_get = method != nullptr && (method->front() == 'g' || method->front() == 'G');
    out.notes.callback = CallbackNote{
        .url = *url, .style = "jasmin", .login = login_.settings->user, .wants = level, .is_get = is_get};
    return std::nullopt;
  }

  const Now& now_;
  const Fields& fields_;
  const DialectLogin& login_;
  const ports::FetchPolicy& callbacks_;
};

}  // namespace

Result<JasminMessage, JasminNo> read_jasmin(const Now& now, const Fields& fields, const DialectLogin& login,
                                            const ports::FetchPolicy& callbacks) {
  Reader reader{now, fields, login, callbacks};
  if (auto no = reader.read()) { return std::move(*no); }
  return std::move(reader.out);
}

}  // namespace aldis::ingress
