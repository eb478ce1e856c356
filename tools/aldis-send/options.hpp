// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "aldis/base/time.hpp"

namespace aldis::send {

struct Options {
  std::string target = "127.0.0.1:2775";
  std::string system_id;
  std::string password;
  std::string from = "Aldis";
  std::string to;
  std::string text;  // UTF-8
  bool receipt = true;
  Duration wait = seconds{60};
};

struct Parsed {
  Options options;
  std::optional<int> exit;
};
Parsed parse_options(int argc, char** argv);

}  // namespace aldis::send
