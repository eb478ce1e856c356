// SPDX-License-Identifier: Apache-2.0
// What each account is owed, until it is acknowledged (CONTRACT D7; SMPP 4.6).
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/base/timer_wheel.hpp"
#include "aldis/core/message.hpp"
#include "aldis/notify/item_pool.hpp"
#include "aldis/notify/owed.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::notify {

// Owns every owed item: 64 octets per receipt (its message must stay in memory: Message::owed_open), and the
// inbound messages. Called by the engine on its thread, all time passed in; pull: next() says what to deliver
// while some session has window. Constant cost per delivery (and the sessions of that account are looked at),
// however many accounts wait with nobody bound. Promised work is never refused, so its only bounds are
// retention and the limits on live messages. Rules: items of one message one after the other; retries after 5
// s doubling to 5 min, other errors 3 times 30 s apart; then, or past the retention, the item settles as dead
// letter. Not for webhooks, and not for unacknowledged promises: an item comes here when its journal record
// is durable, or is held by the promise gate behind it.
class Outbox {
 public:
  explicit Outbox(const Now& start);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Also on reload. An account that was never set has the defaults.
  void set_account(AccountId account, const AccountDelivery& delivery);

  // `owed_at` is when the item came to be: older than now after a restart. `submitter` (Fanout::kSubmitter)
  // is a preference only. The caller counts Message::owed_open; owed_newest is ours.
  void owe(const Now& now, Message& message, const OwedReceipt& receipt, WallTime owed_at,
           SessionId submitter = kNoSession);
  // An inbound message; its account kNoAccount = kept for the list, never delivered.
  void owe(const Now& now, std::unique_ptr<Inbound> inbound);

  // Sessions that do not receive are ignored.
  void on_session_bound(const Now& now, const SessionBound& bound);
  // What it had not answered is owed again, after 5 s.
  void on_session_closed(const Now& now, SessionId session);

  // The next delivery that may leave; none when nobody has both work and window. Each takes one place of its
  // session's window until on_result() or on_session_closed().
  [[nodiscard]] std::optional<Delivery> next(const Now& now);
  template <class Emit>
  void pump(const Now& now, Emit&& emit) {
    while (auto delivery = next(now)) { emit(*delivery); }
  }

  // None for a token that is not in work on that session: a late answer, counted.
  [[nodiscard]] std::optional<Settled> on_result(const Now& now, const DeliverResult& result);

  // Time passes: retries become due, pauses end. Then call next_expired() until it has nothing, and next().
  void advance(const Now& now);
  [[nodiscard]] std::optional<Settled> next_expired();
  [[nodiscard]] Instant next_deadline() const;  // of advance(); kNever when nothing is timed

  [[nodiscard]] std::size_t size() const { return items_count_; }
  [[nodiscard]] std::size_t size(AccountId account) const;
  [[nodiscard]] bool has_work() const { return !active_.empty(); }  // next() may have something
  [[nodiscard]] std::uint64_t dead_letters() const { return dead_letters_; }
  [[nodiscard]] std::uint64_t stray_results() const { return stray_results_; }

  void collect(const Now& now, ports::MetricReport& report) const;

 private:
  struct Account;
  struct Session;
  struct AccountTimer : TimerHook {
    AccountTimer(std::uint8_t kind, Account& owner) : TimerHook(kind), account(owner) {}
    Account& account;
  };
  using ActiveHook =
      boost::intrusive::list_base_hook<boost::intrusive::tag<struct OutboxActiveTag>,
                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  // One bind that receives.
  struct Session {
    SessionId id;
    Account* account = nullptr;
    std::uint32_t window = 0;
    std::uint32_t used = 0;
    ItemList in_work;    // delivered, not answered; oldest first
    ItemList preferred;  // ready, submitted on this session (Fanout::kSubmitter)
    [[nodiscard]] std::uint32_t free() const { return window > used ? window - used : 0; }
  };

  struct Account : ActiveHook {
    explicit Account(AccountId account_id);
    [[nodiscard]] bool has_work() const { return !ready.empty() || preferred > 0; }
    AccountId id;
    AccountDelivery delivery;
    ItemList ready;  // about oldest first
    std::vector<std::unique_ptr<Session>> sessions;
    std::uint32_t turn = 0;       // of the round robin
    std::uint32_t free = 0;       // places of all sessions together
    std::uint32_t preferred = 0;  // items in the sessions' own lists
    std::size_t items = 0;        // owed in any state
    Instant paused_until{};       // the customer said "slower"
    Instant rate_clock{};         // theoretical arrival time of deliver_rate
    AccountTimer wake;            // end of a pause
    AccountTimer expiry;          // retention of the head of `ready`
  };

  static constexpr std::size_t kDelays = 8;
  static constexpr unsigned kErrorsMax = 3;
  static constexpr unsigned kOrderLooksMax = 64;  // how far a returning item looks for its place by age

  Account& at(AccountId id);
  Account& account_of(const Item& item) { return at(AccountId{item.account}); }
  void learn_time(const Now& now);
  ItemIndex take(const Now& now, AccountId account, MessageId message, WallTime owed_at);

  void activate(Account& account);  // if it has work and window, and is not held back
  bool hold_back(const Now& now, Account& account);
  static Session* most_free(Account& account);
  static Session* preferring(Account& account);
  Session* choose(Account& account, ItemList*& from);
  Delivery deliver(const Now& now, Account& account, Session& session, ItemList& from);

  bool give_to_submitter(Account& account, ItemIndex index);
  void make_ready(Account& account, ItemIndex index);    // new work, at the end
  void return_ready(Account& account, ItemIndex index);  // work that was ready before, in its place by age
  void retry(const Now& now, ItemIndex index, std::size_t delay_class);
  void retry_later(const Now& now, ItemIndex index);
  Settled leave(ItemIndex index, Settled::Kind kind);
  [[nodiscard]] Settled describe(ItemIndex index, Settled::Kind kind) const;
  void expire(const Now& now, Account& account);
  [[nodiscard]] bool past_retention(const Now& now, const Item& item, const Account& account) const;
  void arm_expiry(Account& account);
  [[nodiscard]] Instant due_of(const Item& item) const;
  [[nodiscard]] Instant owed_instant(const Item& item) const { return start_ + seconds{item.owed_at}; }

  Instant start_;
  Instant latest_;  // of the last call
  ItemPool pool_;
  TimerWheel wheel_;
  std::vector<std::unique_ptr<Account>> accounts_;  // index = AccountId
  std::unique_ptr<Account> nobody_;                 // kNoAccount
  boost::unordered_flat_map<SessionId, Session*> sessions_;
  boost::intrusive::list<Account, boost::intrusive::base_hook<ActiveHook>,
                         boost::intrusive::constant_time_size<false>>
      active_;
  std::array<ItemList, kDelays> retries_;  // one per delay, so each is in order of time by itself
  ItemList expired_;                       // wait for next_expired()
  std::size_t items_count_ = 0;
  std::uint64_t dead_letters_ = 0;
  std::uint64_t stray_results_ = 0;
};

}  // namespace aldis::notify
