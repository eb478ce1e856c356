// SPDX-License-Identifier: Apache-2.0
// What is owed comes in, becomes ready, and leaves on a session. What becomes of a delivery:
// outbox_results.cpp.
#include "aldis/notify/outbox.hpp"

#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"

namespace aldis::notify {
namespace {

enum TimerKind : std::uint8_t { kWakeTimer, kExpiryTimer };

// However long ago a wall clock says that a former process began to owe something, customers get this long to
// come for it.
constexpr Duration kStartGrace = hours{1};
constexpr Duration kBurst = milliseconds{100};  // of deliver_rate: ten of the timer's ticks

std::uint32_t low_bits(SessionId id) { return static_cast<std::uint32_t>(id.value()); }

}  // namespace

AccountDelivery delivery_of(const AccountSettings& account) {
  return {account.smpp.fanout, account.smpp.deliver_rate, account.receipts.retention};
}

Outbox::Account::Account(AccountId account_id)
    : id(account_id), wake(kWakeTimer, *this), expiry(kExpiryTimer, *this) {}

Outbox::Outbox(const Now& start) : start_(start.mono), latest_(start.mono), wheel_(start.mono) {}

Outbox::~Outbox() = default;

void Outbox::set_account(AccountId account_id, const AccountDelivery& delivery) {
  Account& account = at(account_id);
  account.delivery = delivery;
  arm_expiry(account);
  account.wake.cancel();  // a rate that was raised or removed must not hold back any longer
  activate(account);
}

void Outbox::owe(const Now& now, Message& message, const OwedReceipt& receipt, WallTime owed_at,
                 SessionId submitter) {
  const ItemIndex index = take(now, message.account, message.id, owed_at);
  Item& item = pool_[index];
  item.done_at = receipt.done_at;
  item.status_seq = receipt.status_seq;
  item.status = receipt.status;
  item.intermediate = receipt.intermediate ? 1 : 0;
  item.accepted_word = receipt.accepted_word ? 1 : 0;
  item.err = receipt.err;
  item.parts_delivered = receipt.parts_delivered;
  item.session = low_bits(submitter);

  // The newest item of this message, if it is still owed: its place may have been given to another since.
  const ItemIndex newest = message.owed_newest;
  message.owed_newest = index;
  const bool waits = pool_.valid(newest) && pool_[newest].where != Item::Where::kFree && newest != index &&
                     !pool_[newest].is_inbound && pool_[newest].message == message.id;
  if (waits && !ALDIS_MUTANT(51)) {
    pool_[newest].behind = index;
    item.where = Item::Where::kBehind;
  } else {
    make_ready(account_of(item), index);
  }
}

void Outbox::owe(const Now& now, std::unique_ptr<Inbound> inbound) {
  const ItemIndex index = take(now, inbound->account, inbound->id, inbound->received_at);
  Item& item = pool_[index];
  item.is_inbound = 1;
  item.inbound = inbound.release();
  make_ready(account_of(item), index);
}

ItemIndex Outbox::take(const Now& now, AccountId account_id, MessageId message, WallTime owed_at) {
  learn_time(now);
  const ItemIndex index = pool_.take();
  Item& item = pool_[index];
  item.where = Item::Where::kBehind;
  item.account = account_id.value();
  item.message = message;
  // Rounded up, so that nothing expires before its retention.
  const Instant earliest = now.mono - std::max(at(account_id).delivery.retention - kStartGrace, Duration{});
  const Instant since = std::clamp(now.instant_of(owed_at), earliest, now.mono);
  item.owed_at = static_cast<std::int32_t>(std::chrono::ceil<seconds>(since - start_).count());
  ++at(account_id).items;
  ++items_count_;
  return index;
}

void Outbox::on_session_bound(const Now& now, const SessionBound& bound) {
  if (!bound.receives) { return; }
  learn_time(now);
  Account& account = at(bound.account);
  auto session = std::make_unique<Session>();
  session->id = bound.session;
  session->account = &account;
  session->window = bound.window_out;
  const bool fresh = sessions_.emplace(bound.session, session.get()).second;
  ALDIS_CHECK(fresh);
  account.free += session->free();
  account.sessions.push_back(std::move(session));
  activate(account);
}

std::optional<Delivery> Outbox::next(const Now& now) {
  learn_time(now);
  while (!active_.empty()) {
    Account& account = active_.front();
    active_.pop_front();
    if (!account.has_work() || account.free == 0 || hold_back(now, account)) { continue; }
    ItemList* from = nullptr;
    Session* session = choose(account, from);
    if (session == nullptr) { continue; }
    const Delivery delivery = deliver(now, account, *session, *from);
    activate(account);  // at the end: accounts take turns
    return delivery;
  }
  return std::nullopt;
}

Outbox::Session* Outbox::most_free(Account& account) {
  const auto count = static_cast<std::uint32_t>(account.sessions.size());
  std::uint32_t best = 0;
  Session* chosen = nullptr;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t place = (account.turn + i) % count;
    Session* session = account.sessions[place].get();
    if (session->free() > (chosen == nullptr ? 0 : chosen->free())) {
      chosen = session;
      best = place;
    }
  }
  if (chosen != nullptr) { account.turn = best + 1; }
  return chosen;
}

Outbox::Session* Outbox::preferring(Account& account) {
  if (account.preferred == 0) { return nullptr; }
  for (const auto& session : account.sessions) {
    if (!session->preferred.empty() && session->free() > 0) { return session.get(); }
  }
  return nullptr;
}

// What any session may take, or what one session prefers: the older goes first.
Outbox::Session* Outbox::choose(Account& account, ItemList*& from) {
  Session* const own = preferring(account);
  if (own != nullptr) {
    const bool older =
        account.ready.empty() || pool_[own->preferred.head].owed_at <= pool_[account.ready.head].owed_at;
    if (older) {
      from = &own->preferred;
      return own;
    }
  }
  if (account.ready.empty()) { return nullptr; }
  from = &account.ready;
  return most_free(account);
}

Delivery Outbox::deliver(const Now& now, Account& account, Session& session, ItemList& from) {
  if (&from == &session.preferred) { --account.preferred; }
  const ItemIndex index = from.pop_front(pool_);
  Item& item = pool_[index];
  item.where = Item::Where::kInWork;
  item.session = low_bits(session.id);
  ++item.generation;
  session.in_work.push_back(pool_, index);
  ++session.used;
  --account.free;
  if (account.delivery.deliver_rate) {
    const std::chrono::duration<double> interval{1.0 / *account.delivery.deliver_rate};
    account.rate_clock =
        std::max(account.rate_clock, now.mono) + std::chrono::duration_cast<Duration>(interval);
  }
  Delivery delivery;
  delivery.session = session.id;
  delivery.token = DeliveryToken{(std::uint64_t{item.generation} << 32) | index};
  delivery.account = account.id;
  delivery.receipt.message = item.message;
  if (item.is_inbound) {
    delivery.inbound = item.inbound;
    return delivery;
  }
  delivery.receipt.status_seq = item.status_seq;
  delivery.receipt.status = item.status;
  delivery.receipt.intermediate = item.intermediate != 0;
  delivery.receipt.accepted_word = item.accepted_word != 0;
  delivery.receipt.err = item.err;
  delivery.receipt.done_at = item.done_at;
  delivery.receipt.parts_delivered = item.parts_delivered;
  return delivery;
}

// True while the account asked for a pause or is ahead of its rate; its timer brings it back.
bool Outbox::hold_back(const Now& now, Account& account) {
  Instant until = account.paused_until;
  if (account.delivery.deliver_rate) { until = std::max(until, account.rate_clock - kBurst); }
  if (now.mono >= until) { return false; }
  wheel_.arm(account.wake, until);
  return true;
}

void Outbox::activate(Account& account) {
  if (account.free > 0 && account.has_work() && !account.is_linked() && !account.wake.armed()) {
    active_.push_back(account);
  }
}

void Outbox::make_ready(Account& account, ItemIndex index) {
  Item& item = pool_[index];
  item.where = Item::Where::kReady;
  if (!give_to_submitter(account, index)) {
    account.ready.push_back(pool_, index);
    arm_expiry(account);
  }
  activate(account);
}

bool Outbox::give_to_submitter(Account& account, ItemIndex index) {
  const std::uint32_t wanted = pool_[index].session;
  if (account.delivery.fanout != Fanout::kSubmitter || wanted == 0) { return false; }
  for (const auto& session : account.sessions) {
    if (low_bits(session->id) != wanted) { continue; }
    session->preferred.push_back(pool_, index);
    ++account.preferred;
    return true;
  }
  return false;
}

void Outbox::return_ready(Account& account, ItemIndex index) {
  Item& item = pool_[index];
  item.where = Item::Where::kReady;
  if (give_to_submitter(account, index)) {
    activate(account);
    return;
  }
  ItemIndex place = account.ready.head;
  for (unsigned looks = 0; looks < kOrderLooksMax && place != kNoItem; ++looks) {
    if (pool_[place].owed_at > item.owed_at) { break; }
    place = pool_[place].next;
  }
  account.ready.insert_before(pool_, place, index);
  arm_expiry(account);
  activate(account);
}

void Outbox::advance(const Now& now) {
  learn_time(now);
  for (ItemList& list : retries_) {
    while (!list.empty() && due_of(pool_[list.head]) <= now.mono) {
      const ItemIndex index = list.pop_front(pool_);
      Account& account = account_of(pool_[index]);
      if (past_retention(now, pool_[index], account)) {
        pool_[index].where = Item::Where::kExpired;
        expired_.push_back(pool_, index);
      } else {
        return_ready(account, index);
      }
    }
  }
  wheel_.advance(now.mono, [&](TimerHook& hook) {
    Account& account = static_cast<AccountTimer&>(hook).account;
    if (hook.timer_kind == kWakeTimer) {
      activate(account);
    } else {
      expire(now, account);
    }
  });
}

void Outbox::expire(const Now& now, Account& account) {
  while (!account.ready.empty() && past_retention(now, pool_[account.ready.head], account)) {
    const ItemIndex index = account.ready.pop_front(pool_);
    pool_[index].where = Item::Where::kExpired;
    expired_.push_back(pool_, index);
  }
  arm_expiry(account);
}

bool Outbox::past_retention(const Now& now, const Item& item, const Account& account) const {
  return now.mono >= owed_instant(item) + account.delivery.retention;
}

// The timer stands at the head of the list when it is armed, and is not moved by deliveries: it fires in vain
// sometimes.
void Outbox::arm_expiry(Account& account) {
  if (account.ready.empty()) { return; }
  const Instant at = owed_instant(pool_[account.ready.head]) + account.delivery.retention;
  if (!account.expiry.armed() || at < account.expiry.at()) { wheel_.arm(account.expiry, at); }
}

Instant Outbox::next_deadline() const {
  if (!expired_.empty()) { return latest_; }
  Instant earliest = wheel_.next_deadline();
  for (const ItemList& list : retries_) {
    if (!list.empty()) { earliest = std::min(earliest, due_of(pool_[list.head])); }
  }
  return earliest;
}

std::size_t Outbox::size(AccountId account) const {
  if (account == kNoAccount) { return nobody_ ? nobody_->items : 0; }
  const bool known = account.value() < accounts_.size() && accounts_[account.value()];
  return known ? accounts_[account.value()]->items : 0;
}

Outbox::Account& Outbox::at(AccountId id) {
  if (id == kNoAccount) {
    if (!nobody_) { nobody_ = std::make_unique<Account>(id); }
    return *nobody_;
  }
  if (id.value() >= accounts_.size()) { accounts_.resize(id.value() + 1); }
  auto& account = accounts_[id.value()];
  if (!account) { account = std::make_unique<Account>(id); }
  return *account;
}

void Outbox::learn_time(const Now& now) { latest_ = std::max(latest_, now.mono); }

}  // namespace aldis::notify
