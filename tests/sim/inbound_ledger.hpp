// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aldis/smpp/pdu.hpp"
#include "sim/chance.hpp"
#include "sim/moment.hpp"

namespace aldis::sim {

// A deliver_sm that a handset's operator sends: a text, or one piece of a long one.
struct HandsetText {
  std::uint64_t token = 0;               // stands in its text
  std::optional<std::uint32_t> account;  // whose number it is; none = nobody's
  std::string from;
  std::string to;
  std::uint8_t esm_class = 0;
  std::uint8_t data_coding = 0;
  std::string body;         // with its UDH
  bool as_payload = false;  // in message_payload
  std::uint8_t sar_seqnum = 0;
  std::uint8_t sar_total = 0;  // 0 = no SAR TLVs
};

// One text as handsets write them: short, in UCS-2, long in pieces or in one, or much like a receipt.
// `next_token` names each piece.
std::vector<HandsetText> write_text(Chance& chance, const std::function<std::uint64_t()>& next_token);

void put(const HandsetText& text, smpp::DeliverSm& pdu, std::string& tlvs);  // views of both

// What operators handed over from handsets and what became of it: once acknowledged it reaches its owner, as
// it was, and nobody else. Knows nothing that the gateway says of itself. Throws Violation.
class InboundLedger {
 public:
  explicit InboundLedger(const Lives& lives) : lives_(lives) {}

  const HandsetText& begin(HandsetText text);
  [[nodiscard]] const HandsetText& at(std::uint64_t token) const { return texts_.at(token).text; }
  void said(std::uint64_t token) { ++texts_.at(token).said; }
  void acknowledged(std::uint64_t token, const Moment& read, const Moment& at);

  // The customer's side: which text, and which time it was told.
  std::pair<std::uint64_t, std::size_t> told(std::uint32_t account, const smpp::DeliverSm& deliver,
                                             const Moment& at);
  void answered_told(std::uint64_t token, std::size_t told, const Moment& read, Duration response_max);

  [[nodiscard]] bool drained() const;
  void check_drained() const;

 private:
  struct Told {
    Moment at{};
    std::optional<Moment> answer_read;
  };
  struct Entry {
    HandsetText text;
    std::uint32_t said = 0;
    bool acknowledged = false;
    std::vector<Told> told;
  };
  [[nodiscard]] static bool is_waiting(const Entry& entry) {
    return entry.acknowledged && entry.text.account && entry.told.empty();
  }

  const Lives& lives_;
  std::map<std::uint64_t, Entry> texts_;
};

}  // namespace aldis::sim
