// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace aldis::runtime {

// The places that one HTTP server has for connections, so that those who ask nothing cannot keep out those
// who do. Shared by the server and its connections, which outlive it; all on the loop's thread. A full house
// turns out the oldest of those who have not asked yet, then of those who have got their answer, then of
// those who do not read it; when everybody waits for an answer, the newcomer is not let in.
class HttpPlaces {
 public:
  enum class Rank : std::uint8_t { kUnasked, kIdle, kNotReading, kWaiting };

  class Holder {
   public:
    [[nodiscard]] virtual Rank rank() const = 0;
    virtual void turn_out() = 0;  // closes at the end of the turn; must not call leave()

   protected:
    ~Holder() = default;
  };

  explicit HttpPlaces(std::size_t bound) : bound_(bound) {}

  // Whether there is a place, if need be because somebody was turned out.
  bool make_room() {
    if (holders_.size() < bound_) { return true; }
    const auto first =
        std::min_element(holders_.begin(), holders_.end(),
                         [](const Holder* a, const Holder* b) { return a->rank() < b->rank(); });
    if (first == holders_.end() || (*first)->rank() == Rank::kWaiting) { return false; }
    Holder* const holder = *first;
    holders_.erase(first);
    holder->turn_out();
    return true;
  }

  void enter(Holder& holder) { holders_.push_back(&holder); }  // the youngest; also after each answer
  void leave(Holder& holder) { std::erase(holders_, &holder); }

 private:
  std::size_t bound_;
  std::vector<Holder*> holders_;  // the oldest first
};

}  // namespace aldis::runtime
