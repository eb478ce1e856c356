// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aldis/base/time.hpp"
#include "aldis/ports/http.hpp"

namespace aldis::runtime {

// The value of a Date header, made anew once a second.
class HttpDate {
 public:
  std::string_view text(WallTime at);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

struct HttpHeadText {
  std::string_view date;
  std::string_view request_id;
  bool keep_alive = true;
  bool is_chunked = false;   // otherwise its length is that of the body
  bool until_close = false;  // neither: a stream for HTTP/1.0
};

// Status line and headers, with the empty line.
void append_http_head(std::string& out, const ports::HttpResponse& response, const HttpHeadText& text);
void append_http_chunk(std::string& out, std::string_view piece);

// RFC 9457: what the server itself refuses. The code follows from the status; 503 is `shutting_down`.
ports::HttpResponse http_problem(unsigned status, std::string_view request_id, std::string_view public_url);
// 503: whether the request was accepted is not known; repeat it with the same idempotency key.
ports::HttpResponse http_accept_unknown(std::string_view request_id, std::string_view public_url);

bool is_request_id(std::string_view text);        // at most 128 of [A-Za-z0-9._-]
std::string request_id_of(std::uint64_t number);  // "req_" + 16 hex digits

}  // namespace aldis::runtime
