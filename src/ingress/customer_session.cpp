// SPDX-License-Identifier: Apache-2.0
// Connection, bind and answers of one customer; what its requests mean is in customer_requests.cpp, what it
// is sent in customer_deliveries.cpp.
#include "ingress/customer_session.hpp"

#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/failpoint.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/smpp/printer.hpp"
#include "aldis/smpp/smpp_time.hpp"
#include "ingress/server_state.hpp"
#include "ingress/smpp_status.hpp"

namespace aldis::ingress {

namespace {

constexpr std::size_t kOutputMax = 1u << 20;  // unread octets of a session; past it we stop reading it
constexpr Duration kPenaltyBadPdus = seconds{60};

smpp::SessionOptions options_of(const SmppServerSettings& settings) {
  auto options = smpp::SessionOptions::server();
  options.session_init = settings.timers.session_init;
  options.pdu_complete = settings.timers.pdu;
  options.enquire_link = settings.timers.enquire_link;
  options.enquire_link_response = settings.timers.enquire_link_response;
  options.response = settings.timers.response;
  options.inactivity = settings.timers.inactivity;
  options.unbind_response = settings.timers.unbind;
  options.pdu_octets_max = settings.pdu_octets_max;
  return options;
}

smpp::Version version_of(VersionSetting setting, smpp::Version asked) {
  switch (setting) {
    case VersionSetting::kAuto: return asked;
    case VersionSetting::k33: return smpp::Version::kV33;
    case VersionSetting::k34: return smpp::Version::kV34;
    case VersionSetting::k50: return smpp::Version::kV50;
  }
  __builtin_unreachable();
}

}  // namespace

CustomerSession::CustomerSession(ServerState& server, SessionId id, const SmppListener& listener,
                                 const IpAddress& source)
    : server_(server), id_(id), listener_(listener), source_(source) {
  server_.sessions.emplace(id_, this);
  server_.unbound.push_back(*this);
  ++server_.unbound_count;
}

CustomerSession::~CustomerSession() {
  if (UnboundHook::is_linked()) { --server_.unbound_count; }
  server_.sessions.erase(id_);
}

const AccountSettings& CustomerSession::settings() const { return server_.setup.directory.account(account_); }

MessageIdFormat CustomerSession::id_format() const {
  return session_->version() == smpp::Version::kV33 ? MessageIdFormat::kHex8 : settings().smpp.message_id;
}

// --- the connection ---

void CustomerSession::on_open(const Now& now, ports::Wire& wire) {
  wire_ = &wire;
  session_.emplace(options_of(server_.setup.settings), *this, server_.counters.smpp, wire.output());
  session_->start(now);
}

std::size_t CustomerSession::on_octets(const Now& now, Octets input) {
  in_callback_ = true;
  const std::size_t consumed = session_->receive(now, input);
  in_callback_ = false;
  send(now);
  return consumed;
}

void CustomerSession::on_flushed(const Now& now) { send(now); }

void CustomerSession::on_timer(const Now& now) {
  if (now.mono >= refuse_at_) {
    refuse_at_ = kNever;
    session_->refuse_bind(now, refuse_status_);
  }
  session_->on_timer(now);
  send(now);
}

Instant CustomerSession::next_deadline() const {
  return session_ ? std::min(session_->next_deadline(), refuse_at_) : refuse_at_;
}

void CustomerSession::send(const Now&) {
  if (wire_ == nullptr) { return; }
  wire_->pause_reading(session_->wants_pause() ||
                       (wire_->output_pending() > kOutputMax && !ALDIS_MUTANT(29)));
  if (!in_callback_) { wire_->wake(); }
}

void CustomerSession::on_closed(const Now& now, ports::CloseCause cause) {
  wire_ = nullptr;
  if (!bound_) { return; }
  bound_ = false;
  if (!ALDIS_MUTANT(73)) { --server_.binds[account_.value()].of(bind_type_); }
  server_.engine.on(now, SessionClosed{id_});
  server_.setup.log.info("session.unbound", {{"session", id_.value()},
                                             {"account", settings().name},
                                             {"user", system_id_},
                                             {"reason", ports::name_of(cause)}});
}

void CustomerSession::on_closing(const Now& now, smpp::CloseReason reason, bool flush) {
  if (reason == smpp::CloseReason::kBadPdus) { server_.guard.penalise(now.mono, source_, kPenaltyBadPdus); }
  const bool orderly = reason == smpp::CloseReason::kUnbound || reason == smpp::CloseReason::kBindRefused;
  if (!orderly) {
    server_.setup.log.warn("session.lost", {{"session", id_.value()},
                                            {"account", server_.setup.directory.account_name(account_)},
                                            {"user", system_id_},
                                            {"reason", smpp::name_of(reason)}});
  }
  if (wire_ == nullptr) { return; }
  flush ? wire_->close_after_flush() : wire_->close_now();
}

void CustomerSession::close_unbound() {
  if (wire_ != nullptr) { wire_->close_now(); }
  if (UnboundHook::is_linked()) {
    UnboundHook::unlink();
    --server_.unbound_count;
  }
}

void CustomerSession::on_bad_pdu(const Now&, Octets octets, const smpp::DecodeError& error) {
  server_.setup.log.warn("session.bad_pdu",
                         {{"session", id_.value()},
                          {"account", server_.setup.directory.account_name(account_)},
                          {"status", smpp::name_of(error.status)},
                          {"field", error.field},
                          {"octets", ALDIS_MUTANT(30) ? std::string{octets} : smpp::masked_hex(octets)}});
}

// --- binding (SMPP 3.3) ---

void CustomerSession::on_bind(const Now& now, const smpp::BindRequest& request) {
  bind_type_ = request.type;
  bind_version_ = request.version;
  system_id_ = request.bind->system_id;
  password_ = request.bind->password;
  system_type_ = request.bind->system_type;
  if (server_.draining) { return refuse_bind(now, smpp::CommandStatus::kSystemError, "draining", false); }
  const auto at = server_.logins.find(system_id_);
  const bool known = at != server_.logins.end();
  const bool allowed = known && (at->second.allow.allows(source_) || ALDIS_MUTANT(74)) &&
                       (!at->second.allow_narrow || at->second.allow_narrow->allows(source_));
  if (known && !server_.guard.may_check(now.mono, source_, system_id_)) {
    return refuse_bind(now, smpp::CommandStatus::kBindFailed, "guessing", true);
  }
  account_ = allowed ? at->second.account : kNoAccount;
  server_.check_password(now, *this, system_id_, password_, allowed);
}

void CustomerSession::judge_bind(const Now& now, bool right, bool busy) {
  std::fill(password_.begin(), password_.end(), '\0');
  password_.clear();
  if (busy) { return refuse_bind(now, smpp::CommandStatus::kSystemError, "busy", false); }
  if (!right || account_ == kNoAccount) {
    const bool known = server_.logins.contains(system_id_);
    const std::string_view reason = !known                   ? "unknown_system_id"
                                    : account_ == kNoAccount ? "address"
                                                             : "password";
    account_ = kNoAccount;
    return refuse_bind(now, smpp::CommandStatus::kBindFailed, reason, true);
  }
  const auto& smpp_settings = settings().smpp;
  if (!smpp_settings.system_type.empty() && system_type_ != smpp_settings.system_type) {
    return refuse_bind(now, smpp::CommandStatus::kInvalidSystemType, "system_type", false);
  }
  const bool type_allowed = bind_type_ == smpp::BindType::kTransmitter ? smpp_settings.bind_transmitter
                            : bind_type_ == smpp::BindType::kReceiver  ? smpp_settings.bind_receiver
                                                                       : smpp_settings.bind_transceiver;
  if (!type_allowed) { return refuse_bind(now, smpp::CommandStatus::kBindFailed, "bind_type", false); }
  if (server_.pressed(account_, bind_type_)) {
    return refuse_bind(now, smpp::CommandStatus::kSystemError, "pressure", false);
  }
  if (server_.over_limit(account_, bind_type_)) {
    ++server_.counters.binds_limit;
    // One of those that hold the places may be dead: asked now, it gives its place back within seconds.
    for (auto& [id, other] : server_.sessions) {
      if (other != this && other->bound() && other->account() == account_) { other->probe(now); }
    }
    return refuse_bind(now, smpp::CommandStatus::kAlreadyBound, "binds_max", false);
  }
  accept_bind(now);
}

void CustomerSession::accept_bind(const Now& now) {
  const auto& account = settings();
  server_.guard.bound(now.mono, source_, system_id_);
  if (UnboundHook::is_linked()) {
    UnboundHook::unlink();
    --server_.unbound_count;
  }
  ++server_.binds[account_.value()].of(bind_type_);
  ++server_.counters.binds_ok;
  bound_ = true;
  auto options = options_of(server_.setup.settings);
  options.error_body_empty = account.smpp.error_body_empty;
  session_->set_options(options);
  session_->accept_bind(now, {.system_id = listener_.system_id,
                              .version = version_of(account.smpp.version, bind_version_),
                              .window_in = account.smpp.window_in,
                              .window_out = account.smpp.window_out});
  server_.setup.log.info("session.bound", {{"session", id_.value()},
                                           {"account", account.name},
                                           {"user", system_id_},
                                           {"bind", smpp::name_of(bind_type_)},
                                           {"version", smpp::name_of(session_->version())},
                                           {"peer", wire_ != nullptr ? wire_->peer() : std::string_view{}}});
  server_.engine.on(now, SessionBound{id_, account_, bind_type_ != smpp::BindType::kTransmitter,
                                      static_cast<std::uint16_t>(account.smpp.window_out)});
  send(now);
}

void CustomerSession::refuse_bind(const Now& now, smpp::CommandStatus status, std::string_view reason,
                                  bool guess) {
  ++server_.counters.binds_refused;
  server_.setup.log.warn("session.refused",
                         {{"session", id_.value()},
                          {"user", system_id_},
                          {"reason", reason},
                          {"peer", wire_ != nullptr ? wire_->peer_address() : std::string_view{}}});
  if (guess) {
    server_.guard.failed(now.mono, source_);
    if (const auto delay = server_.guard.answer_delay(now.mono, source_); delay > Duration::zero()) {
      refuse_at_ = now.mono + delay;
      refuse_status_ = status;
      return send(now);
    }
  }
  session_->refuse_bind(now, status);
  send(now);
}

void CustomerSession::probe(const Now& now) {
  if (now.mono - session_->last_received() > seconds{5}) {
    session_->enquire_link(now);
    send(now);
  }
}

void CustomerSession::unbind(const Now& now) {
  if (!session_ || wire_ == nullptr) { return; }
  session_->unbind(now);
  send(now);
}

// --- answers to its requests ---

void CustomerSession::answer(const Now& now, const AnswerSubmit& effect) {
  const auto asked = static_cast<Asked>(effect.token.kind);
  const auto command = asked == Asked::kSubmitSm ? smpp::CommandId::kSubmitSm
                       : asked == Asked::kDataSm ? smpp::CommandId::kDataSm
                                                 : smpp::CommandId::kSubmitMulti;
  const std::uint32_t sequence = effect.token.sequence;
  if (effect.refusal) { return refuse(now, sequence, command, *effect.refusal); }
  const auto id = server_.setup.public_ids.format(effect.id, id_format());
  switch (asked) {
    case Asked::kSubmitSm:
      session_->respond(now, sequence, smpp::CommandStatus::kOk, smpp::SubmitSmResp{id.view(), {}});
      break;
    case Asked::kDataSm:
      session_->respond(now, sequence, smpp::CommandStatus::kOk, smpp::DataSmResp{id.view(), {}});
      break;
    default: {
      std::string items;
      for (const auto& row : effect.refused) {
        smpp::append(items,
                     smpp::Unsuccess{row.destination.ton, row.destination.npi, row.destination.digits.view(),
                                     smpp_status(row.refusal, session_->version(), settings().smpp)});
      }
      const smpp::UnsuccessList list{static_cast<std::uint8_t>(effect.refused.size()), items};
      session_->respond(now, sequence, smpp::CommandStatus::kOk, smpp::SubmitMultiResp{id.view(), list, {}});
    }
  }
  ALDIS_FAILPOINT(pass_half_flushed("answer.half", wire_));
  ALDIS_FAILPOINT(pass_flushed("answer.done", wire_));
  send(now);
}

void CustomerSession::answer(const Now& now, const AnswerQuery& effect) {
  if (effect.refusal) {
    return refuse(now, effect.token.sequence, smpp::CommandId::kQuerySm, *effect.refusal);
  }
  const bool v50 = session_->version() == smpp::Version::kV50;
  const auto id = server_.setup.public_ids.format(effect.id, id_format());
  FixedString<16> final_date;
  if (is_final(effect.status)) { final_date = smpp::absolute_time(effect.final_at); }
  session_->respond(now, effect.token.sequence, smpp::CommandStatus::kOk,
                    smpp::QuerySmResp{id.view(),
                                      final_date.view(),
                                      static_cast<std::uint8_t>(
                                          message_state(effect.status, effect.operator_accepted, v50)),
                                      effect.error_code,
                                      {}});
  send(now);
}

void CustomerSession::answer(const Now& now, const AnswerCancel& effect) {
  if (effect.refusal) {
    return refuse(now, effect.token.sequence, smpp::CommandId::kCancelSm, *effect.refusal);
  }
  refuse(now, effect.token.sequence, smpp::CommandId::kCancelSm, smpp::CommandStatus::kOk);
}

void CustomerSession::answer(const Now& now, const AnswerReplace& effect) {
  if (effect.refusal) {
    return refuse(now, effect.token.sequence, smpp::CommandId::kReplaceSm, *effect.refusal);
  }
  refuse(now, effect.token.sequence, smpp::CommandId::kReplaceSm, smpp::CommandStatus::kOk);
}

void CustomerSession::refuse(const Now& now, std::uint32_t sequence, smpp::CommandId command,
                             Refusal refusal) {
  const auto status = smpp_status(refusal, session_->version(), settings().smpp);
  const bool tell = session_->version() == smpp::Version::kV50 ||
                    (session_->version() == smpp::Version::kV34 && settings().smpp.error_text);
  if (!tell) { return refuse(now, sequence, command, status); }
  std::string sentence{name_of(refusal)};
  sentence += ": ";
  sentence += sentence_of(refusal);
  std::string tlvs;
  smpp::append_tlv_cstring(tlvs, smpp::TlvTag::kAdditionalStatusInfoText, sentence);
  session_->respond_error(now, command, sequence, status, tlvs);
  send(now);
}

void CustomerSession::refuse(const Now& now, std::uint32_t sequence, smpp::CommandId command,
                             smpp::CommandStatus status) {
  session_->respond_error(now, command, sequence, status);
  send(now);
}

}  // namespace aldis::ingress
