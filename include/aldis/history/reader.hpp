// SPDX-License-Identifier: Apache-2.0
// Questions to history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/history/message_row.hpp"

namespace aldis::history {

// All that is set must hold.
struct Filter {
  std::optional<AccountId> account;
  std::string destination;  // digits as in the message
  bool destination_prefix = false;
  std::string source;
  std::string operator_id;  // of any part, as the operator gave it
  std::optional<OperatorId> op;
  std::uint32_t statuses = 0;  // bits: 1 << Status; 0 = any
  std::string label;
  std::string reference;
  std::optional<WallTime> since;  // accepted then or later
  std::optional<WallTime> until;  // accepted before
};

struct Page {
  std::vector<MessageRow> rows;
  std::optional<MessageId> next;  // set: there may be more behind this one; give it as `after`
};

enum class Order : std::uint8_t { kNewestFirst, kOldestFirst };

// Answers from the files that a Follower writes, by read-only connections of its own: neither waits for the
// other. Used by one thread at a time. Order is that of ids, which is that of acceptance. By number, operator
// id, account, label or reference a closed partition answers from an index and an open one by reading all its
// rows; by status, operator or time alone rows are read until the page is full. Keeps kOpenMax partitions
// open. Errors are sentences: no history yet, damaged, of a later version.
class Reader {
 public:
  static constexpr std::size_t kOpenMax = 128;
  static constexpr std::size_t kRowsMax = 1000;  // of a page

  explicit Reader(std::string directory);
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
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::history
