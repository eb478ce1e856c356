// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its answer, waited for: for programs that people run, not for the daemon.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"

namespace aldis::runtime {

struct HttpQuestion {
  std::string target{};  // "unix:/run/aldis/ctl.sock" or "127.0.0.1:8080"; no TLS
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers{};  // Host, Content-Length and Connection are made
  std::string body{};
  Duration timeout = seconds{30};
};

struct HttpSaid {
  unsigned status = 0;
  std::string content_type{};
  std::string body{};  // up to 64 MiB
};

// Blocks until the answer is whole or the time is over. The error is a sentence: "cannot connect to
// unix:/run/aldis/ctl.sock: No such file or directory".
Result<HttpSaid, std::string> http_ask(const HttpQuestion& question);

}  // namespace aldis::runtime
