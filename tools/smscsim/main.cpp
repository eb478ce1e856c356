// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <fstream>
#include <utility>
#include <vector>

#include "aldis/runtime/connections.hpp"
#include "smscsim/simulator.hpp"

using namespace aldis;

namespace {

bool write_ports_file(const std::string& path, const std::string& address) {
  if (path.empty()) { return true; }
  const std::string temporary = path + ".new";
  {
    std::ofstream out{temporary};
    out << "{\"smpp\":{\"smscsim\":\"" << address << "\"}}\n";
    if (!out.flush()) { return false; }
  }
  return std::rename(temporary.c_str(), path.c_str()) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = smscsim::parse_options(argc, argv);
  if (parsed.exit) { return *parsed.exit; }
  std::vector<smscsim::Fault> faults;
  if (!parsed.options.script.empty()) {
    auto loaded = smscsim::load_faults(parsed.options.script);
    if (loaded.has_error()) {
      std::fprintf(stderr, "%s", loaded.error().c_str());
      return 2;
    }
    faults = std::move(*loaded);
  }
  runtime::Loop loop;
  smscsim::Simulator simulator{loop, parsed.options, std::move(faults)};
  if (const auto why = simulator.open_logs()) {
    std::fprintf(stderr, "smscsim: %s\n", why->c_str());
    return 2;
  }
  auto listener = runtime::Listener::open(
      loop, {.address = parsed.options.listen},
      [&simulator](std::string_view) -> runtime::ProtocolPtr { return simulator.accept(); });
  if (listener.has_error()) {
    std::fprintf(stderr, "smscsim: %s\n", listener.error().c_str());
    return 2;
  }
  if (!write_ports_file(parsed.options.ports_file, (*listener)->address())) {
    std::fprintf(stderr, "smscsim: cannot write %s\n", parsed.options.ports_file.c_str());
    return 2;
  }
  loop.on_signals({SIGTERM, SIGINT}, [&loop](int) { loop.stop(); });
  loop.at_turn_end([&simulator](const Now& now) { simulator.turn_end(now); });
  runtime::Alarm end{loop, [&loop](const Now&) { loop.stop(); }};
  if (parsed.options.seconds > 0) {
    end.set(loop.now().mono +
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(parsed.options.seconds)));
  }
  std::fprintf(stderr, "smscsim: listening on %s\n", (*listener)->address().c_str());
  loop.run();
  simulator.print_totals();
  return 0;
}
