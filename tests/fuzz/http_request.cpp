// SPDX-License-Identifier: Apache-2.0
// The admin port's HTTP: the same requests and answers however the octets come, nothing beyond the limits
// reaches a handler, and nothing is served behind a refusal.
#include "aldis/runtime/http_server.hpp"

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using namespace runtime;

constexpr HttpLimits kLimits{.headers = 600, .body = 100};

// A connection without a socket.
class Peer final : public ports::Wire {
 public:
  Peer() {
    const auto handler = std::make_shared<const HttpHandler>(
        [this](const HttpRequest& request, const HttpAnswer& answer) { serve(request, answer); });
    protocol_ = make_http_protocol(handler, kLimits);
    protocol_->on_open(now_, *this);
  }
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

 private:
  void serve(const HttpRequest& request, const HttpAnswer& answer) {
    ALDIS_CHECK(!is_closing_);
    ALDIS_CHECK(request.method == "GET" || request.method == "HEAD");
    ALDIS_CHECK(request.body.size() <= kLimits.body);
    std::size_t header_octets = request.path.size() + request.query.size();
    served_.append(request.method).append(" ").append(request.path).append("?").append(request.query);
    for (const auto& [name, value] : request.headers) {
      header_octets += name.size() + value.size();
      served_.append("\n").append(name).append(": ").append(value);
      ALDIS_CHECK(value.find_first_of("\r\n") == std::string::npos);
    }
    ALDIS_CHECK(header_octets <= kLimits.headers);
    ALDIS_CHECK(request.path.find_first_of(" \r\n") == std::string::npos);
    served_.append("\n").append(request.body).append("\n");
    answer({.status = 200, .body = request.path});
  }

  Now now_{.mono = Instant{seconds{1000}}, .wall = WallTime{seconds{1'800'000'000}}};
  std::unique_ptr<ports::ByteProtocol> protocol_;
  std::string out_;
  std::string sent_;
  std::string served_;
  bool is_closing_ = false;
};

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
  ALDIS_CHECK(until_refusal(whole.sent()) == until_refusal(split.sent()));
  ALDIS_CHECK(whole.sent().empty() || whole.sent().starts_with("HTTP/1.1 "));
}

}  // namespace aldis::fuzz
