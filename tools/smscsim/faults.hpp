// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"

namespace aldis::smscsim {

// One line of a fault script.
struct Fault {
  enum class Kind : std::uint8_t {
    kDrop,          // every connection is reset
    kRefuseBinds,   // binds get ESME_RBINDFAIL
    kThrottle,      // every submit gets ESME_RTHROTTLED
    kQueueFull,     // ... ESME_RMSGQFUL
    kSilence,       // submits are not answered
    kStopReading,   // the socket is not read
    kHoldReceipts,  // receipts wait
  };
  Kind kind = Kind::kDrop;
  Duration at{};   // after the start
  Duration span{}; // how long; kDrop ignores it
};

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

// Reads a script: a list of {at: 5s, do: drop | refuse_binds | throttle | queue_full | silence | stop_reading |
// hold_receipts, for: 2s}. The error names file, line and what is wrong.
Result<std::vector<Fault>, std::string> load_faults(const std::string& path);

}  // namespace aldis::smscsim
