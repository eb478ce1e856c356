// SPDX-License-Identifier: Apache-2.0
#include "aldis/routing/routing_table.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <stdexcept>

#include "aldis/base/mutant.hpp"
#include "routing/patterns.hpp"
#include "routing/prefix_tree.hpp"

namespace aldis::routing {

struct RoutingTable::Rule {
  std::uint32_t route;  // index in routes_, so file order
  std::uint32_t priority;
  std::uint8_t classes;  // bit per class
  Patterns from;
};

struct RoutingTable::Scope {
  PrefixTree tree;  // of indexes in rules_
};

namespace {

constexpr std::uint8_t kEveryClass = (1u << kMessageClasses) - 1u;

[[noreturn]] void refuse(const std::string& place, const std::string& why) {
  throw std::invalid_argument(place + ": " + why);
}

Route route_of(const RouteSettings& settings, std::uint32_t index, const OperatorResolver& operator_of) {
  const std::string place = "routes[" + settings.name + "]";
  Route route{.id = RouteId{index},
              .name = settings.name,
              .priority = settings.priority,
              .candidates = {},
              .reject = settings.reject,
              .failover_down = settings.failover_down,
              .failover_error = settings.failover_error};
  if (settings.candidates.empty() && !settings.reject) { refuse(place, "needs candidates, or reject"); }
  if (settings.candidates.size() > kCandidatesMax) { refuse(place + ".candidates", "more than 8"); }
  for (const auto& candidate : settings.candidates) {
    const std::string where = place + ".candidates[" + std::to_string(route.candidates.size()) + "]";
    const auto op = operator_of(candidate.op);
    if (!op) { refuse(where, "no operator named " + candidate.op); }
    if (candidate.weight == 0) { refuse(where, "weight 0 is below 1"); }
    route.candidates.push_back({.op = *op, .tier = candidate.tier, .weight = candidate.weight});
  }
  return route;
}

std::uint8_t class_bits(const std::vector<MessageClass>& classes) {
  std::uint8_t bits = 0;
  for (const auto c : classes) { bits = static_cast<std::uint8_t>(bits | 1u << static_cast<unsigned>(c)); }
  return classes.empty() ? kEveryClass : bits;
}

std::vector<AccountId> accounts_of(const RouteSettings& settings, const AccountResolver& account_of) {
  std::vector<AccountId> accounts;
  for (const auto& name : settings.match.accounts) {
    const auto account = account_of(name);
    if (!account) { refuse("routes[" + settings.name + "].match.accounts", "no account named " + name); }
    accounts.push_back(*account);
  }
  std::ranges::sort(accounts);
  accounts.erase(std::unique(accounts.begin(), accounts.end()), accounts.end());
  return accounts;
}

void add_prefixes(std::vector<PrefixEntry>& entries, const RouteSettings& settings, std::uint32_t rule) {
  if (settings.match.to.empty()) { entries.push_back({0, rule}); }
  for (std::string_view prefix : settings.match.to) {
    const auto packed = pack_prefix(prefix.starts_with('+') ? prefix.substr(1) : prefix);
    if (!packed) {
      refuse("routes[" + settings.name + "].match.to",
             std::string{prefix} + " is not a prefix of at most 15 digits");
    }
    entries.push_back({*packed, rule});
  }
}

}  // namespace

// Rules stand by priority, then file order, so that ascending indexes are the order in which equal prefixes
// are tried. Routes that name the same accounts share a scope, whose tree holds their prefixes once, however
// many accounts that are.
RoutingTable::RoutingTable(const std::vector<RouteSettings>& routes, const AccountResolver& account_of,
                           const OperatorResolver& operator_of)
    : counts_(routes.size()) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < routes.size(); ++i) {
    routes_.push_back(route_of(routes[i], i, operator_of));
    order.push_back(i);
  }
  std::ranges::stable_sort(order, std::greater{}, [&](std::uint32_t i) { return routes[i].priority; });

  std::map<std::vector<AccountId>, std::size_t> scope_of{{{}, 0}};
  std::vector<std::vector<PrefixEntry>> entries(1);
  for (const std::uint32_t i : order) {
    const auto& settings = routes[i];
    const auto rule = static_cast<std::uint32_t>(rules_.size());
    rules_.push_back(
        {.route = i,
         .priority = settings.priority,
         .classes = class_bits(settings.match.classes),
         .from = {settings.match.from, Patterns::Case::kExact, "routes[" + settings.name + "].match.from"}});
    const auto accounts = accounts_of(settings, account_of);
    const auto [scope, added] = scope_of.try_emplace(accounts, entries.size());
    if (added) {
      for (const auto account : accounts) {
        scopes_of_account_[account].push_back(static_cast<std::uint32_t>(entries.size()));
      }
      entries.emplace_back();
    }
    add_prefixes(entries[scope->second], settings, rule);
  }
  for (auto& list : entries) { scopes_.push_back({PrefixTree{std::move(list)}}); }
}

RoutingTable::~RoutingTable() = default;
RoutingTable::RoutingTable(RoutingTable&&) noexcept = default;
RoutingTable& RoutingTable::operator=(RoutingTable&&) noexcept = default;

const Route* RoutingTable::find(const RouteQuery& query, std::vector<RuleTried>* trace) const {
  struct Cursor {
    std::span<const std::uint32_t> rules;
    std::uint8_t digits;
  };
  boost::container::small_vector<Cursor, 24> cursors;
  const auto collect = [&](std::span<const std::uint32_t> rules, std::uint8_t digits) {
    cursors.push_back({rules, digits});
  };
  scopes_[0].tree.walk(query.destination, collect);
  if (const auto scopes = scopes_of_account_.find(query.account); scopes != scopes_of_account_.end()) {
    for (const auto scope : scopes->second) { scopes_[scope].tree.walk(query.destination, collect); }
  }

  const auto better = [this](const Cursor& a, const Cursor& b) {
    const Rule& x = rules_[a.rules.front()];
    const Rule& y = rules_[b.rules.front()];
    if (x.priority != y.priority) { return x.priority > y.priority; }
    return a.digits != b.digits && !ALDIS_MUTANT(39) ? a.digits > b.digits : x.route < y.route;
  };
  const auto class_bit = 1u << static_cast<unsigned>(query.message_class);
  while (!cursors.empty()) {
    const auto best = std::min_element(cursors.begin(), cursors.end(), better);
    const Rule& rule = rules_[best->rules.front()];
    auto verdict = RuleTried::Verdict::kMatched;
    if ((rule.classes & class_bit) == 0) {
      verdict = RuleTried::Verdict::kOtherClass;
    } else if (!rule.from.empty() && !rule.from.contains(query.source)) {
      verdict = RuleTried::Verdict::kOtherSource;
    }
    if (trace != nullptr) { trace->push_back({RouteId{rule.route}, best->digits, verdict}); }
    if (verdict == RuleTried::Verdict::kMatched) { return &routes_[rule.route]; }
    best->rules = best->rules.subspan(1);
    if (best->rules.empty()) { cursors.erase(best); }
  }
  return nullptr;
}

std::optional<Choice> RoutingTable::choose_among(const Route& route, std::uint8_t tried, std::uint8_t room,
                                                 std::uint8_t up, std::uint64_t random) {
  const auto& candidates = route.candidates;
  const auto has = [](unsigned bits, std::size_t i) { return (bits >> i & 1u) != 0; };
  unsigned able = route.failover_down && !ALDIS_MUTANT(40) ? room & up : room;
  const bool waits = able == 0;
  if (waits) { able = room; }
  if (able == 0) { return std::nullopt; }

  std::uint32_t tier_first = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t tier = tier_first;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    tier_first = std::min(tier_first, candidates[i].tier);
    if (has(able, i)) { tier = std::min(tier, candidates[i].tier); }
  }
  std::uint64_t weights = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (has(able, i) && candidates[i].tier == tier) { weights += candidates[i].weight; }
  }
  // Nobody is up: all wait for the same one, so that the first to come back finds them in order.
  std::uint64_t drawn = waits ? 0 : ((random >> 32) * weights) >> 32;
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!has(able, i) || candidates[i].tier != tier) { continue; }
    chosen = i;
    if (drawn < candidates[i].weight) { break; }
    drawn -= candidates[i].weight;
  }
  const Choice choice{.op = candidates[chosen].op,
                      .index = static_cast<std::uint8_t>(chosen),
                      .failover = tried != 0 || tier != tier_first,
                      .waits = waits || !has(up, chosen)};
  Counts& counts = counts_[route.id.value()];
  ++(choice.failover ? counts.failover : counts.first);
  return choice;
}

void RoutingTable::adopt_counts(const RoutingTable& before) {
  std::map<std::string_view, const Counts*> known;
  for (const auto& route : before.routes_) { known[route.name] = &before.counts_[route.id.value()]; }
  for (const auto& route : routes_) {
    if (const auto found = known.find(route.name); found != known.end()) {
      counts_[route.id.value()] = *found->second;
    }
  }
}

void RoutingTable::collect(ports::MetricReport& report) const {
  constexpr std::string_view kName = "aldis_route_decisions_total";
  for (const auto& route : routes_) {
    const Counts& counts = counts_[route.id.value()];
    report.counter(kName, {{"route", route.name}, {"outcome", "first"}}, static_cast<double>(counts.first));
    report.counter(kName, {{"route", route.name}, {"outcome", "failover"}},
                   static_cast<double>(counts.failover));
    report.counter(kName, {{"route", route.name}, {"outcome", "reject"}}, static_cast<double>(counts.reject));
  }
}

}  // namespace aldis::routing
