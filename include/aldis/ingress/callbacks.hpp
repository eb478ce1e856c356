// SPDX-License-Identifier: Apache-2.0
// Callbacks in six styles: an event becomes the request that a customer's server expects from the service
// whose style it is, and the server's answer becomes a result. Pure functions; who is called when, and again,
// is notify's business.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "aldis/core/settings.hpp"
#include "aldis/core/webhook.hpp"
#include "aldis/ingress/callback_event.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/fetch.hpp"

namespace aldis::ingress {

// Our own: JSON, signed as Standard Webhooks say.
struct StandardStyle {
  std::vector<std::string> secrets;  // "whsec_..."; two while one is being changed
  bool cloudevents = false;          // the same in a CloudEvents 1.0 envelope
};

struct TwilioStyle {
  std::string account_sid;
  std::string auth_token;
  std::string messaging_service_sid;  // empty = not used
};

struct VonageStyle {
  std::string api_key;
  VonageCall call = VonageCall::kPostJson;
  std::optional<VonageMethod> signature{};
  std::string signature_secret{};
  std::string client_ref{};
  bool tells_all = false;  // accepted and buffered too
};

struct KannelStyle {
  unsigned dlr_mask = 0;
  std::string login;
  // %o in what comes of receipts; Kannel's smsc-username, here empty as a rule
  std::string operator_account{};
  std::string kannel_id{};  // of the operator; empty = its name
};

struct JasminStyle {
  unsigned dlr_level = 1;
  bool is_get = false;
  bool connector_quirk = false;  // at level 2 the operator's message id stands as connector
  bool any_2xx = false;          // acknowledges, whatever the body
};

using CallbackStyle = std::variant<StandardStyle, TwilioStyle, VonageStyle, KannelStyle, JasminStyle>;

struct CallbackTarget {
  std::string url;
  CallbackStyle style;
  Duration total_max = seconds{10};
  std::shared_ptr<const ports::FetchPolicy> policy{};
};

// What changes with each attempt.
struct CallbackAttempt {
  WallTime at{};
  std::uint64_t random = 0;  // for nonces
};

// None: this style, or what its customer asked for, has nothing to say about that: it is done.
std::optional<ports::FetchRequest> callback_request(const CallbackTarget& target, const MessageEvent& event,
                                                    const CallbackAttempt& attempt,
                                                    const ports::Digests& digests);
std::optional<ports::FetchRequest> callback_request(const CallbackTarget& target, const InboundEvent& event,
                                                    const CallbackAttempt& attempt,
                                                    const ports::Digests& digests);

// Any other event, whose data are JSON already; the standard style alone tells them.
struct OtherEvent {
  std::uint64_t event = 0;
  WallTime at{};
  std::string_view type{};  // "account.balance_low"
  std::string_view account{};
  std::string_view data_json{};
};
std::optional<ports::FetchRequest> callback_request(const CallbackTarget& target, const OtherEvent& event,
                                                    const CallbackAttempt& attempt,
                                                    const ports::Digests& digests);

WebhookResult judge_answer(const CallbackStyle& style, const ports::FetchAnswer& answer, WallTime now);

// What a server wants sent back to a handset whose message it was told: Twilio's by TwiML, Kannel's by plain
// text.
struct CallbackReply {
  std::string text;    // UTF-8
  std::string to{};    // empty = the handset
  std::string from{};  // empty = the number it wrote to
};
inline constexpr std::size_t kRepliesMax = 10;
// To be asked once per inbound message: a call may have been answered twice.
std::vector<CallbackReply> replies_of(const CallbackStyle& style, const ports::FetchAnswer& answer);

WebhookOutcome outcome_of(const ports::FetchAnswer& answer);

std::string event_type(const MessageEvent& event);  // "message.delivered"
std::string event_json(const MessageEvent& event);  // {"type":...,"timestamp":...,"data":{...}}
std::string event_json(const InboundEvent& event);
std::string event_json(const OtherEvent& event);

// Whether an endpoint that wants `types` ("*", "message.*", "inbound.received") wants this one.
bool wants_type(const std::vector<std::string>& types, std::string_view type);

}  // namespace aldis::ingress
