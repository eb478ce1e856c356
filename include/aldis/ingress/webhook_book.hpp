// SPDX-License-Identifier: Apache-2.0
// Endpoints of webhooks and the secrets that sign callbacks, as people made them through the API.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/core/stored.hpp"
#include "aldis/core/webhook.hpp"

namespace aldis::ingress {

enum class EndpointStyle : std::uint8_t { kStandard, kCloudEvents };
std::string_view name_of(EndpointStyle style);

struct SigningSecret {
  std::string text;                 // "whsec_" and base64 of 32 octets
  std::optional<WallTime> until{};  // signs no longer than that; none: until another one takes its place

  friend bool operator==(const SigningSecret&, const SigningSecret&) = default;
};

struct Endpoint {
  std::string id;  // 32 hexadecimal digits; shown as "whe_" and these
  std::string account;
  std::string url;
  EndpointStyle style = EndpointStyle::kStandard;
  std::vector<std::string> types{"*"};  // "*", "message.*", "message.delivered"
  unsigned concurrency = 8;             // 1 to 64
  bool ordered = false;
  std::chrono::seconds timeout{10};  // 5 to 30, of a whole call
  bool enabled = true;
  bool disabled_by_answer = false;  // it said 410
  std::string description{};
  std::vector<SigningSecret> secrets{};  // newest first
  WallTime created_at{};

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

std::string to_octets(const Endpoint& endpoint);
// Nothing for what another version wrote otherwise.
std::optional<Endpoint> endpoint_from(std::string_view id, std::string_view octets);

// Those that still sign; one that ended lately is let go.
std::vector<std::string> valid_secrets(const std::vector<SigningSecret>& secrets, WallTime now);
// `fresh` in front; what signed until now does so for another `overlap`.
std::vector<SigningSecret> rotated(const std::vector<SigningSecret>& secrets, std::string fresh, WallTime now,
                                   std::chrono::seconds overlap);
std::string to_octets(const std::vector<SigningSecret>& secrets);
std::vector<SigningSecret> secrets_from(std::string_view octets);

// On the web thread, which alone changes it, when the engine says that the change is durable. Bounded by
// kStoredMax.
class WebhookBook {
 public:
  void load(const Stored& stored);  // those of other kinds are passed over
  void put(Endpoint endpoint);
  void remove(std::string_view id);
  void put_secrets(std::string_view account, std::vector<SigningSecret> secrets);

  [[nodiscard]] const Endpoint* find(std::string_view id) const;
  [[nodiscard]] const Endpoint* find(WebhookNumber number) const;
  [[nodiscard]] std::vector<const Endpoint*> of_account(std::string_view account) const;  // oldest first
  [[nodiscard]] const std::vector<SigningSecret>& secrets_of(std::string_view account) const;

 private:
  boost::unordered_flat_map<WebhookNumber, Endpoint> endpoints_;
  boost::unordered_flat_map<std::string, std::vector<SigningSecret>> secrets_;
};

// The first 16 digits of an endpoint's id.
WebhookNumber number_of_endpoint(std::string_view id);

// What the engine must know of what doors wrote. Reads JSON for every change of a message that has notes.
class StoredWebhooks final : public WebhookReader {
 public:
  explicit StoredWebhooks(const Directory& directory) : directory_(directory) {}
  [[nodiscard]] std::optional<WebhookWish> endpoint(Octets stored) const override;
  [[nodiscard]] std::optional<WebhookWish> callback(Octets door_notes) const override;

 private:
  const Directory& directory_;
};

}  // namespace aldis::ingress
