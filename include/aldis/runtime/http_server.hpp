// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 and 1.0 server on a Loop. It frames, limits and refuses; what is asked is a
// ports::HttpService's business. Without TLS: that will be a protocol between the socket and this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/ports/http.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::runtime {

struct HttpLimits {
  std::size_t request_line = 8 * 1024;  // octets; past it 414
  std::size_t headers = 16 * 1024;      // octets behind the request line; past it 431
  std::size_t headers_count = 100;      // past it 431
  // octets of a streamed answer that the peer has not read; then reset
  std::size_t unread = 1024 * 1024;
  Duration headers_timeout = seconds{5};  // from the first octet of a request to its last; past it 408
  Duration idle = seconds{60};            // between requests; then closed without a word
  Duration body_window = seconds{10};     // the first one is free, then each brings 1 KiB/s or gets 408
  Duration answer_timeout = seconds{30};  // from the whole request; past it 503 accept_unknown
  Duration write_stall = seconds{60};     // the peer reads nothing
  // Past it the oldest that has not sent a whole request is closed; when all wait for an answer, the new one.
  std::size_t connections = 8192;
  std::size_t connections_per_address = 256;  // the new one is closed
};

struct HttpServerSettings {
  std::string address{};     // as in ListenerSettings
  std::string public_url{};  // before "/errors/CODE" in what the server refuses itself
  HttpLimits limits{};
  unsigned unix_mode = 0660;  // as in ListenerSettings
  std::string unix_group{};
  // Addresses and networks whose X-Forwarded-For or Forwarded tells whose request it is. Neither they nor
  // unix sockets count against connections_per_address.
  std::vector<std::string> trusted_proxies{};
};

struct HttpCounters {
  std::uint64_t connections_refused_full = 0;
  std::uint64_t connections_refused_address = 0;
  std::uint64_t connections_turned_out = 0;
  std::uint64_t requests = 0;        // whose header came and was sound
  std::uint64_t refused = 0;         // by the server: framing, limits, time
  std::uint64_t answers_late = 0;    // 503 accept_unknown
  std::uint64_t answers_unread = 0;  // streams that were reset past HttpLimits::unread
};

struct HttpShared;

// Owns a Listener on the loop; its connections belong to the loop and outlive it: from then on they answer
// 503. Destroyed on the loop's thread or when it does not run. The service must outlive the server.
class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>, std::string> open(Loop& loop, HttpServerSettings settings,
                                                               ports::HttpService& service);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Idle connections are closed; what was read is answered with `Connection: close`.
  void drain();

  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const HttpCounters& counters() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One connection of it as bytes in, bytes out: what tests, the simulator and a TLS layer drive.
std::unique_ptr<ports::ByteProtocol> make_http_protocol(ports::HttpService& service,
                                                        const HttpLimits& limits = {});

}  // namespace aldis::runtime
