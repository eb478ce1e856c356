// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server for health and metrics. GET and HEAD; everything else gets its status and nothing
// more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::runtime {

struct HttpLimits {
  std::size_t headers = 16 * 1024;         // octets of request line and header; past it 431
  std::size_t body = 64 * 1024;            // past it 413
  Duration headers_timeout = seconds{10};  // from the first octet of a request to its last; past it 408
  Duration idle = seconds{60};             // between requests; then closed without a word
  Duration write_stall = seconds{60};
  // Past it the oldest that has not sent a whole request is closed; when all wait for an answer, the new one.
  std::size_t connections = 32;
};

struct HttpRequest {
  std::string method{};  // "GET"
  std::string path{};    // as sent, without the query: "/metrics"
  std::string query{};   // without '?'
  std::string peer{};
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case, in the order sent
  std::string body{};

  [[nodiscard]] std::string_view header(std::string_view name_lower) const;  // empty when there is none
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  // beside Date, Content-*, Connection
};

using HttpAnswer = std::function<void(HttpResponse)>;
// Answers once, now or later, on the loop's thread; an answer after the peer has gone is dropped. One request
// per connection at a time: the next one of a pipeline waits in the buffer.
using HttpHandler = std::function<void(HttpRequest, HttpAnswer)>;

// Owns a Listener on the loop; its connections belong to the loop. Destroyed on the loop's thread or when it
// does not run.
class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>, std::string> open(Loop& loop, const std::string& address,
                                                               HttpHandler handler, HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One connection of it as bytes in, bytes out: what tests and a TLS layer drive.
std::unique_ptr<ports::ByteProtocol> make_http_protocol(std::shared_ptr<const HttpHandler> handler,
                                                        HttpLimits limits);

}  // namespace aldis::runtime
