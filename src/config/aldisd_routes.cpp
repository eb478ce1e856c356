// SPDX-License-Identifier: Apache-2.0
// Keys of `routes` and `inbound`: where messages go.
#include <fmt/format.h>

#include "config/aldisd_rows.hpp"
#include "config/forms.hpp"
#include "config/make_row.hpp"
#include "config/reader.hpp"

namespace aldis::config {

using enum Reload;

namespace {

Words<std::optional<Refusal>> refusal_words() {
  Words<std::optional<Refusal>> table;
  for (auto i = static_cast<std::uint8_t>(Refusal::kThrottled);
       i <= static_cast<std::uint8_t>(Refusal::kQueryFailed); ++i) {
    table.emplace_back(name_of(static_cast<Refusal>(i)), static_cast<Refusal>(i));
  }
  return table;
}

Row match_row() {
  using M = RouteMatch;
  return nested(
      "match", &RouteSettings::match,
      {{
           list("to", &M::to, text(forms::prefix()), kLive, "Prefixes of the destination.").like("[\"44\"]"),
           list("from", &M::from, text(forms::exact_or_pattern(512)), kLive,
                "Senders: exact, or \"re:\" and an RE2 pattern on the whole."),
           list("accounts", &M::accounts, reference("account"), kLive, "Accounts."),
           choices<M, MessageClass>("classes", &M::classes,
                                    {{"otp", MessageClass::kOtp},
                                     {"transactional", MessageClass::kTransactional},
                                     {"bulk", MessageClass::kBulk}},
                                    kLive, "Classes."),
       },
       {}},
      kLive, "All given must hold; a list is \"any of\"; {} = everything.");
}

Row candidates_row() {
  using C = CandidateSettings;
  Row made = items("candidates", &RouteSettings::candidates,
                   {{
                        row("operator", &C::op, reference("operator"), kLive, "", "Who may carry it.")
                            .need()
                            .like("op-a"),
                        row("tier", &C::tier, whole(1, 8), kLive, "", "Lower ones first."),
                        row("weight", &C::weight, whole(1, 1000), kLive, "", "Share inside a tier."),
                    },
                    {}},
                   "", kLive, "Operators that may carry it; required unless reject is given.")
                 .show();
  made.type.items_min = 1;
  made.type.items_max = 8;  // a message remembers in one octet which ones it tried
  return made;
}

void finish_route(void* object, Scope& scope) {
  const auto& route = as<RouteSettings>(object);
  if (route.reject && !route.candidates.empty()) {
    scope.fault({"reject"}, Code::kConflict, "candidates or reject, not both");
  } else if (!route.reject && route.candidates.empty()) {
    scope.fault({"candidates"}, Code::kMissing, "required, or reject");
  }
  for (std::size_t i = 0; i < route.candidates.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (route.candidates[i].op != route.candidates[k].op) { continue; }
      scope.item_fault("candidates", i, {"operator"}, Code::kConflict,
                       fmt::format("{} is a candidate twice", route.candidates[i].op));
      break;
    }
  }
}

Row numbers_row() {
  using N = InboundNumber;
  return items("numbers", &InboundSettings::numbers,
               {{
                    row("number", &N::number, unique_text(forms::digits(), "number"), kLive, "",
                        "The number, without +.")
                        .need()
                        .like("\"80010\""),
                    row("account", &N::account, reference("account"), kLive, "",
                        "Who gets its messages where no route matches.")
                        .need()
                        .like("acme"),
                },
                {}},
               "", kLive, "Owners of numbers.");
}

Row inbound_routes_row() {
  using R = InboundRoute;
  Row match =
      group<R>("match",
               {{
                    list("to", &R::to, text(forms::exact_or_pattern(512)), kLive,
                         "Numbers: exact, or \"re:\" and a pattern.")
                        .like("[\"80010\"]"),
                    list("keyword", &R::keyword, text(forms::exact_or_pattern(512)), kLive,
                         "First word in any case, or \"re:\" and a pattern.")
                        .like("[VOTE, \"re:V[0O]TE\"]"),
                    list("operators", &R::operators, reference("operator"), kLive, "Operators it came from."),
                },
                {}},
               kLive, "All given must hold; {} = everything.");
  return items(
      "routes", &InboundSettings::routes,
      {{
           row("name", &R::name, text(forms::name()), kLive, "", "Stands in logs and metrics.")
               .need()
               .like("vote"),
           std::move(match),
           row("account", &R::account, reference("account"), kLive, "", "Who gets it.").need().like("acme"),
       },
       {}},
      "inbound route", kLive, "The first match in the order of the file wins.");
}

}  // namespace

Row routes_row() {
  using R = RouteSettings;
  Rows rows;
  rows.rows = {
      row("name", &R::name, text(forms::name()), kLive, "", "Stands in logs, history and metrics.")
          .need()
          .like("uk"),
      row("priority", &R::priority, whole(0, 10'000), kLive, "",
          "The highest wins, then the longest prefix, then the first."),
      match_row(),
      candidates_row(),
      group<R>(
          "failover",
          {{flags<R>(
               "when", {{"down", &R::failover_down}, {"error", &R::failover_error}}, kLive,
               "down: no link is bound. error: it refuses for now, or for good with failover_permanent.")},
           {}},
          kLive, "When the next candidate is tried."),
      choice<R, std::optional<Refusal>>("reject", &R::reject, refusal_words(), kLive,
                                        "A refusal in place of candidates.")
          .otherwise("not refused")
          .like("destination_blocked"),
  };
  rows.finish = finish_route;
  return items("routes", &Settings::routes, std::move(rows), "route", kLive,
               "Which operator carries a message.")
      .show();
}

Row inbound_row() {
  return nested("inbound", &Settings::inbound, {{numbers_row(), inbound_routes_row()}, {}}, kLive,
                "Messages from handsets.");
}

}  // namespace aldis::config
