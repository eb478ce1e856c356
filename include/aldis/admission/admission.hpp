// SPDX-License-Identifier: Apache-2.0
// Who may send what, from which sender, to whom, and how much.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/address.hpp"
#include "aldis/core/door.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::admission {

struct AccountState;

// What day and month caps have counted, as of a day (UTC).
struct Used {
  std::chrono::sys_days day{};
  std::uint64_t day_parts = 0;
  std::uint64_t month_parts = 0;
};

// Places in an account's queue, reserved before anything is promised: destruction gives them back, redeem()
// makes them the places of accepted messages, which queue_left() frees. Must not outlive its Admission.
class Place {
 public:
  Place() = default;
  Place(Place&& other) noexcept
      : account_(std::exchange(other.account_, nullptr)), messages_(other.messages_) {}
  Place& operator=(Place&& other) noexcept {
    if (this != &other) {
      release();
      account_ = std::exchange(other.account_, nullptr);
      messages_ = other.messages_;
    }
    return *this;
  }
  ~Place() { release(); }

  void redeem() && { account_ = nullptr; }

 private:
  friend class Admission;
  Place(AccountState& account, std::uint32_t messages) : account_(&account), messages_(messages) {}
  void release();

  AccountState* account_ = nullptr;
  std::uint32_t messages_ = 0;
};

struct Admitted {
  Place place;
  Duration delay{};  // the answer waits that long, at most 500 ms: the account is ahead of its rate
};

// One check for every way in. In this order: the account, its class, source and destination, pressure, queue
// places, caps, rate; a refusal takes nothing. Rates count on the monotonic clock; day and month caps on the
// UTC calendar, and never go back with it.
//
// Owns what an account may and what it has used. Called by the engine, on its thread. Accounts are kept for
// the life of the process, so their number is bounded by configuration. Volumes used outlive the process by
// used() and restore_used(); rates and minutes begin anew. Patterns are RE2;
// configure() throws std::invalid_argument on a bad one, then the account is unchanged. Not for routes,
// opt-outs, credit and validity.
class Admission {
 public:
  static constexpr Duration kDebtMax = milliseconds{500};

  Admission();
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Adds the account, or changes what it may in place; what it has used stays.
  void configure(Instant now, AccountId account, const AccountSettings& settings);
  void disable(AccountId account);  // gone from the configuration: everything is refused

  // Class by priority_flag (0 the account's, 1 bulk, 2 transactional, 3 and 4 otp), never above what the
  // account may use.
  [[nodiscard]] MessageClass class_of(AccountId account, std::uint8_t priority_flag) const;

  // The parts of the check that submit_multi makes per destination. `source` may be replaced by the account's
  // default. Addresses come normalised (normalise_source, normalise_destination below); an empty source
  // stands for "the default".
  std::optional<Refusal> check_source(AccountId account, Address& source);
  std::optional<Refusal> check_destination(AccountId account, const Address& destination);

  // The rest, which refuses a request whole: `messages` places, `parts` of rate and volume. A request larger
  // than the bucket passes when the bucket is full, so that no size starves.
  Result<Admitted, Refusal> reserve(const Now& now, AccountId account, MessageClass message_class,
                                    std::uint32_t messages, std::uint32_t parts);

  // All three, for one message.
  Result<Admitted, Refusal> check(const Now& now, AccountId account, MessageClass message_class,
                                  Address& source, const Address& destination, std::uint32_t parts);

  // query_sm: kThrottled beyond query_rate.
  std::optional<Refusal> check_query(Instant now, AccountId account);

  // A message no longer waits to be sent (leased, or final); and one waits again, or was found waiting by
  // replay.
  void queue_left(AccountId account, std::uint32_t messages = 1);
  void queue_joined(AccountId account, std::uint32_t messages = 1);
  [[nodiscard]] std::uint64_t queued(AccountId account) const;

  // For the journal's checkpoints; nothing for an account that has used nothing.
  [[nodiscard]] std::optional<Used> used(AccountId account) const;
  // Replay, first: what used() said once; a later day or month begins anew.
  void restore_used(WallTime now, AccountId account, const Used& used);
  // Then: parts accepted at that time count against day and month if those are still the current ones.
  void restore_used(WallTime accepted_at, WallTime now, AccountId account, std::uint32_t parts);

  // CONTRACT part 4: from level 4 bulk is refused, from 5 transactional, from 6 everything, as kQueueFull, or
  // kUnavailable while it is the store that lags.
  void set_pressure(std::uint8_t level, bool store_stalled = false) {
    pressure_ = level;
    store_stalled_ = store_stalled;
  }

  // Every refusal counts once. Those of this class count themselves; others (no_route, ...) are told here.
  void count(Refusal refusal) {
    ++refusals_[static_cast<std::size_t>(door_)][static_cast<std::size_t>(refusal)];
  }
  void at_door(Door door) { door_ = door; }  // where the next refusals are counted
  [[nodiscard]] std::uint64_t refused(Refusal refusal) const {
    std::uint64_t sum = 0;
    for (const auto& of_door : refusals_) { sum += of_door[static_cast<std::size_t>(refusal)]; }
    return sum;
  }

  // aldis_refusals_total{door,reason}, aldis_throttle_wait_seconds_total{scope="account"}.
  void collect(ports::MetricReport& report) const;

 private:
  static constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::kQueryFailed) + 1;

  AccountState* find(AccountId account) const;
  Refusal refuse(Refusal refusal) {
    count(refusal);
    return refusal;
  }

  std::vector<std::unique_ptr<AccountState>> accounts_;  // index = AccountId; null: not configured
  std::uint8_t pressure_ = 0;
  bool store_stalled_ = false;
  std::array<std::array<std::uint64_t, kRefusals>, kDoors> refusals_{};
  Door door_ = Door::kSmpp;
  double delayed_seconds_ = 0;
};

// One leading '+' dropped; 1 to 15 digits, else kBadDestination.
std::optional<Refusal> normalise_destination(Address& destination);
// One leading '+' dropped before digits. 1 to 20 digits, or with TON 5 or any non-digit 1 to 11 characters,
// then TON 5 NPI 0. Control characters and other lengths: kBadSource. An empty source passes: check_source()
// puts the default in.
std::optional<Refusal> normalise_source(Address& source);

}  // namespace aldis::admission
