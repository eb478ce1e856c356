// SPDX-License-Identifier: Apache-2.0
// Receipts and inbound messages as Jasmin's throwers send them.
#include <cstdio>

#include "aldis/base/octet_text.hpp"
#include "aldis/smpp/generated/statuses.hpp"
#include "ingress/callback_styles.hpp"

namespace aldis::ingress {

namespace {

struct Told {
  unsigned level;
  std::string_view status;
};

// The word of a receipt, whoever says it.
std::string_view receipt_word(const MessageEvent& event) {
  if (event.intermediate) { return event.accepted_word ? "ACCEPTD" : ""; }
  switch (event.status) {
    case Status::kScheduled:
    case Status::kQueued:
    case Status::kSending:
    case Status::kUncertain:
    case Status::kSent: return "";
    case Status::kDelivered: return "DELIVRD";
    case Status::kUndeliverable: return "UNDELIV";
    case Status::kRejected: return "REJECTD";
    case Status::kExpired: return "EXPIRED";
    case Status::kDeleted: return "DELETED";
    case Status::kUnknown: return "UNKNOWN";
  }
  __builtin_unreachable();
}

// What Jasmin would have been answered, when it is not the operator's receipt that speaks; or nothing.
std::string_view response_word(const MessageEvent& event) {
  if (event.intermediate || event.speaker == Speaker::kReceipt) { return ""; }
  if (event.status == Status::kSent) { return "ESME_ROK"; }
  const bool failed = event.status == Status::kRejected || event.status == Status::kUndeliverable;
  if (failed && event.command_status != 0) {
    return smpp::name_of(smpp::CommandStatus{event.command_status});
  }
  if (failed) { return "ESME_RSUBMITFAIL"; }
  return event.status == Status::kExpired ? "ESME_RINVEXPIRY" : "";
}

std::optional<Told> told(const JasminStyle& style, const MessageEvent& event) {
  const std::string_view response = response_word(event);
  if (style.dlr_level != 2 && !response.empty()) { return Told{1, response}; }
  const std::string_view receipt = receipt_word(event);
  if (style.dlr_level != 1 && !receipt.empty()) { return Told{2, receipt}; }
  return std::nullopt;
}

std::string padded(std::string_view digits) {
  if (digits.empty()) { return "ND"; }
  return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + std::string{digits};
}

MaybeRequest thrown(const CallbackContext& context, const JasminStyle& style, const Fields& fields) {
  auto request = style.is_get ? get_request(context, with_query(context.target.url, fields))
                              : form_request(context, fields);
  request.headers.push_back({"Accept", "text/plain"});
  return request;
}

constexpr const char* kDate = "%y%m%d%H%M";

}  // namespace

MaybeRequest jasmin_request(const CallbackContext& context, const JasminStyle& style,
                            const MessageEvent& event) {
  const auto words = told(style, event);
  if (!words) { return std::nullopt; }
  const MessageFacts& message = event.message;
  const bool quirk = style.connector_quirk && words->level == 2;
  Fields fields{{"id", uuid_of(message.id)},
                {"message_status", std::string{words->status}},
                {"level", std::to_string(words->level)},
                {"connector", std::string{quirk ? message.operator_id : message.operator_name}}};
  if (words->level == 2) {
    const auto date = [](const std::optional<WallTime>& at) { return at ? written(*at, kDate) : "ND"; };
    fields.emplace_back("id_smsc", message.operator_id);
    fields.emplace_back("sub", padded(std::to_string(message.parts_count)));
    fields.emplace_back("dlvrd", padded(std::to_string(event.parts_delivered)));
    fields.emplace_back("subdate", date(message.sent_at ? message.sent_at : message.accepted_at));
    fields.emplace_back("donedate", date(event.done_at));
    fields.emplace_back("err", padded(event.err));
    fields.emplace_back("text", "");
  }
  return thrown(context, style, fields);
}

MaybeRequest jasmin_request(const CallbackContext& context, const JasminStyle& style,
                            const InboundEvent& event) {
  const std::string_view content = event.text.value_or(event.octets);
  const Fields fields{{"id", uuid_of(event.id)},
                      {"from", std::string{event.from_given}},
                      {"to", std::string{event.to_given}},
                      {"origin-connector", std::string{event.operator_name}},
                      {"priority", std::to_string(event.priority)},
                      {"coding", std::to_string(event.data_coding)},
                      {"content", std::string{content}},
                      {"binary", hex_of(event.octets)}};
  return thrown(context, style, fields);
}

}  // namespace aldis::ingress
