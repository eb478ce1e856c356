// SPDX-License-Identifier: Apache-2.0
// What sessions of one side count. Plain numbers on one thread; whoever owns the sessions reports them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aldis/smpp/generated/commands.hpp"

namespace aldis::smpp {

enum class Fault : std::uint8_t {
  kFramingLost,      // a command_length that cannot be
  kForeignProtocol,  // HTTP, TLS, AMQP or TPKT on an SMPP port
  kOversized,        // longer than the limit, read over
  kMalformed,        // the body does not have its command's layout
  kBadValue,         // a field's value or length was refused
  kUnknownCommand,
  kBindState,          // a request that the state does not allow
  kUnmatchedResponse,  // nothing outstanding has that sequence number and command
  kLateResponse,       // answered after its request had timed out
  kResponseTimeout,
  kOutbind,         // ignored
  kTrailingOctets,  // from here on as Tolerated
  kFieldCut,
  kTlvsCut,
  kTlvIgnored,
  kTwoBodies,
  kBodyCut,
  kCarriedTooMany,
};
inline constexpr std::size_t kFaultCount = 18;

std::string_view name_of(Fault fault);  // "framing_lost": label of a metric

struct Counters {
  std::array<std::uint64_t, kFaultCount> faults{};
  std::array<std::uint64_t, kCommandCount + 1>
      pdus_in{};  // by index_of(CommandId); the last one: unknown commands
  std::array<std::uint64_t, kCommandCount + 1> pdus_out{};
  std::uint64_t octets_in = 0;
  std::uint64_t octets_out = 0;

  void count(Fault fault) { ++faults[static_cast<std::size_t>(fault)]; }
  [[nodiscard]] std::uint64_t operator[](Fault fault) const {
    return faults[static_cast<std::size_t>(fault)];
  }
};

}  // namespace aldis::smpp
