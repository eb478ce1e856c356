// SPDX-License-Identifier: Apache-2.0
// smscsim's fault script: any text is faults or problems; what is loaded can be played.
#include "aldis/config/fault_script.hpp"

#include "fuzz/memory_file.hpp"

namespace aldis::fuzz {

void run(Octets input) {
  static const MemoryFile kFile;
  if (input.find("include") != Octets::npos || input.find("file") != Octets::npos) { return; }
  kFile.hold(input);
  const auto loaded = config::load_fault_script(kFile.path());
  ALDIS_CHECK(loaded.ok || !loaded.problems.empty());
  if (!loaded.ok) { return; }
  ALDIS_CHECK(!loaded.script.faults.empty() && loaded.script.faults.size() <= 10'000);
  for (const auto& fault : loaded.script.faults) {
    const bool is_drop = fault.kind == config::TimedFault::Kind::kDrop;
    ALDIS_CHECK(fault.at >= Duration::zero() && (fault.span > Duration::zero()) == !is_drop);
    ALDIS_CHECK(fault.at + fault.span < hours{24 * 366 * 10});
  }
}

}  // namespace aldis::fuzz
