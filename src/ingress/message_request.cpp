// SPDX-License-Identifier: Apache-2.0
#include "ingress/message_request.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "aldis/base/nearest.hpp"
#include "aldis/base/octet_text.hpp"
#include "ingress/json.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::MessageRequest;

namespace {

constexpr std::size_t kTextCharactersMax = 20'000;
constexpr std::size_t kDataOctetsMax = 64 * 1024;
constexpr std::size_t kHeaderOctetsMax = 140;
constexpr std::size_t kReferenceMax = 64;
constexpr std::size_t kUrlMax = 4'000;
constexpr std::size_t kMetadataMax = 20;
constexpr std::size_t kMetadataKeyMax = 64;
constexpr std::size_t kMetadataValueMax = 256;
constexpr std::size_t kTlvsMax = 16;
constexpr std::size_t kTlvOctetsMax = 1024;
constexpr std::size_t kKeyMax = 255;
constexpr std::int64_t kValidityMax = 365 * 24 * 3600;
constexpr Duration kScheduleMax = hours{24 * 365};
constexpr Duration kPastMax = seconds{60};  // that late is now: clocks differ

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

bool is_number(std::string_view text) {
  if (text.starts_with('+')) { text.remove_prefix(1); }
  return text.size() >= 3 && text.size() <= 15 && text.front() != '0' && all_digits(text);
}
bool is_short_code(std::string_view text) { return text.size() >= 3 && text.size() <= 8 && all_digits(text); }

// What a handset shows in place of a number: an operator's own rules are narrower, and its business.
bool is_alphanumeric_sender(std::string_view text) {
  return !text.empty() && text.size() <= 11 && std::any_of(text.begin(), text.end(), is_letter) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }) &&
         text.front() != ' ' && text.back() != ' ';
}

// Accounts, operators, labels.
bool is_name(std::string_view text) {
  const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
  return !text.empty() && text.size() <= 64 && lower(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return lower(c) || c == '.' || c == '_' || c == '-'; });
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80; }));
}

class Reader {
 public:
  Reader(WallTime now, RequestPlace place) : now_(now), place_(place) {}

  void read(const json::object& body) {
    for (const auto& [name, value] : body) { member({name.data(), name.size()}, value); }
    together(body);
  }

  MessageRequest out;
  std::vector<api::Fault> faults;

 private:
  using Take = void (Reader::*)(std::string_view pointer, const json::value& value);
  struct Field {
    std::string_view name;
    Take take;
  };
  static const std::array<Field, 24> kFields;

  void fault(std::string_view pointer, Code code, std::string detail) {
    faults.push_back({std::string{pointer}, code, std::move(detail)});
  }

  void member(std::string_view name, const json::value& value) {
    const std::string pointer = pointer_to("", name);
    const auto field =
        std::find_if(kFields.begin(), kFields.end(), [&](const Field& f) { return f.name == name; });
    const bool known =
        field != kFields.end() && (name != "idempotency_key" || place_ == RequestPlace::kInBatch);
    if (!known) { return unknown(pointer, name); }
    if (!value.is_null()) { (this->*field->take)(pointer, value); }  // null is as if it were not there
  }

  void unknown(std::string_view pointer, std::string_view name) {
    if (name == "idempotency_key") {
      return fault(pointer, Code::kUnknownField,
                   "only items of a batch have it: use the header Idempotency-Key");
    }
    std::string detail = "there is no field of that name";
    std::vector<std::string_view> names;
    for (const Field& field : kFields) { names.push_back(field.name); }
    const std::string meant = name.size() <= 64 ? nearest(name, names) : std::string{};
    if (!meant.empty()) { detail += "; did you mean \"" + meant + "\"?"; }
    fault(pointer, Code::kUnknownField, std::move(detail));
  }

  // --- kinds ---

  const json::string* string(std::string_view pointer, const json::value& value) {
    if (!value.is_string()) { fault(pointer, Code::kInvalidField, "a string belongs here"); }
    return value.if_string();
  }

  std::optional<std::string_view> text(std::string_view pointer, const json::value& value) {
    const json::string* s = string(pointer, value);
    if (s == nullptr) { return std::nullopt; }
    return std::string_view{s->data(), s->size()};
  }

  std::optional<std::int64_t> integer(std::string_view pointer, const json::value& value, std::int64_t least,
                                      std::int64_t most, Code code = Code::kInvalidField) {
    const bool is = value.is_int64() || (value.is_uint64() && value.get_uint64() <= 0x7FFFFFFFFFFFFFFFu);
    const std::int64_t got = !is                ? 0
                             : value.is_int64() ? value.get_int64()
                                                : static_cast<std::int64_t>(value.get_uint64());
    if (is && got >= least && got <= most) { return got; }
    fault(pointer, code,
          "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " belongs here");
    return std::nullopt;
  }

  std::optional<std::uint8_t> octet(std::string_view pointer, const json::value& value, std::int64_t least,
                                    std::int64_t most) {
    const auto got = integer(pointer, value, least, most);
    return got ? std::optional{static_cast<std::uint8_t>(*got)} : std::nullopt;
  }

  std::optional<std::string> hex(std::string_view pointer, const json::value& value, std::size_t octets_max) {
    const auto given = text(pointer, value);
    if (!given) { return std::nullopt; }
    auto octets = octets_of_hex(*given);
    if (!octets) {
      fault(pointer, Code::kInvalidField, "pairs of hexadecimal digits belong here");
    } else if (octets->size() > octets_max) {
      fault(pointer, Code::kInvalidField, "at most " + std::to_string(octets_max) + " octets");
      octets.reset();
    }
    return octets;
  }

  template <class Enum, std::size_t N>
  std::optional<Enum> choice(std::string_view pointer, const json::value& value,
                             const std::array<std::pair<std::string_view, Enum>, N>& words) {
    const auto given = text(pointer, value);
    if (!given) { return std::nullopt; }
    std::string all;
    for (const auto& [word, meaning] : words) {
      if (word == *given) { return meaning; }
      all.append(all.empty() ? "" : ", ").append(word);
    }
    fault(pointer, Code::kInvalidField, "one of: " + all);
    return std::nullopt;
  }

  std::optional<WallTime> time(std::string_view pointer, const json::value& value, Code code) {
    const auto given = text(pointer, value);
    if (!given) { return std::nullopt; }
    const auto at = parse_rfc3339(*given);
    if (!at) { fault(pointer, code, "a time as 2026-11-21T20:12:31Z belongs here (RFC 3339)"); }
    return at;
  }

  std::string limited(std::string_view pointer, const json::value& value, std::size_t max) {
    const auto given = text(pointer, value);
    if (!given) { return {}; }
    const bool clean = std::none_of(given->begin(), given->end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (characters(*given) <= max && clean) { return std::string{*given}; }
    fault(pointer, Code::kInvalidField,
          "at most " + std::to_string(max) + " characters, none of them a control character");
    return {};
  }

  // --- fields ---

  void to(std::string_view pointer, const json::value& value) {
    const auto given = text(pointer, value);
    if (!given) { return; }
    out.to = *given;
    if (is_number(*given) || is_short_code(*given)) { return; }
    const bool digits = all_digits(given->starts_with('+') ? given->substr(1) : *given);
    fault(pointer, Code::kInvalidDestination,
          !digits ? "only digits, with or without a '+' before them: +447700900123"
          : given->size() < 4
              ? "it is too short"
              : "a country code and a number of 3 to 15 digits together belong here: +447700900123");
  }
  void from(std::string_view pointer, const json::value& value) {
    const auto given = text(pointer, value);
    if (!given) { return; }
    out.from = *given;
    if (is_number(*given) || is_short_code(*given) || is_alphanumeric_sender(*given)) { return; }
    fault(pointer, Code::kInvalidSender,
          "a number, 3 to 8 digits, or a name of at most 11 characters with a letter among them");
  }
  void body_text(std::string_view pointer, const json::value& value) {
    const auto given = text(pointer, value);
    if (!given) { return; }
    out.text = *given;
    if (characters(*given) > kTextCharactersMax) {
      fault(pointer, Code::kTextTooLong, "at most " + std::to_string(kTextCharactersMax) + " characters");
    }
  }
  void data(std::string_view pointer, const json::value& value) {
    auto given = hex(pointer, value, kDataOctetsMax);
    out.octets = given ? std::move(*given) : std::string{};
  }
  void udh(std::string_view pointer, const json::value& value) {
    auto octets = hex(pointer, value, kHeaderOctetsMax);
    if (!octets) { return; }
    if (octets->empty() || static_cast<unsigned char>(octets->front()) != octets->size() - 1) {
      return fault(pointer, Code::kInvalidField, "its first octet must count the others");
    }
    out.udh = std::move(*octets);
  }
  void encoding(std::string_view pointer, const json::value& value) {
    using Wish = api::EncodingWish;
    constexpr std::array<std::pair<std::string_view, Wish>, 5> kWords{{{"auto", Wish::kAuto},
                                                                       {"gsm7", Wish::kGsm7},
                                                                       {"ucs2", Wish::kUcs2},
                                                                       {"latin1", Wish::kLatin1},
                                                                       {"binary", Wish::kBinary}}};
    out.encoding = choice(pointer, value, kWords).value_or(Wish::kAuto);
  }
  void transliterate(std::string_view pointer, const json::value& value) {
    if (!value.is_bool()) { return fault(pointer, Code::kInvalidField, "true or false belongs here"); }
    out.transliterate = value.get_bool();
  }
  void data_coding(std::string_view p, const json::value& v) { out.data_coding = octet(p, v, 0, 255); }
  void message_class(std::string_view p, const json::value& v) { out.message_class = octet(p, v, 0, 3); }
  void protocol_id(std::string_view p, const json::value& v) { out.protocol_id = octet(p, v, 0, 255); }
  void parts_max(std::string_view p, const json::value& v) { out.parts_max = octet(p, v, 1, 255); }
  void traffic_class(std::string_view pointer, const json::value& value) {
    using Wish = api::ClassWish;
    constexpr std::array<std::pair<std::string_view, Wish>, 3> kWords{
        {{"otp", Wish::kOtp}, {"transactional", Wish::kTransactional}, {"bulk", Wish::kBulk}}};
    out.traffic_class = choice(pointer, value, kWords);
  }
  void label(std::string_view pointer, const json::value& value) {
    const auto given = text(pointer, value);
    if (!given) { return; }
    if (!is_name(*given)) {
      return fault(pointer, Code::kInvalidField,
                   "1 to 64 lower-case letters, digits, '.', '_' or '-', a letter or digit first");
    }
    out.label = *given;
  }
  void reference(std::string_view p, const json::value& v) { out.reference = limited(p, v, kReferenceMax); }
  void metadata(std::string_view pointer, const json::value& value) {
    if (!value.is_object()) {
      return fault(pointer, Code::kInvalidField, "an object of strings belongs here");
    }
    if (value.get_object().size() > kMetadataMax) {
      return fault(pointer, Code::kInvalidField, "at most " + std::to_string(kMetadataMax) + " members");
    }
    for (const auto& [key, text_of_key] : value.get_object()) {
      const std::string_view name{key.data(), key.size()};
      const std::string at = pointer_to(pointer, name);
      if (name.empty() || name.size() > kMetadataKeyMax) {
        fault(at, Code::kInvalidField, "names have 1 to " + std::to_string(kMetadataKeyMax) + " octets");
      } else if (!text_of_key.is_string() || text_of_key.get_string().size() > kMetadataValueMax) {
        fault(at, Code::kInvalidField,
              "a string of at most " + std::to_string(kMetadataValueMax) + " octets belongs here");
      } else {
        out.metadata.emplace_back(name, std::string_view{text_of_key.get_string()});
      }
    }
  }
  void send_at(std::string_view pointer, const json::value& value) {
    const auto at = time(pointer, value, Code::kInvalidSchedule);
    if (!at) { return; }
    if (*at + kPastMax < now_) {
      return fault(pointer, Code::kInvalidSchedule, "it lies more than a minute in the past");
    }
    if (*at > now_ + kScheduleMax) {
      return fault(pointer, Code::kInvalidSchedule, "it lies more than 365 days ahead");
    }
    if (*at > now_) { out.send_at = *at; }
  }
  void validity_seconds(std::string_view pointer, const json::value& value) {
    const auto got = integer(pointer, value, 1, kValidityMax, Code::kInvalidValidity);
    if (got) { out.validity = std::chrono::seconds{*got}; }
  }
  void valid_until(std::string_view pointer, const json::value& value) {
    const auto at = time(pointer, value, Code::kInvalidValidity);
    if (!at) { return; }
    if (*at <= now_) { return fault(pointer, Code::kInvalidValidity, "it lies in the past"); }
    out.valid_until = *at;
  }
  void receipt(std::string_view pointer, const json::value& value) {
    using Wish = api::ReceiptWish;
    constexpr std::array<std::pair<std::string_view, Wish>, 3> kWords{
        {{"none", Wish::kNone}, {"final", Wish::kFinal}, {"all", Wish::kAll}}};
    out.receipt = choice(pointer, value, kWords).value_or(Wish::kFinal);
  }
  void delivery(std::string_view pointer, const json::value& value) {
    using Wish = api::DeliveryWish;
    constexpr std::array<std::pair<std::string_view, Wish>, 2> kWords{
        {{"at_least_once", Wish::kAtLeastOnce}, {"at_most_once", Wish::kAtMostOnce}}};
    out.delivery = choice(pointer, value, kWords);
  }
  void callback_url(std::string_view p, const json::value& v) { out.callback_url = limited(p, v, kUrlMax); }
  void tlvs(std::string_view pointer, const json::value& value) {
    if (!value.is_array() || value.get_array().size() > kTlvsMax) {
      return fault(pointer, Code::kInvalidField,
                   "an array of at most " + std::to_string(kTlvsMax) + " belongs here");
    }
    std::size_t index = 0;
    for (const auto& item : value.get_array()) { tlv(pointer_to(pointer, std::to_string(index++)), item); }
  }
  void tlv(const std::string& pointer, const json::value& item) {
    const json::object* fields = item.if_object();
    const json::value* tag = fields == nullptr ? nullptr : fields->if_contains("tag");
    const json::value* octets = fields == nullptr ? nullptr : fields->if_contains("value");
    if (tag == nullptr || octets == nullptr || fields->size() != 2) {
      return fault(pointer, Code::kInvalidField, R"(as {"tag":"0x1400","value":"0A"})");
    }
    const auto given = text(pointer_to(pointer, "tag"), *tag);
    auto value = hex(pointer_to(pointer, "value"), *octets, kTlvOctetsMax);
    if (!given || !value) { return; }
    const auto number =
        given->size() == 6 && given->starts_with("0x") ? octets_of_hex(given->substr(2)) : std::nullopt;
    if (!number) {
      return fault(pointer_to(pointer, "tag"), Code::kInvalidField,
                   R"(four hexadecimal digits, as "0x1400")");
    }
    const auto high = static_cast<unsigned char>((*number)[0]);
    const auto low = static_cast<unsigned char>((*number)[1]);
    out.tlvs.push_back({static_cast<std::uint16_t>(high << 8 | low), std::move(*value)});
  }
  void pinned_operator(std::string_view pointer, const json::value& value) {
    const auto given = text(pointer, value);
    if (!given) { return; }
    if (!is_name(*given)) {
      return fault(pointer, Code::kInvalidField, "the name of an operator belongs here");
    }
    out.pinned_operator = *given;
  }
  void idempotency_key(std::string_view pointer, const json::value& value) {
    const auto given = text(pointer, value);
    if (!given) { return; }
    const bool visible =
        std::all_of(given->begin(), given->end(), [](char c) { return c > ' ' && c <= '~'; });
    if (given->empty() || given->size() > kKeyMax || !visible) {
      return fault(pointer, Code::kInvalidField, "1 to 255 visible ASCII characters");
    }
    out.idempotency_key = *given;
  }

  // What fields say of one another.
  void together(const json::object& body) {
    const auto given = [&](const char* name) {
      const json::value* value = body.if_contains(name);
      return value != nullptr && !value->is_null();
    };
    if (!given("to")) { fault("/to", Code::kMissingField, "a message needs a number to go to"); }
    if (!given("text") && !given("data")) {
      fault("/text", Code::kMissingField, "a message needs a text or data");
    }
    if (given("text") && given("data")) {
      fault("/data", Code::kInvalidField, "either text or data, not both");
    }
    if (given("udh") && !given("data")) { fault("/udh", Code::kInvalidField, "it goes with data only"); }
    if (given("text") && out.encoding == api::EncodingWish::kBinary) {
      fault("/encoding", Code::kInvalidField, "binary goes with data only");
    }
    if (given("validity_seconds") && given("valid_until")) {
      fault("/valid_until", Code::kInvalidValidity, "either validity_seconds or valid_until, not both");
    }
    if (out.valid_until && out.send_at && *out.valid_until <= *out.send_at) {
      fault("/valid_until", Code::kInvalidValidity, "it ends before it is sent");
    }
  }

  WallTime now_;
  RequestPlace place_;
};

const std::array<Reader::Field, 24> Reader::kFields{{{"to", &Reader::to},
                                                     {"from", &Reader::from},
                                                     {"text", &Reader::body_text},
                                                     {"data", &Reader::data},
                                                     {"udh", &Reader::udh},
                                                     {"encoding", &Reader::encoding},
                                                     {"transliterate", &Reader::transliterate},
                                                     {"data_coding", &Reader::data_coding},
                                                     {"message_class", &Reader::message_class},
                                                     {"protocol_id", &Reader::protocol_id},
                                                     {"parts_max", &Reader::parts_max},
                                                     {"class", &Reader::traffic_class},
                                                     {"label", &Reader::label},
                                                     {"reference", &Reader::reference},
                                                     {"metadata", &Reader::metadata},
                                                     {"send_at", &Reader::send_at},
                                                     {"validity_seconds", &Reader::validity_seconds},
                                                     {"valid_until", &Reader::valid_until},
                                                     {"receipt", &Reader::receipt},
                                                     {"delivery", &Reader::delivery},
                                                     {"callback_url", &Reader::callback_url},
                                                     {"tlvs", &Reader::tlvs},
                                                     {"operator", &Reader::pinned_operator},
                                                     {"idempotency_key", &Reader::idempotency_key}}};

}  // namespace

Result<MessageRequest, api::Problem> read_message_request(const json::value& body, WallTime now,
                                                          RequestPlace place) {
  using Answer = Result<MessageRequest, api::Problem>;
  const json::object* object = body.if_object();
  if (object == nullptr) {
    return Answer{boost::system::in_place_error, Code::kMalformedRequest, "a JSON object belongs here"};
  }
  Reader reader{now, place};
  reader.read(*object);
  if (!reader.faults.empty()) { return Answer{boost::system::in_place_error, std::move(reader.faults)}; }
  return std::move(reader.out);
}

}  // namespace aldis::ingress
