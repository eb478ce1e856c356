// SPDX-License-Identifier: Apache-2.0
// Bodies that the gateway itself neither sends nor serves: cell broadcast (SMPP 5.0) and what only 3.3 has.
// They are there so that the library is whole, for tools and for other programs. Included by pdu.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/smpp/pdu_lists.hpp"
#include "aldis/smpp/tlv.hpp"

namespace aldis::smpp {

struct BroadcastSm {  // 5.0; area, content type, repetitions and interval are TLVs
  std::string_view service_type{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::string_view message_id{};
  std::uint8_t priority_flag = 0;
  std::string_view schedule_delivery_time{};
  std::string_view validity_period{};
  std::uint8_t replace_if_present_flag = 0;
  std::uint8_t data_coding = 0;
  std::uint8_t sm_default_msg_id = 0;
  Tlvs tlvs{};
};

struct BroadcastSmResp {
  std::string_view message_id{};
  Tlvs tlvs{};
};

struct QueryBroadcastSm {
  std::string_view message_id{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  Tlvs tlvs{};
};

struct QueryBroadcastSmResp {
  std::string_view message_id{};
  Tlvs tlvs{};
};

struct CancelBroadcastSm {
  std::string_view service_type{};
  std::string_view message_id{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  Tlvs tlvs{};
};

struct ParamRetrieve {  // 3.3 only, like all below
  std::string_view param_name{};
  Tlvs tlvs{};
};

struct ParamRetrieveResp {
  std::string_view param_value{};
  Tlvs tlvs{};
};

struct QueryLastMsgs {
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::uint8_t no_of_messages = 0;
  Tlvs tlvs{};
};

struct QueryLastMsgsResp {
  MessageIds message_ids{};
  Tlvs tlvs{};
};

struct QueryMsgDetails {
  std::string_view message_id{};
  std::uint8_t source_addr_ton = 0;
  std::uint8_t source_addr_npi = 0;
  std::string_view source_addr{};
  std::uint8_t sm_length = 0;  // how much of the text is wanted
  Tlvs tlvs{};
};

struct QueryMsgDetailsResp {  // nobody here asks for one: its octets are carried unread
  Octets details{};
  Tlvs tlvs{};
};

}  // namespace aldis::smpp
