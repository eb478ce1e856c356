// SPDX-License-Identifier: Apache-2.0
// A message and what happens to it, for every style of callback.
#pragma once

#include <catch2/catch.hpp>
#include <map>

#include "aldis/ingress/callbacks.hpp"
#include "aldis/runtime/secrets.hpp"

namespace aldis::ingress::test {

inline constexpr WallTime kAccepted{seconds{1'795'291'951}};  // 2026-11-21T20:12:31Z
inline constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

inline MessageFacts facts() {
  MessageFacts message;
  message.id = "0190c3a5b7e8c9d0f1a2b3c4d5e6f708";
  message.account = "acme";
  message.door = "native";
  message.to = "+447700900123";
  message.from = "ACME";
  message.to_given = "00447700900123";
  message.from_given = "ACME & Co";
  message.encoding = "gsm7";
  message.reference = "order-991";
  message.price = "0.035000";
  message.currency = "EUR";
  message.mcc_mnc = "23430";
  message.operator_name = "op-a";
  message.operator_id = "7F2A01";
  message.attempts = 1;
  message.accepted_at = kAccepted + milliseconds{482};
  message.sent_at = kAccepted + milliseconds{530};
  return message;
}

inline MessageEvent happened(Status status, Speaker speaker = Speaker::kReceipt) {
  MessageEvent event;
  event.event = 0x12d9a;
  event.at = kAccepted + milliseconds{4482};
  event.status = status;
  event.previous = Status::kSent;
  event.status_seq = 4;
  event.speaker = speaker;
  event.message = facts();
  if (is_final(status)) { event.done_at = kAccepted + seconds{4}; }
  return event;
}

inline MessageEvent refused(std::uint32_t command_status, Status status = Status::kRejected) {
  auto event = happened(status, Speaker::kResponse);
  event.command_status = command_status;
  event.error = ErrorCode::kUnknownSubscriber;
  event.message.sent_at.reset();
  return event;
}

inline MessageEvent undelivered(Status status = Status::kUndeliverable) {
  auto event = happened(status);
  event.error = ErrorCode::kAbsentSubscriber;
  event.stat = "UNDELIV";
  event.err = "027";
  event.receipt_text = "id:7F2A01 sub:001 dlvrd:000 stat:UNDELIV err:027 text:Hi *there";
  return event;
}

inline InboundEvent from_handset() {
  InboundEvent event;
  event.event = 0x12d9b;
  event.at = kAccepted + seconds{91};
  event.id = "0190c3a7d2e14f5a9b8c7d6e5f40312a";
  event.account = "acme";
  event.from = "+447700900123";
  event.to = "60777";
  event.from_given = "447700900123";
  event.to_given = "60777";
  event.text = "stop it & rest";
  event.octets = "stop it & rest";
  event.operator_name = "op-a";
  event.received_at = kAccepted + seconds{90};
  return event;
}

inline CallbackTarget target(CallbackStyle style, std::string url = "https://app.example/hook?x=1") {
  return {.url = std::move(url), .style = std::move(style)};
}

template <class Event>
std::optional<ports::FetchRequest> made(const CallbackTarget& wanted, const Event& event) {
  static const runtime::OpenSslDigests kDigests;
  return callback_request(wanted, event, {kAccepted + seconds{4}, 0x8AB8EBA22B5B4F52}, kDigests);
}

inline std::string header(const ports::FetchRequest& request, const std::string& name) {
  for (const auto& field : request.headers) {
    if (field.name == name) { return field.value; }
  }
  return "(none)";
}

// The fields of a form, undone: enough for what we write.
inline std::map<std::string, std::string> fields_of(std::string_view form) {
  std::map<std::string, std::string> out;
  std::string name;
  std::string word;
  const auto end_field = [&] {
    out[name] = std::exchange(word, {});
    name.clear();
  };
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '=') {
      name = std::exchange(word, {});
    } else if (form[i] == '&') {
      end_field();
    } else if (form[i] == '%') {
      word += static_cast<char>(std::stoi(std::string{form.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      word += form[i] == '+' ? ' ' : form[i];
    }
  }
  end_field();
  return out;
}

}  // namespace aldis::ingress::test
