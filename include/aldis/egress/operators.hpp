// SPDX-License-Identifier: Apache-2.0
// The operators' side: we are the ESME, with a group of links to each operator.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::egress {

struct OperatorsSetup {  // all outlive the operators
  const Directory& directory;
  ports::Random& random;  // jitter of reconnects
  ports::Log& log;
  // Opens a connection for the protocol, which outlives it: on_open() or on_closed(kConnectFailed) comes
  // later.
  std::function<void(const std::string& host, Duration timeout, ports::ByteProtocol& link)> connect;
};

// Owns every link of the configuration: binds, keeps bound, reconnects with jitter, sends what the engine
// leased, and tells the engine results, receipts and inbound messages. On the engine thread. Window per link,
// adapted to the operator between window.min and window.max. Fails per link only; a link is never given up
// (SMPP 5.1). Not for: which message goes where and at what rate (dispatch), matching receipts (receipts).
class Operators {
 public:
  Operators(const OperatorsSetup& setup, EventSink& engine);
  ~Operators();
  Operators(const Operators&) = delete;
  Operators& operator=(const Operators&) = delete;

  void start(const Now& now);                     // connects
  void on(const Now& now, const Effect& effect);  // SendOnLink, AnswerOperator
  void on_timer(const Now& now);                  // reconnects that are due
  [[nodiscard]] Instant next_deadline() const;    // of on_timer()
  void unbind_all(const Now& now);                // and stay down
  [[nodiscard]] std::size_t links_open() const;   // connected in any state
  void collect(ports::MetricReport& report) const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::egress
