// SPDX-License-Identifier: Apache-2.0
// Lists of messages in Twilio's pages, out of history.
#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "ingress/form.hpp"
#include "ingress/message_json.hpp"
#include "ingress/rfc3339.hpp"
#include "ingress/twilio_door.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

constexpr std::size_t kPageDefault = 50;
constexpr std::size_t kPageMax = 1'000;
constexpr auto kDay = hours{24};
constexpr auto kScheduledAhead = hours{36 * 24};  // sent so much later than accepted, at most
constexpr Duration kHistoryPatience = seconds{1};

// What a list was asked for, and where in it.
struct TwilioList {
  Fields filters;  // as given, for the pages' URIs
  ListCall call;
  std::optional<WallTime> sent_since;
  std::optional<WallTime> sent_until;  // before this
  bool backwards = false;              // the page before one: found from its other end
  std::uint64_t page = 0;

  [[nodiscard]] bool is_dated() const { return sent_since || sent_until; }
};

std::optional<WallTime> time_of(const std::string& text) {
  return parse_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
}

// "PA", the direction, and the message that the page comes after.
std::string token_of(const PublicIds& ids, char direction, MessageId id) {
  return std::string{"PA"} + direction + std::string{ids.format({id, 0}, MessageIdFormat::kHex).view()};
}

bool read_dates(const std::string& name, const std::string& value, TwilioList& list) {
  const auto at = time_of(value);
  if (!at) { return false; }
  const bool is_day = value.size() == 10;
  if (name == "DateSent") {
    const auto day = std::chrono::floor<std::chrono::days>(*at);
    list.sent_since = day;
    list.sent_until = day + kDay;
  } else if (name == "DateSent>") {
    list.sent_since = *at;
  } else {
    list.sent_until = *at + (is_day ? microseconds{kDay} : microseconds{1});  // inclusive
  }
  return true;
}

bool read_filter(const PublicIds& ids, const std::string& name, const std::string& value, TwilioList& list) {
  const auto whole = [&]() -> std::optional<std::uint64_t> {
    std::uint64_t number = 0;
    const auto [stop, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    return failed == std::errc{} && stop == value.data() + value.size() ? std::optional{number}
                                                                        : std::nullopt;
  };
  if (value.empty()) { return true; }
  if (name == "PageSize") {
    const auto size = whole();
    list.call.limit = static_cast<std::size_t>(std::clamp<std::uint64_t>(size.value_or(0), 1, kPageMax));
    return size.has_value();
  }
  if (name == "Page") {
    list.page = whole().value_or(0);
    return true;
  }
  if (name == "PageToken") {
    const bool is_token =
        value.size() == 35 && value.starts_with("PA") && (value[2] == 'N' || value[2] == 'P');
    list.call.after = is_token ? message_id_of(ids, std::string_view{value}.substr(3)) : std::nullopt;
    list.backwards = is_token && value[2] == 'P';
    return list.call.after.has_value();
  }
  list.filters.emplace_back(name, value);
  if (name == "To" || name == "From") {
    const auto digits = address_of(std::string_view{value}.substr(0, 20)).digits;
    (name == "To" ? list.call.filter.destination : list.call.filter.source) = digits.view();
    return true;
  }
  return !name.starts_with("DateSent") || read_dates(name, value, list);
}

// Sent after acceptance, by as much as a schedule may put it off.
void settle_filter(AccountId account, TwilioList& list) {
  list.call.filter.account = account;
  if (list.sent_since) { list.call.filter.since = *list.sent_since - kScheduledAhead; }
  if (list.sent_until) { list.call.filter.until = *list.sent_until; }
  if (list.backwards) { list.call.order = history::Order::kOldestFirst; }
}

bool fits(const TwilioList& list, const history::MessageRow& row) {
  if (!list.is_dated()) { return true; }
  return row.sent_at != WallTime{} && (!list.sent_since || row.sent_at >= *list.sent_since) &&
         (!list.sent_until || row.sent_at < *list.sent_until);
}

std::string page_uri(const TwilioList& list, std::string_view sid, std::uint64_t page,
                     const std::string& token) {
  Fields query = list.filters;
  query.emplace_back("PageSize", std::to_string(list.call.limit));
  query.emplace_back("Page", std::to_string(page));
  if (!token.empty()) { query.emplace_back("PageToken", token); }
  return with_query(twilio_account_path(sid) + "/Messages.json", query);
}

void answer(const Dialects::Impl& d, const TwilioAsked& asked, const TwilioList& list, const Now& now,
            const history::Page& page) {
  const PublicIds& ids = d.setup.public_ids;
  const std::string& sid = asked.login->sid;
  std::vector<const history::MessageRow*> rows;
  for (const auto& row : page.rows) { rows.push_back(&row); }
  if (list.backwards) { std::reverse(rows.begin(), rows.end()); }
  const bool has_newer = list.backwards ? page.next.has_value() : list.call.after.has_value();
  const bool has_older = list.backwards || page.next.has_value();
  json::value next = nullptr;
  json::value previous = nullptr;
  if (has_older && !rows.empty()) {
    next = page_uri(list, sid, list.page + 1, token_of(ids, 'N', rows.back()->id));
  }
  if (has_newer && !rows.empty()) {
    previous = page_uri(list, sid, list.page == 0 ? 0 : list.page - 1, token_of(ids, 'P', rows.front()->id));
  }
  json::array messages;
  for (const auto* row : rows) {
    if (!fits(list, *row)) { continue; }
    const auto sent = row->sent_at == WallTime{} ? std::nullopt : std::optional{row->sent_at};
    messages.push_back(twilio_json_of(twilio_message_of(message_of(now, *row), ids, sid, false, sent)));
  }
  const auto start = list.page * list.call.limit;
  const auto count = messages.size();
  asked.reply.send(twilio_json(200, {{"first_page_uri", page_uri(list, sid, 0, {})},
                                     {"next_page_uri", std::move(next)},
                                     {"previous_page_uri", std::move(previous)},
                                     {"uri", page_uri(list, sid, list.page, {})},
                                     {"page", list.page},
                                     {"page_size", list.call.limit},
                                     {"start", start},
                                     {"end", count == 0 ? start : start + count - 1},
                                     {"messages", std::move(messages)}}));
}

}  // namespace

void list_twilio(Dialects::Impl& d, const DialectAsk& ask, TwilioAsked asked) {
  if (d.setup.history == nullptr) {
    return asked.refuse({501, 20501, "This gateway keeps no history to list"});
  }
  TwilioList list;
  list.call.limit = kPageDefault;
  for (const auto& [name, value] : fields_of(ask.request.query)) {
    if (!read_filter(d.setup.public_ids, name, value, list)) {
      return asked.refuse({400, 20001, "Invalid value of the parameter " + name});
    }
  }
  settle_filter(asked.login->login.account, list);
  const ListCall call = list.call;
  d.setup.history->ask(call, kHistoryPatience,
                       [&d, asked, list = std::move(list)](const Now& now, const HistoryAnswer& got) {
                         switch (got.kind) {
                           case HistoryAnswer::Kind::kRows: return answer(d, asked, list, now, got.page);
                           case HistoryAnswer::Kind::kBusy: return asked.busy();
                           case HistoryAnswer::Kind::kNone:
                             return asked.refuse({501, 20501, "This gateway keeps no history to list"});
                           case HistoryAnswer::Kind::kTooMuch:
                           case HistoryAnswer::Kind::kFailed: return asked.refuse(Refusal::kUnavailable);
                         }
                       });
}

}  // namespace aldis::ingress
