// SPDX-License-Identifier: Apache-2.0
#include "api.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>

#include "aldis/runtime/http_ask.hpp"

namespace aldis::ctl {

namespace json = boost::json;

namespace {

int exit_of(unsigned status) {
  if (status < 300) { return kOk; }
  if (status == 401 || status == 403) { return kDenied; }
  return status == 404 ? kNotFound : kRefused;
}

void say(const std::string& what, const std::string& why, const std::string& next) {
  std::fprintf(stderr, "aldisctl: %s: %s\n", what.c_str(), why.c_str());
  if (!next.empty()) { std::fprintf(stderr, "try: %s\n", next.c_str()); }
}

void say_refused(const Where& where, const std::string& what, const Answer& answer) {
  if (where.json) {
    std::fprintf(stderr, "%s", answer.text.c_str());
    return;
  }
  const std::string detail = field(answer.body, "detail");
  std::string next;
  if (answer.status == 401) {
    next = "aldisctl on the gateway's own machine as root, or --token-file with a valid key";
  }
  say(what, detail == "-" ? "HTTP " + std::to_string(answer.status) : detail, next);
}

}  // namespace

std::string encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      char octet[4];
      std::snprintf(octet, sizeof octet, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += octet;
    }
  }
  return out;
}

std::string query_of(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) { continue; }
    out.append(out.empty() ? "?" : "&").append(encoded(name)).append("=").append(encoded(value));
  }
  return out;
}

std::string field(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains(name);
  if (member == nullptr || member->is_null()) { return "-"; }
  return member->is_string() ? std::string{member->get_string()} : json::serialize(*member);
}

Answer ask(const Where& where, const std::string& method, const std::string& path, const json::value* body) {
  runtime::HttpQuestion question;
  question.target = where.target;
  question.method = method;
  question.path = path;
  question.timeout = where.timeout;
  const std::string what = method + " " + path.substr(0, path.find('?'));
  if (!where.token_file.empty()) {
    std::string key;
    std::ifstream file{where.token_file};
    if (!std::getline(file, key) || key.empty()) {
      say("--token-file", "no key can be read from " + where.token_file, "");
      return {kUsage, 0, {}, nullptr};
    }
    question.headers.emplace_back("Authorization", "Bearer " + key);
  }
  if (body != nullptr) {
    question.headers.emplace_back("Content-Type", "application/json");
    question.body = json::serialize(*body);
  }
  auto said = runtime::http_ask(question);
  if (said.has_error()) {
    const bool late = said.error().ends_with("in time");
    say(what, said.error(),
        late ? "a longer --timeout"
             : "--socket PATH or --url HOST:PORT of a listener in http.listeners, and whether aldisd runs");
    return {late ? kTimeout : kNoConnection, 0, {}, nullptr};
  }
  Answer answer{exit_of(said->status), said->status, std::move(said->body), nullptr};
  boost::system::error_code failed;
  json::value parsed = json::parse(answer.text, failed);
  if (!failed) { answer.body = std::move(parsed); }
  if (answer.exit != kOk) { say_refused(where, what, answer); }
  return answer;
}

}  // namespace aldis::ctl
