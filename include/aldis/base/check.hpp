// SPDX-License-Identifier: Apache-2.0
// ALDIS_CHECK(expression): an invariant of ours. On in release builds; prints expression and place, then
// aborts. Never for anything that a peer, a file or an operator of the gateway can cause: those get a named
// refusal.
#pragma once

namespace aldis {

[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace aldis

#define ALDIS_CHECK(expression)                         \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::aldis::check_failed(#expression, __FILE__, __LINE__))
