// SPDX-License-Identifier: Apache-2.0
// The names of things. Account, operator and message ids are permanent: they stand in the journal. Session
// and link ids live as long as the process.
#pragma once

#include <cstdint>

#include "aldis/base/strong_id.hpp"

namespace aldis {

// a customer; number given by the journal's name table
using AccountId = StrongId<struct AccountTag, std::uint32_t>;
using OperatorId = StrongId<struct OperatorTag, std::uint32_t>;  // an SMSC we bind to; same
// one bind of a customer; never reused in a process
using SessionId = StrongId<struct SessionTag, std::uint64_t>;
// one bind to an operator; fixed by configuration
using LinkId = StrongId<struct LinkTag, std::uint32_t>;
using RouteId = StrongId<struct RouteTag, std::uint32_t>;  // index in the current routing table

// Byte position in the endless logical journal: segment number * segment size + offset (CONTRACT 2).
using Lsn = StrongId<struct LsnTag, std::uint64_t>;

inline constexpr OperatorId kNoOperator{0xFFFFFFFFu};
inline constexpr LinkId kNoLink{0xFFFFFFFFu};
inline constexpr AccountId kNoAccount{0xFFFFFFFFu};
inline constexpr SessionId kNoSession{0};

// Internal id of a message, an inbound message or an orphan: node (10 bits), generation (18 bits: starts of
// this daemon), sequence (36 bits). Customers see a keyed permutation of it (SMPP 4.5), never the number
// itself.
using MessageId = StrongId<struct MessageTag, std::uint64_t>;

inline constexpr unsigned kNodeBits = 10;
inline constexpr unsigned kGenerationBits = 18;
inline constexpr unsigned kSequenceBits = 36;

constexpr MessageId make_message_id(std::uint32_t node, std::uint32_t generation, std::uint64_t sequence) {
  return MessageId{(std::uint64_t{node} << (kGenerationBits + kSequenceBits)) |
                   (std::uint64_t{generation} << kSequenceBits) | sequence};
}

}  // namespace aldis
