// SPDX-License-Identifier: Apache-2.0
// PDUs from and against the fields of a script, by the rows of the codec.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/smpp/pdu.hpp"
#include "script.hpp"

namespace aldis::spec {

using Variables = std::map<std::string, std::string>;  // without $

// The octets of a given PDU: fields not named are zero or empty. Throws ScriptError for a field that the
// command does not have.
std::string build_pdu(smpp::CommandId command, std::uint32_t sequence, const std::vector<Assignment>& fields,
                      const Variables& variables);

// Why `octets`, one PDU, are not what the fields say; nothing if they are. Binds variables that are new.
std::optional<std::string> mismatch_of(Octets octets, smpp::CommandId command,
                                       const std::vector<Assignment>& fields, Variables& variables);

// Every field with its value, then the octets: for failures of scripts, whose numbers and texts are invented.
std::string shown(Octets octets);
std::string hex(Octets octets);

// A number or what stands behind $; nothing for a variable without value.
std::optional<std::string> plain_of(const Value& value, const Variables& variables);
std::uint32_t number_of(const std::string& text);  // decimal or 0x; throws ScriptError

}  // namespace aldis::spec
