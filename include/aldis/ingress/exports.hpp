// SPDX-License-Identifier: Apache-2.0
// Exports of messages into files: what one is asked to hold, its text, and the port to whoever makes and
// keeps the files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/api/problem.hpp"
#include "aldis/base/result.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/core/history.hpp"
#include "aldis/core/public_id.hpp"

namespace aldis::ingress {

enum class ExportFormat : std::uint8_t { kCsv, kJsonLines };

struct ExportWish {
  AccountId account = kNoAccount;
  history::Filter filter{};  // with that account
  ExportFormat format = ExportFormat::kCsv;
  std::vector<std::string> columns{};  // of export_columns(), in that order; empty = all of them
  // may the asker see texts: those of messages that are over are gone anyway
  bool content = false;
};

std::vector<std::string_view> export_columns();

// CSV by RFC 4180 with CRLF; what a spreadsheet would take for a formula gets a quote before it. JSON lines
// are the API's message objects, or those members of them.
std::string export_head(const ExportWish& wish);  // the line of names; none for JSON lines
void append_export_row(const Now& now, const ExportWish& wish, const history::MessageRow& row,
                       const Directory& directory, const PublicIds& ids, std::string& out);

struct ExportJob {
  enum class State : std::uint8_t { kQueued, kRunning, kDone, kFailed };
  std::string id;  // 32 hexadecimal digits
  AccountId account = kNoAccount;
  ExportFormat format = ExportFormat::kCsv;
  State state = State::kQueued;
  std::uint64_t rows = 0;
  std::uint64_t octets = 0;
  std::string error;
  WallTime created_at{};
  WallTime ended_at{};  // zero = not yet
};

// Used on the door's thread. A job belongs to an account and is kept kKept after its end, or until it is
// removed or the process ends; its file goes with it. Bounded: see start().
class ExportJobs {
 public:
  static constexpr Duration kKept = hours{24};

  // The job; or why not: there are too many of them.
  virtual Result<ExportJob, api::Problem> start(const Now& now, ExportWish wish) = 0;
  [[nodiscard]] virtual std::optional<ExportJob> find(AccountId account, std::string_view id) = 0;
  virtual bool remove(AccountId account, std::string_view id) = 0;  // false: there is none

  // Octets of a finished job's file; none: it is gone, or does not read. Answered in a later turn.
  using Piece = std::function<void(const Now&, std::optional<std::string>)>;
  virtual void read(AccountId account, std::string_view id, std::uint64_t offset, std::size_t size,
                    Piece piece) = 0;

 protected:
  ~ExportJobs() = default;
};

}  // namespace aldis::ingress
