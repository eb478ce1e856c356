// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"
#include "aldis/config/fault_script.hpp"

namespace aldis::smscsim {

using Fault = config::TimedFault;

// What of a script holds at a given time. Owned by the simulator.
class Faults {
 public:
  void load(std::vector<Fault> script) { script_ = std::move(script); }
  [[nodiscard]] bool holds(Fault::Kind kind, Duration since_start) const;
  // A drop that became due since it was last asked.
  bool take_drop(Duration since_start);
  [[nodiscard]] Duration next_change(Duration since_start) const;  // Duration::max() = none

 private:
  std::vector<Fault> script_;
  Duration dropped_up_to_{-1};
};

// Reads a script: `faults: [{at: 5s, do: throttle, for: 2s}, {at: 8s, do: drop}]`. The error is text for
// people: every mistake with file, line and column.
Result<std::vector<Fault>, std::string> load_faults(const std::string& path);

}  // namespace aldis::smscsim
