// SPDX-License-Identifier: Apache-2.0
// Problems and JSON as HTTP answers.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "aldis/api/problem.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/ports/http.hpp"

namespace aldis::ingress {

ports::HttpResponse json_response(unsigned status, const boost::json::object& body);

// RFC 9457. `instance` is the request's path.
ports::HttpResponse problem_response(const api::Problem& problem, std::string_view instance,
                                     std::string_view request_id);

// One fault, at its place in the body.
api::Problem fault_at(std::string_view pointer, api::Code code, std::string_view detail);

// The engine's refusal in the API's words.
api::Problem problem_of(Refusal refusal);
api::Problem problem_of(const AnswerSubmit& answer);  // that has a refusal

}  // namespace aldis::ingress
