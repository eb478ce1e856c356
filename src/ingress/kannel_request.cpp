// SPDX-License-Identifier: Apache-2.0
#include "ingress/kannel_request.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <charconv>

#include "aldis/base/octet_text.hpp"
#include "aldis/text/encoding.hpp"
#include "aldis/text/transcode.hpp"
#include "ingress/charset.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/json.hpp"
#include "ingress/message_json.hpp"

namespace aldis::ingress {

namespace {

constexpr std::size_t kNumbersMax = 1'000;
constexpr std::size_t kNumberMax = 40;  // with all its dashes
constexpr std::size_t kUdhMax = 140;
constexpr std::size_t kAccountMax = 64;
constexpr std::size_t kDlrUrlMin = 8;
constexpr std::size_t kSenderMax = 20;
constexpr std::size_t kServiceTypeMax = 5;
constexpr long kMinutesMax = 10 * 365 * 24 * 60;
constexpr unsigned kMaskFinal = 1 | 2;  // delivered, failed
constexpr unsigned kMaskIntermediate = 32;
constexpr std::uint8_t kUdhIndicator = 0x40;
constexpr std::uint8_t kReplyPath = 0x80;

using Refused = std::optional<DialectWords>;

// --- the four forms --------------------------------------------------------------------------------------

constexpr std::string_view kHeaderPrefix = "x-kannel-";

void take_headers(const ports::HttpRequest& request, bool is_text, KannelFields& out) {
  for (const auto& header : request.fields) {
    if (!header.name.starts_with(kHeaderPrefix)) { continue; }
    out.fields.emplace_back(header.name.substr(kHeaderPrefix.size()), header.value);
  }
  out.fields.emplace_back("text", request.body);
  if (out.get("coding") == nullptr) { out.fields.emplace_back("coding", is_text ? "0" : "1"); }
  out.by_headers = true;
  out.udh_is_hex = true;
}

bool take_json(std::string_view body, KannelFields& out) {
  const auto parsed = read_json(body);
  const auto* object = parsed.has_value() ? parsed->if_object() : nullptr;
  if (object == nullptr) { return false; }
  for (const auto& [name, value] : *object) {
    if (value.is_string()) {
      out.fields.emplace_back(name, value.get_string());
    } else if (value.is_int64()) {
      out.fields.emplace_back(name, std::to_string(value.get_int64()));
    }
  }
  out.udh_is_hex = true;
  return true;
}

}  // namespace

Result<KannelFields, DialectWords> kannel_fields(const ports::HttpRequest& request) {
  KannelFields out;
  out.fields = fields_of(request.query);
  for (const auto name : {"username", "user", "password", "pass"}) {
    out.credentials_in_query = out.credentials_in_query || out.get(name) != nullptr;
  }
  if (request.method != "POST") { return out; }
  const auto type = request.header("content-type");
  if (is_media_type(type, "application/json")) {
    if (!take_json(request.body, out)) { return DialectWords{400, "POST with JSON body required"}; }
    return out;
  }
  const bool is_api = request.path == "/api/sendsms";
  if (is_api) { return DialectWords{400, "Content-Type must be application/json"}; }
  if (type.empty() || is_media_type(type, "application/x-www-form-urlencoded")) {
    for (auto& one : fields_of(request.body)) { out.fields.push_back(std::move(one)); }
    return out;
  }
  const bool is_text = is_media_type(type, "text/plain");
  if (!is_text && !is_media_type(type, "application/octet-stream")) {
    return DialectWords{400, "Invalid content-type"};
  }
  take_headers(request, is_text, out);
  return out;
}

namespace {

// --- a message -------------------------------------------------------------------------------------------

class Reader {
 public:
  Reader(const KannelFields& asked, const DialectLogin& login, const ports::FetchPolicy& callbacks)
      : asked_(asked), login_(login), callbacks_(callbacks) {}

  // In the order in which Kannel's smsbox finds fault.
  Refused read() {
    if (auto no = numbers()) { return no; }
    if (auto no = header()) { return no; }
    if (auto no = sender()) { return no; }
    if (auto no = callback()) { return no; }
    if (auto no = integers()) { return no; }
    if (auto no = account()) { return no; }
    if (auto no = text()) { return no; }
    settle();
    return std::nullopt;
  }

  KannelMessage out;

 private:
  static DialectWords refused(std::string_view text) { return {400, text}; }

  Refused numbers() {
    const std::string* to = asked_.get("to");
    if (to == nullptr) {
      return refused(asked_.by_headers ? "Missing receiver(s) number(s), rejected"
                                       : "Missing receiver number, rejected");
    }
    std::string_view rest = *to;
    while (!rest.empty()) {
      const auto word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      if (word.empty()) { continue; }
      const bool is_known = std::any_of(out.numbers.begin(), out.numbers.end(),
                                        [&](const KannelNumber& one) { return one.given == word; });
      if (is_known) { continue; }
      if (out.numbers.size() == kNumbersMax) { return DialectWords{413, "Too many receivers, rejected"}; }
      const bool is_short = word.size() <= kNumberMax;
      out.numbers.push_back({std::string{word}, is_short ? number_of(word).value_or("") : std::string{}});
    }
    if (out.numbers.empty()) { return refused("Empty receiver number not allowed, rejected"); }
    return std::nullopt;
  }

  Refused header() {
    const std::string* given = asked_.get("udh");
    if (given == nullptr || given->empty()) { return std::nullopt; }
    udh_ = *given;
    if (asked_.udh_is_hex) {
      const auto octets = octets_of_hex(*given);
      if (!octets) { return refused("UDH field misformed, rejected"); }
      udh_ = *octets;
    }
    if (udh_.size() > kUdhMax) { return refused("UDH field is too long, rejected"); }
    if (u8(udh_.front()) + 1u != udh_.size()) { return refused("UDH field misformed, rejected"); }
    return std::nullopt;
  }

  Refused sender() {
    const LoginOptions& options = login_.settings->options;
    const std::string* from = asked_.get("from");
    std::string text = !options.faked_sender.empty()       ? options.faked_sender
                       : from != nullptr && !from->empty() ? *from
                       : !options.default_sender.empty()   ? options.default_sender
                                                           : login_.of->senders.default_sender;
    if (text.empty()) { return refused("Sender missing and no global set, rejected"); }
    if (text.size() > kSenderMax) { return kannel_words(Refusal::kBadSource); }
    out.call.event.source = address_of(text);
    out.notes.from_given = as_noted(text);
    return std::nullopt;
  }

  Refused callback() {
    const std::string* url = asked_.get("dlr-url", "dlrurl");
    if (url == nullptr || url->empty()) { return std::nullopt; }
    const bool is_callable = !as_noted(*url).empty() && ports::judge_url(*url, callbacks_).has_value();
    if (url->size() < kDlrUrlMin || !is_callable) { return refused("DLR-URL field misformed, rejected"); }
    out.notes.callback = CallbackNote{.url = *url, .style = "kannel", .login = login_.settings->user};
    return std::nullopt;
  }

  struct Bounds {
    std::string_view name;
    long max;
    std::string_view no;
    std::optional<long> Reader::*member;
  };

  Refused integers() {
    static constexpr auto kBounds = std::to_array<Bounds>({
        {"dlr-mask", 63, "DLR-Mask field misformed, rejected", &Reader::mask_},
        {"mclass", 3, "MClass field misformed, rejected", &Reader::mclass_},
        {"pid", 255, "PID field misformed, rejected", &Reader::pid_},
        {"rpi", 2, "RPI field misformed, rejected", &Reader::rpi_},
        {"alt-dcs", 1, "Alt-DCS field misformed, rejected", &Reader::alt_dcs_},
        {"mwi", 7, "MWI field misformed, rejected", &Reader::mwi_},
        {"coding", 2, "Coding field misformed, rejected", &Reader::coding_},
        {"compress", 1, "Compress field misformed, rejected", &Reader::compress_},
        {"validity", kMinutesMax, "Validity field misformed, rejected", &Reader::validity_},
        {"deferred", kMinutesMax, "Deferred field misformed, rejected", &Reader::deferred_},
        {"priority", 3, "Priority field misformed, rejected", &Reader::priority_},
    });
    for (const Bounds& one : kBounds) {
      const std::string* given =
          one.name == "dlr-mask" ? asked_.get(one.name, "dlrmask") : asked_.get(one.name);
      if (given == nullptr || given->empty()) { continue; }
      long value = 0;
      const char* end = given->data() + given->size();
      const auto [stop, failed] = std::from_chars(given->data(), end, value);
      if (failed != std::errc{} || stop != end || value < 0 || value > one.max) { return refused(one.no); }
      this->*one.member = value;
    }
    return std::nullopt;
  }

  Refused account() {
    const std::string* account = asked_.get("account");
    if (account != nullptr) {
      if (account->size() > kAccountMax) { return refused("Account field misformed or too long, rejected"); }
      out.notes.label = label_of(*account);
    }
    const std::string* binfo = asked_.get("binfo");
    if (binfo != nullptr && binfo->size() <= kServiceTypeMax) { out.call.service_type = *binfo; }
    return std::nullopt;
  }

  // coding 0 is a text that may need UCS-2, 1 octets, 2 UCS-2.
  Refused text() {
    constexpr DialectWords kMisformed{400, "Charset or body misformed, rejected"};
    const std::string* given = asked_.get("text");
    const std::string* charset = asked_.get("charset");
    const std::string text = given == nullptr ? std::string{} : *given;
    if (text.size() > kTextOctetsMax) { return kMisformed; }
    const long coding = coding_.value_or(udh_.empty() ? 0 : 1);
    if (coding == 1) {
      alphabet_ = Alphabet::kBinary;
      body_ = text;
      return std::nullopt;
    }
    if (coding == 2 && (charset == nullptr || charset->empty())) {
      alphabet_ = Alphabet::kUcs2;
      body_ = text;
      return std::nullopt;
    }
    const auto utf8 = utf8_of(text, charset == nullptr || charset->empty() ? "UTF-8" : *charset);
    if (!utf8) { return kMisformed; }
    const auto encoded = text::encode(*utf8, coding == 2 ? text::Encoding::kUcs2 : text::Encoding::kAuto);
    if (encoded.has_error()) { return kMisformed; }
    alphabet_ = encoded->alphabet;
    body_ = encoded->octets;
    return std::nullopt;
  }

  // data_coding as Kannel's fields_to_dcs makes it (3GPP 23.038 section 4).
  [[nodiscard]] std::uint8_t data_coding() const {
    const unsigned coding = alphabet_ == Alphabet::kUcs2 ? 2 : alphabet_ == Alphabet::kBinary ? 1 : 0;
    if (mwi_) {
      const auto indication = static_cast<unsigned>(*mwi_);
      if ((indication & 4u) != 0) { return static_cast<std::uint8_t>(0xC0u | (indication & 3u)); }
      const unsigned store = body_.empty() ? 0xC0u : coding == 0 ? 0xD0u : 0xE0u;
      return static_cast<std::uint8_t>(store | 0x08u | (indication & 3u));
    }
    const unsigned message_class = static_cast<unsigned>(mclass_.value_or(0));
    if (alt_dcs_.value_or(0) == 1 && coding != 2 && compress_.value_or(0) == 0) {
      return static_cast<std::uint8_t>(0xF0u | coding << 2u | message_class);
    }
    unsigned dcs = coding << 2u;
    if (compress_.value_or(0) == 1) { dcs |= 0x20u; }
    if (mclass_) { dcs |= 0x10u | message_class; }
    return static_cast<std::uint8_t>(dcs);
  }

  void settle() {
    Submit& event = out.call.event;
    event.account = login_.account;
    event.alphabet = alphabet_;
    event.data_coding = data_coding();
    event.protocol_id = static_cast<std::uint8_t>(pid_.value_or(0));
    event.priority_flag = static_cast<std::uint8_t>(priority_.value_or(0));
    event.esm_class = static_cast<std::uint8_t>((udh_.empty() ? 0u : kUdhIndicator) |
                                                (rpi_.value_or(0) > 0 ? kReplyPath : 0u));
    if (deferred_ && *deferred_ > 0) { event.schedule.in = minutes{*deferred_}; }
    if (validity_) { event.validity.in = minutes{*validity_}; }
    out.call.body = udh_ + body_;
    out.call.door = Door::kKannel;
    out.notes.door = "kannel";
    const auto mask = static_cast<unsigned>(mask_.value_or(0));
    const unsigned wanted = mask & kMaskFinal;
    unsigned registered = wanted == 0 ? 0u : wanted == 2 ? 0x02u : 0x01u;
    if ((mask & kMaskIntermediate) != 0) { registered |= 0x10u; }
    event.registered_delivery = static_cast<std::uint8_t>(registered);
    if (mask == 0) { out.notes.callback.reset(); }  // nobody asked to be told
    if (out.notes.callback) { out.notes.callback->wants = mask; }
  }

  const KannelFields& asked_;
  const DialectLogin& login_;
  const ports::FetchPolicy& callbacks_;
  std::string udh_;
  std::string body_;
  Alphabet alphabet_ = Alphabet::kGsm7;
  std::optional<long> mask_, mclass_, pid_, rpi_, alt_dcs_, mwi_, coding_, compress_, validity_, deferred_,
      priority_;
};

}  // namespace

Result<KannelMessage, DialectWords> read_kannel(const KannelFields& asked, const DialectLogin& login,
                                                const ports::FetchPolicy& callbacks) {
  Reader reader{asked, login, callbacks};
  if (const auto no = reader.read()) { return *no; }
  return std::move(reader.out);
}

}  // namespace aldis::ingress
