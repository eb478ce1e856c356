// SPDX-License-Identifier: Apache-2.0
#include "ingress/problem_reply.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <utility>
#include <vector>

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;

namespace {

Code code_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kThrottled: return Code::kRateLimited;
    case Refusal::kVolumeCap: return Code::kQuotaExceeded;
    case Refusal::kNoCredit: return Code::kInsufficientCredit;
    case Refusal::kQueueFull: return Code::kQueueFull;
    case Refusal::kUnavailable: return Code::kStoreUnavailable;
    case Refusal::kStopping: return Code::kShuttingDown;
    case Refusal::kNoRoute: return Code::kNoRoute;
    case Refusal::kBadDestination: return Code::kInvalidDestination;
    case Refusal::kDestinationBlocked: return Code::kDestinationNotAllowed;
    case Refusal::kBadSource: return Code::kInvalidSender;
    case Refusal::kSourceNotAllowed: return Code::kSenderNotAllowed;
    case Refusal::kOptedOut: return Code::kRecipientOptedOut;
    case Refusal::kTooManyParts:
    case Refusal::kBodyTooLong: return Code::kTextTooLong;
    case Refusal::kBodyOdd:
    case Refusal::kBadEncoding: return Code::kInvalidText;
    case Refusal::kBadSchedule: return Code::kInvalidSchedule;
    case Refusal::kBadValidity: return Code::kInvalidValidity;
    case Refusal::kTlvNotAllowed:
    case Refusal::kTlvMissing:
    case Refusal::kTlvValue: return Code::kTlvRefused;
    case Refusal::kContentRefused: return Code::kContentRefused;
    case Refusal::kAccountSuspended: return Code::kAccountSuspended;
    case Refusal::kDuplicateConflict: return Code::kIdempotencyMismatch;
    case Refusal::kNoSuchMessage:
    case Refusal::kQueryFailed: return Code::kNotFound;
    case Refusal::kCancelFailed: return Code::kNotCancelable;
    case Refusal::kReplaceFailed: return Code::kNotReplaceable;
    case Refusal::kBadServiceType:
    case Refusal::kBindState: break;  // a session's, never a request's over HTTP
  }
  return Code::kInternalError;
}

// A path may hold any octets; what JSON says is UTF-8.
std::string printable(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (c > ' ' && c <= '~') {
      out.push_back(c);
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out.append({'%', kDigits[octet >> 4u], kDigits[octet & 15u]});
    }
  }
  return out;
}

}  // namespace

api::Problem fault_at(std::string_view pointer, api::Code code, std::string_view detail) {
  return api::Problem{std::vector<api::Fault>{{std::string{pointer}, code, std::string{detail}}}};
}

api::Problem problem_of(const AnswerSubmit& answer) {
  if (answer.again == AnswerSubmit::Again::kInFlight) {
    return {Code::kIdempotencyInFlight, "the first request under this key is being accepted; ask again"};
  }
  return problem_of(*answer.refusal);
}

api::Problem problem_of(Refusal refusal) {
  return api::Problem{code_of(refusal), std::string{sentence_of(refusal)}};
}

ports::HttpResponse json_response(unsigned status, const json::object& body) {
  ports::HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = json::serialize(body) + '\n';
  return response;
}

ports::HttpResponse problem_response(const api::Problem& problem, std::string_view instance,
                                     std::string_view request_id) {
  std::string type = "/errors/";
  type.append(name_of(problem.code));
  json::object body{{"type", std::move(type)},           {"title", title_of(problem.code)},
                    {"status", status_of(problem.code)}, {"detail", problem.detail},
                    {"instance", printable(instance)},   {"code", name_of(problem.code)},
                    {"request_id", request_id}};
  if (!problem.faults.empty()) {
    json::array errors;
    for (const auto& fault : problem.faults) {
      errors.push_back(
          json::object{{"pointer", fault.pointer}, {"code", name_of(fault.code)}, {"detail", fault.detail}});
    }
    body["errors"] = std::move(errors);
  }
  auto response = json_response(status_of(problem.code), body);
  response.content_type = "application/problem+json";
  switch (problem.code) {
    case Code::kUnauthenticated:
      response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"aldis\"");
      break;
    case Code::kIdempotencyInFlight:
    case Code::kRateLimited:
    case Code::kQueueFull:
    case Code::kOverloaded:
    case Code::kStoreUnavailable:
    case Code::kShuttingDown: response.headers.emplace_back("Retry-After", "1"); break;
    case Code::kAuthThrottled: response.headers.emplace_back("Retry-After", "60"); break;
    default: break;
  }
  return response;
}

}  // namespace aldis::ingress
