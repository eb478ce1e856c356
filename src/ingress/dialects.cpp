// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/dialects.hpp"

#include <algorithm>
#include <array>

#include "aldis/base/octet_text.hpp"
#include "aldis/text/transcode.hpp"
#include "ingress/dialect_state.hpp"

namespace aldis::ingress {

using ports::HttpRequest;
using ports::HttpResponse;

namespace {

constexpr std::size_t kBodyMax = 256 * 1024;
constexpr std::size_t kLabelMax = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; }

struct DialectPath {  // one that ends with '/' stands for all that begin so
  std::string_view path;
  HttpServe serve;
};
constexpr auto kPaths = std::to_array<DialectPath>({
    {"/cgi-bin/sendsms", HttpServe::kKannel},
    {"/api/sendsms", HttpServe::kKannel},
    {"/send", HttpServe::kJasmin},
    {"/rate", HttpServe::kJasmin},
    {"/balance", HttpServe::kJasmin},
    {"/ping", HttpServe::kJasmin},
    {"/ping", HttpServe::kJasminRest},
    {"/secure/send", HttpServe::kJasminRest},
    {"/secure/sendbatch", HttpServe::kJasminRest},
    {"/secure/rate", HttpServe::kJasminRest},
    {"/secure/balance", HttpServe::kJasminRest},
    {"/2010-04-01/", HttpServe::kTwilio},
    {"/sms/json", HttpServe::kVonage},
    {"/account/get-balance", HttpServe::kVonage},
});

const DialectPath* find_path(const HttpListener& listener, std::string_view path) {
  for (const auto& one : kPaths) {
    const bool is_served =
        std::find(listener.serve.begin(), listener.serve.end(), one.serve) != listener.serve.end();
    const bool is_it = one.path.ends_with('/') ? path.starts_with(one.path) : path == one.path;
    if (is_served && is_it) { return &one; }
  }
  return nullptr;
}

}  // namespace

Dialects::Dialects(DialectSetup setup) : impl_(std::make_unique<Impl>(std::move(setup))) {}
Dialects::~Dialects() = default;

void Dialects::drain() { impl_->draining = true; }

void Dialects::Impl::check(const Now& now, LoginKind kind, std::string_view user, std::string_view password,
                           std::string_view client, DialectLogins::Answer answer) {
  if (throttle.refuses(now.mono, client)) { return answer(LoginVerdict::kBusy, nullptr); }
  logins.check(now, kind, user, password, client,
               [this, at = now.mono, client = std::string{client}, answer = std::move(answer)](
                   LoginVerdict verdict, const DialectLogin* login) {
                 if (verdict == LoginVerdict::kWrong) { throttle.failed(at, client); }
                 answer(verdict, login);
               });
}

DialectDoor::DialectDoor(Dialects& dialects, const HttpListener& listener)
    : dialects_(*dialects.impl_), listener_(listener) {}

bool DialectDoor::serves(std::string_view path) const { return find_path(listener_, path) != nullptr; }

ports::HttpVerdict DialectDoor::judge(const Now& now, const HttpRequest& request) {
  const DialectPath* path = find_path(listener_, request.path);
  if (path == nullptr) {
    const bool is_kannel_port = listener_.serve == std::vector{HttpServe::kKannel};
    if (!is_kannel_port) { return HttpResponse{.status = 404, .body = "not found\n"}; }
    return HttpResponse{.status = 404, .content_type = "text/html", .body = "Unknown request."};
  }
  const ports::HttpTakeWhole take{.body_octets_max = request.method == "POST" ? kBodyMax : 0};
  if (path->serve == HttpServe::kTwilio) {
    if (auto refused = dialects_.judge_twilio(now, request)) { return std::move(*refused); }
    return take;
  }
  if (request.method != "GET" && request.method != "POST") {
    HttpResponse response{.status = 405, .body = "this path takes GET and POST\n"};
    response.headers.emplace_back("Allow", "GET, POST");
    return response;
  }
  return take;
}

void DialectDoor::serve(const Now& now, const HttpRequest& request, const ports::HttpReply& reply) {
  const DialectPath* path = find_path(listener_, request.path);
  const auto may_query = [&](LoginKind kind) {
    const auto& kinds = listener_.query_credentials;
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  switch (path->serve) {
    case HttpServe::kKannel:
      return dialects_.serve_kannel({now, request, reply, may_query(LoginKind::kKannel), false});
    case HttpServe::kJasmin:
    case HttpServe::kJasminRest: {
      if (request.path == "/secure/sendbatch") {
        return dialects_.serve_jasmin_batch({now, request, reply, false, true});
      }
      const bool rest = std::find(listener_.serve.begin(), listener_.serve.end(), HttpServe::kJasminRest) !=
                        listener_.serve.end();
      return dialects_.serve_jasmin({now, request, reply, may_query(LoginKind::kJasmin), rest});
    }
    case HttpServe::kTwilio: return dialects_.serve_twilio({now, request, reply, false, false});
    case HttpServe::kVonage:
      return dialects_.serve_vonage({now, request, reply, may_query(LoginKind::kVonage), false});
    default: return reply.send({.status = 404, .body = "not found\n"});
  }
}

// --- what several dialects need --------------------------------------------------------------------------

bool is_media_type(std::string_view content_type, std::string_view type) {
  if (content_type.size() < type.size() || !std::equal(type.begin(), type.end(), content_type.begin(),
                                                       [](char a, char b) { return a == lower(b); })) {
    return false;
  }
  content_type.remove_prefix(type.size());
  return content_type.empty() || content_type.front() == ';' || content_type.front() == ' ';
}

std::optional<BasicCredentials> basic_of(const HttpRequest& request) {
  constexpr std::string_view kBasic = "basic ";
  const auto given = request.header("authorization");
  const auto scheme = given.substr(0, std::min(given.size(), kBasic.size()));
  if (!std::equal(kBasic.begin(), kBasic.end(), scheme.begin(), scheme.end(),
                  [](char a, char b) { return a == lower(b); })) {
    return std::nullopt;
  }
  const auto text = octets_of_base64(given.substr(kBasic.size()));
  const auto colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) { return std::nullopt; }
  return BasicCredentials{text->substr(0, colon), text->substr(colon + 1)};
}

std::optional<std::string> number_of(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == '-' || (c == '+' && digits.empty())) { continue; }
    if (c < '0' || c > '9') { return std::nullopt; }
    digits += c;
  }
  if (digits.starts_with("00")) { digits.erase(0, 2); }
  const bool is_number = digits.size() >= 3 && digits.size() <= 15 && digits.front() != '0';
  return is_number ? std::optional{digits} : std::nullopt;
}

std::string label_of(std::string_view text) {
  std::string out;
  for (const char given : text.substr(0, kLabelMax)) {
    const char c = lower(given);
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool is_mark = !out.empty() && (c == '.' || c == '-');
    out += is_alphanumeric || is_mark ? c : '_';
  }
  out.erase(0, std::min(out.size(), out.find_first_not_of('_')));
  return out;
}

std::string as_noted(std::string_view text) {
  return text::is_text(text, Alphabet::kUtf8) ? std::string{text} : std::string{};
}

}  // namespace aldis::ingress
