// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "history_world.hpp"

namespace aldis::history {
namespace {

namespace fs = std::filesystem;

// After so many steps of SQLite's machine, whatever connection they are on, every statement fails.
std::int64_t steps_left = -1;  // below 0: it does not end

int count_down(void*) {
  if (steps_left > 0) { --steps_left; }
  return steps_left == 0 ? 1 : 0;
}

int watch(sqlite3* db, const char**, const void*) {
  sqlite3_progress_handler(db, 1, count_down, nullptr);
  return SQLITE_OK;
}

struct Interruptible {
  Interruptible() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch)); }
  ~Interruptible() {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(watch));
    steps_left = -1;
  }
};

std::string octets_of_catalogue(const fs::path& directory) {
  std::string all;
  for (const char* name : {"main.db", "main.db-wal"}) {
    std::ifstream file(directory / name, std::ios::binary);
    all.append(std::istreambuf_iterator<char>{file}, {});
  }
  return all;
}

TEST_CASE("history has every message of the journal as the records leave it") {
  World world(1);
  world.start_follower();
  Reader reader(world.settings.directory);
  for (int i = 0; i < 12; ++i) {
    world.run(10, 30);
    world.prove();
    REQUIRE(world.follow());
    check_all(world, reader);
  }
  CHECK(world.follower->standing().gaps == 0);
  REQUIRE(world.follower->sync());
  CHECK(world.follower->standing().partitions > 10);
  CHECK(world.follower->standing().octets > 100'000);
  CHECK(world.follower->standing().behind <= 2000);
  CHECK(world.follower->needed_from() == world.writer->current_segment());
}

TEST_CASE("history counts each record once, whatever statement it is killed at", "[D1]") {
  Interruptible interruptible;
  std::uint64_t killed = 0;
  for (std::uint64_t seed = 10; seed < 14; ++seed) {
    World world(seed);
    for (int round = 0; round < 60; ++round) {
      world.run(2, 25);
      world.prove();
      steps_left = static_cast<std::int64_t>(1 + world.records.below(22'000));
      world.start_follower();
      if (!world.follow()) { ++killed; }
      if (world.records.coin()) { static_cast<void>(world.follower->sync()); }
      world.follower.reset();
      steps_left = -1;
    }
    world.start_follower();
    REQUIRE(world.follow());
    Reader reader(world.settings.directory);
    check_all(world, reader);
  }
  CHECK(killed > 60);
}

TEST_CASE("history counts each record once, whatever power cuts take from it and from the journal", "[D1]") {
  for (std::uint64_t seed = 20; seed < 24; ++seed) {
    World world(seed);
    const fs::path kept = world.folder.path / "kept";
    const auto is_partition = [](const fs::path& path) {
      return path.filename().string().starts_with("part-");
    };
    std::string saved;
    for (int round = 0; round < 25; ++round) {
      world.start_follower();
      for (std::uint64_t n = world.records.below(4); n > 0; --n) {
        world.run(2, 25);
        REQUIRE(world.follow());
        if (world.records.below(3) == 0) { static_cast<void>(world.follower->sync()); }
        // It saves by itself, too: whenever its catalogue has changed, all before that is on stable storage.
        const std::string catalogue = octets_of_catalogue(world.settings.directory);
        if (catalogue == saved) { continue; }
        saved = catalogue;
        fs::remove_all(kept);  // from here on this is what is on stable storage
        fs::create_directory(kept);
        for (const auto& file : fs::directory_iterator(world.settings.directory)) {
          if (is_partition(file.path())) { fs::copy_file(file, kept / file.path().filename()); }
        }
      }
      world.follower.reset();
      if (fs::exists(world.settings.directory)) {
        for (const auto& file : fs::directory_iterator(world.settings.directory)) {
          if (is_partition(file.path())) { fs::remove(file.path()); }
        }
      }
      fs::create_directories(world.settings.directory);
      if (fs::exists(kept)) { fs::copy(kept, world.settings.directory); }
      world.disk.crash([&] { return world.records.coin(); });
      world.start_journal();
    }
    world.start_follower();
    world.prove();
    REQUIRE(world.follow());
    Reader reader(world.settings.directory);
    check_all(world, reader);
    CHECK(world.follower->standing().gaps == 0);
  }
}

TEST_CASE("history drops whole partitions when their newest message is older than it keeps") {
  World world(30);
  world.settings.keep = hours{24 * 3};
  world.start_follower();
  Reader reader(world.settings.directory);
  std::size_t least = 1'000'000;
  for (int day = 0; day < 8; ++day) {
    world.run(4, 30);
    world.prove();
    REQUIRE(world.follow());
    world.now.wall += hours{24};
    REQUIRE(world.follow());
    const auto page = reader.list({}, Order::kOldestFirst, std::nullopt, 1000);
    REQUIRE(page.has_value());
    REQUIRE_FALSE(page->rows.empty());
    least = std::min(least, page->rows.size());
    for (const auto& [id, row] : world.model->rows) {  // nothing that is to be kept is gone
      if (row.accepted_at + world.settings.keep < world.now.wall) { continue; }
      REQUIRE(reader.find(id)->has_value());
    }
    const WallTime oldest = page->rows.front().accepted_at;
    CHECK(oldest + world.settings.keep + hours{48} > world.now.wall);
  }
  REQUIRE(world.follower->sync());
  const auto standing = world.follower->standing();
  CHECK(world.model->rows.size() > 2 * least);
  std::size_t files = 0;
  for (const auto& file : fs::directory_iterator(world.settings.directory)) {
    files += file.path().extension() == ".db" ? 1u : 0u;
  }
  CHECK(files <= standing.partitions + 1);  // the open one has none before its first row
  CHECK(files >= standing.partitions);
  REQUIRE(reader.find(MessageId{1}).has_value());
  for (const auto& descriptor : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the descriptor of this very look
    CHECK_THAT(fs::read_symlink(descriptor, gone).string(), !Catch::Contains("part-1.db"));
  }
  world.follower.reset();
  { Follower again(world.settings, world.disk, World::kJournalId, World::kSegment); }
  world.start_follower();
  CHECK(world.follow());
}

TEST_CASE("history that grows past its bound lets go of the oldest partitions, never of the open one") {
  World world(31);
  world.start_follower();
  world.run(30, 60);
  world.prove();
  REQUIRE(world.follow());
  world.follower.reset();  // write-ahead logs go
  world.start_follower();
  REQUIRE(world.follow());
  const auto before = world.follower->standing();
  REQUIRE(before.partitions > 4);
  world.follower.reset();
  world.settings.octets_max = before.octets / 2;
  world.start_follower();
  REQUIRE(world.follow());
  CHECK(world.follower->standing().octets <= world.settings.octets_max + 40'000);  // logs of the open one
  CHECK(world.follower->standing().partitions < before.partitions);
  Reader reader(world.settings.directory);
  CHECK(reader.find(world.model->ids.back())->has_value());
  CHECK_FALSE(reader.find(world.model->ids.front())->has_value());
  world.follower.reset();
  world.settings.octets_max = 1;  // less than one partition has
  world.start_follower();
  REQUIRE(world.follow());
  CHECK(world.follower->standing().partitions == 1);
}

TEST_CASE(
    "history that had read further than a restored journal goes reads what comes, and tells of the gap") {
  World world(34);
  world.start_follower();
  world.run(3, 20);
  world.prove();
  REQUIRE(world.follow());
  const Lsn copied = world.follower->standing().cursor;
  const MessageId before = world.model->ids.back();
  world.run(6, 20);  // what the copy does not have
  world.prove();
  REQUIRE(world.follow());
  world.follower.reset();
  world.start_follower();
  world.follower->step(world.now, copied);
  CHECK(world.follower->standing().error.empty());
  CHECK(world.follower->standing().cursor <= copied);
  CHECK(world.follower->standing().gaps == 1);
  CHECK(world.follower->needed_from() <= spool::segment_of(copied, World::kSegment));
  Reader reader(world.settings.directory);
  CHECK(reader.find(before)->has_value());
  const Lsn end = world.writer->durable();
  REQUIRE(world.follow());  // the same positions again: they are read, whatever was there before
  CHECK(world.follower->standing().reached == end);
  CHECK(reader.find(world.model->ids.back())->has_value());
  CHECK(world.follower->standing().gaps == 1);
}

TEST_CASE("history has reached what is durable when nothing but a marker is unread") {
  World world(32);
  world.start_follower();
  world.run(3, 20);
  const Lsn before = world.writer->durable();
  REQUIRE(world.follow());
  CHECK(world.follower->standing().reached < before);  // durable, but nothing durable says so yet
  CHECK(world.follower->standing().behind > 0);
  world.prove();
  REQUIRE(world.follow());
  CHECK(world.follower->standing().reached == world.writer->durable());
  CHECK(world.follower->standing().reached >= before);
  CHECK(world.follower->standing().behind == 0);
}

TEST_CASE("history has what a door wrote down in its notes, as the door reads them") {
  World world(33);
  world.settings.read_notes = [](MessageRow& row) { row.label = row.notes; };
  world.start_follower();
  Message message;
  message.id = message.public_id = make_message_id(3, world.generation, ++world.sequence);
  message.door_notes = "spring";
  message.parts.resize(1);
  world.writer->append(spool::AcceptRecord{.message = &message});
  world.commit();
  world.prove();
  REQUIRE(world.follow());
  Reader reader(world.settings.directory);
  Filter filter;
  filter.label = "spring";
  const auto page = reader.list(filter, Order::kNewestFirst, std::nullopt, 10);
  REQUIRE(page.has_value());
  REQUIRE(page->rows.size() == 1);
  CHECK(page->rows[0].id == message.id);
  CHECK(page->rows[0].notes == "spring");
}

TEST_CASE("history whose segments were freed before it came tells of the gap and goes on") {
  World world(40);
  world.start_follower();
  world.run(3, 20);
  world.prove();
  REQUIRE(world.follow());
  REQUIRE(world.follower->sync());
  CHECK(world.follower->needed_from() == 1);
  while (world.writer->current_segment() < 5) { world.run(1, 20); }
  world.append(spool::CheckpointRecord{.generation = 1, .oldest_segment = 4});
  world.commit();
  world.store->free_before(4);
  while (world.store->oldest_segment() < 4) { world.run(1, 20); }
  for (int i = 0; i < 200; ++i) { world.accept(); }
  world.prove();
  REQUIRE(world.follow());
  CHECK(world.follower->standing().gaps == 1);
  CHECK(world.follower->standing().unplaced > 0);
  Reader reader(world.settings.directory);
  for (std::size_t i = 0; i < 200; ++i) {  // what came behind it is complete
    const MessageId id = world.model->ids[world.model->ids.size() - 1 - i];
    const auto row = reader.find(id);
    REQUIRE(row.has_value());
    REQUIRE(row->has_value());
    CHECK((**row == world.model->rows.at(id)));
  }
  REQUIRE(world.follower->sync());
  world.start_follower();
  REQUIRE(world.follow());
  CHECK(world.follower->standing().gaps == 1);
}

TEST_CASE("history on a broken disk tells it, waits, and goes on where it was") {
  World world(50);
  world.start_follower();
  world.run(3, 20);
  world.prove();
  REQUIRE(world.follow());
  REQUIRE(world.follower->sync());
  const auto before = world.follower->needed_from();
  world.follower.reset();
  const fs::path aside = world.folder.path / "aside";
  fs::rename(world.settings.directory, aside);
  {
    std::FILE* file = std::fopen(world.settings.directory.c_str(), "w");
    REQUIRE(file != nullptr);
    std::fclose(file);
  }
  world.start_follower();
  world.run(3, 20);
  world.prove();
  CHECK_FALSE(world.follow());
  CHECK(world.follower->needed_from() == 0);  // not known: the journal keeps what it may
  fs::remove(world.settings.directory);
  fs::rename(aside, world.settings.directory);
  CHECK_FALSE(world.follow());  // not yet
  world.now.mono += seconds{2};
  REQUIRE(world.follow());
  CHECK(world.follower->needed_from() == before);
  Reader reader(world.settings.directory);
  check_all(world, reader);
}

TEST_CASE("history of another journal is refused with what to do") {
  World world(60);
  world.start_follower();
  world.run(3, 20);
  world.prove();
  REQUIRE(world.follow());
  Follower other(world.settings, world.disk, 4711, World::kSegment);
  CHECK_FALSE(other.step(world.now, world.writer->durable()));
  CHECK_THAT(other.standing().error, Catch::Contains("another journal") && Catch::Contains("move"));
}

TEST_CASE("the journal waits for history within a bound, and not on a disk that is short of space") {
  CHECK(free_before(10, 12, 20, 100, false) == 10);  // the engine needs more
  CHECK(free_before(10, 7, 20, 100, false) == 7);
  CHECK(free_before(10, 0, 20, 100, false) == 0);  // not known yet
  CHECK(free_before(10, 7, 20, 12, false) == 8);   // too far behind
  CHECK(free_before(10, 7, 20, 5, false) == 10);
  CHECK(free_before(10, 7, 20, 100, true) == 10);
}

}  // namespace
}  // namespace aldis::history
