// SPDX-License-Identifier: Apache-2.0
#include "sim/inbound_ledger.hpp"

#include <algorithm>

#include "aldis/smpp/codec.hpp"
#include "sim/ledger.hpp"

namespace aldis::sim {

namespace {

constexpr std::uint8_t kUdhIndicator = 0x40;
constexpr std::uint8_t kUcs2 = 8;

std::string ucs2_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += '\0';
    out += c;
  }
  return out;
}

// The octets of a text of ours without what UCS-2 puts between them.
std::string plain(Octets body, std::uint8_t data_coding) {
  std::string out{body};
  if (data_coding == kUcs2) { std::erase(out, '\0'); }
  return out;
}

std::string name_of(const HandsetText& text) {
  return "a handset's text " + text_of_token(text.token) + " to " + text.to;
}

HandsetText one(std::string body, std::uint8_t data_coding, std::uint64_t token) {
  HandsetText text;
  text.token = token;
  text.data_coding = data_coding;
  text.body = std::move(body);
  return text;
}

std::vector<HandsetText> pieces(Chance& chance, const std::function<std::uint64_t()>& next_token, bool sar) {
  const auto total = static_cast<std::uint8_t>(2 + chance.below(3));
  const auto reference = static_cast<char>(chance.below(256));
  const std::uint8_t data_coding = chance.one_in(0.5) ? kUcs2 : std::uint8_t{0};
  std::vector<HandsetText> all;
  for (std::uint8_t number = 1; number <= total; ++number) {
    const std::uint64_t token = next_token();
    const std::string body = text_of_token(token) + std::string(chance.below(40), 'y');
    HandsetText piece = one(data_coding == kUcs2 ? ucs2_of(body) : body, data_coding, token);
    if (sar) {
      piece.sar_total = total;
      piece.sar_seqnum = number;
    } else {
      piece.esm_class = kUdhIndicator;
      const std::string udh{'\5', '\0', '\3', reference, static_cast<char>(total), static_cast<char>(number)};
      piece.body = udh + piece.body;
    }
    all.push_back(std::move(piece));
  }
  return all;
}

}  // namespace

std::vector<HandsetText> write_text(Chance& chance, const std::function<std::uint64_t()>& next_token) {
  enum Form : std::uint8_t { kShort, kUcs2Short, kUdhPieces, kSarPieces, kPayload, kLikeReceipt, kForms };
  const auto form = static_cast<Form>(chance.below(kForms));
  if (form == kUdhPieces || form == kSarPieces) { return pieces(chance, next_token, form == kSarPieces); }
  const std::uint64_t token = next_token();
  std::string body = text_of_token(token);
  if (form == kPayload) { body += std::string(260 + chance.below(1000), 'z'); }
  if (form == kLikeReceipt) {
    body =
        "id:nobody sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:" +
        body;
  }
  const bool wide = form == kUcs2Short || (form == kLikeReceipt && chance.one_in(0.5));
  HandsetText text = one(wide ? ucs2_of(body) : body, wide ? kUcs2 : std::uint8_t{0}, token);
  text.as_payload = text.body.size() > 254;
  return {std::move(text)};
}

void put(const HandsetText& text, smpp::DeliverSm& pdu, std::string& tlvs) {
  pdu.esm_class = text.esm_class;
  pdu.data_coding = text.data_coding;
  if (text.sar_total > 0) {
    smpp::append_tlv_u16(tlvs, smpp::TlvTag::kSarMsgRefNum, 7);
    smpp::append_tlv_u8(tlvs, smpp::TlvTag::kSarTotalSegments, text.sar_total);
    smpp::append_tlv_u8(tlvs, smpp::TlvTag::kSarSegmentSeqnum, text.sar_seqnum);
  }
  if (text.as_payload) {
    smpp::append_tlv(tlvs, smpp::TlvTag::kMessagePayload, text.body);
  } else {
    pdu.short_message = text.body;
  }
  pdu.tlvs = smpp::Tlvs{tlvs};
}

const HandsetText& InboundLedger::begin(HandsetText text) {
  const std::uint64_t token = text.token;
  return texts_.emplace(token, Entry{.text = std::move(text), .told = {}}).first->second.text;
}

void InboundLedger::acknowledged(std::uint64_t token, const Moment& read, const Moment& at) {
  Entry& entry = texts_.at(token);
  if (Lives::before_any_commit(read, at)) {
    throw Violation{"I3: " + name_of(entry.text) + " was acknowledged before anything was durable"};
  }
  entry.acknowledged = true;
}

std::pair<std::uint64_t, std::size_t> InboundLedger::told(std::uint32_t account,
                                                          const smpp::DeliverSm& deliver, const Moment& at) {
  const auto payload = deliver.tlvs.find(smpp::TlvTag::kMessagePayload);
  const Octets body = deliver.short_message.empty() && payload ? *payload : deliver.short_message;
  const auto token = token_in(plain(body, deliver.data_coding));
  const auto found = token ? texts_.find(*token) : texts_.end();
  if (found == texts_.end()) { throw Violation{"I2: an inbound message that nobody sent"}; }
  Entry& entry = found->second;
  const HandsetText& text = entry.text;
  if (text.account != account) {
    throw Violation{"I11: " + name_of(text) + " went to account " + std::to_string(account)};
  }
  const auto sar = [&](smpp::TlvTag tag) { return deliver.tlvs.find_u8(tag).value_or(0); };
  const char* changed = nullptr;
  if (body != text.body) { changed = "octets"; }
  if (deliver.data_coding != text.data_coding) { changed = "data_coding"; }
  if (deliver.esm_class != text.esm_class) { changed = "esm_class"; }
  if (deliver.source_addr != text.from || deliver.destination_addr != text.to) { changed = "addresses"; }
  if (sar(smpp::TlvTag::kSarSegmentSeqnum) != text.sar_seqnum ||
      sar(smpp::TlvTag::kSarTotalSegments) != text.sar_total) {
    changed = "place among its pieces";
  }
  if (changed != nullptr) { throw Violation{"I2: " + name_of(text) + " was told with other " + changed}; }
  // An operator that got no answer says it again, and that is another message to us.
  for (const Told& before : entry.told) {
    if (entry.said == 1 && before.answer_read && lives_.surely_known(*before.answer_read, at)) {
      throw Violation{"I6: " + name_of(text) + " was told again after its acknowledgement was durable"};
    }
  }
  entry.told.push_back({at, std::nullopt});
  return {*token, entry.told.size() - 1};
}

void InboundLedger::answered_told(std::uint64_t token, std::size_t told, const Moment& read,
                                  Duration response_max) {
  Told& about = texts_.at(token).told[told];
  if (read.at < about.at.since + response_max) { about.answer_read = read; }
}

bool InboundLedger::drained() const {
  return std::none_of(texts_.begin(), texts_.end(), [](const auto& one) { return is_waiting(one.second); });
}

void InboundLedger::check_drained() const {
  for (const auto& [token, entry] : texts_) {
    if (is_waiting(entry)) {
      throw Violation{"I5: " + name_of(entry.text) + " was acknowledged and never told to its owner"};
    }
  }
}

}  // namespace aldis::sim
