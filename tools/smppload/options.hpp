// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::smppload {

struct Options {
  std::string target = "127.0.0.1:2775";
  std::vector<std::string> customers;  // "system_id:password"
  std::uint32_t binds = 1;             // per customer, transceivers
  std::uint32_t window = 100;
  std::uint64_t count = 10'000;  // messages in all; 0 = only `seconds` ends
  double seconds = 0;            // submit for so long; 0 = until count
  std::optional<double> rate;    // messages per second in all
  double share_long = 0;         // texts of three parts, in message_payload
  double share_ucs2 = 0;
  std::uint32_t text_octets = 60;
  bool receipts = true;         // ask for receipts, and expect one final each
  double drain_seconds = 30;    // wait so long for receipts after the last answer
  double connect_seconds = 30;  // try so long for the first bind; with `reconnect` until the end
  bool reconnect = false;       // go on after a lost connection, until the end
  std::string source = "Aldis";
  std::string destination_prefix = "4477";
  std::string oracle;  // file: every id accepted and every receipt, one line each
  std::uint64_t seed = 1;
  bool progress = false;  // a line a second on stderr
};

struct Parsed {
  Options options;
  std::optional<int> exit;
};
Parsed parse_options(int argc, char** argv);

}  // namespace aldis::smppload
