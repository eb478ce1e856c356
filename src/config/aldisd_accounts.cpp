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

void finish_login(void* object, Scope& scope) {
  const auto& login = as<LoginSettings>(object);
  if (login.password.empty() && login.password_hash.empty()) {
    scope.fault({"password"}, Code::kMissing, "required, or password_hash");
  } else if (scope.has({"password"}) && scope.has({"password_hash"})) {
    scope.fault({"password_hash"}, Code::kConflict, "one of password and password_hash, not both");
  } else if (login.password.reveal().size() > kPasswordMax) {
    scope.fault({"password"}, Code::kAbove, fmt::format("longer than {} characters", kPasswordMax));
  }
}

Row logins_row() {
  Rows rows;
  rows.rows = {
      loader_key("kind", words({"smpp"}), kLive, "The door.").need().like("smpp"),
      row("user", &LoginSettings::user, unique_text(forms::ascii(1, 15), "user"), kLive, "",
          "system_id of the bind; unique among all accounts.")
          .need()
          .like("acme"),
      row("password", &LoginSettings::password, secret(), kLive, "",
          "At most 64 characters; this or password_hash.")
          .like("{file: secrets/acme}"),
      row("password_hash", &LoginSettings::password_hash, text(forms::argon2id()), kLive, "",
          "In place of password: its Argon2id hash.")
          .otherwise("password must be given")
          .like("\"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA\""),
      list("allow_ips", &LoginSettings::allow_ips, text(forms::network()), kLive,
           "Narrows the account's list; [] = the account's."),
  };
  rows.finish = finish_login;
  return items("logins", &AccountSettings::logins, std::move(rows), "", kLive,
               "Who may bind for this account.")
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
  if (!account.logins.empty() && scope.items_count({"smpp", "allow_ips"}) == 0) {
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
