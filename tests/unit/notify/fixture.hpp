// SPDX-License-Identifier: Apache-2.0
// An outbox with a clock, its messages and its sessions.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "aldis/notify/outbox.hpp"

namespace aldis::notify::test {

inline constexpr AccountId kAcme{0};
inline constexpr AccountId kOther{1};
inline constexpr std::uint32_t kOk = 0;
inline constexpr std::uint32_t kSystemError = 0x08;
inline constexpr std::uint32_t kQueueFull = 0x14;
inline constexpr std::uint32_t kThrottled = 0x58;
inline constexpr std::uint32_t kOddError = 0x45;

struct Desk {
  Now now{Instant{hours{1}}, WallTime{seconds{1'800'000'000}}};
  Outbox outbox{now};
  std::deque<Message> messages;
  std::uint64_t inbound_ids = 1'000'000;
  std::vector<Settled> dead;  // of advance()

  Message& message(AccountId account = kAcme) {
    Message& m = messages.emplace_back();
    m.id = MessageId{messages.size()};
    m.account = account;
    return m;
  }
  void owe(Message& m, Status status = Status::kDelivered, SessionId submitter = kNoSession) {
    OwedReceipt receipt;
    receipt.message = m.id;
    receipt.status_seq = ++m.status_seq;
    receipt.status = status;
    outbox.owe(now, m, receipt, now.wall, submitter);
  }
  Message& owe_new(AccountId account = kAcme) {
    Message& m = message(account);
    owe(m);
    return m;
  }
  void bind(std::uint64_t session, std::uint16_t window = 10, AccountId account = kAcme) {
    outbox.on_session_bound(now, {SessionId{session}, account, true, window});
  }
  std::vector<Delivery> pump() {
    std::vector<Delivery> out;
    outbox.pump(now, [&out](const Delivery& d) { out.push_back(d); });
    return out;
  }
  std::optional<Settled> answer(const Delivery& d, std::uint32_t status = kOk) {
    return outbox.on_result(now, {d.session, d.token, DeliverResult::Kind::kAnswered, status});
  }
  std::optional<Settled> time_out(const Delivery& d) {
    return outbox.on_result(now, {d.session, d.token, DeliverResult::Kind::kTimeout, 0});
  }
  void wait(Duration d) {
    now.mono += d;
    now.wall += std::chrono::duration_cast<microseconds>(d);
    outbox.advance(now);
    while (auto settled = outbox.next_expired()) { dead.push_back(std::move(*settled)); }
  }
};

}  // namespace aldis::notify::test
