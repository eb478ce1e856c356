// SPDX-License-Identifier: Apache-2.0
// What a client of Jasmin's HTTP API says, as what the engine takes.
#pragma once

#include <string>
#include <string_view>

#include "aldis/base/result.hpp"
#include "aldis/ingress/engine_calls.hpp"
#include "aldis/ports/fetch_guard.hpp"
#include "aldis/ports/http.hpp"
#include "ingress/dialect_logins.hpp"
#include "ingress/door_notes.hpp"
#include "ingress/form.hpp"

namespace aldis::ingress {

// A status and the sentence that stands in Error "...".
struct JasminNo {
  unsigned status = 400;
  std::string text;
};
JasminNo jasmin_words(Refusal refusal, const Fields& asked);
JasminNo jasmin_invalid(std::string_view argument, std::string_view value);

enum class JasminCall : std::uint8_t { kSend, kRate, kBalance };

// Arguments of the URL, a form or a JSON object; `rest`: with '_' for '-', as the REST API has them.
Result<Fields, JasminNo> jasmin_fields(const ports::HttpRequest& request, bool rest);
// Known, well-formed, and none that is needed missing: in the order in which Jasmin looks.
Result<void, JasminNo> check_jasmin(const Fields& fields, JasminCall call);

struct JasminMessage {
  SubmitCall call;
  DoorNotes notes;
};
// What check_jasmin() has let through. Without a text (kRate) it is an empty one.
Result<JasminMessage, JasminNo> read_jasmin(const Now& now, const Fields& fields, const DialectLogin& login,
                                            const ports::FetchPolicy& callbacks);

}  // namespace aldis::ingress
