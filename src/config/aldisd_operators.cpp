// SPDX-License-Identifier: Apache-2.0
// Keys of `operators`, and by the word profile() those that an operator profile may hold.
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

using O = OperatorSettings;

constexpr std::size_t kPasswordMax = 8;  // of the specification; password_long writes up to 64
constexpr std::size_t kPasswordLongMax = 64;

Words<OutcomeClass> class_words() {
  return {{"thr", OutcomeClass::kThrottle},
          {"tmp", OutcomeClass::kTemporary},
          {"mix", OutcomeClass::kMixed},
          {"perm", OutcomeClass::kPermanent}};
}

Words<Alphabet> alphabet_words() {
  return {{"gsm7", Alphabet::kGsm7},
          {"latin1", Alphabet::kLatin1},
          {"ascii", Alphabet::kAscii},
          {"utf8", Alphabet::kUtf8}};
}

// --- links -------------------------------------------------------------------------------------------------

Row binds_row() {
  Rows rows;
  rows.rows = {
      row("transceiver", &O::binds_transceiver, whole(1, 64), kLive, "links", "Links op.trx1, op.trx2 ..."),
      row_by<O>(
          "transmitter", whole(1, 64),
          [](O& o, const Value& v) { o.binds_transmitter = from_value<std::uint32_t>(v); },
          [](const O&) { return Value(); }, kLive, "links", "Links op.tx1 ..., in place of transceivers.")
          .otherwise("none")
          .like("1"),
      row_by<O>(
          "receiver", whole(1, 64),
          [](O& o, const Value& v) { o.binds_receiver = from_value<std::uint32_t>(v); },
          [](const O&) { return Value(); }, kLive, "links", "Links op.rx1 ..., beside transmitters.")
          .otherwise("none")
          .like("1"),
  };
  rows.finish = [](void* object, Scope& scope) {
    if (!scope.has({"transmitter"}) && !scope.has({"receiver"})) { return; }
    if (scope.has({"transceiver"})) {
      scope.fault({"transceiver"}, Code::kConflict, "transceivers, or transmitters and receivers, not both");
    } else if (!scope.has({"transmitter"})) {
      scope.fault({"transmitter"}, Code::kMissing, "required with receiver");
    }
    as<O>(object).binds_transceiver = 0;
  };
  return group<O>("binds", std::move(rows), kLive,
                  "How many links: {transceiver: n}, or {transmitter: n, receiver: m}.")
      .whole();
}

Row timers_row() {
  using T = LinkTimers;
  const Duration s = seconds{1};
  return nested("timers", &O::timers,
                {{
                     row("connect", &T::connect, duration(s, 60 * s), kReconnect, "",
                         "To a TCP connection; then the next host."),
                     row("bind", &T::bind, duration(s, 120 * s), kReconnect, "", "To a bind response."),
                     row("enquire_link", &T::enquire_link, duration_or_off(5 * s, 600 * s), kReconnect, "",
                         "Silence after which we ask whether the operator is there; 0s = never."),
                     row("enquire_link_response", &T::enquire_link_response, duration(s, 60 * s), kReconnect,
                         "", "How long the answer may take before the link is closed."),
                     row("response", &T::response, duration(s, 300 * s), kReconnect, "",
                         "How long a submit_sm may stay unanswered before it is uncertain."),
                 },
                 {}},
                kReconnect, "Timers of links.")
      .profile();
}

Row throttle_row() {
  using T = ThrottleSettings;
  Rows rows;
  rows.rows = {
      row("per_second", &T::per_second, number(0.01, 100'000), kLive, "parts/s",
          "Sustained rate of all links together."),
      row("burst", &T::burst, whole(1, 10'000), kLive, "parts", "How many may leave back to back.")
          .otherwise("a tenth of per_second, at least 1")
          .like("5"),
      row("per_second_min", &T::per_second_min, number(0.01, 100'000), kLive, "parts/s",
          "Floor of the adaptation to the operator's own limit; at most per_second."),
  };
  rows.finish = [](void* object, Scope& scope) {
    auto& throttle = as<T>(object);
    if (throttle.per_second_min > throttle.per_second) {
      if (scope.has({"per_second_min"})) {
        scope.fault({"per_second_min"}, Code::kAbove,
                    fmt::format("{} is above per_second", scope.value_text({"per_second_min"})));
      }
      throttle.per_second_min = throttle.per_second;  // a slow operator needs no second key
    }
  };
  return nested("throttle", &O::throttle, std::move(rows), kLive, "How fast we send to this operator.")
      .profile();
}

Row window_row() {
  using W = WindowSettings;
  Rows rows;
  rows.rows = {
      row("start", &W::start, whole(1, 1000), kLive, "requests", "After the bind."),
      row("min", &W::min, whole(1, 1000), kLive, "requests", "Never fewer."),
      row("max", &W::max, whole(1, 1000), kLive, "requests", "Never more."),
  };
  rows.finish = [](void* object, Scope& scope) {
    auto& window = as<W>(object);
    if (window.min > window.max) {
      scope.fault({scope.has({"min"}) ? "min" : "max"}, Code::kConflict,
                  fmt::format("min {} is above max {}", window.min, window.max));
    } else if (scope.has({"start"}) && (window.start < window.min || window.start > window.max)) {
      scope.fault(
          {"start"}, window.start < window.min ? Code::kBelow : Code::kAbove,
          fmt::format("{} is {}", window.start, window.start < window.min ? "below min" : "above max"));
    }
    window.start = std::clamp(window.start, std::min(window.min, window.max), window.max);
  };
  return nested("window", &O::window, std::move(rows), kLive,
                "Unanswered submits per link; adapts in between.")
      .profile();
}

// --- what is sent ------------------------------------------------------------------------------------------

Row ton_npi(std::string_view name, TonNpi O::*member, std::string_view sentence) {
  Row made = list_by<O>(
      name, whole(0, 255), [](O&) {},
      [member](O& o, std::size_t index, const Value& value) {
        (index == 0 ? (o.*member).ton : (o.*member).npi) = from_value<std::uint8_t>(value);
      },
      [member](const O& o) {
        return std::vector<Value>{to_value((o.*member).ton), to_value((o.*member).npi)};
      },
      kLive, sentence);
  made.type.items_min = made.type.items_max = 2;
  return made;
}

Row submit_row() {
  return group<O>("submit",
                  {{
                       row("service_type", &O::service_type, text(forms::ascii(0, 5)), kLive, "",
                           "Of every submit_sm."),
                       row("esm_mode", &O::esm_mode, hex(0, 3), kLive, "",
                           "Messaging mode bits of esm_class; some centres want 3.")
                           .like("0"),
                       row("more_messages", &O::more_messages, flag(), kLive, "",
                           "Set more_messages_to_send while more parts follow."),
                       row("send_umr", &O::send_umr, flag(), kLive, "",
                           "Send user_message_reference; settles uncertain parts by receipts."),
                   },
                   {}},
                  kLive, "Fields of submit_sm.")
      .profile();
}

Row addr_row() {
  return group<O>("addr",
                  {{
                       ton_npi("dest", &O::dest, "TON and NPI of destinations."),
                       ton_npi("src_number", &O::src_number, "TON and NPI of sources that are numbers."),
                       ton_npi("src_short", &O::src_short, "TON and NPI of short codes."),
                       ton_npi("src_alpha", &O::src_alpha, "TON and NPI of alphanumeric sources."),
                       row("short_digits_max", &O::short_digits_max, whole(1, 15), kLive, "digits",
                           "Longest short code."),
                   },
                   {}},
                  kLive, "Type and plan of addresses.")
      .profile();
}

Row dcs_row() {
  return group<O>(
             "dcs",
             {{
                  row("gsm7", &O::dcs_gsm7, hex(0, 255), kLive, "", "data_coding of texts in alphabet_out.")
                      .like("0"),
                  row("ucs2", &O::dcs_ucs2, hex(0, 255), kLive, "", "data_coding of UCS-2.").like("8"),
                  row("binary", &O::dcs_binary, hex(0, 255), kLive, "", "data_coding of binary messages.")
                      .like("4"),
              },
              {}},
             kLive, "data_coding values.")
      .profile();
}

// --- what comes back ---------------------------------------------------------------------------------------

Row stat_map_row() {
  // As receipts mean them: ENROUTE says nothing new, the message is still sent.
  const Words<Status> table{{"ENROUTE", Status::kSent},
                            {"DELIVERED", Status::kDelivered},
                            {"UNDELIVERABLE", Status::kUndeliverable},
                            {"EXPIRED", Status::kExpired},
                            {"DELETED", Status::kDeleted},
                            {"REJECTED", Status::kRejected},
                            {"UNKNOWN", Status::kUnknown}};
  return dictionary<O, std::string, Status>(
             "stat_map", &O::stat_map, text(forms::ascii(1, 32)), {}, type_of(table),
             [table](const Value& value) { return table[std::get<std::uint64_t>(value)].second; }, kLive,
             "The operator's own words for states, {\"5\": UNDELIVERABLE}; before the common ones.")
      .profile();
}

Row errors_row() {
  Rows rows;
  rows.rows = {
      row_by<ErrorRule>(
          "status", status_range(),
          [](ErrorRule& rule, const Value& value) {
            const auto range = std::get<std::uint64_t>(value);
            rule.status_first = static_cast<std::uint32_t>(range >> 32);
            rule.status_last = static_cast<std::uint32_t>(range & 0xFFFFFFFF);
          },
          [](const ErrorRule&) { return Value(); }, kLive, "", "command_status, or a range of them.")
          .need()
          .like("0x0400-0x04FF"),
      choice<ErrorRule, OutcomeClass>("class", &ErrorRule::outcome_class, class_words(), kLive,
                                      "thr: slow down. tmp: again later. mix: a few more times. perm: final.")
          .need()
          .like("perm"),
      row("err", &ErrorRule::err, text(forms::ascii(0, 8)), kLive, "",
          "Error number in receipts for it; \"\" = 903."),
      loader_key("note", text(forms::any(0, 200)), kLive, "For people; no effect."),
  };
  return items("errors", &O::errors, std::move(rows), "", kLive, "What statuses mean; the first match wins.")
      .profile();
}

Row receipt_errors_row() {
  Rows rows;
  rows.rows = {
      row_by<std::string>(
          "err", text(forms::ascii(1, 8)),
          [](std::string& s, const Value& v) { s = std::get<std::string>(v); },
          [](const std::string&) { return Value(); }, kLive, "", "Ours.")
          .need()
          .like("\"027\""),
      loader_key("note", text(forms::any(0, 200)), kLive, "For people; no effect."),
  };
  Row made = dictionary<O, std::string, std::string>(
      "receipt_errors", &O::receipt_errors, text(forms::ascii(1, 8)), {},
      map_type(std::make_shared<Rows>(std::move(rows))), {}, kLive,
      "The operator's err in receipts to ours, {\"069\": {err: \"027\"}}.");
  return made.profile();
}

void finish_operator(void* object, Scope& scope) {
  auto& op = as<O>(object);
  if (op.throttle.burst == 0) {
    op.throttle.burst =
        static_cast<std::uint32_t>(std::clamp(std::ceil(op.throttle.per_second / 10), 1.0, 10'000.0));
  }
  if (op.lease && *op.lease < op.window.max) {
    scope.fault({"lease"}, Code::kBelow, fmt::format("{} is below window.max {}", *op.lease, op.window.max));
  }
  const std::size_t password_max = op.password_long ? kPasswordLongMax : kPasswordMax;
  if (op.password.reveal().size() > password_max) {
    scope.fault({"password"}, Code::kAbove,
                op.password_long ? "longer than 64 characters"
                                 : "longer than 8 characters, which needs password_long: true");
  }
}

std::vector<Row> link_rows() {
  return {
      row("name", &O::name, text(forms::name()), kLive, "", "Permanent: history and records carry it.")
          .need()
          .like("op-a"),
      loader_key("profile", text(forms::any(1, 64)), kReconnect,
                 "NAME.yaml in operators/ beside the main file, then in /usr/share/aldis/operators.")
          .profile()
          .like("generic"),
      row("enabled", &O::enabled, flag(), kLive, "", "false: windows empty, then unbind."),
      [] {
        Row hosts = list("hosts", &O::hosts, text(forms::host_port()), kReconnect, "Tried in order.")
                        .need()
                        .like("[\"smsc1.op-a.example:2775\", \"smsc2.op-a.example:2775\"]");
        hosts.type.items_min = 1;
        hosts.type.items_max = 16;
        return hosts;
      }(),
      binds_row(),
      row("system_id", &O::system_id, text(forms::ascii(1, 15)), kReconnect, "", "What we bind as.")
          .need()
          .like("aldis1"),
      row("password", &O::password, secret(), kReconnect, "", "At most 8 characters, with password_long 64.")
          .need()
          .like("{file: secrets/op-a}"),
      row("password_long", &O::password_long, flag(), kReconnect, "",
          "Send passwords of more than 8 characters.")
          .profile(),
      row("system_type", &O::system_type, text(forms::ascii(0, 12)), kReconnect, "", "Of the bind."),
      row("address_range", &O::address_range, text(forms::ascii(0, 40)), kReconnect, "", "Of the bind."),
      row_by<O>(
          "bind_ton", whole(0, 255),
          [](O& o, const Value& v) { o.bind_address.ton = from_value<std::uint8_t>(v); },
          [](const O& o) { return to_value(o.bind_address.ton); }, kReconnect, "", "addr_ton of the bind."),
      row_by<O>(
          "bind_npi", whole(0, 255),
          [](O& o, const Value& v) { o.bind_address.npi = from_value<std::uint8_t>(v); },
          [](const O& o) { return to_value(o.bind_address.npi); }, kReconnect, "", "addr_npi of the bind."),
      choice<O, VersionSetting>(
          "version", &O::version,
          {{"3.3", VersionSetting::k33}, {"3.4", VersionSetting::k34}, {"5.0", VersionSetting::k50}},
          kReconnect, "SMPP version of the bind.")
          .profile(),
      row("tlvs_out", &O::tlvs_out, flag(), kLive, "", "false: no optional parameter is sent.").profile(),
      timers_row(),
  };
}

std::vector<Row> flow_rows() {
  return {
      throttle_row(),
      window_row(),
      row("lease", &O::lease, whole(1, 4000), kLive, "parts",
          "Parts handed to a link ahead of its window, window.max..4000: the bound on uncertain parts per "
          "link after a crash.")
          .profile()
          .otherwise("2 x window.max")
          .like("100"),
      row("uncertain_hold", &O::uncertain_hold, duration(seconds{0}, seconds{600}), kLive, "",
          "How long a part that may have been sent waits for its receipt.")
          .profile(),
      choice<O, InDoubt>("in_doubt", &O::in_doubt,
                         {{"resend", InDoubt::kResend}, {"hold", InDoubt::kHold}, {"fail", InDoubt::kFail}},
                         kLive, "What happens to it then.")
          .profile(),
      row("nack_status", &O::nack_status, hex(1, 0xFFFFFFFF), kLive, "",
          "Answer to a receipt that cannot be stored.")
          .profile()
          .like("0x08"),
      row("nack_after", &O::nack_after, duration(seconds{1}, seconds{60}), kLive, "",
          "How long we try to store it first.")
          .profile(),
      row("queue_max", &O::queue_max, whole(1, 1'000'000'000), kLive, "messages",
          "Waiting messages; past it the route's next candidate, then queue_full."),
      row("failover_permanent", &O::failover_permanent, flag(), kLive, "",
          "A permanent refusal tries the route's next candidate.")
          .profile(),
      row("attempts_max", &O::attempts_max, whole(1, 100), kLive, "attempts",
          "Then undeliverable; throttled ones do not count.")
          .profile(),
      row("cancel", &O::cancel, flag(), kLive, "", "cancel_sm is forwarded to this operator.").profile(),
  };
}

std::vector<Row> message_rows() {
  const Duration day = hours{24};
  return {
      submit_row(),
      addr_row(),
      choice<O, Alphabet>("alphabet_in", &O::alphabet_in, alphabet_words(), kLive,
                          "What data_coding 0 means in its deliver_sm.")
          .profile(),
      choice<O, Alphabet>("alphabet_out", &O::alphabet_out, alphabet_words(), kLive,
                          "What data_coding 0 means in our submit_sm.")
          .profile(),
      dcs_row(),
      choice<O, LongForm>("long", &O::long_form,
                          {{"udh8", LongForm::kUdh8},
                           {"udh16", LongForm::kUdh16},
                           {"sar", LongForm::kSar},
                           {"payload", LongForm::kPayload}},
                          kLive, "How long messages are sent.")
          .profile(),
      choice<O, ValidityStyle>("validity_style", &O::validity_style,
                               {{"relative", ValidityStyle::kRelative},
                                {"absolute", ValidityStyle::kAbsolute},
                                {"omit", ValidityStyle::kOmit}},
                               kLive, "Form of validity_period.")
          .profile(),
      row("validity_cap", &O::validity_cap, duration(minutes{1}, 30 * day), kLive, "",
          "Longest validity this operator takes.")
          .profile(),
  };
}

std::vector<Row> receipt_rows() {
  return {
      choice<O, IdDialect>("id_dialect", &O::id_dialect,
                           {{"auto", IdDialect::kAuto},
                            {"same", IdDialect::kSame},
                            {"receipt_dec", IdDialect::kReceiptDec},
                            {"receipt_hex", IdDialect::kReceiptHex}},
                           kLive, "How ids of receipts relate to those of responses; auto learns it.")
          .profile(),
      choice<O, bool>("match_address", &O::match_address, {{"tail", true}, {"off", false}}, kLive,
                      "Whether the address of a receipt must match, too (its last 8 digits).")
          .profile(),
      group<O>("receipts",
               {{choice<O, bool>("request", &O::receipts_as_asked, {{"always", false}, {"as_asked", true}},
                                 kLive, "Ask for a receipt always, or only if the customer did."),
                 row("intermediate", &O::receipts_intermediate, flag(), kLive, "",
                     "Ask for intermediate ones if the customer did.")},
                {}},
               kLive, "Receipts we ask for.")
          .profile(),
      row("unflagged_receipts", &O::unflagged_receipts, flag(), kLive, "",
          "Its receipts come with esm_class 0.")
          .profile(),
      choice<O, bool>("accepted_is", &O::accepted_is_delivered,
                      {{"intermediate", false}, {"delivered", true}}, kLive,
                      "What a receipt with ACCEPTD means.")
          .profile(),
      stat_map_row(),
      errors_row(),
      choice<O, OutcomeClass>("unlisted", &O::unlisted, class_words(), kLive,
                              "Class of statuses that errors and the standard do not list.")
          .profile(),
      receipt_errors_row(),
  };
}

}  // namespace

Row operators_row() {
  Rows rows;
  for (const auto& part : {link_rows(), flow_rows(), message_rows(), receipt_rows()}) {
    rows.rows.insert(rows.rows.end(), part.begin(), part.end());
  }
  rows.finish = finish_operator;
  return items("operators", &Settings::operators, std::move(rows), "operator", kLive,
               "Mobile operators. Built-in < profile < operator_defaults < what stands here.")
      .show();
}

}  // namespace aldis::config
