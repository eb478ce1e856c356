// SPDX-License-Identifier: Apache-2.0
#include "runtime/deadlines.hpp"

#include <algorithm>
#include <utility>

namespace aldis::runtime {

Deadline::~Deadline() {
  if (heap_ != nullptr) { heap_->disarm(*this); }
}

Deadlines::~Deadlines() {
  for (Deadline* deadline : heap_) { deadline->heap_ = nullptr; }
}

void Deadlines::arm(Deadline& deadline, Instant at) {
  disarm(deadline);
  if (at == kNever) { return; }
  deadline.heap_ = this;
  deadline.at_ = at;
  deadline.place_ = heap_.size();
  heap_.push_back(&deadline);
  sift_up(deadline.place_);
}

void Deadlines::disarm(Deadline& deadline) {
  if (deadline.called_soon_) {
    deadline.called_soon_ = false;
    std::replace(due_.begin(), due_.end(), &deadline, static_cast<Deadline*>(nullptr));
  }
  if (deadline.place_ != Deadline::kOff) { take_out(deadline); }
}

std::size_t Deadlines::fire(const Now& now) {
  while (next() <= now.mono) {
    Deadline& first = *heap_.front();
    take_out(first);
    first.called_soon_ = true;
    due_.push_back(&first);
  }
  const std::size_t count = due_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (Deadline* deadline = std::exchange(due_[i], nullptr)) {
      deadline->called_soon_ = false;
      deadline->due(now);
    }
  }
  due_.clear();
  return count;
}

void Deadlines::take_out(Deadline& deadline) {
  const std::size_t hole = std::exchange(deadline.place_, Deadline::kOff);
  deadline.at_ = kNever;
  Deadline* last = heap_.back();
  heap_.pop_back();
  if (last == &deadline) { return; }
  place(hole, last);
  sift_up(hole);
  sift_down(last->place_);
}

void Deadlines::place(std::size_t index, Deadline* deadline) {
  heap_[index] = deadline;
  deadline->place_ = index;
}

void Deadlines::sift_up(std::size_t index) {
  Deadline* moving = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent]->at_ <= moving->at_) { break; }
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, moving);
}

void Deadlines::sift_down(std::size_t index) {
  Deadline* moving = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) { break; }
    if (child + 1 < heap_.size() && heap_[child + 1]->at_ < heap_[child]->at_) { ++child; }
    if (heap_[child]->at_ >= moving->at_) { break; }
    place(index, heap_[child]);
    index = child;
  }
  place(index, moving);
}

}  // namespace aldis::runtime
