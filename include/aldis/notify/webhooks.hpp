// SPDX-License-Identifier: Apache-2.0
// What accounts are owed over HTTP, until their servers have acknowledged it (CONTRACT D7, D15, H28).
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/base/timer_wheel.hpp"
#include "aldis/notify/webhook.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::notify {

// Owns every webhook that is owed and the state of every endpoint. Called on the engine's thread, all time
// passed in; pull: next() says whom to call now, on_result() what came of it. What is promised is never
// refused: its only bound is retention, then it settles as dead letter. An item that fails comes again after
// 5 s, 30 s, 2 min, 10 min, 30 min, then hourly, each give or take 20 %. Events of one message go one after
// the other, those of an `ordered` endpoint too. An endpoint has its own queue, window and breaker: each
// failure in a row halves its window, ten open the breaker, which lets one probe through per step of the same
// schedule; a success closes it and everything that waited may go. In flight are at most `in_flight` calls,
// `per_host` to one host; while half of all places are taken nobody takes more than two, so that servers
// which hang at the same moment leave places for the others. Knows no URL, no style and no content: whoever
// gets a WebhookCall composes it. Not for promises that are not durable yet, as Outbox.
class Webhooks {
 public:
  struct Limits {
    std::size_t in_flight = 512;
    std::size_t per_host = 64;
  };

  Webhooks(const Now& start, ports::Random& random);
  Webhooks(const Now& start, ports::Random& random, Limits limits);
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  // An endpoint of the configuration or the API. set(): its settings changed; enabling it again forgets what
  // it was like. close(): it is gone, and what it was owed settles as dead letters.
  EndpointId open(const Now& now, const WebhookEndpoint& endpoint);
  void set(const Now& now, EndpointId id, const WebhookEndpoint& endpoint);
  void close(const Now& now, EndpointId id);
  // Where the callbacks of an account's single messages to one host queue: made when it is not there, gone
  // when it is owed nothing.
  EndpointId callbacks_of(const Now& now, const WebhookEndpoint& endpoint);

  // `owed_at` is when it came to be: older than now after a restart, now for a replay.
  void owe(const Now& now, EndpointId id, OwedEvent event, WallTime owed_at);

  // The next call that may leave; none when nobody has both work and room. It takes one place until
  // on_result().
  [[nodiscard]] std::optional<WebhookCall> next(const Now& now);
  // None for a token that is not in flight.
  std::optional<WebhookSettled> on_result(const Now& now, CallToken token, const WebhookResult& result);

  // Time passes. Then call next_settled() and next_notice() until they have nothing, and next().
  void advance(const Now& now);
  [[nodiscard]] std::optional<WebhookSettled> next_settled();  // dead letters
  [[nodiscard]] std::optional<WebhookNotice> next_notice();
  [[nodiscard]] Instant next_deadline() const;

  [[nodiscard]] std::size_t size() const { return items_count_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] bool has_work() const { return !active_.empty(); }  // next() may have something
  [[nodiscard]] EndpointState state_of(EndpointId id) const;
  void collect(const Now& now, ports::MetricReport& report) const;

 private:
  struct Endpoint;
  struct Host {
    std::string name;
    std::size_t used = 0;
    std::size_t endpoints = 0;
    std::vector<EndpointId> waiting;  // for a place; each once
  };
  using ItemHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct WebhookItemTag>,
                                                    boost::intrusive::link_mode<boost::intrusive::safe_link>>;
  enum TimerKind : std::uint8_t { kItemTimer, kEndpointTimer };

  struct Item : ItemHook, TimerHook {
    enum class Where : std::uint8_t { kFree, kReady, kInFlight, kResting, kBehind };
    Item() : TimerHook(kItemTimer) {}
    OwedEvent event;
    Endpoint* endpoint = nullptr;
    Host* called = nullptr;  // while in flight: its endpoint may have another one since
    Item* behind = nullptr;  // the next event of the same message, which waits for this one
    Instant owed_at{};
    Instant expires_at{};
    Where where = Where::kFree;
    bool is_probe = false;
    std::uint16_t attempts = 0;
  };
  using Items = boost::intrusive::list<Item, boost::intrusive::base_hook<ItemHook>>;

  using ActiveHook =
      boost::intrusive::list_base_hook<boost::intrusive::tag<struct WebhookActiveTag>,
                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  struct Endpoint : ActiveHook, TimerHook {
    Endpoint(EndpointId endpoint_id, const WebhookEndpoint& wanted)
        : TimerHook(kEndpointTimer), id(endpoint_id), settings(wanted) {}
    [[nodiscard]] std::size_t window() const;
    EndpointId id;
    WebhookEndpoint settings;
    Host* host = nullptr;
    Items ready;                                         // about oldest first
    Items resting;                                       // failed; each comes back by its own timer
    boost::unordered_flat_map<MessageId, Item*> newest;  // per message, the last of its chain
    std::size_t items = 0;
    std::size_t used = 0;
    unsigned failures_row = 0;
    unsigned probe_step = 0;
    bool is_open = false;       // the breaker
    bool is_slowed = false;     // it said so: one at a time until a success
    bool is_callbacks = false;  // by callbacks_of()
    bool is_closing = false;    // by close(): goes with its last call
    bool waits_for_host = false;
    Instant held_until{};  // the next probe, Retry-After, or the retry of an ordered one
  };

  Endpoint& at(EndpointId id);
  Endpoint& add(EndpointId id, const WebhookEndpoint& endpoint);
  Host* take_host(const std::string& name);
  void give_host(Host& host);
  void erase_if_unused(Host& host);
  void erase_if_idle(Endpoint& endpoint);
  Item& take_item();
  void free_item(Item& item);

  void activate(Instant now, Endpoint& endpoint);
  void wake_host(Instant now, Host& host);
  void make_ready(Instant now, Item& item, bool in_front);
  void rest(Instant now, Item& item, Duration delay);
  void release_resting(Instant now, Endpoint& endpoint);
  WebhookCall call(Endpoint& endpoint, Item& item);
  [[nodiscard]] bool is_crowded() const { return in_flight_.size() >= limits_.in_flight / 2; }
  Item* take_ready(Endpoint& endpoint);

  void succeeded(Instant now, Endpoint& endpoint);
  void failed(const Now& now, Endpoint& endpoint, Item& item, const WebhookResult& result);
  void open_breaker(Instant now, Endpoint& endpoint, bool was_probe);
  void disable(Endpoint& endpoint);
  void come_back(const Now& now, Endpoint& endpoint, Item& item, const WebhookResult& result);
  WebhookSettled leave(Instant now, Item& item, WebhookSettled::Kind kind);
  void bury(Instant now, Item& item);
  void fire(Instant now, TimerHook& hook);
  Duration jittered(Duration delay);
  void notice(const Endpoint& endpoint, WebhookNotice::Kind kind);

  const Instant start_;
  ports::Random& random_;
  const Limits limits_;
  TimerWheel wheel_;
  std::deque<Item> items_;  // never move; those that are free are linked in free_
  Items free_;
  std::size_t items_count_ = 0;
  boost::unordered_flat_map<EndpointId, std::unique_ptr<Endpoint>> endpoints_;
  boost::unordered_flat_map<std::string, std::unique_ptr<Host>> hosts_;
  boost::unordered_flat_map<std::string, EndpointId> callbacks_;  // by account and host
  using Endpoints = boost::intrusive::list<Endpoint, boost::intrusive::base_hook<ActiveHook>,
                                           boost::intrusive::constant_time_size<false>>;
  Endpoints active_;   // in turn; whoever cannot go is not in it
  Endpoints crowded_;  // could go, but have two calls in flight while many others have
  boost::unordered_flat_map<CallToken, Item*> in_flight_;
  std::uint64_t last_token_ = 0;
  std::uint32_t last_endpoint_ = 0;
  std::deque<WebhookSettled> settled_;
  std::deque<WebhookNotice> notices_;
  std::uint64_t dead_letters_ = 0;
};

}  // namespace aldis::notify
