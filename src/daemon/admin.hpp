// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/ports/http.hpp"
#include "aldis/runtime/http_server.hpp"
#include "aldis/runtime/loop.hpp"
#include "aldis/runtime/loop_thread.hpp"

namespace aldis::daemon {

// /livez, /readyz, /health and /metrics, on a thread of its own, so that a busy engine can still be asked
// whether it turns. What needs the engine is posted to it and comes back as a value.
class Admin final : public ports::HttpService {
 public:
  struct Questions {  // called on the engine thread
    std::function<std::string()> metrics;
    std::function<std::string()> readiness;  // empty = ready, else what is missing
  };
  Admin(runtime::Loop& engine_loop, Questions questions);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  // Opens every listener; the error names the address.
  Result<void, std::string> open(const std::vector<HttpListener>& listeners);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> addresses() const;  // name, real address
  void start();
  void stop();

  // ports::HttpService, on the thread
  ports::HttpVerdict judge(const Now& now, const ports::HttpRequest& request) override;
  void serve(const Now& now, const ports::HttpRequest& request, const ports::HttpReply& reply) override;

 private:
  runtime::Loop& engine_loop_;
  std::shared_ptr<Questions> questions_;
  runtime::LoopThread thread_;
  std::vector<std::pair<std::string, std::unique_ptr<runtime::HttpServer>>> servers_;
};

}  // namespace aldis::daemon
