// SPDX-License-Identifier: Apache-2.0
// What an account can be owed: the values that go in and out of Outbox.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "aldis/base/fixed_string.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/core/status.hpp"

namespace aldis::notify {

// One state of one message that its customer must hear of.
struct OwedReceipt {
  MessageId message{};
  std::uint16_t status_seq = 0;  // with `message` it names the item in the journal
  Status status = Status::kDelivered;
  bool intermediate = false;
  bool accepted_word = false;  // ACCEPTD instead of ENROUTE
  FixedString<8> err;
  WallTime done_at{};
  std::uint16_t parts_delivered = 0;
};

// The part of an account's settings that matters here.
struct AccountDelivery {
  Fanout fanout = Fanout::kSpread;
  std::optional<double> deliver_rate;  // items per second; none = no limit
  Duration retention = hours{72};
};
AccountDelivery delivery_of(const AccountSettings& account);

// Put this on that session. `inbound` is null for a receipt; it is owned by Outbox and valid until the item
// settles.
struct Delivery {
  SessionId session;
  DeliveryToken token;
  AccountId account = kNoAccount;
  OwedReceipt receipt;
  const Inbound* inbound = nullptr;
};

// How a delivery ended. With kAcknowledged and kDeadLetter the item has left: the caller writes OWED_DONE.
struct Settled {
  enum class Kind : std::uint8_t { kAcknowledged, kRetry, kDeadLetter };
  Kind kind = Kind::kAcknowledged;
  AccountId account = kNoAccount;
  MessageId message{};           // of the receipt, or the inbound message's own id
  std::uint16_t status_seq = 0;  // receipts only
  bool is_inbound = false;
  std::unique_ptr<Inbound> inbound;  // handed back when it has left
};

}  // namespace aldis::notify
