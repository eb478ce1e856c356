// SPDX-License-Identifier: Apache-2.0
// What stands behind the edges in a script: an engine that accepts everything, a queue of messages for one
// link, or the whole gateway.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"

namespace aldis::spec {

// Takes the edges' events and gives effects to `out`. Driven by the stage: turn() until it says false.
// `syncs` false: the disk waits for sync().
class Inside : public EventSink {
 public:
  using Out = std::function<void(const Now&, const Effect&)>;

  virtual ~Inside() = default;
  virtual bool turn(const Now& now) = 0;  // true if anything happened
  virtual void sync(const Now& now) = 0;  // everything written so far, and what that causes, is durable
  [[nodiscard]] virtual Instant next_deadline() const { return kNever; }
  virtual void fail_disk() {}
  virtual void drain(const Now&) {}
  [[nodiscard]] virtual bool drained() const { return true; }
  [[nodiscard]] virtual bool stopped() const { return false; }  // the process ended by itself

  bool syncs = true;
};

// Accepts what customers want: every id is one more than the last.
class AcceptingEngine final : public Inside {
 public:
  explicit AcceptingEngine(Out out) : out_(std::move(out)) {}
  void on(const Now& now, const Event& event) override;
  bool turn(const Now&) override { return false; }
  void sync(const Now& now) override;

 private:
  void answer(const Now& now, Effect effect);
  Out out_;
  std::uint64_t last_id_ = 0;
  std::deque<Effect> held_;
};

// Sends what is queued as windows allow, forgets what was answered, and acknowledges what operators deliver.
class QueueForLink final : public Inside {
 public:
  QueueForLink(Out out, unsigned messages);
  void on(const Now& now, const Event& event) override;
  bool turn(const Now& now) override;
  void sync(const Now& now) override;

 private:
  struct Link {
    LinkId id{};
    unsigned window_free = 0;
  };
  Link& link_of(LinkId id);
  void acknowledge(const Now& now, const LinkRequest& request);
  Out out_;
  std::deque<Message> messages_;
  std::deque<std::size_t> queue_;  // indices
  std::vector<Link> links_;
  std::deque<LinkRequest> held_;
};

}  // namespace aldis::spec
