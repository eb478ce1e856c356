// SPDX-License-Identifier: Apache-2.0
// The engine's refusals in the words of each dialect.
#pragma once

#include <string>
#include <string_view>

#include "aldis/core/refusal.hpp"

namespace aldis::ingress {

struct DialectWords {
  unsigned status = 0;  // of HTTP
  std::string_view text{};
};

DialectWords kannel_words(Refusal refusal);

}  // namespace aldis::ingress
