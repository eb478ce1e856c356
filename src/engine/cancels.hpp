// SPDX-License-Identifier: Apache-2.0
// Cancels by addresses that are under way (SMPP 3.4 section 4.9): a customer may mean millions of messages,
// so they end a slice per turn, and the answer comes when the last one has.
#pragma once

#include <deque>
#include <string>

#include "aldis/core/events.hpp"

namespace aldis::engine {

struct State;

// Bounded by the windows of the customers' sessions: each stands for one request without an answer.
struct AddressCancel {
  RequestToken token;
  AccountId account;
  std::string service_type;
  Address source;
  Address destination;
  MessageId next{};    // where the next slice begins
  MessageId before{};  // messages accepted after the request stay
  bool any = false;    // canceled so far
};

namespace cancels {

void begin(State& s, const Now& now, const CancelMessage& request, const Address& destination);
void slice(State& s, const Now& now);  // in every turn
[[nodiscard]] bool under_way(const State& s);

}  // namespace cancels

}  // namespace aldis::engine
