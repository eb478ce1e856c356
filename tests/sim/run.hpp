// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/world.hpp"

namespace aldis::sim {

// What one seed came to. The figures travel through a pipe as they are, the verdict behind them.
struct SeedOutcome {
  struct Figures {
    std::uint64_t seed = 0;
    std::uint64_t trace_hash = 0;
    double simulated_s = 0;
    std::uint32_t lives = 0;
    bool whole = false;  // false: the process died while it ran the seed
    Ledger::Totals totals{};
    std::array<std::uint64_t, kFaults> fired{};
    std::array<std::array<std::uint32_t, World::kStages>, kFaults> coverage{};
  } figures;
  std::string violation;  // empty = held

  [[nodiscard]] bool held() const { return figures.whole && violation.empty(); }
};

// In this process: an ALDIS_CHECK ends it.
SeedOutcome run_here(const World::Options& options);

// Each seed in a process of its own, `jobs` at a time, until `more` gives none. `done` is told in the order
// in which they end. A seed whose process dies has an outcome that says so.
void run_all(const std::function<bool(World::Options&)>& more, unsigned jobs,
             const std::function<void(const World::Options&, const SeedOutcome&)>& done);

}  // namespace aldis::sim
