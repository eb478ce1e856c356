// SPDX-License-Identifier: Apache-2.0
// What history answers over the native API: messages that are over, lists, timelines.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <utility>

#include "aldis/ingress/callback_event.hpp"
#include "ingress/list_query.hpp"
#include "ingress/message_json.hpp"
#include "ingress/native_state.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::Problem;
using history::MessageRow;
using ports::HttpRequest;

namespace {

// What was durable a moment ago is proved 50 ms later, and read soon after; past this history is behind.
constexpr Duration kPatience = seconds{5};

std::optional<Problem> refusal_of(const HistoryAnswer& said) {
  switch (said.kind) {
    case HistoryAnswer::Kind::kRows: return std::nullopt;
    case HistoryAnswer::Kind::kBusy:
      return Problem{Code::kOverloaded, "too many searches are waiting; try again in a second"};
    case HistoryAnswer::Kind::kTooMuch:
      return Problem{Code::kOverloaded,
                     "this looks at too many messages; narrow it by number, label, reference or time"};
    case HistoryAnswer::Kind::kNone:
      return Problem{Code::kNotImplemented, "history is switched off here (storage.history.enabled)"};
    case HistoryAnswer::Kind::kFailed: return Problem{Code::kStoreUnavailable, "history cannot be read now"};
  }
  __builtin_unreachable();
}

void put_lag(ports::HttpResponse& response, const HistoryAnswer& said) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", std::chrono::duration<double>(said.lag).count());
  response.headers.emplace_back("Aldis-History-Lag", text);
}

std::string format_micros(WallTime at) {
  std::string text = format_rfc3339(at);  // ends in ".482Z"
  char rest[8];
  const auto micros = static_cast<unsigned>(at.time_since_epoch().count() % 1000);
  std::snprintf(rest, sizeof rest, "%03uZ", micros % 1000);
  text.pop_back();
  return text + rest;
}

json::object step_json(const history::Step& step, const Directory& directory, Sight sight) {
  using history::StepKind;
  json::object detail{{"status", status_word(step.status)}};
  if (step.kind == StepKind::kLeased || step.kind == StepKind::kResponded ||
      step.kind == StepKind::kReceipt) {
    detail["part"] = step.part + 1;
  }
  if (step.kind == StepKind::kLeased || step.kind == StepKind::kResponded) {
    detail["attempt"] = step.attempt;
  }
  if (step.kind == StepKind::kResponded) {
    detail["outcome"] = name_of(step.outcome);
    detail["command_status"] = step.command_status;
  }
  if (!step.err.view().empty()) { detail["err"] = step.err.view(); }
  if (sight.operators && step.op != kNoOperator) { detail["operator"] = directory.operator_name(step.op); }
  if (sight.operators && step.link.value() < directory.links().size()) {
    detail["link"] = directory.links()[step.link.value()].name;
  }
  return {{"at", format_micros(step.at)}, {"kind", name_of(step.kind)}, {"detail", std::move(detail)}};
}

// The engine keeps a message until it is over and its customer knows.
bool may_live(const MessageRow& row) {
  std::int64_t owed = 0;
  for (const auto& step : row.steps) {
    if (step.kind == history::StepKind::kOwed) { ++owed; }
    if (step.kind == history::StepKind::kNotified) { --owed; }
  }
  return !is_final(row.status) || owed > 0;
}

// Those that the engine has let go of are final; it knows better what becomes of the others.
bool is_settled(const HistoryAnswer& said) {
  return said.kind == HistoryAnswer::Kind::kRows && !said.page.rows.empty() &&
         is_final(said.page.rows.front().status);
}

}  // namespace

Sight NativeApi::Impl::sight_of(const Caller& caller) {
  return {.content = caller.scopes.has(Scope::kContentRead),
          .operators = caller.scopes.has(Scope::kAdminRead)};
}

json::object NativeApi::Impl::row_json(const Now& now, const MessageRow& row, Sight sight) const {
  sight.content_kept = false;
  return message_json(now, message_of(now, row), setup.directory.account_name(row.account), setup.public_ids,
                      sight);
}

// First as it is: what is final there will not change. Else when it has all that was durable, for the engine
// does not have the message any more.
void NativeApi::Impl::find_row(FindCall call, Asked asked,
                               std::function<void(const Now&, const HistoryAnswer&)> found) {
  setup.history.ask(
      call, Duration::zero(),
      [this, call, asked = std::move(asked), found = std::move(found)](const Now& now,
                                                                       const HistoryAnswer& said) {
        if (is_settled(said)) { return found(now, said); }
        setup.history.ask(call, kPatience, [asked, found](const Now& then, const HistoryAnswer& again) {
          if (again.kind == HistoryAnswer::Kind::kNone) { return refuse(asked, no_message()); }
          if (const auto refused = refusal_of(again)) { return refuse(asked, *refused); }
          if (!again.page.rows.empty()) { return found(then, again); }
          if (again.caught_up) { return refuse(asked, no_message()); }
          refuse(asked,
                 Problem{Code::kStoreUnavailable,
                         "history is behind, and the message may be in what it has not read; try again"});
        });
      });
}

void NativeApi::Impl::read_past_message(FindCall call, Sight sight, Asked asked) {
  find_row(call, asked, [this, sight, asked](const Now& now, const HistoryAnswer& said) {
    asked.reply.send(json_response(200, row_json(now, said.page.rows.front(), sight)));
  });
}

void NativeApi::Impl::read_timeline(const Caller& caller, const HttpRequest& request, std::string_view id,
                                    Asked asked) {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  const auto wanted = any_id_of(setup.public_ids, id);
  if (!wanted) { return refuse(asked, no_message()); }
  const Sight sight = sight_of(caller);
  const auto answer = [this, sight, asked](const Now&, const HistoryAnswer& said) {
    if (said.kind == HistoryAnswer::Kind::kRows && said.page.rows.empty() && said.caught_up) {
      return refuse(asked, no_message());
    }
    if (const auto refused = refusal_of(said)) { return refuse(asked, *refused); }
    if (said.page.rows.empty()) {
      return refuse(asked, Problem{Code::kStoreUnavailable, "history is behind; try again"});
    }
    const MessageRow& row = said.page.rows.front();
    json::array events;
    for (const auto& step : row.steps) { events.push_back(step_json(step, setup.directory, sight)); }
    auto response = json_response(200, {{"id", message_id_text(setup.public_ids, row.public_id)},
                                        {"events", std::move(events)},
                                        {"events_dropped", row.steps_dropped}});
    put_lag(response, said);
    asked.reply.send(std::move(response));
  };
  setup.history.ask(FindCall{*account, wanted->id, wanted->short_id}, kPatience, answer);
}

void NativeApi::Impl::list_messages(const Now& now, const Caller& caller, const HttpRequest& request,
                                    Asked asked) {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  auto query = read_list_query(now, request.query, setup.directory, setup.public_ids);
  if (query.has_error()) { return refuse(asked, query.error()); }
  const Sight sight = sight_of(caller);
  if (!sight.operators && (query->filter.op || !query->filter.operator_id.empty())) {
    return refuse(asked, Problem{Code::kScopeMissing, "operators are shown to admin:read only"});
  }
  query->filter.account = *account;
  ListCall call{query->filter, query->order, query->after, query->limit};
  const Duration patience = wish_to_wait(request.header("prefer")).value_or(Duration::zero());
  auto list = std::make_shared<ListAnswer>();
  list->asked = std::move(asked);
  list->query = std::move(*query);
  list->query_text = request.query;
  list->sight = sight;
  setup.history.ask(std::move(call), patience, [this, list](const Now& then, const HistoryAnswer& said) {
    if (const auto refused = refusal_of(said)) { return refuse(list->asked, *refused); }
    list->said = said;
    list->shown.resize(said.page.rows.size());
    ask_for_living(then, list);
  });
}

// What is still alive the engine knows better, and it has the text.
void NativeApi::Impl::ask_for_living(const Now& now, const std::shared_ptr<ListAnswer>& list) {
  list->open = 1;  // this very look
  for (std::size_t i = 0; i < list->shown.size(); ++i) {
    const MessageRow& row = list->said.page.rows[i];
    if (!may_live(row)) { continue; }
    const bool taken = setup.engine.call(
        ReadCall{row.account, row.id, 0}, [this, list, i](const Now& then, const Effect& effect) {
          const auto& read = std::get<MessageRead>(effect);
          const MessageRow& old = list->said.page.rows[i];
          if (read.message != nullptr && read.message->id == old.id) {
            list->shown[i] = message_json(then, *read.message, setup.directory.account_name(old.account),
                                          setup.public_ids, list->sight);
          }
          if (--list->open == 0) { list->asked.reply.send(page_of(then, *list)); }
        });
    if (taken) { ++list->open; }
  }
  if (--list->open == 0) { list->asked.reply.send(page_of(now, *list)); }
}

ports::HttpResponse NativeApi::Impl::page_of(const Now& now, ListAnswer& list) const {
  const HistoryAnswer& said = list.said;
  json::array rows;
  for (std::size_t i = 0; i < list.shown.size(); ++i) {
    json::object& shown = list.shown[i];
    if (shown.empty()) { shown = row_json(now, said.page.rows[i], list.sight); }
    shown.erase("parts");
    rows.push_back(std::move(shown));
  }
  json::object body{{"data", std::move(rows)}, {"next", nullptr}};
  std::string link;
  if (said.page.next) {
    const auto cursor = cursor_after(now, *said.page.next, list.query, setup.public_ids);
    link = "<" + list.asked.path + "?" + with_cursor(list.query_text, cursor) + ">; rel=\"next\"";
    body["next"] = cursor;
  }
  auto response = json_response(200, body);
  if (!link.empty()) { response.headers.emplace_back("Link", std::move(link)); }
  put_lag(response, said);
  return response;
}

}  // namespace aldis::ingress
