// SPDX-License-Identifier: Apache-2.0
// Random customers, answers and losses; the oracle is what the sessions saw.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "unit/notify/fixture.hpp"

using namespace aldis;
using namespace aldis::notify;
using namespace aldis::notify::test;

namespace {

struct World {
  explicit World(std::uint32_t seed) : random(seed) {
    desk.outbox.set_account(kOther,
                            {.fanout = Fanout::kSubmitter, .deliver_rate = {}, .retention = hours{72}});
  }

  using Name = std::pair<std::uint64_t, std::uint16_t>;  // message, status_seq
  Desk desk;
  std::mt19937 random;
  std::uint64_t sessions_made = 0;
  std::map<std::uint64_t, std::uint16_t> window;  // open sessions
  std::map<std::uint64_t, std::vector<Delivery>> in_work;
  std::set<Name> owed;
  std::set<Name> done;
  std::map<std::uint64_t, std::uint16_t> newest_done;  // by message
  std::uint64_t delivered = 0;

  std::uint32_t dice(std::uint32_t sides) { return static_cast<std::uint32_t>(random() % sides); }

  void owe() {
    const bool another = !desk.messages.empty() && dice(3) == 0;
    Message& m = another ? desk.messages[dice(static_cast<std::uint32_t>(desk.messages.size()))]
                         : desk.message(AccountId{dice(2)});
    desk.owe(m, Status::kDelivered,
             SessionId{sessions_made == 0 ? 0 : 1 + dice(static_cast<std::uint32_t>(sessions_made))});
    owed.insert({m.id.value(), m.status_seq});
  }
  void bind() {
    const std::uint64_t id = ++sessions_made;
    window[id] = static_cast<std::uint16_t>(1 + dice(5));
    desk.bind(id, window[id], AccountId{dice(2)});
  }
  void lose() {
    if (window.empty()) { return; }
    const auto it = std::next(window.begin(), dice(static_cast<std::uint32_t>(window.size())));
    desk.outbox.on_session_closed(desk.now, SessionId{it->first});
    in_work.erase(it->first);
    window.erase(it);
  }
  void pump() {
    for (const Delivery& d : desk.pump()) {
      ++delivered;
      const Name name{d.receipt.message.value(), d.receipt.status_seq};
      REQUIRE(owed.count(name) == 1);
      REQUIRE(done.count(name) == 0);                       // never after its acknowledgement
      REQUIRE(newest_done[name.first] + 1 == name.second);  // in the order of its message
      auto& here = in_work[d.session.value()];
      here.push_back(d);
      REQUIRE(window.count(d.session.value()) == 1);
      REQUIRE(here.size() <= window[d.session.value()]);
    }
  }
  void answer(bool kindly) {
    for (auto& [session, deliveries] : in_work) {
      if (deliveries.empty()) { continue; }
      const std::uint32_t pick = dice(static_cast<std::uint32_t>(deliveries.size()));
      const Delivery d = deliveries[pick];
      deliveries.erase(deliveries.begin() + pick);
      const std::uint32_t luck = kindly ? 9 : dice(10);
      const auto settled = luck == 0   ? desk.time_out(d)
                           : luck == 1 ? desk.answer(d, kThrottled)
                           : luck == 2 ? desk.answer(d, kSystemError)
                                       : desk.answer(d);
      REQUIRE(settled);
      const Name name{d.receipt.message.value(), d.receipt.status_seq};
      if (settled->kind == Settled::Kind::kAcknowledged) {
        done.insert(name);
        newest_done[name.first] = name.second;
      }
    }
  }
};

}  // namespace

TEST_CASE("every owed item is delivered until acknowledged, never after, whatever sessions do", "[D7]") {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    World world{seed};
    for (int turn = 0; turn < 2'000; ++turn) {
      switch (world.dice(8)) {
        case 0:
        case 1:
        case 2: world.owe(); break;
        case 3:
          if (world.window.size() < 6) { world.bind(); }
          break;
        case 4:
          if (world.dice(4) == 0) { world.lose(); }
          break;
        case 5: world.desk.wait(milliseconds{world.dice(4'000)}); break;
        default: world.answer(false); break;
      }
      world.pump();
    }
    for (int session = 0; session < 8; ++session) { world.bind(); }
    // Everybody is well again: everything must get through within the longest pause.
    for (int turn = 0; turn < 5'000 && world.done.size() < world.owed.size(); ++turn) {
      world.pump();
      world.answer(true);
      if (turn % 20 == 0) { world.desk.wait(seconds{10}); }
    }
    REQUIRE(world.done == world.owed);
    REQUIRE(world.desk.outbox.size() == 0);
    REQUIRE(world.desk.dead.empty());
    REQUIRE(world.delivered > world.owed.size());  // the losses did happen
  }
}
