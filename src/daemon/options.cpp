// SPDX-License-Identifier: Apache-2.0
#include "daemon/options.hpp"

#include <CLI/CLI.hpp>

#include "aldis/base/version.hpp"

namespace aldis::daemon {

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  Options& o = out.options;
  CLI::App app{"aldisd: SMPP gateway daemon"};
  std::string check_file;
  app.add_option("--config", o.config, "configuration file")->capture_default_str();
  auto* check = app.add_option("--check", check_file,
                               "read the configuration, say everything that is wrong with it, and exit")
                    ->expected(0, 1);
  app.add_flag("--strict", o.strict, "with --check: warnings are errors");
  app.add_option("--set", o.set, "PATH=VALUE: overrides one scalar of the configuration; may be given again");
  app.add_option("--print-schema", o.print_schema, "every key of the configuration")
      ->check(CLI::IsMember({"json", "yaml", "markdown"}));
  app.add_option("--ports-file", o.ports_file,
                 "write the addresses really listened on to this file, renamed into place once ready");
  auto* restored = app.add_flag("--restored", o.restored,
                                "the data come from a backup: send nothing until --restore-confirmed");
  app.add_flag("--restore-confirmed", o.restore_confirmed,
               "send what was held, after restore-report.jsonl in storage.path was read")
      ->excludes(restored);
  app.set_version_flag("--version", "aldisd " + std::string{version()});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    out.exit = code == 0 ? 0 : kExitConfig;
  }
  o.check = check->count() > 0;
  if (!check_file.empty()) { o.config = check_file; }
  return out;
}

}  // namespace aldis::daemon
