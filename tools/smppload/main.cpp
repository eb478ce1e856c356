// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>

#include "smppload/load.hpp"

using namespace aldis;

int main(int argc, char** argv) {
  const auto parsed = smppload::parse_options(argc, argv);
  if (parsed.exit) { return *parsed.exit; }
  runtime::Loop loop;
  smppload::Load load{loop, parsed.options};
  if (const auto why = load.open_oracle()) {
    std::fprintf(stderr, "smppload: %s\n", why->c_str());
    return 2;
  }
  loop.on_signals({SIGTERM}, [&loop](int) { loop.stop(); });
  // and drain; a second one stops at once
  loop.on_signals({SIGINT}, [&load](int) { load.stop_submitting(); });
  loop.at_turn_end([&load](const Now& now) { load.turn_end(now); });
  loop.post([&] { load.start(loop.now()); });
  loop.run();
  return load.finish();
}
