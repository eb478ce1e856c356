// SPDX-License-Identifier: Apache-2.0
// One bit of a segment that had been durable is wrong: the recovery of a start must refuse and name the
// record, or give exactly the records that the whole journal gives (padding and what was never written say
// nothing). One bit of each octet, over a copy of a journal in memory: turn 0 to 7 together flip all of them.
// bitflip_campaign.py has the daemon write the journal.
//
// usage: journal_flips JOURNAL [--from OCTET] [--to OCTET] [--step OCTETS] [--turn N]
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/spool/recover.hpp"

namespace aldis::spool {
namespace {

using Contents = std::map<std::string, std::string, std::less<>>;

ports::FileError no_such(std::string_view name) { return {ENOENT, std::string{name} + ": no such file"}; }

class WrittenFile final : public ports::File {
 public:
  WrittenFile(const std::string* whole, std::string* own) : whole_(whole), own_(own) {}
  Result<void, ports::FileError> write_at(std::uint64_t offset, Octets octets) override {
    if (whole_ != nullptr) { *own_ = *whole_, whole_ = nullptr; }
    own_->resize(std::max(own_->size(), offset + octets.size()));
    own_->replace(offset, octets.size(), octets);
    return {};
  }
  Result<std::size_t, ports::FileError> read_at(std::uint64_t offset, std::size_t size,
                                                std::string& into) override {
    const std::string& from = whole_ != nullptr ? *whole_ : *own_;
    offset = std::min<std::uint64_t>(offset, from.size());
    into.assign(from, offset, size);
    return Result<std::size_t, ports::FileError>{boost::system::in_place_value, into.size()};
  }
  Result<void, ports::FileError> sync() override { return {}; }
  [[nodiscard]] std::uint64_t size() const override { return (whole_ != nullptr ? whole_ : own_)->size(); }

 private:
  const std::string* whole_;  // nullptr once something was written
  std::string* own_;
};

// What a start changes is kept beside the journal, and forgotten with this.
class Overlay final : public ports::Files {
 public:
  explicit Overlay(const Contents& journal) {
    for (const auto& [name, octets] : journal) { names_[name].whole = &octets; }
  }
  Result<std::unique_ptr<ports::File>, ports::FileError> create(std::string_view name) override {
    ALDIS_CHECK(!names_.contains(name));
    return opened(names_[std::string{name}]);
  }
  Result<std::unique_ptr<ports::File>, ports::FileError> open(std::string_view name) override {
    const auto at = names_.find(name);
    if (at == names_.end()) { return no_such(name); }
    return opened(at->second);
  }
  Result<void, ports::FileError> rename(std::string_view from, std::string_view to) override {
    const auto at = names_.find(from);
    if (at == names_.end()) { return no_such(from); }
    Entry entry = std::move(at->second);
    names_.erase(at);
    names_[std::string{to}] = std::move(entry);
    return {};
  }
  Result<void, ports::FileError> remove(std::string_view name) override {
    const auto at = names_.find(name);
    if (at == names_.end()) { return no_such(name); }
    names_.erase(at);
    return {};
  }
  Result<void, ports::FileError> sync_directory() override { return {}; }
  Result<std::vector<std::string>, ports::FileError> list() override {
    std::vector<std::string> names;
    for (const auto& [name, entry] : names_) { names.push_back(name); }
    return names;
  }
  Result<ports::Space, ports::FileError> space() override { return ports::Space{1ull << 40, 1ull << 40}; }

  [[nodiscard]] const std::string& octets(std::string_view name) const {
    const auto at = names_.find(name);
    ALDIS_CHECK(at != names_.end());
    return at->second.own->empty() ? *at->second.whole : *at->second.own;
  }

 private:
  struct Entry {
    const std::string* whole = nullptr;
    std::unique_ptr<std::string> own = std::make_unique<std::string>();
  };
  static std::unique_ptr<ports::File> opened(Entry& entry) {
    // What was written through an earlier handle is read through the next one.
    return std::make_unique<WrittenFile>(entry.own->empty() ? entry.whole : nullptr, entry.own.get());
  }
  std::map<std::string, Entry, std::less<>> names_;
};

// Which places of the journal a start takes for records.
class Places final : public ReplayVisitor {
 public:
  std::vector<Place> all;
  void on(const Place& place, const AcceptRecord&) override { all.push_back(place); }
  void on(const Place& place, const LeaseRecord&) override { all.push_back(place); }
  void on(const Place& place, const ResultRecord&) override { all.push_back(place); }
  void on(const Place& place, const ReceiptRecord&) override { all.push_back(place); }
  void on(const Place& place, const OrphanRecord&) override { all.push_back(place); }
  void on(const Place& place, const OrphanDoneRecord&) override { all.push_back(place); }
  void on(const Place& place, const InboundRecord&) override { all.push_back(place); }
  void on(const Place& place, const OwedDoneRecord&) override { all.push_back(place); }
  void on(const Place& place, const FinalRecord&) override { all.push_back(place); }
  void on(const Place& place, const ChangeRecord&) override { all.push_back(place); }
  void on(const Place& place, const SettingsRecord&) override { all.push_back(place); }
  void on(const Place& place, const CheckpointRecord&) override { all.push_back(place); }
};

// What a start knows: the octets of every record, without the zeros behind its checksum.
struct State {
  std::string records;
  std::size_t records_count = 0;
  std::uint64_t longest = kSegmentHeaderOctets;  // octets of a record, or of the header
  std::uint64_t position = 0;

  friend bool operator==(const State&, const State&) = default;
};

struct Counts {
  std::uint64_t bits = 0;
  std::uint64_t refused = 0;    // and the record, or the segment's header, was named
  std::uint64_t identical = 0;  // in octets that say nothing
  std::uint64_t misnamed = 0;   // refused, for another place than the flipped one
  std::uint64_t silent = 0;     // another state than that of the whole journal
};

Result<State, Damage> start(const Contents& journal) {
  Overlay files{journal};
  Places shown;
  auto recovered = recover(files, {}, shown);
  if (recovered.has_error()) {
    ALDIS_CHECK(shown.all.empty());
    return recovered.error();
  }
  State state;
  state.position = recovered->writer.position.value();
  state.records_count = shown.all.size();
  const std::uint64_t segment_octets = recovered->writer.segment_octets;
  for (const Place& place : shown.all) {
    const std::string& file = files.octets(segment_name(place.begin.value() / segment_octets));
    const std::uint64_t begin = place.begin.value() % segment_octets;
    std::uint32_t payload = 0;
    std::memcpy(&payload, file.data() + begin, sizeof payload);
    state.records.append(file, begin, kRecordHeaderOctets + payload + kChecksumOctets);
    state.longest = std::max(state.longest, place.end.value() - place.begin.value());
  }
  return state;
}

// The place that is named is the begin of a record, so at most as far before the bit as the longest is long.
bool names(const Damage& damage, const std::string& name, std::uint64_t octet, std::uint64_t longest) {
  return damage.file == name && damage.offset <= octet && octet - damage.offset < longest;
}

void flip(std::string& octets, std::uint64_t at, unsigned bit) {
  octets[at] = static_cast<char>(static_cast<unsigned char>(octets[at]) ^ (1u << bit));
}

Counts flip_all(Contents& journal, const std::string& name, std::uint64_t from, std::uint64_t to,
                std::uint64_t step, std::uint64_t turn, const State& whole) {
  Counts counts;
  std::string& octets = journal.at(name);
  for (std::uint64_t at = from; at < to; at += step) {
    const auto bit = static_cast<unsigned>((at + turn) % 8);
    flip(octets, at, bit);
    const auto found = start(journal);
    const bool good = found.has_value() ? *found == whole : names(found.error(), name, at, whole.longest);
    ++counts.bits;
    if (found.has_value()) {
      ++(good ? counts.identical : counts.silent);
    } else {
      ++(good ? counts.refused : counts.misnamed);
    }
    if (!good) {
      std::fprintf(
          stderr, "%s octet %llu bit %u: %s\n", name.c_str(), static_cast<unsigned long long>(at), bit,
          found.has_value() ? "another state, and nobody was told" : found.error().sentence().c_str());
    }
    flip(octets, at, bit);
  }
  return counts;
}

Contents read(const std::string& folder) {
  Contents journal;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    journal[entry.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return journal;
}

// Segments without a record are left out: they cost time, and are looked at by the unit tests.
void leave_out_prepared(Contents& journal, const VerifyReport& report) {
  std::erase_if(journal, [&](const auto& file) {
    return std::none_of(report.segments.begin(), report.segments.end(),
                        [&](const auto& segment) { return segment_name(segment.number) == file.first; });
  });
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  ALDIS_CHECK(error == std::errc{} && end == text.data() + text.size());
  return number;
}

int run(const std::vector<std::string>& arguments) {
  std::map<std::string, std::uint64_t> options{{"--from", 0}, {"--to", ~0ull}, {"--step", 1}, {"--turn", 0}};
  if (arguments.size() % 2 == 0) { return 2; }
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    if (!options.contains(arguments[i])) { return 2; }
    options[arguments[i]] = number_of(arguments[i + 1]);
  }
  Contents journal = read(arguments.front());
  Overlay looked_at{journal};
  const VerifyReport report = verify(looked_at);
  if (report.damage || report.segments.size() < 2) {
    std::fprintf(stderr, "%s\n",
                 report.damage ? report.damage->sentence().c_str() : "one segment proves nothing");
    return 2;
  }
  leave_out_prepared(journal, report);
  const SegmentNumber number = report.segments.front().number;
  const std::string name = segment_name(number);
  if (report.durable.value() < (number + 1) * report.segment_octets) {
    std::fprintf(stderr, "%s is not durable to its end\n", name.c_str());
    return 2;
  }
  const auto whole = start(journal);
  ALDIS_CHECK(whole.has_value());
  const std::uint64_t to = std::min(options["--to"], report.segment_octets);
  const Counts counts =
      flip_all(journal, name, options["--from"], to, options["--step"], options["--turn"], *whole);
  const auto u = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "{\"bits\":%llu,\"refused\":%llu,\"identical\":%llu,\"misnamed\":%llu,\"silent\":%llu,"
      "\"segment_octets\":%llu,\"records\":%zu}\n",
      u(counts.bits), u(counts.refused), u(counts.identical), u(counts.misnamed), u(counts.silent),
      u(report.segment_octets), whole->records_count);
  return counts.silent + counts.misnamed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace aldis::spool

int main(int argc, char** argv) {
  ALDIS_CHECK(aldis::mutants::choose(std::getenv("ALDIS_MUTANT")));
  const int code = argc < 2 ? 2 : aldis::spool::run({argv + 1, argv + argc});
  if (code == 2) {
    std::fprintf(stderr,
                 "usage: journal_flips JOURNAL [--from OCTET] [--to OCTET] [--step OCTETS] [--turn N]\n");
  }
  return code;
}
