// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::runtime {

// Something that wants to be called at an instant. It leaves the heap when destroyed.
class Deadline {
 public:
  Deadline() = default;
  virtual ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  virtual void due(const Now& now) = 0;  // disarmed by then
  [[nodiscard]] Instant at() const { return at_; }

 private:
  friend class Deadlines;
  static constexpr std::size_t kOff = static_cast<std::size_t>(-1);
  class Deadlines* heap_ = nullptr;
  std::size_t place_ = kOff;  // in the heap
  bool called_soon_ = false;  // in due_
  Instant at_ = kNever;
};

// A binary heap of the deadlines of one loop that know their place in it: arm, move and disarm cost log n,
// the next one nothing. Owns none of them. Connections keep one entry each and move it only to an earlier
// instant (connection.cpp), so under load nothing happens here.
class Deadlines {
 public:
  ~Deadlines();
  void arm(Deadline& deadline, Instant at);  // kNever disarms
  void disarm(Deadline& deadline);
  [[nodiscard]] Instant next() const { return heap_.empty() ? kNever : heap_.front()->at_; }
  // Calls what is due; what arms itself again for the past is called in the next turn, not in this one.
  std::size_t fire(const Now& now);

 private:
  void take_out(Deadline& deadline);
  void place(std::size_t index, Deadline* deadline);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);

  std::vector<Deadline*> heap_;
  std::vector<Deadline*> due_;  // being called; nulled when armed, disarmed or destroyed meanwhile
};

}  // namespace aldis::runtime
