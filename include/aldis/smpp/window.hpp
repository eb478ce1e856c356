// SPDX-License-Identifier: Apache-2.0
// The requests that we sent and that are not answered yet, with their sequence numbers (SMPP 3.4 section
// 2.7.1 and 3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/smpp/generated/commands.hpp"

namespace aldis::smpp {

struct Outstanding {
  std::uint64_t token = 0;       // the caller's name for it
  std::uint64_t offset_end = 0;  // octets sent on the connection up to and with its last one
  Instant sent_at{};
  std::uint32_t sequence = 0;
  CommandId command{};  // of the request
};

// Owns the sequence numbers of one direction of one session and a slot per unanswered request. Constant time
// per request: slots stand in sending order, which is also the order of their deadlines, because all share
// one timeout; a table with open addressing finds them by sequence number. Allocates only while growing to
// its largest use. A request that timed out leaves the window but keeps its number until 2^20 numbers later,
// so that a late answer is still known for what it is; at most kLateMax of them, then the oldest is
// forgotten.
class Window {
 public:
  static constexpr std::uint32_t kSequenceLast = 0x7FFFFFFF;
  static constexpr std::uint32_t kReservedFor = 1u << 20;
  static constexpr std::size_t kLateMax = 1u << 16;

  // `sequence_first` is for tests of the wrap.
  explicit Window(std::uint32_t sequence_first = 1) : next_(sequence_first) {}

  // The next number that is not in use: 1 .. 0x7FFFFFFF, then 1 again.
  [[nodiscard]] std::uint32_t take_sequence();
  void add(const Outstanding&
               request);  // its sequence from take_sequence(), not yet added; sent_at never goes back

  struct Answered {
    Outstanding request;
    bool late = false;  // it had timed out
  };
  // The request that this response answers, which is then forgotten; nothing if there is none. `response` is
  // the command id of the response; generic_nack answers any.
  [[nodiscard]] std::optional<Answered> answer(std::uint32_t sequence, CommandId response);

  // The oldest request sent at or before `sent_until`, which then counts as late; nothing if there is none.
  [[nodiscard]] std::optional<Outstanding> time_out(Instant sent_until);

  [[nodiscard]] std::uint32_t used() const { return used_; }  // late ones do not count
  [[nodiscard]] std::size_t late() const { return late_used_; }
  [[nodiscard]] Instant oldest_sent_at() const {
    return head_ == kNone ? kNever : slots_[head_].request.sent_at;
  }

  // In the order of sending.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (auto at = head_; at != kNone; at = slots_[at].next) { visit(slots_[at].request); }
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Slot {
    Outstanding request;
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
    bool late = false;
  };

  [[nodiscard]] std::size_t mask() const { return table_.size() - 1; }
  [[nodiscard]] std::size_t cell_of(
      std::uint32_t sequence) const;  // its cell, or the empty one where it would stand
  [[nodiscard]] std::size_t home_of(std::uint32_t sequence) const;
  [[nodiscard]] bool in_use(std::uint32_t sequence) const;
  void erase_cell(std::size_t cell);
  void grow();
  void link_last(std::uint32_t slot, std::uint32_t& head, std::uint32_t& tail);
  void unlink(std::uint32_t slot, std::uint32_t& head, std::uint32_t& tail);
  void forget(std::uint32_t slot);
  void forget(std::uint32_t slot, std::size_t cell);  // its cell
  void forget_old_late();

  std::uint32_t next_;
  unsigned home_shift_ = 0;  // of a 32-bit hash, so that what is left is a cell's number
  std::uint32_t used_ = 0;
  std::size_t late_used_ = 0;
  std::uint32_t head_ = kNone;  // outstanding, oldest first
  std::uint32_t tail_ = kNone;
  std::uint32_t late_head_ = kNone;
  std::uint32_t late_tail_ = kNone;
  std::uint32_t free_ = kNone;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> table_;  // slot + 1; 0 = empty; size a power of two, at most half full
};

}  // namespace aldis::smpp
