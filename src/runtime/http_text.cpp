// SPDX-License-Identifier: Apache-2.0
#include "runtime/http_text.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace aldis::runtime {

namespace http = boost::beast::http;

namespace {

struct Problem {
  unsigned status;
  std::string_view code;
  std::string_view title;
};

constexpr std::array kProblems{
    Problem{400, "malformed_request", "The request is not well-formed HTTP"},
    Problem{408, "request_timeout", "The request came too slowly"},
    Problem{413, "body_too_large", "The body is too large"},
    Problem{414, "uri_too_long", "The request line is too long"},
    Problem{415, "unsupported_media_type", "A coding of the body is not supported"},
    Problem{417, "expectation_failed", "The expectation cannot be met"},
    Problem{431, "headers_too_large", "The headers are too large"},
    Problem{501, "not_implemented", "The method or transfer coding is not implemented"},
    Problem{503, "shutting_down", "The server is stopping"},
    Problem{505, "malformed_request", "This version of HTTP is not spoken here"},
};
constexpr Problem kAcceptUnknown{503, "accept_unknown",
                                 "No answer in time; retry with the same idempotency key"};

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
  out.append(digits.data(), end.ptr);
}

// A value that came from elsewhere must not end its line.
void append_value(std::string& out, std::string_view value) {
  const std::size_t begin = out.size();
  out.append(value);
  const auto first = out.begin() + static_cast<std::ptrdiff_t>(begin);
  std::replace_if(
      first, out.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
}

ports::HttpResponse problem(const Problem& what, std::string_view request_id, std::string_view public_url) {
  ports::HttpResponse response;
  response.status = what.status;
  response.content_type = "application/problem+json";
  std::string& body = response.body;
  body.append(R"({"type":")").append(public_url).append("/errors/").append(what.code);
  body.append(R"(","title":")").append(what.title).append(R"(","status":)");
  append_number(body, what.status);
  body.append(R"(,"code":")").append(what.code).append(R"(","request_id":")");
  body.append(request_id).append("\"}\n");
  return response;
}

}  // namespace

std::string_view HttpDate::text(WallTime at) {  // RFC 9110 section 5.6.7; strftime would follow the locale
  const auto second = std::chrono::floor<seconds>(at).time_since_epoch().count();
  if (second == second_) { return text_; }
  second_ = second;
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
  text_ = text.data();
  return text_;
}

void append_http_head(std::string& out, const ports::HttpResponse& response, const HttpHeadText& text) {
  const auto reason = http::obsolete_reason(http::int_to_status(response.status));
  out.append("HTTP/1.1 ");
  append_number(out, response.status);
  out.append(" ").append(reason.data(), reason.size());
  out.append("\r\nDate: ").append(text.date);
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) { out.append("\r\nContent-Type: ").append(response.content_type); }
  if (text.is_chunked) {
    out.append("\r\nTransfer-Encoding: chunked");
  } else if (has_body && !text.until_close) {
    out.append("\r\nContent-Length: ");
    append_number(out, response.body.size());
  }
  out.append("\r\nX-Request-Id: ").append(text.request_id);
  out.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: ");
  out.append(text.keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) {
    out.append("\r\n").append(name).append(": ");
    append_value(out, value);
  }
  out.append("\r\n\r\n");
}

void append_http_chunk(std::string& out, std::string_view piece) {
  append_number(out, piece.size(), 16);
  out.append("\r\n").append(piece).append("\r\n");
}

ports::HttpResponse http_problem(unsigned status, std::string_view request_id, std::string_view public_url) {
  const auto* const found =
      std::find_if(kProblems.begin(), kProblems.end(), [&](const Problem& p) { return p.status == status; });
  return problem(found == kProblems.end() ? kProblems.front() : *found, request_id, public_url);
}

ports::HttpResponse http_accept_unknown(std::string_view request_id, std::string_view public_url) {
  return problem(kAcceptUnknown, request_id, public_url);
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string request_id_of(std::uint64_t number) {
  std::string id = "req_";
  for (int shift = 60; shift >= 0; shift -= 4) { id += "0123456789abcdef"[(number >> shift) & 15u]; }
  return id;
}

}  // namespace aldis::runtime
