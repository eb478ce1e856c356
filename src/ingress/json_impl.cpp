// SPDX-License-Identifier: Apache-2.0
// Boost.JSON, compiled here and nowhere else.
#include <boost/json/src.hpp>
