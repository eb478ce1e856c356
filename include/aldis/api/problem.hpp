// SPDX-License-Identifier: Apache-2.0
// What the API says when it does not do what was asked: RFC 9457 problem details. A code is stable for ever;
// clients program on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aldis::api {

// Code, HTTP status, title. In the order of their statuses; each has its page under /errors/CODE.
#define ALDIS_API_PROBLEMS(X)                                                                  \
  X(kMalformedRequest, "malformed_request", 400, "The request cannot be read")                 \
  X(kMissingField, "missing_field", 400, "A field is missing")                                 \
  X(kUnknownField, "unknown_field", 400, "A field is not known")                               \
  X(kInvalidField, "invalid_field", 400, "A field has a value that it cannot have")            \
  X(kInvalidCursor, "invalid_cursor", 400, "The cursor is not one of ours")                    \
  X(kCredentialsInQuery, "credentials_in_query", 400, "Credentials do not belong in the URL")  \
  X(kLineTooLong, "line_too_long", 400, "A line is too long")                                  \
  X(kUnauthenticated, "unauthenticated", 401, "No valid credentials")                          \
  X(kInsufficientCredit, "insufficient_credit", 402, "The credit does not suffice")            \
  X(kScopeMissing, "scope_missing", 403, "The key does not allow this")                        \
  X(kAccountSuspended, "account_suspended", 403, "The account is suspended")                   \
  X(kSenderNotAllowed, "sender_not_allowed", 403, "The account may not use this sender")       \
  X(kDestinationNotAllowed, "destination_not_allowed", 403, "The account may not send there")  \
  X(kRecipientOptedOut, "recipient_opted_out", 403, "The recipient does not want messages")    \
  X(kContentRefused, "content_refused", 403, "The content is refused")                         \
  X(kTlvRefused, "tlv_refused", 403, "The account may not set this TLV")                       \
  X(kNotFound, "not_found", 404, "There is nothing here")                                      \
  X(kMethodNotAllowed, "method_not_allowed", 405, "The method does not go with this path")     \
  X(kNotAcceptable, "not_acceptable", 406, "No representation is acceptable")                  \
  X(kRequestTimeout, "request_timeout", 408, "The request took too long to come")              \
  X(kIdempotencyInFlight, "idempotency_in_flight", 409, "The first request is still at work")  \
  X(kNotCancelable, "not_cancelable", 409, "The message cannot be canceled any more")          \
  X(kNotReplaceable, "not_replaceable", 409, "The message cannot be replaced any more")        \
  X(kAlreadyExists, "already_exists", 409, "It exists already")                                \
  X(kInUse, "in_use", 409, "It is in use")                                                     \
  X(kManagedByFile, "managed_by_file", 409, "It is managed by a configuration file")           \
  X(kCursorExpired, "cursor_expired", 410, "The cursor is too old")                            \
  X(kPreconditionFailed, "precondition_failed", 412, "It has changed meanwhile")               \
  X(kBodyTooLarge, "body_too_large", 413, "The body is too large")                             \
  X(kUriTooLong, "uri_too_long", 414, "The request line is too long")                          \
  X(kUnsupportedMediaType, "unsupported_media_type", 415, "The content type is not supported") \
  X(kExpectationFailed, "expectation_failed", 417, "The expectation cannot be met")            \
  X(kInvalidDestination, "invalid_destination", 422, "Destination is not a valid number")      \
  X(kInvalidSender, "invalid_sender", 422, "Sender is not valid")                              \
  X(kNoRoute, "no_route", 422, "No operator serves this destination")                          \
  X(kTextTooLong, "text_too_long", 422, "The text takes too many parts")                       \
  X(kInvalidText, "invalid_text", 422, "The text cannot be sent as asked")                     \
  X(kInvalidSchedule, "invalid_schedule", 422, "The time to send at is out of bounds")         \
  X(kInvalidValidity, "invalid_validity", 422, "The validity is out of bounds")                \
  X(kIdempotencyMismatch, "idempotency_mismatch", 422, "The key was used for another request") \
  X(kConfigInvalid, "config_invalid", 422, "The configuration is not valid")                   \
  X(kRateLimited, "rate_limited", 429, "Too many requests in a short time")                    \
  X(kQuotaExceeded, "quota_exceeded", 429, "A quota is used up")                               \
  X(kAuthThrottled, "auth_throttled", 429, "Too many attempts without valid credentials")      \
  X(kHeadersTooLarge, "headers_too_large", 431, "The header is too large")                     \
  X(kInternalError, "internal_error", 500, "An error of ours")                                 \
  X(kNotImplemented, "not_implemented", 501, "Not implemented yet")                            \
  X(kQueueFull, "queue_full", 503, "The queue is full")                                        \
  X(kOverloaded, "overloaded", 503, "Reduced capacity")                                        \
  X(kStoreUnavailable, "store_unavailable", 503, "Nothing can be stored")                      \
  X(kShuttingDown, "shutting_down", 503, "The gateway is stopping")                            \
  X(kAcceptUnknown, "accept_unknown", 503, "Nobody knows yet whether it was accepted")

enum class Code : std::uint8_t {
#define ALDIS_API_CODE(code, name, status, title) code,
  ALDIS_API_PROBLEMS(ALDIS_API_CODE)
#undef ALDIS_API_CODE
};

std::string_view name_of(Code code);   // "invalid_destination"
unsigned status_of(Code code);         // of HTTP
std::string_view title_of(Code code);  // one sentence, the same for each occurrence
std::optional<Code> code_of(std::string_view name);

// One thing that is wrong with a request.
struct Fault {
  std::string pointer;  // JSON pointer (RFC 6901) into the body: "/to"; empty = the whole
  Code code = Code::kInvalidField;
  std::string detail;  // says what to do: no full numbers, no texts
};

// The answer in place of the one asked for: the first fault names it.
struct Problem {
  Code code = Code::kInternalError;
  std::string detail;
  std::vector<Fault> faults;

  Problem() = default;
  Problem(Code its_code, std::string its_detail) : code(its_code), detail(std::move(its_detail)) {}
  explicit Problem(std::vector<Fault> its_faults)  // one at least
      : code(its_faults.front().code), detail(its_faults.front().detail), faults(std::move(its_faults)) {}
};

}  // namespace aldis::api
