// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aldis::runtime {

// The places that one HTTP server has for connections, so that those who ask nothing cannot keep out those
// who do. Shared by the server and its connections, which outlive it; all on the loop's thread. A full house
// turns out the oldest of those who have not asked yet, then of those who have got their answer, then one of
// those who do not read it; when everybody waits for an answer, the newcomer is not let in.
class HttpPlaces {
 public:
  enum class Kind : std::uint8_t { kUnasked, kIdle, kBusy };
  enum class Room : std::uint8_t { kYes, kByTurningOut, kFull, kFullForAddress };

  class Holder : public boost::intrusive::list_base_hook<> {
   public:
    virtual ~Holder() = default;
    [[nodiscard]] virtual bool waits_for_answer() const = 0;
    virtual void turn_out() = 0;  // closes at the end of the turn; must not call leave()

   private:
    friend class HttpPlaces;
    std::string address_{};  // empty: not counted
    Kind kind_ = Kind::kUnasked;
    bool placed_ = false;
  };

  HttpPlaces(std::size_t bound, std::size_t per_address) : bound_(bound), per_address_(per_address) {}

  // Whether there is a place, if need be because somebody was turned out. An empty address is not counted.
  Room make_room(std::string_view address) {
    if (!address.empty()) {
      const auto found = addresses_.find(std::string{address});
      if (found != addresses_.end() && found->second >= per_address_) { return Room::kFullForAddress; }
    }
    if (taken_ < bound_) { return Room::kYes; }
    Holder* const holder = oldest_to_go();
    if (holder == nullptr) { return Room::kFull; }
    leave(*holder);
    holder->turn_out();
    return Room::kByTurningOut;
  }

  void enter(Holder& holder, std::string_view address) {
    holder.placed_ = true;
    holder.kind_ = Kind::kUnasked;
    holder.address_ = address;
    if (!address.empty()) { ++addresses_[holder.address_]; }
    list(Kind::kUnasked).push_back(holder);
    ++taken_;
  }

  void move(Holder& holder, Kind kind) {  // the youngest of its kind
    if (!holder.placed_) { return; }
    list(holder.kind_).erase(List::s_iterator_to(holder));
    holder.kind_ = kind;
    list(kind).push_back(holder);
  }

  void leave(Holder& holder) {
    if (!std::exchange(holder.placed_, false)) { return; }
    list(holder.kind_).erase(List::s_iterator_to(holder));
    --taken_;
    if (holder.address_.empty()) { return; }
    const auto found = addresses_.find(holder.address_);
    if (--found->second == 0) { addresses_.erase(found); }
  }

  void turn_out_idle() {
    for (const Kind kind : {Kind::kUnasked, Kind::kIdle}) {
      while (!list(kind).empty()) {
        Holder& holder = list(kind).front();
        leave(holder);
        holder.turn_out();
      }
    }
  }

 private:
  using List = boost::intrusive::list<Holder>;
  static constexpr int kLooks = 64;  // among the busy: an accept must not walk thousands

  List& list(Kind kind) { return lists_[static_cast<std::size_t>(kind)]; }

  Holder* oldest_to_go() {
    for (const Kind kind : {Kind::kUnasked, Kind::kIdle}) {
      if (!list(kind).empty()) { return &list(kind).front(); }
    }
    int looks = 0;
    for (Holder& holder : list(Kind::kBusy)) {
      if (!holder.waits_for_answer()) { return &holder; }
      if (++looks == kLooks) { break; }
    }
    return nullptr;
  }

  std::size_t bound_;
  std::size_t per_address_;
  std::size_t taken_ = 0;
  std::array<List, 3> lists_;  // the oldest first
  boost::unordered_flat_map<std::string, std::size_t> addresses_;
};

}  // namespace aldis::runtime
