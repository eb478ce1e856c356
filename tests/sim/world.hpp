// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aldis/core/settings.hpp"
#include "aldis/smpp/codec.hpp"
#include "sim/chance.hpp"
#include "sim/customer.hpp"
#include "sim/events.hpp"
#include "sim/faults.hpp"
#include "sim/ledger.hpp"
#include "sim/machine.hpp"
#include "sim/network.hpp"
#include "sim/operator_site.hpp"

namespace aldis::sim {

inline constexpr const char* kGatewayAddress = "gateway:2775";

// One seed's world: the gateway's machine, its customers and operators, the staff, and the ledger that judges
// them. run() plays the safety phase with faults, then heals everything and demands that all is done within
// ten simulated minutes. Throws Violation; the same seed and shape give the same trace hash.
class World {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Shape shape = Shape::kSwarm;
    std::int64_t length = 1;           // times the usual length of the safety phase
    Duration until = Duration::max();  // stops there, without judging the end
    std::vector<Fault> without;        // classes that are left out
    bool coverage = false;             // count which fault met which stage
    std::FILE* trace = nullptr;        // every event as a line
  };
  // Where a message stands when a fault strikes; see coverage().
  static constexpr std::size_t kStages = 6;
  static const char* stage_name(std::size_t stage);
  using Coverage = std::array<std::array<std::uint32_t, kStages>, kFaults>;

  explicit World(const Options& options);
  ~World();

  void run();

  [[nodiscard]] std::uint64_t seed() const { return options_.seed; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_.value(); }
  [[nodiscard]] Duration simulated() const { return events.now() - began_; }
  [[nodiscard]] std::uint32_t lives() const { return machine.lives(); }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }

  // --- for actors ---
  [[nodiscard]] Moment moment() const {
    return {events.now(), events.now(), machine.lives(), machine.commits()};
  }
  [[nodiscard]] static Moment moment_of(const Socket::Piece& piece) {
    return {piece.sent_at, piece.since, static_cast<std::uint32_t>(piece.stamp >> 40),
            piece.stamp & 0xFFFFFFFFFFull};
  }
  void saw(std::uint32_t actor, const smpp::Pdu& pdu, const Socket::Piece& last);
  void note(std::uint32_t actor, std::uint32_t kind, std::string_view what);
  void trace(std::uint32_t actor, std::string_view what);  // a line that is not judged, nor in the hash
  [[nodiscard]] bool traces() const { return options_.trace != nullptr; }
  std::uint64_t next_number() { return ++last_number_; }
  static std::string password_of(std::uint32_t account) { return "canary-" + std::to_string(account); }
  void receipt_acknowledged(const OperatorBind::Receipt& receipt, const Moment& at);
  std::uint64_t handset_token(std::uint32_t op) {
    return (std::uint64_t{0xFF} << 40) | (std::uint64_t{op} << 32) | next_number();
  }
  static std::string number_of(std::uint32_t account) { return std::to_string(70'001 + account); }

 private:
  Options options_;
  Chance chance_;

 public:
  Events events;
  Faults faults;
  Network network;
  Settings settings;
  Ledger ledger;
  Machine machine;

 private:
  void draw_settings();
  void draw_actors();
  void plan_staff();
  void staff();
  void look();
  void run_until(Instant until);
  void heal();
  void judge_idling();
  [[nodiscard]] bool drained();

  void cover(Fault fault);

  TraceHash trace_;
  Coverage coverage_{};
  Instant began_;
  std::uint64_t last_number_ = 0;
  std::vector<std::unique_ptr<OperatorSite>> operators_;
  std::vector<std::unique_ptr<Customer>> customers_;
  Events::Guard staff_ = Events::make_guard();
};

}  // namespace aldis::sim
