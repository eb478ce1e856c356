// SPDX-License-Identifier: Apache-2.0
// The high-water files outside the journal's directory (CONTRACT 2, One writer): for each journal the
// generation of the newest start that this machine has seen. Data of a lower generation is a restored or an
// old copy. A hint, not the truth: losing the file loses the warning only. The lock on the directory is
// runtime's (DirectoryLock).
#pragma once

#include <cstdint>
#include <optional>

#include "aldis/base/result.hpp"
#include "aldis/ports/files.hpp"

namespace aldis::spool {

// None: no file yet, or nothing readable in it.
Result<std::optional<std::uint32_t>, ports::FileError> read_generation(ports::Files& mirror,
                                                                       std::uint64_t journal_id);

// Replaces the file as a whole: written aside, synced, renamed, directory synced.
Result<void, ports::FileError> write_generation(ports::Files& mirror, std::uint64_t journal_id,
                                                std::uint32_t generation);

}  // namespace aldis::spool
