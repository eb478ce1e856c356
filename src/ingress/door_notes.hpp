// SPDX-License-Identifier: Apache-2.0
// What a door over HTTP keeps with a message (Message::door_notes): what the API shows of it beside what the
// engine knows, and whom its customer wants called. JSON; a message without notes came over SMPP.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::ingress {

// The callback that a request named. No secrets: those of `login` are looked up when it is called.
struct CallbackNote {
  std::string url{};    // as given
  std::string style{};  // "standard", "twilio", "vonage", "kannel", "jasmin"
  std::string login{};  // of the account, whose secret signs; empty = the account's own callback secret
  // Kannel's dlr-mask, Jasmin's dlr-level; for the others which events: kTellSent and the next ones
  unsigned wants = 0;
  bool is_get = false;      // Jasmin's dlr-method, Vonage's where its login says nothing
  std::string reference{};  // Vonage's client-ref, Twilio's MessagingServiceSid

  friend bool operator==(const CallbackNote&, const CallbackNote&) = default;
};
inline constexpr unsigned kTellFinal = 1;
inline constexpr unsigned kTellSent = 2;          // its operator has taken all of it
inline constexpr unsigned kTellIntermediate = 4;  // what operators say before they are sure

struct DoorNotes {
  std::string door = "native";  // "native", "twilio", "vonage", "kannel", "jasmin"
  std::string label{};
  std::string reference{};
  std::optional<WallTime> send_at{};
  std::vector<std::pair<std::string, std::string>> metadata{};
  std::string to_given{};  // where styles repeat what was written: empty = as the API writes it
  std::string from_given{};
  std::optional<CallbackNote> callback{};

  friend bool operator==(const DoorNotes&, const DoorNotes&) = default;
};

std::string to_octets(const DoorNotes& notes);
// None: no notes, or such as this version cannot read.
std::optional<DoorNotes> door_notes_from(std::string_view octets);

}  // namespace aldis::ingress
