// SPDX-License-Identifier: Apache-2.0
#include "history_world.hpp"

#include <filesystem>
#include <fstream>

namespace aldis::history {
namespace {

Filter random_filter(World& world) {
  Filter f;
  auto& random = world.records;
  const auto rarely = [&] { return random.below(4) == 0; };
  if (rarely()) { f.account = AccountId{static_cast<std::uint32_t>(random.below(5))}; }
  if (rarely()) {
    f.destination = world.number();
    f.destination_prefix = random.coin();
    if (f.destination_prefix && random.coin()) { f.destination.pop_back(); }
  }
  if (rarely()) { f.source = world.number(); }
  if (rarely()) { f.operator_id = world.operator_id(); }
  if (rarely()) { f.op = OperatorId{static_cast<std::uint32_t>(random.below(4))}; }
  if (rarely()) { f.statuses = static_cast<std::uint32_t>(1 + random.below(1u << 11)); }
  const WallTime begin = world.model->rows.begin()->second.accepted_at;
  const auto span = static_cast<std::uint64_t>((world.now.wall - begin).count());
  if (rarely()) { f.since = begin + microseconds{random.below(span)}; }
  if (rarely()) { f.until = begin + microseconds{random.below(span)}; }
  return f;
}

TEST_CASE("every list has what a look at all messages finds, in order, page by page") {
  World world(1);
  world.start_follower();
  world.run(60, 50);
  world.prove();
  REQUIRE(world.follow());
  Reader reader(world.settings.directory);
  std::size_t found = 0;
  for (int i = 0; i < 400; ++i) {
    const Filter filter = random_filter(world);
    const Order order = world.records.coin() ? Order::kNewestFirst : Order::kOldestFirst;
    std::vector<MessageId> expected;
    for (const auto& [id, row] : world.model->rows) {
      if (matches(filter, row)) { expected.push_back(id); }
    }
    if (order == Order::kNewestFirst) { std::reverse(expected.begin(), expected.end()); }
    std::vector<MessageId> got;
    const std::size_t limit = 1 + world.records.below(200);
    for (std::optional<MessageId> after;;) {
      const auto page = reader.list(filter, order, after, limit);
      REQUIRE(page.has_value());
      REQUIRE(page->rows.size() <= limit);
      for (const MessageRow& row : page->rows) { got.push_back(row.id); }
      after = page->next;
      if (!after) { break; }
    }
    REQUIRE((got == expected));
    found += got.size();
  }
  CHECK(found > 1000);
}

TEST_CASE("a message is found by its own number and by its account's short one, and nothing else is") {
  World world(2);
  world.start_follower();
  world.run(20, 30);
  world.prove();
  REQUIRE(world.follow());
  Reader reader(world.settings.directory);
  for (const auto& [id, row] : world.model->rows) {
    const auto found = reader.find(id);
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    CHECK((**found == row));
    if (row.short_id == 0) { continue; }
    const auto by_short = reader.find_short(row.account, row.short_id);
    REQUIRE(by_short.has_value());
    REQUIRE(by_short->has_value());
    CHECK((*by_short)->short_id == row.short_id);
    CHECK((*by_short)->account == row.account);
  }
  CHECK_FALSE(reader.find(MessageId{1})->has_value());
  CHECK_FALSE(reader.find(MessageId{~std::uint64_t{0}})->has_value());
  CHECK_FALSE(reader.find_short(AccountId{99}, 1)->has_value());
}

TEST_CASE("a search that looks at too much is ended, and the next one is answered") {
  World world(73);
  world.settings.rows_max = 100'000;  // one partition, which has no index
  world.start_follower();
  world.run(20, 400);
  world.prove();
  REQUIRE(world.follow());
  Reader patient(world.settings.directory);
  Reader reader(world.settings.directory, 1);
  Filter nothing;
  nothing.label = "nobody has it";
  CHECK(patient.list(nothing, Order::kNewestFirst, std::nullopt, 10).has_value());
  const auto refused = reader.list(nothing, Order::kNewestFirst, std::nullopt, 10);
  REQUIRE(refused.has_error());
  CHECK(refused.error() == Reader::kTooLong);
  CHECK(reader.find(world.model->ids.front())->has_value());
  CHECK(reader.list({}, Order::kNewestFirst, std::nullopt, 10)->rows.size() == 10);
}

TEST_CASE("a catalogue that is just being made is no history yet") {
  World world(4);
  std::filesystem::create_directories(world.settings.directory);
  std::ofstream{world.settings.directory + "/main.db"};  // an empty file is a database without tables
  Reader reader(world.settings.directory);
  const auto early = reader.list({}, Order::kNewestFirst, std::nullopt, 10);
  REQUIRE(early.has_error());
  CHECK(early.error() == Reader::kNoneYet);
  world.start_follower();
  world.run(2, 30);
  world.prove();
  REQUIRE(world.follow());
  CHECK(reader.list({}, Order::kNewestFirst, std::nullopt, 10).has_value());
}

TEST_CASE("a reader that comes before history is told so, and answers when there is one") {
  World world(3);
  Reader reader(world.settings.directory);
  const auto early = reader.list({}, Order::kNewestFirst, std::nullopt, 10);
  REQUIRE(early.has_error());
  CHECK_THAT(early.error(), Catch::Contains("no history"));
  world.start_follower();
  world.run(2, 30);
  world.prove();
  REQUIRE(world.follow());
  const auto page = reader.list({}, Order::kNewestFirst, std::nullopt, 10);
  REQUIRE(page.has_value());
  CHECK(page->rows.size() == 10);
}

TEST_CASE("the prefix of a number finds it wherever its octets end") {
  World world(4);
  world.start_follower();
  world.run(4, 30);
  world.prove();
  REQUIRE(world.follow());
  Reader reader(world.settings.directory);
  Filter filter;
  filter.destination = "\xFF\xFF";
  filter.destination_prefix = true;
  const auto none = reader.list(filter, Order::kNewestFirst, std::nullopt, 10);
  REQUIRE(none.has_value());
  CHECK(none->rows.empty());
  filter.destination = "447700";
  const auto page = reader.list(filter, Order::kNewestFirst, std::nullopt, 1000);
  REQUIRE(page.has_value());
  CHECK(page->rows.size() == world.model->rows.size());
}

}  // namespace
}  // namespace aldis::history
