// SPDX-License-Identifier: Apache-2.0
// What becomes of a delivery: done, again later, or dead letter (SMPP 4.6).
#include <algorithm>
#include <array>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/notify/outbox.hpp"

namespace aldis::notify {
namespace {

// Seven steps of the doubling, then the fixed pause after an error that is not known to pass.
constexpr std::array<Duration, 8> kDelay{seconds{5},  seconds{10},  seconds{20},  seconds{40},
                                         seconds{80}, seconds{160}, seconds{300}, seconds{30}};
constexpr std::size_t kLongestBackoff = 6;
constexpr std::size_t kErrorDelay = 7;
constexpr Duration kPause = seconds{1};

enum class Answer : std::uint8_t { kDone, kAgain, kSlower, kError };

Answer classify(const DeliverResult& result) {
  if (result.kind == DeliverResult::Kind::kTimeout) { return Answer::kAgain; }
  switch (result.command_status) {
    case 0x00: return Answer::kDone;
    case 0x14:                          // ESME_RMSGQFUL
    case 0x58: return Answer::kSlower;  // ESME_RTHROTTLED
    case 0x08:                          // ESME_RSYSERR
    case 0x64:                          // ESME_RX_T_APPN
    case 0x67:
    case 0xFE:                         // ESME_RDELIVERYFAILURE
    case 0xFF: return Answer::kAgain;  // ESME_RUNKNOWNERR
    default: return Answer::kError;
  }
}

}  // namespace

std::optional<Settled> Outbox::on_result(const Now& now, const DeliverResult& result) {
  learn_time(now);
  const auto index = static_cast<ItemIndex>(result.token.value());
  const auto generation = static_cast<std::uint32_t>(result.token.value() >> 32);
  const auto found = sessions_.find(result.session);
  const bool in_work = found != sessions_.end() && pool_.valid(index) &&
                       pool_[index].where == Item::Where::kInWork && pool_[index].generation == generation &&
                       pool_[index].session == static_cast<std::uint32_t>(result.session.value());
  if (!in_work) {
    ++stray_results_;
    return std::nullopt;
  }
  Session& session = *found->second;
  Account& account = *session.account;
  ALDIS_CHECK(session.used > 0);
  session.in_work.remove(pool_, index);
  --session.used;
  ++account.free;

  std::optional<Settled> settled;
  switch (classify(result)) {
    case Answer::kDone: settled = leave(index, Settled::Kind::kAcknowledged); break;
    case Answer::kSlower: account.paused_until = now.mono + kPause; [[fallthrough]];
    case Answer::kAgain:
      settled = describe(index, Settled::Kind::kRetry);
      retry_later(now, index);
      break;
    case Answer::kError:
      if (++pool_[index].errors >= kErrorsMax) {
        settled = leave(index, Settled::Kind::kDeadLetter);
      } else {
        settled = describe(index, Settled::Kind::kRetry);
        retry(now, index, kErrorDelay);
      }
      break;
  }
  activate(account);
  return settled;
}

void Outbox::on_session_closed(const Now& now, SessionId session_id) {
  learn_time(now);
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) { return; }
  Session& session = *found->second;
  Account& account = *session.account;
  const std::uint32_t free = session.free();
  while (!session.in_work.empty() && !ALDIS_MUTANT(50)) {
    retry_later(now, session.in_work.pop_front(pool_));
  }

  account.preferred -= session.preferred.count;
  ItemList& kept = session.preferred;
  const bool first =
      !kept.empty() && !account.ready.empty() && pool_[kept.head].owed_at < pool_[account.ready.head].owed_at;
  if (first) { std::swap(kept, account.ready); }
  account.ready.append(pool_, kept);
  arm_expiry(account);

  account.free -= free;
  sessions_.erase(found);
  std::erase_if(account.sessions, [&session](const auto& each) { return each.get() == &session; });
  activate(account);
}

void Outbox::retry_later(const Now& now, ItemIndex index) {
  Item& item = pool_[index];
  const std::size_t delay = std::min<std::size_t>(item.backoffs, kLongestBackoff);
  item.backoffs = static_cast<std::uint8_t>(std::min<std::size_t>(delay + 1, kLongestBackoff) & 0xF);
  retry(now, index, delay);
}

void Outbox::retry(const Now& now, ItemIndex index, std::size_t delay_class) {
  Item& item = pool_[index];
  item.where = Item::Where::kRetry;
  item.session = 0;  // again on any bind
  const auto ticks = std::chrono::ceil<std::chrono::duration<std::int64_t, std::centi>>(
      now.mono + kDelay[delay_class] - start_);
  item.due = static_cast<Item::Ticks>(ticks.count());
  retries_[delay_class].push_back(pool_, index);
}

// The ticks of `due` are modulo 2^32 (497 days); what is due lies within minutes of now.
Instant Outbox::due_of(const Item& item) const {
  using Centiseconds = std::chrono::duration<std::int64_t, std::centi>;
  const auto latest = std::chrono::floor<Centiseconds>(latest_ - start_).count();
  const auto ahead = static_cast<std::int32_t>(item.due - static_cast<Item::Ticks>(latest));
  return start_ + Centiseconds{latest + ahead};
}

std::optional<Settled> Outbox::next_expired() {
  const ItemIndex index = expired_.pop_front(pool_);
  if (index == kNoItem) { return std::nullopt; }
  return leave(index, ALDIS_MUTANT(52) ? Settled::Kind::kAcknowledged : Settled::Kind::kDeadLetter);
}

Settled Outbox::describe(ItemIndex index, Settled::Kind kind) const {
  const Item& item = pool_[index];
  Settled settled;
  settled.kind = kind;
  settled.account = AccountId{item.account};
  settled.message = item.message;
  settled.status_seq = item.status_seq;
  settled.is_inbound = item.is_inbound != 0;
  return settled;
}

Settled Outbox::leave(ItemIndex index, Settled::Kind kind) {
  Settled settled = describe(index, kind);
  Item& item = pool_[index];
  Account& account = account_of(item);
  if (item.is_inbound) {
    settled.inbound.reset(item.inbound);
    item.inbound = nullptr;
  }
  if (kind == Settled::Kind::kDeadLetter && account.id != kNoAccount) { ++dead_letters_; }
  const ItemIndex behind = item.behind;
  pool_.give(index);
  --account.items;
  --items_count_;
  if (behind != kNoItem) { return_ready(account, behind); }
  return settled;
}

void Outbox::collect(const Now& now, ports::MetricReport& report) const {
  std::size_t owed = 0;
  std::optional<std::int32_t> oldest;
  const auto look = [&](const ItemList& list) {
    if (list.empty() || AccountId{pool_[list.head].account} == kNoAccount) { return; }
    const std::int32_t owed_at = pool_[list.head].owed_at;
    oldest = oldest ? std::min(*oldest, owed_at) : owed_at;
  };
  for (const auto& account : accounts_) {
    if (!account) { continue; }
    owed += account->items;
    look(account->ready);
    for (const auto& session : account->sessions) {
      look(session->in_work);
      look(session->preferred);
    }
  }
  for (const ItemList& list : retries_) { look(list); }
  const Duration age = oldest ? std::max(Duration{0}, now.mono - (start_ + seconds{*oldest})) : Duration{0};
  report.gauge("aldis_owed_items", {{"via", "smpp"}}, static_cast<double>(owed));
  report.gauge("aldis_owed_oldest_seconds", {{"via", "smpp"}}, std::chrono::duration<double>(age).count());
  report.counter("aldis_dead_letters_total", {{"via", "smpp"}}, static_cast<double>(dead_letters_));
}

}  // namespace aldis::notify
