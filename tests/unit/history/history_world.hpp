// SPDX-License-Identifier: Apache-2.0
// A journal on a simulated disk, a history in a temporary folder, and a model that knows what must stand
// there.
#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aldis/history/follower.hpp"
#include "aldis/history/reader.hpp"
#include "aldis/spool/recover.hpp"
#include "history/life.hpp"
#include "support/sim_disk.hpp"
#include "unit/spool/random_records.hpp"

namespace aldis::history {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where that is a folder: thousands of syncs of a disk take minutes, and prove nothing here.
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    const auto above = in_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    std::string name = (above / "aldis-history-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path path;
};

// One row of each message, brought up to date record by record: no batch, no partition, no file.
class Model final : public spool::ReplayVisitor {
 public:
  std::map<MessageId, MessageRow> rows;
  std::vector<MessageId> ids;  // in the order of acceptance

  void on(const spool::Place&, const spool::AcceptRecord& r) override {
    clock_ = std::max(clock_, r.message->accepted_at);
    const auto [at, added] = rows.try_emplace(r.message->id);
    if (added) { ids.push_back(r.message->id); }
    life::image(at->second, r, !added);
  }
  void on(const spool::Place&, const spool::LeaseRecord& r) override {
    for (const auto& part : r.parts) {
      if (auto* row = find(part.part.message)) { life::leased(*row, r, part, clock_); }
    }
  }
  void on(const spool::Place&, const spool::ResultRecord& r) override {
    clock_ = std::max(clock_, r.at);
    if (auto* row = find(r.part.message)) { life::result(*row, r); }
  }
  void on(const spool::Place&, const spool::ReceiptRecord& r) override {
    if (r.owed) { clock_ = std::max(clock_, r.owed->owed_since); }
    if (auto* row = find(r.part.message)) { life::receipt(*row, r, clock_); }
  }
  void on(const spool::Place&, const spool::OwedDoneRecord& r) override {
    auto* row = r.inbound ? nullptr : find(r.id);
    if (row != nullptr) { life::owed_done(*row, r, clock_); }
  }
  void on(const spool::Place&, const spool::FinalRecord& r) override {
    clock_ = std::max(clock_, r.done_at);
    if (auto* row = find(r.message)) { life::ended(*row, r, clock_); }
  }
  void on(const spool::Place&, const spool::ChangeRecord& r) override {
    if (auto* row = find(r.message)) { life::changed(*row, r, clock_); }
  }
  void on(const spool::Place&, const spool::OrphanRecord& r) override {
    clock_ = std::max(clock_, r.receipt.received_at);
  }
  void on(const spool::Place&, const spool::OrphanDoneRecord&) override {}
  void on(const spool::Place&, const spool::InboundRecord& r) override {
    clock_ = std::max(clock_, r.inbound->received_at);
  }
  void on(const spool::Place&, const spool::SettingsRecord&) override {}
  void on(const spool::Place&, const spool::CheckpointRecord& r) override {
    clock_ = std::max(clock_, r.wall);
  }

 private:
  MessageRow* find(MessageId id) {
    const auto at = rows.find(id);
    return at == rows.end() ? nullptr : &at->second;
  }
  WallTime clock_{};
};

class World {
 public:
  static constexpr std::uint64_t kSegment = 64u << 10;
  static constexpr std::uint64_t kJournalId = 77;

  explicit World(std::uint64_t seed) : records(seed) {
    settings.directory = (folder.path / "history").string();
    settings.rows_max = 60;
    settings.octets_per_step = 4000;
    settings.sync_every = hours{1};
    settings.keep = hours{24 * 365};
    start_journal();
  }

  void start_journal() {
    model = std::make_unique<Model>();
    auto started = spool::recover(disk, {.segment_octets = kSegment, .new_journal_id = kJournalId}, *model);
    REQUIRE(started.has_value());
    generation = started->writer.generation;
    sequence = 0;
    writer = std::make_unique<spool::JournalWriter>(started->writer, 1);
    store = std::make_unique<spool::SegmentStore>(disk, started->store, 1);
  }
  void start_follower() { follower = std::make_unique<Follower>(settings, disk, kJournalId, kSegment); }

  template <class Record>
  void append(const Record& record) {
    model->on(spool::Place{}, record);
    writer->append(record);
  }
  void accept() {
    MessageId id = make_message_id(3, generation, ++sequence);
    image(records.accept(60), id);
  }
  // What follows speaks of a message that was accepted lately, or long ago.
  void something() {
    if (model->ids.empty() || records.below(3) == 0) { return accept(); }
    const std::uint64_t back = records.coin() ? records.below(20) : records.below(model->ids.size());
    const MessageId id =
        model->ids[model->ids.size() - 1 - std::min<std::uint64_t>(back, model->ids.size() - 1)];
    now.wall += microseconds{1 + records.below(100'000)};
    records.any([&](auto record) { speak(record, id); });
  }
  void commit() {
    if (!writer->has_pending()) { return; }
    auto batch = writer->take_batch();
    const auto committed = store->commit(batch);
    REQUIRE(committed.has_value());
    writer->on_durable(committed->durable);
    writer->on_room(committed->room);
    while (*store->idle_work() == spool::Work::kMore) {}
  }
  void run(int batches, int each) {
    for (int i = 0; i < batches; ++i) {
      for (int n = 0; n < each; ++n) { something(); }
      commit();
    }
  }
  void prove() {  // what the idle marker does
    commit();
    for (int i = 0; i < 2; ++i) {
      writer->append_idle_marker();
      commit();
    }
  }
  // Until there is nothing more to read; false on an error.
  bool follow() {
    while (follower->step(now, writer->durable())) {}
    return follower->standing().error.empty();
  }

  TemporaryFolder folder;
  testing::SimDisk disk;
  spool::RandomRecords records;
  std::unique_ptr<Model> model;
  std::unique_ptr<spool::JournalWriter> writer;
  std::unique_ptr<spool::SegmentStore> store;
  FollowerSettings settings;
  std::unique_ptr<Follower> follower;
  Now now{Instant{} + seconds{5}, WallTime{microseconds{1'700'000'000'000'000}}};
  std::uint32_t generation = 0;
  std::uint64_t sequence = 0;

  [[nodiscard]] std::string number() { return "4477009000" + std::to_string(records.below(30)); }
  [[nodiscard]] std::string operator_id() { return "ID" + std::to_string(records.below(200)); }

 private:
  void image(const spool::AcceptRecord& random, MessageId id) {
    message_ = *random.message;
    message_.id = message_.public_id = id;
    message_.account = AccountId{static_cast<std::uint32_t>(records.below(5))};
    message_.op = records.coin() ? kNoOperator : OperatorId{static_cast<std::uint32_t>(records.below(4))};
    message_.source.digits.assign(number());
    message_.destination.digits.assign(number());
    const auto known = model->rows.find(id);
    message_.accepted_at = known == model->rows.end() ? now.wall : known->second.accepted_at;
    for (Part& part : message_.parts) { part.operator_id = part.attempt == 0 ? "" : operator_id(); }
    append(spool::AcceptRecord{&message_, random.due_at, random.expires_at, random.owed});
  }
  void speak(const spool::AcceptRecord& record, MessageId id) { image(record, id); }
  void speak(spool::LeaseRecord record, MessageId id) {
    leased_.assign(record.parts.begin(), record.parts.end());
    for (auto& part : leased_) { part.part = {id, static_cast<std::uint16_t>(records.below(3))}; }
    record.parts = leased_;
    append(record);
  }
  void speak(spool::ResultRecord record, MessageId id) {
    record.part = {id, static_cast<std::uint16_t>(records.below(3))};
    record.at = now.wall;
    const std::string text = operator_id();
    record.operator_message_id = text;
    append(record);
  }
  void speak(spool::ReceiptRecord record, MessageId id) {
    record.part = {id, static_cast<std::uint16_t>(records.below(3))};
    record.operator_message_id = {};
    append(record);
  }
  void speak(spool::FinalRecord record, MessageId id) {
    record.message = id;
    record.done_at = now.wall;
    append(record);
  }
  void speak(spool::ChangeRecord record, MessageId id) {
    record.message = id;
    append(record);
  }
  void speak(spool::OwedDoneRecord record, MessageId id) {
    record.id = id;
    append(record);
  }
  template <class Record>
  void speak(const Record& record, MessageId) {
    append(record);
  }

  Message message_;
  std::vector<spool::LeasedPart> leased_;
};

inline bool matches(const Filter& f, const MessageRow& row) {
  if (f.account && row.account != *f.account) { return false; }
  const auto to = row.destination.digits.view();
  if (!f.destination.empty() &&
      (f.destination_prefix ? !to.starts_with(f.destination) : to != f.destination)) {
    return false;
  }
  if (!f.source.empty() && row.source.digits.view() != f.source) { return false; }
  const auto has_id = [&](const PartRow& part) { return part.operator_id == f.operator_id; };
  if (!f.operator_id.empty() && std::none_of(row.parts.begin(), row.parts.end(), has_id)) { return false; }
  if (f.op && row.op != *f.op) { return false; }
  if (f.statuses != 0 && (f.statuses & (1u << static_cast<unsigned>(row.status))) == 0) { return false; }
  if (f.since && row.accepted_at < *f.since) { return false; }
  return !f.until || row.accepted_at < *f.until;
}

// Everything that the model has, by id and in pages of any size.
inline void check_all(World& world, Reader& reader) {
  std::vector<MessageRow> all;
  for (std::optional<MessageId> after;;) {
    const std::size_t limit = 1 + world.records.below(90);
    const auto page = reader.list({}, Order::kOldestFirst, after, limit);
    REQUIRE(page.has_value());
    REQUIRE(page->rows.size() <= limit);
    all.insert(all.end(), page->rows.begin(), page->rows.end());
    after = page->next;
    if (!after) { break; }
  }
  REQUIRE(all.size() == world.model->rows.size());
  std::size_t i = 0;
  for (const auto& [id, row] : world.model->rows) {
    INFO("message " << i << " id " << id.value());
    REQUIRE(all[i].id == id);
    REQUIRE(all[i].steps.size() == row.steps.size());
    REQUIRE((all[i] == row));
    ++i;
  }
}

}  // namespace aldis::history
