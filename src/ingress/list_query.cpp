// SPDX-License-Identifier: Apache-2.0
#include "ingress/list_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "aldis/base/siphash.hpp"
#include "aldis/ingress/callback_event.hpp"
#include "ingress/form.hpp"
#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

using api::Code;
using api::Fault;
using api::Problem;

namespace {

constexpr Duration kSinceDefault = hours{24};
constexpr Duration kCursorLasts = hours{24};
constexpr std::size_t kPrefixDigitsMin = 6;
constexpr std::size_t kLimitMax = 1000;
constexpr std::size_t kTextMax = 64;  // of a label, a reference, an operator's id, a number
constexpr Duration kWaitMax = seconds{10};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A plus that nobody encoded has become a space.
std::string_view without_plus(std::string_view text) {
  return text.starts_with('+') || text.starts_with(' ') ? text.substr(1) : text;
}

std::uint32_t statuses_named(std::string_view word) {
  std::uint32_t bits = 0;
  for (unsigned status = 0; status <= static_cast<unsigned>(Status::kUnknown); ++status) {
    if (status_word(static_cast<Status>(status)) == word) { bits |= 1u << status; }
  }
  return bits;
}

// Filters of the specification that have no column: refused, and not passed over.
constexpr std::array<std::string_view, 4> kNotYet{"class", "door", "country", "error"};

class QueryReader {
 public:
  QueryReader(const Now& now, const Directory& directory) : now_(now), directory_(directory) {}

  void take(const std::string& name, const std::string& value) {
    if (name == "account" || name == "after") { return; }
    if (name != "status" && std::find(seen_.begin(), seen_.end(), name) != seen_.end()) {
      return wrong(name, Code::kNotImplemented, "only status may have more than one value");
    }
    seen_.push_back(name);
    if (value.empty() || value.size() > kTextMax) {
      return wrong(name, Code::kInvalidField, "1 to 64 octets are wanted");
    }
    if (!take_text(name, value) && !take_time(name, value) && !take_choice(name, value)) {
      const bool known = std::find(kNotYet.begin(), kNotYet.end(), name) != kNotYet.end();
      wrong(name, known ? Code::kNotImplemented : Code::kUnknownField,
            known
                ? "history cannot be searched by it yet"
                : "limit, after, order, to, from, status, label, reference, operator, operator_id, since and "
                  "until are known");
    }
  }
  [[nodiscard]] bool seen(std::string_view name) const {
    return std::find(seen_.begin(), seen_.end(), name) != seen_.end();
  }

  ListQuery query;
  std::vector<Fault> faults;

 private:
  bool take_text(const std::string& name, const std::string& value);
  bool take_time(const std::string& name, const std::string& value);
  bool take_choice(const std::string& name, const std::string& value);
  void take_number(const std::string& value);
  void wrong(const std::string& name, Code code, std::string detail) {
    faults.push_back({name, code, std::move(detail)});
  }

  const Now& now_;
  const Directory& directory_;
  std::vector<std::string> seen_;
};

void QueryReader::take_number(const std::string& value) {
  std::string_view digits = without_plus(value);
  const bool prefix = digits.ends_with('*');
  if (prefix) { digits.remove_suffix(1); }
  if (!all_digits(digits) || (prefix && digits.size() < kPrefixDigitsMin)) {
    return wrong("to", Code::kInvalidField, "a number is wanted, or its first six digits or more and a '*'");
  }
  query.filter.destination = digits;
  query.filter.destination_prefix = prefix;
}

bool QueryReader::take_text(const std::string& name, const std::string& value) {
  if (name == "to") {
    take_number(value);
  } else if (name == "from") {
    query.filter.source = all_digits(without_plus(value)) ? without_plus(value) : std::string_view{value};
  } else if (name == "label") {
    query.filter.label = value;
  } else if (name == "reference") {
    query.filter.reference = value;
  } else if (name == "operator_id") {
    query.filter.operator_id = value;
  } else {
    return false;
  }
  return true;
}

bool QueryReader::take_time(const std::string& name, const std::string& value) {
  if (name != "since" && name != "until") { return false; }
  const auto at = parse_rfc3339(value);
  if (!at) {
    wrong(name, Code::kInvalidField, "a time like 2027-01-01T00:00:00Z is wanted");
    return true;
  }
  (name == "since" ? query.filter.since : query.filter.until) = at;
  return true;
}

bool QueryReader::take_choice(const std::string& name, const std::string& value) {
  if (name == "limit") {
    const auto read = std::from_chars(value.data(), value.data() + value.size(), query.limit);
    if (read.ptr != value.data() + value.size() || query.limit < 1 || query.limit > kLimitMax) {
      wrong(name, Code::kInvalidField, "1 to 1000 are wanted");
    }
  } else if (name == "order") {
    if (value != "desc" && value != "asc") { wrong(name, Code::kInvalidField, "desc or asc is wanted"); }
    query.order = value == "asc" ? history::Order::kOldestFirst : history::Order::kNewestFirst;
  } else if (name == "status") {
    const auto bits = statuses_named(value);
    if (bits == 0) { wrong(name, Code::kInvalidField, "there is no such status"); }
    query.filter.statuses |= bits;
  } else if (name == "operator") {
    const OperatorId op = directory_.find_operator(value);
    if (op == kNoOperator) { wrong(name, Code::kInvalidField, "there is no such operator"); }
    query.filter.op = op;
  } else {
    return false;
  }
  return true;
}

// --- cursors: the id as customers know ids, when it was given, where the list began, and what it was of ----

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kNumberDigits = 16;
constexpr std::size_t kCursorDigits = kIdDigits + 3 * kNumberDigits;

std::string hex16(std::uint64_t number) {
  std::string out(kNumberDigits, '0');
  for (auto at = out.rbegin(); at != out.rend(); ++at, number >>= 4u) {
    *at = "0123456789abcdef"[number & 15u];
  }
  return out;
}

std::uint64_t micros(WallTime at) { return static_cast<std::uint64_t>(at.time_since_epoch().count()); }

// Against mix-ups, not against forgery: whoever makes one up sees no more than their own list.
std::uint64_t check_of(std::string_view head, const ListQuery& query) {
  constexpr SipKey kKey{0x616c6469732e6375, 0x72736f722e763100};
  const history::Filter& f = query.filter;
  std::string all{head};
  for (const std::string_view part :
       {std::string_view{f.destination}, std::string_view{f.source}, std::string_view{f.operator_id},
        std::string_view{f.label}, std::string_view{f.reference}}) {
    all.append(part).push_back('\0');
  }
  all.push_back(f.destination_prefix ? '*' : '=');
  all.push_back(query.order == history::Order::kOldestFirst ? '+' : '-');
  all += hex16(f.statuses) + hex16(f.op ? f.op->value() : ~0ull) + hex16(f.until ? micros(*f.until) : ~0ull);
  return siphash24(kKey, all);
}

std::optional<Problem> take_cursor(const Now& now, std::string_view text, bool since_given,
                                   const PublicIds& ids, ListQuery& query) {
  const Problem unknown{Code::kInvalidCursor, "take the cursor from \"next\", with the same filters"};
  const auto number = [&](std::size_t nth) {
    std::uint64_t out = 0;
    const char* at = text.data() + kIdDigits + nth * kNumberDigits;
    return std::from_chars(at, at + kNumberDigits, out, 16).ptr == at + kNumberDigits ? out : 0;
  };
  if (text.size() != kCursorDigits) { return unknown; }
  const auto id = ids.parse(text.substr(0, kIdDigits));
  if (!id || id->short_id != 0) { return unknown; }
  const WallTime issued{microseconds{static_cast<std::int64_t>(number(0))}};
  const WallTime since{microseconds{static_cast<std::int64_t>(number(1))}};
  if (number(2) != check_of(text.substr(0, kCursorDigits - kNumberDigits), query)) { return unknown; }
  if (since_given && query.filter.since != since) { return unknown; }
  if (issued + kCursorLasts < now.wall) {
    return Problem{Code::kCursorExpired, "a cursor lasts for a day; begin the list again"};
  }
  query.filter.since = since;
  query.after = id->id;
  return std::nullopt;
}

}  // namespace

Result<ListQuery, Problem> read_list_query(const Now& now, std::string_view query, const Directory& directory,
                                           const PublicIds& ids) {
  QueryReader reader(now, directory);
  const Fields fields = fields_of(query);
  for (const auto& [name, value] : fields) { reader.take(name, value); }
  if (!reader.faults.empty()) { return Problem{std::move(reader.faults)}; }
  ListQuery& read = reader.query;
  if (const std::string* cursor = field(fields, "after")) {
    if (auto refused = take_cursor(now, *cursor, reader.seen("since"), ids, read)) {
      return std::move(*refused);
    }
  }
  if (!read.filter.since) {
    read.filter.since = now.wall - std::chrono::duration_cast<microseconds>(kSinceDefault);
  }
  return std::move(read);
}

std::string cursor_after(const Now& now, MessageId last, const ListQuery& query, const PublicIds& ids) {
  std::string text{ids.format({last, 0}, MessageIdFormat::kHex).view()};
  text += hex16(micros(now.wall)) + hex16(micros(*query.filter.since));
  return text + hex16(check_of(text, query));
}

std::string with_cursor(std::string_view query, std::string_view cursor) {
  Fields fields = fields_of(query);
  std::erase_if(fields, [](const auto& one) { return one.first == "after"; });
  fields.emplace_back("after", cursor);
  return form_of(fields);
}

std::optional<Duration> wish_to_wait(std::string_view prefer) {
  constexpr std::string_view kWait = "wait=";
  while (!prefer.empty()) {
    std::string_view one = prefer.substr(0, prefer.find(','));
    prefer.remove_prefix(std::min(prefer.size(), one.size() + 1));
    while (one.starts_with(' ')) { one.remove_prefix(1); }
    if (!one.starts_with(kWait)) { continue; }
    one.remove_prefix(kWait.size());
    std::uint32_t wanted = 0;
    const auto read = std::from_chars(one.data(), one.data() + one.size(), wanted);
    if (read.ec != std::errc{}) { continue; }
    return std::min<Duration>(seconds{wanted}, kWaitMax);
  }
  return std::nullopt;
}

}  // namespace aldis::ingress
