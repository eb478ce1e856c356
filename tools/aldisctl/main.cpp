// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "aldis/base/version.hpp"
#include "journal_verify.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Looks after the Aldis gateway."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "aldisctl " + std::string{aldis::version()});
  CLI::App* const journal = app.add_subcommand("journal", "The journal's files.");
  journal->require_subcommand(1);
  CLI::App* const verify = journal->add_subcommand(
      "verify",
      "Reads every segment and says whether the journal is whole. Writes nothing; aldisd must not run.\n"
      "Exit: 0 whole, 1 damaged or in use, 2 no journal there.");
  std::string directory;
  verify
      ->add_option("DIR", directory,
                   "storage.path of aldisd.yaml, the journal folder in it, or a copy of either")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) { return app.exit(error) == 0 ? 0 : 2; }
  return aldis::ctl::journal_verify(directory, std::cout, std::cerr);
}
