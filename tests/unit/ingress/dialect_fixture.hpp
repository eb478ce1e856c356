// SPDX-License-Identifier: Apache-2.0
// The dialects' doors with an engine that answers as a test says, and without sockets.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/octet_text.hpp"
#include "aldis/ingress/dialects.hpp"
#include "aldis/runtime/secrets.hpp"
#include "ingress/door_notes.hpp"
#include "ingress/form.hpp"

namespace aldis::ingress {

inline const Now kStart{Instant{seconds{1000}}, WallTime{seconds{1'795'291'951}}};  // 2026-11-21 20:12:31

// "$plain$" and the password; answers in the call, and counts.
struct PlainPasswords final : ports::Passwords {
  void verify(std::string_view phc, std::string_view password, std::function<void(Verdict)> answer) override {
    ++checks;
    if (busy) { return answer(Verdict::kBusy); }
    answer(phc == "$plain$" + std::string{password} ? Verdict::kRight : Verdict::kWrong);
  }
  int checks = 0;
  bool busy = false;
};

struct Engine final : EngineCalls {
  bool call(EngineCall what, Answer answer) override {
    if (full) { return false; }
    if (auto* submit = std::get_if<SubmitCall>(&what)) {
      AnswerSubmit said{};
      if (!refusals.empty()) {
        said.refusal = refusals.front();
        refusals.pop_front();
      }
      if (!said.refusal) { said.id.id = MessageId{++sequence}; }
      said.parts = parts;
      said.waits_for_link = waits_for_link;
      submits.push_back(std::move(*submit));
      answers.emplace_back([answer, said] { answer(kStart, Effect{said}); });
    } else {
      others.push_back(what);
      if (other_answer) {
        answers.emplace_back([answer, e = *other_answer] { answer(kStart, e); });
      }
    }
    if (!slow) { settle(); }
    return true;
  }
  void settle() {
    for (auto& one : std::exchange(answers, {})) { one(); }
  }

  std::deque<std::optional<Refusal>> refusals;  // of the next ones; then they are accepted
  std::uint16_t parts = 1;
  bool waits_for_link = false;
  bool full = false;
  bool slow = false;  // answers when settle() is called
  std::optional<Effect> other_answer;
  std::vector<SubmitCall> submits;
  std::vector<EngineCall> others;
  std::vector<std::function<void()>> answers;
  std::uint64_t sequence = 0;
};

// What was called, and nothing answers.
struct Calls final : ports::Fetch {
  void start(ports::FetchRequest request, OnAnswer) override { urls.push_back(request.url); }
  [[nodiscard]] std::size_t in_flight() const override { return 0; }
  std::vector<std::string> urls;
};

struct Answers final : ports::HttpAnswers {
  void send(std::uint64_t, ports::HttpResponse&& response) override { got.push_back(std::move(response)); }
  void begin(std::uint64_t, ports::HttpResponse&&) override { FAIL("no dialect streams"); }
  bool write(std::uint64_t, std::string_view) override { return true; }
  void end(std::uint64_t) override {}
  void resume(std::uint64_t) override {}
  [[nodiscard]] bool wants(std::uint64_t) const override { return true; }
  std::vector<ports::HttpResponse> got;
};

struct Ask {
  std::string method = "GET";
  std::string path;
  std::string query{};
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string client = "203.0.113.7";
};

class DialectStory {
 public:
  DialectStory() {
    AccountSettings acme;
    acme.name = "acme";
    acme.logins = {login(LoginKind::kKannel, "tester"), login(LoginKind::kJasmin, "foo"),
                   login(LoginKind::kVonage, "abcd1234")};
    LoginSettings twilio;
    twilio.kind = LoginKind::kTwilio;
    twilio.password = Secret{"12345"};
    acme.logins.push_back(twilio);
    settings.accounts = {acme};
    listener.name = "api";
    listener.serve = {HttpServe::kKannel};
    listener.query_credentials = {LoginKind::kKannel, LoginKind::kJasmin, LoginKind::kVonage};
  }
  static LoginSettings login(LoginKind kind, const std::string& user) {
    LoginSettings out;
    out.kind = kind;
    out.user = user;
    out.password = Secret{"secret"};
    return out;
  }

  // Settings stand once the first request has come.
  ports::HttpResponse ask(const Ask& what) {
    auto got = begin(what);
    REQUIRE(got->got.size() == 1);
    return got->got.front();
  }
  std::shared_ptr<Answers> begin(const Ask& what) {
    if (!door) { open(); }
    auto answers = std::make_shared<Answers>();
    std::vector<ports::HttpField> fields;
    for (const auto& [name, value] : what.headers) { fields.push_back({name, value}); }
    ports::HttpRequest request{.method = what.method, .path = what.path, .query = what.query};
    request.client = what.client;
    request.request_id = "req_0000000000000001";
    request.fields = fields;
    auto verdict = door->judge(now, request);
    if (auto* refused = std::get_if<ports::HttpResponse>(&verdict)) {
      answers->got.push_back(std::move(*refused));
      return answers;
    }
    REQUIRE(what.body.size() <= std::get<ports::HttpTakeWhole>(verdict).body_octets_max);
    request.token = std::get<ports::HttpTakeWhole>(verdict).token;
    request.body = what.body;
    door->serve(now, request, {answers, 1});
    return answers;
  }
  void open() {
    directory.emplace(settings, std::vector<KnownName>{});
    dialects.emplace(DialectSetup{*directory, ids, engine, passwords, digests, policy, "key", &fetch, nullptr,
                                  nullptr, nullptr});
    door.emplace(*dialects, listener);
  }
  LoginOptions& options(LoginKind kind) {
    for (auto& one : settings.accounts[0].logins) {
      if (one.kind == kind) { return one.options; }
    }
    return settings.accounts[0].logins[0].options;
  }

  Settings settings;
  HttpListener listener;
  PublicIds ids{SipKey{1, 2}};
  Engine engine;
  PlainPasswords passwords;
  runtime::OpenSslDigests digests;
  ports::FetchPolicy policy;
  Calls fetch;
  Now now = kStart;
  std::optional<Directory> directory;
  std::optional<Dialects> dialects;
  std::optional<DialectDoor> door;
};

inline std::string header_of(const ports::HttpResponse& response, std::string_view name) {
  for (const auto& [header, value] : response.headers) {
    if (header == name) { return value; }
  }
  return {};
}

// "202 0: Accepted for delivery".
inline std::string line_of(const ports::HttpResponse& response) {
  return std::to_string(response.status) + " " + response.body;
}

}  // namespace aldis::ingress
