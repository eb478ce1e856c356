// SPDX-License-Identifier: Apache-2.0
// Messages and errors as Twilio's API shows them (version 2010-04-01).
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/core/message.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/ports/http.hpp"
#include "ingress/door_notes.hpp"

namespace aldis::ingress {

struct TwilioNo {
  unsigned status = 400;
  unsigned code = 0;
  std::string message;
};
TwilioNo twilio_words(Refusal refusal);
ports::HttpResponse twilio_error(const TwilioNo& no);
ports::HttpResponse twilio_json(unsigned status, const boost::json::object& body);

std::string twilio_date(WallTime at);  // "Sat, 21 Nov 2026 20:12:31 +0000"
std::string twilio_account_path(std::string_view sid);

// What every message has, before it is told what only this one has.
struct TwilioMessage {
  std::string account_sid;
  std::string sid;
  std::string to;
  std::string from;
  std::optional<std::string> body{};  // none: the octets of its text are gone
  std::string_view status{};
  std::optional<unsigned> error_code{};
  std::size_t segments = 1;
  WallTime created{};
  std::optional<WallTime> sent{};
  WallTime updated{};
  std::string messaging_service_sid{};
};
boost::json::object twilio_json_of(const TwilioMessage& message);

// `sent_at`: where history knows it.
TwilioMessage twilio_message_of(const Message& message, const PublicIds& ids, std::string_view account_sid,
                                bool has_text, std::optional<WallTime> sent_at);

inline constexpr std::string_view kMessagingServiceSid = "messaging_service_sid";  // in a message's metadata

}  // namespace aldis::ingress
