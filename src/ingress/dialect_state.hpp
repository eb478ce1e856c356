// SPDX-License-Identifier: Apache-2.0
// What stands behind Dialects, and one file per dialect.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aldis/ingress/dialects.hpp"
#include "ingress/api_keys.hpp"
#include "ingress/dialect_logins.hpp"

namespace aldis::ingress {

// More than 255 parts of any alphabet hold. What is copied for each recipient must not be as long as a body.
inline constexpr std::size_t kTextOctetsMax = 40'000;

// One request on its way through a dialect.
struct DialectAsk {
  const Now& now;
  const ports::HttpRequest& request;
  const ports::HttpReply& reply;
  bool query_credentials = false;  // may stand in the URL here
  bool serves_rest = false;        // Jasmin's REST API, too
};

// Clients of Twilio know an account by its SID. One SID may have several tokens, while one is being changed.
struct TwilioLogin {
  DialectLogin login;
  std::string sid;
  std::optional<AddressList> allow;
};
std::vector<TwilioLogin> twilio_logins(const Directory& directory, const ports::Digests& digests);

struct Dialects::Impl {
  explicit Impl(DialectSetup its_setup)
      : setup(std::move(its_setup)),
        logins(setup.directory, setup.passwords, setup.digests, setup.cache_key),
        with_sid(twilio_logins(setup.directory, setup.digests)) {}

  const DialectSetup setup;
  DialectLogins logins;
  const std::vector<TwilioLogin> with_sid;
  AuthThrottle throttle;
  bool draining = false;
  std::uint64_t batches = 0;  // so far: they have ids

  // Checks a login and takes care of who guesses: `answer` gets kBusy for them.
  void check(const Now& now, LoginKind kind, std::string_view user, std::string_view password,
             std::string_view client, DialectLogins::Answer answer);

  void serve_kannel(const DialectAsk& ask);
  void serve_jasmin(const DialectAsk& ask);
  void serve_jasmin_batch(const DialectAsk& ask);
  void serve_vonage(const DialectAsk& ask);
  // Refuses from the header alone who is not known and what there is not.
  std::optional<ports::HttpResponse> judge_twilio(const Now& now, const ports::HttpRequest& request);
  void serve_twilio(const DialectAsk& ask);
};

// "application/json; charset=utf-8" is "application/json".
bool is_media_type(std::string_view content_type, std::string_view type);

struct BasicCredentials {
  std::string user;
  std::string password;
};
// Authorization: Basic (RFC 7617); none: there are none, or such as cannot be read.
std::optional<BasicCredentials> basic_of(const ports::HttpRequest& request);

// Digits without '+', "00", spaces and dashes, if it is a number that a message can go to.
std::optional<std::string> number_of(std::string_view text);

// A label from a dialect: lower case, '_' for what labels do not have, 64 characters of it.
std::string label_of(std::string_view text);

// Well-formed UTF-8, or nothing: what goes into JSON.
std::string as_noted(std::string_view text);

}  // namespace aldis::ingress
