// SPDX-License-Identifier: Apache-2.0
// Which message goes next to an operator, and when.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::dispatch {

inline constexpr std::uint32_t kAnyParts = std::numeric_limits<std::uint32_t>::max();

// Leave to lease parts. `parts` of the message's parts with status kQueued, from the first one on, have their
// tokens; the caller must step exactly those out of kQueued before it asks dispatch anything else.
struct Grant {
  Message* message = nullptr;  // none: nothing queued, or no tokens yet (tokens_at() tells)
  std::uint32_t parts = 0;
  bool whole =
      false;  // that is all of its unsent parts, and it has left its lane. Otherwise it stays at the head
              // of its lane and goes on, before others of its class, with the next tokens

  explicit operator bool() const { return message != nullptr; }
};

// Where lanes get the messages that they know by id only.
class Fetch {
 public:
  // The message, in memory from now on; null when it is over with it.
  virtual Message* message(MessageId id) = 0;

 protected:
  ~Fetch() = default;
};

// Lanes of waiting messages, one per (operator, class, account), and the rate of each operator.
//
// otp goes before transactional before bulk; inside a class accounts share by deficit round robin, weighted,
// counted in parts. Inside a lane messages keep the order of enqueue(), also when they go back to the head.
// Tokens are parts; all links of an operator share them, and no sliding second ever has more than per_second
// + burst. The rate follows the operator (throttle answers, congestion_state) between per_second_min and
// per_second.
//
// Owns lanes and rates, never messages: whoever frees a message removes it first, and a Dispatch is destroyed
// before the messages it still queues. The engine calls it, on its thread, with monotonic time that does not
// go back. Every call is O(1) (next(): amortised over parts), whatever waits; empty lanes cost nothing.
// Bounds: queue_max per operator is told by has_room() and enforced by the caller before acceptance, so that
// accepted work always finds its place. An operator must be configured before anything is queued for it
// (ALDIS_CHECK). Not for messages that wait for a time (schedule, retry): those wait in the engine's timers
// and come here when due.
class Dispatch {
 public:
  Dispatch();
  ~Dispatch();
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;

  // Adds the operator, or changes its rate and bounds in place: what waits stays, a lowered rate holds at
  // once.
  void configure_operator(Instant now, OperatorId op, const OperatorSettings& settings);
  void configure_account(AccountId account, std::uint32_t weight);  // unknown accounts weigh 1
  // Beyond so many messages in lanes, further ones of a lane that has some are kept by their ids alone
  // (Message::lane_by_id) and fetched when its turn comes to them. Without this call all are kept.
  void keep_in_lanes(std::size_t messages_max, Fetch& fetch);
  [[nodiscard]] bool knows(OperatorId op) const { return find(op) != nullptr; }

  // To the end of its lane; sets Message::op, lane_seq and ready_at. The message must not be queued.
  void enqueue(Instant now, Message& message, OperatorId op);
  // Back to its former turn at the head of the lane of Message::op (throttled, not sent). Nothing if it is
  // still queued.
  void requeue_front(Instant now, Message& message);
  // Out of its lane (canceled, expired, rerouted). Nothing if it is not queued.
  void remove(Message& message);
  static bool is_queued(const Message& message) {
    return message.lane_by_id || static_cast<const LaneHook&>(message).is_linked();
  }

  // None, and tokens_at() in the past: it is behind ids of messages that are over; ask again in the next
  // turn. The next message, with tokens taken for Grant::parts of its parts, at most `parts_max` (what the
  // link may lease).
  Grant next(Instant now, OperatorId op, std::uint32_t parts_max = kAnyParts);
  // When next() without parts_max can succeed: not later than tokens allow it. May lie in the past; kNever:
  // nothing queued.
  Instant tokens_at(OperatorId op);

  // Every result of a submitted part, once, and before on_congestion() of the same response: OKs measure the
  // knee, throttles slow down, kNotSent gives its token back.
  void on_answer(Instant now, OperatorId op, OutcomeClass outcome_class, std::uint32_t parts = 1);
  void on_congestion(Instant now, OperatorId op, std::uint8_t congestion_state);
  // Tokens of granted parts that cannot leave now (not leased after all, or their link's window is full).
  void refund(Instant now, OperatorId op, std::uint32_t parts);
  // Takes tokens for parts whose own were refunded: what waits for a window pays when it leaves, so that a
  // stall is not followed by a burst. False: not yet; token_at() says when.
  [[nodiscard]] bool take(Instant now, OperatorId op, std::uint32_t parts);
  [[nodiscard]] Instant token_at(OperatorId op);

  [[nodiscard]] std::size_t queued(OperatorId op) const;
  [[nodiscard]] std::size_t queued(OperatorId op, MessageClass message_class) const;
  [[nodiscard]] bool has_room(OperatorId op) const;  // queue_max not reached
  [[nodiscard]] Duration oldest(Instant now, OperatorId op,
                                MessageClass message_class) const;  // 0 when empty; O(lanes)
  [[nodiscard]] double rate(Instant now, OperatorId op);            // parts per second as adapted

  // Walks what is queued for an operator in slices, for rerouting: sweep_begin(), then sweep_slice() in turn
  // after turn, each looking at `places_max` places of lanes, until it says false: it is through. Messages
  // may be queued and removed in between, the visited one by its visit, too; each message that stays queued
  // all the time is visited once. A new sweep_begin() starts over. What a lane knows by id is fetched for it.
  void sweep_begin(OperatorId op);
  [[nodiscard]] bool sweep_slice(OperatorId op, std::size_t places_max,
                                 const std::function<void(Message&)>& visit);

  // aldis_queue_messages{state="ready"}, aldis_queue_oldest_seconds, aldis_queue_wait_seconds,
  // aldis_operator_parts_per_second, aldis_throttle_wait_seconds_total{scope="operator"}.
  void collect(Instant now, ports::MetricReport& report);

 private:
  struct Lane;
  struct Ring;
  struct Operator;

  Operator& operator_of(OperatorId op);
  const Operator* find(OperatorId op) const;
  Lane& lane_of(Operator& op, const Message& message);
  Lane* turn(Ring& ring);
  Grant grant(Instant now, Operator& op, Lane& lane, std::uint32_t parts_max);
  void join(Operator& op, Lane& lane, Message& message, bool at_head);
  void leave(Operator& op, Lane& lane, Message& message);
  void fetch_more(OperatorId op, Lane& lane);
  void fetch_first(OperatorId op, Ring& ring);
  void scale_weights();

  std::vector<std::unique_ptr<Operator>> operators_;  // index = OperatorId; null: not configured
  boost::unordered_flat_map<AccountId, std::uint32_t> weights_;
  std::uint32_t weight_unit_ =
      1;  // greatest common divisor of all weights: the quantum of a lane is weight / unit
  bool weights_changed_ = true;
  std::uint32_t weights_epoch_ = 0;
  std::uint64_t lane_seq_last_ = 0;
  Fetch* fetch_ = nullptr;
  std::size_t in_lanes_max_ = std::numeric_limits<std::size_t>::max();
  std::size_t in_lanes_ = 0;  // messages themselves, in the lanes of all operators
};

}  // namespace aldis::dispatch
