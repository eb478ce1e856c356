// SPDX-License-Identifier: Apache-2.0
#include "smscsim/faults.hpp"

#include <algorithm>

namespace aldis::smscsim {

bool Faults::holds(Fault::Kind kind, Duration since_start) const {
  return std::any_of(script_.begin(), script_.end(), [&](const Fault& fault) {
    return fault.kind == kind && since_start >= fault.at && since_start < fault.at + fault.span;
  });
}

bool Faults::take_drop(Duration since_start) {
  const bool due = std::any_of(script_.begin(), script_.end(), [&](const Fault& fault) {
    return fault.kind == Fault::Kind::kDrop && fault.at > dropped_up_to_ && fault.at <= since_start;
  });
  dropped_up_to_ = since_start;
  return due;
}

Duration Faults::next_change(Duration since_start) const {
  Duration next = Duration::max();
  for (const auto& fault : script_) {
    for (const Duration at : {fault.at, fault.at + fault.span}) {
      if (at > since_start) { next = std::min(next, at); }
    }
  }
  return next;
}

Result<std::vector<Fault>, std::string> load_faults(const std::string& path) {
  auto loaded = config::load_fault_script(path);
  if (!loaded.ok) { return config::render(loaded.problems, loaded.files_count); }
  return std::move(loaded.script.faults);
}

}  // namespace aldis::smscsim
