// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/ports/byte_protocol.hpp"
#include "aldis/ports/http.hpp"
#include "aldis/runtime/http_server.hpp"
#include "runtime/client_address.hpp"
#include "runtime/http_places.hpp"
#include "runtime/http_text.hpp"

namespace aldis::runtime {

// What the connections of one server share with it; it outlives both.
struct HttpShared {
  HttpShared(ports::HttpService& answering, HttpServerSettings server_settings)
      : service(&answering),
        settings(std::move(server_settings)),
        places(settings.limits.connections, settings.limits.connections_per_address) {}

  // Unique while the process lives, and not to be guessed from one another.
  std::string request_id() {
    std::uint64_t x = request_seed + 0x9e3779b97f4a7c15u * ++requests_made;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return request_id_of(x ^ (x >> 31));
  }

  ports::HttpService* service;  // null once the server is gone
  HttpServerSettings settings;
  HttpPlaces places;
  TrustedProxies proxies{};
  HttpCounters counters{};
  HttpDate date{};
  std::function<WallTime()> clock{};  // for answers between callbacks; empty: as of the last callback
  std::uint64_t request_seed = 0;
  std::uint64_t requests_made = 0;
  bool is_draining = false;
};

// The answering half of a connection: the requests that are at work, in their order, and the text of those
// answers that are ready before their turn. Shared by the connection and every HttpReply; does nothing once
// the peer has gone. At most kAtWork requests; what a stream has unsent is bounded by HttpLimits::unread.
class HttpReplies final : public ports::HttpAnswers {
 public:
  static constexpr std::size_t kAtWork = 16;

  class Owner {
   public:
    // a request was answered: there may be room for another
    virtual void on_answered() = 0;
    virtual void on_resumed(std::uint64_t request) = 0;  // its body may go on
    virtual void on_ended(std::uint64_t request) = 0;    // answered, perhaps before its body has come

   protected:
    ~Owner() = default;
  };
  struct Request {
    bool is_head = false;
    bool is_http10 = false;
    bool keep_alive = true;
    std::string_view id{};  // empty: one is made
  };

  explicit HttpReplies(std::shared_ptr<HttpShared> shared) : shared_(std::move(shared)) {}

  void opened(const Now& now, ports::Wire& wire, Owner& owner);
  void closed(const Now& now);  // nobody is called after it but on_gone() of streams, inside it
  void abandoned();             // the same without a word

  std::uint64_t open(const Request& request);
  void whole(std::uint64_t request);  // its time to be answered begins
  void stream(std::uint64_t request, std::shared_ptr<ports::HttpStream> stream);
  void refuse(std::uint64_t request, unsigned status);  // with `Connection: close`
  void announce_last(std::uint64_t request);            // its answer will say `Connection: close`
  void finish();                                        // once all are answered, the connection is closed
  void tell_continue(std::uint64_t request);            // 100, in its turn

  void at(const Now& now) { now_ = now; }
  void on_flushed();
  void expire();
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] bool is_full() const { return count_ == kAtWork; }
  [[nodiscard]] bool is_empty() const { return count_ == 0; }
  [[nodiscard]] bool is_closing() const { return is_closing_; }
  [[nodiscard]] std::string_view id(std::uint64_t request) const;

  // ports::HttpAnswers
  void send(std::uint64_t request, ports::HttpResponse&& response) override;
  void begin(std::uint64_t request, ports::HttpResponse&& head) override;
  bool write(std::uint64_t request, std::string_view piece) override;
  void end(std::uint64_t request) override;
  void resume(std::uint64_t request) override;
  [[nodiscard]] bool wants(std::uint64_t request) const override { return find(request) != nullptr; }

 private:
  enum class State : std::uint8_t { kWaiting, kStreaming, kDone };
  struct Slot {
    State state = State::kWaiting;
    bool is_head = false;
    bool is_http10 = false;
    bool keep_alive = true;
    bool wants_room = false;
    bool wants_continue = false;
    Instant whole_at = kNever;
    std::string id{};
    std::string text{};  // of its answer, as long as others are before it
    std::shared_ptr<ports::HttpStream> stream{};
  };

  [[nodiscard]] Slot& at_index(std::size_t i) { return ring_[(first_ + i) % ring_.size()]; }
  [[nodiscard]] const Slot& at_index(std::size_t i) const { return ring_[(first_ + i) % ring_.size()]; }
  [[nodiscard]] const Slot* find(std::uint64_t request) const;  // null: answered, or gone
  [[nodiscard]] Slot* find(std::uint64_t request);
  [[nodiscard]] bool is_front(const Slot& slot) const { return &slot == &at_index(0); }
  std::string& out(Slot& slot) { return is_front(slot) ? wire_->output() : slot.text; }
  void append_head(Slot& slot, const ports::HttpResponse& response, bool streams);
  void done(std::uint64_t request, Slot& slot);
  void advance();
  void close();

  std::shared_ptr<HttpShared> shared_;
  ports::Wire* wire_ = nullptr;
  Owner* owner_ = nullptr;
  std::vector<Slot> ring_;  // grows up to kAtWork: most connections have one request at work
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t first_request_ = 1;
  Now now_{};
  bool is_last_ = false;  // nothing follows what is at work
  bool is_closing_ = false;
};

}  // namespace aldis::runtime
