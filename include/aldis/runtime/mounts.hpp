// SPDX-License-Identifier: Apache-2.0
// Whether what is synced in a folder can be trusted to be there after power was lost, as far as the mount
// tells (CONTRACT H13). A disk that lies by itself cannot be seen from here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aldis::runtime {

struct MountDoubt {
  std::string mount;        // where it is mounted
  std::string file_system;  // "nfs4"
  std::string reason;       // a sentence without its first capital and full stop
};

// `mountinfo` as /proc/self/mountinfo is written, `path` absolute and without symbolic links. None = nothing
// speaks against the mount that the path is on, or no line covers it.
std::optional<MountDoubt> doubt_of(std::string_view mountinfo, std::string_view path);

// Of this machine; none where that cannot be read.
std::optional<MountDoubt> mount_doubt(const std::string& path);

}  // namespace aldis::runtime
