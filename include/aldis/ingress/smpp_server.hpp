// SPDX-License-Identifier: Apache-2.0
// The customers' side over SMPP: we are the SMSC.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "aldis/base/siphash.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/ports/metrics.hpp"

namespace aldis::ingress {

struct ServerSetup {  // all outlive the server, and the server its connections
  const SmppServerSettings& settings;
  const Directory& directory;
  const PublicIds& public_ids;
  ports::Passwords& passwords;
  ports::Log& log;
  SipKey cache_key;  // random: verified passwords are remembered under it
  // Whether the account is owed receipts or inbound messages: under pressure such an account may still bind
  // to take them.
  std::function<bool(AccountId)> owes{};
};

// Owns who is bound as whom; the sessions themselves belong to their connections. On the engine thread. Turns
// PDUs into events for the engine and the engine's effects into PDUs; judges binds (address, password,
// limits) and slows down who guesses. A bad peer ends its own session only. Limits: connections before bind
// (settings.unbound_*), binds per account, windows per session, 1 MiB of unread output per session, then it
// stops reading. Not for: who may send what (admission).
class SmppServer {
 public:
  SmppServer(const ServerSetup& setup, EventSink& engine);
  ~SmppServer();
  SmppServer(const SmppServer&) = delete;
  SmppServer& operator=(const SmppServer&) = delete;

  // A new connection of a listener; null = refused at accept (penalty, too many unbound, plain from outside).
  std::unique_ptr<ports::ByteProtocol> accept(const Now& now, const SmppListener& listener,
                                              std::string_view peer_address);

  // Effects that name a session: AnswerSubmit, AnswerQuery, AnswerCancel, AnswerReplace, DeliverReceipt,
  // DeliverInbound. Those of a session that is gone are dropped: the engine has heard SessionClosed. And
  // PressureChanged: from level 1 few connections may wait unbound, from level 2 binds get ESME_RSYSERR.
  void on(const Now& now, const Effect& effect);

  // new binds get ESME_RSYSERR; bound sessions are unbound once they are answered
  void drain(const Now& now);
  [[nodiscard]] std::size_t sessions() const;
  void collect(ports::MetricReport& report) const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::ingress
