// SPDX-License-Identifier: Apache-2.0
// Doors for clients that were written for others (docs/dialects.md): they change a base URL, and nothing
// else.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aldis/core/directory.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/ingress/engine_calls.hpp"
#include "aldis/ingress/history_calls.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/fetch.hpp"
#include "aldis/ports/fetch_guard.hpp"
#include "aldis/ports/http.hpp"

namespace aldis::ingress {

class NativeApi;

struct DialectSetup {  // all outlive the doors
  const Directory& directory;
  const PublicIds& public_ids;
  EngineCalls& engine;
  ports::Passwords& passwords;
  const ports::Digests& digests;
  const ports::FetchPolicy& callbacks;  // whom a request may name to be called
  std::string cache_key;                // random: passwords found right are remembered under it
  ports::Fetch* fetch = nullptr;        // tells what became of a batch; null: nobody is told
  std::shared_ptr<const ports::FetchPolicy> fetch_policy{};
  NativeApi* keys = nullptr;        // null: API keys open no dialect
  HistoryCalls* history = nullptr;  // null: there is none, and what is over cannot be shown
};

// What the doors of all listeners share: logins, who guesses, and what each dialect says. On the web thread.
// Bounded by what EngineCalls lets under way. Fails by answering, in the words of the dialect that was asked
// in; a message that it says is accepted is durable. Not for framing (runtime's server) nor for callbacks,
// which it only notes with the message.
class Dialects {
 public:
  explicit Dialects(DialectSetup setup);
  ~Dialects();
  Dialects(const Dialects&) = delete;
  Dialects& operator=(const Dialects&) = delete;

  void drain();  // from now on whoever comes is told to come back

  struct Impl;

 private:
  friend class DialectDoor;
  std::unique_ptr<Impl> impl_;
};

// One listener's choice among the dialects. On the web thread; must not outlive `dialects`.
class DialectDoor final : public ports::HttpService {
 public:
  DialectDoor(Dialects& dialects, const HttpListener& listener);

  // Whether the path is one of a dialect that is served here. A listener that serves nothing else may ask for
  // all of them: then what is not known is answered as that dialect would.
  [[nodiscard]] bool serves(std::string_view path) const;

  ports::HttpVerdict judge(const Now& now, const ports::HttpRequest& request) override;
  void serve(const Now& now, const ports::HttpRequest& request, const ports::HttpReply& reply) override;

 private:
  Dialects::Impl& dialects_;
  const HttpListener listener_;
};

}  // namespace aldis::ingress
