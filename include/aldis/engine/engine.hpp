// SPDX-License-Identifier: Apache-2.0
// The one place that knows the whole life of a message.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "aldis/base/siphash.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/engine/restored.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/ports/metrics.hpp"
#include "aldis/spool/images.hpp"
#include "aldis/spool/journal_writer.hpp"

namespace aldis::engine {

struct State;

// All of these outlive the engine.
struct Setup {
  const Settings& settings;
  const Directory& directory;
  spool::JournalWriter& journal;
  ports::Log& log;
  SipKey key;         // of this installation
  bool held = false;  // restored data: nothing goes to an operator in this life
  // What waits beyond limits.messages_in_memory is read back through it; null: all of it stays in memory.
  spool::Images* images = nullptr;
  // What doors over HTTP wrote about who is to be told there; null: nobody is.
  const WebhookReader* webhooks = nullptr;
};

// One input, on(now, event); one output, the effects given to the sink while on() runs. Calls nobody else: no
// socket, file, clock, random number or thread is reachable from it, so the same events at the same times
// give the same effects.
//
// A turn is any number of events and then a Tick. What the events caused waits for the Tick, which gives
// links and sessions their work and closes the turn: everything the turn wrote is one run of journal records,
// and every effect that promises something waits at the promise gate for the end of that run to be durable.
// Refusals leave at once.
//
// Owned by the daemon, on the engine thread. Owns all message state. Bounded by limits.messages_max, the
// accounts' queue_max and the windows of sessions and links. Fails only by ALDIS_CHECK: events from peers are
// refused by value.
class Engine final : public EventSink {
 public:
  Engine(const Now& now, const Setup& setup, EffectSink& sink, std::unique_ptr<Restored> restored);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void on(const Now& now, const Event& event) override;

  // When a Tick is due although nothing happened; kNever = not before the next event.
  [[nodiscard]] Instant next_deadline() const;
  // After Drain: nothing is on the wire and nothing waits at the gate.
  [[nodiscard]] bool drained() const;
  // Segments before this one are not needed any more once the journal is durable up to `durable_first`.
  struct Release {
    spool::SegmentNumber before = 0;
    Lsn durable_first{};
  };
  [[nodiscard]] Release releasable() const;

  [[nodiscard]] std::size_t messages_live() const;
  // What outlives the daemon beside messages, for the doors when they open.
  void visit_stored(const std::function<void(const Stored&)>& visit) const;
  [[nodiscard]] std::size_t owed(AccountId account) const;  // receipts and inbound messages not acknowledged
  void collect(const Now& now, ports::MetricReport& report);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace aldis::engine
