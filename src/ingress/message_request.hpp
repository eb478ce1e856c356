// SPDX-License-Identifier: Apache-2.0
// A JSON object as the request for a message (POST /v1/messages, an item of a batch, a preview).
#pragma once

#include <boost/json/value.hpp>

#include "aldis/api/message_request.hpp"
#include "aldis/api/problem.hpp"
#include "aldis/base/result.hpp"

namespace aldis::ingress {

enum class RequestPlace : std::uint8_t { kAlone, kInBatch };  // only in a batch has an item a key of its own

// All that is wrong with it at once, each fault with its place. Looks at the request alone: what the account
// may do and whether the text fits are questions for others.
Result<api::MessageRequest, api::Problem> read_message_request(const boost::json::value& body, WallTime now,
                                                               RequestPlace place);

}  // namespace aldis::ingress
