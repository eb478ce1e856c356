// SPDX-License-Identifier: Apache-2.0
// What a client of Vonage's SMS API says, as what the engine takes.
#pragma once

#include <string>
#include <string_view>

#include "aldis/base/result.hpp"
#include "aldis/ingress/engine_calls.hpp"
#include "aldis/ports/fetch_guard.hpp"
#include "aldis/ports/http.hpp"
#include "ingress/dialect_logins.hpp"
#include "ingress/form.hpp"

namespace aldis::ingress {

// What clients program on.
enum class VonageStatus : std::uint8_t {
  kOk = 0,
  kThrottled = 1,
  kMissing = 2,
  kInvalid = 3,
  kCredentials = 4,
  kInternal = 5,
  kUnroutable = 6,
  kBarred = 7,
  kSuspended = 8,
  kQuota = 9,
  kTooLong = 12,
  kSignature = 14,
  kSender = 15,
  kCallback = 23,
  kNotAllowed = 29,
  kSecretAndSignature = 32,
};

struct VonageNo {
  VonageStatus status = VonageStatus::kInternal;
  std::string text;
};
VonageNo vonage_words(Refusal refusal);

// Of the URL, a form or a JSON object, as texts.
Result<Fields, VonageNo> vonage_fields(const ports::HttpRequest& request);

struct VonageMessage {
  SubmitCall call;
  std::string to;
  std::string client_ref;
};
Result<VonageMessage, VonageNo> read_vonage(const Fields& fields, const DialectLogin& login,
                                            const ports::FetchPolicy& callbacks);

}  // namespace aldis::ingress
