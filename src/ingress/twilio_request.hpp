// SPDX-License-Identifier: Apache-2.0
// POST /Messages.json of Twilio's API, as what the engine takes.
#pragma once

#include "aldis/base/result.hpp"
#include "aldis/ingress/engine_calls.hpp"
#include "aldis/ports/fetch_guard.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/form.hpp"
#include "ingress/twilio_message.hpp"

namespace aldis::ingress {

struct TwilioCreate {
  SubmitCall call;
  TwilioMessage shown;  // what is known before it has an id
};
Result<TwilioCreate, TwilioNo> read_twilio(const Now& now, const Fields& form, const TwilioLogin& login,
                                           const ports::FetchPolicy& callbacks);

}  // namespace aldis::ingress
