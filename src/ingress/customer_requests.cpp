// SPDX-License-Identifier: Apache-2.0
// A customer's PDUs as events for the engine (SMPP 4.1 to 4.3).
#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/smpp_time.hpp"
#include "ingress/server_state.hpp"
#include "ingress/smpp_status.hpp"

namespace aldis::ingress {

namespace {

// Nothing if the digits do not fit: no address is that long.
std::optional<Address> address_of(std::uint8_t ton, std::uint8_t npi, std::string_view digits) {
  Address address;
  address.ton = ton;
  address.npi = npi;
  // One leading '+' may come on top of the 20 digits; intake drops it.
  if (digits.size() > address.digits.capacity() && digits.front() == '+') { digits.remove_prefix(1); }
  if (digits.size() > address.digits.capacity()) { return std::nullopt; }
  address.digits.assign(digits);
  return address;
}

std::optional<TimeGiven> time_of(std::string_view text, const Now& now) {
  if (text.empty()) { return TimeGiven{}; }
  const auto parsed = smpp::parse_time(text, now.wall);
  if (!parsed) { return std::nullopt; }
  return TimeGiven{parsed->at, parsed->in};
}

}  // namespace

void CustomerSession::on_request(const Now& now, const smpp::Pdu& pdu) {
  const std::uint32_t sequence = pdu.header.sequence_number;
  if (const auto* submit_sm = std::get_if<smpp::SubmitSm>(&pdu.body)) {
    ALDIS_FAILPOINT(pass("submit.read"));
    return submit(now, sequence, *submit_sm);
  }
  if (const auto* data_sm = std::get_if<smpp::DataSm>(&pdu.body)) { return submit(now, sequence, *data_sm); }
  if (const auto* multi = std::get_if<smpp::SubmitMulti>(&pdu.body)) { return submit(now, sequence, *multi); }
  if (const auto* query_sm = std::get_if<smpp::QuerySm>(&pdu.body)) {
    return query(now, sequence, *query_sm);
  }
  if (const auto* cancel_sm = std::get_if<smpp::CancelSm>(&pdu.body)) {
    return cancel(now, sequence, *cancel_sm);
  }
  if (const auto* replace_sm = std::get_if<smpp::ReplaceSm>(&pdu.body)) {
    return replace(now, sequence, *replace_sm);
  }
  refuse(now, sequence, pdu.header.command_id, smpp::CommandStatus::kInvalidCommandId);
}

Submit CustomerSession::submit_of(std::uint32_t sequence, Asked asked) const {
  Submit out;
  out.token = {id_, sequence, static_cast<std::uint8_t>(asked)};
  out.account = account_;
  out.short_id = id_format() == MessageIdFormat::kHex8;
  return out;
}

void CustomerSession::add_tlvs(Submit& out, smpp::Tlvs tlvs) {
  if (tlvs.empty()) { return; }
  out.user_message_reference = tlvs.find_u16(smpp::TlvTag::kUserMessageReference);
  const auto total = tlvs.find_u8(smpp::TlvTag::kSarTotalSegments);
  const auto seqnum = tlvs.find_u8(smpp::TlvTag::kSarSegmentSeqnum);
  const auto ref = tlvs.find_u16(smpp::TlvTag::kSarMsgRefNum);
  if (total && seqnum && ref && *total > 1) {
    out.sar_total = *total;
    out.sar_seqnum = *seqnum;
    out.sar_ref = *ref;
  }
  server_.tlv_scratch.clear();
  smpp::append_carried(server_.tlv_scratch, tlvs);
  out.tlvs = server_.tlv_scratch;
}

void CustomerSession::submit(const Now& now, std::uint32_t sequence, const smpp::SubmitSm& pdu) {
  constexpr auto kCommand = smpp::CommandId::kSubmitSm;
  const auto source = address_of(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr);
  const auto destination = address_of(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr);
  const auto schedule = time_of(pdu.schedule_delivery_time, now);
  const auto validity = time_of(pdu.validity_period, now);
  if (!source) { return refuse(now, sequence, kCommand, Refusal::kBadSource); }
  if (!destination) { return refuse(now, sequence, kCommand, Refusal::kBadDestination); }
  if (!schedule) { return refuse(now, sequence, kCommand, Refusal::kBadSchedule); }
  if (!validity) { return refuse(now, sequence, kCommand, Refusal::kBadValidity); }
  Submit out = submit_of(sequence, Asked::kSubmitSm);
  out.service_type = pdu.service_type;
  out.source = *source;
  out.destinations = {&*destination, 1};
  out.esm_class = pdu.esm_class;
  out.protocol_id = pdu.protocol_id;
  out.priority_flag = pdu.priority_flag;
  out.registered_delivery = pdu.registered_delivery;
  out.data_coding = pdu.data_coding;
  out.replace_if_present = pdu.replace_if_present_flag == 1;
  out.schedule = *schedule;
  out.validity = *validity;
  out.body = smpp::body_of(pdu);
  add_tlvs(out, pdu.tlvs);
  server_.engine.on(now, out);
}

void CustomerSession::submit(const Now& now, std::uint32_t sequence, const smpp::DataSm& pdu) {
  constexpr auto kCommand = smpp::CommandId::kDataSm;
  const auto source = address_of(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr);
  const auto destination = address_of(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr);
  if (!source) { return refuse(now, sequence, kCommand, Refusal::kBadSource); }
  if (!destination) { return refuse(now, sequence, kCommand, Refusal::kBadDestination); }
  Submit out = submit_of(sequence, Asked::kDataSm);
  out.service_type = pdu.service_type;
  out.source = *source;
  out.destinations = {&*destination, 1};
  out.esm_class = pdu.esm_class;
  out.registered_delivery = pdu.registered_delivery;
  out.data_coding = pdu.data_coding;
  out.body = pdu.tlvs.find(smpp::TlvTag::kMessagePayload).value_or(Octets{});
  if (const auto ttl = pdu.tlvs.find_u32(smpp::TlvTag::kQosTimeToLive)) { out.validity.in = seconds{*ttl}; }
  add_tlvs(out, pdu.tlvs);
  server_.engine.on(now, out);
}

void CustomerSession::submit(const Now& now, std::uint32_t sequence, const smpp::SubmitMulti& pdu) {
  constexpr auto kCommand = smpp::CommandId::kSubmitMulti;
  const auto source = address_of(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr);
  const auto schedule = time_of(pdu.schedule_delivery_time, now);
  const auto validity = time_of(pdu.validity_period, now);
  if (!source) { return refuse(now, sequence, kCommand, Refusal::kBadSource); }
  if (!schedule) { return refuse(now, sequence, kCommand, Refusal::kBadSchedule); }
  if (!validity) { return refuse(now, sequence, kCommand, Refusal::kBadValidity); }
  if (pdu.dest_address.empty()) {
    return refuse(now, sequence, kCommand, smpp::CommandStatus::kInvalidDestinationCount);
  }
  server_.destinations_scratch.clear();
  for (const auto& item : pdu.dest_address) {
    if (item.dest_flag == 2) {
      return refuse(now, sequence, kCommand, smpp::CommandStatus::kInvalidListName);
    }
    if (item.dest_flag != 1) {
      return refuse(now, sequence, kCommand, smpp::CommandStatus::kInvalidDestinationFlag);
    }
    const auto destination = address_of(item.dest_addr_ton, item.dest_addr_npi, item.destination_addr);
    if (!destination) { return refuse(now, sequence, kCommand, Refusal::kBadDestination); }
    server_.destinations_scratch.push_back(*destination);
  }
  Submit out = submit_of(sequence, Asked::kSubmitMulti);
  out.multi = true;
  out.service_type = pdu.service_type;
  out.source = *source;
  out.destinations = server_.destinations_scratch;
  out.esm_class = pdu.esm_class;
  out.protocol_id = pdu.protocol_id;
  out.priority_flag = pdu.priority_flag;
  out.registered_delivery = pdu.registered_delivery;
  out.data_coding = pdu.data_coding;
  out.replace_if_present = false;
  out.schedule = *schedule;
  out.validity = *validity;
  out.body = smpp::body_of(pdu);
  add_tlvs(out, pdu.tlvs);
  server_.engine.on(now, out);
}

void CustomerSession::query(const Now& now, std::uint32_t sequence, const smpp::QuerySm& pdu) {
  const auto id = server_.setup.public_ids.parse(pdu.message_id);
  const auto source = address_of(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr);
  if (!id || !source) { return refuse(now, sequence, smpp::CommandId::kQuerySm, Refusal::kNoSuchMessage); }
  server_.engine.on(now, QueryMessage{{id_, sequence, static_cast<std::uint8_t>(Asked::kQuery)},
                                      account_,
                                      id->id,
                                      id->short_id,
                                      *source});
}

void CustomerSession::cancel(const Now& now, std::uint32_t sequence, const smpp::CancelSm& pdu) {
  const auto source = address_of(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr);
  const auto destination = address_of(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr);
  const auto id = pdu.message_id.empty() ? PublicId{} : server_.setup.public_ids.parse(pdu.message_id);
  if (!id || !source || !destination) {
    return refuse(now, sequence, smpp::CommandId::kCancelSm, Refusal::kNoSuchMessage);
  }
  CancelMessage out;
  out.token = {id_, sequence, static_cast<std::uint8_t>(Asked::kCancel)};
  out.account = account_;
  out.public_id = id->id;
  out.short_id = id->short_id;
  out.service_type = pdu.service_type;
  out.source = *source;
  out.destination = *destination;
  server_.engine.on(now, out);
}

void CustomerSession::replace(const Now& now, std::uint32_t sequence, const smpp::ReplaceSm& pdu) {
  constexpr auto kCommand = smpp::CommandId::kReplaceSm;
  const auto id = server_.setup.public_ids.parse(pdu.message_id);
  const auto source = address_of(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr);
  const auto schedule = time_of(pdu.schedule_delivery_time, now);
  const auto validity = time_of(pdu.validity_period, now);
  if (!id || !source) { return refuse(now, sequence, kCommand, Refusal::kNoSuchMessage); }
  if (!schedule) { return refuse(now, sequence, kCommand, Refusal::kBadSchedule); }
  if (!validity) { return refuse(now, sequence, kCommand, Refusal::kBadValidity); }
  ReplaceMessage out;
  out.token = {id_, sequence, static_cast<std::uint8_t>(Asked::kReplace)};
  out.account = account_;
  out.public_id = id->id;
  out.short_id = id->short_id;
  out.source = *source;
  out.schedule = *schedule;
  out.validity = *validity;
  out.registered_delivery = pdu.registered_delivery;
  out.body = smpp::body_of(pdu);
  server_.engine.on(now, out);
}

}  // namespace aldis::ingress
