// SPDX-License-Identifier: Apache-2.0
// What a Twilio customer's server answers to a message from a handset.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aldis/ingress/callbacks.hpp"

namespace aldis::ingress {

// The messages of "<Response><Message to from>text</Message>...</Response>", with the text alone or in a
// <Body>; other verbs are passed over. Nothing when it is not well-formed, has a document type (entities of
// one's own are bombs), or nests deeper than 16. At most kRepliesMax.
std::vector<CallbackReply> replies_of_twiml(std::string_view xml);

}  // namespace aldis::ingress
