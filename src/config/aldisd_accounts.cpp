// SPDX-License-Identifier: Apache-2.0
// Keys of `accounts`: the customers who bind to us.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/aldisd_rows.hpp"
#include "config/forms.hpp"
#include "config/make_row.hpp"
#include "config/reader.hpp"

namespace aldis::config {

using enum Reload;

namespace {

constexpr std::uint64_t kBillion = 1'000'000'000;
constexpr std::size_t kPasswordMax = 64;

Words<MessageClass> class_words() {
  return {{"otp", MessageClass::kOtp},
          {"transactional", MessageClass::kTransactional},
          {"bulk", MessageClass::kBulk}};
}

Words<Refusal> refusal_words() {
  Words<Refusal> table;
  for (auto i = static_cast<std::uint8_t>(Refusal::kThrottled);
       i <= static_cast<std::uint8_t>(Refusal::kQueryFailed); ++i) {
    table.emplace_back(name_of(static_cast<Refusal>(i)), static_cast<Refusal>(i));
  }
  return table;
}

// --- logins ------------------------------------------------------------------------------------------------

Words<LoginKind> kind_words() {
  return {{"smpp", LoginKind::kSmpp},
          {"twilio", LoginKind::kTwilio},
          {"vonage", LoginKind::kVonage},
          {"kannel", LoginKind::kKannel},
          {"jasmin", LoginKind::kJasmin}};
}

// Options that were changed and belong to other kinds.
void finish_options(const LoginSettings& login, std::string_view kind, Scope& scope) {
  const LoginOptions& o = login.options;
  const auto only = [&](LoginKind of, std::string_view option, bool changed) {
    if (changed && login.kind != of) {
      scope.fault({"options", option}, Code::kConflict, fmt::format("kind {} has no such option", kind));
    }
  };
  only(login.kind == LoginKind::kJasmin ? LoginKind::kJasmin : LoginKind::kKannel, "default_sender",
       !o.default_sender.empty());
  only(LoginKind::kKannel, "faked_sender", !o.faked_sender.empty());
  only(LoginKind::kKannel, "reply_style", o.reply_sent);
  only(LoginKind::kTwilio, "account_sid", !o.account_sid.empty());
  only(LoginKind::kTwilio, "pools", !o.pools.empty());
  only(LoginKind::kVonage, "callback_method", o.callback_method != LoginOptions{}.callback_method);
  only(LoginKind::kVonage, "signature_secret", !o.signature_secret.empty());
  only(LoginKind::kVonage, "signature_method", o.signature_method != LoginOptions{}.signature_method);
  only(LoginKind::kJasmin, "connector_quirk", o.connector_quirk);
  only(LoginKind::kJasmin, "ack_mode", o.any_2xx);
}

std::size_t user_octets_max(LoginKind kind) {
  return kind == LoginKind::kSmpp ? 15 : kind == LoginKind::kJasmin ? 16 : kPasswordMax;
}

void finish_user(const LoginSettings& login, std::string_view kind, Scope& scope) {
  if (login.kind == LoginKind::kTwilio) {
    if (scope.has({"user"})) {
      scope.fault({"user"}, Code::kConflict, "kind twilio has none: clients know the account by its SID");
    }
    return;
  }
  if (!scope.has({"user"})) { return scope.fault({"user"}, Code::kMissing, "required"); }
  const auto max = user_octets_max(login.kind);
  if (login.user.size() > max) {
    scope.fault({"user"}, Code::kAbove, fmt::format("longer than the {} characters of kind {}", max, kind));
  }
  scope.once(kind, "user");
}

void finish_login(void* object, Scope& scope) {
  const auto& login = as<LoginSettings>(object);
  const auto words = kind_words();
  const std::string_view kind = words[static_cast<std::size_t>(login.kind)].first;
  finish_user(login, kind, scope);
  if (login.kind == LoginKind::kTwilio && scope.has({"password_hash"})) {
    scope.fault({"password_hash"}, Code::kConflict, "kind twilio needs password: it signs callbacks, too");
  } else if (login.password.empty() && login.password_hash.empty()) {
    scope.fault({"password"}, Code::kMissing,
                login.kind == LoginKind::kTwilio ? "required" : "required, or password_hash");
  } else if (scope.has({"password"}) && scope.has({"password_hash"})) {
    scope.fault({"password_hash"}, Code::kConflict, "one of password and password_hash, not both");
  } else if (login.password.reveal().size() > kPasswordMax) {
    scope.fault({"password"}, Code::kAbove, fmt::format("longer than {} characters", kPasswordMax));
  }
  finish_options(login, kind, scope);
}

Row pools_row() {
  Rows rows;
  rows.rows = {row("sid", &SenderPool::sid, text(forms::ascii(34, 34)), kLive, "",
                   "MG and 32 hexadecimal digits: what messagingServiceSid says.")
                   .need()
                   .like("MG0123456789abcdef0123456789abcdef"),
               list("senders", &SenderPool::senders, text(forms::ascii(1, 20)), kLive,
                    "One of them is taken for each number, always the same one.")
                   .need()
                   .like("[ACME]")};
  rows.finish = [](void* object, Scope& scope) {
    const auto& pool = as<SenderPool>(object);
    if (!pool.sid.starts_with("MG")) { scope.fault({"sid"}, Code::kChoice, "must begin with MG"); }
    if (pool.senders.empty()) { scope.fault({"senders"}, Code::kBelow, "0 items are below 1"); }
  };
  return items("pools", &LoginOptions::pools, std::move(rows), "", kLive, "twilio: pools of senders.");
}

Row login_options_row() {
  using O = LoginOptions;
  Rows rows;
  rows.rows = {
      row("default_sender", &O::default_sender, text(forms::ascii(0, 20)), kLive, "",
          "kannel, jasmin: for messages without a sender; \"\" = the account's."),
      row("faked_sender", &O::faked_sender, text(forms::ascii(0, 20)), kLive, "",
          "kannel: in place of any sender that is asked for; \"\" = as asked."),
      choice<O, bool>("reply_style", &O::reply_sent, {{"accepted", false}, {"sent", true}}, kLive,
                      "kannel: \"0: Accepted for delivery\", or \"Sent.\" as an smsbox says at once."),
      row("account_sid", &O::account_sid, text(forms::ascii(34, 34)), kLive, "",
          "twilio: AC and 32 hexadecimal digits.")
          .otherwise("AC and 32 digits of a hash of the account's name")
          .like("AC8876b7b8c05382a34d919b496069dc61"),
      pools_row(),
      choice<O, VonageCall>(
          "callback_method", &O::callback_method,
          {{"post-json", VonageCall::kPostJson}, {"post", VonageCall::kPost}, {"get", VonageCall::kGet}},
          kLive, "vonage: how its receipts are sent."),
      row("signature_secret", &O::signature_secret, secret(), kLive, "",
          "vonage: requests may be signed with it, and what we send is.")
          .otherwise("no signatures")
          .like("{file: secrets/acme-signature}"),
      choice<O, VonageMethod>("signature_method", &O::signature_method,
                              {{"md5hash", VonageMethod::kMd5Hash},
                               {"md5", VonageMethod::kMd5Hmac},
                               {"sha1", VonageMethod::kSha1Hmac},
                               {"sha256", VonageMethod::kSha256Hmac},
                               {"sha512", VonageMethod::kSha512Hmac}},
                              kLive, "vonage: md5hash, or an HMAC."),
      row("connector_quirk", &O::connector_quirk, flag(), kLive, "",
          "jasmin: the operator's message id stands as connector at level 2, as Jasmin has it."),
      choice<O, bool>("ack_mode", &O::any_2xx, {{"body", false}, {"any_2xx", true}}, kLive,
                      "jasmin: a callback is acknowledged by ACK/Jasmin, or by any 2xx."),
  };
  rows.finish = [](void* object, Scope& scope) {
    const auto& options = as<O>(object);
    if (!options.account_sid.empty() && !options.account_sid.starts_with("AC")) {
      scope.fault({"account_sid"}, Code::kChoice, "must begin with AC");
    }
    scope.once("account_sid", "account_sid");
  };
  return nested("options", &LoginSettings::options, std::move(rows), kLive,
                "What only some kinds have; each says which.");
}

Row logins_row() {
  using L = LoginSettings;
  Rows rows;
  rows.rows = {
      choice<L, LoginKind>("kind", &L::kind, kind_words(), kLive, "The door: SMPP, or a dialect over HTTP.")
          .need()
          .like("smpp"),
      row("user", &L::user, text(forms::ascii(1, kPasswordMax)), kLive, "",
          "system_id, username or api_key; unique per kind among all accounts. Kind twilio has none.")
          .like("acme"),
      row("password", &LoginSettings::password, secret(), kLive, "",
          "At most 64 characters; this or password_hash. twilio: the auth token; vonage: the api_secret.")
          .like("{file: secrets/acme}"),
      row("password_hash", &LoginSettings::password_hash, text(forms::argon2id()), kLive, "",
          "In place of password: its Argon2id hash.")
          .otherwise("password must be given")
          .like("\"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA\""),
      list("allow_ips", &LoginSettings::allow_ips, text(forms::network()), kLive,
           "smpp: narrows the account's list, [] = the account's. Over HTTP: [] = from anywhere."),
      login_options_row(),
  };
  rows.finish = finish_login;
  return items("logins", &AccountSettings::logins, std::move(rows), "", kLive,
               "Who may bind for this account, or send over HTTP as clients of others do.")
      .show();
}

// --- smpp --------------------------------------------------------------------------------------------------

Row smpp_row() {
  using S = AccountSmppSettings;
  const auto binds = [](std::string_view name, std::optional<std::uint32_t> S::*member,
                        std::string_view sentence) {
    return row(name, member, whole(1, 1000), kLive, "binds", sentence)
        .otherwise("no limit of its own")
        .like("2");
  };
  Rows rows;
  rows.rows = {
      list("allow_ips", &S::allow_ips, text(forms::network()), kLive,
           "Addresses that may bind; required with an smpp login. The whole world must be written out.")
          .like("[\"203.0.113.0/24\"]"),
      choice<S, VersionSetting>("version", &S::version,
                                {{"auto", VersionSetting::kAuto},
                                 {"3.3", VersionSetting::k33},
                                 {"3.4", VersionSetting::k34},
                                 {"5.0", VersionSetting::k50}},
                                kLive, "auto: what the bind says."),
      flags<S>("bind_types",
               {{"transmitter", &S::bind_transmitter},
                {"receiver", &S::bind_receiver},
                {"transceiver", &S::bind_transceiver}},
               kLive, "Binds that are allowed."),
      row("system_type", &S::system_type, text(forms::ascii(0, 12)), kLive, "",
          "Must match the bind's; \"\" = not checked."),
      row("binds_max", &S::binds_max, whole(1, 1000), kLive, "binds",
          "Binds at the same time, of all types."),
      binds("binds_max_transmitter", &S::binds_max_transmitter, "The same for transmitters."),
      binds("binds_max_receiver", &S::binds_max_receiver, "The same for receivers."),
      binds("binds_max_transceiver", &S::binds_max_transceiver, "The same for transceivers."),
      row("window_in", &S::window_in, whole(1, 10'000), kLive, "requests",
          "Unanswered requests of one session; past it reading pauses."),
      row("window_out", &S::window_out, whole(1, 1000), kLive, "requests",
          "Our unanswered deliver_sm on one session."),
      choice<S, MessageIdFormat>("message_id", &S::message_id,
                                 {{"hex", MessageIdFormat::kHex},
                                  {"uuid", MessageIdFormat::kUuid},
                                  {"dec", MessageIdFormat::kDec},
                                  {"hex8", MessageIdFormat::kHex8}},
                                 kLive, "Form of message ids."),
      choice<S, bool>("error_body", &S::error_body_empty, {{"none", false}, {"empty", true}}, kLive,
                      "Body of a refused submit_sm_resp: none, or an empty message_id (17 octets)."),
      row("error_text", &S::error_text, flag(), kLive, "",
          "Refusals say why in additional_status_info_text in 3.4, too."),
      row("query_rate", &S::query_rate, number(1, 1000), kLive, "query_sm/s",
          "Past it query_sm is throttled."),
      choice<S, Fanout>("fanout", &S::fanout,
                        {{"spread", Fanout::kSpread}, {"submitter", Fanout::kSubmitter}}, kLive,
                        "Receipts go to any receiving bind, or to the one that submitted while it is up."),
      row("deliver_rate", &S::deliver_rate, number(0.01, 100'000), kLive, "deliver_sm/s",
          "How fast we deliver to this account.")
          .otherwise("no limit")
          .like("50"),
      dictionary<S, Refusal, std::uint32_t>(
          "status_map", &S::status_map, type_of(refusal_words()), refusal_words(), hex(1, 0xFFFFFFFF),
          [](const Value& value) { return from_value<std::uint32_t>(value); }, kLive,
          "Refusals with another command_status than the usual, {no_credit: 0x0401}."),
  };
  rows.finish = [](void* object, Scope& scope) {
    const auto& smpp = as<S>(object);
    if (!smpp.bind_transmitter && !smpp.bind_receiver && !smpp.bind_transceiver) {
      scope.fault({"bind_types"}, Code::kBelow, "0 items are below 1");
    }
  };
  return nested("smpp", &AccountSettings::smpp, std::move(rows), kLive,
                "How this account's sessions behave.");
}

// --- rates, senders, destinations --------------------------------------------------------------------------

Row throttle_row() {
  using T = ThrottleSettings;
  Rows rows;
  rows.rows = {
      row("per_second", &T::per_second, number(1, 100'000), kLive, "parts/s",
          "Sustained rate of all sessions together.")
          .need()
          .like("100"),
      row("burst", &T::burst, whole(1, 100'000), kLive, "parts", "How many may come back to back.")
          .otherwise("one second of per_second, at least 10")
          .like("100"),
  };
  rows.finish = [](void* object, Scope& scope) {
    auto& throttle = as<T>(object);
    if (!scope.has({"burst"})) {
      throttle.burst = static_cast<std::uint32_t>(std::max(10.0, std::ceil(throttle.per_second)));
    }
  };
  return nested("throttle", &AccountSettings::throttle, std::move(rows), kLive,
                "How fast this account may send.")
      .otherwise("no limit");
}

Row caps_row() {
  using C = CapSettings;
  const auto cap = [](std::string_view name, std::optional<std::uint64_t> C::*member,
                      std::string_view sentence) {
    return row(name, member, whole(1, 1000 * kBillion), kLive, "parts", sentence)
        .otherwise("no limit")
        .like("1000000");
  };
  return nested("caps", &AccountSettings::caps,
                {{cap("minute", &C::minute, "Parts in a minute; past it: throttled."),
                  cap("day", &C::day, "Parts in a day; past it: volume_cap."),
                  cap("month", &C::month, "Parts in a month; past it: volume_cap.")},
                 {}},
                kLive, "How much this account may send.")
      .otherwise("no limit");
}

Row senders_row() {
  using S = SenderSettings;
  return nested("senders", &AccountSettings::senders,
                {{list("allow", &S::allow, text(forms::exact_or_pattern(512)), kLive,
                       "Senders it may use: exact, or \"re:\" and an RE2 pattern on the whole; [] = none.")
                      .like("[ACME, \"re:447700900[0-9]{3}\"]"),
                  row("default", &S::default_sender, text(forms::ascii(0, 20)), kLive, "",
                      "For messages without a sender; \"\" = refused."),
                  choice<S, bool>("refused", &S::replace, {{"reject", false}, {"replace", true}}, kLive,
                                  "A sender not allowed is refused, or the default is put in its place.")},
                 [](void* object, Scope& scope) {
                   const auto& senders = as<S>(object);
                   if (senders.replace && senders.default_sender.empty()) {
                     scope.fault({"default"}, Code::kMissing, "required with refused: replace");
                   }
                 }},
                kLive, "What its messages may come from.");
}

Row destinations_row() {
  using D = DestinationSettings;
  return nested(
      "destinations", &AccountSettings::destinations,
      {{list("allow", &D::allow, text(forms::prefix()), kLive, "Prefixes it may send to; [] = all."),
        list("deny", &D::deny, text(forms::prefix()), kLive, "Prefixes it may not send to.")
            .like("[\"4490\"]")},
       {}},
      kLive, "Where its messages may go.");
}

// --- receipts ----------------------------------------------------------------------------------------------

Row receipts_row() {
  using R = AccountReceiptSettings;
  Rows rows;
  rows.rows = {
      choice<R, ReceiptMode>("mode", &R::mode,
                             {{"as_asked", ReceiptMode::kAsAsked},
                              {"always", ReceiptMode::kAlways},
                              {"never", ReceiptMode::kOff}},
                             kLive, "Whether receipts are sent: as registered_delivery asks, or regardless."),
      choice<R, ReceiptVia>(
          "via", &R::via,
          {{"auto", ReceiptVia::kAuto},
           {"smpp", ReceiptVia::kSmpp},
           {"webhook", ReceiptVia::kWebhook},
           {"both", ReceiptVia::kBoth}},
          kLive,
          "Where the account hears of its messages: on sessions, by webhooks, or by the door "
          "that each came in."),
      choice<R, ReceiptPdu>("pdu", &R::pdu,
                            {{"deliver_sm", ReceiptPdu::kDeliverSm}, {"data_sm", ReceiptPdu::kDataSm}}, kLive,
                            "The PDU that carries them."),
      row("swap", &R::swap, flag(), kLive, "",
          "Source and destination change places; false: as in the submit."),
      choice<R, ReceiptText>("text", &R::text,
                             {{"first20", ReceiptText::kFirst20},
                              {"empty", ReceiptText::kEmpty},
                              {"omit", ReceiptText::kOmit},
                              {"tlv_only", ReceiptText::kTlvOnly}},
                             kLive, "The text field: 20 characters, empty, left out, or no body at all."),
      choice<R, ReceiptFields>("fields", &R::fields,
                               {{"all", ReceiptFields::kAll}, {"short", ReceiptFields::kShort}}, kLive,
                               "short: without sub, dlvrd and text."),
      row("seconds", &R::seconds, flag(), kLive, "", "Dates as YYMMDDhhmmss."),
      choice<R, ReceiptErr>("err", &R::err,
                            {{"ours", ReceiptErr::kOurs}, {"operator", ReceiptErr::kOperator}}, kLive,
                            "Our error numbers, or the operator's."),
      row("intermediate_esm", &R::intermediate_esm, hex(0x04, 0x20), kLive, "",
          "esm_class of intermediate receipts: 0x20 or 0x04.")
          .like("0x20"),
      row("on_sent", &R::on_sent, flag(), kLive, "", "An ACCEPTD receipt when the operator has accepted."),
      choice<R, ReceiptLong>("long", &R::long_messages,
                             {{"aggregate", ReceiptLong::kAggregate}, {"each_part", ReceiptLong::kEachPart}},
                             kLive, "Long messages: one receipt, or one per part."),
      row("retention", &R::retention, duration(hours{1}, hours{30 * 24}), kLive, "",
          "How long an undelivered receipt is kept."),
  };
  rows.finish = [](void* object, Scope& scope) {
    const auto esm = as<R>(object).intermediate_esm;
    if (esm != 0x04 && esm != 0x20) {
      scope.fault({"intermediate_esm"}, Code::kChoice,
                  fmt::format("{} is not one of 0x20, 0x04", scope.value_text({"intermediate_esm"})));
    }
  };
  return nested("receipts", &AccountSettings::receipts, std::move(rows), kLive,
                "Delivery receipts to this account.");
}

void finish_account(void* object, Scope& scope) {
  const auto& account = as<AccountSettings>(object);
  const bool binds = std::any_of(account.logins.begin(), account.logins.end(),
                                 [](const auto& login) { return login.kind == LoginKind::kSmpp; });
  if (binds && scope.items_count({"smpp", "allow_ips"}) == 0) {
    scope.fault({"smpp", "allow_ips"}, Code::kMissing, "required with an smpp login");
  }
  if (account.validity > account.validity_max) {
    scope.fault({"validity"}, Code::kAbove,
                fmt::format("{} is above validity_max",
                            scope.has({"validity"}) ? scope.value_text({"validity"}) : "48h"));
  }
}

}  // namespace

Row accounts_row() {
  using A = AccountSettings;
  const Duration day = hours{24};
  Rows rows;
  rows.rows = {
      row("name", &A::name, text(forms::name()), kLive, "", "Permanent: history and records carry it.")
          .need()
          .like("acme"),
      row("enabled", &A::enabled, flag(), kLive, "",
          "false: binds and submits refused, sessions unbound, receipts kept."),
      logins_row(),
      smpp_row(),
      throttle_row(),
      caps_row(),
      row("queue_max", &A::queue_max, whole(1, kBillion), kLive, "messages",
          "Waiting messages; past it: queue_full."),
      choice<A, MessageClass>("class", &A::message_class, class_words(), kLive,
                              "Of messages that name none."),
      choices<A, MessageClass>("classes", &A::classes, class_words(), kLive, "What it may use."),
      row("weight", &A::weight, whole(1, 1000), kLive, "", "Share inside a class, against other accounts."),
      senders_row(),
      destinations_row(),
      row("validity", &A::validity, duration(minutes{1}, 30 * day), kLive, "",
          "Of messages that name none; at most validity_max."),
      row("validity_max", &A::validity_max, duration(minutes{1}, 30 * day), kLive, "",
          "Longer ones are cut to this."),
      row("schedule_max", &A::schedule_max, duration(hours{1}, 365 * day), kLive, "",
          "How far ahead a message may be scheduled."),
      choice<A, bool>("delivery", &A::at_most_once, {{"at_least_once", false}, {"at_most_once", true}}, kLive,
                      "at_most_once: what may have reached the operator is never sent again."),
      choice<A, Alphabet>("alphabet", &A::alphabet,
                          {{"gsm7", Alphabet::kGsm7},
                           {"latin1", Alphabet::kLatin1},
                           {"ascii", Alphabet::kAscii},
                           {"utf8", Alphabet::kUtf8}},
                          kLive, "What data_coding 0 means in its submits."),
      choice<A, AlphabetFallback>("alphabet_fallback", &A::alphabet_fallback,
                                  {{"latin1", AlphabetFallback::kLatin1},
                                   {"utf8", AlphabetFallback::kUtf8},
                                   {"refuse", AlphabetFallback::kRefuse}},
                                  kLive, "How a gsm7 body with octets from 0x80 on is read."),
      row("parts_max", &A::parts_max, whole(1, 255), kLive, "parts", "Longer texts: too_many_parts."),
      receipts_row(),
  };
  rows.finish = finish_account;
  return items("accounts", &Settings::accounts, std::move(rows), "account", kLive, "Customers.").show();
}

}  // namespace aldis::config
