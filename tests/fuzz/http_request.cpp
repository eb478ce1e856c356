// SPDX-License-Identifier: Apache-2.0
// HTTP in front of everything: the same requests and answers however the octets come, nothing beyond the
// limits reaches a handler, and nothing is served behind a refusal.
#include "aldis/runtime/http_server.hpp"

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using namespace runtime;

constexpr HttpLimits kLimits{.request_line = 200, .headers = 400, .headers_count = 10};
constexpr std::size_t kBodyMax = 100;

// A connection without a socket.
class Peer final : public ports::Wire, public ports::HttpService {
 public:
  Peer() : protocol_(make_http_protocol(*this, kLimits)) { protocol_->on_open(now_, *this); }
  ~Peer() { protocol_->on_closed(now_, ports::CloseCause::kPeer); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  template <class Piece>
  void send(Octets stream, Piece piece) {
    std::string kept;
    while (!stream.empty() && !is_closing_) {
      const Octets more = stream.substr(0, piece());
      stream.remove_prefix(more.size());
      kept.append(more);
      for (std::size_t used = 1; used != 0 && !kept.empty() && !is_closing_;) {
        const Exact presented{kept};
        used = protocol_->on_octets(now_, presented.view());
        ALDIS_CHECK(used <= kept.size());
        kept.erase(0, used);
        sent_.append(out_);
        out_.clear();
        protocol_->on_flushed(now_);
      }
    }
  }
  [[nodiscard]] const std::string& served() const { return served_; }
  [[nodiscard]] const std::string& sent() const { return sent_; }

  std::string& output() override { return out_; }
  std::size_t output_pending() const override { return out_.size(); }
  std::uint64_t octets_taken() const override { return sent_.size(); }
  std::uint64_t octets_appended() const override { return sent_.size() + out_.size(); }
  void wake() override {}
  void pause_reading(bool) override {}
  void close_after_flush() override { is_closing_ = true; }
  void close_now() override { is_closing_ = true; }
  std::string_view peer() const override { return "203.0.113.7:51514"; }
  std::string_view peer_address() const override { return "203.0.113.7"; }

  // Three kinds of requests by their path: refused, read whole, or taken as a stream.
  ports::HttpVerdict judge(const Now&, const ports::HttpRequest& request) override {
    ALDIS_CHECK(!is_closing_);
    note(request);
    if (request.path.starts_with("/r")) { return ports::HttpResponse{.status = 200, .body = "refused"}; }
    if (request.path.starts_with("/s")) { return ports::HttpTakeStream{}; }
    return ports::HttpTakeWhole{.body_octets_max = kBodyMax};
  }
  void serve(const Now&, const ports::HttpRequest& request, const ports::HttpReply& reply) override {
    ALDIS_CHECK(request.body.size() <= kBodyMax);
    served_.append("\n").append(request.body).append("\n");
    reply.send({.status = 200, .body = std::string{request.path}});
  }
  std::shared_ptr<ports::HttpStream> stream(const Now&, const ports::HttpRequest&,
                                            const ports::HttpReply& reply) override {
    return std::make_shared<Stream>(served_, reply);
  }

 private:
  class Stream final : public ports::HttpStream {
   public:
    Stream(std::string& served, ports::HttpReply reply) : served_(served), reply_(std::move(reply)) {}
    std::size_t on_body(const Now&, Octets piece) override {
      served_.append(piece);
      return piece.size();
    }
    void on_body_end(const Now&) override {
      served_.append("\n");
      reply_.begin({.body = "streamed"});
      reply_.end();
    }

   private:
    std::string& served_;
    ports::HttpReply reply_;
  };

  void note(const ports::HttpRequest& request) {
    ALDIS_CHECK(request.path.size() + request.query.size() <= kLimits.request_line);
    ALDIS_CHECK(request.path.find_first_of(" \r\n") == std::string::npos);
    ALDIS_CHECK(request.fields.size() <= kLimits.headers_count);
    std::size_t header_octets = 0;
    served_.append(request.method).append(" ").append(request.path).append("?").append(request.query);
    for (const auto& [name, value] : request.fields) {
      header_octets += name.size() + value.size();
      served_.append("\n").append(name).append(": ").append(value);
      ALDIS_CHECK(value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos);
    }
    ALDIS_CHECK(header_octets <= kLimits.headers);
    served_.append("\n");
  }

  Now now_{.mono = Instant{seconds{1000}}, .wall = WallTime{seconds{1'800'000'000}}};
  std::unique_ptr<ports::ByteProtocol> protocol_;
  std::string out_;
  std::string sent_;
  std::string served_;
  bool is_closing_ = false;
};

// A client that has sent some of its body is no longer told to go on: there the pieces make a difference.
std::string without_continue(std::string sent) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  for (auto at = sent.find(kContinue); at != std::string::npos; at = sent.find(kContinue, at)) {
    sent.erase(at, kContinue.size());
  }
  return sent;
}

// Answers, and the beginning of a refusal if that is how they end.
std::string_view until_refusal(std::string_view sent) {
  for (const std::string_view refusal : {"HTTP/1.1 4", "HTTP/1.1 5"}) {
    if (const auto at = sent.rfind(refusal); at != std::string_view::npos) {
      return sent.substr(0, at + sizeof "HTTP/1.1 " - 1);
    }
  }
  return sent;
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  Splits splits{draw.u8()};
  // The end of a header: what cannot be one is refused there at the latest, in one piece even earlier.
  const std::string stream = std::string{draw.rest()} + "\r\n\r\n";
  Peer whole;
  whole.send(stream, [&] { return stream.size(); });
  Peer split;
  split.send(stream, [&] { return splits.next(12); });
  ALDIS_CHECK(whole.served() == split.served());
  // With two things wrong, which of them is told depends on what came first; nothing else does.
  const std::string told_whole = without_continue(whole.sent());
  const std::string told_split = without_continue(split.sent());
  ALDIS_CHECK(until_refusal(told_whole) == until_refusal(told_split));
  ALDIS_CHECK(whole.sent().empty() || whole.sent().starts_with("HTTP/1.1 "));
}

}  // namespace aldis::fuzz
