// SPDX-License-Identifier: Apache-2.0
#include "aldis/routing/inbound_table.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <stdexcept>
#include <string>

#include "routing/patterns.hpp"

namespace aldis::routing {

namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class T>
using ByNumber = boost::unordered_flat_map<std::string, T, TextHash, std::equal_to<>>;

struct Rule {
  Patterns to;
  Patterns keyword;
  std::vector<OperatorId> operators;
  AccountId account;

  [[nodiscard]] bool holds(const InboundQuery& query, std::string_view first_word) const {
    return (operators.empty() || std::ranges::find(operators, query.op) != operators.end()) &&
           (to.empty() || to.contains(query.destination)) &&
           (keyword.empty() || keyword.contains(first_word));
  }
};

std::string_view first_word_of(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) { return {}; }
  text.remove_prefix(begin);
  return text.substr(0, text.find_first_of(kSpace));
}

AccountId resolve(const AccountResolver& account_of, const std::string& name, const std::string& place) {
  const auto account = account_of(name);
  if (!account) { throw std::invalid_argument(place + ": no account named " + name); }
  return *account;
}

}  // namespace

struct InboundTable::Impl {
  ByNumber<AccountId> owners;
  std::vector<Rule> rules;                         // in file order
  ByNumber<std::vector<std::uint32_t>> by_number;  // rules that name nothing but numbers
  std::vector<std::uint32_t> by_test;              // the others
};

InboundTable::InboundTable(const InboundSettings& settings, const AccountResolver& account_of,
                           const OperatorResolver& operator_of)
    : impl_(std::make_unique<Impl>()) {
  for (const auto& number : settings.numbers) {
    const std::string place = "inbound.numbers[" + number.number + "]";
    if (!impl_->owners.try_emplace(number.number, resolve(account_of, number.account, place)).second) {
      throw std::invalid_argument(place + ": given twice");
    }
  }
  for (const auto& route : settings.routes) {
    const std::string place = "inbound.routes[" + route.name + "]";
    Rule rule{.to = {route.to, Patterns::Case::kExact, place + ".match.to"},
              .keyword = {route.keyword, Patterns::Case::kAny, place + ".match.keyword"},
              .operators = {},
              .account = resolve(account_of, route.account, place)};
    for (const auto& name : route.operators) {
      const auto op = operator_of(name);
      if (!op) { throw std::invalid_argument(place + ".match.operators: no operator named " + name); }
      rule.operators.push_back(*op);
    }
    const auto index = static_cast<std::uint32_t>(impl_->rules.size());
    if (rule.to.empty() || rule.to.has_patterns()) {
      impl_->by_test.push_back(index);
    } else {
      for (const auto& number : rule.to.exact()) { impl_->by_number[number].push_back(index); }
    }
    impl_->rules.push_back(std::move(rule));
  }
}

InboundTable::~InboundTable() = default;
InboundTable::InboundTable(InboundTable&&) noexcept = default;
InboundTable& InboundTable::operator=(InboundTable&&) noexcept = default;

std::optional<AccountId> InboundTable::find(const InboundQuery& query) const {
  const std::string_view word = first_word_of(query.text);
  const std::vector<std::uint32_t> none;
  const auto named = impl_->by_number.find(query.destination);
  const auto& numbered = named == impl_->by_number.end() ? none : named->second;
  auto a = numbered.begin();
  auto b = impl_->by_test.begin();
  while (a != numbered.end() || b != impl_->by_test.end()) {  // both ascend: file order
    const bool take_a = b == impl_->by_test.end() || (a != numbered.end() && *a < *b);
    const Rule& rule = impl_->rules[take_a ? *a++ : *b++];
    if (rule.holds(query, word)) { return rule.account; }
  }
  const auto owner = impl_->owners.find(query.destination);
  return owner == impl_->owners.end() ? std::nullopt : std::optional{owner->second};
}

}  // namespace aldis::routing
