// SPDX-License-Identifier: Apache-2.0
// Everything the engine owns, and the steps that several of its files share. Private to src/engine.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <queue>
#include <vector>

#include "aldis/admission/admission.hpp"
#include "aldis/admission/pressure.hpp"
#include "aldis/base/timer_wheel.hpp"
#include "aldis/dispatch/dispatch.hpp"
#include "aldis/engine/engine.hpp"
#include "aldis/engine/message_table.hpp"
#include "aldis/notify/outbox.hpp"
#include "aldis/receipts/apply.hpp"
#include "aldis/receipts/correlator.hpp"
#include "aldis/receipts/orphans.hpp"
#include "aldis/receipts/tally.hpp"
#include "aldis/routing/inbound_table.hpp"
#include "aldis/routing/routing_table.hpp"
#include "aldis/spool/images.hpp"
#include "engine/cancels.hpp"
#include "engine/counters.hpp"
#include "engine/gate.hpp"
#include "engine/idempotency.hpp"
#include "engine/recent_finals.hpp"
#include "engine/shelf.hpp"
#include "engine/telling.hpp"

namespace aldis::engine {

// One bind to an operator, as far as the engine cares.
struct Link {
  OperatorId op = kNoOperator;
  bool up = false;
  bool submits = false;
  std::uint32_t epoch = 0;  // binds so far: what was leased to a former bind is not sent on this one
  std::uint32_t lease_max = 0;
  std::uint32_t leased = 0;   // parts whose RESULT is not durable yet, those of former binds included
  std::uint32_t credit = 0;   // submits its window has room for
  std::deque<PartRef> ready;  // durable leases that wait for credit; at most lease_max
  // of them, those that have their result in this turn: one each, whatever became of it
  std::uint32_t freed = 0;
  Instant silent_until{};                      // after a throttle answer
  std::vector<spool::LeasedPart> lease_batch;  // of this turn
};

// An operator's links together.
struct Group {
  OperatorCounters counters;
  std::vector<LinkId> links;
  std::uint32_t up = 0;                           // links that submit and are bound
  Instant bound_since{};                          // the first of them
  bool sweeping = false;                          // its queue is being offered to other candidates
  std::array<std::uint16_t, 1024> concat_refs{};  // reference numbers, by hash of the destination
};

using HomeList = boost::intrusive::list<Homed, boost::intrusive::base_hook<HomeHook>,
                                        boost::intrusive::constant_time_size<false>>;

struct Lookup final : receipts::MessageLookup {
  explicit Lookup(State& s) : state(s) {}
  [[nodiscard]] const Message* find(MessageId id) const override;
  State& state;
};

struct State {
  State(const Now& now, const Setup& setup, EffectSink& sink_in, std::unique_ptr<Restored> restored_in);

  const Settings& settings;
  const Directory& directory;
  spool::JournalWriter& journal;
  ports::Log& log;
  EffectSink& sink;
  const bool held;  // restored data: nothing goes to an operator (CONTRACT H34)
  // holds the tables that replay filled; its `messages` is the table of live messages
  std::unique_ptr<Restored> restored;
  MessageTable& messages;
  Lookup lookup;

  PromiseGate gate;
  TimerWheel wheel;
  HomeList homes;               // everything live and in memory, oldest image in the journal first
  spool::Images* const images;  // null: nothing is shelved
  Shelf shelf;
  Fetcher fetcher;

  dispatch::Dispatch dispatch;
  routing::RoutingTable routes;
  routing::InboundTable inbound_routes;
  routing::Health health;
  admission::Admission admission;
  admission::Pressure pressure;
  receipts::IdRules id_rules;
  receipts::Correlator correlator;
  receipts::OrphanReceipts orphans;
  receipts::Tally tally;
  notify::Outbox outbox;
  Telling telling;
  Idempotency idempotency;

  std::vector<Link> links;          // index = LinkId
  std::deque<Group> groups;         // index = OperatorId
  std::vector<Message*> fresh;      // accepted in this turn, not in the journal yet
  std::vector<MessageId> finished;  // may leave memory at the end of the turn
  RecentFinals recent_finals;       // those that left

  StoredThings& stored;  // what replay found, and since

  // What is owed beyond the usual receipt of a final state: what compaction must copy (see owed_of).
  boost::unordered_flat_map<MessageId, std::vector<spool::OwedItem>> owed_unusual;
  boost::unordered_flat_map<AccountId, std::uint32_t> short_ids;
  // submit_multi: public id -> its messages
  boost::unordered_flat_map<MessageId, std::vector<MessageId>> multi;

  struct LateAnswer {  // an account ahead of its rate: the answer waits (SMPP 4.1)
    Instant at;
    std::uint64_t order;
    AnswerSubmit answer;
    friend bool operator<(const LateAnswer& a, const LateAnswer& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  std::priority_queue<LateAnswer> late_answers;
  std::deque<AddressCancel> cancels;

  std::uint64_t next_sequence = 0;
  bool draining = false;
  Instant idle_marker_at = kNever;
  spool::SegmentNumber oldest_written = 0;  // what the newest CHECKPOINT says is needed
  Lsn oldest_written_at{};
  // the pass of compaction under way writes again what stands before this; 0 = none
  Lsn compact_until{};
  std::uint64_t pass_octets = 0;  // what the last pass left: about what is live
  std::uint64_t pass_things = 0;  // what was live then
  std::string payload_scratch;
  Counters counters;

  // --- life.cpp: every change of a message's status passes here
  // -----------------------------------------------------

  void step(Message& message, Status to);
  // for steps that receipts' functions make
  void step_counted(const Message& message, Status from, Status to);
  // A message as new in the tables: counted in its state.
  void count_in(const Message& message) { ++level_of(message, message.status); }
  std::uint64_t& level_of(const Message& message, Status status);
  void count_sent(const Message& message);  // a part, and that its receipt is to come
  OperatorCounters& counters_of(OperatorId op) { return groups[op.value()].counters; }
  // Our own verdict on all parts that have none: FINAL, and the receipt that is owed.
  void finish(const Now& now, Message& message, Status status, UnknownReason reason, std::string_view err);
  // The same where no outcome came: open parts count as UNKNOWN, and the message is what its parts add up to.
  void finish_unanswered(const Now& now, Message& message, UnknownReason reason);
  // Admission counts what waits to be sent: to be told after a change, with what waits() said before it.
  void queue_changed(const Message& message, bool waited);
  // What the customer is owed for the message's present state, if anybody wants to hear of it; to be put into
  // the record that is written.
  struct Occasion {
    Status previous = Status::kQueued;
    bool intermediate = false;
    bool accepted_word = false;
    bool by_receipt = false;
    std::uint32_t command_status = 0;
  };
  std::optional<spool::OwedItem> owed_item(const Now& now, const Message& message, const Occasion& occasion);
  void owe(const Now& now, Message& message, const spool::OwedItem& item);
  void owed_done(Message& message, std::uint16_t status_seq, WebhookNumber webhook);
  std::vector<spool::OwedItem> owed_of(const Message& message) const;
  // The message is final: correlation is undone, and it leaves memory when nothing is owed for it.
  void leave_if_done(const Now& now, Message& message);
  void free_finished();  // end of the turn
  void forget_parts(Message& message);
  void final_written(const Now& now, Message& message, Status previous, std::string_view err);
  void note_uncertain(Message& message, std::uint16_t i);
  MessageId next_id();
  void rehome(Homed& homed, Lsn home);

  // --- shelf.cpp -----------------------------------------------------

  Message* present(MessageId id);  // brought back if it was shelved; null when it is over with it
  [[nodiscard]] bool may_shelve(const Now& now, const Message& message) const;
  void shelve(Message& message);
  void came_to_rest(const Message& message);  // if it did
  [[nodiscard]] Instant deadline_of(const Message& message) const;
  [[nodiscard]] spool::SegmentNumber oldest_needed() const;  // by any image
  void left_home(Homed& homed);  // its image is not needed any more, or another one is written

  void append_image(const Now& now, Message& message);
};

inline constexpr Duration kIdleMarker = milliseconds{50};

// EXPIRED by us and UNKNOWN may still be replaced by the network's verdict (CONTRACT D6).
bool awaits_late_receipt(const Message& message);

// Waits to be sent: queued, scheduled, or on a link with its first parts only.
bool waits(const Message& message);

// No operator may have any part of it, so that it can still be canceled or replaced.
bool is_unsent(const Message& message);

// Some part was with its operator: the others go there, too.
bool is_tied(const Message& message);

bool any_part(const Message& message, Status status);

// What a message waits for, from what its parts wait for. Finals are receipts' business (aggregate).
Status status_of_parts(const Message& message);

// Uniform 0..1, the same for the same message and attempt: jitter without a source of randomness.
double jitter_of(MessageId id, std::uint32_t salt);
std::uint64_t stirred(std::uint64_t x);

// --- the engine's work, by what came
// --------------------------------------------------------------------------------

namespace acceptance {  // acceptance.cpp
void on(State& s, const Now& now, const Submit& request);
// what was accepted in this turn and is not leased goes to the journal
void write_fresh(State& s, const Now& now);
// The operator that the message waits for from now on, by its route; false: there is none.
bool choose_operator(State& s, Message& message, bool count_full_as_room);
bool choose_operator(State& s, const routing::Route& route, Message& message, bool count_full_as_room);
}  // namespace acceptance

namespace shelving {                  // shelf.cpp
void rest(State& s, const Now& now);  // images for what has waited longest for a receipt or a customer
void shelve_waiting(State& s, const Now& now);
void take_moved(State& s);  // what compaction wrote again and is durable now
void expire(State& s, const Now& now);
[[nodiscard]] Instant next_expiry(const State& s);
// Writes again a slice of what is shelved and stands before compact_until; false: there is none left.
bool compact_slice(State& s, const Now& now);
}  // namespace shelving

namespace requests {  // requests.cpp
void on(State& s, const Now& now, const QueryMessage& request);
void on(State& s, const Now& now, const ReadMessage& request);
void on(State& s, const Now& now, const CancelMessage& request);
void on(State& s, const Now& now, const ReplaceMessage& request);
}  // namespace requests

namespace storing {  // stored_things.cpp
void on(State& s, const Now& now, const Store& request);
void write(State& s, Stored& stored);                           // its image, again
void remove(State& s, StoredKind kind, std::string_view name);  // must be there
}  // namespace storing

namespace sending {  // sending.cpp
void on(State& s, const Now& now, const LinkBound& event);
void on(State& s, const Now& now, const LinkCredit& event);
void on(State& s, const Now& now, const LinkLost& event);
void on(State& s, const Now& now, const SubmitResult& event);
// gives links with room their next messages
void lease_work(State& s, const Now& now);
void lease_ready(State& s, const Now& now, const LeaseReady& ready);  // from the gate
void places_freed(State& s, const PlacesFreed& freed);                // from the gate
// its parts changed: what next?
void settle(State& s, const Now& now, Message& message, bool at_head = false);
void make_uncertain_due(State& s, const Now& now, Message& message);  // uncertain_hold is over
// into its lane, or its timer if not due yet
void queue(State& s, const Now& now, Message& message, bool at_head);
void sweep(State& s, const Now& now);  // queues of operators that are down
}  // namespace sending

namespace receiving {  // receiving.cpp
void on(State& s, const Now& now, const OperatorReceipt& receipt);
void on(State& s, const Now& now, const OperatorInbound& inbound);
// Parked receipts for the part: by `operator_id`, if it has more than one, else by its own or, without one,
// by numbers.
void match_orphans(State& s, const Now& now, Message& message, std::uint16_t part,
                   std::string_view operator_id = {});
void expire_orphans(State& s, const Now& now);
OperatorReceipt receipt_of(const receipts::Orphan& orphan);  // its views are of the orphan
}  // namespace receiving

namespace owing {  // owing.cpp
void on(State& s, const Now& now, const DeliverResult& result);
void on(State& s, const Now& now, const WebhookAnswered& answered);
void deliver(State& s, const Now& now);  // what is owed goes to sessions and webhooks with room
// A message from a handset that is owed to the webhooks it names.
void owe_inbound(State& s, const Now& now, std::shared_ptr<Inbound> inbound);
// An endpoint that has gone meanwhile is owed nothing.
void dead_letter(State& s, MessageId id, bool inbound, std::uint16_t status_seq, WebhookNumber webhook);
}  // namespace owing

namespace housekeeping {               // housekeeping.cpp
void start(State& s, const Now& now);  // puts what replay found where it belongs
void timer_fired(State& s, const Now& now, Message& message);
void checkpoint_if_due(State& s, const Now& now);
void compact(State& s, const Now& now);
void measured(State& s, const Now& now, const SelfMeasured& event);
void collect(State& s, const Now& now, ports::MetricReport& report);
}  // namespace housekeeping

}  // namespace aldis::engine
