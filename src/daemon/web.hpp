// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/ingress/callback_sender.hpp"
#include "aldis/ingress/dialects.hpp"
#include "aldis/ingress/native_api.hpp"
#include "aldis/ingress/webhook_book.hpp"
#include "aldis/ports/fetch_guard.hpp"
#include "aldis/runtime/fetch.hpp"
#include "aldis/runtime/http_server.hpp"
#include "aldis/runtime/loop_thread.hpp"
#include "aldis/runtime/secrets.hpp"
#include "aldis/telemetry/log.hpp"
#include "daemon/exports.hpp"
#include "daemon/gateway.hpp"
#include "daemon/health.hpp"
#include "daemon/history_bridge.hpp"
#include "daemon/web_bridge.hpp"

namespace aldis::daemon {

// The web thread: HTTP servers, each with the services that its listener names, and the bridge to the
// engine. Made after the gateway is open and destroyed before it.
class Web {
 public:
  // `history`: null when it is switched off.
  Web(runtime::Loop& engine_loop, Gateway& gateway, History* history, const Settings& settings,
      telemetry::LogQueue& log, Health::Questions questions);
  ~Web();
  Web(const Web&) = delete;
  Web& operator=(const Web&) = delete;

  // Opens every listener; the error names the address.
  Result<void, std::string> open(const std::vector<HttpListener>& listeners);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> addresses() const;  // name, real address
  void start();
  void drain();  // what is under way is answered, what comes is refused
  void stop();   // after the engine's answers have gone out

 private:
  void disable(ingress::Endpoint endpoint);
  class Doors;  // one listener's choice among the services

  runtime::LoopThread thread_;
  telemetry::EventLog log_;  // the thread's own
  Gateway& gateway_;
  Health health_;
  WebBridge bridge_;
  HistoryBridge history_;
  Exports exports_;
  runtime::KernelSecrets secrets_;
  runtime::OpenSslDigests digests_;
  runtime::SeededRandom random_;
  const std::shared_ptr<const ports::FetchPolicy> fetch_policy_;
  runtime::FetchThread fetch_;
  ingress::WebhookBook webhooks_;
  ingress::CallbackSender callbacks_;
  ingress::NativeApi api_;
  runtime::PasswordPool passwords_;
  ingress::Dialects dialects_;
  std::vector<std::unique_ptr<Doors>> doors_;
  std::vector<std::pair<std::string, std::unique_ptr<runtime::HttpServer>>> servers_;
};

}  // namespace aldis::daemon
