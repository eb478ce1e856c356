// SPDX-License-Identifier: Apache-2.0
// Result<T, E>: a value, or the named reason why there is none. Refusals that a peer can cause are values,
// never exceptions (STYLE rule 4); g++ 12 has no std::expected in C++20, so this is Boost.System's result.
#pragma once

#include <boost/system/result.hpp>

namespace aldis {

template <class T, class E>
using Result = boost::system::result<T, E>;

}  // namespace aldis
