// SPDX-License-Identifier: Apache-2.0
// HTTP for those who answer it: requests and responses as values, without a socket. runtime's HttpServer
// calls an HttpService on its loop's thread; a test calls one directly and collects what it answers with an
// HttpAnswers of its own.
//
//   header has come ► judge() ─ refuse ► the response; the body is not read
//                             ├ whole  ► serve(), once the body has come ► reply.send(), now or later
//                             └ stream ► stream(), then on_body() as it comes ► reply.begin(), write(), end()
//
// Requests of one connection are answered in their order, up to 16 of them at work at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/base/time.hpp"
#include "aldis/ports/byte_protocol.hpp"

namespace aldis::ports {

struct HttpField {
  std::string_view name;  // in lower case
  std::string_view value;
};

// Views into the connection's buffers, good until the call they were given to returns.
struct HttpRequest {
  std::string_view method{};            // "GET"; HEAD, POST, PUT, PATCH, DELETE, OPTIONS
  std::string_view path{};              // as sent, without the query: "/v1/messages"
  std::string_view query{};             // without '?'
  std::string_view body{};              // whole in serve(), else empty
  std::string_view peer{};              // "203.0.113.7:51514": the socket's
  std::string_view client{};            // "203.0.113.7": whose request it is; v4-mapped v6 folded to v4
  std::string_view request_id{};        // the client's own if it is sound, else "req_" + 16 hex digits
  std::span<const HttpField> fields{};  // in the order sent
  std::optional<std::uint64_t> content_length{};
  const PeerCredentials* credentials = nullptr;  // of a unix socket's peer
  std::uint64_t token = 0;                       // what judge() gave its verdict for serve() or stream()

  [[nodiscard]] std::string_view header(std::string_view name_lower) const;  // the first one; or empty
};

// Beside these every answer carries Date, Content-Length, Connection, X-Request-Id, Cache-Control and
// X-Content-Type-Options.
struct HttpResponse {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";  // of static storage
  std::string body{};
  std::vector<std::pair<std::string_view, std::string>> headers{};  // names of static storage
};

// Where answers go. Calls for a request that is answered, or whose peer has gone, do nothing.
class HttpAnswers {
 public:
  virtual ~HttpAnswers() = default;
  virtual void send(std::uint64_t request, HttpResponse&& response) = 0;
  virtual void begin(std::uint64_t request, HttpResponse&& head) = 0;
  virtual bool write(std::uint64_t request, std::string_view piece) = 0;
  virtual void end(std::uint64_t request) = 0;
  virtual void resume(std::uint64_t request) = 0;
  [[nodiscard]] virtual bool wants(std::uint64_t request) const = 0;
};

// The right to answer one request: small, copied freely, kept as long as one likes; it may outlive the
// connection. Used on the loop's thread, inside a callback or between them. Either send(), or begin(), any
// number of write() and end(). A request without an answer or its beginning 30 s after it was whole is
// answered 503 accept_unknown.
class HttpReply {
 public:
  HttpReply() = default;
  HttpReply(std::shared_ptr<HttpAnswers> answers, std::uint64_t request)
      : answers_(std::move(answers)), request_(request) {}

  void send(HttpResponse response) const {
    if (answers_) { answers_->send(request_, std::move(response)); }
  }
  void begin(HttpResponse head) const {  // its body is the first piece
    if (answers_) { answers_->begin(request_, std::move(head)); }
  }
  // False: taken, but the peer is behind; the next one after on_room(). Who goes on regardless is reset once
  // 1 MiB waits.
  bool write(std::string_view piece) const { return answers_ && answers_->write(request_, piece); }
  void end() const {
    if (answers_) { answers_->end(request_); }
  }
  void resume() const {  // on_body() can take more
    if (answers_) { answers_->resume(request_); }
  }
  [[nodiscard]] bool wanted() const { return answers_ && answers_->wants(request_); }

 private:
  std::shared_ptr<HttpAnswers> answers_;
  std::uint64_t request_ = 0;
};

// A request whose body or answer is a stream. Held by its connection until both have ended or the peer has
// gone.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // Octets of the body as they come. Returns how many it took; with fewer than all, no more come until
  // reply.resume(), and then those again.
  virtual std::size_t on_body(const Now& now, Octets piece) {
    static_cast<void>(now);
    return piece.size();
  }
  virtual void on_body_end(const Now& now) { static_cast<void>(now); }
  virtual void on_room(const Now& now) { static_cast<void>(now); }  // after write() returned false
  virtual void on_gone(const Now& now) { static_cast<void>(now); }  // nobody reads the answer; the last call
};

struct HttpTakeWhole {
  std::size_t body_octets_max = 256 * 1024;  // past it 413, before it is read where its length is announced
  std::uint64_t token = 0;
};
struct HttpTakeStream {
  std::uint64_t token = 0;
};
using HttpVerdict = std::variant<HttpTakeWhole, HttpTakeStream, HttpResponse>;

// Who answers. Must outlive its server.
class HttpService {
 public:
  // From the header alone: no such path, no credentials, overload. What is refused here costs no body.
  virtual HttpVerdict judge(const Now& now, const HttpRequest& request) = 0;
  virtual void serve(const Now& now, const HttpRequest& request, const HttpReply& reply) = 0;
  // After HttpTakeStream. Null: `reply` was answered already.
  virtual std::shared_ptr<HttpStream> stream(const Now& now, const HttpRequest& request,
                                             const HttpReply& reply) {
    static_cast<void>(now);
    static_cast<void>(request);
    reply.send({.status = 501, .body = "not implemented\n"});
    return nullptr;
  }

 protected:
  ~HttpService() = default;
};

}  // namespace aldis::ports
