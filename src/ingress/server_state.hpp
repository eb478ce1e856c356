// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "aldis/ingress/smpp_server.hpp"
#include "ingress/bind_guard.hpp"
#include "ingress/customer_session.hpp"

namespace aldis::ingress {

// A system_id, ready to be checked.
struct Login {
  AccountId account = kNoAccount;
  const LoginSettings* settings = nullptr;
  AddressList allow;                        // of the account
  std::optional<AddressList> allow_narrow;  // of the login
  struct Verified {
    std::uint64_t digest[2] = {0, 0};
    Instant until{};
  };
  std::deque<Verified> verified;  // at most 4: passwords found right within 10 minutes, as a keyed hash
};

struct BindCounts {
  std::uint32_t transmitter = 0;
  std::uint32_t receiver = 0;
  std::uint32_t transceiver = 0;
  [[nodiscard]] std::uint32_t all() const { return transmitter + receiver + transceiver; }
  std::uint32_t& of(smpp::BindType type) {
    return type == smpp::BindType::kTransmitter ? transmitter
           : type == smpp::BindType::kReceiver  ? receiver
                                                : transceiver;
  }
};

struct IngressCounters {
  smpp::Counters smpp;
  std::uint64_t binds_ok = 0;
  std::uint64_t binds_refused = 0;
  std::uint64_t binds_limit = 0;
  std::uint64_t refused_limit = 0;
  std::uint64_t refused_per_source = 0;
  std::uint64_t refused_penalty = 0;
  std::uint64_t refused_plain = 0;
  std::uint64_t refused_pressure = 0;
};

// What the sessions of one server share.
struct ServerState {
  ServerState(const ServerSetup& setup_in, EventSink& engine_in);

  const ServerSetup setup;
  EventSink& engine;
  BindGuard guard;
  IngressCounters counters;
  boost::unordered_flat_map<SessionId, CustomerSession*> sessions;
  boost::unordered_flat_map<std::string, Login> logins;  // by system_id
  std::vector<BindCounts> binds;                         // index = AccountId
  // oldest first
  boost::intrusive::list<CustomerSession, boost::intrusive::constant_time_size<false>> unbound;
  std::size_t unbound_count = 0;
  std::uint64_t last_session = 0;
  bool draining = false;
  std::uint8_t pressure = 0;
  // Reused by whoever encodes or decodes right now.
  std::string text_scratch;
  std::string tlv_scratch;
  std::vector<Address> destinations_scratch;

  CustomerSession* find(SessionId id) {
    const auto at = sessions.find(id);
    return at == sessions.end() ? nullptr : at->second;
  }
  // Checks a password; the verdict comes by CustomerSession::judge_bind(), now or later.
  void check_password(const Now& now, CustomerSession& session, const std::string& system_id,
                      const std::string& password, bool address_allowed);
  // Why one more bind of this type is one too many; nothing if it is not.
  [[nodiscard]] bool over_limit(AccountId account, smpp::BindType type) const;
  // Under pressure: only who takes what it is owed, and has no session for that, may still bind (CONTRACT
  // part 4).
  [[nodiscard]] bool pressed(AccountId account, smpp::BindType type) const;
  void make_room_unbound();
};

}  // namespace aldis::ingress
