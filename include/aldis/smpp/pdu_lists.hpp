// SPDX-License-Identifier: Apache-2.0
// The lists inside PDUs: a count of one octet, then that many items of varying size. Read in place: the
// decoder has checked every item once, so iteration cannot fail. Built by appending items to a string that
// the view then shows.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/smpp/generated/statuses.hpp"
#include "aldis/smpp/reader.hpp"

namespace aldis::smpp {

// submit_multi: an address (dest_flag 1) or the name of a distribution list (dest_flag 2).
struct Destination {
  std::uint8_t dest_flag = 1;
  std::uint8_t dest_addr_ton = 0;
  std::uint8_t dest_addr_npi = 0;
  std::string_view destination_addr{};
  std::string_view dl_name{};
};

// submit_multi_resp: a destination that was refused.
struct Unsuccess {
  std::uint8_t dest_addr_ton = 0;
  std::uint8_t dest_addr_npi = 0;
  std::string_view destination_addr{};
  CommandStatus error_status_code{};
};

struct ListedMessage {  // query_last_msgs_resp
  std::string_view message_id{};
};

bool read(Reader& from, Destination& item);  // false: the octets end, or the flag is neither 1 nor 2
bool read(Reader& from, Unsuccess& item);
bool read(Reader& from, ListedMessage& item);

void append(std::string& items, const Destination& item);
void append(std::string& items, const Unsuccess& item);
void append(std::string& items, const ListedMessage& item);

template <class Item>
class ItemList {
 public:
  constexpr ItemList() = default;
  // `items`: the items as append() wrote them, `count` of them (at most 255).
  constexpr ItemList(std::uint8_t count, Octets items) : count_(count), items_(items) {}

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using pointer = const Item*;
    using reference = const Item&;

    Iterator(std::uint8_t left, Octets items) : left_(left), reader_(items) { step(); }
    const Item& operator*() const { return item_; }
    const Item* operator->() const { return &item_; }
    Iterator& operator++() {
      step();
      return *this;
    }
    void operator++(int) { step(); }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) { return a.done_; }

   private:
    void step() {
      item_ = Item{};
      done_ = left_ == 0 || !read(reader_, item_);
      if (!done_) { --left_; }
    }
    std::uint8_t left_;
    Reader reader_;
    Item item_;
    bool done_ = true;
  };

  [[nodiscard]] Iterator begin() const { return Iterator{count_, items_}; }
  [[nodiscard]] static std::default_sentinel_t end() { return {}; }
  [[nodiscard]] constexpr std::uint8_t size() const { return count_; }
  [[nodiscard]] constexpr bool empty() const { return count_ == 0; }
  [[nodiscard]] constexpr Octets items() const { return items_; }

 private:
  std::uint8_t count_ = 0;
  Octets items_;
};

using Destinations = ItemList<Destination>;
using UnsuccessList = ItemList<Unsuccess>;
using MessageIds = ItemList<ListedMessage>;

}  // namespace aldis::smpp
