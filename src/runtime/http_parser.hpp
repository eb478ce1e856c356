// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/ports/http.hpp"
#include "aldis/runtime/http_server.hpp"

namespace aldis::runtime {

// Looks for the end of a header in octets that are presented from its beginning each time, with more behind
// them. Looks at each octet once. Judges what Beast is lenient about, and the limits, line by line.
class HttpHeadScan {
 public:
  struct Found {
    unsigned refused = 0;  // the status; otherwise
    std::size_t size = 0;  // of the header with its empty line; 0 = it has not ended yet
  };
  Found look(Octets input, const HttpLimits& limits);
  void reset() { *this = {}; }

 private:
  unsigned judge_line(Octets line, const HttpLimits& limits) const;

  std::size_t looked_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t headers_begin_ = 0;
  std::size_t lines_ = 0;
};

// Where the octets of a body go.
class HttpBodyTaker {
 public:
  // Returns how many it took; fewer than all: the rest later.
  virtual std::size_t take(Octets piece) = 0;
  [[nodiscard]] virtual bool has_too_much() const = 0;

 protected:
  ~HttpBodyTaker() = default;
};

// One request: Beast's parser for the header and the framing of the body, and stricter than it where two
// servers might read one stream differently (RFC 9112 section 11.2).
class HttpParser final : public boost::beast::http::basic_parser<true> {
 public:
  explicit HttpParser(std::vector<ports::HttpField>& fields) : fields_(fields) {}

  // The header that HttpHeadScan found; names in it are made lower case. Returns 0, or the status of its
  // refusal.
  unsigned parse_head(std::string& block);
  // As much of the body as is there. `refused` becomes a status when it cannot go on.
  std::size_t parse_body(Octets input, HttpBodyTaker& taker, unsigned& refused);

  [[nodiscard]] std::string_view method() const { return method_; }
  [[nodiscard]] std::string_view path() const { return path_; }
  [[nodiscard]] std::string_view query() const { return query_; }
  [[nodiscard]] bool is_http10() const { return version_ == 10; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

 private:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;
  using Verb = boost::beast::http::verb;
  using Field = boost::beast::http::field;

  unsigned judge();
  unsigned judge_framing() const;
  bool split_target();

  void on_request_impl(Verb verb, View method, View target, int version, ErrorCode& error) override;
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(Field field, View name, View value, ErrorCode& error) override;
  void on_header_impl(ErrorCode&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View piece, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t, View piece, ErrorCode& error) override {
    const std::size_t taken = on_body_impl(piece, error);
    chunk_left_ -= taken;
    return taken;
  }
  void on_finish_impl(ErrorCode&) override {}

  std::vector<ports::HttpField>& fields_;
  HttpBodyTaker* taker_ = nullptr;
  std::string_view method_;
  std::string_view target_;
  std::string_view path_;
  std::string_view query_;
  std::string_view expect_;
  std::string_view encoding_;
  std::string_view coding_;
  std::string_view length_;
  Verb verb_ = Verb::unknown;
  int version_ = 11;
  int hosts_ = 0;
  int expects_ = 0;
  int codings_ = 0;
  int lengths_ = 0;
  std::uint64_t chunk_left_ = 0;  // octets of the chunk that have not come
  bool head_done_ = false;
  bool stopped_ = false;  // the taker took less than there was
  bool expects_continue_ = false;
};

}  // namespace aldis::runtime
