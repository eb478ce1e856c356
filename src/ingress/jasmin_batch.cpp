// SPDX-License-Identifier: Apache-2.0
// POST /secure/sendbatch of Jasmin's REST API: many messages under one id, each told to a callback of its
// own.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <memory>

#include "aldis/base/octet_text.hpp"
#include "ingress/callback_styles.hpp"
#include "ingress/dialect_state.hpp"
#include "ingress/jasmin_request.hpp"
#include "ingress/json.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using ports::HttpReply;
using ports::HttpResponse;

namespace {

constexpr std::size_t kMessagesMax = 10'000;
// of all messages, each with its own copy of what is common
constexpr std::size_t kOctetsMax = 16 * 1024 * 1024;
constexpr std::int64_t kDelayMax_s = 365ll * 24 * 3600;

struct BatchNo {
  unsigned status = 412;
  std::string_view title{};
  std::string description{};
};

// Messages, and what is common to all of them.
struct JasminBatch {
  std::string id;
  std::string callback_url;
  std::string errback_url;
  std::optional<std::int64_t> delay_s;
  std::vector<Fields> messages;
};

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string{value.get_string()} : json::serialize(value);
}

// Of a message's member, or of the globals': '_' is '-', and what is null is not there.
void put_members(const json::object& from, Fields& into) {
  for (const auto& [key, value] : from) {
    std::string name{key};
    if (name != "custom_tlvs") { std::replace(name.begin(), name.end(), '_', '-'); }
    if (!value.is_null() && name != "to" && field(into, name) == nullptr) {
      into.emplace_back(name, text_of(value));
    }
  }
}

// "2026-11-22 20:00:00" of UTC, or "86400s".
std::optional<std::int64_t> delay_of(const Now& now, std::string_view text) {
  std::int64_t delay_s = 0;
  if (text.ends_with('s')) {
    const char* end = text.data() + text.size() - 1;
    const auto [stop, failed] = std::from_chars(text.data(), end, delay_s);
    if (failed != std::errc{} || stop != end) { return std::nullopt; }
  } else {
    std::string written{text};
    if (written.size() != 19 || written[10] != ' ') { return std::nullopt; }
    written[10] = 'T';
    const auto at = parse_rfc3339(written + "Z");
    if (!at) { return std::nullopt; }
    delay_s = std::chrono::ceil<seconds>(*at - now.wall).count();
  }
  return delay_s > 0 && delay_s <= kDelayMax_s ? std::optional{delay_s} : std::nullopt;
}

std::optional<BatchNo> read_config(const Now& now, const json::object& config,
                                   const ports::FetchPolicy& callbacks, JasminBatch& batch) {
  for (const auto& [name, into] :
       {std::pair{"callback_url", &batch.callback_url}, std::pair{"errback_url", &batch.errback_url}}) {
    const auto* url = config.if_contains(name);
    if (url == nullptr || url->is_null()) { continue; }
    *into = text_of(*url);
    if (as_noted(*into).empty() || ports::judge_url(*into, callbacks).has_error()) {
      return BatchNo{412, "Cannot parse JSON data",
                     "batch_config: " + std::string{name} + " cannot be called"};
    }
  }
  const auto* at = config.if_contains("schedule_at");
  if (at == nullptr || at->is_null()) { return std::nullopt; }
  batch.delay_s = delay_of(now, text_of(*at));
  if (batch.delay_s) { return std::nullopt; }
  return BatchNo{412, "Cannot schedule batch",
                 "schedule_at: a time to come is wanted, or seconds like 86400s"};
}

// One message for each of its numbers. Those without a number or a content are passed over.
std::optional<BatchNo> read_messages(const json::object& body, JasminBatch& batch) {
  const BatchNo no{412, "Cannot parse JSON data",
                   "messages: an array of at most 10000 messages and 16 MiB is wanted"};
  const auto* messages = body.if_contains("messages");
  const auto* globals = body.if_contains("globals");
  std::size_t octets = 0;
  if (messages == nullptr || !messages->is_array()) { return no; }
  for (const auto& one : messages->get_array()) {
    const auto* object = one.if_object();
    if (object == nullptr) { continue; }
    Fields fields;
    put_members(*object, fields);
    if (globals != nullptr && globals->is_object()) { put_members(globals->get_object(), fields); }
    const auto* to = object->if_contains("to");
    const bool has_content = field(fields, "content") != nullptr || field(fields, "hex-content") != nullptr;
    if (to == nullptr || !has_content) { continue; }
    const json::array single{*to};
    std::size_t octets_each = 0;
    for (const auto& [name, value] : fields) { octets_each += name.size() + value.size(); }
    for (const auto& number : to->is_array() ? to->get_array() : single) {
      octets += octets_each;
      if (batch.messages.size() == kMessagesMax || octets > kOctetsMax) { return no; }
      batch.messages.push_back(fields);
      batch.messages.back().emplace_back("to", text_of(number));
    }
  }
  return std::nullopt;
}

Result<JasminBatch, BatchNo> read_batch(const Now& now, std::string_view text,
                                        const ports::FetchPolicy& callbacks) {
  const auto parsed = read_json(text);
  const auto* body = parsed.has_value() ? parsed->if_object() : nullptr;
  if (body == nullptr) { return BatchNo{412, "Cannot parse JSON data", "The body is not a JSON object"}; }
  JasminBatch batch;
  const auto* config = body->if_contains("batch_config");
  if (config != nullptr && config->is_object()) {
    if (auto no = read_config(now, config->get_object(), callbacks, batch)) { return std::move(*no); }
  }
  if (auto no = read_messages(*body, batch)) { return std::move(*no); }
  return batch;
}

HttpResponse told(unsigned status, const json::object& body) {
  return {.status = status, .content_type = "application/json", .body = json::serialize(body)};
}

// A batch whose messages the engine has not all answered yet.
struct Sending {
  Dialects::Impl& dialects;
  HttpReply reply;
  JasminBatch batch;
  std::size_t open = 1;

  // Its answer is nobody's: Jasmin reads none either.
  void tell(const std::string& url, const std::string& to, bool is_sent, const std::string& text) const {
    if (url.empty() || dialects.setup.fetch == nullptr) { return; }
    ports::FetchRequest request;
    request.method = "GET";
    request.url = with_query(
        url, {{"batchId", batch.id}, {"to", to}, {"status", is_sent ? "1" : "0"}, {"statusText", text}});
    request.policy = dialects.setup.fetch_policy;
    dialects.setup.fetch->start(std::move(request), [](const Now&, ports::FetchAnswer&&) {});
  }
  void refused(const std::string& to, const std::string& why) {
    tell(batch.errback_url, to, false, "HTTPAPI error: " + why);
    settled();
  }
  // The answer goes when all that was accepted is durable.
  void settled() {
    if (--open > 0) { return; }
    json::object summary{{"batchId", batch.id}, {"messageCount", batch.messages.size()}};
    if (batch.delay_s) { summary["scheduled"] = std::to_string(*batch.delay_s) + "s"; }
    reply.send(told(200, {{"data", std::move(summary)}}));
  }
};

void send_one(const Now& now, const std::shared_ptr<Sending>& sending, const Fields& fields,
              const DialectLogin& login) {
  Dialects::Impl& d = sending->dialects;
  const std::string to = *field(fields, "to");
  ++sending->open;
  if (const auto checked = check_jasmin(fields, JasminCall::kSend); checked.has_error()) {
    return sending->refused(to, checked.error().text);
  }
  auto message = read_jasmin(now, fields, login, d.setup.callbacks);
  if (message.has_error()) { return sending->refused(to, message.error().text); }
  message->call.door_notes = to_octets(message->notes);
  if (sending->batch.delay_s) { message->call.event.schedule = {{}, seconds{*sending->batch.delay_s}}; }
  const bool taken =
      d.setup.engine.call(std::move(message->call), [sending, to, fields](const Now&, const Effect& effect) {
        const auto& said = std::get<AnswerSubmit>(effect);
        if (said.refusal) { return sending->refused(to, jasmin_words(*said.refusal, fields).text); }
        const auto id = sending->dialects.setup.public_ids.format(said.id, MessageIdFormat::kUuid);
        sending->tell(sending->batch.callback_url, to, true, "Success \"" + std::string{id.view()} + '"');
        sending->settled();
      });
  if (!taken) { sending->refused(to, jasmin_words(Refusal::kQueueFull, fields).text); }
}

}  // namespace

void Dialects::Impl::serve_jasmin_batch(const DialectAsk& ask) {
  const auto refuse = [reply = ask.reply](const BatchNo& no) {
    auto response = told(no.status, {{"title", no.title}, {"description", no.description}});
    if (no.status == 401) { response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"aldis\""); }
    reply.send(std::move(response));
  };
  const auto basic = basic_of(ask.request);
  if (!basic) { return refuse({401, "Authentication required", "Please provide a valid Basic auth token"}); }
  if (draining) {
    return refuse({503, "Cannot send batch", "The gateway is stopping; try again in a moment"});
  }
  auto batch = read_batch(ask.now, ask.request.body, setup.callbacks);
  if (batch.has_error()) { return refuse(batch.error()); }
  batch->id = uuid_of(
      hex_of(setup.digests.hmac(ports::DigestKind::kMd5, setup.cache_key, std::to_string(++batches))));
  for (auto& fields : batch->messages) {
    std::erase_if(fields, [](const auto& one) { return one.first == "username" || one.first == "password"; });
    fields.emplace_back("username", basic->user);
    fields.emplace_back("password", basic->password);
  }
  check(ask.now, LoginKind::kJasmin, basic->user, basic->password, ask.request.client,
        [this, refuse, now = ask.now, reply = ask.reply, batch = std::move(*batch)](
            LoginVerdict verdict, const DialectLogin* login) {
          if (verdict != LoginVerdict::kRight) {
            return refuse({412, "Authentication failed", "Authentication failure for username"});
          }
          const auto sending = std::make_shared<Sending>(Sending{*this, reply, batch, 1});
          for (const auto& fields : batch.messages) { send_one(now, sending, fields, *login); }
          sending->settled();
        });
}

}  // namespace aldis::ingress
