// SPDX-License-Identifier: Apache-2.0
// Which operators may carry a message: rules, prefixes, health.
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/refusal.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::routing {

using AccountResolver = std::function<std::optional<AccountId>(std::string_view name)>;
using OperatorResolver = std::function<std::optional<OperatorId>(std::string_view name)>;

inline constexpr std::size_t kCandidatesMax = 8;  // Message::candidates_tried has a bit for each

struct Candidate {
  OperatorId op;
  std::uint32_t tier = 1;
  std::uint32_t weight = 1;
};

// One entry of `routes:` as decided data. Candidates stand in the order of the file: their index is the bit
// in Message::candidates_tried.
struct Route {
  RouteId id;
  std::string name;
  std::uint32_t priority = 100;
  std::vector<Candidate> candidates;
  std::optional<Refusal> reject;
  bool failover_down = true;
  bool failover_error = true;
};

// Views must live during the call.
struct RouteQuery {
  AccountId account = kNoAccount;
  MessageClass message_class = MessageClass::kTransactional;
  std::string_view source{};
  std::string_view destination{};  // digits
};

// Which operators can take messages now. Kept by the engine, outlives tables: reloads do not change it. Down
// until told.
class Health {
 public:
  void set_up(OperatorId op, bool up) {
    if (up) {
      up_.insert(op);
    } else {
      up_.erase(op);
    }
  }
  [[nodiscard]] bool is_up(OperatorId op) const { return up_.contains(op); }

 private:
  boost::unordered_flat_set<OperatorId> up_;
};

struct Choice {
  OperatorId op;
  std::uint8_t index = 0;  // bit of Message::candidates_tried
  bool failover = false;   // not the first tier as configured, or others have failed it
  bool waits = false;      // no candidate is up: the message waits for this one
};

// A rule that was looked at, for explain.
struct RuleTried {
  enum class Verdict : std::uint8_t { kMatched, kOtherSource, kOtherClass };
  RouteId route;
  std::uint8_t prefix_digits = 0;
  Verdict verdict = Verdict::kMatched;
};

// The routes of one settings generation: immutable but for its counters. Highest priority first, then the
// longest `to` prefix, then file order; all conditions of a route must hold.
//
// Built by the engine at start and reload; throws std::invalid_argument with the place
// ("routes[uk].candidates[0]: no operator named op-c") on anything that cannot be used. A look-up walks one
// prefix tree per set of accounts that routes name, so its cost grows neither with prefixes nor with
// accounts. 12 octets a tree node: 1 M prefixes take 15 to 40 MiB. Not for rewriting, times, labels and
// networks, which settings do not carry yet.
class RoutingTable {
 public:
  RoutingTable(const std::vector<RouteSettings>& routes, const AccountResolver& account_of,
               const OperatorResolver& operator_of);
  ~RoutingTable();
  RoutingTable(RoutingTable&&) noexcept;
  RoutingTable& operator=(RoutingTable&&) noexcept;

  // The route whose rule holds, or nullptr: Refusal::kNoRoute. A route with `reject` is a result like others.
  const Route* find(const RouteQuery& query, std::vector<RuleTried>* trace = nullptr) const;

  // The candidate that takes the message: the lowest tier with one that is up and has room, weighted by
  // `random` (any 64-bit hash; equal values choose alike while health is equal). No such candidate: the first
  // not tried one that has room, and the message waits there. nullopt: all were tried, or none has room
  // (Refusal::kQueueFull). Counts the decision. `has_room(OperatorId)` -> bool.
  template <class HasRoom>
  std::optional<Choice> choose(const Route& route, std::uint8_t tried, std::uint64_t random,
                               const Health& health, HasRoom&& has_room) {
    std::uint8_t up = 0;
    std::uint8_t room = 0;
    for (std::size_t i = 0; i < route.candidates.size(); ++i) {
      const auto bit = static_cast<std::uint8_t>(1u << i);
      if (health.is_up(route.candidates[i].op)) { up |= bit; }
      if ((tried & bit) == 0 && has_room(route.candidates[i].op)) { room |= bit; }
    }
    return choose_among(route, tried, room, up, random);
  }

  // True while a candidate is left that has not failed the message.
  static bool candidate_left(const Route& route, std::uint8_t tried) {
    return (~static_cast<unsigned>(tried) & ((1u << route.candidates.size()) - 1u)) != 0;
  }

  void count_reject(const Route& route) { ++counts_[route.id.value()].reject; }
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  void adopt_counts(const RoutingTable& before);    // after a reload: counters go on, by route name
  void collect(ports::MetricReport& report) const;  // aldis_route_decisions_total

 private:
  struct Rule;
  struct Scope;
  struct Counts {
    std::uint64_t first = 0;
    std::uint64_t failover = 0;
    std::uint64_t reject = 0;
  };

  std::optional<Choice> choose_among(const Route& route, std::uint8_t tried, std::uint8_t room,
                                     std::uint8_t up, std::uint64_t random);

  std::vector<Route> routes_;
  std::vector<Counts> counts_;
  std::vector<Rule> rules_;    // what must hold beside prefix and account; same index as routes_
  std::vector<Scope> scopes_;  // one prefix tree per distinct set of accounts; the first is "every account"
  boost::unordered_flat_map<AccountId, boost::container::small_vector<std::uint32_t, 2>> scopes_of_account_;
};

}  // namespace aldis::routing
