// SPDX-License-Identifier: Apache-2.0
// Jasmin's HTTP API and the part of its REST API that says the same in JSON.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "ingress/dialect_state.hpp"
#include "ingress/jasmin_request.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using ports::HttpReply;
using ports::HttpResponse;

namespace {

// One request, kept until it is answered.
struct Jasmin {
  HttpReply reply;
  JasminCall call = JasminCall::kSend;
  bool rest = false;
  Now now{};
  Fields fields;

  void answer(unsigned status, std::string body, bool is_json) const {
    HttpResponse response{.status = status, .body = std::move(body)};
    response.content_type = is_json ? "application/json" : "text/plain";
    reply.send(std::move(response));
  }
  // Jasmin's REST API strips the last quote off what its HTTP API says, and so do we.
  void refuse(const JasminNo& no) const {
    if (rest) {
      const std::string text = call == JasminCall::kSend ? "Error \"" + no.text : no.text;
      return answer(no.status, json::serialize(json::object{{"message", text}}), true);
    }
    if (call == JasminCall::kSend) { return answer(no.status, "Error \"" + no.text + '"', false); }
    answer(no.status, json::serialize(json::value(no.text)), true);
  }
  void refuse(Refusal refusal) const { refuse(jasmin_words(refusal, fields)); }
  void accept(std::string_view id) const {
    const std::string text = "Success \"" + std::string{id};
    if (rest) { return answer(200, json::serialize(json::object{{"data", text}}), true); }
    answer(200, text + '"', false);
  }
  void tell(const std::string& object) const {
    answer(200, rest ? R"({"data":)" + object + "}" : object, true);
  }
};

void send(Dialects::Impl& d, const Jasmin& asked, const DialectLogin& login) {
  if (asked.call == JasminCall::kBalance) { return asked.tell(R"({"balance":"ND","sms_count":"ND"})"); }
  auto message = read_jasmin(asked.now, asked.fields, login, d.setup.callbacks);
  if (message.has_error()) { return asked.refuse(message.error()); }
  message->call.door_notes = to_octets(message->notes);
  message->call.event.preview = asked.call == JasminCall::kRate;
  const bool taken =
      d.setup.engine.call(std::move(message->call), [&d, asked](const Now&, const Effect& effect) {
        const auto& said = std::get<AnswerSubmit>(effect);
        if (said.refusal) { return asked.refuse(*said.refusal); }
        if (asked.call == JasminCall::kSend) {
          return asked.accept(d.setup.public_ids.format(said.id, MessageIdFormat::kUuid).view());
        }
        // Nothing is charged: a rate is a number all the same.
        asked.tell(R"({"unit_rate":0.0,"submit_sm_count":)" + std::to_string(said.parts) + "}");
      });
  if (!taken) { asked.refuse(Refusal::kQueueFull); }
}

void refuse_rest(const HttpReply& reply, unsigned status, std::string_view title,
                 std::string_view description) {
  HttpResponse response{.status = status, .content_type = "application/json"};
  response.body = json::serialize(json::object{{"title", title}, {"description", description}});
  if (status == 401) { response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"aldis\""); }
  reply.send(std::move(response));
}

}  // namespace

void Dialects::Impl::serve_jasmin(const DialectAsk& ask) {
  const auto path = ask.request.path;
  Jasmin asked{.reply = ask.reply, .rest = path.starts_with("/secure/"), .now = ask.now, .fields = {}};
  if (path == "/ping") {
    const bool is_json = ask.request.header("accept").find("application/json") != std::string_view::npos;
    if (!is_json || !ask.serves_rest) { return asked.answer(200, "Jasmin/PONG", false); }
    return asked.answer(200, R"({"data":"Jasmin/PONG"})", true);
  }
  asked.call = path.ends_with("/send")   ? JasminCall::kSend
               : path.ends_with("/rate") ? JasminCall::kRate
                                         : JasminCall::kBalance;
  const auto basic = basic_of(ask.request);
  if (asked.rest && !basic) {
    return refuse_rest(ask.reply, 401, "Authentication required", "Please provide a valid Basic auth token");
  }
  auto fields = jasmin_fields(ask.request, asked.rest);
  if (fields.has_error() && asked.rest) {
    return refuse_rest(ask.reply, 412, fields.error().text, "The body is not a JSON object");
  }
  if (fields.has_error()) { return asked.refuse({400, fields.error().text}); }
  asked.fields = std::move(*fields);
  const Fields in_query = fields_of(ask.request.query);
  const bool is_in_query = field(in_query, "username") != nullptr || field(in_query, "password") != nullptr;
  if (asked.rest) {
    std::erase_if(asked.fields,
                  [](const auto& one) { return one.first == "username" || one.first == "password"; });
    asked.fields.emplace_back("username", basic->user);
    asked.fields.emplace_back("password", basic->password);
  }
  if (draining) { return asked.refuse(Refusal::kStopping); }
  if (const auto checked = check_jasmin(asked.fields, asked.call); checked.has_error()) {
    return asked.refuse(checked.error());
  }
  if (!asked.rest && is_in_query && !ask.query_credentials) {
    return asked.refuse(Refusal::kAccountSuspended);
  }
  const std::string user = *field(asked.fields, "username");
  const std::string password = *field(asked.fields, "password");
  check(ask.now, LoginKind::kJasmin, user, password, ask.request.client,
        [this, asked = std::move(asked)](LoginVerdict verdict, const DialectLogin* login) {
          if (verdict == LoginVerdict::kBusy) { return asked.refuse(Refusal::kThrottled); }
          if (verdict != LoginVerdict::kRight) { return asked.refuse(Refusal::kAccountSuspended); }
          send(*this, asked, *login);
        });
}

}  // namespace aldis::ingress
