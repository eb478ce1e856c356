// SPDX-License-Identifier: Apache-2.0
// HTTP requests that we make: webhooks and callbacks, later operators that speak HTTP. runtime's FetchThread
// carries them with libcurl; a test answers with a fake. Whom a request may reach: fetch_guard.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/ports/fetch_guard.hpp"

namespace aldis::ports {

struct FetchHeader {
  std::string name;
  std::string value;
};

struct FetchRequest {
  std::string method = "POST";
  std::string url{};  // exactly as given, signatures cover it; octets that no URL may hold go out as %XX
  std::vector<FetchHeader> headers{};  // Host, Content-Length, User-Agent and Connection are made
  std::string body{};
  Duration connect_max = seconds{5};
  Duration total_max = seconds{10};  // resolving, connecting, TLS, request and answer together
  std::size_t answer_octets_max = 4096;
  std::vector<std::string> headers_wanted{};    // of the answer, in lower case
  std::shared_ptr<const FetchPolicy> policy{};  // null = FetchPolicy{}: https to public addresses
};

// Why there is no status. Nothing but kTimeout and kNetwork can have reached the other side.
enum class FetchFault : std::uint8_t {
  kBadRequest,        // the URL or a header breaks the rules of fetch_guard.hpp
  kForbiddenAddress,  // the host has no address that may be called
  kUnresolved,        // the host's name has no address
  kNetwork,           // refused, reset, not HTTP
  kTls,               // no handshake, or a certificate that cannot be trusted
  kTimeout,
  kBusy,  // in flight as many as may be, in all or to that host: not tried
};
std::string_view name_of(FetchFault fault);

struct FetchError {
  FetchFault fault = FetchFault::kNetwork;
  std::string text;  // a sentence for the owner of the URL: what is wrong and what to do
};

struct FetchAnswer {
  unsigned status = 0;                 // 0 = none: see error
  std::vector<FetchHeader> headers{};  // those that were wanted, names in lower case, values up to 1 KiB
  std::string body{};                  // up to answer_octets_max
  bool body_cut = false;               // there was more
  std::string address{};               // that was called; empty = none
  Duration took{0};
  std::optional<FetchError> error{};

  [[nodiscard]] std::string_view header(std::string_view name_lower) const;  // the first one; or empty
};

// Redirects are not followed, cookies not kept, no proxy and no password file of the environment used.
class Fetch {
 public:
  using OnAnswer = std::function<void(const Now&, FetchAnswer&&)>;

  virtual ~Fetch() = default;
  // On the loop's thread. `on_answer` is called exactly once, in a later turn of that loop, unless the Fetch
  // is destroyed before.
  virtual void start(FetchRequest request, OnAnswer on_answer) = 0;
  [[nodiscard]] virtual std::size_t in_flight() const = 0;
};

}  // namespace aldis::ports
