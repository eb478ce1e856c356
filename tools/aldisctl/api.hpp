// SPDX-License-Identifier: Apache-2.0
// What aldisctl asks of the daemon, and how it ends when that does not work.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::ctl {

// Exit codes of all verbs that ask the daemon.
inline constexpr int kOk = 0;
inline constexpr int kRefused = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNoConnection = 3;
inline constexpr int kNotFound = 4;
inline constexpr int kDenied = 5;
inline constexpr int kTimeout = 124;

struct Where {
  std::string target = "unix:/run/aldis/ctl.sock";
  std::string token_file;  // of an API key; empty on a unix socket: the operating system says who asks
  Duration timeout = seconds{30};
  bool json = false;  // print the daemon's answers as they are
};

struct Answer {
  int exit = kOk;
  unsigned status = 0;
  std::string text;
  boost::json::value body;  // null when it is not JSON
};

// Asks, and says on standard error why not; with `json` a refusal is printed as the problem it came as.
Answer ask(const Where& where, const std::string& method, const std::string& path,
           const boost::json::value* body = nullptr);

// "a=b&c=d", both sides encoded.
std::string query_of(const std::vector<std::pair<std::string, std::string>>& parameters);
std::string encoded(const std::string& text);

// The member as text, "-" when it is not there or null.
std::string field(const boost::json::value& object, std::string_view name);

}  // namespace aldis::ctl
