// SPDX-License-Identifier: Apache-2.0
// What anybody may read, without a key: what the codes mean, the API's description, and the page that shows
// it.
#include <boost/json/object.hpp>

#include "aldis/ingress/generated/api_pages.hpp"
#include "ingress/native_state.hpp"

namespace aldis::ingress {

using api::Code;
using api::Problem;

namespace {

// The page runs its own script, loads the description beside it, and nothing else whatever is in there.
constexpr const char* kPagePolicy =
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

void NativeApi::Impl::read_open(Action action, std::string_view code_name, const Asked& asked) {
  if (action == Action::kReadDocument) {
    return asked.reply.send({.content_type = "application/json", .body = std::string{kApiDocument}});
  }
  if (action == Action::kReadPage) {
    return asked.reply.send({.content_type = "text/html; charset=utf-8",
                             .body = std::string{kApiPage},
                             .headers = {{"Content-Security-Policy", kPagePolicy}}});
  }
  const auto code = api::code_of(code_name);
  if (!code) { return refuse(asked, Problem{Code::kNotFound, "no such code"}); }
  asked.reply.send(json_response(
      200, {{"code", name_of(*code)}, {"status", status_of(*code)}, {"title", title_of(*code)}}));
}

}  // namespace aldis::ingress
