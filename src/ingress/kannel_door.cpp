// SPDX-License-Identifier: Apache-2.0
// Kannel's sendsms: its answers, octet for octet.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "aldis/ingress/native_api.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/kannel_request.hpp"
#include "ingress/message_json.hpp"

namespace aldis::ingress {

using ports::HttpReply;
using ports::HttpResponse;

namespace {

constexpr DialectWords kUnauthorized{403, "Authorization failed for sendsms"};

// /cgi-bin/sendsms answers with a text, /api/sendsms with the same in JSON, but for two of them.
HttpResponse answer_of(bool is_api, unsigned status, std::string text) {
  HttpResponse response{.status = status, .content_type = "text/html", .body = std::move(text)};
  response.headers.emplace_back("Pragma", "no-cache");
  if (!is_api) { return response; }
  response.content_type = "application/json";
  if (status == 202) {
    response.body = R"({"status":0,"message":"Sent."})";
  } else {
    if (response.body == kUnauthorized.text) { response.body = "Authorization failed"; }
    if (response.body == "Missing receiver number, rejected") { response.body = "Missing receiver number"; }
    response.body = boost::json::serialize(boost::json::object{{"error", response.body}});
  }
  return response;
}

// The answers of one request's messages, until all are there.
struct Sending {
  HttpReply reply;
  bool is_api = false;
  bool reply_sent = false;
  std::size_t open = 0;
  std::size_t accepted = 0;
  std::uint16_t parts = 0;
  bool is_queued_only = true;
  std::vector<std::string> ids;  // by number; empty = refused
  std::vector<std::string> numbers;
  std::optional<Refusal> refusal;  // the first one

  [[nodiscard]] std::string denied() const {
    std::string out;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!ids[i].empty()) { continue; }
      if (!out.empty()) { out += ' '; }
      out += numbers[i];
    }
    return out;
  }

  [[nodiscard]] std::string text() const {
    if (!reply_sent) { return is_queued_only ? "3: Queued for later delivery" : "0: Accepted for delivery"; }
    std::string out = "Sent.";
    if (const auto names = denied(); !names.empty()) { out += " Denied receivers are: " + names; }
    if (parts > 1) { out += " Message splits: " + std::to_string(parts); }
    return out;
  }

  void settled() {
    if (--open > 0) { return; }
    if (accepted == 0) {
      const auto words = kannel_words(refusal.value_or(Refusal::kBadDestination));
      return reply.send(answer_of(is_api, words.status, std::string{words.text}));
    }
    auto response = answer_of(is_api, 202, text());
    std::string shown;
    for (const auto& id : ids) {
      if (!id.empty()) { shown.append(shown.empty() ? "" : " ").append(id); }
    }
    response.headers.emplace_back("X-Message-Id", std::move(shown));
    if (auto names = denied(); !names.empty()) {
      response.headers.emplace_back("X-Denied", std::move(names));
    }
    reply.send(std::move(response));
  }
};

// What was written goes into a header and a text: only what numbers have.
std::string shown(std::string_view number) {
  const bool is_plain = number.find_first_not_of("0123456789+-") == number.npos;
  return is_plain ? std::string{number} : "?";
}

void send_all(Dialects::Impl& d, const KannelMessage& message, const std::shared_ptr<Sending>& sending) {
  sending->open = message.numbers.size() + 1;  // and one for this loop
  for (const auto& number : message.numbers) { sending->numbers.push_back(shown(number.given)); }
  sending->ids.resize(message.numbers.size());
  const auto refused = [&](Refusal refusal) {
    if (!sending->refusal) { sending->refusal = refusal; }
    sending->settled();
  };
  for (std::size_t i = 0; i < message.numbers.size(); ++i) {
    const KannelNumber& number = message.numbers[i];
    if (number.digits.empty()) {
      refused(Refusal::kBadDestination);
      continue;
    }
    SubmitCall call = message.call;
    call.destination = address_of(number.digits);
    DoorNotes notes = message.notes;
    notes.to_given = number.given;
    call.door_notes = to_octets(notes);
    const bool taken =
        d.setup.engine.call(std::move(call), [&d, sending, i](const Now&, const Effect& effect) {
          const auto& said = std::get<AnswerSubmit>(effect);
          if (said.refusal) {
            if (!sending->refusal || *sending->refusal == Refusal::kBadDestination) {
              sending->refusal = said.refusal;
            }
            return sending->settled();
          }
          sending->ids[i] = d.setup.public_ids.format(said.id, MessageIdFormat::kUuid).view();
          sending->is_queued_only = sending->is_queued_only && said.waits_for_link;
          sending->parts = said.parts;
          ++sending->accepted;
          sending->settled();
        });
    if (!taken) { refused(Refusal::kQueueFull); }
  }
  sending->settled();
}

void refuse(const HttpReply& reply, bool is_api, const DialectWords& words) {
  reply.send(answer_of(is_api, words.status, std::string{words.text}));
}

void take(Dialects::Impl& d, const KannelFields& fields, const DialectLogin& login, const HttpReply& reply,
          bool is_api) {
  const auto message = read_kannel(fields, login, d.setup.callbacks);
  if (message.has_error()) { return refuse(reply, is_api, message.error()); }
  auto sending = std::make_shared<Sending>();
  sending->reply = reply;
  sending->is_api = is_api;
  sending->reply_sent = login.settings->options.reply_sent;
  send_all(d, *message, sending);
}

// An API key of ours, which needs no login: it has no options.
void by_key(Dialects::Impl& d, const DialectAsk& ask, std::string_view key, const KannelFields& fields) {
  static const LoginSettings kNone{.kind = LoginKind::kKannel,
                                   .user = {},
                                   .password = {},
                                   .password_hash = {},
                                   .allow_ips = {},
                                   .options = {}};
  if (d.throttle.refuses(ask.now.mono, ask.request.client)) {
    return refuse(ask.reply, true, kannel_words(Refusal::kThrottled));
  }
  const auto grant =
      d.setup.keys == nullptr ? std::nullopt : d.setup.keys->grant_of(ask.now, key, ask.request.client);
  if (!grant) { d.throttle.failed(ask.now.mono, ask.request.client); }
  if (!grant || !grant->sends) { return refuse(ask.reply, true, kUnauthorized); }
  take(d, fields, {grant->account, &d.setup.directory.account(grant->account), &kNone}, ask.reply, true);
}

}  // namespace

void Dialects::Impl::serve_kannel(const DialectAsk& ask) {
  const bool is_api = ask.request.path == "/api/sendsms";
  const auto refuse = [is_api, reply = ask.reply](const DialectWords& words) {
    ingress::refuse(reply, is_api, words);
  };
  if (draining) { return refuse(kannel_words(Refusal::kStopping)); }
  if (is_api && ask.request.method != "POST") { return refuse({400, "POST with JSON body required"}); }
  auto fields = kannel_fields(ask.request);
  if (fields.has_error()) { return refuse(fields.error()); }
  if (const auto key = ask.request.header("x-api-key"); is_api && !key.empty()) {
    return by_key(*this, ask, key, *fields);
  }
  const std::string* user = fields->get("username", "user");
  const std::string* password = fields->get("password", "pass");
  const bool is_given = user != nullptr && password != nullptr;
  if (!is_given || (fields->credentials_in_query && !ask.query_credentials)) { return refuse(kUnauthorized); }
  const std::string name = *user;
  const std::string secret = *password;
  check(ask.now, LoginKind::kKannel, name, secret, ask.request.client,
        [this, refuse, is_api, reply = ask.reply, fields = std::move(*fields)](LoginVerdict verdict,
                                                                               const DialectLogin* login) {
          if (verdict == LoginVerdict::kBusy) { return refuse(kannel_words(Refusal::kThrottled)); }
          if (verdict != LoginVerdict::kRight) { return refuse(kUnauthorized); }
          take(*this, fields, *login, reply, is_api);
        });
}

}  // namespace aldis::ingress
