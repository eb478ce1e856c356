// SPDX-License-Identifier: Apache-2.0
// History with millions of messages: what a row costs to write and to index, and how long a search takes.
//
// usage: bench_history FOLDER [ROWS [SEARCHES]]; without numbers 10,000,000 rows, 50 searches of each kind
//
// FOLDER must not exist; it is left behind, about 300 octets a row. Rows are those of usual messages: two
// parts in ten, result, receipt, answer; numbers and operator ids without order. CPU is of this process, all
// of it.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "aldis/history/reader.hpp"
#include "history/catalog.hpp"
#include "history/life.hpp"
#include "history/partition.hpp"

namespace {

using namespace aldis;
using namespace aldis::history;

constexpr std::uint64_t kRowsPerPartition = 200'000;
constexpr std::uint64_t kRowsPerCommit = 5'000;  // about a step's
constexpr WallTime kBegin{microseconds{1'790'000'000'000'000}};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}
double clock_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The same for a sequence number whenever it is asked, and without order.
std::uint64_t stirred(std::uint64_t n) { return hash_value(MessageId{n}); }
std::string number_of(std::uint64_t n) {
  return "4477" + std::to_string(10'000'000 + stirred(n) % 90'000'000);
}
std::string operator_id_of(std::uint64_t n) {
  char text[24];
  std::snprintf(text, sizeof text, "%012llX",
                static_cast<unsigned long long>(stirred(n ^ 0x5555555555u) >> 16));
  return text;
}

void make_row(std::uint64_t n, MessageRow& row) {
  const MessageId id = make_message_id(1, 1, n);
  Message message;
  message.id = message.public_id = id;
  message.account = AccountId{static_cast<std::uint32_t>(stirred(n) >> 40) % 200};
  message.source.digits.assign("SENDER" + std::to_string(stirred(n) % 500));
  message.destination.digits.assign(number_of(n));
  message.accepted_at = kBegin + microseconds{n * 100};
  message.parts.resize(n % 10 < 2 ? 2 : 1);
  row = MessageRow{};
  life::image(row, {.message = &message}, false);
  for (std::uint16_t part = 0; part < message.parts.size(); ++part) {
    const spool::LeasedPart leased{.part = {id, part}};
    const spool::LeaseRecord lease{.op = OperatorId{1}, .link = LinkId{2}};
    life::leased(row, lease, leased, message.accepted_at);
    const std::string operator_id = operator_id_of(n * 4 + part);
    spool::ResultRecord result;
    result.part = {id, part};
    result.op = OperatorId{1};
    result.link = LinkId{2};
    result.operator_message_id = operator_id;
    result.attempt = 1;
    result.at = message.accepted_at + milliseconds{30};
    life::result(row, result);
    spool::ReceiptRecord receipt;
    receipt.part = {id, part};
    receipt.op = OperatorId{1};
    receipt.state = receipt.message_status = n % 5'000 == 0 ? Status::kUndeliverable : Status::kDelivered;
    receipt.done_at = message.accepted_at + seconds{4};
    life::receipt(row, receipt, receipt.done_at);
  }
}

// Folded into one figure each: making the rows is not counted.
void fill(const std::string& folder, std::uint64_t rows) {
  std::filesystem::create_directories(folder);
  Catalog catalog(folder, 1);
  std::vector<MessageRow> batch(kRowsPerCommit);
  double write_cpu = 0;
  double seal_cpu = 0;
  double seal_longest = 0;
  PartitionEntry entry{.first_key = std::numeric_limits<std::int64_t>::min()};
  for (std::uint64_t n = 0; n < rows;) {
    ++entry.number;
    Partition partition(partition_path(folder, entry.number));
    const std::uint64_t end = std::min(rows, n + kRowsPerPartition);
    while (n < end) {
      const std::uint64_t count = std::min(kRowsPerCommit, end - n);
      for (std::uint64_t i = 0; i < count; ++i) { make_row(n + i, batch[i]); }
      const double before = cpu_seconds();
      partition.begin();
      for (std::uint64_t i = 0; i < count; ++i) { partition.put(batch[i], true); }
      partition.commit(Lsn{n});
      n += count;
      if (n % 100'000 == 0) { partition.checkpoint(); }
      write_cpu += cpu_seconds() - before;
    }
    if (n < rows) {  // the last one stays open, as it is in life
      const double before = cpu_seconds();
      for (std::uint32_t i = 0; i < Partition::kIndexes; ++i) {
        const double began = clock_seconds();
        partition.build_index(i);
        seal_longest = std::max(seal_longest, clock_seconds() - began);
      }
      partition.checkpoint();
      entry.times = partition.times();
      seal_cpu += cpu_seconds() - before;
      entry.stage = PartitionEntry::kSealed;
    } else {
      entry.stage = PartitionEntry::kOpen;
    }
    catalog.put(entry);
    entry.first_key = key_of(make_message_id(1, 1, n));
  }
  std::uint64_t octets = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) { octets += file.file_size(); }
  const auto count = static_cast<double>(rows);
  std::printf("write  %6.2f us CPU a row, without secondary index, synced every 100,000 rows\n",
              write_cpu / count * 1e6);
  std::printf("seal   %6.2f us CPU a row; the longest index took %.2f s\n", seal_cpu / count * 1e6,
              seal_longest);
  std::printf("size   %6.0f octets a row, %lld partitions\n", static_cast<double>(octets) / count,
              static_cast<long long>(entry.number));
}

template <class Ask>
void measure(const char* what, int searches, Ask ask) {
  std::vector<double> took;
  const double cpu_before = cpu_seconds();
  for (int i = 0; i < searches; ++i) {
    const double began = clock_seconds();
    ask();
    took.push_back((clock_seconds() - began) * 1e3);
  }
  const double cpu = (cpu_seconds() - cpu_before) / searches * 1e3;
  const double first = took.front();
  std::sort(took.begin(), took.end());
  std::printf("%-26s first %8.2f ms, median %8.2f, longest %8.2f; CPU %8.2f\n", what, first,
              took[took.size() / 2], took.back(), cpu);
}

void search(const std::string& folder, std::uint64_t rows, int searches) {
  std::mt19937_64 random(1);
  Reader reader(folder);
  std::uint64_t empty = 0;
  const auto list = [&](const Filter& filter) {
    const auto page = reader.list(filter, Order::kNewestFirst, std::nullopt, 100);
    if (page.has_error()) { std::printf("%s\n", page.error().c_str()); }
    if (page.has_error() || page->rows.empty()) { ++empty; }
  };
  measure("by id", searches, [&] {
    const auto row = reader.find(make_message_id(1, 1, random() % rows));
    if (row.has_error() || !*row) { ++empty; }
  });
  measure("by destination", searches, [&] {
    Filter f;
    f.destination = number_of(random() % rows);
    list(f);
  });
  measure("by operator id", searches, [&] {
    Filter f;
    f.operator_id = operator_id_of(random() % rows * 4);
    list(f);
  });
  measure("by account and number", searches, [&] {
    const std::uint64_t n = random() % rows;
    Filter f;
    f.account = AccountId{static_cast<std::uint32_t>(stirred(n) >> 40) % 200};
    f.destination = number_of(n);
    list(f);
  });
  measure("by account, newest 100", searches, [&] {
    Filter f;
    f.account = AccountId{static_cast<std::uint32_t>(random() % 200)};
    list(f);
  });
  measure("by source, newest 100", searches, [&] {
    Filter f;
    f.source = "SENDER" + std::to_string(random() % 500);
    list(f);
  });
  measure("by rare status, newest 100", std::min(searches, 5), [&] {
    Filter f;
    f.statuses = 1u << static_cast<unsigned>(Status::kUndeliverable);
    list(f);
  });
  measure("a new reader, destination", searches, [&] {
    Reader fresh(folder);
    Filter f;
    f.destination = number_of(random() % rows);
    const auto page = fresh.list(f, Order::kNewestFirst, std::nullopt, 100);
    if (page.has_error() || page->rows.empty()) { ++empty; }
  });
  if (empty > 0) {
    std::printf("%llu searches found nothing: a bug\n", static_cast<unsigned long long>(empty));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4 || std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "usage: bench_history NEW_FOLDER [ROWS [SEARCHES]]\n");
    return 2;
  }
  const std::uint64_t rows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000'000;
  const int searches = argc > 3 ? std::atoi(argv[3]) : 50;
  if (rows == 0 || searches < 1) { return 2; }
  std::printf("%llu rows\n", static_cast<unsigned long long>(rows));
  fill(argv[1], rows);
  search(argv[1], rows, searches);
  return 0;
}
