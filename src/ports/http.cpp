// SPDX-License-Identifier: Apache-2.0
#include "aldis/ports/http.hpp"

#include <algorithm>

namespace aldis::ports {

std::string_view HttpRequest::header(std::string_view name_lower) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const HttpField& f) { return f.name == name_lower; });
  return found == fields.end() ? std::string_view{} : found->value;
}

}  // namespace aldis::ports
