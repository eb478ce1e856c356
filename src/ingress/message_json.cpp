// SPDX-License-Identifier: Apache-2.0
#include "ingress/message_json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <string>
#include <utility>

#include "aldis/base/octet_text.hpp"
#include "aldis/ingress/callback_event.hpp"
#include "aldis/text/encoding.hpp"
#include "aldis/text/transcode.hpp"
#include "ingress/door_notes.hpp"
#include "ingress/problem_reply.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::MessageRequest;
using api::Problem;

namespace {

constexpr std::uint8_t kUdhIndicator = 0x40;

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

text::Encoding encoding_of(api::EncodingWish wish) {
  switch (wish) {
    case api::EncodingWish::kGsm7: return text::Encoding::kGsm7;
    case api::EncodingWish::kUcs2: return text::Encoding::kUcs2;
    case api::EncodingWish::kLatin1: return text::Encoding::kLatin1;
    default: return text::Encoding::kAuto;
  }
}

std::optional<Problem> put_text(const MessageRequest& request, SubmitCall& call) {
  const auto encoded = text::encode(*request.text, encoding_of(request.encoding));
  if (encoded.has_value()) {
    call.event.alphabet = encoded->alphabet;
    call.body = encoded->octets;
    return std::nullopt;
  }
  const auto why = encoded.error();
  const std::string at = " at character " + std::to_string(why.offset);
  if (why.why == text::NoEncoding::Why::kMalformed) {
    return fault_at("/text", Code::kInvalidText, "not UTF-8" + at);
  }
  return fault_at(
      "/text", Code::kInvalidText,
      "the encoding asked for has no place for the character" + at + "; \"auto\" has one for all");
}

void put_data(const MessageRequest& request, SubmitCall& call) {
  call.event.alphabet = Alphabet::kBinary;
  if (!request.udh.empty()) {
    call.event.esm_class = kUdhIndicator;
    call.body = request.udh;
  }
  call.body += *request.octets;
}

std::string notes_of(const MessageRequest& request) {
  DoorNotes notes;
  notes.label = request.label;
  notes.reference = request.reference;
  notes.send_at = request.send_at;
  notes.metadata = request.metadata;
  if (!request.callback_url.empty()) {
    notes.callback =
        CallbackNote{.url = request.callback_url, .style = "standard", .wants = kTellFinal | kTellSent};
  }
  return to_octets(notes);
}

// What the notes say stands beside what the engine knows. An object always has the same members.
void put_notes(json::object& out, const Message& message) {
  const auto notes = door_notes_from(message.door_notes).value_or(DoorNotes{.door = "smpp"});
  const auto text = [](const std::string& value) {
    return value.empty() ? json::value(nullptr) : json::value(value);
  };
  out["door"] = notes.door;
  out["label"] = text(notes.label);
  out["reference"] = text(notes.reference);
  json::object metadata;
  for (const auto& [name, value] : notes.metadata) { metadata[name] = value; }
  out["metadata"] = std::move(metadata);
  out["send_at"] = notes.send_at ? json::value(format_rfc3339(*notes.send_at)) : json::value(nullptr);
}

std::optional<Problem> not_offered(const MessageRequest& request) {
  if (request.transliterate.value_or(false)) {
    return fault_at("/transliterate", Code::kNotImplemented, "look-alikes are not put in yet; leave it out");
  }
  if (!request.pinned_operator.empty()) {
    return fault_at("/operator", Code::kNotImplemented, "routes choose the operator; leave it out");
  }
  return std::nullopt;
}

std::optional<Problem> wrong_callback(const MessageRequest& request, const CallbackRules& callbacks) {
  if (request.callback_url.empty()) { return std::nullopt; }
  if (const auto target = ports::judge_url(request.callback_url, callbacks.policy); target.has_error()) {
    return fault_at("/callback_url", Code::kInvalidField, sentence_of(target.error()));
  }
  if (callbacks.has_secret) { return std::nullopt; }
  return fault_at("/callback_url", Code::kInvalidField,
                  "make the secret that signs callbacks first: POST /v1/account/callback-secret");
}

// The message's content as UTF-8, or as hex where it is no text.
void put_content(json::object& out, const Content& content, Sight sight) {
  out["content"] = !sight.content ? "withheld" : sight.content_kept ? "present" : "expired";
  out["text"] = nullptr;
  if (!sight.content || !sight.content_kept) { return; }
  std::string utf8;
  const bool is_text = content.alphabet != Alphabet::kBinary && content.alphabet != Alphabet::kOpaque;
  if (is_text && text::transcode(content.body, content.alphabet, Alphabet::kUtf8, utf8)) {
    out["text"] = utf8;
    return;
  }
  out["data"] = hex_of(content.body);
  if (!content.udh.empty()) { out["udh"] = hex_of(content.udh); }
}

json::value error_json(Status status, std::string_view err) {
  const bool ended_well = !is_final(status) || status == Status::kDelivered || status == Status::kDeleted;
  if (ended_well || err.empty() || err == "000") { return nullptr; }
  const ErrorWords words = words_of(error_code_of(err));
  json::object out{{"code", words.name}, {"permanent", nullptr}, {"err", err}};
  if (words.permanent) { out["permanent"] = *words.permanent; }
  return out;
}

json::value time_json(WallTime at) {
  return at == WallTime{} ? json::value(nullptr) : json::value(format_rfc3339(at));
}

}  // namespace

Address address_of(std::string_view text) {
  Address address;
  if (text.starts_with('+')) { text.remove_prefix(1); }
  address.digits.assign(text);
  if (!all_digits(text)) {
    address.ton = 5;
  } else if (text.size() <= 8) {
    address.ton = 3;
  } else {
    address.ton = 1;
    address.npi = 1;
  }
  return address;
}

std::uint8_t data_coding_of(Alphabet alphabet, std::optional<std::uint8_t> message_class) {
  std::uint8_t group = 0;
  switch (alphabet) {
    case Alphabet::kUcs2: group = 0x08; break;
    case Alphabet::kLatin1: return 0x03;  // no class goes with it (SMPP 3.4 section 5.2.19)
    case Alphabet::kBinary: group = 0x04; break;
    default: break;
  }
  return static_cast<std::uint8_t>(message_class ? group | 0x10u | *message_class : group);
}

std::string number_text(const Address& address) {
  std::string text{address.digits.view()};
  return address.ton == 1 ? "+" + text : text;
}

ErrorCode error_code_of(std::string_view err) {
  struct Row {
    std::string_view err;
    ErrorCode code;
  };
  static constexpr Row kRows[] = {{"901", ErrorCode::kExpiredInQueue},  {"902", ErrorCode::kNoOperator},
                                  {"903", ErrorCode::kOperatorRefused}, {"906", ErrorCode::kOptedOut},
                                  {"907", ErrorCode::kContentRefused},  {"908", ErrorCode::kUncertain},
                                  {"909", ErrorCode::kNoReceipt}};
  for (const Row& row : kRows) {
    if (row.err == err) { return row.code; }
  }
  return ErrorCode::kUnknown;
}

std::string_view encoding_name(Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kGsm7: return "gsm7";
    case Alphabet::kUcs2: return "ucs2";
    case Alphabet::kLatin1: return "latin1";
    case Alphabet::kAscii: return "ascii";
    case Alphabet::kUtf8: return "utf8";
    default: return "binary";
  }
}

Result<SubmitCall, Problem> submit_call_of(const MessageRequest& request, AccountId account,
                                           const CallbackRules& callbacks) {
  if (auto refused = not_offered(request)) { return std::move(*refused); }
  if (auto refused = wrong_callback(request, callbacks)) { return std::move(*refused); }
  SubmitCall call;
  call.event.account = account;
  call.destination = address_of(request.to);
  if (request.from) { call.event.source = address_of(*request.from); }
  if (request.text) {
    if (auto refused = put_text(request, call)) { return std::move(*refused); }
  } else {
    put_data(request, call);
  }
  call.event.data_coding =
      request.data_coding.value_or(data_coding_of(*call.event.alphabet, request.message_class));
  call.event.protocol_id = request.protocol_id.value_or(0);
  call.event.parts_max = request.parts_max.value_or(0);
  switch (request.receipt) {
    case api::ReceiptWish::kNone: break;
    case api::ReceiptWish::kFinal: call.event.registered_delivery = 0x01; break;
    case api::ReceiptWish::kAll: call.event.registered_delivery = 0x11; break;
  }
  if (request.traffic_class) {
    constexpr MessageClass kClasses[] = {MessageClass::kOtp, MessageClass::kTransactional,
                                         MessageClass::kBulk};
    call.event.message_class = kClasses[static_cast<std::size_t>(*request.traffic_class)];
  }
  if (request.delivery) { call.event.at_most_once = *request.delivery == api::DeliveryWish::kAtMostOnce; }
  if (request.send_at) { call.event.schedule.at = *request.send_at; }
  if (request.validity) { call.event.validity.in = *request.validity; }
  if (request.valid_until) { call.event.validity.at = *request.valid_until; }
  for (const auto& tlv : request.tlvs) {
    for (const auto number : {static_cast<std::size_t>(tlv.tag), tlv.value.size()}) {
      call.tlvs.push_back(static_cast<char>(number >> 8u & 0xFFu));
      call.tlvs.push_back(static_cast<char>(number & 0xFFu));
    }
    call.tlvs += tlv.value;
  }
  call.door_notes = notes_of(request);
  // A control character of one octet is six in JSON.
  if (call.door_notes.size() > kDoorNotesMax) {
    return fault_at("/metadata", Code::kInvalidField, "with reference and label it takes more than 16 KiB");
  }
  return call;
}

json::object message_json(const Now& now, const Message& message, std::string_view account,
                          const PublicIds& ids, Sight sight) {
  json::object out{{"id", message_id_text(ids, message.public_id)},
                   {"account", account},
                   {"door", "smpp"},
                   {"status", status_word(message.status)},
                   {"status_seq", message.status_seq},
                   {"final", is_final(message.status)},
                   {"uncertain", std::any_of(message.parts.begin(), message.parts.end(),
                                             [](const Part& part) { return part.uncertain; })},
                   {"to", number_text(message.destination)},
                   {"from", number_text(message.source)}};
  put_content(out, message.content, sight);
  out["encoding"] = encoding_name(message.content.alphabet);
  out["parts_count"] = message.parts.size();
  out["class"] = name_of(message.message_class);
  put_notes(out, message);
  std::uint32_t attempts = 0;
  json::array parts;
  for (const Part& part : message.parts) {
    attempts += part.attempt;
    json::object one{{"n", parts.size() + 1},
                     {"status", status_word(part.status)},
                     {"attempts", part.attempt},
                     {"error", error_json(part.status, part.err.view())}};
    if (sight.operators && !part.operator_id.empty()) { one["operator_id"] = part.operator_id; }
    parts.push_back(std::move(one));
  }
  out["attempts"] = attempts;
  out["error"] = error_json(message.status, message.err.view());
  out["accepted_at"] = format_rfc3339(message.accepted_at);
  if (message.expires_at != kNever) {
    const auto left = std::chrono::duration_cast<microseconds>(message.expires_at - now.mono);
    out["valid_until"] = format_rfc3339(now.wall + left);
  }
  out["done_at"] = time_json(is_final(message.status) ? message.done_at : WallTime{});
  out["parts"] = std::move(parts);
  return out;
}

std::string message_id_text(const PublicIds& ids, MessageId id) {
  return "msg_" + std::string{ids.format({id, 0}, MessageIdFormat::kHex).view()};
}

std::optional<MessageId> message_id_of(const PublicIds& ids, std::string_view text) {
  if (text.starts_with("msg_")) { text.remove_prefix(4); }
  if (text.size() != 32 && text.size() != 36) { return std::nullopt; }
  const auto parsed = ids.parse(text);
  if (!parsed || parsed->short_id != 0) { return std::nullopt; }
  return parsed->id;
}

std::optional<PublicId> any_id_of(const PublicIds& ids, std::string_view text) {
  if (text.starts_with("msg_")) { text.remove_prefix(4); }
  return ids.parse(text);
}

}  // namespace aldis::ingress
