// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <fstream>

#include "aldis/base/version.hpp"

namespace aldis::httpload {

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  Options& o = out.options;
  CLI::App app{
      "httpload: submits messages over the HTTP API, and prints one line of JSON: accepted, refused, rates,\n"
      "latencies. Exit code 0: all were answered; 1: some were not, or refused; 2: cannot start."};
  std::string key_file;
  double patience = 60;
  app.add_option("--target", o.target, "host:port of a listener that serves native")->required();
  app.add_option("--key-file", key_file, "the API key is the first line of this file")->required();
  app.add_option("--count", o.count, "messages in all")
      ->check(CLI::Range(1ull, 1'000'000'000ull))
      ->capture_default_str();
  app.add_option("--connections", o.connections)->check(CLI::Range(1u, 10'000u))->capture_default_str();
  app.add_option("--depth", o.depth,
                 "requests, or lines, of a connection without an answer; HTTP: 16 at most")
      ->check(CLI::Range(1u, 2000u))
      ->capture_default_str();
  app.add_option("--rate", o.rate, "messages a second; 0 = as fast as they are answered")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_flag("--lines", o.lines,
               "a batch of lines (NDJSON) per connection instead of a request per message");
  app.add_option("--patience", patience, "seconds without any answer after which it gives up")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  app.set_version_flag("--version", "httpload " + std::string{version()});
  try {
    app.parse(argc, argv);
    std::ifstream file{key_file};
    if (!std::getline(file, o.key) || o.key.empty()) {
      throw CLI::ValidationError("--key-file", "cannot read a key from " + key_file);
    }
  } catch (const CLI::ParseError& error) { out.exit = app.exit(error) == 0 ? 0 : 2; }
  o.patience = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(patience));
  return out;
}

}  // namespace aldis::httpload
