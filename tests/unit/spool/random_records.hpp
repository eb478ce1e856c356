// SPDX-License-Identifier: Apache-2.0
// Records with random contents. `full` fills every field with something that is not its default; otherwise
// each field is left alone half of the time. Views are good until the next any() or each().
#pragma once

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "aldis/spool/records.hpp"

namespace aldis::spool {

class RandomRecords {
 public:
  explicit RandomRecords(std::uint64_t seed, bool full = false) : random_(seed), full_(full) {}

  AcceptRecord accept(std::size_t body_max = 200);
  LeaseRecord lease();
  ResultRecord result();
  ReceiptRecord receipt();
  OrphanRecord orphan();
  OrphanDoneRecord orphan_done();
  InboundRecord inbound();
  OwedDoneRecord owed_done();
  FinalRecord final_record();
  ChangeRecord change();
  SettingsRecord settings();
  CheckpointRecord checkpoint();

  // Calls sink(record) with one of a random type.
  template <class Sink>
  void any(Sink&& sink) {
    texts_.clear();
    switch (below(16)) {
      case 0: return sink(lease());
      case 1: return sink(result());
      case 2: return sink(receipt());
      case 3: return sink(orphan());
      case 4: return sink(orphan_done());
      case 5: return sink(inbound());
      case 6: return sink(owed_done());
      case 7: return sink(final_record());
      case 8: return sink(change());
      case 9: return sink(settings());
      case 10: return sink(checkpoint());
      default: return sink(accept());
    }
  }
  template <class Sink>
  void each(Sink&& sink) {
    texts_.clear();
    sink(accept());
    sink(lease());
    sink(result());
    sink(receipt());
    sink(orphan());
    sink(orphan_done());
    sink(inbound());
    sink(owed_done());
    sink(final_record());
    sink(change());
    sink(settings());
    sink(checkpoint());
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool coin() { return (random_() & 1u) != 0; }

 private:
  bool set() { return full_ || coin(); }
  template <class T>
  void number(T& field) {
    if (set()) { field = static_cast<T>(random_() >> below(8 * sizeof(T))) | T{1}; }
  }
  template <class Enum>
  void enumerator(Enum& field, Enum last) {
    const Enum absent = field;
    if (!set()) { return; }
    do {
      field = static_cast<Enum>(below(static_cast<std::uint64_t>(last) + 1));
    } while (full_ && field == absent);
  }
  void flag(bool& field) { field = set(); }
  template <class Id>
  void id(Id& field) {
    if (set()) { field = Id{static_cast<typename Id::Value>(random_() >> 34) | 1u}; }
  }
  void time(WallTime& field) {
    if (set()) {
      field = WallTime{microseconds{1'700'000'000'000'000 + static_cast<std::int64_t>(below(1u << 30))}};
    }
  }
  std::string octets(std::size_t size_max);
  std::string_view view(std::size_t size_max) { return texts_.emplace_back(octets(size_max)); }
  template <std::size_t N>
  void text(FixedString<N>& field) {
    field.assign(octets(N));
  }
  void address(Address& field);
  Part part(const Message& m);
  OwedItem owed();
  void webhooks(WebhookNumbers& field) {
    for (std::uint64_t n = full_ ? 2 : below(4); n > 0; --n) {
      field.push_back(WebhookNumber{random_() | 1u});
    }
  }
  void maybe_owed(std::optional<OwedItem>& field) {
    if (set()) { field = owed(); }
  }
  void tables(std::span<const NameEntry>& names, std::span<const DialectEntry>& dialects);

  std::mt19937_64 random_;
  bool full_;
  std::deque<std::string> texts_;
  Message message_;
  Inbound inbound_;
  std::vector<OwedItem> owed_;
  std::vector<LeasedPart> parts_;
  std::vector<NameEntry> names_;
  std::vector<DialectEntry> dialects_;
  std::vector<StoredEntry> stored_;
  std::vector<ShortIdCounter> short_ids_;
  std::vector<VolumeUsed> volumes_;
};

}  // namespace aldis::spool
