// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/ingress/callback_event.hpp"
#include "aldis/ingress/callbacks.hpp"
#include "aldis/ingress/webhook_book.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/fetch.hpp"
#include "aldis/ports/log.hpp"

namespace aldis::ingress {

struct CallbackSenderSetup {  // all outlive the sender
  const Directory& directory;
  const PublicIds& public_ids;
  const WebhookBook& book;
  const ports::Digests& digests;
  ports::Random& random;
  ports::Fetch& fetch;
  std::shared_ptr<const ports::FetchPolicy> policy;
  ports::Log& log;
  std::function<void(const WebhookAnswered&)> answered;  // to the engine
  // The endpoint said 410: it is to be stored as one that is called no more.
  std::function<void(const Now&, const Endpoint&)> disable;
};

// Makes calls of what the engine wants told: finds the target and its secrets, lets the style put it into
// words, has it fetched, and says what the answer means. On the web thread. Keeps nothing but what is on its
// way, which the engine bounds; a webhook is owed until the engine has heard that it was acknowledged.
class CallbackSender {
 public:
  explicit CallbackSender(CallbackSenderSetup setup) : setup_(std::move(setup)) {}

  void call(const Now& now, const CallWebhook& call);
  void noticed(const Now& now, const WebhookNoticed& notice);

  // An event of that endpoint's own style, once, whatever comes of it.
  void test(const Now& now, const Endpoint& endpoint, ports::Fetch::OnAnswer on_answer);

 private:
  [[nodiscard]] std::optional<CallbackTarget> target_of(const Now& now, const CallWebhook& call) const;
  [[nodiscard]] CallbackTarget target_of(const Now& now, const Endpoint& endpoint) const;
  void settle(const CallWebhook& call, WebhookResult::Kind kind) const;

  const CallbackSenderSetup setup_;
};

}  // namespace aldis::ingress
