// SPDX-License-Identifier: Apache-2.0
// Valid PDUs of every type, drawn from a seed: all fields within the specification's limits, TLVs known and
// unknown, responses with and without bodies. Seeds of fuzz corpora, and what foreign decoders are compared
// on.
#pragma once

#include <array>
#include <deque>
#include <random>
#include <string>

#include "aldis/base/check.hpp"
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu_rows.hpp"

namespace aldis::fuzz {

class RandomPdus {
 public:
  explicit RandomPdus(std::uint64_t seed) : random_(seed) {}

  // One whole PDU. The views that it was made of are gone.
  std::string next() {
    texts_.clear();
    const auto id = kCommands[below(kCommands.size())];
    const bool response = (static_cast<std::uint32_t>(id) & 0x80000000u) != 0;
    const auto sequence = 1 + static_cast<std::uint32_t>(below(0x7FFFFFFF));
    std::string whole;
    if (response && below(6) == 0) {  // an error has no body
      smpp::encode_header(whole, id, error_status(), sequence);
      return whole;
    }
    smpp::with_body_type(
        id, [&]<class S>() { smpp::encode(whole, id, smpp::CommandStatus::kOk, sequence, body<S>()); });
    return whole;
  }

 private:
  static constexpr auto kCommands = [] {
    using enum smpp::CommandId;
    return std::to_array({kBindReceiver,
                          kBindReceiverResp,
                          kBindTransmitter,
                          kBindTransmitterResp,
                          kQuerySm,
                          kQuerySmResp,
                          kSubmitSm,
                          kSubmitSm,
                          kSubmitSm,
                          kSubmitSm,
                          kSubmitSmResp,
                          kSubmitSmResp,
                          kDeliverSm,
                          kDeliverSm,
                          kDeliverSm,
                          kDeliverSmResp,
                          kUnbind,
                          kUnbindResp,
                          kReplaceSm,
                          kReplaceSmResp,
                          kCancelSm,
                          kCancelSmResp,
                          kBindTransceiver,
                          kBindTransceiverResp,
                          kOutbind,
                          kEnquireLink,
                          kEnquireLinkResp,
                          kSubmitMulti,
                          kSubmitMulti,
                          kSubmitMultiResp,
                          kAlertNotification,
                          kDataSm,
                          kDataSm,
                          kDataSmResp,
                          kBroadcastSm,
                          kBroadcastSmResp,
                          kQueryBroadcastSm,
                          kQueryBroadcastSmResp,
                          kCancelBroadcastSm,
                          kCancelBroadcastSmResp,
                          kGenericNack,
                          kParamRetrieve,
                          kParamRetrieveResp,
                          kQueryLastMsgs,
                          kQueryLastMsgsResp,
                          kQueryMsgDetails,
                          kQueryMsgDetailsResp});
  }();

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool coin() { return below(2) == 0; }

  smpp::CommandStatus error_status() {
    for (;;) {
      const smpp::CommandStatus status{1 + static_cast<std::uint32_t>(below(0x120))};
      if (!smpp::name_of(status).empty()) { return status; }
    }
  }

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  // Empty, short, or up to the limit.
  std::size_t size(std::size_t most) {
    switch (below(8)) {
      case 0: return 0;
      case 1: return most;
      case 2: return below(most + 1);
      default: return below(std::min<std::size_t>(most, 12) + 1);
    }
  }
  std::string characters(std::size_t count, std::string_view from) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) { text += from[below(from.size())]; }
    return text;
  }
  std::string octets(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) { text += static_cast<char>(random_() & 0xFF); }
    return text;
  }
  std::string printable(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) { text += static_cast<char>(0x20 + below(0x5F)); }
    return text;
  }

  std::string two(std::uint64_t value) {
    return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
  }
  std::string time() {
    if (coin()) { return {}; }
    if (coin()) {
      return "0000" + two(below(30)) + two(below(24)) + two(below(60)) + two(below(60)) + "000R";
    }
    return "2" + characters(1, "6789") + two(1 + below(12)) + two(1 + below(28)) + two(below(24)) +
           two(below(60)) + two(below(60)) + characters(1, "0123456789") + two(below(49)) +
           (coin() ? "+" : "-");
  }

  // Where the specification has optional parameters (3.4 section 4; 5.0 for the other responses).
  template <class S>
  static constexpr bool kHasTlvs =
      std::is_same_v<S, smpp::BindResp> || std::is_same_v<S, smpp::SubmitSm> ||
      std::is_same_v<S, smpp::SubmitSmResp> || std::is_same_v<S, smpp::DeliverSm> ||
      std::is_same_v<S, smpp::DeliverSmResp> || std::is_same_v<S, smpp::SubmitMulti> ||
      std::is_same_v<S, smpp::SubmitMultiResp> || std::is_same_v<S, smpp::DataSm> ||
      std::is_same_v<S, smpp::DataSmResp> || std::is_same_v<S, smpp::AlertNotification> ||
      std::is_same_v<S, smpp::BroadcastSm> || std::is_same_v<S, smpp::BroadcastSmResp> ||
      std::is_same_v<S, smpp::QueryBroadcastSm> || std::is_same_v<S, smpp::QueryBroadcastSmResp> ||
      std::is_same_v<S, smpp::CancelBroadcastSm>;

  template <class S>
  S body() {
    S drawn{};
    std::apply([&](const auto&... row) { (field(row, drawn), ...); }, smpp::kRows<S>);
    if constexpr (requires {
                    drawn.esm_class;
                    drawn.short_message;
                  }) {
      header_of(drawn);
    }
    if constexpr (kHasTlvs<S>) { drawn.tlvs = smpp::Tlvs{tlvs(is_textless(drawn))}; }
    return drawn;
  }
  template <class S>
  static bool is_textless(const S& drawn) {
    if constexpr (requires { drawn.short_message; }) { return drawn.short_message.empty(); }
    return true;
  }

  // With the indicator the text begins with a header that is one.
  template <class S>
  void header_of(S& drawn) {
    if ((drawn.esm_class & 0x40) == 0) { return; }
    if (drawn.short_message.size() > 200) { drawn.short_message = drawn.short_message.substr(0, 200); }
    std::string text{"\x05\x00\x03", 3};
    text += octets(1) + "\x02\x01";
    drawn.short_message = keep(text + std::string{drawn.short_message});
  }

  template <class S>
  void field(const smpp::Row<S, std::uint8_t>& row, S& drawn) {
    drawn.*row.member = static_cast<std::uint8_t>(below(2) * below(row.value_max + 1u));
  }
  template <class S>
  void field(const smpp::Row<S, std::string_view>& row, S& drawn) {
    if (row.wire != smpp::Wire::kCString) {
      drawn.*row.member = keep(octets(size(row.wire == smpp::Wire::kRest ? 300 : row.octets_max)));
    } else if (row.octets_max == 17) {
      drawn.*row.member = keep(time());
    } else if (row.shown == smpp::Shown::kNumber) {
      drawn.*row.member = keep(characters(size(row.octets_max - 1u), "0123456789"));
    } else {
      drawn.*row.member = keep(printable(size(row.octets_max - 1u)));
    }
  }
  template <class S, class Item>
  void field(const smpp::Row<S, smpp::ItemList<Item>>& row, S& drawn) {
    const auto count = static_cast<std::uint8_t>(1 + (below(20) == 0 ? below(254) : below(4)));
    std::string items;
    for (unsigned i = 0; i < count; ++i) { append(items, item(Item{})); }
    drawn.*row.member = smpp::ItemList<Item>{count, keep(std::move(items))};
  }
  smpp::Destination item(const smpp::Destination&) {
    if (below(4) == 0) { return {.dest_flag = 2, .dl_name = keep(printable(size(20)))}; }
    return {.dest_addr_ton = static_cast<std::uint8_t>(below(7)),
            .dest_addr_npi = static_cast<std::uint8_t>(below(19)),
            .destination_addr = keep(characters(size(20), "0123456789"))};
  }
  smpp::Unsuccess item(const smpp::Unsuccess&) {
    return {.dest_addr_ton = static_cast<std::uint8_t>(below(7)),
            .dest_addr_npi = static_cast<std::uint8_t>(below(19)),
            .destination_addr = keep(characters(size(20), "0123456789")),
            .error_status_code = error_status()};
  }
  smpp::ListedMessage item(const smpp::ListedMessage&) {
    return {.message_id = keep(characters(8, "0123456789abcdef"))};
  }

  std::string_view tlvs(bool may_payload) {
    std::string out;
    for (auto count = below(3) * below(5); count > 0; --count) {
      if (below(4) == 0) {
        const auto tag = static_cast<smpp::TlvTag>(0x1500 + below(0x2000));
        smpp::append_tlv(out, tag, octets(size(40)));
        continue;
      }
      const auto& row = smpp::kTlvRows[below(std::size(smpp::kTlvRows))];
      if (smpp::Tlvs{out}.find(row.tag) || (row.tag == smpp::TlvTag::kMessagePayload && !may_payload)) {
        continue;
      }
      smpp::append_tlv(out, row.tag, tlv_value(row));
    }
    return keep(std::move(out));
  }
  std::string tlv_value(const smpp::TlvRow& row) {
    using enum smpp::TlvTag;
    if (row.tag == kMsValidity) { return octets(coin() ? 1 : 4); }
    if (row.tag == kSourceNodeId || row.tag == kDestNodeId) { return characters(6, "0123456789"); }
    switch (row.kind) {
      case smpp::TlvKind::kU8: return octets(1);
      case smpp::TlvKind::kU16: return octets(2);
      case smpp::TlvKind::kU32: return octets(4);
      case smpp::TlvKind::kCString:
        return printable(size(std::min<std::size_t>(row.octets_max, 66) - 1u)) + '\0';
      case smpp::TlvKind::kOctets: {
        const std::size_t most = std::min<std::size_t>(row.octets_max, below(50) == 0 ? 1500 : 120);
        return octets(std::max<std::size_t>(row.octets_min, size(most)));
      }
    }
    return {};
  }

  std::mt19937_64 random_;
  std::deque<std::string> texts_;
};

}  // namespace aldis::fuzz
