// SPDX-License-Identifier: Apache-2.0
#include "aldis/message/intake.hpp"

#include <algorithm>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/text/udh.hpp"
#include "message/addresses.hpp"
#include "message/content.hpp"
#include "message/times.hpp"

namespace aldis::message {

namespace {

constexpr std::uint8_t kUdhIndicator = 0x40;
constexpr std::size_t kServiceTypeMax = 5;
constexpr std::size_t kTlvsMax = 32;
constexpr std::size_t kTlvOctetsMax = 2048;

bool tlvs_allowed(Octets tlvs) {
  if (tlvs.size() > kTlvOctetsMax) { return false; }
  std::size_t count = 0;
  for (std::size_t at = 0; at + 4 <= tlvs.size(); ++count) {
    at += 4u + static_cast<std::size_t>((u8(tlvs[at + 2]) << 8) | u8(tlvs[at + 3]));
  }
  return count <= kTlvsMax;
}

void copy_fields(const Submit& request, Message& message) {
  message.account = request.account;
  message.service_type.assign(request.service_type);
  message.esm_class = static_cast<std::uint8_t>(request.esm_class & ~unsigned{kUdhIndicator});
  message.protocol_id = request.protocol_id;
  message.registered_delivery = request.registered_delivery;
  message.has_user_message_reference = request.user_message_reference.has_value();
  message.user_message_reference = request.user_message_reference.value_or(0);
  message.tlvs.assign(request.tlvs);
  ALDIS_CHECK(request.door_notes.size() <= kDoorNotesMax);
  message.door_notes.assign(request.door_notes);
}

// Takes the header off the body and finds out whether this is a segment of the customer's own: by its header,
// else by TLVs.
std::optional<Refusal> read_header(const Submit& request, Octets& body, Message& message) {
  message.content.udh.clear();
  message.passed_multipart = false;
  message.sar_total = 0;
  if ((request.esm_class & kUdhIndicator) != 0) {
    const auto octets = text::udh_octets(body);
    if (!octets) { return Refusal::kBadEncoding; }
    if (*octets > 1) { message.content.udh.assign(body.substr(0, *octets)); }
    body.remove_prefix(*octets);
    if (const auto concat = text::concat_of(message.content.udh)) {
      message.passed_multipart = concat->total > 1;
      return std::nullopt;
    }
  }
  if (request.sar_total > 1) {
    if (request.sar_seqnum == 0 || request.sar_seqnum > request.sar_total) { return Refusal::kTlvValue; }
    message.passed_multipart = true;
    message.sar_ref = request.sar_ref;
    message.sar_total = request.sar_total;
    message.sar_seqnum = request.sar_seqnum;
  }
  return std::nullopt;
}

}  // namespace

namespace {

MessageClass allowed_class(MessageClass wanted, const AccountSettings& account) {
  std::optional<MessageClass>
      best;  // the highest that is not above what was wanted; a higher class has a lower value
  for (const auto allowed : account.classes) {
    if (allowed >= wanted && (!best || allowed < *best)) { best = allowed; }
  }
  return best.value_or(account.message_class);
}

}  // namespace

MessageClass class_of(std::uint8_t priority_flag, const AccountSettings& account) {
  switch (priority_flag) {
    case 0: return account.message_class;
    case 1: return allowed_class(MessageClass::kBulk, account);
    case 2: return allowed_class(MessageClass::kTransactional, account);
    default: return allowed_class(MessageClass::kOtp, account);
  }
}

Result<Intake, Refusal> take_in(const Submit& request, const Address& destination,
                                const AccountSettings& account, const Now& now, Message& message) {
  if (request.service_type.size() > kServiceTypeMax) { return Refusal::kBadServiceType; }
  if (!read_destination(destination, message.destination)) { return Refusal::kBadDestination; }
  if (!read_source(request.source, account.senders.default_sender, message.source)) {
    return Refusal::kBadSource;
  }
  if (!tlvs_allowed(request.tlvs)) { return Refusal::kTlvNotAllowed; }
  copy_fields(request, message);
  message.message_class = request.message_class ? allowed_class(*request.message_class, account)
                                                : class_of(request.priority_flag, account);
  message.at_most_once = request.at_most_once.value_or(account.at_most_once);

  Octets body = request.body;
  if (const auto refusal = read_header(request, body, message)) { return *refusal; }
  message.content.data_coding = request.data_coding;
  const auto fallback = read_body(body, request.alphabet, account, message.content);
  if (!fallback) { return fallback.error(); }

  const auto start = start_of(request.schedule, account, now);
  if (!start) { return start.error(); }
  const auto deadline = deadline_of(request.validity, *start, account, now);
  if (!deadline) { return deadline.error(); }
  message.accepted_at = now.wall;
  message.due_at = *start;
  message.expires_at = deadline->at;
  message.status = *start > now.mono ? Status::kScheduled : Status::kQueued;

  const auto parts_max =
      request.parts_max == 0 ? account.parts_max : std::min(request.parts_max, account.parts_max);
  if (const auto refusal = plan_parts(message.content, message.passed_multipart, parts_max, message.parts)) {
    return *refusal;
  }
  return Intake{.alphabet_fallback = *fallback, .validity_cut = deadline->cut};
}

Result<Intake, Refusal> replace(const ReplaceMessage& request, const AccountSettings& account, const Now& now,
                                Message& message) {
  Content content;
  content.data_coding = message.content.data_coding;
  content.udh = message.content.udh;
  const auto fallback = read_body(request.body, std::nullopt, account, content);
  if (!fallback) { return Refusal::kReplaceFailed; }

  Instant start = message.due_at;
  if (!request.schedule.empty()) {
    const auto given = start_of(request.schedule, account, now);
    if (!given) { return given.error(); }
    start = *given;
  }
  Deadline deadline{message.expires_at, false};
  if (!request.validity.empty()) {
    const auto given = deadline_of(request.validity, std::max(start, now.mono), account, now);
    if (!given) { return given.error(); }
    deadline = *given;
  } else if (deadline.at <= start) {
    return Refusal::kBadValidity;  // the new schedule lies behind the old validity
  }

  decltype(message.parts) parts;
  if (const auto refusal = plan_parts(content, message.passed_multipart, account.parts_max, parts)) {
    return *refusal == Refusal::kTooManyParts ? *refusal : Refusal::kReplaceFailed;
  }
  message.content = std::move(content);
  message.parts = std::move(parts);
  message.registered_delivery = request.registered_delivery;
  message.due_at = start;
  message.expires_at = deadline.at;
  return Intake{.alphabet_fallback = *fallback, .validity_cut = deadline.cut};
}

}  // namespace aldis::message
