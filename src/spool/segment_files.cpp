// SPDX-License-Identifier: Apache-2.0
#include "spool/segment_files.hpp"

#include <algorithm>
#include <cerrno>

namespace aldis::spool {

Result<void, ports::FileError> write_zeros(ports::File& file, std::uint64_t begin, std::uint64_t end) {
  static const std::string kZeros(256u << 10, '\0');
  while (begin < end) {
    const std::uint64_t size = std::min<std::uint64_t>(kZeros.size(), end - begin);
    auto done = file.write_at(begin, Octets{kZeros}.substr(0, size));
    if (done.has_error()) { return done; }
    begin += size;
  }
  return {};
}

Result<void, ports::FileError> remove_filling(ports::Files& files) {
  auto names = files.list();
  if (names.has_error()) { return names.error(); }
  if (std::find(names->begin(), names->end(), kFillingName) == names->end()) { return {}; }
  return files.remove(kFillingName);
}

bool is_disk_full(const ports::FileError& error) { return error.code == ENOSPC || error.code == EDQUOT; }

}  // namespace aldis::spool
