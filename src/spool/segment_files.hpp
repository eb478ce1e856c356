// SPDX-License-Identifier: Apache-2.0
// What the store and recovery do to whole segment files.
#pragma once

#include <string_view>

#include "aldis/ports/files.hpp"

namespace aldis::spool {

// A segment being written with zeros for the first time; not looked at by recovery, which removes it.
inline constexpr std::string_view kFillingName = "filling.tmp";

Result<void, ports::FileError> write_zeros(ports::File& file, std::uint64_t begin, std::uint64_t end);

// Removes kFillingName if it is there.
Result<void, ports::FileError> remove_filling(ports::Files& files);

bool is_disk_full(const ports::FileError& error);

}  // namespace aldis::spool
