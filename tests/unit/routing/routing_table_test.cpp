// SPDX-License-Identifier: Apache-2.0
#include "aldis/routing/routing_table.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <random>

using namespace aldis;
using namespace aldis::routing;

namespace {

// "op-3" and "acct-7" are operator 3 and account 7; other names are unknown.
std::optional<std::uint32_t> number_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) { return std::nullopt; }
  return static_cast<std::uint32_t>(std::stoul(std::string{name.substr(prefix.size())}));
}
std::optional<AccountId> account_of(std::string_view name) {
  const auto n = number_in(name, "acct-");
  return n ? std::optional{AccountId{*n}} : std::nullopt;
}
std::optional<OperatorId> operator_of(std::string_view name) {
  const auto n = number_in(name, "op-");
  return n ? std::optional{OperatorId{*n}} : std::nullopt;
}

RouteSettings route(std::string name, std::vector<std::string> to, std::uint32_t priority = 100) {
  RouteSettings r;
  r.name = std::move(name);
  r.priority = priority;
  r.match.to = std::move(to);
  r.candidates = {{.op = "op-1"}};
  return r;
}

RoutingTable table_of(const std::vector<RouteSettings>& routes) { return {routes, account_of, operator_of}; }

std::string found(const RoutingTable& table, const RouteQuery& query) {
  const Route* r = table.find(query);
  return r == nullptr ? "" : r->name;
}
std::string found(const RoutingTable& table, std::string_view to) {
  return found(table, RouteQuery{.destination = to});
}

const auto kRoom = [](OperatorId) { return true; };

}  // namespace

TEST_CASE("the highest priority goes first, then the longest prefix, then the order of the file") {
  const auto table =
      table_of({route("rest", {}), route("uk", {"44"}), route("uk-mobile", {"447", "+4478"}),
                route("uk-again", {"447"}), route("vip", {"4"}, 200), route("last", {"44770"}, 50)});
  CHECK(found(table, "33612345678") == "rest");
  CHECK(found(table, "447700900123") == "vip");
  const auto plain = table_of({route("rest", {}), route("uk", {"44"}), route("uk-again", {"44"}),
                               route("uk-mobile", {"447"}), route("last", {"44770"}, 50)});
  CHECK(found(plain, "447700900123") == "uk-mobile");
  CHECK(found(plain, "4420") == "uk");
  CHECK(found(plain, "44") == "uk");
  CHECK(found(plain, "4") == "rest");
  CHECK(found(plain, "") == "rest");
}

TEST_CASE("without a route that holds there is none") {
  CHECK(found(table_of({}), "447700900123").empty());
  CHECK(found(table_of({route("uk", {"44"})}), "33").empty());
  CHECK(found(table_of({route("uk", {"447700900123456"})}), "4477009001234").empty());
}

TEST_CASE("all conditions of a route must hold, and a list is any of") {
  auto sender = route("sender", {"44"});
  sender.match.from = {"ACME", "re:4477[0-9]{3}"};
  auto accounts = route("accounts", {"44"});
  accounts.match.accounts = {"acct-1", "acct-2"};
  auto otp = route("otp", {"44"});
  otp.match.classes = {MessageClass::kOtp};
  auto rest = route("rest", {});
  const auto table = table_of({sender, accounts, otp, rest});
  CHECK(found(table, {.account = AccountId{1}, .source = "ACME", .destination = "4420"}) == "sender");
  CHECK(found(table, {.account = AccountId{1}, .source = "4477123", .destination = "4420"}) == "sender");
  CHECK(found(table, {.account = AccountId{1}, .source = "44771234", .destination = "4420"}) == "accounts");
  CHECK(found(table, {.account = AccountId{1}, .source = "acme", .destination = "4420"}) == "accounts");
  CHECK(found(table, {.account = AccountId{3},
                      .message_class = MessageClass::kOtp,
                      .source = "x",
                      .destination = "4420"}) == "otp");
  CHECK(found(table, {.account = AccountId{3},
                      .message_class = MessageClass::kBulk,
                      .source = "x",
                      .destination = "4420"}) == "rest");

  std::vector<RuleTried> trace;
  table.find(
      {.account = AccountId{3}, .message_class = MessageClass::kBulk, .source = "x", .destination = "4420"},
      &trace);
  REQUIRE(trace.size() == 3);
  CHECK(trace[0].verdict == RuleTried::Verdict::kOtherSource);
  CHECK(trace[1].verdict == RuleTried::Verdict::kOtherClass);
  CHECK(trace[2].verdict == RuleTried::Verdict::kMatched);
  CHECK(trace[2].prefix_digits == 0);
}

TEST_CASE("the tree finds what a naive matcher finds, for random routes and numbers") {
  std::mt19937_64 random{23};
  const auto digits = [&](std::size_t most) {
    std::string text;
    for (std::size_t n = random() % (most + 1); n > 0; --n) { text += static_cast<char>('0' + random() % 3); }
    return text;
  };
  for (int round = 0; round < 60; ++round) {
    std::vector<RouteSettings> settings;
    for (std::size_t i = 0, n = random() % 30; i < n; ++i) {
      auto r = route("r" + std::to_string(i), {}, static_cast<std::uint32_t>(random() % 3));
      for (std::size_t k = random() % 4; k > 0; --k) { r.match.to.push_back(digits(6)); }
      for (std::size_t k = random() % 3; k > 0; --k) {
        r.match.accounts.push_back("acct-" + std::to_string(random() % 4));
      }
      if (random() % 4 == 0) { r.match.classes = {MessageClass::kBulk}; }
      if (random() % 4 == 0) { r.match.from = {"a"}; }
      settings.push_back(std::move(r));
    }
    const auto table = table_of(settings);
    for (int i = 0; i < 300; ++i) {
      const std::string to = digits(9);
      const RouteQuery query{.account = AccountId{static_cast<std::uint32_t>(random() % 5)},
                             .message_class = MessageClass(random() % 3),
                             .source = random() % 2 == 0 ? "a" : "b",
                             .destination = to};
      const RouteSettings* best = nullptr;
      std::size_t best_digits = 0;
      for (const auto& r : settings) {
        std::optional<std::size_t> length;
        if (r.match.to.empty()) { length = 0; }
        for (const auto& prefix : r.match.to) {
          if (to.starts_with(prefix)) { length = std::max(length.value_or(0), prefix.size()); }
        }
        bool account = r.match.accounts.empty();
        for (const auto& name : r.match.accounts) { account = account || account_of(name) == query.account; }
        const bool holds = length && account &&
                           (r.match.classes.empty() || query.message_class == MessageClass::kBulk) &&
                           (r.match.from.empty() || query.source == "a");
        if (!holds) { continue; }
        if (best == nullptr || r.priority > best->priority ||
            (r.priority == best->priority && *length > best_digits)) {
          best = &r;
          best_digits = *length;
        }
      }
      REQUIRE(found(table, query) == (best == nullptr ? "" : best->name));
    }
  }
}

TEST_CASE("routes that cannot be used are refused by place") {
  auto unknown = route("uk", {});
  unknown.candidates.push_back({.op = "nobody"});
  CHECK_THROWS_WITH(table_of({unknown}), "routes[uk].candidates[1]: no operator named nobody");
  auto account = route("uk", {});
  account.match.accounts = {"nobody"};
  CHECK_THROWS_WITH(table_of({account}), "routes[uk].match.accounts: no account named nobody");
  CHECK_THROWS_WITH(table_of({route("uk", {"44x"})}), Catch::Contains("44x"));
  CHECK_THROWS_WITH(table_of({route("uk", {"4412345678901234"})}), Catch::Contains("15 digits"));
  auto pattern = route("uk", {});
  pattern.match.from = {"re:["};
  CHECK_THROWS_WITH(table_of({pattern}), Catch::Contains("routes[uk].match.from: bad pattern"));
  auto nothing = route("uk", {});
  nothing.candidates.clear();
  CHECK_THROWS_WITH(table_of({nothing}), "routes[uk]: needs candidates, or reject");
  auto many = route("uk", {});
  many.candidates.assign(9, {.op = "op-1"});
  CHECK_THROWS_WITH(table_of({many}), Catch::Contains("more than 8"));
}

TEST_CASE("a route may refuse") {
  auto r = route("no", {"881"});
  r.candidates.clear();
  r.reject = Refusal::kDestinationBlocked;
  auto table = table_of({r});
  const Route* hit = table.find({.destination = "8816"});
  REQUIRE(hit != nullptr);
  CHECK(hit->reject == Refusal::kDestinationBlocked);
}

namespace {
RoutingTable two_tiers(bool failover_down = true) {
  auto r = route("r", {});
  r.failover_down = failover_down;
  r.candidates = {{.op = "op-9", .tier = 2, .weight = 1},
                  {.op = "op-1", .tier = 1, .weight = 70},
                  {.op = "op-2", .tier = 1, .weight = 30}};
  return table_of({r});
}
Health up(std::initializer_list<std::uint32_t> operators) {
  Health health;
  for (const auto op : operators) { health.set_up(OperatorId{op}, true); }
  return health;
}
}  // namespace

TEST_CASE("inside the lowest tier that is up, candidates share by weight") {
  auto table = two_tiers();
  const Route& r = table.routes()[0];
  std::mt19937_64 random{1};
  std::map<std::uint32_t, int> taken;
  for (int i = 0; i < 10'000; ++i) {
    const auto choice = table.choose(r, 0, random(), up({1, 2, 9}), kRoom);
    REQUIRE(choice);
    REQUIRE_FALSE(choice->failover);
    REQUIRE_FALSE(choice->waits);
    ++taken[choice->op.value()];
  }
  CHECK(taken[9] == 0);
  CHECK(taken[1] == Approx(7000).epsilon(0.05));
  CHECK(taken[2] == Approx(3000).epsilon(0.1));
  CHECK(table.choose(r, 0, 42, up({1, 2, 9}), kRoom)->index ==
        table.choose(r, 0, 42, up({1, 2, 9}), kRoom)->index);
}

TEST_CASE(
    "what is down, full or has failed the message is passed over; nobody up means waiting for the first") {
  auto table = two_tiers();
  const Route& r = table.routes()[0];
  constexpr std::uint64_t kHigh = ~std::uint64_t{0};
  CHECK(table.choose(r, 0, kHigh, up({1}), kRoom)->op == OperatorId{1});
  const auto second_tier = table.choose(r, 0, kHigh, up({9}), kRoom);
  CHECK(second_tier->op == OperatorId{9});
  CHECK(second_tier->index == 0);
  CHECK(second_tier->failover);
  CHECK(table.choose(r, 0b010, 0, up({1, 2, 9}), kRoom)->op == OperatorId{2});
  CHECK(table.choose(r, 0b010, 0, up({1, 2, 9}), kRoom)->failover);
  const auto waiting = table.choose(r, 0, kHigh, up({}), kRoom);
  CHECK(waiting->op == OperatorId{1});
  CHECK(waiting->waits);
  CHECK(table.choose(r, 0b010, kHigh, up({}), kRoom)->op == OperatorId{2});
  CHECK_FALSE(table.choose(r, 0b111, kHigh, up({1, 2, 9}), kRoom));
  CHECK_FALSE(RoutingTable::candidate_left(r, 0b111));
  CHECK(RoutingTable::candidate_left(r, 0b011));
  const auto first_is_full = [](OperatorId op) { return op != OperatorId{1}; };
  CHECK(table.choose(r, 0, 0, up({1}), first_is_full)->op == OperatorId{2});
  CHECK(table.choose(r, 0, 0, up({1, 9}), first_is_full)->op == OperatorId{9});
  CHECK_FALSE(table.choose(r, 0, 0, up({1, 2, 9}), [](OperatorId) { return false; }));
}

TEST_CASE("a route without failover on down keeps to its first tier, up or not") {
  auto table = two_tiers(false);
  const auto choice = table.choose(table.routes()[0], 0, 0, up({9}), kRoom);
  CHECK(choice->op == OperatorId{1});
  CHECK(choice->waits);
}

TEST_CASE("decisions are counted by route, and go on over a reload") {
  struct Report final : ports::MetricReport {
    std::map<std::string, double> values;
    void counter(std::string_view, ports::Labels labels, double value) override {
      values[std::string{labels.begin()[0].second} + "/" + std::string{labels.begin()[1].second}] = value;
    }
    void gauge(std::string_view, ports::Labels, double) override {}
    void histogram(std::string_view, ports::Labels, std::span<const double>, std::span<const std::uint64_t>,
                   double) override {}
  } report;
  auto table = two_tiers();
  table.choose(table.routes()[0], 0, 0, up({1}), kRoom);
  table.choose(table.routes()[0], 0, 0, up({1}), kRoom);
  table.choose(table.routes()[0], 0b010, 0, up({1}), kRoom);
  table.count_reject(table.routes()[0]);
  auto reloaded = two_tiers();
  reloaded.adopt_counts(table);
  reloaded.collect(report);
  CHECK(report.values["r/first"] == 2);
  CHECK(report.values["r/failover"] == 1);
  CHECK(report.values["r/reject"] == 1);
}

TEST_CASE("a million prefixes and a thousand accounts with routes of their own cost no more than one",
          "[.][bench]") {
  std::mt19937_64 random{3};
  auto large = route("large", {});
  for (int i = 0; i < 1'000'000; ++i) {
    large.match.to.push_back(std::to_string(10'000'000 + random() % 90'000'000));
  }
  std::vector<RouteSettings> settings{large, route("rest", {})};
  for (int i = 0; i < 1000; ++i) {
    settings.push_back(route("a" + std::to_string(i), {"44"}, 90));
    settings.back().match.accounts = {"acct-" + std::to_string(i)};
  }
  const auto table = table_of(settings);
  std::vector<std::string> numbers;
  for (int i = 0; i < 200'000; ++i) {
    numbers.push_back(std::to_string(100'000'000'000 + random() % 900'000'000'000));
  }
  const auto start = std::chrono::steady_clock::now();
  std::size_t hits = 0;
  for (const auto& number : numbers) {
    hits += table.find({.account = AccountId{7}, .destination = number})->name == "large" ? 1u : 0u;
  }
  const auto took =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  WARN("look-up " << took / static_cast<double>(numbers.size()) << " ns, hits " << hits);
}
