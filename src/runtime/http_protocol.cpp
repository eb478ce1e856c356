// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdio>
#include <optional>

#include "aldis/runtime/http_server.hpp"
#include "runtime/http_protocol.hpp"

namespace aldis::runtime {

namespace http = boost::beast::http;

namespace {

// A pipeline of small requests for large answers: past this, the next request waits until the peer has read.
constexpr std::size_t kOutputMax = 256 * 1024;

std::string http_date(WallTime at) {  // RFC 9110 5.6.7; strftime would follow the locale
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<seconds>(at - day)};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text.data();
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  return result;
}

unsigned status_of(const boost::system::error_code& error) {
  if (error == http::error::header_limit) { return 431; }
  if (error == http::error::body_limit) { return 413; }
  if (error == http::error::bad_version) { return 505; }
  return 400;
}

HttpResponse plain(unsigned status) {
  HttpResponse response;
  response.status = status;
  response.body = std::string{http::obsolete_reason(http::int_to_status(status))} + '\n';
  return response;
}

using Parser = http::request_parser<http::string_body>;

HttpRequest request_of(Parser& parser, std::string_view peer) {
  http::request<http::string_body>& parsed = parser.get();
  HttpRequest request;
  request.method = parsed.method_string();
  std::string_view target{parsed.target().data(), parsed.target().size()};
  if (const auto scheme = target.find("://"); scheme != std::string_view::npos && target.front() != '/') {
    const auto path = target.find('/', scheme + 3);  // absolute form, as to a proxy
    target = path == std::string_view::npos ? std::string_view{"/"} : target.substr(path);
  }
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) { request.query = target.substr(mark + 1); }
  request.peer = peer;
  for (const auto& field : parsed) {
    const auto name = field.name_string();
    const auto value = field.value();
    request.headers.emplace_back(lower({name.data(), name.size()}), std::string{value.data(), value.size()});
  }
  request.body = std::move(parsed.body());
  return request;
}

// One connection. Reads one request, lets the handler answer it, then reads the next; reading is paused
// meanwhile. Every refusal closes the connection, because what follows a request that was not understood
// cannot be trusted.
class HttpProtocol final : public ports::ByteProtocol, public HttpPlaces::Holder {
 public:
  HttpProtocol(std::shared_ptr<const HttpHandler> handler, HttpLimits limits,
               std::shared_ptr<HttpPlaces> places)
      : handler_(std::move(handler)), limits_(limits), places_(std::move(places)) {
    places_->enter(*this);
  }
  ~HttpProtocol() override {
    places_->leave(*this);
    forget();
  }

  void on_open(const Now& now, ports::Wire& wire) override {
    wire_ = &wire;
    now_ = now;
    deadline_ = now.mono + limits_.headers_timeout;
    next_request();
  }

  std::size_t on_octets(const Now& now, Octets input) override {
    now_ = now;
    std::size_t used = 0;
    while (!awaited_ && !closing_ && used < input.size()) {
      if (wire_->output_pending() > kOutputMax) {
        wire_->pause_reading(true);  // until on_flushed()
        return used;
      }
      if (!begun_) {
        begun_ = true;
        deadline_ = now.mono + limits_.headers_timeout;
      }
      boost::system::error_code error;
      const std::size_t taken = parser_->put(boost::asio::buffer(input.substr(used)), error);
      used += taken;
      if (error && error != http::error::need_more) {
        refuse(status_of(error));
        break;
      }
      if (!judged_) {
        header_octets_ += taken;
        const std::size_t waiting = parser_->is_header_done() ? 0 : input.size() - used;
        if (header_octets_ + waiting > limits_.headers) {
          refuse(431);
          break;
        }
        if (parser_->is_header_done()) { judge(used < input.size()); }
      }
      if (closing_ || (taken == 0 && !parser_->is_done())) { break; }
      if (parser_->is_done()) { serve(); }
    }
    return closing_ ? input.size() : used;
  }

  void on_flushed(const Now& now) override {
    now_ = now;
    if (awaited_ || closing_) { return; }
    if (!begun_) { deadline_ = now.mono + limits_.idle; }
    wire_->pause_reading(false);
  }

  void on_timer(const Now& now) override {
    now_ = now;
    deadline_ = kNever;
    if (begun_) {
      refuse(408);
    } else {
      wire_->close_now();
    }
  }

  [[nodiscard]] Instant next_deadline() const override { return deadline_; }

  void on_closed(const Now&, ports::CloseCause) override {
    wire_ = nullptr;
    places_->leave(*this);
    forget();
  }

  [[nodiscard]] HttpPlaces::Rank rank() const override {
    if (awaited_) { return HttpPlaces::Rank::kWaiting; }
    if (wire_ != nullptr && wire_->output_pending() > 0) { return HttpPlaces::Rank::kNotReading; }
    return asked_ ? HttpPlaces::Rank::kIdle : HttpPlaces::Rank::kUnasked;
  }

  void turn_out() override {
    if (wire_ != nullptr) { wire_->close_now(); }
  }

 private:
  // Shared with the answer that was promised; emptied when it came or when nobody waits for it any more.
  struct Awaited {
    HttpProtocol* protocol = nullptr;
  };

  void next_request() {
    parser_.emplace();
    // Beast counts from where the last piece of input ended: its limit bounds memory, ours is exact however
    // the octets come. A header is taken by itself, so that none of the body is counted.
    parser_->header_limit(static_cast<std::uint32_t>(2 * limits_.headers));
    parser_->body_limit(limits_.body);
    parser_->eager(false);
    header_octets_ = 0;
    begun_ = false;
    judged_ = false;
    head_ = false;
  }

  // What the header alone decides is answered before the body comes: a client that announced it with `Expect:
  // 100-continue` waits for leave to send it (RFC 9110 10.1.1).
  void judge(bool body_came) {
    judged_ = true;
    const auto& parsed = parser_->get();
    keep_alive_ = parsed.keep_alive();
    head_ = parsed.method() == http::verb::head;
    if (!head_ && parsed.method() != http::verb::get) { return refuse(405); }
    if (parsed.version() == 11 && parsed.count(http::field::host) != 1) { return refuse(400); }
    const auto expected = parsed[http::field::expect];
    if (expected.empty() || parsed.version() < 11) { return; }  // HTTP/1.0 knows no 100
    if (parsed.count(http::field::expect) != 1 ||
        lower({expected.data(), expected.size()}) != "100-continue") {
      return refuse(417);
    }
    if (!parser_->is_done() && !body_came) { wire_->output().append("HTTP/1.1 100 Continue\r\n\r\n"); }
  }

  void serve() {
    asked_ = true;
    if (!*handler_) { return refuse(503); }
    deadline_ = kNever;
    const auto awaited = std::make_shared<Awaited>(Awaited{this});
    awaited_ = awaited;
    (*handler_)(request_of(*parser_, wire_->peer()), [awaited](const HttpResponse& response) {
      if (HttpProtocol* protocol = std::exchange(awaited->protocol, nullptr)) { protocol->answer(response); }
    });
    if (awaited_) { wire_->pause_reading(true); }
  }

  void answer(const HttpResponse& response) {
    awaited_.reset();
    places_->leave(*this);
    places_->enter(*this);
    write(response);
    if (!keep_alive_) { return close(); }
    next_request();  // its deadline comes with on_flushed(): only then we know what time it is
    wire_->pause_reading(false);
    wire_->wake();
  }

  void refuse(unsigned status) {
    keep_alive_ = false;
    HttpResponse response = plain(status);
    if (status == 405) { response.headers.emplace_back("Allow", "GET, HEAD"); }
    write(response);
    close();
  }

  void write(const HttpResponse& response) {
    std::string& out = wire_->output();
    const auto reason = http::obsolete_reason(http::int_to_status(response.status));
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(reason.data(), reason.size());
    out.append("\r\nDate: ").append(http_date(now_.wall));
    out.append("\r\nContent-Type: ").append(response.content_type);
    out.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
    out.append(keep_alive_ ? "\r\nConnection: keep-alive" : "\r\nConnection: close");
    for (const auto& [name, value] : response.headers) {
      out.append("\r\n").append(name).append(": ").append(value);
    }
    out.append("\r\n\r\n");
    if (!head_) { out.append(response.body); }
  }

  void close() {
    closing_ = true;
    deadline_ = kNever;
    wire_->close_after_flush();
  }

  void forget() {
    if (awaited_) { awaited_->protocol = nullptr; }
    awaited_.reset();
  }

  std::shared_ptr<const HttpHandler> handler_;
  HttpLimits limits_;
  std::shared_ptr<HttpPlaces> places_;
  ports::Wire* wire_ = nullptr;
  std::optional<Parser> parser_;
  std::shared_ptr<Awaited> awaited_;
  Now now_{};  // as of the last callback; dates an answer that comes later
  Instant deadline_ = kNever;
  std::size_t header_octets_ = 0;  // of the request that is being read
  bool begun_ = false;             // an octet of the request has come
  bool judged_ = false;            // its header has
  bool asked_ = false;             // a whole request has, this one or an earlier one
  bool keep_alive_ = true;
  bool head_ = false;
  bool closing_ = false;
};

}  // namespace

std::unique_ptr<ports::ByteProtocol> make_http_protocol(std::shared_ptr<const HttpHandler> handler,
                                                        HttpLimits limits) {
  return make_http_protocol(std::move(handler), limits, std::make_shared<HttpPlaces>(1));
}

std::unique_ptr<ports::ByteProtocol> make_http_protocol(std::shared_ptr<const HttpHandler> handler,
                                                        HttpLimits limits,
                                                        std::shared_ptr<HttpPlaces> places) {
  return std::make_unique<HttpProtocol>(std::move(handler), limits, std::move(places));
}

}  // namespace aldis::runtime
