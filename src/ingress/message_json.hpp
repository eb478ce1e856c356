// SPDX-License-Identifier: Apache-2.0
// Between the API's words and the gateway's: a request for a message as what the engine takes, and a message
// as the object that the API shows.
#pragma once

#include <boost/json/object.hpp>

#include "aldis/api/message_request.hpp"
#include "aldis/api/problem.hpp"
#include "aldis/base/result.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/ingress/callback_event.hpp"
#include "aldis/ingress/engine_calls.hpp"
#include "aldis/ports/fetch_guard.hpp"

namespace aldis::ingress {

// The text is encoded here, so that a character without a place is told with its offset. Everything that only
// this door knows (reference, label, metadata) goes into the notes.
struct CallbackRules {
  const ports::FetchPolicy& policy;  // whom a request may have called
  bool has_secret = false;           // the account has one that signs callbacks
};
Result<SubmitCall, api::Problem> submit_call_of(const api::MessageRequest& request, AccountId account,
                                                const CallbackRules& callbacks);

// "+447700900123", "60777", "ACME": TON and NPI as 3GPP 23.040 section 9.1.2.5 has them. At most 20
// characters.
Address address_of(std::string_view text);
// data_coding of a text in that alphabet; message_class 0 to 3, 0 = flash.
std::uint8_t data_coding_of(Alphabet alphabet, std::optional<std::uint8_t> message_class);

std::string number_text(const Address& address);  // "+447700900123", "60777", "ACME"

// Our own codes, as receipts over SMPP have them. An operator's code alone says little to anybody else.
ErrorCode error_code_of(std::string_view err);

// "gsm7", "ucs2", "latin1", "binary".
std::string_view encoding_name(Alphabet alphabet);

struct Sight {  // what the asker may see
  bool content = false;
  bool operators = false;
  bool content_kept = true;  // false: nobody has its text any more
};
boost::json::object message_json(const Now& now, const Message& message, std::string_view account,
                                 const PublicIds& ids, Sight sight);

std::string message_id_text(const PublicIds& ids, MessageId id);  // "msg_" and 32 hex digits
// What `text` names, in any of the forms that are taken: with and without the prefix, as a UUID.
std::optional<MessageId> message_id_of(const PublicIds& ids, std::string_view text);
// The same, and the short and decimal ids that sessions of SMPP may have been given.
std::optional<PublicId> any_id_of(const PublicIds& ids, std::string_view text);

}  // namespace aldis::ingress
