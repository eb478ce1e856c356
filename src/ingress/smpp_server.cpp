// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/smpp_server.hpp"

#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/constant_time.hpp"
#include "ingress/server_state.hpp"

namespace aldis::ingress {

namespace {

// CONTRACT part 4: levels of pressure.
constexpr std::uint8_t kPressureUnbound = 1;  // from here on few connections that have not bound
constexpr std::uint8_t kPressureBinds = 2;    // from here on no new binds, but for pressed()'s
constexpr std::size_t kUnboundUnderPressure = 100;

constexpr Duration kVerifiedFor = minutes{10};
constexpr std::size_t kVerifiedMax = 4;

Login::Verified digest_of(SipKey key, std::string_view system_id, std::string_view password) {
  std::string both{system_id};
  both.push_back('\0');
  both += password;
  return {{siphash24(key, both), siphash24({~key.k0, ~key.k1}, both)}, {}};
}

}  // namespace

struct SmppServer::Impl : ServerState {
  using ServerState::ServerState;
};

ServerState::ServerState(const ServerSetup& setup_in, EventSink& engine_in)
    : setup(setup_in), engine(engine_in) {
  const Directory& directory = setup.directory;
  binds.resize(directory.accounts_count());
  for (std::uint32_t i = 0; i < directory.accounts_count(); ++i) {
    const auto& account = directory.account(AccountId{i});
    if (!account.enabled) { continue; }
    for (const auto& login : account.logins) {
      if (login.kind != LoginKind::kSmpp) { continue; }
      Login row;
      row.account = AccountId{i};
      row.settings = &login;
      row.allow = AddressList::parse(account.smpp.allow_ips).value_or(AddressList{});
      if (!login.allow_ips.empty()) {
        row.allow_narrow = AddressList::parse(login.allow_ips).value_or(AddressList{});
      }
      logins.emplace(login.user, std::move(row));
    }
  }
}

void ServerState::check_password(const Now& now, CustomerSession& session, const std::string& system_id,
                                 const std::string& password, bool address_allowed) {
  const auto at = logins.find(system_id);
  const bool may_pass = at != logins.end() && address_allowed;
  std::string_view phc;  // empty: a dummy of equal cost is checked
  if (may_pass) {
    Login& login = at->second;
    if (!login.settings->password.empty()) {
      if (equal_constant_time(password, login.settings->password.reveal())) {
        session.judge_bind(now, true, false);
        return;
      }
    } else {
      const auto digest = digest_of(setup.cache_key, system_id, password);
      for (const auto& known : login.verified) {
        if (now.mono < known.until && known.digest[0] == digest.digest[0] &&
            known.digest[1] == digest.digest[1]) {
          session.judge_bind(now, true, false);
          return;
        }
      }
      phc = login.settings->password_hash;
    }
  }
  const SessionId id = session.id();
  // The answer comes in a later turn, when this turn's clocks are stale by the time of the hash; that is 20
  // ms at most.
  setup.passwords.verify(phc, password,
                         [this, id, now, system_id, password](ports::Passwords::Verdict verdict) {
                           CustomerSession* waiting = find(id);
                           if (waiting == nullptr || !waiting->binding()) { return; }
                           const bool right = verdict == ports::Passwords::Verdict::kRight;
                           if (right) {
                             auto& verified = logins.at(system_id).verified;
                             auto digest = digest_of(setup.cache_key, system_id, password);
                             digest.until = now.mono + kVerifiedFor;
                             verified.push_back(digest);
                             if (verified.size() > kVerifiedMax) { verified.pop_front(); }
                           }
                           waiting->judge_bind(now, right, verdict == ports::Passwords::Verdict::kBusy);
                         });
}

bool ServerState::over_limit(AccountId account, smpp::BindType type) const {
  const auto& limits = setup.directory.account(account).smpp;
  const auto& now_bound = binds[account.value()];
  if (now_bound.all() >= limits.binds_max) { return true; }
  switch (type) {
    case smpp::BindType::kTransmitter:
      return limits.binds_max_transmitter && now_bound.transmitter >= *limits.binds_max_transmitter;
    case smpp::BindType::kReceiver:
      return limits.binds_max_receiver && now_bound.receiver >= *limits.binds_max_receiver;
    case smpp::BindType::kTransceiver:
      return limits.binds_max_transceiver && now_bound.transceiver >= *limits.binds_max_transceiver;
  }
  __builtin_unreachable();
}

bool ServerState::pressed(AccountId account, smpp::BindType type) const {
  if (pressure < kPressureBinds) { return false; }
  const auto& bound = binds[account.value()];
  const bool takes = type != smpp::BindType::kTransmitter && bound.receiver + bound.transceiver == 0;
  // At every level: what is owed may be what fills the memory.
  return !(takes && setup.owes && setup.owes(account));
}

// Too many connections that have not bound: the oldest one of the busiest source goes (SMPP 3.3).
void ServerState::make_room_unbound() {
  boost::unordered_flat_map<IpAddress, std::size_t> by_source;
  std::size_t most = 0;
  for (const auto& session : unbound) { most = std::max(most, ++by_source[session.source()]); }
  const auto victim = std::find_if(unbound.begin(), unbound.end(), [&](const CustomerSession& session) {
    return by_source[session.source()] == most;
  });
  if (victim != unbound.end()) { victim->close_unbound(); }
}

SmppServer::SmppServer(const ServerSetup& setup, EventSink& engine)
    : impl_(std::make_unique<Impl>(setup, engine)) {}
SmppServer::~SmppServer() = default;

std::unique_ptr<ports::ByteProtocol> SmppServer::accept(const Now& now, const SmppListener& listener,
                                                        std::string_view peer_address) {
  Impl& s = *impl_;
  const auto source = IpAddress::parse(peer_address);
  if (!source) { return nullptr; }
  if (!listener.plain_public && !source->is_loopback_or_private()) {
    ++s.counters.refused_plain;
    return nullptr;
  }
  if (s.guard.refused_at_accept(now.mono, *source)) {
    ++s.counters.refused_penalty;
    return nullptr;
  }
  if (s.pressure >= kPressureUnbound && s.unbound_count >= kUnboundUnderPressure) {
    ++s.counters.refused_pressure;
    return nullptr;
  }
  const auto same = std::count_if(s.unbound.begin(), s.unbound.end(), [&](const CustomerSession& session) {
    return session.source() == *source;
  });
  if (static_cast<std::size_t>(same) >= s.setup.settings.unbound_per_source) {
    ++s.counters.refused_per_source;
    return nullptr;
  }
  if (s.unbound_count >= s.setup.settings.unbound_max) {
    ++s.counters.refused_limit;
    s.make_room_unbound();
  }
  return std::make_unique<CustomerSession>(s, SessionId{++s.last_session}, listener, *source);
}

void SmppServer::on(const Now& now, const Effect& effect) {
  Impl& s = *impl_;
  const auto with = [&](SessionId id, auto&& call) {
    if (CustomerSession* session = s.find(id)) { call(*session); }
  };
  // A delivery that found no room after all goes back to what is owed, as one that was not answered.
  const auto deliver = [&](const auto& e) {
    with(e.session, [&](CustomerSession& session) {
      if (!session.deliver(now, e)) {
        s.engine.on(now, DeliverResult{e.session, e.token, DeliverResult::Kind::kTimeout, 0});
      }
    });
  };
  if (const auto* submit = std::get_if<AnswerSubmit>(&effect)) {
    with(submit->token.session, [&](CustomerSession& session) { session.answer(now, *submit); });
  } else if (const auto* receipt = std::get_if<DeliverReceipt>(&effect)) {
    deliver(*receipt);
  } else if (const auto* inbound = std::get_if<DeliverInbound>(&effect)) {
    deliver(*inbound);
  } else if (const auto* query = std::get_if<AnswerQuery>(&effect)) {
    with(query->token.session, [&](CustomerSession& session) { session.answer(now, *query); });
  } else if (const auto* cancel = std::get_if<AnswerCancel>(&effect)) {
    with(cancel->token.session, [&](CustomerSession& session) { session.answer(now, *cancel); });
  } else if (const auto* replace = std::get_if<AnswerReplace>(&effect)) {
    with(replace->token.session, [&](CustomerSession& session) { session.answer(now, *replace); });
  } else if (const auto* pressure = std::get_if<PressureChanged>(&effect)) {
    s.pressure = pressure->level;
  }
}

void SmppServer::drain(const Now& now) {
  impl_->draining = true;
  for (auto& [id, session] : impl_->sessions) { session->unbind(now); }
}

std::size_t SmppServer::sessions() const { return impl_->sessions.size(); }

void SmppServer::collect(ports::MetricReport& report) const {
  const auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  const auto& c = impl_->counters;
  std::array<std::uint64_t, 3> bound{};
  for (const auto& row : impl_->binds) {
    bound[0] += row.transmitter;
    bound[1] += row.receiver;
    bound[2] += row.transceiver;
  }
  report.gauge("aldis_sessions", {{"type", "tx"}}, count(bound[0]));
  report.gauge("aldis_sessions", {{"type", "rx"}}, count(bound[1]));
  report.gauge("aldis_sessions", {{"type", "trx"}}, count(bound[2]));
  report.counter("aldis_session_binds_total", {{"result", "ok"}}, count(c.binds_ok));
  report.counter("aldis_session_binds_total", {{"result", "refused"}}, count(c.binds_refused));
  report.counter("aldis_session_binds_total", {{"result", "limit"}}, count(c.binds_limit));
  report.counter("aldis_connections_refused_total", {{"reason", "limit"}}, count(c.refused_limit));
  report.counter("aldis_connections_refused_total", {{"reason", "per_source"}}, count(c.refused_per_source));
  report.counter("aldis_connections_refused_total", {{"reason", "penalty"}}, count(c.refused_penalty));
  report.counter("aldis_connections_refused_total", {{"reason", "plain_public"}}, count(c.refused_plain));
  report.counter("aldis_connections_refused_total", {{"reason", "pressure"}}, count(c.refused_pressure));
  for (std::size_t i = 0; i < smpp::kCommandCount; ++i) {
    const auto command = smpp::name_of(smpp::kCommandIds[i]);
    if (c.smpp.pdus_in[i] > 0) {
      report.counter("aldis_smpp_pdus_total",
                     {{"side", "session"}, {"direction", "in"}, {"command", command}},
                     count(c.smpp.pdus_in[i]));
    }
    if (c.smpp.pdus_out[i] > 0) {
      report.counter("aldis_smpp_pdus_total",
                     {{"side", "session"}, {"direction", "out"}, {"command", command}},
                     count(c.smpp.pdus_out[i]));
    }
  }
  for (std::size_t i = 0; i < smpp::kFaultCount; ++i) {
    report.counter("aldis_smpp_errors_total",
                   {{"side", "session"}, {"reason", name_of(static_cast<smpp::Fault>(i))}},
                   count(c.smpp.faults[i]));
  }
  report.counter("aldis_smpp_octets_total", {{"side", "session"}, {"direction", "in"}},
                 count(c.smpp.octets_in));
  report.counter("aldis_smpp_octets_total", {{"side", "session"}, {"direction", "out"}},
                 count(c.smpp.octets_out));
}

}  // namespace aldis::ingress
