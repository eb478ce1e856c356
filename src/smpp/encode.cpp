// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "aldis/base/check.hpp"
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu_rows.hpp"

namespace aldis::smpp {

namespace {

// Makes one PDU in room for `octets_max`, which the caller has counted, and appends it. The usual ones are
// made on the stack and appended whole: a string that grows by resize() writes zeros first, and an index into
// it is checked for each octet (170 instructions a PDU).
class Writer {
 public:
  Writer(std::string& out, std::size_t octets_max) : out_(out), start_(out.size()) {
    if (octets_max > inline_.size()) {
      out_.resize(start_ + octets_max);
      first_ = out_.data() + start_;
    }
    at_ = first_;
    end_ = first_ + octets_max;
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void put_u8(std::uint8_t value) { *at_++ = static_cast<char>(value); }
  void put_u32(std::uint32_t value) {
    put_u32_at(at_, value);
    at_ += 4;
  }
  void put(Octets octets) {
    if (octets.empty()) { return; }
    ALDIS_CHECK(octets.size() <= static_cast<std::size_t>(end_ - at_));
    std::memcpy(at_, octets.data(), octets.size());
    at_ += octets.size();
  }
  void put_cstring(std::string_view text, std::size_t octets_max) {
    if (!text.empty()) {
      text = text.substr(0, octets_max - 1);
      put(text.substr(0, text.find('\0')));
    }
    put_u8(0);
  }
  // Writes command_length and hands over what was used.
  void finish() {
    ALDIS_CHECK(at_ <= end_);
    const auto octets = static_cast<std::size_t>(at_ - first_);
    put_u32_at(first_, static_cast<std::uint32_t>(octets));
    if (first_ == inline_.data()) {
      out_.append(first_, octets);
    } else {
      out_.resize(start_ + octets);
    }
  }

 private:
  static void put_u32_at(char* at, std::uint32_t value) {
    at[0] = static_cast<char>(value >> 24);
    at[1] = static_cast<char>(value >> 16 & 0xFF);
    at[2] = static_cast<char>(value >> 8 & 0xFF);
    at[3] = static_cast<char>(value & 0xFF);
  }

  std::string& out_;
  std::size_t start_;
  std::array<char, 512> inline_;  // NOLINT: written before it is read
  char* first_ = inline_.data();
  char* at_ = nullptr;
  char* end_ = nullptr;
};

template <std::size_t I, class S>
std::size_t room_for(const S& body) {
  static constexpr const auto& kRow = std::get<I>(kRows<S>);
  const auto& value = body.*kRow.member;
  if constexpr (kRow.wire == Wire::kU8) {
    return 1;
  } else if constexpr (kRow.wire == Wire::kItems) {
    return 1 + value.items().size();
  } else {
    return 1 + value.size();
  }
}

template <std::size_t I, class S>
void write_row(Writer& out, const S& body) {
  static constexpr const auto& kRow = std::get<I>(kRows<S>);
  const auto& value = body.*kRow.member;
  if constexpr (kRow.wire == Wire::kU8) {
    out.put_u8(value);
  } else if constexpr (kRow.wire == Wire::kCString) {
    // An operator's long message_id can be handed on as it came; nothing of ours is longer than its field.
    out.put_cstring(value, kRow.kept_max != 0 ? kRow.kept_max + 1u : kRow.octets_max);
  } else if constexpr (kRow.wire == Wire::kOctetsU8Length) {
    ALDIS_CHECK(value.size() <= kRow.octets_max);
    out.put_u8(static_cast<std::uint8_t>(value.size()));
    out.put(value);
  } else if constexpr (kRow.wire == Wire::kItems) {
    out.put_u8(value.size());
    out.put(value.items());
  } else {
    static_assert(kRow.wire == Wire::kRest);
    out.put(value);
  }
}

template <class S>
bool carries(CommandId id) {
  bool same = false;
  with_body_type(id, [&]<class T>() { same = std::is_same_v<S, T>; });
  return same;
}

void write_header(Writer& out, CommandId command_id, CommandStatus command_status,
                  std::uint32_t sequence_number) {
  out.put_u32(0);
  out.put_u32(static_cast<std::uint32_t>(command_id));
  out.put_u32(static_cast<std::uint32_t>(command_status));
  out.put_u32(sequence_number);
}

template <class S>
void write(std::string& out, CommandId command_id, CommandStatus command_status,
           std::uint32_t sequence_number, const S& body) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    Writer writer{out, ((kHeaderOctets + body.tlvs.raw().size()) + ... + room_for<I>(body))};
    write_header(writer, command_id, command_status, sequence_number);
    (write_row<I>(writer, body), ...);
    writer.put(body.tlvs.raw());
    writer.finish();
  }
  (std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<decltype(kRows<S>)>>>{});
}

}  // namespace

template <class BodyType>
void encode(std::string& out, CommandId command_id, CommandStatus command_status,
            std::uint32_t sequence_number, const BodyType& body) {
  ALDIS_CHECK(carries<BodyType>(command_id));
  write(out, command_id, command_status, sequence_number, body);
}

template <class BodyType>
void encode(std::string& out, CommandStatus command_status, std::uint32_t sequence_number,
            const BodyType& body) {
  static_assert(kCommandOf<BodyType> != CommandId::kGenericNack, "name the command");
  write(out, kCommandOf<BodyType>, command_status, sequence_number, body);
}

void encode_header(std::string& out, CommandId command_id, CommandStatus command_status,
                   std::uint32_t sequence_number) {
  Writer writer{out, kHeaderOctets};
  write_header(writer, command_id, command_status, sequence_number);
  writer.finish();
}

void encode_octets(std::string& out, CommandId command_id, CommandStatus command_status,
                   std::uint32_t sequence_number, Octets body) {
  Writer writer{out, kHeaderOctets + body.size()};
  write_header(writer, command_id, command_status, sequence_number);
  writer.put(body);
  writer.finish();
}

void encode(std::string& out, const Pdu& pdu) {
  const auto& header = pdu.header;
  std::visit(
      [&]<class S>(const S& body) {
        if constexpr (std::is_same_v<S, std::monostate>) {
          encode_header(out, header.command_id, header.command_status, header.sequence_number);
        } else {
          encode(out, header.command_id, header.command_status, header.sequence_number, body);
        }
      },
      pdu.body);
}

template void encode(std::string&, CommandId, CommandStatus, std::uint32_t, const HeaderOnly&);
template void encode(std::string&, CommandId, CommandStatus, std::uint32_t, const Bind&);
template void encode(std::string&, CommandId, CommandStatus, std::uint32_t, const BindResp&);
#define ALDIS_SMPP_ONE_COMMAND(S)                                                        \
  template void encode(std::string&, CommandId, CommandStatus, std::uint32_t, const S&); \
  template void encode(std::string&, CommandStatus, std::uint32_t, const S&);
#include "aldis/smpp/pdu_commands.inc"
#undef ALDIS_SMPP_ONE_COMMAND

}  // namespace aldis::smpp
