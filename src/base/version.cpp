// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/version.hpp"

namespace aldis {

std::string_view version() { return ALDIS_VERSION; }

}  // namespace aldis
