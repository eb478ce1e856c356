// SPDX-License-Identifier: Apache-2.0
// Vonage's SMS API: always 200, with a status for each part.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "aldis/base/constant_time.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/signatures.hpp"
#include "ingress/vonage_request.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using ports::HttpReply;
using ports::HttpResponse;

namespace {

constexpr Duration kTimestampMax = seconds{300};
constexpr std::string_view kNoMoney = "0.00000000";  // nothing is charged

std::string text_of(VonageStatus status) { return std::to_string(static_cast<unsigned>(status)); }

struct Vonage {
  HttpReply reply;
  bool is_balance = false;
  Fields fields;

  void answer(json::array messages) const {
    reply.send({.status = 200,
                .content_type = "application/json",
                // The count is a text: by this the SDK tells a failure.
                .body = json::serialize(json::object{{"message-count", std::to_string(messages.size())},
                                                     {"messages", std::move(messages)}})});
  }
  void refuse(const VonageNo& no) const {
    if (is_balance) {
      constexpr std::string_view kNo = R"({"error-code":"401","error-code-label":"authentication failed"})";
      return reply.send({.status = 401, .content_type = "application/json", .body = std::string{kNo}});
    }
    answer({json::object{{"status", text_of(no.status)}, {"error-text", no.text}}});
  }
  void refuse(Refusal refusal) const { refuse(vonage_words(refusal)); }
  void bad_credentials() const { refuse({VonageStatus::kCredentials, "Bad Credentials"}); }
};

std::string lower_of(std::string text) {
  for (char& c : text) { c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; }
  return text;
}

// The time a request was signed at, if it is not long ago nor ahead.
bool is_fresh(const Now& now, const std::string& timestamp) {
  std::int64_t at_s = 0;
  const char* end = timestamp.data() + timestamp.size();
  const auto [stop, failed] = std::from_chars(timestamp.data(), end, at_s);
  if (failed != std::errc{} || stop != end) { return false; }
  const auto now_s = std::chrono::floor<seconds>(now.wall).time_since_epoch().count();
  return at_s >= now_s - kTimestampMax / seconds{1} && at_s <= now_s + kTimestampMax / seconds{1};
}

void send(Dialects::Impl& d, const Vonage& asked, const DialectLogin& login) {
  if (asked.is_balance) {
    constexpr std::string_view kBalance = R"({"value":0.00,"autoReload":false})";
    return asked.reply.send(
        {.status = 200, .content_type = "application/json", .body = std::string{kBalance}});
  }
  auto message = read_vonage(asked.fields, login, d.setup.callbacks);
  if (message.has_error()) { return asked.refuse(message.error()); }
  const bool taken = d.setup.engine.call(
      std::move(message->call),
      [&d, asked, to = message->to, ref = message->client_ref](const Now&, const Effect& effect) {
        const auto& said = std::get<AnswerSubmit>(effect);
        if (said.refusal) { return asked.refuse(*said.refusal); }
        const std::string id{d.setup.public_ids.format(said.id, MessageIdFormat::kHex).view()};
        json::array messages;
        for (unsigned part = 1; part <= said.parts; ++part) {
          json::object one{{"to", to},
                           {"message-id", part == 1 ? id : id + '-' + std::to_string(part)},
                           {"status", "0"},
                           {"remaining-balance", kNoMoney},
                           {"message-price", kNoMoney},
                           {"network", ""}};
          if (!ref.empty()) { one["client-ref"] = ref; }
          messages.push_back(std::move(one));
        }
        asked.answer(std::move(messages));
      });
  if (!taken) { asked.refuse(Refusal::kQueueFull); }
}

// Who signs shows no secret, so nothing needs a slow check; a wrong signature is a guess all the same.
void serve_signed(Dialects::Impl& d, const DialectAsk& ask, const Vonage& asked, const std::string& key,
                  const std::string& signature) {
  if (d.throttle.refuses(ask.now.mono, ask.request.client)) { return asked.refuse(Refusal::kThrottled); }
  const DialectLogin* login = d.logins.find(LoginKind::kVonage, key, ask.request.client);
  if (login == nullptr) {
    d.throttle.failed(ask.now.mono, ask.request.client);
    return asked.bad_credentials();
  }
  const LoginOptions& options = login->settings->options;
  const auto bad = [&](std::string_view why) {
    d.throttle.failed(ask.now.mono, ask.request.client);
    asked.refuse({VonageStatus::kSignature, "Invalid Signature: " + std::string{why}});
  };
  if (options.signature_secret.empty()) { return bad("this login has no signature secret"); }
  const std::string* timestamp = field(asked.fields, "timestamp");
  if (timestamp == nullptr || !is_fresh(ask.now, *timestamp)) { return bad("timestamp"); }
  const auto wanted = vonage_signature(d.setup.digests, options.signature_method,
                                       options.signature_secret.reveal(), asked.fields);
  if (!equal_constant_time(lower_of(wanted), lower_of(signature))) { return bad("sig"); }
  if (!login->of->enabled) { return asked.refuse(Refusal::kAccountSuspended); }
  send(d, asked, *login);
}

}  // namespace

void Dialects::Impl::serve_vonage(const DialectAsk& ask) {
  Vonage asked{ask.reply, ask.request.path == "/account/get-balance", {}};
  auto fields = vonage_fields(ask.request);
  if (fields.has_error()) { return asked.refuse(fields.error()); }
  asked.fields = std::move(*fields);
  if (draining) { return asked.refuse(Refusal::kStopping); }
  const auto basic = basic_of(ask.request);
  const std::string* key = field(asked.fields, "api_key");
  const std::string* secret = field(asked.fields, "api_secret");
  const std::string* signature = field(asked.fields, "sig");
  if (signature != nullptr && (basic || secret != nullptr)) {
    return asked.refuse({VonageStatus::kSecretAndSignature, "Either api_secret or sig, not both"});
  }
  if (!basic && key == nullptr) { return asked.refuse({VonageStatus::kMissing, "Missing api_key param"}); }
  if (!basic && signature != nullptr) { return serve_signed(*this, ask, asked, *key, *signature); }
  if (!basic && secret == nullptr) {
    return asked.refuse({VonageStatus::kMissing, "Missing api_secret param"});
  }
  const bool is_in_query = !basic && field(fields_of(ask.request.query), "api_secret") != nullptr;
  if (is_in_query && !ask.query_credentials) { return asked.bad_credentials(); }
  const std::string user = basic ? basic->user : *key;
  const std::string password = basic ? basic->password : *secret;
  check(ask.now, LoginKind::kVonage, user, password, ask.request.client,
        [this, asked = std::move(asked)](LoginVerdict verdict, const DialectLogin* login) {
          if (verdict == LoginVerdict::kBusy) { return asked.refuse(Refusal::kThrottled); }
          if (verdict == LoginVerdict::kWrong) { return asked.bad_credentials(); }
          if (verdict == LoginVerdict::kSuspended) { return asked.refuse(Refusal::kAccountSuspended); }
          send(*this, asked, *login);
        });
}

}  // namespace aldis::ingress
