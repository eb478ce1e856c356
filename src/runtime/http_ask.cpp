// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/http_ask.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <string_view>

namespace aldis::runtime {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Error = boost::system::error_code;

constexpr std::string_view kUnix = "unix:";
constexpr std::uint64_t kBodyMax = 64u << 20;

// One exchange over a socket of that kind; each step begins the next one.
template <class Socket>
class Exchange {
 public:
  Exchange(asio::io_context& context, const HttpQuestion& question) : socket_(context), question_(question) {
    request_.method_string(question.method);
    request_.target(question.path);
    request_.version(11);
    request_.set(http::field::host, question.target.starts_with(kUnix) ? "localhost" : question.target);
    request_.set(http::field::connection, "close");
    for (const auto& [name, value] : question.headers) { request_.set(name, value); }
    request_.body() = question.body;
    request_.prepare_payload();
    parser_.body_limit(kBodyMax);
    if (question.method == "HEAD") { parser_.skip(true); }
  }

  Socket& socket() { return socket_; }

  void connected(Error error) {
    if (error) { return failed("cannot connect to ", error); }
    http::async_write(socket_, request_, [this](Error wrote, std::size_t) {
      if (wrote) { return failed("cannot send to ", wrote); }
      http::async_read(socket_, buffer_, parser_, [this](Error read, std::size_t) {
        if (read) { return failed("no whole answer from ", read); }
        HttpSaid said;
        said.status = parser_.get().result_int();
        const auto type = parser_.get()[http::field::content_type];
        said.content_type.assign(type.data(), type.size());
        said.body = std::move(parser_.get().body());
        result = std::move(said);
      });
    });
  }
  void failed(std::string_view what, const Error& error) {
    result = std::string{what} + question_.target + ": " + error.message();
  }

  Result<HttpSaid, std::string> result{std::string{}};

 private:
  Socket socket_;
  const HttpQuestion& question_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  boost::beast::flat_buffer buffer_;
};

template <class Socket>
Result<HttpSaid, std::string> finish(asio::io_context& context, Exchange<Socket>& exchange,
                                     const HttpQuestion& question) {
  context.run_for(question.timeout);
  if (exchange.result.has_error() && exchange.result.error().empty()) {
    return "no answer from " + question.target + " in time";
  }
  return std::move(exchange.result);
}

}  // namespace

Result<HttpSaid, std::string> http_ask(const HttpQuestion& question) {
  asio::io_context context;
  if (question.target.starts_with(kUnix)) {
    const std::string path = question.target.substr(kUnix.size());
    if (path.size() >= 108) { return "the path of the socket " + path + " is too long"; }
    Exchange<asio::local::stream_protocol::socket> exchange(context, question);
    exchange.socket().async_connect(asio::local::stream_protocol::endpoint(path),
                                    [&exchange](Error error) { exchange.connected(error); });
    return finish(context, exchange, question);
  }
  const auto colon = question.target.rfind(':');
  if (colon == question.target.npos) { return "host:port or unix:PATH is wanted, not " + question.target; }
  Exchange<asio::ip::tcp::socket> exchange(context, question);
  asio::ip::tcp::resolver resolver(context);
  resolver.async_resolve(question.target.substr(0, colon), question.target.substr(colon + 1),
                         [&exchange](Error error, const asio::ip::tcp::resolver::results_type& found) {
                           if (error) { return exchange.failed("cannot resolve ", error); }
                           asio::async_connect(
                               exchange.socket(), found,
                               [&exchange](Error connected, const auto&) { exchange.connected(connected); });
                         });
  return finish(context, exchange, question);
}

}  // namespace aldis::runtime
