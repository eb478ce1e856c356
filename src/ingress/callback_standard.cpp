// SPDX-License-Identifier: Apache-2.0
// Our own events: what the message object of the API says, without the text and the parts.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "aldis/base/octet_text.hpp"
#include "aldis/smpp/generated/statuses.hpp"
#include "ingress/callback_styles.hpp"
#include "ingress/rfc3339.hpp"
#include "ingress/signatures.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

json::value text_or_null(std::string_view text) { return text.empty() ? json::value{} : json::value(text); }
json::value time_or_null(const std::optional<WallTime>& at) {
  return at ? json::value(format_rfc3339(*at)) : json::value{};
}

std::string_view reason_word(UnknownReason reason) {
  switch (reason) {
    case UnknownReason::kNone: return {};
    case UnknownReason::kUncertain: return "uncertain";
    case UnknownReason::kNoReceipt: return "no_receipt";
    case UnknownReason::kNoOperatorId: return "no_operator_id";
    case UnknownReason::kReceiptsOff: return "receipts_off";
    case UnknownReason::kQuarantined: return "quarantined";
  }
  __builtin_unreachable();
}

json::value error_of(const MessageEvent& event) {
  if (!event.error) { return {}; }
  const ErrorWords words = words_of(*event.error);
  json::object from_operator;
  if (event.speaker == Speaker::kResponse) {
    from_operator["status"] = smpp::name_of(smpp::CommandStatus{event.command_status});
  }
  if (event.speaker == Speaker::kReceipt) {
    if (!event.stat.empty()) { from_operator["stat"] = event.stat; }
    if (!event.err.empty()) { from_operator["err"] = event.err; }
    if (event.network) {
      from_operator["network"] =
          json::object{{"type", event.network->first}, {"code", event.network->second}};
    }
  }
  json::object error{{"code", words.name}};
  error["permanent"] = words.permanent ? json::value(*words.permanent) : json::value{};
  error["operator"] = from_operator.empty() ? json::value{} : json::value(std::move(from_operator));
  return error;
}

json::value metadata_of(const MessageFacts& message) {
  json::object out;
  for (const auto& [name, value] : message.metadata) { out[name] = value; }
  return out;
}

json::object data_of(const MessageEvent& event) {
  const MessageFacts& message = event.message;
  json::object out;
  out["id"] = "msg_" + std::string{message.id};
  out["account"] = message.account;
  out["door"] = message.door;
  out["status"] = status_word(event.status);
  out["status_seq"] = event.status_seq;
  out["previous_status"] = status_word(event.previous);
  if (event.status == Status::kUnknown) { out["reason"] = text_or_null(reason_word(event.unknown_reason)); }
  out["final"] = is_final(event.status);
  out["late"] = event.late;
  out["uncertain"] = event.status == Status::kUncertain || event.unknown_reason == UnknownReason::kUncertain;
  out["hold"] = nullptr;
  out["to"] = message.to;
  out["from"] = message.from;
  out["encoding"] = message.encoding;
  out["parts_count"] = message.parts_count;
  out["class"] = name_of(message.message_class);
  out["label"] = text_or_null(message.label);
  out["reference"] = text_or_null(message.reference);
  out["metadata"] = metadata_of(message);
  out["attempts"] = message.attempts;
  out["error"] = error_of(event);
  out["country"] = text_or_null(message.country);
  out["mcc_mnc"] = text_or_null(message.mcc_mnc);
  out["price"] = message.price.empty()
                     ? json::value{}
                     : json::value(json::object{{"amount", message.price}, {"currency", message.currency}});
  out["accepted_at"] = format_rfc3339(message.accepted_at);
  out["send_at"] = time_or_null(message.send_at);
  out["valid_until"] = time_or_null(message.valid_until);
  out["sent_at"] = time_or_null(message.sent_at);
  out["done_at"] = time_or_null(event.done_at);
  out["updated_at"] = format_rfc3339(event.at);
  return out;
}

std::string enveloped(std::string_view type, WallTime at, std::string_view data_json) {
  std::string out = R"({"type":)" + json::serialize(json::value(type));
  out.append(R"(,"timestamp":")").append(format_rfc3339(at)).append(R"(","data":)").append(data_json) += '}';
  return out;
}

// CloudEvents 1.0, structured: the same members under their names there.
std::string as_cloudevent(const StandardEvent& event) {
  json::object head;
  head["specversion"] = "1.0";
  head["id"] = event_id(event.event);
  head["source"] = "/accounts/" + std::string{event.account};
  head["type"] = event.type;
  head["time"] = format_rfc3339(event.at);
  head["datacontenttype"] = "application/json";
  std::string out = json::serialize(head);
  out.pop_back();
  return out.append(R"(,"data":)").append(event.data_json) += '}';
}

}  // namespace

std::string event_type(const MessageEvent& event) {
  const bool is_uncertain = event.status == Status::kUncertain;
  return "message." + std::string{is_uncertain ? "uncertain" : status_word(event.status)};
}

std::string data_json(const MessageEvent& event) { return json::serialize(data_of(event)); }

std::string data_json(const InboundEvent& event) {
  json::object out;
  out["id"] = "mo_" + std::string{event.id};
  out["from"] = event.from;
  out["to"] = event.to;
  out["text"] = event.text ? json::value(*event.text) : json::value{};
  if (!event.text) { out["data"] = hex_of(event.octets); }
  out["parts_count"] = event.parts_count;
  out["received_at"] = format_rfc3339(event.received_at);
  return json::serialize(out);
}

std::string event_json(const MessageEvent& event) {
  return enveloped(event_type(event), event.at, data_json(event));
}
std::string event_json(const InboundEvent& event) {
  return enveloped("inbound.received", event.at, data_json(event));
}
std::string event_json(const OtherEvent& event) { return enveloped(event.type, event.at, event.data_json); }

MaybeRequest standard_request(const CallbackContext& context, const StandardStyle& style,
                              const StandardEvent& event) {
  ports::FetchRequest request = get_request(context, context.target.url);
  request.method = "POST";
  request.body = style.cloudevents ? as_cloudevent(event) : enveloped(event.type, event.at, event.data_json);
  const std::string id = event_id(event.event);
  const auto timestamp_s = std::chrono::floor<seconds>(context.attempt.at).time_since_epoch().count();
  request.headers = {
      {"Content-Type", style.cloudevents ? "application/cloudevents+json" : "application/json"},
      {"webhook-id", id},
      {"webhook-timestamp", std::to_string(timestamp_s)},
  };
  if (const auto signature =
          standard_signature(context.digests, style.secrets, id, timestamp_s, request.body)) {
    request.headers.push_back({"webhook-signature", *signature});
  }
  return request;
}

}  // namespace aldis::ingress
