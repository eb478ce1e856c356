// SPDX-License-Identifier: Apache-2.0
// The layouts (STYLE rule 12): one row per field, in the order of the wire. Decoder, encoder and printer walk
// these rows; so may fuzz dictionaries and documentation. Sources: SMPP 3.4 section 4, 5.0 section 4, 3.3
// section 6.
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "aldis/smpp/pdu.hpp"

namespace aldis::smpp {

enum class Wire : std::uint8_t {
  kU8,
  kCString,         // ends with NUL
  kOctetsU8Length,  // u8 length, then that many octets
  kItems,           // u8 count, then that many items (pdu_lists.hpp)
  kRest,            // all that is left
};

enum class Shown : std::uint8_t { kPlain, kNumber, kSecret };  // in logs

template <class S, class T>
struct Row {
  std::string_view name;
  Wire wire;
  std::uint16_t octets_max;  // on the wire; a C-octet string with its NUL
  T S::*member;
  CommandStatus refused =
      CommandStatus::kInvalidCommandLength;  // what too long a string or too large a value gets
  Shown shown = Shown::kPlain;
  std::uint8_t value_max = 255;  // kU8
  std::uint16_t kept_max = 0;    // characters that a lenient reader keeps; 0 = octets_max - 1
};

namespace rows {

template <class S>
using Text = std::string_view S::*;

template <class S>
constexpr auto text(std::string_view name, std::uint16_t octets_max, Text<S> member, CommandStatus refused,
                    Shown shown = Shown::kPlain) {
  return Row<S, std::string_view>{name, Wire::kCString, octets_max, member, refused, shown};
}
template <class S>
constexpr auto number(std::string_view name, std::uint8_t S::*member) {
  return Row<S, std::uint8_t>{name, Wire::kU8, 1, member};
}
template <class S>
constexpr auto number(std::string_view name, std::uint8_t S::*member, std::uint8_t value_max,
                      CommandStatus refused) {
  return Row<S, std::uint8_t>{name, Wire::kU8, 1, member, refused, Shown::kPlain, value_max};
}
template <class S>
constexpr auto source(std::string_view name, Text<S> member, std::uint16_t octets_max = 21) {
  return text<S>(name, octets_max, member, CommandStatus::kInvalidSource, Shown::kNumber);
}
template <class S>
constexpr auto destination(std::string_view name, Text<S> member, std::uint16_t octets_max = 21) {
  return text<S>(name, octets_max, member, CommandStatus::kInvalidDestination, Shown::kNumber);
}
// Operators give ids of up to 255 characters where the specification has 64.
template <class S>
constexpr auto message_id(Text<S> member, std::uint16_t octets_max = 65) {
  return Row<S, std::string_view>{
      "message_id", Wire::kCString, octets_max, member, CommandStatus::kInvalidMessageId, Shown::kPlain, 255,
      255};
}
template <class S>
constexpr auto short_message(Octets S::*member) {
  return Row<S, Octets>{
      "short_message", Wire::kOctetsU8Length, 255, member, CommandStatus::kInvalidMessageLength,
      Shown::kSecret};
}

template <class S>
constexpr auto service_type() {
  return text<S>("service_type", 6, &S::service_type, CommandStatus::kInvalidServiceType);
}
template <class S>
constexpr auto source_address(std::uint16_t octets_max = 21) {
  return std::tuple{number<S>("source_addr_ton", &S::source_addr_ton),
                    number<S>("source_addr_npi", &S::source_addr_npi),
                    source<S>("source_addr", &S::source_addr, octets_max)};
}
template <class S>
constexpr auto destination_address(std::uint16_t octets_max = 21) {
  return std::tuple{number<S>("dest_addr_ton", &S::dest_addr_ton),
                    number<S>("dest_addr_npi", &S::dest_addr_npi),
                    destination<S>("destination_addr", &S::destination_addr, octets_max)};
}
template <class S>
constexpr auto times() {
  return std::tuple{
      text<S>("schedule_delivery_time", 17, &S::schedule_delivery_time, CommandStatus::kInvalidSchedule),
      text<S>("validity_period", 17, &S::validity_period, CommandStatus::kInvalidValidity)};
}
template <class S>
constexpr auto priority_flag() {
  return number<S>("priority_flag", &S::priority_flag, 4, CommandStatus::kInvalidPriority);
}
template <class S>
constexpr auto replace_if_present_flag() {
  return number<S>("replace_if_present_flag", &S::replace_if_present_flag, 1,
                   CommandStatus::kInvalidReplaceFlag);
}
template <class S>
constexpr auto sm_default_msg_id() {
  return number<S>("sm_default_msg_id", &S::sm_default_msg_id, 0, CommandStatus::kInvalidDefaultMessageId);
}
// What submit_sm, deliver_sm and submit_multi have behind their addresses.
template <class S>
constexpr auto message() {
  return std::tuple_cat(std::tuple{number<S>("esm_class", &S::esm_class),
                                   number<S>("protocol_id", &S::protocol_id), priority_flag<S>()},
                        times<S>(),
                        std::tuple{number<S>("registered_delivery", &S::registered_delivery),
                                   replace_if_present_flag<S>(), number<S>("data_coding", &S::data_coding),
                                   sm_default_msg_id<S>(), short_message<S>(&S::short_message)});
}
template <class S>
constexpr auto credentials() {
  // Passwords of up to 64 octets are read and, where a profile says so, written; the specification has 8.
  return std::tuple{text<S>("system_id", 16, &S::system_id, CommandStatus::kBindFailed),
                    text<S>("password", 65, &S::password, CommandStatus::kBindFailed, Shown::kSecret)};
}

}  // namespace rows

// The rows of a body, without its TLVs.
template <class S>
inline constexpr auto kRows = std::tuple{};

template <>
inline constexpr auto kRows<Bind> = std::tuple_cat(
    rows::credentials<Bind>(),
    std::tuple{rows::text<Bind>("system_type", 13, &Bind::system_type, CommandStatus::kBindFailed),
               rows::number<Bind>("interface_version", &Bind::interface_version),
               rows::number<Bind>("addr_ton", &Bind::addr_ton),
               rows::number<Bind>("addr_npi", &Bind::addr_npi),
               rows::text<Bind>("address_range", 41, &Bind::address_range, CommandStatus::kBindFailed)});
template <>
inline constexpr auto kRows<BindResp> =
    std::tuple{rows::text<BindResp>("system_id", 16, &BindResp::system_id, CommandStatus::kBindFailed)};
template <>
inline constexpr auto kRows<Outbind> = rows::credentials<Outbind>();

template <>
inline constexpr auto kRows<SubmitSm> = std::tuple_cat(std::tuple{rows::service_type<SubmitSm>()},
                                                       rows::source_address<SubmitSm>(),
                                                       rows::destination_address<SubmitSm>(),
                                                       rows::message<SubmitSm>());
template <>
inline constexpr auto kRows<SubmitSmResp> =
    std::tuple{rows::message_id<SubmitSmResp>(&SubmitSmResp::message_id)};
template <>
inline constexpr auto kRows<DeliverSm> = std::tuple_cat(std::tuple{rows::service_type<DeliverSm>()},
                                                        rows::source_address<DeliverSm>(),
                                                        rows::destination_address<DeliverSm>(),
                                                        rows::message<DeliverSm>());
template <>
inline constexpr auto kRows<DeliverSmResp> =
    std::tuple{rows::message_id<DeliverSmResp>(&DeliverSmResp::message_id)};
template <>
inline constexpr auto kRows<SubmitMulti> = std::tuple_cat(
    std::tuple{rows::service_type<SubmitMulti>()}, rows::source_address<SubmitMulti>(),
    std::tuple{Row<SubmitMulti, Destinations>{"dest_address", Wire::kItems, 0, &SubmitMulti::dest_address,
                                              CommandStatus::kInvalidDestinationCount, Shown::kNumber}},
    rows::message<SubmitMulti>());
template <>
inline constexpr auto kRows<SubmitMultiResp> = std::tuple{
    rows::message_id<SubmitMultiResp>(&SubmitMultiResp::message_id),
    Row<SubmitMultiResp, UnsuccessList>{"unsuccess_sme", Wire::kItems, 0, &SubmitMultiResp::unsuccess_sme,
                                        CommandStatus::kInvalidCommandLength, Shown::kNumber}};
template <>
inline constexpr auto kRows<DataSm> =
    std::tuple_cat(std::tuple{rows::service_type<DataSm>()}, rows::source_address<DataSm>(65),
                   rows::destination_address<DataSm>(65),
                   std::tuple{rows::number<DataSm>("esm_class", &DataSm::esm_class),
                              rows::number<DataSm>("registered_delivery", &DataSm::registered_delivery),
                              rows::number<DataSm>("data_coding", &DataSm::data_coding)});
template <>
inline constexpr auto kRows<DataSmResp> = std::tuple{rows::message_id<DataSmResp>(&DataSmResp::message_id)};

template <>
inline constexpr auto kRows<QuerySm> = std::tuple_cat(
    std::tuple{rows::message_id<QuerySm>(&QuerySm::message_id)}, rows::source_address<QuerySm>());
template <>
inline constexpr auto kRows<QuerySmResp> = std::tuple{
    rows::message_id<QuerySmResp>(&QuerySmResp::message_id),
    rows::text<QuerySmResp>("final_date", 17, &QuerySmResp::final_date, CommandStatus::kInvalidCommandLength),
    rows::number<QuerySmResp>("message_state", &QuerySmResp::message_state),
    rows::number<QuerySmResp>("error_code", &QuerySmResp::error_code)};
template <>
inline constexpr auto kRows<CancelSm> = std::tuple_cat(
    std::tuple{rows::service_type<CancelSm>(), rows::message_id<CancelSm>(&CancelSm::message_id)},
    rows::source_address<CancelSm>(), rows::destination_address<CancelSm>());
template <>
inline constexpr auto kRows<ReplaceSm> =
    std::tuple_cat(std::tuple{rows::message_id<ReplaceSm>(&ReplaceSm::message_id)},
                   rows::source_address<ReplaceSm>(), rows::times<ReplaceSm>(),
                   std::tuple{rows::number<ReplaceSm>("registered_delivery", &ReplaceSm::registered_delivery),
                              rows::sm_default_msg_id<ReplaceSm>(),
                              rows::short_message<ReplaceSm>(&ReplaceSm::short_message)});
template <>
inline constexpr auto kRows<AlertNotification> = std::tuple_cat(
    rows::source_address<AlertNotification>(65),
    std::tuple{rows::number<AlertNotification>("esme_addr_ton", &AlertNotification::esme_addr_ton),
               rows::number<AlertNotification>("esme_addr_npi", &AlertNotification::esme_addr_npi),
               rows::destination<AlertNotification>("esme_addr", &AlertNotification::esme_addr, 65)});

template <>
inline constexpr auto kRows<BroadcastSm> = std::tuple_cat(
    std::tuple{rows::service_type<BroadcastSm>()}, rows::source_address<BroadcastSm>(),
    std::tuple{rows::message_id<BroadcastSm>(&BroadcastSm::message_id), rows::priority_flag<BroadcastSm>()},
    rows::times<BroadcastSm>(),
    std::tuple{rows::replace_if_present_flag<BroadcastSm>(),
               rows::number<BroadcastSm>("data_coding", &BroadcastSm::data_coding),
               rows::sm_default_msg_id<BroadcastSm>()});
template <>
inline constexpr auto kRows<BroadcastSmResp> =
    std::tuple{rows::message_id<BroadcastSmResp>(&BroadcastSmResp::message_id)};
template <>
inline constexpr auto kRows<QueryBroadcastSm> =
    std::tuple_cat(std::tuple{rows::message_id<QueryBroadcastSm>(&QueryBroadcastSm::message_id)},
                   rows::source_address<QueryBroadcastSm>());
template <>
inline constexpr auto kRows<QueryBroadcastSmResp> =
    std::tuple{rows::message_id<QueryBroadcastSmResp>(&QueryBroadcastSmResp::message_id)};
template <>
inline constexpr auto kRows<CancelBroadcastSm> =
    std::tuple_cat(std::tuple{rows::service_type<CancelBroadcastSm>(),
                              rows::message_id<CancelBroadcastSm>(&CancelBroadcastSm::message_id)},
                   rows::source_address<CancelBroadcastSm>());

template <>
inline constexpr auto kRows<ParamRetrieve> = std::tuple{rows::text<ParamRetrieve>(
    "param_name", 32, &ParamRetrieve::param_name, CommandStatus::kInvalidCommandLength)};
template <>
inline constexpr auto kRows<ParamRetrieveResp> = std::tuple{rows::text<ParamRetrieveResp>(
    "param_value", 101, &ParamRetrieveResp::param_value, CommandStatus::kInvalidCommandLength)};
template <>
inline constexpr auto kRows<QueryLastMsgs> =
    std::tuple_cat(rows::source_address<QueryLastMsgs>(),
                   std::tuple{rows::number<QueryLastMsgs>("no_of_messages", &QueryLastMsgs::no_of_messages)});
template <>
inline constexpr auto kRows<QueryLastMsgsResp> = std::tuple{
    Row<QueryLastMsgsResp, MessageIds>{"message_ids", Wire::kItems, 0, &QueryLastMsgsResp::message_ids}};
template <>
inline constexpr auto kRows<QueryMsgDetails> =
    std::tuple_cat(std::tuple{rows::message_id<QueryMsgDetails>(&QueryMsgDetails::message_id, 9)},
                   rows::source_address<QueryMsgDetails>(),
                   std::tuple{rows::number<QueryMsgDetails>("sm_length", &QueryMsgDetails::sm_length)});
template <>
inline constexpr auto kRows<QueryMsgDetailsResp> =
    std::tuple{Row<QueryMsgDetailsResp, Octets>{"details", Wire::kRest, 0, &QueryMsgDetailsResp::details,
                                                CommandStatus::kInvalidCommandLength, Shown::kSecret}};

// The command whose body this is; generic_nack stands for those that several commands share.
template <class S>
inline constexpr CommandId kCommandOf = CommandId::kGenericNack;

// visit.template operator()<S>() with the body type of a command; false, and no call, for an unknown command.
template <class Visit>
constexpr bool with_body_type(CommandId id, Visit&& visit) {
  switch (id) {
    case CommandId::kUnbind:
    case CommandId::kUnbindResp:
    case CommandId::kEnquireLink:
    case CommandId::kEnquireLinkResp:
    case CommandId::kGenericNack:
    case CommandId::kCancelSmResp:
    case CommandId::kReplaceSmResp:
    case CommandId::kCancelBroadcastSmResp: visit.template operator()<HeaderOnly>(); return true;
    case CommandId::kBindReceiver:
    case CommandId::kBindTransmitter:
    case CommandId::kBindTransceiver: visit.template operator()<Bind>(); return true;
    case CommandId::kBindReceiverResp:
    case CommandId::kBindTransmitterResp:
    case CommandId::kBindTransceiverResp: visit.template operator()<BindResp>(); return true;
#define ALDIS_SMPP_ONE_COMMAND(S)   \
  case CommandId::k##S:             \
    visit.template operator()<S>(); \
    return true;
#include "aldis/smpp/pdu_commands.inc"
#undef ALDIS_SMPP_ONE_COMMAND
  }
  return false;
}

#define ALDIS_SMPP_ONE_COMMAND(S) \
  template <>                     \
  inline constexpr CommandId kCommandOf<S> = CommandId::k##S;
#include "aldis/smpp/pdu_commands.inc"
#undef ALDIS_SMPP_ONE_COMMAND

}  // namespace aldis::smpp
