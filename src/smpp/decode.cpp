// SPDX-License-Identifier: Apache-2.0
#include <tuple>
#include <type_traits>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu_rows.hpp"
#include "aldis/smpp/reader.hpp"

namespace aldis::smpp {

namespace {

// One PDU in hand. A row that fails writes `error` and ends the walk; in a response a row that fails just
// ends it.
struct Decoding {
  Reader in;
  bool lenient = false;
  bool response = false;
  bool failed = false;
  std::uint8_t tolerated = 0;
  DecodeError error;

  void tolerate(Tolerated what) { tolerated |= static_cast<std::uint8_t>(what); }
  bool refuse(std::string_view field, CommandStatus status, bool malformed) {
    failed = true;
    error = {status, field, malformed};
    return false;
  }
  // The body ends within a field.
  bool ended(std::string_view field, CommandStatus status = CommandStatus::kInvalidCommandLength) {
    if (!response) { return refuse(field, status, true); }
    tolerate(Tolerated::kBodyCut);
    return false;
  }
};

// A lenient reader keeps what the field's limit allows.
template <class S>
void cut_text(Decoding& d, const Row<S, std::string_view>& row, std::string_view& value) {
  const std::size_t kept_max = row.kept_max != 0 ? row.kept_max : row.octets_max - 1u;
  if (value.size() <= kept_max) { return; }
  value = value.substr(0, kept_max);
  d.tolerate(Tolerated::kFieldCut);
}

template <class S>
bool decode_text(Decoding& d, const Row<S, std::string_view>& row, std::string_view& value) {
  if (!d.in.read_cstring(value)) {
    if (d.response) {  // what is there is better than nothing
      value = d.in.rest();
      d.in = Reader{Octets{}};
      cut_text(d, row, value);
    }
    return d.ended(row.name);
  }
  if (value.size() < row.octets_max) { return true; }
  if (!d.lenient) { return d.refuse(row.name, row.refused, false); }
  cut_text(d, row, value);
  return true;
}

bool check_item(Decoding& d, const Destination& item) {
  if (item.destination_addr.size() > 20) {
    return d.refuse("destination_addr", CommandStatus::kInvalidDestination, false);
  }
  return item.dl_name.size() <= 20 || d.refuse("dl_name", CommandStatus::kInvalidListName, false);
}
bool check_item(Decoding&, const Unsuccess&) { return true; }
bool check_item(Decoding&, const ListedMessage&) { return true; }

template <class Item>
bool decode_items(Decoding& d, std::string_view name, ItemList<Item>& list) {
  std::uint8_t count = 0;
  if (!d.in.read(count)) { return d.ended(name); }
  if constexpr (std::is_same_v<Item, Destination>) {
    if (count == 0) { return d.refuse(name, CommandStatus::kInvalidDestinationCount, false); }
  }
  const Octets items = d.in.rest();
  const auto start = d.in.position();
  for (unsigned i = 0; i < count; ++i) {
    Item item;
    const Octets before = d.in.rest();
    if (!read(d.in, item)) {
      if constexpr (std::is_same_v<Item, Destination>) {
        if (!before.empty() && item.dest_flag != 1 && item.dest_flag != 2) {
          return d.refuse("dest_flag", CommandStatus::kInvalidDestinationFlag, false);
        }
      }
      if (d.response) {
        list = ItemList<Item>{static_cast<std::uint8_t>(i), items.substr(0, items.size() - before.size())};
        d.in = Reader{Octets{}};
      }
      return d.ended(name);
    }
    if (!d.lenient && !check_item(d, item)) { return false; }
  }
  list = ItemList<Item>{count, items.substr(0, d.in.position() - start)};
  return true;
}

template <std::size_t I, class S>
bool decode_row(Decoding& d, S& body) {
  static constexpr const auto& kRow = std::get<I>(kRows<S>);
  auto& value = body.*kRow.member;
  if (d.response && d.in.empty()) {  // 16 octets, or fewer fields than there are
    if (I > 0) { d.tolerate(Tolerated::kBodyCut); }
    return false;
  }
  if constexpr (kRow.wire == Wire::kU8) {
    if (!d.in.read(value)) { return d.ended(kRow.name); }
    return d.lenient || value <= kRow.value_max || d.refuse(kRow.name, kRow.refused, false);
  } else if constexpr (kRow.wire == Wire::kCString) {
    return decode_text(d, kRow, value);
  } else if constexpr (kRow.wire == Wire::kOctetsU8Length) {
    std::uint8_t size = 0;
    if (!d.in.read(size)) { return d.ended(kRow.name); }
    return d.in.read_octets(size, value) || d.ended(kRow.name, CommandStatus::kInvalidMessageLength);
  } else if constexpr (kRow.wire == Wire::kItems) {
    return decode_items(d, kRow.name, value);
  } else {
    static_assert(kRow.wire == Wire::kRest);
    return d.in.read_octets(d.in.remaining(), value);
  }
}

constexpr std::uint32_t largest(TlvKind kind) {
  return kind == TlvKind::kU8 ? 0xFFu : kind == TlvKind::kU16 ? 0xFFFFu : 0xFFFFFFFFu;
}

// A known TLV as far as its row says; false ends the walk.
bool check_tlv(Decoding& d, const TlvRow& row, Octets value) {
  if (row.kind == TlvKind::kU8 || row.kind == TlvKind::kU16 || row.kind == TlvKind::kU32) {
    const auto integer = integer_of(value);
    if (integer && *integer <= largest(row.kind)) { return true; }
    if (!d.lenient) { return d.refuse(row.name, CommandStatus::kInvalidTlvLength, false); }
    d.tolerate(Tolerated::kTlvIgnored);
    return true;
  }
  if (row.tag == TlvTag::kReceiptedMessageId && !d.lenient && value.substr(0, value.find('\0')).size() > 64) {
    return d.refuse(row.name, CommandStatus::kInvalidMessageId, false);
  }
  return true;
}

bool decode_tlvs(Decoding& d, Tlvs& tlvs) {
  const Octets rest = d.in.rest();
  if (rest.empty()) { return true; }
  std::size_t carried = 0;
  std::size_t carried_octets = 0;
  auto at = Tlvs{rest}.begin();
  for (; at != Tlvs::end(); ++at) {
    const TlvRow* row = row_of(at->tag);
    if (row != nullptr && !check_tlv(d, *row, at->value)) { return false; }
    if (row == nullptr || !row->used) {
      ++carried;
      carried_octets += at->value.size() + 4;
    }
  }
  if (carried > kCarriedTlvsMax || carried_octets > kCarriedOctetsMax) {
    if (!d.lenient) { return d.refuse("tlvs", CommandStatus::kTlvNotAllowed, false); }
    d.tolerate(Tolerated::kCarriedTooMany);
  }
  const std::size_t unread = at.unread().size();
  if (unread >= 4) {
    if (!d.lenient) { return d.refuse("tlvs", CommandStatus::kInvalidTlvStream, true); }
    d.tolerate(Tolerated::kTlvsCut);
  } else if (unread > 0) {
    d.tolerate(Tolerated::kTrailingOctets);
  }
  tlvs = Tlvs{rest.substr(0, rest.size() - unread)};
  return true;
}

template <class S>
concept HasShortMessage = requires(S s) {
  s.short_message;
};

template <class S>
bool check_bodies(Decoding& d, const S& body) {
  if constexpr (HasShortMessage<S>) {
    if (body.short_message.empty() || body.tlvs.empty()) { return true; }
    if (body.tlvs.find(TlvTag::kMessagePayload).value_or(Octets{}).empty()) { return true; }
    if (!d.lenient) { return d.refuse("message_payload", CommandStatus::kInvalidMessageLength, false); }
    d.tolerate(Tolerated::kTwoBodies);
  }
  return true;
}

// Error responses of 5.0 peers leave the fields out and go straight to the TLVs.
bool is_only_tlvs(Octets body) {
  if (body.size() < 4) { return false; }
  auto at = Tlvs{body}.begin();
  while (at != Tlvs::end()) { ++at; }
  return at.unread().empty();
}

template <class S>
void decode_body(Decoding& d, const Header& header, S& body) {
  const bool bare = d.response && header.command_status != CommandStatus::kOk && is_only_tlvs(d.in.rest());
  if (!bare) {
    const bool whole = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (decode_row<I>(d, body) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<decltype(kRows<S>)>>>{});
    if (!whole) { return; }
  }
  if (decode_tlvs(d, body.tlvs)) { check_bodies(d, body); }
}

}  // namespace

std::optional<Header> decode_header(Octets octets) {
  Reader in{octets};
  Header header;
  std::uint32_t id = 0;
  std::uint32_t status = 0;
  if (!in.read(header.command_length) || !in.read(id) || !in.read(status) ||
      !in.read(header.sequence_number)) {
    return std::nullopt;
  }
  header.command_id = static_cast<CommandId>(id);
  header.command_status = static_cast<CommandStatus>(status);
  return header;
}

std::optional<DecodeError> decode_into(Octets whole, Strictness strictness, Pdu& into) {
  const auto header = decode_header(whole);
  into.header = header.value_or(Header{});
  into.octets = whole;
  into.tolerated = 0;
  if (!header || header->command_length != whole.size()) {
    into.body = std::monostate{};
    return DecodeError{CommandStatus::kInvalidCommandLength, "command_length", true};
  }
  const bool response = is_response(header->command_id);
  Decoding d{.in = Reader{whole.substr(kHeaderOctets)},
             .lenient = response || strictness == Strictness::kLink,
             .response = response,
             .error = {}};
  const bool known =
      with_body_type(header->command_id, [&]<class S>() { decode_body(d, *header, into.body.emplace<S>()); });
  into.tolerated = d.tolerated;
  if (known && !d.failed) { return std::nullopt; }
  into.body = std::monostate{};
  if (!known) { return std::nullopt; }
  return d.error;
}

Result<Pdu, DecodeError> decode(Octets whole, Strictness strictness) {
  Pdu pdu;
  if (const auto error = decode_into(whole, strictness, pdu)) { return *error; }
  return pdu;
}

}  // namespace aldis::smpp
