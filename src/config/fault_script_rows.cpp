// SPDX-License-Identifier: Apache-2.0
// Keys of a fault script of smscsim.
#include "aldis/config/fault_script.hpp"
#include "config/loader.hpp"
#include "config/make_row.hpp"
#include "config/reader.hpp"

namespace aldis::config {

namespace {

constexpr Duration kLongest = hours{24 * 30};

// A reset is over at once; everything else has an end, or the script would be no script.
void finish_fault(void* object, Scope& scope) {
  const bool is_drop = as<TimedFault>(object).kind == TimedFault::Kind::kDrop;
  if (is_drop && scope.has({"for"})) {
    scope.fault({"for"}, Code::kConflict, "drop happens at one moment: it has no duration");
  } else if (!is_drop && !scope.has({"for"})) {
    scope.fault({"for"}, Code::kMissing, "required: how long");
  }
}

Rows script_rows() {
  using F = TimedFault;
  using enum TimedFault::Kind;
  Rows fault;
  fault.rows = {
      row("at", &F::at, duration({}, kLongest), Reload::kRestart, "",
          "When it begins, counted from the start.")
          .need()
          .like("5s"),
      choice<F, F::Kind>("do", &F::kind,
                         {{"drop", kDrop},
                          {"refuse_binds", kRefuseBinds},
                          {"throttle", kThrottle},
                          {"queue_full", kQueueFull},
                          {"silence", kSilence},
                          {"stop_reading", kStopReading},
                          {"hold_receipts", kHoldReceipts}},
                         Reload::kRestart, "What goes wrong.")
          .need()
          .like("throttle"),
      row("for", &F::span, duration(milliseconds{1}, kLongest), Reload::kRestart, "",
          "How long; not with drop.")
          .otherwise("must be given, except with drop")
          .like("2s"),
  };
  fault.finish = finish_fault;
  Row faults = items("faults", &FaultScript::faults, std::move(fault), "", Reload::kRestart,
                     "In any order; they may overlap.")
                   .need();
  faults.type.items_min = 1;
  faults.type.items_max = 10'000;
  return {{std::move(faults)}, {}};
}

const Program& fault_script() {
  static const Program kProgram{std::make_shared<Rows>(script_rows()), {}, "", "", "faults.yaml"};
  return kProgram;
}

}  // namespace

LoadedFaultScript load_fault_script(const std::string& path) {
  LoadOptions options;
  options.path = path;
  LoadedFaultScript loaded;
  auto result = Loader(fault_script(), options).load(&loaded.script);
  loaded.problems = std::move(result.problems);
  loaded.files_count = result.files_count;
  loaded.ok = result.ok;
  return loaded;
}

}  // namespace aldis::config
