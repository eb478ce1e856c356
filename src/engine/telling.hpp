// SPDX-License-Identifier: Apache-2.0
// Webhooks: whose endpoints want to hear of what, and what they are owed. Private to src/engine.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "aldis/core/settings.hpp"
#include "aldis/core/stored.hpp"
#include "aldis/core/webhook.hpp"
#include "aldis/notify/webhooks.hpp"
#include "aldis/spool/records.hpp"

namespace aldis::engine {

// Knows every endpoint by the number that the journal has for it and as notify knows it, and owns inbound
// messages that only webhooks are owed. Without a reader nobody is told over HTTP. Bounded as notify's
// Webhooks: by retention and the limits on live messages.
class Telling {
 public:
  Telling(const Now& now, const WebhookReader* reader, Directory const& directory)
      : reader_(reader), directory_(directory), random_(), webhooks_(now, random_) {}

  // An endpoint was made or changed; `octets` none: it is gone. What it was owed settles as dead letters.
  void set_endpoint(const Now& now, std::string_view name, std::optional<Octets> octets);

  [[nodiscard]] bool may_want(const Message& message) const {
    return reader_ != nullptr && (!message.door_notes.empty() || !of_account_.empty());
  }
  // Whom such a change of that message concerns; empty: nobody.
  [[nodiscard]] WebhookNumbers wanting(const Message& message, WebhookKind kind) const;
  [[nodiscard]] WebhookNumbers wanting_inbound(AccountId account) const;

  // False: there is no such endpoint any more.
  bool owe(const Now& now, const Message& message, WebhookNumber to, const spool::OwedItem& item);
  bool owe(const Now& now, const std::shared_ptr<const Inbound>& inbound, WebhookNumber to);
  [[nodiscard]] WebhookNumber number_of(notify::EndpointId id) const;  // kOwnCallback for those of messages

  // Owned until the last of its webhooks is settled.
  boost::unordered_flat_map<MessageId, std::shared_ptr<Inbound>> inbound;

  notify::Webhooks& webhooks() { return webhooks_; }
  [[nodiscard]] const notify::Webhooks& webhooks() const { return webhooks_; }

 private:
  struct Endpoint {
    notify::EndpointId id;
    WebhookWish wish;
  };
  // Jitter that tests and the simulator can repeat.
  struct Jitter final : ports::Random {
    std::uint64_t next() override;
    std::uint64_t state = 0;
  };
  [[nodiscard]] notify::WebhookEndpoint settings_of(AccountId account, const WebhookWish& wish) const;
  void add_wanting(AccountId account, WebhookKind kind, WebhookNumbers& out) const;

  const WebhookReader* reader_;
  const Directory& directory_;
  Jitter random_;
  notify::Webhooks webhooks_;
  boost::unordered_flat_map<WebhookNumber, Endpoint> endpoints_;
  boost::unordered_flat_map<notify::EndpointId, WebhookNumber> numbers_;
  boost::unordered_flat_map<AccountId, WebhookNumbers> of_account_;
};

// The name of a stored endpoint is 32 hexadecimal digits; its number the first 16 of them.
std::optional<WebhookNumber> webhook_number(std::string_view name);

}  // namespace aldis::engine
