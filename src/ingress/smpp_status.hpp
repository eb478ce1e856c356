// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aldis/core/refusal.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/core/status.hpp"
#include "aldis/smpp/generated/statuses.hpp"
#include "aldis/smpp/message_state.hpp"
#include "aldis/smpp/version.hpp"

namespace aldis::ingress {

// A refusal as a customer's SMPP version says it, or as its account's status_map does (SMPP 4.4). Never
// ESME_RSYSERR, ESME_RMSGQFUL or ESME_RTHROTTLED for what a retry cannot cure.
smpp::CommandStatus smpp_status(Refusal refusal, smpp::Version version, const AccountSmppSettings& account);

// A status as message_state and stat; `scheduled` and states 0 and 9 exist in 5.0 only.
smpp::MessageState message_state(Status status, bool accepted_word, bool scheduled_50);

}  // namespace aldis::ingress
