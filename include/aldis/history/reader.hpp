// SPDX-License-Identifier: Apache-2.0
// Questions to history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/core/history.hpp"

namespace aldis::history {

// Answers from the files that a Follower writes, by read-only connections of its own: neither waits for the
// other. Used by one thread at a time. Order is that of ids, which is that of acceptance. By number, operator
// id, account, label or reference a closed partition answers from an index and an open one by reading all its
// rows; by status, operator or time alone rows are read until the page is full. Keeps kOpenMax partitions
// open. Errors are sentences: no history yet, damaged, of a later version.
class Reader {
 public:
  static constexpr std::size_t kOpenMax = 128;
  static constexpr std::size_t kRowsMax = 1000;  // of a page

  // What a question says that took more than its steps: it is to be narrowed.
  static constexpr std::string_view kTooLong = "the search looks at too many messages";
  // Nothing has been written in that folder: the gateway has just been started for the first time.
  static constexpr std::string_view kNoneYet = "there is no history yet";

  // `steps_max`: of SQLite's machine, for each question; about four for a row that is looked at, some ten
  // million a second. 0 = no bound.
  explicit Reader(std::string directory, std::uint64_t steps_max = 0);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // By our own number: PublicIds reads the id that customers know, and gives this or a short id.
  Result<std::optional<MessageRow>, std::string> find(MessageId id);
  Result<std::optional<MessageRow>, std::string> find_short(AccountId account, std::uint32_t short_id);
  // The rows behind `after` in that order, `limit` at most.
  Result<Page, std::string> list(const Filter& filter, Order order, std::optional<MessageId> after,
                                 std::size_t limit);

 private:
  class Impl;
  const std::string directory_;
  const std::uint64_t steps_max_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::history
