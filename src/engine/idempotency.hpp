// SPDX-License-Identifier: Apache-2.0
// Requests that were accepted under an idempotency key. Private to src/engine.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/siphash.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/stored.hpp"
#include "aldis/engine/idempotent_request.hpp"

namespace aldis::engine {

struct State;

// The ACCEPT record has the key's hash, so it is exactly as durable as the message. Before that record's
// segment can go, with each checkpoint, keys that stand nowhere else are written into pages: stored things
// that live until the newest key on them is past the retention. Keeps the newest kMax of them in memory, 60
// octets each; older ones are forgotten.
class Idempotency {
 public:
  static constexpr std::size_t kMax = 1'000'000;

  Idempotency(SipKey key, Duration retention) : key_(key), retention_(retention) {}

  [[nodiscard]] std::uint64_t hash_of(AccountId account, Octets key) const;  // never 0
  [[nodiscard]] const IdempotentRequest* find(const Now& now, std::uint64_t key) const;
  // It is being accepted: its image is not written yet, or not durable.
  [[nodiscard]] bool in_flight(std::uint64_t key, Lsn durable) const;

  void accepted(const IdempotentRequest& request);
  // For the first image of that message: the request that it goes with, if any.
  std::optional<IdempotentRequest> take_fresh(MessageId message);
  void written(std::uint64_t key, Lsn end);

  void replay_page(std::string_view name, Octets octets);
  void replay(const IdempotentRequest& request);  // of an ACCEPT
  // What was found is in order of time and no more than it may be.
  void replayed(const Now& now);

  // With each checkpoint: pages for what stands in ACCEPTs only, and the end of old ones.
  void write_pages(State& s, const Now& now);

 private:
  struct Page {
    std::string name;
    WallTime newest{};
  };
  void forget_old(const Now& now);

  const SipKey key_;
  const Duration retention_;
  struct Entry {
    IdempotentRequest request;
    Lsn end{};  // of its ACCEPT; zero = not written yet
  };
  boost::unordered_flat_map<std::uint64_t, Entry> entries_;
  std::deque<std::pair<WallTime, std::uint64_t>> order_;
  boost::unordered_flat_map<MessageId, std::uint64_t> fresh_;  // accepted in this turn
  std::vector<std::uint64_t> unpaged_;
  std::deque<Page> pages_;  // oldest first
  std::uint64_t next_page_ = 1;
};

}  // namespace aldis::engine
