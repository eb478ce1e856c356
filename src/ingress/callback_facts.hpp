// SPDX-License-Identifier: Apache-2.0
// What the engine says of a change, as styles want to read it.
#pragma once

#include <string>

#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/ingress/callback_event.hpp"
#include "ingress/door_notes.hpp"

namespace aldis::ingress {

// Owns what the event's views show.
class MessageTold {
 public:
  MessageTold(const Now& now, const CallWebhook& call, const Directory& directory, const PublicIds& ids);
  MessageTold(const MessageTold&) = delete;
  MessageTold& operator=(const MessageTold&) = delete;
  [[nodiscard]] const MessageEvent& event() const { return event_; }

 private:
  DoorNotes notes_;
  std::string id_, to_, from_, operator_id_, stat_, err_, receipt_text_;
  MessageEvent event_;
};

class InboundTold {
 public:
  InboundTold(const CallWebhook& call, const Directory& directory, const PublicIds& ids);
  InboundTold(const InboundTold&) = delete;
  InboundTold& operator=(const InboundTold&) = delete;
  [[nodiscard]] const InboundEvent& event() const { return event_; }

 private:
  std::string id_, from_, to_, text_, octets_, udh_;
  InboundEvent event_;
};

}  // namespace aldis::ingress
