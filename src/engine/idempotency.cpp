// SPDX-License-Identifier: Apache-2.0
#include "engine/idempotency.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "aldis/base/mutant.hpp"
#include "engine/state.hpp"

namespace aldis::engine {

namespace {

constexpr std::size_t kEntryOctets = 34;
constexpr std::size_t kPerPage = kStoredOctetsMax / kEntryOctets;

template <class T>
void put(std::string& out, T value) {
  char octets[sizeof value];
  std::memcpy(octets, &value, sizeof value);  // little-endian, as the journal is
  out.append(octets, sizeof value);
}

template <class T>
T take(Octets& in) {
  T value{};
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return value;
}

std::string page_name(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

std::uint64_t Idempotency::hash_of(AccountId account, Octets key) const {
  std::string text;
  put(text, account.value());
  text.append(key);
  const std::uint64_t hash = siphash24(key_, text);
  return hash == 0 ? 1 : hash;
}

const IdempotentRequest* Idempotency::find(const Now& now, std::uint64_t key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.request.accepted_at + retention_ <= now.wall) {
    return nullptr;
  }
  return &found->second.request;
}

bool Idempotency::in_flight(std::uint64_t key, Lsn durable) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && (found->second.end == Lsn{} || found->second.end > durable);
}

void Idempotency::accepted(const IdempotentRequest& request) {
  entries_.insert_or_assign(request.key, Entry{request, Lsn{}});
  order_.emplace_back(request.accepted_at, request.key);
  fresh_.emplace(request.message, request.key);
  unpaged_.push_back(request.key);
}

std::optional<IdempotentRequest> Idempotency::take_fresh(MessageId message) {
  if (fresh_.empty()) { return std::nullopt; }
  const auto found = fresh_.find(message);
  if (found == fresh_.end()) { return std::nullopt; }
  const auto request = entries_.at(found->second).request;
  fresh_.erase(found);
  return request;
}

void Idempotency::written(std::uint64_t key, Lsn end) { entries_.at(key).end = end; }

void Idempotency::replay(const IdempotentRequest& request) {
  const bool fresh = entries_.emplace(request.key, Entry{request, Lsn{1}}).second;
  if (!fresh) { return; }
  order_.emplace_back(request.accepted_at, request.key);
  unpaged_.push_back(request.key);
}

void Idempotency::replay_page(std::string_view name, Octets octets) {
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number, 16);
  next_page_ = std::max(next_page_, number + 1);
  Page page{std::string{name}, {}};
  while (octets.size() >= kEntryOctets) {
    IdempotentRequest request;
    request.key = take<std::uint64_t>(octets);
    request.message = MessageId{take<std::uint64_t>(octets)};
    request.print = take<std::uint64_t>(octets);
    request.accepted_at = WallTime{microseconds{take<std::int64_t>(octets)}};
    request.parts = take<std::uint16_t>(octets);
    page.newest = std::max(page.newest, request.accepted_at);
    if (entries_.emplace(request.key, Entry{request, Lsn{1}}).second) {
      order_.emplace_back(request.accepted_at, request.key);
    }
  }
  pages_.push_back(std::move(page));
}

void Idempotency::replayed(const Now& now) {
  std::sort(order_.begin(), order_.end());
  std::sort(pages_.begin(), pages_.end(), [](const Page& a, const Page& b) { return a.newest < b.newest; });
  forget_old(now);
}

void Idempotency::forget_old(const Now& now) {
  while (!order_.empty() && (order_.size() > kMax || order_.front().first + retention_ <= now.wall)) {
    const auto [at, key] = order_.front();
    order_.pop_front();
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.request.accepted_at == at) { entries_.erase(found); }
  }
}

void Idempotency::write_pages(State& s, const Now& now) {
  forget_old(now);
  std::size_t at = 0;
  while (at < unpaged_.size() && !ALDIS_MUTANT(153)) {
    std::string octets;
    Page page{page_name(next_page_), {}};
    for (; at < unpaged_.size() && octets.size() + kEntryOctets <= kPerPage * kEntryOctets; ++at) {
      const auto found = entries_.find(unpaged_[at]);
      if (found == entries_.end()) { continue; }
      const IdempotentRequest& request = found->second.request;
      put(octets, request.key);
      put(octets, request.message.value());
      put(octets, request.print);
      put(octets, std::int64_t{request.accepted_at.time_since_epoch().count()});
      put(octets, request.parts);
      page.newest = std::max(page.newest, request.accepted_at);
    }
    if (octets.empty()) { break; }
    ++next_page_;
    storing::write(s, s.stored.put(StoredKind::kKeyPage, page.name, octets));
    pages_.push_back(std::move(page));
  }
  unpaged_.clear();
  const WallTime oldest = order_.empty() ? WallTime::max() : order_.front().first;
  while (!pages_.empty() && pages_.front().newest < oldest) {
    storing::remove(s, StoredKind::kKeyPage, pages_.front().name);
    pages_.pop_front();
  }
}

}  // namespace aldis::engine
