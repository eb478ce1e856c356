// SPDX-License-Identifier: Apache-2.0
// HTTP without a socket: a service made of functions, and a connection whose octets and time are the test's.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aldis/runtime/http_server.hpp"

namespace aldis::runtime::tests {

using ports::HttpReply;
using ports::HttpRequest;
using ports::HttpResponse;
using ports::HttpStream;
using ports::HttpTakeStream;
using ports::HttpTakeWhole;
using ports::HttpVerdict;

// What a handler saw, for longer than its call.
struct Seen {
  Seen(const HttpRequest& r)  // NOLINT(google-explicit-constructor)
      : method(r.method),
        path(r.path),
        query(r.query),
        body(r.body),
        peer(r.peer),
        client(r.client),
        id(r.request_id) {
    for (const auto& [name, value] : r.fields) { fields.append(name).append("=").append(value).append("\n"); }
  }
  std::string method, path, query, body, peer, client, id, fields;
};

// Says the path and the body, unless told otherwise.
class TestService final : public ports::HttpService {
 public:
  HttpVerdict judge(const Now&, const HttpRequest& request) override {
    judged.emplace_back(request);
    return judging ? judging(request) : HttpTakeWhole{};
  }
  void serve(const Now&, const HttpRequest& request, const HttpReply& reply) override {
    served.emplace_back(request);
    if (serving) { return serving(request, reply); }
    reply.send({.status = request.path == "/nothing" ? 404u : 200u,
                .body = std::string{request.path} + '\n' + std::string{request.body}});
  }
  std::shared_ptr<HttpStream> stream(const Now& now, const HttpRequest& request,
                                     const HttpReply& reply) override {
    return streaming ? streaming(request, reply) : HttpService::stream(now, request, reply);
  }

  std::function<HttpVerdict(const HttpRequest&)> judging;
  std::function<void(const HttpRequest&, const HttpReply&)> serving;
  std::function<std::shared_ptr<HttpStream>(const HttpRequest&, const HttpReply&)> streaming;
  std::vector<Seen> judged;
  std::vector<Seen> served;
};

// Keeps the right to answer for later.
struct Later {
  explicit Later(TestService& service) {
    service.serving = [this](const HttpRequest&, const HttpReply& reply) { replies.push_back(reply); };
  }
  std::vector<HttpReply> replies;
};

class HttpFixture final : public ports::Wire {
 public:
  explicit HttpFixture(ports::HttpService& service, const HttpLimits& limits = {})
      : protocol_(make_http_protocol(service, limits)) {
    protocol_->on_open(now, *this);
  }

  // What a connection would do with these octets; returns what was answered.
  std::string send(std::string_view octets) {
    kept_.append(octets);
    return pump();
  }
  std::string pump() {
    if (!paused && !closing && !closed) { kept_.erase(0, protocol_->on_octets(now, kept_)); }
    return flush();
  }
  // Pumps until nothing moves: what a pipeline gets in the end.
  std::string drain() {
    std::string all = flush();
    for (std::size_t before = kept_.size() + 1; before != kept_.size() && !kept_.empty() && !paused;) {
      before = kept_.size();
      all += pump();
    }
    return all;
  }
  std::string flush() {
    if (!is_reading) { return {}; }
    std::string sent = std::exchange(out_, {});
    taken_ += sent.size();
    if (!sent.empty() && !closed) { protocol_->on_flushed(now); }
    return sent;
  }
  // Until the protocol's deadline, which is at most `within` away.
  std::string pass(Duration within) {
    REQUIRE(protocol_->next_deadline() <= now.mono + within);
    now.mono = protocol_->next_deadline();
    protocol_->on_timer(now);
    return flush();
  }
  Duration left() const { return protocol_->next_deadline() - now.mono; }
  bool waits_for_ever() const { return protocol_->next_deadline() == kNever; }
  void hang_up() { protocol_->on_closed(now, ports::CloseCause::kPeer); }
  std::size_t kept() const { return kept_.size(); }

  std::string& output() override { return out_; }
  std::size_t output_pending() const override { return out_.size(); }
  std::uint64_t octets_taken() const override { return taken_; }
  std::uint64_t octets_appended() const override { return taken_ + out_.size(); }
  void wake() override {}
  void pause_reading(bool p) override { paused = p; }
  void close_after_flush() override { closing = true; }
  void close_now() override { closed = true; }
  std::string_view peer() const override { return "203.0.113.7:51514"; }
  std::string_view peer_address() const override { return "203.0.113.7"; }

  Now now{.mono = Instant{seconds{1000}},
          .wall = WallTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + hours{20} +
                           minutes{12} + seconds{31}}};
  bool paused = false;
  bool closing = false;
  bool closed = false;
  bool is_reading = true;  // the peer; when not, answers stay in output()

 private:
  std::unique_ptr<ports::ByteProtocol> protocol_;
  std::string out_;
  std::string kept_;
  std::uint64_t taken_ = 0;
};

inline std::string status_line(const std::string& response) {
  return response.substr(0, response.find("\r\n"));
}
inline unsigned status(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? static_cast<unsigned>(std::stoul(response.substr(9, 3))) : 0;
}
inline std::string body(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}
inline bool has(const std::string& response, std::string_view line) {
  return response.find("\r\n" + std::string{line} + "\r\n") != std::string::npos;
}
inline std::string get(std::string_view path, std::string_view headers = {}) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view headers = {}) {
  return "POST " + std::string{path} +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string{headers} + "\r\n" + std::string{body};
}

}  // namespace aldis::runtime::tests
