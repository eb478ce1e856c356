// SPDX-License-Identifier: Apache-2.0
// How receivers know that a callback is ours: each style's own signature, as its SDK verifies it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "aldis/ingress/callbacks.hpp"
#include "aldis/ports/crypto.hpp"
#include "ingress/form.hpp"

namespace aldis::ingress {

// webhook-signature of Standard Webhooks: one "v1,..." for each secret ("whsec_" + base64), so that receivers
// can change theirs. None: a secret is none.
std::optional<std::string> standard_signature(const ports::Digests& digests,
                                              std::span<const std::string> secrets, std::string_view id,
                                              std::int64_t timestamp_s, std::string_view body);

// X-Twilio-Signature of a form: over the URL exactly as the customer gave it, and the form's fields.
std::string twilio_signature(const ports::Digests& digests, std::string_view auth_token, std::string_view url,
                             const Fields& form);
// The URL to call with a body that is no form: what is signed then is this URL alone.
std::string twilio_url_of_body(const ports::Digests& digests, std::string_view url, std::string_view body);

// The value of `sig`; a field of that name does not count.
std::string vonage_signature(const ports::Digests& digests, VonageMethod method, std::string_view secret,
                             const Fields& fields);

}  // namespace aldis::ingress
