// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <fstream>

#include "aldis/base/version.hpp"

namespace aldis::send {

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  Options& o = out.options;
  CLI::App app{
      "aldis-send: sends one message as an SMPP customer and follows it to its receipt, one line per event.\n"
      "Exit code 0: delivered (or accepted, where no receipt is asked for); 1: refused, or not delivered;\n"
      "2: cannot start, connect or bind; 3: no answer or no receipt in time."};
  std::string password_file;
  double wait = 60;
  bool no_receipt = false;
  app.add_option("--target", o.target, "host:port")->capture_default_str();
  app.add_option("--system-id", o.system_id, "of the bind")->required();
  auto* password = app.add_option("--password", o.password,
                                  "of the bind; others on this machine can see it: prefer a file");
  app.add_option("--password-file", password_file, "the first line of this file")->excludes(password);
  app.add_option("--from", o.from, "sender: digits, or up to 11 characters")->capture_default_str();
  app.add_option("--to", o.to, "destination, international, with or without +")->required();
  app.add_option("--text", o.text, "UTF-8; sent in GSM 7-bit where that has every character, else in UCS-2")
      ->required();
  app.add_flag("--no-receipt", no_receipt, "ask for no receipt, and do not wait for one");
  app.add_option("--wait", wait, "seconds to wait for the answer and the receipt")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  app.set_version_flag("--version", "aldis-send " + std::string{version()});
  try {
    app.parse(argc, argv);
    if (!password_file.empty()) {
      std::ifstream file{password_file};
      if (!std::getline(file, o.password)) {
        throw CLI::ValidationError("--password-file", "cannot read " + password_file);
      }
      if (o.password.ends_with('\r')) { o.password.pop_back(); }
    }
  } catch (const CLI::ParseError& error) { out.exit = app.exit(error) == 0 ? 0 : 2; }
  o.receipt = !no_receipt;
  o.wait = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(wait));
  return out;
}

}  // namespace aldis::send
