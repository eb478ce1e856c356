// SPDX-License-Identifier: Apache-2.0
// The index by addresses, which is built in slices while messages come and go.
#include "aldis/engine/message_table.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::engine;

namespace {

const AccountId kAccount{3};

Address digits(std::string_view text) {
  Address address;
  address.digits.assign(text);
  return address;
}

struct Table {
  MessageTable table;
  Message& add(std::uint64_t id, std::string_view to = "447700900123") {
    Message& message = table.make();
    message.id = MessageId{id};
    message.account = kAccount;
    message.source = digits("ACME");
    message.destination = digits(to);
    table.add(message);
    return message;
  }
  std::vector<std::uint64_t> walk(std::string_view to = "447700900123") {
    std::vector<std::uint64_t> ids;
    MessageId from{};
    while (const auto id = table.next_with_addresses(kAccount, digits("ACME"), digits(to), from)) {
      ids.push_back(id->value());
      from = MessageId{id->value() + 1};
    }
    return ids;
  }
};

}  // namespace

TEST_CASE("the index by addresses is whole after as many slices as it takes, and not before") {
  Table t;
  for (std::uint64_t id = 1; id <= 10; ++id) { t.add(id); }
  CHECK_FALSE(t.table.is_indexing());
  CHECK_FALSE(t.table.index_addresses(4));
  CHECK(t.table.is_indexing());
  CHECK_FALSE(t.table.index_addresses(4));
  CHECK(t.table.index_addresses(4));
  CHECK_FALSE(t.table.is_indexing());
  CHECK(t.walk() == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_CASE("messages that come and go while the index is built are in it, or are not") {
  Table t;
  std::vector<Message*> messages;
  for (std::uint64_t id = 1; id <= 10; ++id) { messages.push_back(&t.add(id)); }
  REQUIRE_FALSE(t.table.index_addresses(5));
  for (const std::size_t gone : {0u, 4u, 5u, 9u}) { t.table.remove(*messages[gone]); }
  t.add(11);
  t.add(12, "447700900999");
  while (!t.table.index_addresses(1)) {}
  CHECK(t.walk() == std::vector<std::uint64_t>{2, 3, 4, 7, 8, 9, 11});
  CHECK(t.walk("447700900999") == std::vector<std::uint64_t>{12});
  CHECK(t.walk("447700900000").empty());
}

TEST_CASE("the newest of a pair is found below an id, and other pairs are not taken for it") {
  Table t;
  t.add(1, "447700900999");
  t.add(2);
  t.add(3, "447700900999");
  t.add(5);
  REQUIRE(t.table.index_addresses(100));
  const auto last = [&](std::uint64_t before) {
    const auto id =
        t.table.last_with_addresses(kAccount, digits("ACME"), digits("447700900123"), MessageId{before});
    return id ? id->value() : 0;
  };
  CHECK(last(100) == 5);
  CHECK(last(5) == 2);
  CHECK(last(2) == 0);
}
