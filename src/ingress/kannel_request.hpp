// SPDX-License-Identifier: Apache-2.0
// What a client of Kannel's sendsms says, in its four forms, as what the engine takes.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/ports/fetch_guard.hpp"
#include "aldis/ports/http.hpp"
#include "ingress/dialect_logins.hpp"
#include "ingress/dialect_words.hpp"
#include "ingress/door_notes.hpp"
#include "ingress/form.hpp"

#include "aldis/ingress/engine_calls.hpp"

namespace aldis::ingress {

// Names as in a URL: "username", "to", "dlr-mask". What came in the URL is marked, for credentials there are
// somewhere else or nowhere.
struct KannelFields {
  Fields fields;
  bool credentials_in_query = false;
  bool by_headers = false;  // X-Kannel-To and the like, the body is the text
  bool udh_is_hex = false;

  [[nodiscard]] const std::string* get(std::string_view name) const { return field(fields, name); }
  [[nodiscard]] const std::string* get(std::string_view name, std::string_view other) const {
    const std::string* found = get(name);
    return found != nullptr ? found : get(other);
  }
};
Result<KannelFields, DialectWords> kannel_fields(const ports::HttpRequest& request);

struct KannelNumber {
  std::string given;   // as it was written
  std::string digits;  // empty: it is none
};

// Everything but the destination, which each of `numbers` is.
struct KannelMessage {
  SubmitCall call;
  DoorNotes notes;
  std::vector<KannelNumber> numbers;  // each once
};
Result<KannelMessage, DialectWords> read_kannel(const KannelFields& asked, const DialectLogin& login,
                                                const ports::FetchPolicy& callbacks);

}  // namespace aldis::ingress
