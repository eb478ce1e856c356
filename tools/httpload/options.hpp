// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aldis/base/time.hpp"

namespace aldis::httpload {

struct Options {
  std::string target;
  std::string key;
  std::uint64_t count = 100'000;
  unsigned connections = 4;
  unsigned depth = 16;  // requests of a connection without an answer
  double rate = 0;      // a second, all connections together; 0 = as fast as they are answered
  bool lines = false;   // one request per connection, a line for each message
  Duration patience = seconds{60};
};

struct Parsed {
  Options options;
  std::optional<int> exit;
};
Parsed parse_options(int argc, char** argv);

}  // namespace aldis::httpload
