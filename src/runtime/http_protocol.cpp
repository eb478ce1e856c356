// SPDX-License-Identifier: Apache-2.0
#include "runtime/http_protocol.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/runtime/http_server.hpp"
#include "runtime/http_parser.hpp"

namespace aldis::runtime {

using ports::HttpReply;
using ports::HttpResponse;
using ports::HttpTakeStream;
using ports::HttpTakeWhole;

namespace {

constexpr std::size_t kOutputMax = 256 * 1024;      // unsent: past it the next request waits
constexpr std::size_t kDiscardMax = 64 * 1024;      // a refused body that is read over; a longer one closes
constexpr std::size_t kBodyOctetsPerSecond = 1024;  // over each HttpLimits::body_window
constexpr std::size_t kBufferIdleMax = 16 * 1024;   // capacity that an idle connection keeps

// The reading half of a connection: one request after the other, header, verdict, body; HttpReplies answers
// them. Reading pauses while 16 are at work, while the peer does not read its answers, and while a stream
// takes nothing. What is not understood is refused and ends the connection, because what follows it cannot
// be trusted.
class HttpProtocol final : public ports::ByteProtocol,
                           public HttpPlaces::Holder,
                           private HttpReplies::Owner,
                           private HttpBodyTaker {
 public:
  HttpProtocol(std::shared_ptr<HttpShared> shared, std::string_view address)
      : shared_(std::move(shared)), replies_(std::make_shared<HttpReplies>(shared_)) {
    shared_->places.enter(*this, address);
  }
  ~HttpProtocol() override {
    shared_->places.leave(*this);
    replies_->abandoned();
  }
  HttpProtocol(const HttpProtocol&) = delete;
  HttpProtocol& operator=(const HttpProtocol&) = delete;

  // ports::ByteProtocol
  void on_open(const Now& now, ports::Wire& wire) override;
  std::size_t on_octets(const Now& now, Octets input) override;
  void on_flushed(const Now& now) override;
  void on_timer(const Now& now) override;
  [[nodiscard]] Instant next_deadline() const override {
    return std::min(read_deadline_, replies_->next_deadline());
  }
  void on_closed(const Now& now, ports::CloseCause cause) override;

  // HttpPlaces::Holder
  [[nodiscard]] bool waits_for_answer() const override { return !replies_->is_empty(); }
  void turn_out() override {
    if (wire_ != nullptr) { wire_->close_now(); }
  }

 private:
  enum class Reading : std::uint8_t { kHead, kWhole, kStream, kDiscard, kEnded };

  [[nodiscard]] const HttpLimits& limits() const { return shared_->settings.limits; }
  [[nodiscard]] bool may_read() const;
  void pause(bool paused);
  std::size_t read_head(Octets input);
  std::size_t read_body(Octets input);
  void admit();
  void judge();
  void take_whole(const HttpTakeWhole& verdict);
  void take_stream(const HttpTakeStream& verdict);
  void turn_down(HttpResponse&& response);
  void begin_body(Reading as);
  void begin_window();
  void complete();
  void refuse(unsigned status);
  void end_reading();
  void body_window_over();

  // HttpBodyTaker
  std::size_t take(Octets piece) override;
  [[nodiscard]] bool has_too_much() const override { return has_too_much_; }

  // HttpReplies::Owner
  void on_answered() override;
  void on_resumed(std::uint64_t request) override;
  void on_ended(std::uint64_t request) override;

  std::shared_ptr<HttpShared> shared_;
  std::shared_ptr<HttpReplies> replies_;
  ports::Wire* wire_ = nullptr;
  Now now_{};  // as of the last callback
  std::string client_;

  Reading reading_ = Reading::kHead;
  HttpHeadScan scan_;
  std::string head_;  // of the request that is being read; request_ points into it
  std::vector<ports::HttpField> fields_;
  std::optional<HttpParser> parser_;
  ports::HttpRequest request_;
  std::uint64_t number_ = 0;  // of request_ in replies_
  std::string body_;
  std::size_t body_max_ = 0;
  std::shared_ptr<ports::HttpStream> stream_;

  Instant read_deadline_ = kNever;
  std::size_t window_octets_ = 0;  // of the body
  bool is_window_free_ = false;
  bool is_behind_proxy_ = false;
  bool has_begun_ = false;      // an octet of the next request has come
  bool has_body_come_ = false;  // some of it came with its header
  bool has_too_much_ = false;
  bool is_stream_full_ = false;
  bool is_paused_ = false;
};

void HttpProtocol::on_open(const Now& now, ports::Wire& wire) {
  now_ = now;
  wire_ = &wire;
  client_ = wire.peer_address();
  is_behind_proxy_ = shared_->proxies.covers(client_);
  replies_->opened(now, wire, *this);
  read_deadline_ = now.mono + limits().headers_timeout;
}

std::size_t HttpProtocol::on_octets(const Now& now, Octets input) {
  now_ = now;
  replies_->at(now);
  std::size_t used = 0;
  while (used < input.size() && reading_ != Reading::kEnded) {
    if (!may_read()) { break; }
    const Octets rest = input.substr(used);
    const std::size_t taken = reading_ == Reading::kHead ? read_head(rest) : read_body(rest);
    used += taken;
    if (taken == 0) { break; }
  }
  pause(!may_read());
  return reading_ == Reading::kEnded ? input.size() : used;
}

bool HttpProtocol::may_read() const {
  switch (reading_) {
    case Reading::kHead: return !replies_->is_full() && wire_->output_pending() <= kOutputMax;
    case Reading::kWhole:
    case Reading::kDiscard: return true;
    case Reading::kStream: return !is_stream_full_;
    case Reading::kEnded: return false;
  }
  __builtin_unreachable();
}

// The peer's time stands still while it is we who do not read.
void HttpProtocol::pause(bool paused) {
  if (paused == is_paused_ || wire_ == nullptr) { return; }
  is_paused_ = paused;
  wire_->pause_reading(paused);
  if (paused) {
    read_deadline_ = kNever;
  } else if (reading_ != Reading::kHead) {
    begin_window();
  } else if (has_begun_) {
    read_deadline_ = now_.mono + limits().headers_timeout;
  }
}

void HttpProtocol::on_flushed(const Now& now) {
  now_ = now;
  replies_->at(now);
  replies_->on_flushed();
  if (replies_->is_closing() || wire_ == nullptr) { return; }
  if (replies_->is_empty() && reading_ == Reading::kHead && !has_begun_) {
    read_deadline_ = now.mono + limits().idle;
    shared_->places.move(*this, HttpPlaces::Kind::kIdle);
  }
  pause(!may_read());
}

void HttpProtocol::on_timer(const Now& now) {
  now_ = now;
  replies_->at(now);
  replies_->expire();
  if (now.mono < read_deadline_ || wire_ == nullptr) { return; }
  read_deadline_ = kNever;
  if (reading_ == Reading::kEnded) { return; }
  if (reading_ != Reading::kHead) { return body_window_over(); }
  if (has_begun_) { return refuse(408); }
  wire_->close_now();
}

void HttpProtocol::on_closed(const Now& now, ports::CloseCause) {
  wire_ = nullptr;
  reading_ = Reading::kEnded;
  stream_.reset();
  shared_->places.leave(*this);
  replies_->closed(now);
}

// --- the header ---

std::size_t HttpProtocol::read_head(Octets input) {
  if (!std::exchange(has_begun_, true)) { read_deadline_ = now_.mono + limits().headers_timeout; }
  if (shared_->is_draining) {
    end_reading();
    return input.size();
  }
  if (input.starts_with("\r\n")) { return 2; }  // some end a body with one too many (RFC 9112 section 2.2)
  const HttpHeadScan::Found found = scan_.look(input, limits());
  if (found.refused != 0) {
    refuse(found.refused);
    return input.size();
  }
  if (found.size == 0) { return 0; }
  head_.assign(input.substr(0, found.size));
  scan_.reset();
  has_begun_ = false;
  has_body_come_ = input.size() > found.size;
  read_deadline_ = kNever;
  admit();
  return found.size;
}

void HttpProtocol::admit() {
  fields_.clear();
  parser_.emplace(fields_);
  if (const unsigned refused = parser_->parse_head(head_); refused != 0) { return refuse(refused); }
  if (is_behind_proxy_) { client_ = shared_->proxies.client_of(wire_->peer_address(), fields_); }
  ++shared_->counters.requests;
  request_ = {.method = parser_->method(),
              .path = parser_->path(),
              .query = parser_->query(),
              .peer = wire_->peer(),
              .client = client_,
              .fields = fields_,
              .credentials = wire_->credentials()};
  if (const auto length = parser_->content_length()) { request_.content_length = *length; }
  const std::string_view id = request_.header("x-request-id");
  number_ = replies_->open({.is_head = request_.method == "HEAD",
                            .is_http10 = parser_->is_http10(),
                            .keep_alive = parser_->keep_alive(),
                            .id = is_request_id(id) ? id : std::string_view{}});
  request_.request_id = replies_->id(number_);
  reading_ = Reading::kWhole;  // so that a refusal from here on is this request's
  judge();
}

void HttpProtocol::judge() {
  if (shared_->service == nullptr) { return refuse(503); }
  ports::HttpVerdict verdict = shared_->service->judge(now_, request_);
  if (auto* const response = std::get_if<HttpResponse>(&verdict)) { return turn_down(std::move(*response)); }
  if (const auto* const whole = std::get_if<HttpTakeWhole>(&verdict)) { return take_whole(*whole); }
  take_stream(std::get<HttpTakeStream>(verdict));
}

void HttpProtocol::take_whole(const HttpTakeWhole& verdict) {
  request_.token = verdict.token;
  body_max_ = verdict.body_octets_max;
  if (request_.content_length.value_or(0) > body_max_) { return refuse(413); }
  begin_body(Reading::kWhole);
}

void HttpProtocol::take_stream(const HttpTakeStream& verdict) {
  request_.token = verdict.token;
  shared_->places.move(*this, HttpPlaces::Kind::kBusy);
  is_stream_full_ = false;
  stream_ = shared_->service->stream(now_, request_, HttpReply{replies_, number_});
  if (stream_) { replies_->stream(number_, stream_); }
  if (reading_ == Reading::kEnded) { return; }
  if (!stream_) {  // answered already
    return turn_down(http_problem(501, request_.request_id, shared_->settings.public_url));
  }
  begin_body(Reading::kStream);
}

// A refused body is read over when it is short and surely coming, so that a client that is over its rate need
// not connect anew each time.
void HttpProtocol::turn_down(HttpResponse&& response) {
  const bool has_body = !parser_->is_done();
  const bool reads_over =
      !parser_->expects_continue() && request_.content_length.value_or(kDiscardMax + 1) <= kDiscardMax;
  if (has_body && !reads_over) { replies_->announce_last(number_); }
  reading_ = Reading::kDiscard;
  replies_->send(number_, std::move(response));
  if (has_body && !reads_over) { return end_reading(); }
  begin_body(Reading::kDiscard);
}

// --- the body ---

void HttpProtocol::begin_body(Reading as) {
  reading_ = as;
  body_.clear();
  has_too_much_ = false;
  begin_window();
  if (parser_->is_done()) { return complete(); }
  if (parser_->expects_continue() && as != Reading::kDiscard && !has_body_come_) {
    replies_->tell_continue(number_);
  }
}

void HttpProtocol::begin_window() {
  window_octets_ = 0;
  is_window_free_ = true;
  read_deadline_ = now_.mono + limits().body_window;
}

void HttpProtocol::body_window_over() {
  const auto window = std::chrono::duration_cast<seconds>(limits().body_window).count();
  const std::size_t least = kBodyOctetsPerSecond * static_cast<std::size_t>(window);
  if (!is_window_free_ && window_octets_ < least) { return refuse(408); }
  begin_window();
  is_window_free_ = false;
}

std::size_t HttpProtocol::read_body(Octets input) {
  unsigned refused = 0;
  const std::size_t used = parser_->parse_body(input, *this, refused);
  if (reading_ == Reading::kEnded) { return input.size(); }
  if (refused != 0) {
    refuse(refused);
    return input.size();
  }
  if (parser_->is_done()) { complete(); }
  return used;
}

std::size_t HttpProtocol::take(Octets piece) {
  std::size_t taken = piece.size();
  if (reading_ == Reading::kWhole) {
    has_too_much_ = piece.size() > body_max_ - body_.size();
    if (!has_too_much_) { body_.append(piece); }
  } else if (reading_ == Reading::kStream) {
    const std::shared_ptr<ports::HttpStream> stream = stream_;  // it may end itself
    taken = stream->on_body(now_, piece);
    ALDIS_CHECK(taken <= piece.size());
    is_stream_full_ = taken < piece.size();
  }
  window_octets_ += taken;
  return taken;
}

void HttpProtocol::complete() {
  const Reading was = std::exchange(reading_, Reading::kHead);
  const bool keep_alive = parser_->keep_alive();
  read_deadline_ = kNever;
  replies_->whole(number_);
  if (was == Reading::kStream) {
    const std::shared_ptr<ports::HttpStream> stream = std::exchange(stream_, nullptr);
    stream->on_body_end(now_);
  } else if (was == Reading::kWhole) {
    shared_->places.move(*this, HttpPlaces::Kind::kBusy);
    if (shared_->service == nullptr) {
      reading_ = Reading::kWhole;
      return refuse(503);
    }
    request_.body = body_;
    shared_->service->serve(now_, request_, HttpReply{replies_, number_});
    if (body_.capacity() > kBufferIdleMax) { std::string{}.swap(body_); }
  }
  if (!keep_alive) { end_reading(); }
}

// --- ends ---

// Of the request whose body is being read, or of octets that are none.
void HttpProtocol::refuse(unsigned status) {
  if (reading_ == Reading::kHead) { number_ = replies_->open({.keep_alive = false}); }
  replies_->refuse(number_, status);
  end_reading();
}

void HttpProtocol::end_reading() {
  reading_ = Reading::kEnded;
  read_deadline_ = kNever;
  stream_.reset();
  replies_->finish();
}

void HttpProtocol::on_answered() {
  if (replies_->is_closing()) { end_reading(); }
  pause(!may_read());
}

void HttpProtocol::on_resumed(std::uint64_t request) {
  if (request != number_ || reading_ != Reading::kStream) { return; }
  is_stream_full_ = false;
  pause(!may_read());
}

// What a stream still sends after its answer has ended is not read.
void HttpProtocol::on_ended(std::uint64_t request) {
  if (request == number_ && reading_ == Reading::kStream) { end_reading(); }
}

}  // namespace

std::unique_ptr<ports::ByteProtocol> make_http_protocol(ports::HttpService& service,
                                                        const HttpLimits& limits) {
  HttpServerSettings settings;
  settings.limits = limits;
  return make_http_protocol(std::make_shared<HttpShared>(service, std::move(settings)), {});
}

std::unique_ptr<ports::ByteProtocol> make_http_protocol(std::shared_ptr<HttpShared> shared,
                                                        std::string_view address) {
  return std::make_unique<HttpProtocol>(std::move(shared), address);
}

}  // namespace aldis::runtime
