// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/base/strong_id.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/ids.hpp"

namespace aldis {

// Who is told over HTTP, as the journal names them: an endpoint by the first 64 bits of its id, and the
// callback that a message's own request named.
using WebhookNumber = StrongId<struct WebhookNumberTag, std::uint64_t>;
inline constexpr WebhookNumber kNoWebhook{0};  // sessions
inline constexpr WebhookNumber kOwnCallback{1};
inline constexpr std::size_t kEndpointsMax = 20;  // of an account
using WebhookNumbers = boost::container::small_vector<WebhookNumber, 2>;

// What webhooks can be told of. Bits of WebhookWish::kinds, by kind_bit().
enum class WebhookKind : std::uint8_t {
  kSent,          // its operator has taken all of it
  kIntermediate,  // ENROUTE or ACCEPTD of the operator
  kDelivered,
  kUndeliverable,
  kRejected,
  kExpired,
  kDeleted,
  kUnknown,
  kInbound,  // a message from a handset
};
constexpr std::uint32_t kind_bit(WebhookKind kind) { return 1u << static_cast<unsigned>(kind); }

// What the engine must know of an endpoint, or of the callback that a message named.
struct WebhookWish {
  AccountId account = kNoAccount;  // of an endpoint
  std::string host{};              // "app.example": what calls to one host have in common
  std::uint32_t kinds = 0;
  unsigned concurrency = 8;  // 1 to 64
  bool ordered = false;
  bool enabled = true;
};

// Doors write what people want, and only they can read it. Pure; on the engine's thread.
class WebhookReader {
 public:
  [[nodiscard]] virtual std::optional<WebhookWish> endpoint(Octets stored) const = 0;
  [[nodiscard]] virtual std::optional<WebhookWish> callback(Octets door_notes) const = 0;

 protected:
  ~WebhookReader() = default;
};

using WebhookToken = StrongId<struct WebhookTokenTag, std::uint64_t>;  // names one call of one webhook

// How a call went, in metrics.
enum class WebhookOutcome : std::uint8_t {
  kOk,
  kHttp3xx,
  kHttp4xx,
  kHttp5xx,
  kTimeout,
  kNetwork,
  kForbiddenAddress,
};
inline constexpr std::size_t kWebhookOutcomes = 7;
std::string_view name_of(WebhookOutcome outcome);  // "http_3xx"

// What the answer to a webhook means for it and for its endpoint.
struct WebhookResult {
  enum class Kind : std::uint8_t {
    kDone,      // acknowledged
    kFailed,    // again by the schedule
    kSlow,      // 429, 502, 503, 504: one call at a time until a success
    kGone,      // 410: disables the endpoint; of a single message's callback, gives up that one
    kNotTried,  // no place for it: comes again in a second, as if nothing had been
  };
  Kind kind = Kind::kDone;
  std::optional<Duration> retry_after{};  // what the answer asked for; cut at an hour
};

}  // namespace aldis
