// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "aldis/base/mutant.hpp"
#include "aldis/config/load.hpp"
#include "aldis/runtime/failpoint.hpp"
#include "aldis/runtime/outlet.hpp"
#include "daemon/daemon.hpp"
#include "daemon/options.hpp"

extern char** environ;  // NOLINT: POSIX

namespace {

using namespace aldis;

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry{*at};
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) { out.emplace(entry.substr(0, equals), entry.substr(equals + 1)); }
  }
  return out;
}

int print_schema(const std::string& form) {
  const auto which = form == "json"   ? config::Form::kJson
                     : form == "yaml" ? config::Form::kYaml
                                      : config::Form::kMarkdown;
  std::fputs(config::print_schema(which).c_str(), stdout);
  return 0;
}

// What the schema knows and this version does not do yet: refused, rather than read and ignored.
std::vector<std::string> unfinished(const Settings& settings) {
  std::vector<std::string> out;
  const auto refuse = [&out](const std::string& path, std::string_view what) {
    out.push_back(path + ": " + std::string{what} + " is not available in this version; leave it out");
  };
  if (settings.storage.relaxed) { refuse("storage.durability", "relaxed"); }
  for (const auto& account : settings.accounts) {
    const std::string path = "accounts[" + account.name + "].receipts.";
    if (account.smpp.fanout == Fanout::kSubmitter) {
      refuse("accounts[" + account.name + "].smpp.fanout", "submitter");
    }
    if (account.receipts.on_sent) { refuse(path + "on_sent", "true"); }
    if (account.receipts.long_messages == ReceiptLong::kEachPart) { refuse(path + "long", "each_part"); }
  }
  for (const auto& op : settings.operators) {
    const std::string path = "operators[" + op.name + "].";
    if (op.cancel) { refuse(path + "cancel", "true"); }
    if (op.long_form == LongForm::kPayload) { refuse(path + "long", "payload"); }
  }
  return out;
}

int run(int argc, char** argv) {
  const auto parsed = daemon::parse_options(argc, argv);
  if (parsed.exit) { return *parsed.exit; }
  const auto& options = parsed.options;
  if (!options.print_schema.empty()) { return print_schema(options.print_schema); }
  config::LoadOptions load;
  load.path = options.config;
  load.overrides = options.set;
  load.environment = environment();
  load.strict = options.strict;
  const auto loaded = config::load_aldisd(load);
  if (!loaded.ok || options.check || !loaded.problems.empty()) {
    std::fputs(config::render(loaded.problems, loaded.files_count, load.strict).c_str(),
               loaded.ok ? stdout : stderr);
  }
  if (!loaded.ok) { return daemon::kExitConfig; }
  if (const auto refused = unfinished(loaded.settings); !refused.empty()) {
    for (const auto& sentence : refused) {
      std::fprintf(stderr, "%s: %s\n", options.config.c_str(), sentence.c_str());
    }
    return daemon::kExitConfig;
  }
  if (options.check) { return 0; }
  if (const auto asked = load.environment.find("ALDIS_FAILPOINT"); asked != load.environment.end()) {
    if (const auto armed = runtime::arm_failpoint(asked->second); armed.has_error()) {
      std::fprintf(stderr, "aldisd: %s\n", armed.error().c_str());
      return daemon::kExitConfig;
    }
    std::fprintf(stderr, "aldisd: will kill itself at %s (ALDIS_FAILPOINT)\n", asked->second.c_str());
  }
  if (const auto asked = load.environment.find("ALDIS_MUTANT"); asked != load.environment.end()) {
    if (!mutants::choose(asked->second.c_str())) {
      std::fputs("aldisd: ALDIS_MUTANT names no planted bug, or this build has none\n", stderr);
      return daemon::kExitConfig;
    }
    std::fprintf(stderr, "aldisd: has planted bug %s (ALDIS_MUTANT)\n", asked->second.c_str());
  }
  ::umask(0077);
  daemon::Daemon gateway{loaded.settings, options};
  try {
    return gateway.run();
  } catch (const std::exception& error) {
    // No memory, or our own bug: something was left half done, so nothing of it is looked at again, not even
    // by destructors. The journal has what was promised.
    runtime::last_words(std::string{"aldisd: "} + error.what() + "\n");
    std::_Exit(daemon::kExitBug);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "aldisd: %s\n", error.what());
    return daemon::kExitBug;
  }
}
