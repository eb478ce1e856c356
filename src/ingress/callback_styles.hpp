// SPDX-License-Identifier: Apache-2.0
// One file per style; callbacks.cpp chooses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aldis/ingress/callbacks.hpp"
#include "ingress/form.hpp"

namespace aldis::ingress {

struct CallbackContext {
  const CallbackTarget& target;
  const CallbackAttempt& attempt;
  const ports::Digests& digests;
};

using MaybeRequest = std::optional<ports::FetchRequest>;

// callback_standard.cpp: any event, as its JSON.
struct StandardEvent {
  std::uint64_t event;
  std::string_view type;
  std::string_view account;
  WallTime at;
  std::string data_json;
};
std::string data_json(const MessageEvent& event);
std::string data_json(const InboundEvent& event);
MaybeRequest standard_request(const CallbackContext& context, const StandardStyle& style,
                              const StandardEvent& event);

MaybeRequest twilio_request(const CallbackContext& context, const TwilioStyle& style,
                            const MessageEvent& event);
MaybeRequest twilio_request(const CallbackContext& context, const TwilioStyle& style,
                            const InboundEvent& event);
MaybeRequest vonage_request(const CallbackContext& context, const VonageStyle& style,
                            const MessageEvent& event);
MaybeRequest vonage_request(const CallbackContext& context, const VonageStyle& style,
                            const InboundEvent& event);
MaybeRequest kannel_request(const CallbackContext& context, const KannelStyle& style,
                            const MessageEvent& event);
MaybeRequest kannel_request(const CallbackContext& context, const KannelStyle& style,
                            const InboundEvent& event);
MaybeRequest jasmin_request(const CallbackContext& context, const JasminStyle& style,
                            const MessageEvent& event);
MaybeRequest jasmin_request(const CallbackContext& context, const JasminStyle& style,
                            const InboundEvent& event);

// ---- what several of them need

std::string event_id(std::uint64_t event);              // "evt_" and 16 digits
std::string uuid_of(std::string_view hex);              // with its four dashes
std::string written(WallTime at, const char* pattern);  // by strftime, UTC
std::string_view without_plus(std::string_view number);
ports::FetchRequest form_request(const CallbackContext& context, const Fields& fields);  // POST
ports::FetchRequest get_request(const CallbackContext& context, std::string url);

}  // namespace aldis::ingress
