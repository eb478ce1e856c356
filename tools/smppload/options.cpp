// SPDX-License-Identifier: Apache-2.0
#include "smppload/options.hpp"

#include <CLI/CLI.hpp>

#include "aldis/base/version.hpp"

namespace aldis::smppload {

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  Options& o = out.options;
  CLI::App app{
      "smppload: loads an SMPP server as its customers would, and keeps account of every message.\n"
      "Ends with one line of JSON. Exit code 0: every accepted message got its receipt, none twice;\n"
      "1: not so; 2: wrong usage, or no bind ever succeeded."};
  double rate = 0;
  bool no_receipts = false;
  app.add_option("--target", o.target, "host:port")->capture_default_str();
  app.add_option("--customer", o.customers, "SYSTEM_ID:PASSWORD; may be given again")->required();
  app.add_option("--binds", o.binds, "transceivers per customer")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  app.add_option("--window", o.window, "submits without answer per bind")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  app.add_option("--count", o.count, "messages in all; 0 = as many as --seconds allows")
      ->capture_default_str();
  app.add_option("--seconds", o.seconds, "submit for so long; 0 = until --count")
      ->check(CLI::NonNegativeNumber);
  auto* rate_option =
      app.add_option("--rate", rate, "messages per second in all")->check(CLI::PositiveNumber);
  app.add_option("--share-long", o.share_long, "share of texts of three parts")->check(CLI::Range(0.0, 1.0));
  app.add_option("--share-ucs2", o.share_ucs2, "share of UCS-2 texts")->check(CLI::Range(0.0, 1.0));
  app.add_option("--text-octets", o.text_octets, "length of the others")
      ->check(CLI::Range(14u, 160u))
      ->capture_default_str();
  app.add_flag("--no-receipts", no_receipts, "ask for no receipts");
  app.add_option("--drain-seconds", o.drain_seconds, "wait so long for what is missing")
      ->capture_default_str();
  app.add_option("--connect-seconds", o.connect_seconds, "try so long for the first bind")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_flag("--reconnect", o.reconnect,
               "go on after a lost connection, and try for the first bind until the end");
  app.add_option("--source", o.source, "sender")->capture_default_str();
  app.add_option("--destination-prefix", o.destination_prefix, "first digits of the destinations")
      ->capture_default_str();
  app.add_option("--oracle", o.oracle, "write every accepted id and every receipt to this file");
  app.add_option("--seed", o.seed, "of texts and tokens")->capture_default_str();
  app.add_flag("--progress", o.progress, "a line a second on stderr");
  app.set_version_flag("--version", "smppload " + std::string{version()});
  try {
    app.parse(argc, argv);
    if (o.count == 0 && o.seconds == 0) { throw CLI::ValidationError("--count", "0 needs --seconds"); }
    for (const auto& customer : o.customers) {
      if (customer.find(':') == std::string::npos) {
        throw CLI::ValidationError("--customer", "needs SYSTEM_ID:PASSWORD");
      }
    }
  } catch (const CLI::ParseError& error) { out.exit = app.exit(error) == 0 ? 0 : 2; }
  if (rate_option->count() > 0) { o.rate = rate; }
  o.receipts = !no_receipts;
  return out;
}

}  // namespace aldis::smppload
