// SPDX-License-Identifier: Apache-2.0
// smscsim's fault script: what goes wrong, when, and for how long. Read once at its start, by the same
// machinery and with the same kind of errors as aldisd.yaml; the environment sets nothing here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/config/problem.hpp"

namespace aldis::config {

// One line of a script.
struct TimedFault {
  enum class Kind : std::uint8_t {
    kDrop,          // every connection is reset
    kRefuseBinds,   // binds get ESME_RBINDFAIL
    kThrottle,      // every submit gets ESME_RTHROTTLED
    kQueueFull,     // ... ESME_RMSGQFUL
    kSilence,       // submits are not answered
    kStopReading,   // the socket is not read
    kHoldReceipts,  // receipts wait
  };
  Duration at{};  // after the start
  Kind kind = Kind::kDrop;
  Duration span{};  // how long; zero for kDrop
};

struct FaultScript {
  std::vector<TimedFault> faults;
};

struct LoadedFaultScript {
  FaultScript script;
  std::vector<Problem> problems;  // all of them, in order of place
  std::size_t files_count = 0;
  bool ok = false;
};
LoadedFaultScript load_fault_script(const std::string& path);

}  // namespace aldis::config
