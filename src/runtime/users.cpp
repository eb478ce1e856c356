// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/users.hpp"

#include <grp.h>
#include <unistd.h>

namespace aldis::runtime {

std::uint32_t own_uid() { return ::geteuid(); }

std::optional<std::uint32_t> group_named(const std::string& name) {
  const group* const found = ::getgrnam(name.c_str());
  if (found == nullptr) { return std::nullopt; }
  return found->gr_gid;
}

}  // namespace aldis::runtime
