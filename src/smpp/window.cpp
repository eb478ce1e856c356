// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/window.hpp"

#include <bit>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/smpp/version.hpp"

namespace aldis::smpp {

namespace {

constexpr std::size_t kCellsFirst = 32;

// How far `later` is behind `earlier` in the circle of sequence numbers 1 .. 0x7FFFFFFF.
std::uint32_t distance(std::uint32_t earlier, std::uint32_t later) {
  return later >= earlier ? later - earlier : later + Window::kSequenceLast - earlier;
}

}  // namespace

std::uint32_t Window::take_sequence() {
  forget_old_late();
  while (in_use(next_)) { next_ = next_ == kSequenceLast ? 1 : next_ + 1; }
  const auto taken = next_;
  next_ = next_ == kSequenceLast ? 1 : next_ + 1;
  return taken;
}

void Window::add(const Outstanding& request) {
  if ((used_ + late_used_ + 1) * 2 > table_.size()) { grow(); }
  if (free_ == kNone) {
    slots_.emplace_back();
    free_ = static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const auto slot = free_;
  free_ = slots_[slot].next;
  slots_[slot] = Slot{.request = request};
  const auto cell = cell_of(request.sequence);
  ALDIS_CHECK(table_[cell] == 0);
  table_[cell] = slot + 1;
  link_last(slot, head_, tail_);
  ++used_;
}

std::optional<Window::Answered> Window::answer(std::uint32_t sequence, CommandId response) {
  if (table_.empty()) { return std::nullopt; }
  const auto cell = cell_of(sequence);
  if (table_[cell] == 0) { return std::nullopt; }
  const auto slot = table_[cell] - 1;
  const Answered answered{slots_[slot].request, slots_[slot].late && !ALDIS_MUTANT(33)};
  if (response != CommandId::kGenericNack && response != response_to(answered.request.command)) {
    return std::nullopt;
  }
  forget(slot, cell);
  return answered;
}

std::optional<Outstanding> Window::time_out(Instant sent_until) {
  if (head_ == kNone || slots_[head_].request.sent_at > sent_until) { return std::nullopt; }
  if (late_used_ == kLateMax) { forget(late_head_); }
  const auto slot = head_;
  unlink(slot, head_, tail_);
  --used_;
  slots_[slot].late = true;
  link_last(slot, late_head_, late_tail_);
  ++late_used_;
  return slots_[slot].request;
}

// Numbers are dense, so the number itself is a good hash: neighbours stand in neighbouring cells.
std::size_t Window::cell_of(std::uint32_t sequence) const {
  auto cell = home_of(sequence);
  while (table_[cell] != 0 && slots_[table_[cell] - 1].request.sequence != sequence) {
    cell = (cell + 1) & mask();
  }
  return cell;
}

// Numbers come in a row. Side by side they would be one long cluster, and closing a gap would walk through
// all of it (5 % of the gateway's time at a window of 200); multiplied by the golden ratio they lie apart.
std::size_t Window::home_of(std::uint32_t sequence) const { return (sequence * 0x9E3779B1u) >> home_shift_; }

bool Window::in_use(std::uint32_t sequence) const {
  return !table_.empty() && table_[cell_of(sequence)] != 0;
}

// Closes the gap, so that no search ends too early: moves up whatever is not in its own cell because this one
// was taken.
void Window::erase_cell(std::size_t cell) {
  auto gap = cell;
  for (auto at = (cell + 1) & mask(); table_[at] != 0; at = (at + 1) & mask()) {
    const auto home = home_of(slots_[table_[at] - 1].request.sequence);
    if (((at - home) & mask()) >= ((at - gap) & mask())) {
      table_[gap] = table_[at];
      gap = at;
    }
  }
  table_[gap] = 0;
}

void Window::grow() {
  table_.assign(table_.empty() ? kCellsFirst : table_.size() * 2, 0);
  home_shift_ = 32 - static_cast<unsigned>(std::bit_width(table_.size() - 1));
  for (const auto head : {head_, late_head_}) {
    for (auto slot = head; slot != kNone; slot = slots_[slot].next) {
      table_[cell_of(slots_[slot].request.sequence)] = slot + 1;
    }
  }
}

void Window::link_last(std::uint32_t slot, std::uint32_t& head, std::uint32_t& tail) {
  slots_[slot].previous = tail;
  slots_[slot].next = kNone;
  (tail == kNone ? head : slots_[tail].next) = slot;
  tail = slot;
}

void Window::unlink(std::uint32_t slot, std::uint32_t& head, std::uint32_t& tail) {
  const auto [previous, next] = std::pair{slots_[slot].previous, slots_[slot].next};
  (previous == kNone ? head : slots_[previous].next) = next;
  (next == kNone ? tail : slots_[next].previous) = previous;
}

void Window::forget(std::uint32_t slot) { forget(slot, cell_of(slots_[slot].request.sequence)); }

void Window::forget(std::uint32_t slot, std::size_t cell) {
  erase_cell(cell);
  if (slots_[slot].late) {
    unlink(slot, late_head_, late_tail_);
    --late_used_;
  } else {
    unlink(slot, head_, tail_);
    --used_;
  }
  slots_[slot].next = free_;
  free_ = slot;
}

void Window::forget_old_late() {
  while (late_head_ != kNone && distance(slots_[late_head_].request.sequence, next_) >= kReservedFor) {
    forget(late_head_);
  }
}

}  // namespace aldis::smpp
