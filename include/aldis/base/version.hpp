// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace aldis {

// Of all programs together, as project() in the top CMakeLists.txt says it: "0.1.0".
std::string_view version();

}  // namespace aldis
