// SPDX-License-Identifier: Apache-2.0
// The part of Twilio's API that concerns messages.
#include "ingress/twilio_door.hpp"

#include <boost/json/array.hpp>
#include <functional>

#include "aldis/base/constant_time.hpp"
#include "aldis/base/octet_text.hpp"
#include "aldis/ingress/native_api.hpp"
#include "ingress/form.hpp"
#include "ingress/message_json.hpp"
#include "ingress/twilio_request.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using What = TwilioPath::What;
using ports::HttpRequest;
using ports::HttpResponse;

namespace {

// A list of that name with nothing in it.
json::object empty_page(std::string_view name, const std::string& uri) {
  return {{name, json::array{}},
          {"first_page_uri", uri},
          {"next_page_uri", nullptr},
          {"previous_page_uri", nullptr},
          {"uri", uri},
          {"page", 0},
          {"page_size", 50},
          {"start", 0},
          {"end", 0}};
}

constexpr std::string_view kAccounts = "/2010-04-01/Accounts/";
constexpr std::size_t kSidDigits = 32;
constexpr Duration kHistoryPatience = seconds{1};

TwilioNo not_found(std::string_view path) {
  return {404, 20404, "The requested resource " + std::string{path} + " was not found"};
}
TwilioNo not_offered(std::string_view sentence) { return {501, 20501, std::string{sentence}}; }

std::string_view methods_of(What what) {
  switch (what) {
    case What::kMessages: return "GET, POST";
    case What::kMessage: return "GET, POST, DELETE";
    case What::kFeedback: return "POST";
    default: return "GET";
  }
}

}  // namespace

std::vector<TwilioLogin> twilio_logins(const Directory& directory, const ports::Digests& digests) {
  std::vector<TwilioLogin> out;
  for (std::uint32_t i = 0; i < directory.accounts_count(); ++i) {
    const AccountSettings& account = directory.account(AccountId{i});
    for (const auto& login : account.logins) {
      if (login.kind != LoginKind::kTwilio) { continue; }
      TwilioLogin one{{AccountId{i}, &account, &login}, login.options.account_sid, std::nullopt};
      if (one.sid.empty()) {
        const auto digest = digests.digest(ports::DigestKind::kSha256, "aldis-account:" + account.name);
        one.sid = "AC" + hex_of(digest).substr(0, kSidDigits);
      }
      if (!login.allow_ips.empty()) {
        one.allow = AddressList::parse(login.allow_ips).value_or(AddressList{});
      }
      out.push_back(std::move(one));
    }
  }
  return out;
}

TwilioPath twilio_path(std::string_view path) {
  TwilioPath out;
  if (!path.starts_with(kAccounts) || !path.ends_with(".json")) { return out; }
  path.remove_prefix(kAccounts.size());
  path.remove_suffix(std::string_view{".json"}.size());
  out.account_sid = path.substr(0, path.find('/'));
  path.remove_prefix(out.account_sid.size());
  constexpr std::string_view kMessage = "/Messages/";
  if (path.empty()) {
    out.what = What::kAccount;
  } else if (path == "/Balance") {
    out.what = What::kBalance;
  } else if (path == "/IncomingPhoneNumbers") {
    out.what = What::kNumbers;
  } else if (path == "/Messages") {
    out.what = What::kMessages;
  } else if (path.starts_with(kMessage)) {
    path.remove_prefix(kMessage.size());
    out.message_sid = path.substr(0, path.find('/'));
    path.remove_prefix(out.message_sid.size());
    out.what = path.empty()          ? What::kMessage
               : path == "/Media"    ? What::kMedia
               : path == "/Feedback" ? What::kFeedback
                                     : What::kNothing;
  }
  return out;
}

namespace {

// An API key in the place of the auth token, for the account that the path names. It may do what its scopes
// say.
const TwilioLogin* login_of_key(const Dialects::Impl& d, const Now& now, const HttpRequest& request,
                                const BasicCredentials& basic) {
  if (d.setup.keys == nullptr) { return nullptr; }
  const auto grant = d.setup.keys->grant_of_sid(now, basic.user, basic.password, request.client);
  if (!grant) { return nullptr; }
  const auto path = twilio_path(request.path);
  const bool creates = path.what == What::kMessages && request.method == "POST";
  const bool is_allowed = creates ? grant->sends : request.method == "GET" ? grant->reads : grant->controls;
  for (const auto& one : d.with_sid) {
    if (is_allowed && one.login.account == grant->account && one.sid == path.account_sid) { return &one; }
  }
  return nullptr;
}

// Null: no such SID, another token, or not from there. Equal work for every SID that there is not.
const TwilioLogin* login_of(const Dialects::Impl& d, const Now& now, const HttpRequest& request) {
  const auto basic = basic_of(request);
  if (!basic) { return nullptr; }
  if (basic->user.starts_with("SK")) { return login_of_key(d, now, request, *basic); }
  const TwilioLogin* found = nullptr;
  for (const auto& one : d.with_sid) {
    const bool is_right = equal_constant_time(basic->password, one.login.settings->password.reveal());
    if (is_right && one.sid == basic->user) { found = &one; }
  }
  if (found == nullptr || !found->allow) { return found; }
  const auto address = IpAddress::parse(request.client);
  return address && found->allow->allows(*address) ? found : nullptr;
}

}  // namespace

std::optional<HttpResponse> Dialects::Impl::judge_twilio(const Now& now, const HttpRequest& request) {
  if (throttle.refuses(now.mono, request.client)) { return twilio_error(twilio_words(Refusal::kThrottled)); }
  const TwilioLogin* login = login_of(*this, now, request);
  if (login == nullptr) {
    throttle.failed(now.mono, request.client);
    return twilio_error({401, 20003, "Authenticate"});
  }
  const auto path = twilio_path(request.path);
  if (path.what == What::kNothing || path.account_sid != login->sid) {
    return twilio_error(not_found(request.path));
  }
  if (!login->login.of->enabled) { return twilio_error(twilio_words(Refusal::kAccountSuspended)); }
  const auto methods = methods_of(path.what);
  if (methods.find(request.method) == methods.npos) {
    auto response = twilio_error({405, 20004, "Method not allowed"});
    response.headers.emplace_back("Allow", methods);
    return response;
  }
  if (draining) { return twilio_error(twilio_words(Refusal::kStopping)); }
  return std::nullopt;
}

namespace {

void create(Dialects::Impl& d, const DialectAsk& ask, TwilioAsked asked) {
  auto wanted = read_twilio(ask.now, fields_of(ask.request.body), *asked.login, d.setup.callbacks);
  if (wanted.has_error()) { return asked.refuse(wanted.error()); }
  const bool taken = d.setup.engine.call(
      std::move(wanted->call),
      [&d, asked, shown = std::move(wanted->shown)](const Now&, const Effect& effect) mutable {
        const auto& said = std::get<AnswerSubmit>(effect);
        if (said.refusal) { return asked.refuse(*said.refusal); }
        shown.sid = "SM" + std::string{d.setup.public_ids.format(said.id, MessageIdFormat::kHex).view()};
        shown.segments = said.parts;
        asked.reply.send(twilio_json(201, twilio_json_of(shown)));
      });
  if (!taken) { asked.refuse(Refusal::kQueueFull); }
}

using Then = std::function<void(const TwilioMessage&)>;

// A message wherever it is: the engine has what is not over, history the rest.
void find(Dialects::Impl& d, const TwilioAsked& asked, MessageId id, Then then) {
  const AccountId account = asked.login->login.account;
  const auto from_history = [&d, asked, id, account, then](const Now& at, const HistoryAnswer& answer) {
    if (answer.kind == HistoryAnswer::Kind::kBusy) { return asked.busy(); }
    if (answer.kind == HistoryAnswer::Kind::kFailed) { return asked.refuse(Refusal::kUnavailable); }
    if (answer.page.rows.empty()) { return asked.refuse(Refusal::kNoSuchMessage); }
    const auto& row = answer.page.rows.front();
    const auto sent = row.sent_at == WallTime{} ? std::nullopt : std::optional{row.sent_at};
    then(twilio_message_of(message_of(at, row), d.setup.public_ids, asked.login->sid, false, sent));
  };
  const bool taken = d.setup.engine.call(ReadCall{account, id}, [&d, asked, id, account, then, from_history](
                                                                    const Now&, const Effect& effect) {
    const auto& said = std::get<MessageRead>(effect);
    if (said.message != nullptr) {
      return then(twilio_message_of(*said.message, d.setup.public_ids, asked.login->sid, true, std::nullopt));
    }
    if (d.setup.history == nullptr) { return asked.refuse(Refusal::kNoSuchMessage); }
    d.setup.history->ask(FindCall{account, id, 0}, kHistoryPatience, from_history);
  });
  if (!taken) { asked.busy(); }
}

void send_message(const TwilioAsked& asked, const TwilioMessage& message) {
  asked.reply.send(twilio_json(200, twilio_json_of(message)));
}

void update(Dialects::Impl& d, const DialectAsk& ask, const TwilioAsked& asked, MessageId id) {
  const Fields form = fields_of(ask.request.body);
  const std::string* status = field(form, "Status");
  const std::string* body = field(form, "Body");
  if ((status != nullptr && body != nullptr) || (body != nullptr && !body->empty()) ||
      (status != nullptr && *status != "canceled")) {
    return asked.refuse({400, 30400, "Either Status=canceled, or an empty Body"});
  }
  if (body != nullptr) { return asked.refuse(not_offered("Texts are not redacted yet")); }
  const auto show = [asked](const TwilioMessage& message) { send_message(asked, message); };
  if (status == nullptr) { return find(d, asked, id, show); }
  const bool taken = d.setup.engine.call(
      CancelCall{asked.login->login.account, id}, [&d, asked, id, show](const Now&, const Effect& effect) {
        const auto& said = std::get<AnswerCancel>(effect);
        // What the engine has let go of is over, and so is not cancelable: if there is such a message.
        if (said.refusal == Refusal::kNoSuchMessage) {
          return find(d, asked, id, [asked](const TwilioMessage&) { asked.refuse(Refusal::kCancelFailed); });
        }
        if (said.refusal) { return asked.refuse(*said.refusal); }
        find(d, asked, id, show);
      });
  if (!taken) { asked.busy(); }
}

void on_message(Dialects::Impl& d, const DialectAsk& ask, const TwilioAsked& asked, const TwilioPath& path) {
  const bool is_sid = path.message_sid.starts_with("SM");
  const auto id = is_sid ? message_id_of(d.setup.public_ids, path.message_sid.substr(2)) : std::nullopt;
  if (!id) { return asked.refuse(not_found(ask.request.path)); }
  if (path.what == What::kMedia) {
    const std::string uri{ask.request.path};
    return find(d, asked, *id, [asked, uri](const TwilioMessage&) {
      asked.reply.send(twilio_json(200, empty_page("media_list", uri)));
    });
  }
  if (path.what == What::kFeedback) { return asked.refuse(not_offered("Feedback is not kept yet")); }
  if (ask.request.method == "DELETE") {
    return asked.refuse(not_offered("Messages are not deleted yet: history's retention ends them"));
  }
  if (ask.request.method == "POST") { return update(d, ask, asked, *id); }
  find(d, asked, *id, [asked](const TwilioMessage& message) { send_message(asked, message); });
}

// Nothing is charged, so there is nothing left and nothing owed.
json::object balance_json(const TwilioLogin& login) {
  return {{"account_sid", login.sid}, {"balance", "0.00"}, {"currency", "USD"}};
}

json::object account_json(const TwilioLogin& login) {
  const std::string path = twilio_account_path(login.sid);
  return {{"sid", login.sid},
          {"owner_account_sid", login.sid},
          {"friendly_name", login.login.of->name},
          {"status", "active"},
          {"type", "Full"},
          {"auth_token", nullptr},
          {"date_created", nullptr},
          {"date_updated", nullptr},
          {"subresource_uris",
           json::object{{"messages", path + "/Messages.json"}, {"balance", path + "/Balance.json"}}},
          {"uri", path + ".json"}};
}

}  // namespace

void Dialects::Impl::serve_twilio(const DialectAsk& ask) {
  TwilioAsked asked{ask.reply, login_of(*this, ask.now, ask.request)};
  if (asked.login == nullptr) { return asked.refuse({401, 20003, "Authenticate"}); }
  const auto path = twilio_path(ask.request.path);
  switch (path.what) {
    case What::kAccount: return asked.reply.send(twilio_json(200, account_json(*asked.login)));
    case What::kBalance: return asked.reply.send(twilio_json(200, balance_json(*asked.login)));
    case What::kNumbers: {
      const std::string uri = twilio_account_path(asked.login->sid) + "/IncomingPhoneNumbers.json";
      return asked.reply.send(twilio_json(200, empty_page("incoming_phone_numbers", uri)));
    }
    case What::kMessages:
      return ask.request.method == "POST" ? create(*this, ask, std::move(asked))
                                          : list_twilio(*this, ask, std::move(asked));
    case What::kMessage:
    case What::kMedia:
    case What::kFeedback: return on_message(*this, ask, asked, path);
    case What::kNothing: break;  // judge_twilio() has refused it
  }
  asked.refuse(not_found(ask.request.path));
}

}  // namespace aldis::ingress
