// SPDX-License-Identifier: Apache-2.0
// Messages over the native API: one, many, a look at what one would be, and those there are.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>
#include <vector>

#include "aldis/text/encoding.hpp"
#include "aldis/text/transcode.hpp"
#include "ingress/idempotency_key.hpp"
#include "ingress/json.hpp"
#include "ingress/message_json.hpp"
#include "ingress/message_request.hpp"
#include "ingress/native_state.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::Problem;
using ports::HttpRequest;

namespace {

constexpr std::size_t kBatchItemsMax = 10'000;
constexpr std::size_t kBatchKeyMax = kIdempotencyKeyMax - 20;  // with "/9999" behind it
constexpr std::size_t kCostlyMax = 20;

// "account=acme&limit=10": the value of one name; names and values of ours need no percent signs.
std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

// A key's own account; or, for keys of none and peers, the one that the request names.
std::optional<AccountId> NativeApi::Impl::account_of(const Caller& caller, const HttpRequest& request) const {
  const bool own = caller.key != nullptr && !caller.key->account.empty();
  const auto id = setup.directory.find_account(own ? std::string_view{caller.key->account}
                                                   : query_value(request.query, "account"));
  return id == kNoAccount ? std::nullopt : std::optional{id};
}

CallbackRules NativeApi::Impl::callback_rules(AccountId account) const {
  return {*setup.fetch_policy, !setup.webhooks.secrets_of(setup.directory.account(account).name).empty()};
}

// --- messages --------------------------------------------------------------------------------------------

Result<ReadSubmit, Problem> NativeApi::Impl::read_submit(const Now& now, const Caller& caller,
                                                         const HttpRequest& request) const {
  const auto account = account_of(caller, request);
  if (!account) { return which_account(); }
  auto body = read_json(request.body);
  if (body.has_error()) { return body.error(); }
  auto wanted = read_message_request(*body, now.wall, RequestPlace::kAlone);
  if (wanted.has_error()) { return wanted.error(); }
  auto submit = submit_call_of(*wanted, *account, callback_rules(*account));
  if (submit.has_error()) { return submit.error(); }
  auto key = read_idempotency_key(request.header("idempotency-key"));
  if (key.has_error()) { return key.error(); }
  submit->idempotency_key = std::move(*key);
  submit->event.request_print = request_print(setup.digests, request.method, request.path, *body);
  return ReadSubmit{std::move(*wanted), std::move(*submit)};
}

void NativeApi::Impl::create_message(const Now& now, const Caller& caller, const HttpRequest& request,
                                     Asked asked) {
  auto read = read_submit(now, caller, request);
  if (read.has_error()) { return refuse(asked, read.error()); }
  auto& [wanted, submit] = *read;
  json::object answer{{"to", wanted.to}};
  if (wanted.from) { answer["from"] = *wanted.from; }
  answer["encoding"] = encoding_name(*submit.event.alphabet);
  if (!wanted.reference.empty()) { answer["reference"] = wanted.reference; }
  answer["status"] = wanted.send_at && *wanted.send_at > now.wall ? "scheduled" : "queued";
  call(std::move(submit), asked,
       [this, asked, answer = std::move(answer)](const Now&, const Effect& effect) mutable {
         const auto& said = std::get<AnswerSubmit>(effect);
         if (said.refusal) { return refuse(asked, problem_of(said)); }
         const bool replayed = said.again == AnswerSubmit::Again::kReplayed;
         answer["id"] = message_id_text(setup.public_ids, said.id.id);
         answer["parts_count"] = said.parts;
         answer["accepted_at"] = format_rfc3339(said.accepted_at);
         auto response = json_response(202, answer);
         if (replayed) { response.headers.emplace_back("Idempotency-Replayed", "true"); }
         response.headers.emplace_back("Location", "/v1/messages/" + std::string{answer["id"].get_string()});
         asked.reply.send(std::move(response));
       });
}

void NativeApi::Impl::read_message(const Now&, const Caller& caller, const HttpRequest& request,
                                   std::string_view id, Asked asked) {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  const auto wanted = any_id_of(setup.public_ids, id);
  if (!wanted) { return refuse(asked, no_message()); }
  const Sight sight = sight_of(caller);
  call(ReadCall{*account, wanted->id, wanted->short_id}, asked,
       [this, asked, sight, wanted = *wanted, account = *account](const Now& then, const Effect& effect) {
         const auto& said = std::get<MessageRead>(effect);
         if (said.message == nullptr) {
           return read_past_message({account, wanted.id, wanted.short_id}, sight, asked);
         }
         asked.reply.send(
             json_response(200, message_json(then, *said.message, setup.directory.account(account).name,
                                             setup.public_ids, sight)));
       });
}

void NativeApi::Impl::cancel_message(const Caller& caller, const HttpRequest& request, std::string_view id,
                                     Asked asked) {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  const auto wanted = message_id_of(setup.public_ids, id);
  if (!wanted) { return refuse(asked, no_message()); }
  std::string shown = message_id_text(setup.public_ids, *wanted);
  call(CancelCall{*account, *wanted}, asked,
       [this, asked, shown = std::move(shown)](const Now&, const Effect& effect) {
         const auto& said = std::get<AnswerCancel>(effect);
         if (said.refusal) { return refuse(asked, problem_of(*said.refusal)); }
         asked.reply.send(json_response(200, {{"id", shown}, {"status", "deleted"}}));
       });
}

void NativeApi::Impl::read_account(const Caller& caller, const HttpRequest& request,
                                   const Asked& asked) const {
  const auto id = account_of(caller, request);
  if (!id) { return refuse(asked, which_account()); }
  const AccountSettings& account = setup.directory.account(*id);
  json::array classes;
  for (const auto one : account.classes) { classes.emplace_back(name_of(one)); }
  json::object body{{"account", account.name},
                    {"state", account.enabled ? "active" : "suspended"},
                    {"class", name_of(account.message_class)},
                    {"classes", std::move(classes)}};
  if (!account.senders.default_sender.empty()) { body["default_sender"] = account.senders.default_sender; }
  asked.reply.send(json_response(200, body));
}

// --- many at once ----------------------------------------------------------------------------------------

namespace {

// Results in the order of the items, whatever the order of the answers; sent with the last one.
struct Batch {
  Asked asked;
  std::vector<json::object> results;
  std::size_t open = 0;
  std::size_t accepted = 0;

  void refused(std::size_t index, const Problem& problem) { settled(index, result_json(index, problem)); }
  void settled(std::size_t index, json::object result) {
    results[index] = std::move(result);
    if (--open > 0) { return; }
    json::array all;
    all.reserve(results.size());
    for (auto& one : results) { all.push_back(std::move(one)); }
    const std::size_t count = results.size();
    asked.reply.send(json_response(
        202, {{"accepted", accepted}, {"refused", count - accepted}, {"results", std::move(all)}}));
  }
};

}  // namespace

json::object result_json(std::size_t index, const Problem& problem) {
  json::object error{{"code", name_of(problem.code)}, {"detail", problem.detail}};
  if (!problem.faults.empty()) { error["pointer"] = problem.faults.front().pointer; }
  return {{"index", index}, {"error", std::move(error)}};
}

json::object result_json(std::size_t index, const AnswerSubmit& said, bool later, const PublicIds& ids) {
  json::object out{{"index", index},
                   {"id", message_id_text(ids, said.id.id)},
                   {"status", later ? "scheduled" : "queued"},
                   {"parts_count", said.parts}};
  if (said.again == AnswerSubmit::Again::kReplayed) { out["replayed"] = true; }
  return out;
}

Result<BatchItems::Item, Problem> BatchItems::read(const NativeApi::Impl& api, const Now& now,
                                                   std::size_t index, json::value item) const {
  if (auto* object = item.if_object()) {
    for (const auto& [name, value] : defaults) {
      if (!object->contains(name)) { (*object)[name] = value; }
    }
  }
  const auto wanted = read_message_request(item, now.wall, RequestPlace::kInBatch);
  if (wanted.has_error()) { return wanted.error(); }
  auto submit = submit_call_of(*wanted, account, api.callback_rules(account));
  if (submit.has_error()) { return submit.error(); }
  submit->idempotency_key = wanted->idempotency_key;
  if (submit->idempotency_key.empty() && !key.empty()) {
    submit->idempotency_key = key + "/" + std::to_string(index);
  }
  if (!submit->idempotency_key.empty()) {
    submit->event.request_print = request_print(api.setup.digests, "POST", path, item);
  }
  return Item{std::move(*submit), wanted->send_at && *wanted->send_at > now.wall};
}

Result<BatchItems, Problem> NativeApi::Impl::batch_items(AccountId account,
                                                         const HttpRequest& request) const {
  auto key = read_idempotency_key(request.header("idempotency-key"));
  if (key.has_error()) { return key.error(); }
  if (key->size() > kBatchKeyMax) {
    return Problem{Code::kInvalidField, "the Idempotency-Key of a batch has at most 235 characters"};
  }
  return BatchItems{account, std::move(*key), std::string{request.path}, {}};
}

void NativeApi::Impl::create_batch(const Now& now, const Caller& caller, const HttpRequest& request,
                                   Asked asked) {
  const auto account = account_of(caller, request);
  if (!account) { return refuse(asked, which_account()); }
  auto body = read_json(request.body);
  if (body.has_error()) { return refuse(asked, body.error()); }
  json::object* envelope = body->if_object();
  json::value* items = envelope == nullptr ? nullptr : envelope->if_contains("messages");
  if (items == nullptr || !items->is_array()) {
    return refuse(asked, fault_at("/messages", Code::kMissingField, "an array of messages is wanted"));
  }
  const json::value* defaults = envelope->if_contains("defaults");
  if (defaults != nullptr && !defaults->is_object()) {
    return refuse(asked, fault_at("/defaults", Code::kInvalidField, "an object is wanted"));
  }
  for (const auto& member : *envelope) {
    if (member.key() == "messages" || member.key() == "defaults") { continue; }
    return refuse(asked, fault_at(pointer_to("", member.key()), Code::kUnknownField,
                                  "defaults and messages are known"));
  }
  json::array& messages = items->get_array();
  if (messages.empty() || messages.size() > kBatchItemsMax) {
    return refuse(asked, fault_at("/messages", Code::kInvalidField, "1 to 10,000 messages are wanted"));
  }
  auto common = batch_items(*account, request);
  if (common.has_error()) { return refuse(asked, common.error()); }
  if (defaults != nullptr) { common->defaults = defaults->get_object(); }
  auto batch = std::make_shared<Batch>();
  batch->asked = std::move(asked);
  batch->results.resize(messages.size());
  batch->open = messages.size();
  for (std::size_t index = 0; index < messages.size(); ++index) {
    auto item = common->read(*this, now, index, std::move(messages[index]));
    if (item.has_error()) {
      batch->refused(index, item.error());
      continue;
    }
    const bool taken = setup.engine.call(
        std::move(item->submit), [this, batch, index, later = item->later](const Now&, const Effect& effect) {
          const auto& said = std::get<AnswerSubmit>(effect);
          if (said.refusal) { return batch->refused(index, problem_of(said)); }
          ++batch->accepted;
          batch->settled(index, result_json(index, said, later, setup.public_ids));
        });
    if (!taken) {
      batch->refused(index, Problem{Code::kOverloaded, "too many requests are under way; send it again"});
    }
  }
}

// --- a look at what it would be --------------------------------------------------------------------------

namespace {

std::string codepoint_text(char32_t character) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out = "U+";
  for (unsigned shift = character > 0xFFFF ? 20 : 12;; shift -= 4) {
    out.push_back(kDigits[character >> shift & 15u]);
    if (shift == 0) { return out; }
  }
}

void put_costly(json::object& out, std::string_view text) {
  json::array costly;
  for (const auto& one : text::costly_characters(text, kCostlyMax)) {
    std::string character;
    text::append_utf8(one.character, character);
    costly.push_back(json::object{{"offset", one.offset},
                                  {"char", std::move(character)},
                                  {"codepoint", codepoint_text(one.character)}});
  }
  out["costly"] = std::move(costly);
}

}  // namespace

void NativeApi::Impl::preview_message(const Now& now, const Caller& caller, const HttpRequest& request,
                                      Asked asked) {
  auto read = read_submit(now, caller, request);
  if (read.has_error()) { return refuse(asked, read.error()); }
  auto& [wanted, submit] = *read;
  submit.event.preview = true;
  json::object answer{{"would_accept", true},
                      {"refusal", nullptr},
                      {"encoding", encoding_name(*submit.event.alphabet)},
                      {"destination", json::object{{"number", wanted.to}}}};
  if (wanted.text) { put_costly(answer, *wanted.text); }
  call(std::move(submit), asked,
       [asked, answer = std::move(answer)](const Now&, const Effect& effect) mutable {
         const auto& said = std::get<AnswerSubmit>(effect);
         if (said.refusal) {
           answer["would_accept"] = false;
           answer["refusal"] = name_of(problem_of(*said.refusal).code);
         } else {
           answer["parts_count"] = said.parts;
         }
         asked.reply.send(json_response(200, answer));
       });
}

}  // namespace aldis::ingress
