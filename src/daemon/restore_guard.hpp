// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "aldis/base/result.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/engine/restored.hpp"
#include "aldis/ports/files.hpp"

namespace aldis::daemon {

// What the command line says about the data: nothing, that they come from a backup, or that staff has read
// the report and wants them sent.
enum class Restore : std::uint8_t { kNotSaid, kRestored, kConfirmed };

// Keeps a copy of older data from being sent a second time (CONTRACT H34). Data whose generation is not the
// newest that this machine has seen of their journal, or that are said to be restored, are held: the gateway
// runs, takes messages and receipts, and gives nothing to an operator. A file beside the journal keeps it so
// over restarts until staff confirms. Used by Gateway at start only; a snapshot of the whole machine brings
// back the mirror, too, and is not found out: there only --restored helps.
class RestoreGuard {
 public:
  // `mirror`: outside of what a backup brings back; null = there is none.
  RestoreGuard(ports::Files& directory, ports::Files* mirror, Restore said)
      : directory_(directory), mirror_(mirror), said_(said) {}

  // The generation of this start, above all that were seen, so that no message id is given a second time.
  // What is to be held is marked on the disk before.
  Result<std::uint32_t, ports::FileError> generation(std::uint64_t journal_id, std::uint32_t newest);
  // Once the journal is of that generation.
  Result<void, ports::FileError> started();

  [[nodiscard]] bool held() const { return held_; }
  [[nodiscard]] std::uint32_t seen() const { return seen_; }  // by the mirror; 0 = nothing

  // What a confirmation would send, as JSON lines in restore-report.jsonl beside the journal; at most
  // kReportLinesMax of them. Returns how many messages there are.
  static constexpr std::uint64_t kReportLinesMax = 100'000;
  Result<std::uint64_t, ports::FileError> write_report(engine::Restored& restored, const Directory& names,
                                                       const PublicIds& ids);

 private:
  Result<bool, ports::FileError> exists(std::string_view name);
  Result<void, ports::FileError> replace(std::string_view name, std::string_view text);

  ports::Files& directory_;
  ports::Files* mirror_;
  Restore said_;
  bool held_ = false;
  std::uint32_t seen_ = 0;
  std::uint64_t journal_id_ = 0;
  std::uint32_t generation_ = 0;
};

}  // namespace aldis::daemon
