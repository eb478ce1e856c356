// SPDX-License-Identifier: Apache-2.0
// On real files: what users see of a whole, a damaged, a held and a missing journal.
#include "aldisctl/journal_verify.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "aldis/runtime/posix_files.hpp"
#include "aldis/spool/recover.hpp"

namespace aldis::ctl {
namespace {

class NoVisitor final : public spool::ReplayVisitor {
 public:
  void on(const spool::Place&, const spool::AcceptRecord&) override {}
  void on(const spool::Place&, const spool::LeaseRecord&) override {}
  void on(const spool::Place&, const spool::ResultRecord&) override {}
  void on(const spool::Place&, const spool::ReceiptRecord&) override {}
  void on(const spool::Place&, const spool::OrphanRecord&) override {}
  void on(const spool::Place&, const spool::OrphanDoneRecord&) override {}
  void on(const spool::Place&, const spool::InboundRecord&) override {}
  void on(const spool::Place&, const spool::OwedDoneRecord&) override {}
  void on(const spool::Place&, const spool::FinalRecord&) override {}
  void on(const spool::Place&, const spool::ChangeRecord&) override {}
  void on(const spool::Place&, const spool::SettingsRecord&) override {}
  void on(const spool::Place&, const spool::CheckpointRecord&) override {}
};

// A directory with a journal of a few messages, or an empty one.
class Fixture {
 public:
  Fixture() {
    std::string name = (std::filesystem::temp_directory_path() / "aldis-verify-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Fixture() { std::filesystem::remove_all(path); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void write_journal() {
    auto files = runtime::PosixFiles::open_directory(path);
    REQUIRE(files.has_value());
    NoVisitor visitor;
    auto started =
        spool::recover(**files, {.segment_octets = 64u << 10, .new_journal_id = 0xABCDEF}, visitor);
    REQUIRE(started.has_value());
    spool::JournalWriter writer(started->writer, 2);
    spool::SegmentStore store(**files, started->store, 2);
    Message message;
    message.content.body = "private words";
    message.parts.emplace_back().body_octets = 13;
    for (int i = 0; i < 500; ++i) {
      message.id = MessageId{static_cast<std::uint64_t>(i) + 1};
      writer.append(spool::AcceptRecord{&message, {}, spool::kNoDeadline, {}});
      writer.append(spool::FinalRecord{message.id, Status::kDelivered, {}, "", 1, {}, {}});
      if (i % 100 == 99) { commit(writer, store); }
    }
    writer.append_idle_marker();
    commit(writer, store);
  }
  int verify() {
    out.str("");
    err.str("");
    return journal_verify(path, out, err);
  }
  [[nodiscard]] std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      std::ifstream file(entry.path(), std::ios::binary);
      all[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  void flip(const std::string& name, std::streamoff offset) const {
    std::fstream file(std::filesystem::path{path} / name, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(offset);
    const int octet = file.get();
    file.seekp(offset);
    file.put(static_cast<char>(octet ^ 4));
  }

  std::string path;
  std::ostringstream out;
  std::ostringstream err;

 private:
  static void commit(spool::JournalWriter& writer, spool::SegmentStore& store) {
    spool::Batch batch = writer.take_batch();
    auto committed = store.commit(batch);
    REQUIRE(committed.has_value());
    writer.on_durable(committed->durable);
    writer.give_back(std::move(batch));
  }
};

}  // namespace

TEST_CASE("a whole journal: segments, records by type, positions, verdict; no file changes, no text shows") {
  Fixture f;
  f.write_journal();
  const auto before = f.contents();
  CHECK(f.verify() == kWhole);
  CHECK(f.contents() == before);
  const std::string out = f.out.str();
  CHECK_THAT(out, Catch::Contains("journal   0000000000abcdef, segments of 64 KiB"));
  CHECK_THAT(out, Catch::Contains("000000000001.seg"));
  CHECK_THAT(out, Catch::Contains("records   ACCEPT                500"));
  CHECK_THAT(out, Catch::Contains("records   FINAL                 500"));
  CHECK_THAT(out, Catch::Contains("records   CHECKPOINT              1"));
  CHECK_THAT(out, Catch::Contains("records   all                  1001"));
  CHECK_THAT(out, Catch::Contains("verdict   whole"));
  CHECK_THAT(out, !Catch::Contains("private words"));
  CHECK(f.err.str().empty());
}

TEST_CASE("a damaged journal: the record by file, offset, position and type, what is wrong and what to do") {
  Fixture f;
  f.write_journal();
  f.flip("000000000001.seg", 64 + 40);
  CHECK(f.verify() == kDamaged);
  CHECK_THAT(f.out.str(), Catch::Contains("verdict   damaged"));
  CHECK_THAT(f.err.str(), Catch::Contains("000000000001.seg, offset 64, lsn 65600, record ACCEPT: ") &&
                              Catch::Contains("checksum") && Catch::Contains("\ntry: "));
}

TEST_CASE(
    "the journal is found from storage.path and from its own folder, and nothing is written in either") {
  Fixture f;
  const std::string storage = f.path;
  f.path = storage + "/journal";
  std::filesystem::create_directory(f.path);
  f.write_journal();
  std::ofstream(storage + "/lock") << "4711\n";  // of a daemon that is gone
  const auto before = f.contents();
  for (const std::string& given : {storage, storage + "/", storage + "/journal", storage + "/journal/"}) {
    INFO(given);
    f.path = given;
    CHECK(f.verify() == kWhole);
    CHECK(f.err.str().empty());
  }
  f.path = storage + "/journal";
  CHECK(f.contents() == before);
  std::string lock;
  std::getline(std::ifstream(storage + "/lock"), lock);
  CHECK(lock == "4711");
  std::filesystem::remove(storage + "/lock");
  CHECK(f.verify() == kWhole);
  CHECK_FALSE(std::filesystem::exists(storage + "/lock"));
  f.flip("000000000001.seg", 64 + 40);
  f.path = storage;
  CHECK(f.verify() == kDamaged);
  CHECK_THAT(f.err.str(), Catch::Contains("/journal/000000000001.seg, offset 64"));
  std::filesystem::rename(storage + "/journal", storage + "/copy");
  CHECK(f.verify() == kNotAJournal);
  CHECK_THAT(f.err.str(), Catch::Contains("neither segments nor a folder journal"));
  f.path = storage;  // what the fixture removes
}

TEST_CASE("a journal that a daemon holds is left alone, whichever way it is named") {
  Fixture f;
  const std::string storage = f.path;
  f.path = storage + "/journal";
  std::filesystem::create_directory(f.path);
  f.write_journal();
  {
    auto lock = runtime::DirectoryLock::take(storage);
    REQUIRE(lock.has_value());
    for (const std::string& given : {storage, storage + "/journal"}) {
      INFO(given);
      f.path = given;
      CHECK(f.verify() == kDamaged);
      CHECK_THAT(f.err.str(), Catch::Contains("a running aldisd holds ") &&
                                  Catch::Contains("(process " + std::to_string(::getpid()) + ")") &&
                                  Catch::Contains("stop aldisd"));
      CHECK(f.out.str().empty());
    }
  }
  CHECK(f.verify() == kWhole);
  f.path = storage;
}

TEST_CASE("no directory, or one without a journal, is said as such") {
  Fixture f;
  CHECK(f.verify() == kNotAJournal);
  CHECK_THAT(f.err.str(), Catch::Contains("no journal in"));
  f.path += "/nowhere";
  CHECK(f.verify() == kNotAJournal);
  CHECK_THAT(f.err.str(), Catch::Contains("cannot open directory"));
  CHECK_FALSE(std::filesystem::exists(f.path));
}

}  // namespace aldis::ctl
