// SPDX-License-Identifier: Apache-2.0
#include "aldis/ports/fetch.hpp"

namespace aldis::ports {

std::string_view FetchAnswer::header(std::string_view name_lower) const {
  for (const FetchHeader& field : headers) {
    if (field.name == name_lower) { return field.value; }
  }
  return {};
}

std::string_view name_of(FetchFault fault) {
  switch (fault) {
    case FetchFault::kBadRequest: return "bad_request";
    case FetchFault::kForbiddenAddress: return "forbidden_address";
    case FetchFault::kUnresolved: return "unresolved";
    case FetchFault::kNetwork: return "network";
    case FetchFault::kTls: return "tls";
    case FetchFault::kTimeout: return "timeout";
    case FetchFault::kBusy: return "busy";
  }
  __builtin_unreachable();
}

}  // namespace aldis::ports
