// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "aldis/smpp/generated/commands.hpp"

namespace aldis::smpp {

enum class BindType : std::uint8_t { kTransmitter, kReceiver, kTransceiver };

enum class Version : std::uint8_t {
  kV33 = 0x33,
  kV34 = 0x34,
  kV50 = 0x50
};  // the value is interface_version

constexpr std::string_view name_of(BindType type) {
  switch (type) {
    case BindType::kTransmitter: return "transmitter";
    case BindType::kReceiver: return "receiver";
    case BindType::kTransceiver: return "transceiver";
  }
  __builtin_unreachable();
}

constexpr std::string_view name_of(Version version) {
  switch (version) {
    case Version::kV33: return "3.3";
    case Version::kV34: return "3.4";
    case Version::kV50: return "5.0";
  }
  __builtin_unreachable();
}

constexpr CommandId command_of(BindType type) {
  switch (type) {
    case BindType::kTransmitter: return CommandId::kBindTransmitter;
    case BindType::kReceiver: return CommandId::kBindReceiver;
    case BindType::kTransceiver: return CommandId::kBindTransceiver;
  }
  __builtin_unreachable();
}

// What a client's interface_version means to a server: never a reason to refuse, and bind_transceiver, which
// 3.3 does not have, always means at least 3.4.
constexpr Version version_of(std::uint8_t interface_version, BindType type) {
  if (interface_version >= 0x50) { return Version::kV50; }
  if (interface_version >= 0x34 || type == BindType::kTransceiver) { return Version::kV34; }
  return Version::kV33;
}

inline constexpr std::uint32_t kResponseBit = 0x80000000u;

constexpr bool is_response(CommandId id) { return (static_cast<std::uint32_t>(id) & kResponseBit) != 0; }
constexpr CommandId response_to(CommandId id) {
  return static_cast<CommandId>(static_cast<std::uint32_t>(id) | kResponseBit);
}
constexpr CommandId request_of(CommandId response) {
  return static_cast<CommandId>(static_cast<std::uint32_t>(response) & ~kResponseBit);
}

constexpr bool is_bind(CommandId id) {
  return id == CommandId::kBindReceiver || id == CommandId::kBindTransmitter ||
         id == CommandId::kBindTransceiver;
}
constexpr BindType bind_type_of(CommandId bind) {
  return bind == CommandId::kBindReceiver      ? BindType::kReceiver
         : bind == CommandId::kBindTransmitter ? BindType::kTransmitter
                                               : BindType::kTransceiver;
}

}  // namespace aldis::smpp
