// SPDX-License-Identifier: Apache-2.0
#include "aldis/admission/admission.hpp"

#include <algorithm>

#include "admission/account_state.hpp"
#include "aldis/admission/pressure.hpp"
#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"

namespace aldis::admission {

namespace {

constexpr double kBurstMin = 10;  // parts

std::uint8_t bit_of(MessageClass c) { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(c)); }

std::uint8_t pressure_limit(MessageClass message_class) {
  switch (message_class) {
    case MessageClass::kBulk: return kPressureBulk;
    case MessageClass::kTransactional: return kPressureTransactional;
    case MessageClass::kOtp: return kPressureOtp;
  }
  __builtin_unreachable();
}

}  // namespace

void Place::release() {
  if (account_ == nullptr || ALDIS_MUTANT(41)) { return; }
  account_->queued -= messages_;
  account_ = nullptr;
}

Admission::Admission() = default;
Admission::~Admission() = default;

AccountState* Admission::find(AccountId account) const {
  return account.value() < accounts_.size() ? accounts_[account.value()].get() : nullptr;
}

void Admission::configure(Instant now, AccountId account, const AccountSettings& settings) {
  const std::string place = "accounts[" + settings.name + "]";
  SenderList senders{settings.senders.allow, place + ".senders.allow"};  // what may throw goes first
  if (AccountState* const early = ALDIS_MUTANT(28) ? find(account) : nullptr) {
    early->senders = SenderList{settings.senders.allow, place};
  }
  PrefixSet allow{settings.destinations.allow, place + ".destinations.allow"};
  PrefixSet deny{settings.destinations.deny, place + ".destinations.deny"};

  ALDIS_CHECK(account != kNoAccount);
  if (account.value() >= accounts_.size()) { accounts_.resize(account.value() + 1); }
  auto& owner = accounts_[account.value()];
  if (!owner) { owner = std::make_unique<AccountState>(); }
  AccountState& state = *owner;
  state.enabled = settings.enabled;
  state.senders = std::move(senders);
  state.default_sender = settings.senders.default_sender;
  state.replace_refused = settings.senders.replace;
  state.allow = std::move(allow);
  state.deny = std::move(deny);
  state.caps = settings.caps;
  state.queue_max = settings.queue_max;
  state.message_class = settings.message_class;
  state.classes = 0;
  for (const auto c : settings.classes) {
    state.classes = static_cast<std::uint8_t>(state.classes | bit_of(c));
  }
  const double rate = settings.throttle ? settings.throttle->per_second : 0;
  const double burst = settings.throttle && settings.throttle->burst != 0 ? settings.throttle->burst
                                                                          : std::max(rate, kBurstMin);
  state.rate.configure(now, rate, burst);
  state.queries.configure(now, settings.smpp.query_rate, std::max(1.0, settings.smpp.query_rate));
}

void Admission::disable(AccountId account) {
  if (AccountState* state = find(account)) { state->enabled = false; }
}

MessageClass Admission::class_of(AccountId account, std::uint8_t priority_flag) const {
  const AccountState* state = find(account);
  if (state == nullptr) { return MessageClass::kTransactional; }  // will be refused
  MessageClass wanted = state->message_class;
  switch (priority_flag) {
    case 0: break;
    case 1: wanted = MessageClass::kBulk; break;
    case 2: wanted = MessageClass::kTransactional; break;
    default: wanted = MessageClass::kOtp; break;
  }
  for (auto c = static_cast<std::size_t>(wanted); c < kMessageClasses; ++c) {  // what was asked for, or below
    if ((state->classes & bit_of(static_cast<MessageClass>(c))) != 0) { return static_cast<MessageClass>(c); }
  }
  return state->message_class;  // it may use nothing that low
}

std::optional<Refusal> Admission::check_source(AccountId account, Address& source) {
  const AccountState* state = find(account);
  if (state == nullptr || !state->enabled) { return refuse(Refusal::kAccountSuspended); }
  const std::string_view sender = source.digits.view();
  const bool has_default = !state->default_sender.empty();
  if (!sender.empty()) {
    if (state->senders.allows(sender) || (has_default && sender == state->default_sender)) {
      return std::nullopt;
    }
    if (!state->replace_refused || !has_default) { return refuse(Refusal::kSourceNotAllowed); }
  } else if (!has_default) {
    return refuse(Refusal::kBadSource);
  }
  Address replacement{.ton = 1, .npi = 1, .digits = FixedString<20>{state->default_sender}};
  if (const auto refusal = normalise_source(replacement)) { return refuse(*refusal); }
  source = replacement;
  return std::nullopt;
}

std::optional<Refusal> Admission::check_destination(AccountId account, const Address& destination) {
  const AccountState* state = find(account);
  if (state == nullptr || !state->enabled) { return refuse(Refusal::kAccountSuspended); }
  const std::string_view number = destination.digits.view();
  if ((state->deny.covers(number) && !ALDIS_MUTANT(42)) ||
      (!state->allow.empty() && !state->allow.covers(number))) {
    return refuse(Refusal::kDestinationBlocked);
  }
  return std::nullopt;
}

Result<Admitted, Refusal> Admission::reserve(const Now& now, AccountId account, MessageClass message_class,
                                             std::uint32_t messages, std::uint32_t parts) {
  AccountState* state = find(account);
  if (state == nullptr || !state->enabled) { return refuse(Refusal::kAccountSuspended); }
  if (pressure_ >= pressure_limit(message_class)) {
    return refuse(store_stalled_ ? Refusal::kUnavailable : Refusal::kQueueFull);
  }
  if (state->queued + messages > state->queue_max) { return refuse(Refusal::kQueueFull); }
  state->volume.advance(now);
  if (!state->volume.calendar_allows(state->caps, parts)) { return refuse(Refusal::kVolumeCap); }
  if (ALDIS_MUTANT(43)) { state->volume.use(parts); }
  if (!state->volume.minute_allows(state->caps, parts)) { return refuse(Refusal::kThrottled); }
  if (!state->rate.lends(now.mono, parts, kDebtMax)) { return refuse(Refusal::kThrottled); }

  const Duration delay = std::min(state->rate.take(parts), Duration{kDebtMax});
  state->volume.use(parts);
  state->queued += messages;
  delayed_seconds_ += static_cast<double>(delay.count()) * 1e-9;
  return Admitted{.place = Place{*state, messages}, .delay = delay};
}

Result<Admitted, Refusal> Admission::check(const Now& now, AccountId account, MessageClass message_class,
                                           Address& source, const Address& destination, std::uint32_t parts) {
  if (const auto refusal = check_source(account, source)) { return *refusal; }
  if (const auto refusal = check_destination(account, destination)) { return *refusal; }
  return reserve(now, account, message_class, 1, parts);
}

std::optional<Refusal> Admission::check_query(Instant now, AccountId account) {
  AccountState* state = find(account);
  if (state == nullptr || !state->enabled) { return refuse(Refusal::kAccountSuspended); }
  if (!state->queries.lends(now, 1, Duration{})) { return refuse(Refusal::kThrottled); }
  state->queries.take(1);
  return std::nullopt;
}

void Admission::queue_left(AccountId account, std::uint32_t messages) {
  if (AccountState* state = find(account)) {
    ALDIS_CHECK(state->queued >= messages);
    state->queued -= messages;
  }
}

void Admission::queue_joined(AccountId account, std::uint32_t messages) {
  if (AccountState* state = find(account)) { state->queued += messages; }
}

std::uint64_t Admission::queued(AccountId account) const {
  const AccountState* state = find(account);
  return state == nullptr ? 0 : state->queued;
}

std::optional<Used> Admission::used(AccountId account) const {
  const AccountState* state = find(account);
  if (state == nullptr || state->volume.month_parts() == 0) { return std::nullopt; }
  return Used{state->volume.day_at(), state->volume.day_parts(), state->volume.month_parts()};
}

void Admission::restore_used(WallTime now, AccountId account, const Used& used) {
  if (AccountState* state = find(account)) {
    state->volume.restore(used.day, used.day_parts, used.month_parts);
    state->volume.advance(now);
  }
}

void Admission::restore_used(WallTime accepted_at, WallTime now, AccountId account, std::uint32_t parts) {
  if (AccountState* state = find(account)) {
    state->volume.advance(now);
    state->volume.restore(accepted_at, parts);
  }
}

void Admission::collect(ports::MetricReport& report) const {
  for (std::size_t door = 0; door < kDoors; ++door) {
    for (std::size_t i = 0; i < kRefusals; ++i) {
      report.counter(
          "aldis_refusals_total",
          {{"door", name_of(static_cast<Door>(door))}, {"reason", name_of(static_cast<Refusal>(i))}},
          static_cast<double>(refusals_[door][i]));
    }
  }
  report.counter("aldis_throttle_wait_seconds_total", {{"scope", "account"}}, delayed_seconds_);
}

}  // namespace aldis::admission
