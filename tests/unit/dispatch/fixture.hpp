// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <random>

#include "aldis/dispatch/dispatch.hpp"

namespace aldis::dispatch {

inline const Instant kStart{seconds{1000}};
inline const OperatorId kOp{3};

inline OperatorSettings operator_settings(double per_second, std::uint32_t burst = 0) {
  OperatorSettings settings;
  settings.name = "op-a";
  settings.throttle = {.per_second = per_second, .burst = burst, .per_second_min = 1};
  return settings;
}

// Messages with stable addresses, so that their hooks stay valid; destroyed after the Dispatch that is
// declared later.
class Messages {
 public:
  Message& make(std::uint32_t account = 1, MessageClass message_class = MessageClass::kTransactional,
                std::size_t parts = 1) {
    Message& message = messages_.emplace_back();
    message.id = MessageId{messages_.size()};
    message.account = AccountId{account};
    message.message_class = message_class;
    message.parts.resize(parts);
    return message;
  }
  std::deque<Message>& all() { return messages_; }

 private:
  std::deque<Message> messages_;
};

// What an engine does with a grant: its first queued parts are on their way.
inline void lease(const Grant& grant) {
  std::uint32_t left = grant.parts;
  for (auto& part : grant.message->parts) {
    if (left > 0 && part.status == Status::kQueued) {
      part.status = Status::kSending;
      --left;
    }
  }
}

}  // namespace aldis::dispatch
