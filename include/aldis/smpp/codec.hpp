// SPDX-License-Identifier: Apache-2.0
// Octets to PDUs and back, driven by the rows of pdu_rows.hpp. Pure functions: no state, no allocation on
// decoding, no exception whatever the octets are. What is refused and what is read over: see Strictness and
// Tolerated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/base/result.hpp"
#include "aldis/smpp/pdu.hpp"
#include "aldis/smpp/version.hpp"

namespace aldis::smpp {

// A customer's requests are read strictly, an operator's leniently: no receipt is lost to a detail. Responses
// are always read leniently: 16 octets, one NUL, or full, whatever their status.
enum class Strictness : std::uint8_t { kSession, kLink };

struct DecodeError {
  CommandStatus status = CommandStatus::kInvalidCommandLength;  // to answer with
  std::string_view field{};                                     // name of the row at fault
  bool malformed = false;  // the layout is broken, not only a value: counts against the peer's budget
};

// The first 16 octets; nothing if there are fewer. Says nothing about command_length being sane: that is the
// framer's.
std::optional<Header> decode_header(Octets octets);

// `whole`: exactly one PDU, as the framer cuts it. Views in `into` point into `whole`. An unknown command is
// no error here: its body is std::monostate. On an error into.header is filled in and into.body is
// std::monostate.
[[nodiscard]] std::optional<DecodeError> decode_into(Octets whole, Strictness strictness, Pdu& into);

Result<Pdu, DecodeError> decode(Octets whole, Strictness strictness);

// Appends one PDU. The command must be the one of the body's type (ALDIS_CHECK), short_message has at most
// 255 octets (ALDIS_CHECK). Strings end at their first NUL and at their field's limit. Defined for every
// alternative of Body but std::monostate.
template <class BodyType>
void encode(std::string& out, CommandId command_id, CommandStatus command_status,
            std::uint32_t sequence_number, const BodyType& body);

// For bodies of one command only: all but HeaderOnly, Bind and BindResp.
template <class BodyType>
void encode(std::string& out, CommandStatus command_status, std::uint32_t sequence_number,
            const BodyType& body);

// A PDU of 16 octets.
void encode_header(std::string& out, CommandId command_id, CommandStatus command_status,
                   std::uint32_t sequence_number);

// A PDU with any octets as its body: errors with one NUL, and what no correct peer would send.
void encode_octets(std::string& out, CommandId command_id, CommandStatus command_status,
                   std::uint32_t sequence_number, Octets body);

// A decoded or hand-made PDU again: command, status, sequence number and body of `pdu`; its command_length is
// not used.
void encode(std::string& out, const Pdu& pdu);

// The body of the message, wherever it stands: short_message, else message_payload.
template <class Message>
Octets body_of(const Message& message) {
  if (!message.short_message.empty()) { return message.short_message; }
  return message.tlvs.find(TlvTag::kMessagePayload).value_or(Octets{});
}

}  // namespace aldis::smpp
