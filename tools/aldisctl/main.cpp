// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>

#include "aldis/base/version.hpp"
#include "aldis/config/load.hpp"
#include "journal_verify.hpp"
#include "verbs.hpp"

extern char** environ;

namespace {

// As aldisd --check: every problem at once, with its place.
int config_check(const std::string& path, bool strict) {
  aldis::config::LoadOptions load;
  load.path = path;
  load.strict = strict;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry{*at};
    const auto equals = entry.find('=');
    if (equals != entry.npos) { load.environment.emplace(entry.substr(0, equals), entry.substr(equals + 1)); }
  }
  const auto loaded = aldis::config::load_aldisd(load);
  std::fputs(aldis::config::render(loaded.problems, loaded.files_count, strict).c_str(),
             loaded.ok ? stdout : stderr);
  return loaded.ok ? aldis::ctl::kOk : aldis::ctl::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Looks after the Aldis gateway."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "aldisctl " + std::string{aldis::version()});
  aldis::ctl::Where where;
  int exit = aldis::ctl::kOk;
  std::string socket;
  std::string url;
  std::string output = "table";
  double timeout = 30;
  auto* by_socket = app.add_option("--socket", socket,
                                   "unix socket of the daemon; else $ALDIS_SOCKET or /run/aldis/ctl.sock")
                        ->envname("ALDIS_SOCKET");
  app.add_option("--url", url, "host:port of an HTTP listener, with --token-file")
      ->envname("ALDIS_URL")
      ->excludes(by_socket);
  app.add_option("--token-file", where.token_file, "an API key is its first line")
      ->envname("ALDIS_TOKEN_FILE");
  app.add_option("--timeout", timeout, "seconds")->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  app.add_option("-o,--output", output, "table, or json: the daemon's answer as it is")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app.parse_complete_callback([&] {
    if (!url.empty()) {
      where.target = url.starts_with("http://") ? url.substr(7) : url;
    } else if (!socket.empty()) {
      where.target = "unix:" + socket;
    }
    where.json = output == "json";
    where.timeout = std::chrono::duration_cast<aldis::Duration>(std::chrono::duration<double>(timeout));
  });
  aldis::ctl::add_verbs(app, where, exit);

  CLI::App* const config = app.add_subcommand("config", "Configuration files.");
  config->require_subcommand(1);
  CLI::App* const check =
      config->add_subcommand("check", "Reads them as the daemon would, and says all that is wrong.");
  std::string path = "/etc/aldis/aldisd.yaml";
  bool strict = false;
  check->add_option("FILE", path)->capture_default_str();
  check->add_flag("--strict", strict, "warnings are errors");
  check->callback([&] { exit = config_check(path, strict); });

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
  verify->callback([&] { exit = aldis::ctl::journal_verify(directory, std::cout, std::cerr); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) { return app.exit(error) == 0 ? 0 : aldis::ctl::kUsage; }
  return exit;
}
