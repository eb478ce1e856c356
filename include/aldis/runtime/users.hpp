// SPDX-License-Identifier: Apache-2.0
// Who this process is, and groups by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace aldis::runtime {

std::uint32_t own_uid();                                            // the effective one
std::optional<std::uint32_t> group_named(const std::string& name);  // none: there is no such group

}  // namespace aldis::runtime
