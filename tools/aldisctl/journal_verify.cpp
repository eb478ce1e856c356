// SPDX-License-Identifier: Apache-2.0
#include "journal_verify.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <ostream>
#include <sstream>
#include <string_view>
#include <vector>

#include "aldis/runtime/posix_files.hpp"
#include "aldis/spool/recover.hpp"

namespace aldis::ctl {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kJournal = "journal";  // the journal's folder in storage.path
constexpr std::string_view kTry =
    "try: the directory that storage.path of aldisd.yaml names, or the journal folder in it\n";

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

unsigned long long wide(std::uint64_t value) { return value; }

void print_segments(const spool::VerifyReport& report, std::ostream& out) {
  out << formatted("%-18s %10s %10s %10s %20s %20s\n", "segment", "generation", "records", "octets",
                   "first lsn", "end lsn");
  for (const auto& segment : report.segments) {
    out << formatted("%-18s %10u %10llu %10llu %20llu %20llu\n", spool::segment_name(segment.number).c_str(),
                     segment.generation, wide(segment.records), wide(segment.octets),
                     wide(segment.first.value()), wide(segment.end.value()));
  }
}

void print_records(const spool::VerifyReport& report, std::ostream& out) {
  std::uint64_t total = 0;
  for (std::size_t type = 1; type < report.records.size(); ++type) {
    if (report.records[type] == 0) { continue; }
    total += report.records[type];
    const std::string_view name = name_of(static_cast<spool::RecordType>(type));
    out << formatted("records   %-12.*s %12llu\n", static_cast<int>(name.size()), name.data(),
                     wide(report.records[type]));
  }
  out << formatted("records   %-12s %12llu\n", "all", wide(total));
}

void print_positions(const spool::VerifyReport& report, std::ostream& out) {
  out << "first     lsn " << report.first.value() << "\n";
  out << "last      lsn " << report.end.value() << "\n";
  out << "durable   lsn " << report.durable.value();
  if (report.records_unproven > 0) {
    out << ", proved by later records; the " << report.records_unproven
        << " records behind it are whole, and the next start writes them anew";
  }
  out << "\n";
  if (report.octets_torn > 0) {
    out << "torn      " << report.octets_torn
        << " octets behind the last record: a write that a crash cut short; nothing in them was ever "
           "promised\n";
  }
  out << "prepared  " << report.segments_prepared << " segments\n";
}

// The daemon writes while it runs, and what is read in the middle of a write looks damaged. Its lock lies in
// storage.path, beside the journal's folder.
std::optional<std::string> who_writes(const fs::path& journal) {
  std::vector<fs::path> places{journal};
  if (journal.filename() == kJournal) { places.push_back(journal.parent_path()); }
  for (const fs::path& place : places) {
    const auto holder = runtime::DirectoryLock::holder(place.string());
    if (holder.has_error()) { return holder.error().sentence; }
    if (!holder->empty()) { return "a running aldisd holds " + place.string() + " (" + *holder + ")"; }
  }
  return std::nullopt;
}

int refuse(std::ostream& err, const std::string& why) {
  err << "aldisctl: " << why << "\ntry: stop aldisd, or verify a copy of the directory\n";
  return kDamaged;
}

}  // namespace

int print_verdict(ports::Files& files, const std::string& directory, std::ostream& out, std::ostream& err) {
  const spool::VerifyReport report = spool::verify(files);
  if (report.segments.empty() && !report.damage) {
    err << "aldisctl: no journal in " << directory
        << ": it has neither segments nor a folder journal with them\n"
        << kTry;
    return kNotAJournal;
  }
  if (!report.segments.empty()) {
    out << formatted("journal   %016llx, segments of %llu KiB\n", wide(report.journal_id),
                     wide(report.segment_octets >> 10u));
    print_segments(report, out);
    print_records(report, out);
    print_positions(report, out);
  }
  if (!report.damage) {
    out << "verdict   whole\n";
    return kWhole;
  }
  const spool::Damage& damage = *report.damage;
  out << "verdict   "
      << (damage.kind == spool::Damage::Kind::kNewerFormat ? "not for this version" : "damaged") << "\n";
  err << "aldisctl: " << directory << "/" << damage.file << ", offset " << damage.offset << ", lsn "
      << damage.lsn.value() << ", record " << name_of(damage.type) << ": " << damage.what << "\n"
      << "try: " << damage.advice << "\n";
  return damage.kind == spool::Damage::Kind::kFiles ? kNotAJournal : kDamaged;
}

int journal_verify(const std::string& directory, std::ostream& out, std::ostream& err) {
  std::error_code error;
  fs::path journal = fs::canonical(directory, error);
  if (error) { journal = directory; }  // opening it says what is wrong with it
  if (fs::is_directory(journal / kJournal, error)) { journal /= kJournal; }
  auto files = runtime::PosixFiles::open_read_only(journal.string());
  if (files.has_error()) {
    err << "aldisctl: " << files.error().sentence << "\n" << kTry;
    return kNotAJournal;
  }
  if (const auto why = who_writes(journal)) { return refuse(err, *why); }
  std::ostringstream read;
  std::ostringstream found;
  const int verdict = print_verdict(**files, journal.string(), read, found);
  // Started meanwhile: what was read while it wrote proves nothing.
  if (const auto why = who_writes(journal)) { return refuse(err, *why); }
  out << read.str();
  err << found.str();
  return verdict;
}

}  // namespace aldis::ctl
