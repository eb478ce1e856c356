// SPDX-License-Identifier: Apache-2.0
// What a path of Twilio's API asks for, and one request under way.
#pragma once

#include <string>
#include <string_view>

#include "ingress/dialect_state.hpp"
#include "ingress/twilio_message.hpp"

namespace aldis::ingress {

struct TwilioPath {
  enum class What : std::uint8_t {
    kNothing,
    kAccount,
    kBalance,
    kNumbers,
    kMessages,
    kMessage,
    kMedia,
    kFeedback
  };
  What what = What::kNothing;
  std::string_view account_sid{};
  std::string_view message_sid{};
};
TwilioPath twilio_path(std::string_view path);

// The login outlives every request.
struct TwilioAsked {
  ports::HttpReply reply;
  const TwilioLogin* login = nullptr;

  void refuse(const TwilioNo& no) const { reply.send(twilio_error(no)); }
  void refuse(Refusal refusal) const { refuse(twilio_words(refusal)); }
  void busy() const { refuse(Refusal::kThrottled); }
};

// GET /Messages.json.
void list_twilio(Dialects::Impl& dialects, const DialectAsk& ask, TwilioAsked asked);

}  // namespace aldis::ingress
