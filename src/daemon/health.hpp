// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "aldis/ports/http.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::daemon {

// /livez, /readyz, /health and /metrics, on the web thread, so that a busy engine can still be asked whether
// it turns. What needs the engine is posted to it and comes back as a value.
class Health final : public ports::HttpService {
 public:
  struct Questions {  // called on the engine thread
    std::function<std::string()> metrics;
    std::function<std::string()> readiness;  // empty = ready, else what is missing
  };
  Health(runtime::Loop& web, runtime::Loop& engine, Questions questions);

  ports::HttpVerdict judge(const Now& now, const ports::HttpRequest& request) override;
  void serve(const Now& now, const ports::HttpRequest& request, const ports::HttpReply& reply) override;

 private:
  runtime::Loop& web_;
  runtime::Loop& engine_;
  std::shared_ptr<Questions> questions_;
};

}  // namespace aldis::daemon
