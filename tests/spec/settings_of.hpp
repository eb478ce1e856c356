// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aldis/core/settings.hpp"
#include "script.hpp"

namespace aldis::spec {

// The settings that the facts of a script describe, read by config as if they stood in aldisd.yaml: keys have
// the names that users write. One account (acme, password secret) and one operator (north) are there when the
// script names none. Timers that no fact sets are off. Throws ScriptError with config's own words.
Settings settings_of(const Script& script);

// Bare settings that are the stage's, not the gateway's: address=10.0.0.9 is where peers come from.
std::string peer_address_of(const Script& script);
unsigned messages_queued(const Script& script);

}  // namespace aldis::spec
