// SPDX-License-Identifier: Apache-2.0
#include "aldis/config/fault_script.hpp"

#include <catch2/catch.hpp>

#include "config_tree.hpp"

namespace aldis::config {

namespace {

LoadedFaultScript load(const ConfigTree& tree, const std::string& text) {
  tree.write("faults.yaml", text);
  return load_fault_script(tree.at("faults.yaml"));
}

std::string told(const ConfigTree& tree, const std::string& text) {
  const auto loaded = load(tree, text);
  CHECK_FALSE(loaded.ok);
  std::string out;
  for (const auto& problem : loaded.problems) { out += render(problem); }
  return tree.without_directory(out);
}

}  // namespace

TEST_CASE("a fault script gives its faults in order") {
  const ConfigTree tree;
  const auto loaded = load(tree,
                           "faults:\n"
                           "  - {at: 5s, do: throttle, for: 1500ms}\n"
                           "  - {at: 0s, do: drop}\n"
                           "  - {at: 1m, do: hold_receipts, for: 10s}\n");
  REQUIRE(loaded.ok);
  const auto& faults = loaded.script.faults;
  REQUIRE(faults.size() == 3);
  CHECK(faults[0].kind == TimedFault::Kind::kThrottle);
  CHECK(faults[0].at == seconds{5});
  CHECK(faults[0].span == milliseconds{1500});
  CHECK(faults[1].kind == TimedFault::Kind::kDrop);
  CHECK(faults[1].span == Duration{});
  CHECK(faults[2].at == minutes{1});
}

TEST_CASE("every mistake of a fault script is told at its place") {
  const ConfigTree tree;
  const std::string text = told(tree,
                                "faults:\n"
                                "  - {at: 5s, do: throtle, for: 1s}\n"
                                "  - {at: 6s, do: drop, for: 1s}\n"
                                "  - {at: 7s, do: silence}\n"
                                "  - {do: silence, for: 1s}\n"
                                "  - {at: 8, do: silence, for: 1s}\n");
  CHECK_THAT(text, Catch::Contains("faults.yaml:2:18: faults[0].do") && Catch::Contains("throttle"));
  CHECK_THAT(text, Catch::Contains("faults.yaml:3:29: faults[1].for: drop happens at one moment"));
  CHECK_THAT(text, Catch::Contains("faults.yaml:4:5: faults[2].for: required"));
  CHECK_THAT(text, Catch::Contains("faults.yaml:5:5: faults[3].at: required"));
  CHECK_THAT(text, Catch::Contains("faults.yaml:6:10: faults[4].at"));
}

TEST_CASE("a fault script without faults, or not there, is refused") {
  const ConfigTree tree;
  CHECK_THAT(told(tree, "faults: []\n"), Catch::Contains("faults"));
  CHECK_THAT(told(tree, "fault: []\n"), Catch::Contains("did you mean faults?"));
  const auto missing = load_fault_script(tree.at("nowhere.yaml"));
  CHECK_FALSE(missing.ok);
  REQUIRE(missing.problems.size() == 1);
  CHECK(missing.problems[0].code == Code::kFile);
}

TEST_CASE("the example script is one") {
  CHECK(load_fault_script(ALDIS_SOURCE_DIR "/conf/examples/smscsim-faults.yaml").ok);
}

}  // namespace aldis::config
