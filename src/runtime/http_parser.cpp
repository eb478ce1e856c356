// SPDX-License-Identifier: Apache-2.0
#include "runtime/http_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace aldis::runtime {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t kMethodMax = 32;
// Beast aborts when the last chunk comes in pieces and fewer than "0\r\n\r\n" are there the second time.
constexpr std::size_t kLastChunk = 5;
constexpr std::size_t kChunkHeadMax = 4096;  // a chunk's size line, or all trailers

bool is_token(char c) {  // RFC 9110 section 5.6.2
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

// "GET / HTTP/3.1" is well formed and not ours; anything else that Beast calls a bad version is nonsense.
bool ends_with_version(std::string_view block) {
  const std::string_view line = block.substr(0, block.find("\r\n"));
  const std::string_view tail = line.size() < 9 ? std::string_view{} : line.substr(line.size() - 9);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return tail.starts_with(" HTTP/") && digit(tail[6]) && tail[7] == '.' && digit(tail[8]);
}

std::string_view std_view(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

// --- the header's end ---

HttpHeadScan::Found HttpHeadScan::look(Octets input, const HttpLimits& limits) {
  for (;;) {
    const std::size_t end = input.find('\n', looked_);
    if (end == Octets::npos) { break; }
    if (end == line_begin_ || input[end - 1] != '\r') { return {.refused = 400}; }  // a bare LF
    const Octets line = input.substr(line_begin_, end - 1 - line_begin_);
    looked_ = line_begin_ = end + 1;
    if (line.empty() && lines_ > 0) { return {.size = end + 1}; }
    if (const unsigned refused = judge_line(line, limits); refused != 0) { return {.refused = refused}; }
    if (lines_++ == 0) { headers_begin_ = line_begin_; }
    if (line_begin_ - headers_begin_ > limits.headers) { return {.refused = 431}; }
  }
  looked_ = input.size();
  if (lines_ > 0) { return {.refused = input.size() - headers_begin_ > limits.headers + 2 ? 431u : 0u}; }
  // Nothing that is not HTTP is waited for, such as a TLS hello.
  const Octets begin = input.substr(0, kMethodMax + 1);
  const std::size_t space = begin.find(' ');
  const Octets method = begin.substr(0, space);
  if (!std::all_of(method.begin(), method.end(), is_token) && method != "\r") { return {.refused = 400}; }
  if (space == 0 || (space == Octets::npos && begin.size() > kMethodMax)) { return {.refused = 400}; }
  return {.refused = input.size() > limits.request_line + 1 ? 414u : 0u};
}

unsigned HttpHeadScan::judge_line(Octets line, const HttpLimits& limits) const {
  if (lines_ == 0 && line.size() > limits.request_line) { return 414; }
  if (lines_ > limits.headers_count) { return 431; }
  if (line.find('\r') != Octets::npos || line.find('\0') != Octets::npos) { return 400; }
  const bool folded = lines_ > 0 && (line.front() == ' ' || line.front() == '\t');
  return folded ? 400 : 0;
}

// --- the header ---

unsigned HttpParser::parse_head(std::string& block) {
  eager(false);
  body_limit(boost::none);
  header_limit(static_cast<std::uint32_t>(2 * block.size() + kChunkHeadMax));
  ErrorCode error;
  const std::size_t used = put(boost::asio::buffer(block), error);
  if (error == http::error::bad_version && ends_with_version(block)) { return 505; }
  if (error || used != block.size()) { return 400; }
  for (ports::HttpField& field : fields_) {
    char* name = block.data() + (field.name.data() - block.data());
    std::transform(name, name + field.name.size(), name, lower);
  }
  return judge();
}

unsigned HttpParser::judge() {
  switch (verb_) {
    case Verb::get:
    case Verb::head:
    case Verb::post:
    case Verb::put:
    case Verb::patch:
    case Verb::delete_:
    case Verb::options: break;
    default: return 501;
  }
  if (!split_target() || hosts_ > 1 || (hosts_ == 0 && version_ == 11)) { return 400; }
  if (const unsigned refused = judge_framing(); refused != 0) { return refused; }
  if (!encoding_.empty() && !equal_ignoring_case(encoding_, "identity")) { return 415; }
  if (expects_ == 0 || is_http10()) { return 0; }  // HTTP/1.0 knows no 100
  if (expects_ != 1 || !equal_ignoring_case(expect_, "100-continue")) { return 417; }
  expects_continue_ = true;
  return 0;
}

// Beast takes a Transfer-Encoding without `chunked` for none, and lists of lengths.
unsigned HttpParser::judge_framing() const {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (codings_ > 0 && (lengths_ > 0 || is_http10())) { return 400; }
  if (codings_ > 0) { return codings_ == 1 && equal_ignoring_case(coding_, "chunked") ? 0 : 501; }
  if (lengths_ == 0) { return 0; }
  const bool sound = lengths_ == 1 && !length_.empty() && std::all_of(length_.begin(), length_.end(), digit);
  return sound ? 0 : 400;
}

bool HttpParser::split_target() {
  std::string_view target = target_;
  if (const auto scheme = target.find("://"); scheme != std::string_view::npos && target.front() != '/') {
    const auto path = target.find_first_of("/?", scheme + 3);  // absolute form, as to a proxy
    target = path == std::string_view::npos ? std::string_view{"/"} : target.substr(path);
  }
  const auto mark = target.find('?');
  path_ = target.substr(0, mark);
  if (mark != std::string_view::npos) { query_ = target.substr(mark + 1); }
  if (path_.empty()) { path_ = "/"; }
  return path_.front() == '/' || (path_ == "*" && verb_ == Verb::options);
}

void HttpParser::on_request_impl(Verb verb, View method, View target, int version, ErrorCode& error) {
  verb_ = verb;
  method_ = std_view(method);
  target_ = std_view(target);
  version_ = version;
  error = {};
}

void HttpParser::on_field_impl(Field field, View name, View value, ErrorCode& error) {
  error = {};
  if (head_done_) { return; }  // a trailer: read over
  const std::string_view text = std_view(value);
  fields_.push_back({std_view(name), text});
  if (field == Field::host) {
    ++hosts_;
  } else if (field == Field::expect) {
    ++expects_;
    expect_ = text;
  } else if (field == Field::transfer_encoding) {
    ++codings_;
    coding_ = text;
  } else if (field == Field::content_length) {
    ++lengths_;
    length_ = text;
  } else if (field == Field::content_encoding) {
    encoding_ = text;
  }
}

// --- the body ---

std::size_t HttpParser::parse_body(Octets input, HttpBodyTaker& taker, unsigned& refused) {
  taker_ = &taker;
  stopped_ = false;
  std::size_t used = 0;
  while (!is_done() && !stopped_ && used < input.size()) {
    if (chunked() && chunk_left_ == 0 && input.size() - used < kLastChunk) { break; }
    ErrorCode error;
    const std::size_t taken = put(boost::asio::buffer(input.substr(used)), error);
    used += taken;
    if (error == http::error::need_more) {
      if (input.size() - used > kChunkHeadMax) { refused = 400; }
      break;
    }
    if (error) {
      refused = error == http::error::body_limit ? 413 : 400;
      break;
    }
    if (taken == 0) { break; }
  }
  return used;
}

std::size_t HttpParser::on_body_impl(View piece, ErrorCode& error) {
  const std::size_t taken = taker_->take(std_view(piece));
  stopped_ = taken < piece.size();
  error = {};
  if (taker_->has_too_much()) { error = http::error::body_limit; }
  return taken;
}

// Lawful, unused by anybody, and read differently by different servers.
void HttpParser::on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& error) {
  chunk_left_ = size;
  error = {};
  if (!extensions.empty()) { error = http::error::bad_chunk_extension; }
}

}  // namespace aldis::runtime
