// SPDX-License-Identifier: Apache-2.0
// A PDU is a plain struct with the specification's field names (SMPP 3.4 section 4, 5.0 section 4, 3.3
// section 6). Strings are views: into the input after decoding, into anything that outlives the call when
// encoding. pdu_rows.hpp has the layouts. Nothing here allocates.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "aldis/base/octets.hpp"
#include "aldis/smpp/generated/commands.hpp"
#include "aldis/smpp/generated/statuses.hpp"
#include "aldis/smpp/pdu_lists.hpp"
#include "aldis/smpp/pdu_rare.hpp"
#include "aldis/smpp/tlv.hpp"

namespace aldis::smpp {

inline constexpr std::size_t kHeaderOctets = 16;

struct Header {
  std::uint32_t command_length = 0;
  CommandId command_id{};
  CommandStatus command_status{};
  std::uint32_t sequence_number = 0;
};

// unbind, enquire_link, their responses, generic_nack, cancel_sm_resp, replace_sm_resp,
// cancel_broadcast_sm_resp
struct HeaderOnly {
  Tlvs tlvs{};
};

struct Bind {  // the command says which of the three
  std::string_view system_id{};
  std::string_view password{};
  std::string_view system_type{};
  std::uint8_t interface_version = 0;
  std::uint8_t addr_ton = 0;
  std::uint8_t addr_npi = 0;
  std::string_view address_range{};
  Tlvs tlvs{};
};

struct BindResp {
  std::string_view system_id{};
  Tlvs tlvs{};
};

struct Outbind {
  std::string_view system_id{};
  std::string_view password{};
  Tlvs tlvs{};
};

struct SubmitSm {
  std::string_view service_type{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::uint8_t dest_addr_ton = 0;
  std::uint8_t dest_addr_npi = 0;
  std::string_view destination_addr{};
  std::uint8_t esm_class = 0;
  std::uint8_t protocol_id = 0;
  std::uint8_t priority_flag = 0;
  std::string_view schedule_delivery_time{};
  std::string_view validity_period{};
  std::uint8_t registered_delivery = 0;
  std::uint8_t replace_if_present_flag = 0;
  std::uint8_t data_coding = 0;
  std::uint8_t sm_default_msg_id = 0;
  Octets short_message{};
  Tlvs tlvs{};
};

struct SubmitSmResp {
  std::string_view message_id{};
  Tlvs tlvs{};
};

struct DeliverSm {
  std::string_view service_type{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::uint8_t dest_addr_ton = 0;
  std::uint8_t dest_addr_npi = 0;
  std::string_view destination_addr{};
  std::uint8_t esm_class = 0;
  std::uint8_t protocol_id = 0;
  std::uint8_t priority_flag = 0;
  std::string_view schedule_delivery_time{};
  std::string_view validity_period{};
  std::uint8_t registered_delivery = 0;
  std::uint8_t replace_if_present_flag = 0;
  std::uint8_t data_coding = 0;
  std::uint8_t sm_default_msg_id = 0;
  Octets short_message{};
  Tlvs tlvs{};
};

struct DeliverSmResp {
  std::string_view message_id{};
  Tlvs tlvs{};
};

struct SubmitMulti {
  std::string_view service_type{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  Destinations dest_address{};
  std::uint8_t esm_class = 0;
  std::uint8_t protocol_id = 0;
  std::uint8_t priority_flag = 0;
  std::string_view schedule_delivery_time{};
  std::string_view validity_period{};
  std::uint8_t registered_delivery = 0;
  std::uint8_t replace_if_present_flag = 0;
  std::uint8_t data_coding = 0;
  std::uint8_t sm_default_msg_id = 0;
  Octets short_message{};
  Tlvs tlvs{};
};

struct SubmitMultiResp {
  std::string_view message_id{};
  UnsuccessList unsuccess_sme{};
  Tlvs tlvs{};
};

struct DataSm {
  std::string_view service_type{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::uint8_t dest_addr_ton = 0;
  std::uint8_t dest_addr_npi = 0;
  std::string_view destination_addr{};
  std::uint8_t esm_class = 0;
  std::uint8_t registered_delivery = 0;
  std::uint8_t data_coding = 0;
  Tlvs tlvs{};
};

struct DataSmResp {
  std::string_view message_id{};
  Tlvs tlvs{};
};

struct QuerySm {
  std::string_view message_id{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  Tlvs tlvs{};
};

struct QuerySmResp {
  std::string_view message_id{};
  std::string_view final_date{};
  std::uint8_t message_state = 0;
  std::uint8_t error_code = 0;
  Tlvs tlvs{};
};

struct CancelSm {
  std::string_view service_type{};
  std::string_view message_id{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::uint8_t dest_addr_ton = 0;
  std::uint8_t dest_addr_npi = 0;
  std::string_view destination_addr{};
  Tlvs tlvs{};
};

struct ReplaceSm {
  std::string_view message_id{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::string_view schedule_delivery_time{};
  std::string_view validity_period{};
  std::uint8_t registered_delivery = 0;
  std::uint8_t sm_default_msg_id = 0;
  Octets short_message{};
  Tlvs tlvs{};
};

struct AlertNotification {
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::uint8_t esme_addr_ton = 0;
  std::uint8_t esme_addr_npi = 0;
  std::string_view esme_addr{};
  Tlvs tlvs{};
};

// std::monostate: a command that we do not know, or a body not decoded.
using Body =
    std::variant<std::monostate, HeaderOnly, Bind, BindResp, Outbind, SubmitSm, SubmitSmResp, DeliverSm,
                 DeliverSmResp, SubmitMulti, SubmitMultiResp, DataSm, DataSmResp, QuerySm, QuerySmResp,
                 CancelSm, ReplaceSm, AlertNotification, BroadcastSm, BroadcastSmResp, QueryBroadcastSm,
                 QueryBroadcastSmResp, CancelBroadcastSm, ParamRetrieve, ParamRetrieveResp, QueryLastMsgs,
                 QueryLastMsgsResp, QueryMsgDetails, QueryMsgDetailsResp>;

// What was read over in a tolerated PDU; bits of Pdu::tolerated.
enum class Tolerated : std::uint8_t {
  kTrailingOctets = 1,   // 1 to 3 octets behind the last TLV
  kFieldCut = 2,         // a string longer than its field: cut (links, responses)
  kTlvsCut = 4,          // a TLV length beyond the body: what came before was kept (links, responses)
  kTlvIgnored = 8,       // a known integer of an impossible length (links, responses)
  kTwoBodies = 16,       // short_message and message_payload (links)
  kBodyCut = 32,         // a response that ends within its fields
  kCarriedTooMany = 64,  // more TLVs than a message may carry; append_carried() drops the last (links)
};

struct Pdu {
  Header header{};
  Body body{};
  Octets octets{};             // all of it, header included
  std::uint8_t tolerated = 0;  // bits of Tolerated

  [[nodiscard]] bool has(Tolerated what) const { return (tolerated & static_cast<std::uint8_t>(what)) != 0; }
};

}  // namespace aldis::smpp
