// SPDX-License-Identifier: Apache-2.0
// A link's life: connect, bind, stay bound, lose, reconnect (SMPP 5.1, 5.4). Submits are in submit.cpp, what
// the operator sends in receive.cpp.
#include "egress/link.hpp"

#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/smpp/printer.hpp"

namespace aldis::egress {

namespace {

constexpr Duration kBackoffFirst = seconds{1};
constexpr Duration kBackoffMax = seconds{60};
constexpr Duration kStable = seconds{60};     // bound for so long: the failures before are forgotten
constexpr Duration kHeldProbe = minutes{10};  // after three refused logins
constexpr std::uint32_t kRefusalsUntilHeld = 3;
constexpr std::uint32_t kTimeoutsUntilRebind = 3;
constexpr std::uint32_t kUnansweredMax = 1000;  // deliver_sm of the operator that wait for the store
constexpr std::uint32_t kLinkPduOctetsMax = 70'000;

smpp::BindType smpp_type(BindType type) {
  switch (type) {
    case BindType::kTransmitter: return smpp::BindType::kTransmitter;
    case BindType::kReceiver: return smpp::BindType::kReceiver;
    case BindType::kTransceiver: return smpp::BindType::kTransceiver;
  }
  __builtin_unreachable();
}

std::uint8_t interface_version(VersionSetting version) {
  switch (version) {
    case VersionSetting::k33: return 0x33;
    case VersionSetting::k50: return 0x50;
    case VersionSetting::kAuto:
    case VersionSetting::k34: return 0x34;
  }
  __builtin_unreachable();
}

smpp::SessionOptions options_of(const OperatorSettings& op, std::uint32_t window) {
  auto options = smpp::SessionOptions::client();
  options.session_init = op.timers.bind;
  options.enquire_link = op.timers.enquire_link;
  options.enquire_link_response = op.timers.enquire_link_response;
  options.response = op.timers.response;
  options.unbind_response = op.timers.unbind;
  options.pdu_octets_max = kLinkPduOctetsMax;
  options.window_in = kUnansweredMax;
  options.window_out = window;
  options.tlvs_out = op.tlvs_out && op.version != VersionSetting::k33;
  return options;
}

bool is_credential_refusal(smpp::CommandStatus status) {
  return status == smpp::CommandStatus::kBindFailed || status == smpp::CommandStatus::kInvalidPassword ||
         status == smpp::CommandStatus::kInvalidSystemId || status == smpp::CommandStatus::kInvalidSystemType;
}

}  // namespace

LinkConnection::LinkConnection(OperatorsState& owner, const LinkInfo& row)
    : owner_(owner), row_(row), window_(owner.setup.directory.op(row.op).window) {
  for (const auto& [word, status] : settings().stat_map) {
    const auto state = [&, &s = status] {
      switch (s) {
        case Status::kDelivered: return smpp::MessageState::kDelivered;
        case Status::kExpired: return smpp::MessageState::kExpired;
        case Status::kDeleted: return smpp::MessageState::kDeleted;
        case Status::kUndeliverable: return smpp::MessageState::kUndeliverable;
        case Status::kRejected: return smpp::MessageState::kRejected;
        case Status::kUnknown: return smpp::MessageState::kUnknown;
        default: return smpp::MessageState::kEnroute;
      }
    }();
    stat_rules_.push_back({word, state});
  }
}

const OperatorSettings& LinkConnection::settings() const { return owner_.setup.directory.op(row_.op); }

std::uint16_t LinkConnection::window_free() const {
  return session_ ? static_cast<std::uint16_t>(std::min<std::uint32_t>(session_->window_free(), 0xFFFF))
                  : std::uint16_t{0};
}

// What may be leased ahead, so that the store's latency does not limit the rate: twice the window, at most
// the published bound on duplicates (CONTRACT D3).
std::uint16_t LinkConnection::lease_max() const {
  const std::uint32_t bound = settings().lease.value_or(2 * settings().window.max);
  return static_cast<std::uint16_t>(std::min(bound, 2 * window_.size()));
}

void LinkConnection::wake() {
  if (wire_ == nullptr) { return; }
  wire_->pause_reading(session_->wants_pause());
  if (!in_callback_) { wire_->wake(); }
}

// --- the connection ---

void LinkConnection::connect(const Now& now) {
  if (stopped_) { return; }
  const auto& hosts = settings().hosts;
  ALDIS_CHECK(!hosts.empty());
  auto& next_bind = owner_.next_bind[row_.op.value()];
  if (now.mono < next_bind) {  // one bind a second and operator, whatever the number of links
    retry_at_ = next_bind;
    return;
  }
  next_bind = now.mono + seconds{1};
  state_ = State::kConnecting;
  connecting_since_ = now.mono;
  owner_.setup.log.debug(
      "link.connecting",
      {{"operator", settings().name}, {"link", row_.name}, {"peer", hosts[host_ % hosts.size()]}});
  owner_.setup.connect(hosts[host_ % hosts.size()], settings().timers.connect, *this);
}

void LinkConnection::on_open(const Now& now, ports::Wire& wire) {
  wire_ = &wire;
  window_.on_bound();
  session_.emplace(options_of(settings(), window_.size()), *this, owner_.smpp, wire.output());
  session_->start(now);
  state_ = State::kBinding;
  const auto& op = settings();
  smpp::Bind bind;
  bind.system_id = op.system_id;
  // SMPP allows 8 characters; operators that take more say so in their profile.
  bind.password = std::string_view{op.password.reveal()}.substr(0, op.password_long ? 64 : 8);
  bind.system_type = op.system_type;
  bind.interface_version = interface_version(op.version);
  bind.addr_ton = op.bind_address.ton;
  bind.addr_npi = op.bind_address.npi;
  bind.address_range = op.address_range;
  session_->bind(now, smpp_type(row_.bind_type), bind);
  wake();
}

std::size_t LinkConnection::on_octets(const Now& now, Octets input) {
  in_callback_ = true;
  const std::size_t consumed = session_->receive(now, input);
  in_callback_ = false;
  wake();
  return consumed;
}

void LinkConnection::on_timer(const Now& now) {
  nack_overdue(now);
  session_->on_timer(now);
  wake();
}

Instant LinkConnection::next_deadline() const {
  const Instant nack = pending_.empty() ? kNever : pending_.front().nack_at;
  return session_ ? std::min(session_->next_deadline(), nack) : nack;
}

void LinkConnection::on_bound(const Now& now, const smpp::BindResp&) {
  state_ = State::kBound;
  bound_at_ = now.mono;
  credential_refusals_ = 0;
  timeouts_in_a_row_ = 0;
  ++epoch_;
  ++binds_ok_;
  owner_.setup.log.info("link.bound", {{"operator", settings().name},
                                       {"link", row_.name},
                                       {"bind", name_of(row_.bind_type)},
                                       {"window", std::uint64_t{window_.size()}},
                                       {"took_ms", (now.mono - connecting_since_) / milliseconds{1}}});
  owner_.engine.on(
      now, LinkBound{row_.id, row_.op, row_.bind_type != BindType::kReceiver, window_free(), lease_max()});
}

void LinkConnection::on_bind_refused(const Now& now, smpp::CommandStatus status, const smpp::BindResp&) {
  ++binds_refused_;
  owner_.setup.log.warn("link.refused", {{"operator", settings().name},
                                         {"link", row_.name},
                                         {"status", smpp::name_of(status)},
                                         {"count", std::uint64_t{credential_refusals_ + 1}}});
  if (status == smpp::CommandStatus::kAlreadyBound) {
    set_retry(now, seconds{30});
  } else if (is_credential_refusal(status)) {
    ++credential_refusals_;
    set_retry(now, credential_refusals_ >= kRefusalsUntilHeld ? kHeldProbe : Duration{});
  } else {
    set_retry(now, {});
  }
}

// Full jitter, so that links that fell together do not come back together.
void LinkConnection::set_retry(const Now& now, Duration at_least) {
  const double jitter = static_cast<double>(owner_.setup.random.next() >> 11) * 0x1.0p-53;
  Duration span = at_least;
  if (at_least == Duration::zero()) {
    span = std::min(kBackoffMax, kBackoffFirst * (std::int64_t{1} << std::min<std::uint32_t>(failures_, 6)));
  }
  ++failures_;
  retry_at_ = now.mono + at_least + std::chrono::duration_cast<Duration>(jitter * span);
}

void LinkConnection::on_closing(const Now&, smpp::CloseReason reason, bool flush) {
  if (reason != smpp::CloseReason::kUnbound && reason != smpp::CloseReason::kBindRefused) {
    owner_.setup.log.warn(
        "link.lost", {{"operator", settings().name}, {"link", row_.name}, {"reason", smpp::name_of(reason)}});
  }
  if (wire_ != nullptr) { flush ? wire_->close_after_flush() : wire_->close_now(); }
}

void LinkConnection::on_closed(const Now& now, ports::CloseCause cause) {
  const State was = state_;
  if (was == State::kConnecting) {
    ++connects_failed_;
    ++host_;  // the next one in order
    set_retry(now, {});
  } else {
    if (was == State::kBound || was == State::kDraining) {
      lose_outstanding(now);
      if (now.mono - bound_at_ >= kStable) { failures_ = 0; }
      owner_.engine.on(now, LinkLost{row_.id});
    }
    if (retry_at_ <= now.mono) { set_retry(now, {}); }
  }
  owner_.setup.log.info("link.unbound",
                        {{"operator", settings().name},
                         {"link", row_.name},
                         {"reason", ports::name_of(cause)},
                         {"retry_ms", std::max<std::int64_t>((retry_at_ - now.mono) / milliseconds{1}, 0)}});
  state_ = State::kDown;
  wire_ = nullptr;
  session_.reset();
  pending_.clear();
  parts_.clear();
  parts_free_.clear();
}

// Handed to the kernel whole: the operator may have it. In part or not at all: it has not (CONTRACT 2).
void LinkConnection::lose_outstanding(const Now& now) {
  const std::uint64_t taken = wire_->octets_taken();
  std::vector<std::pair<PartRef, bool>> lost;
  session_->for_each_outstanding([&](const smpp::Outstanding& request) {
    if (request.command == smpp::CommandId::kSubmitSm) {
      lost.emplace_back(part_of(request.token), request.offset_end <= taken && !ALDIS_MUTANT(67));
    }
  });
  for (const auto& [part, whole] : lost) {
    owner_.engine.on(now, SubmitResult{row_.id,
                                       part,
                                       {whole ? OutcomeClass::kLost : OutcomeClass::kNotSent, 0, {}, {}},
                                       0,
                                       lease_max(),
                                       false,
                                       std::nullopt});
  }
}

void LinkConnection::on_request_timeout(const Now& now, std::uint64_t token, smpp::CommandId command) {
  if (command != smpp::CommandId::kSubmitSm) { return; }
  if (ALDIS_MUTANT(16)) { parts_free_.push_back(static_cast<std::uint32_t>(token)); }
  window_.on_timeout();
  session_->set_window_out(window_.size());
  session_->enquire_link(now);
  owner_.engine.on(now, SubmitResult{row_.id,
                                     part_of(token),
                                     {OutcomeClass::kUnanswered, 0, {}, {}},
                                     window_free(),
                                     lease_max(),
                                     false,
                                     std::nullopt});
  if (++timeouts_in_a_row_ >= kTimeoutsUntilRebind) { fail(now, "unanswered"); }
}

void LinkConnection::fail(const Now& now, std::string_view why) {
  owner_.setup.log.warn("link.lost", {{"operator", settings().name}, {"link", row_.name}, {"reason", why}});
  state_ = State::kDraining;
  session_->unbind(now);
  wake();
}

void LinkConnection::unbind(const Now& now) {
  stopped_ = true;
  if (state_ == State::kBound || state_ == State::kBinding) {
    session_->unbind(now);
    wake();
  }
}

void LinkConnection::on_bad_pdu(const Now&, Octets octets, const smpp::DecodeError& error) {
  owner_.setup.log.warn("link.bad_pdu", {{"operator", settings().name},
                                         {"link", row_.name},
                                         {"status", smpp::name_of(error.status)},
                                         {"field", error.field},
                                         {"octets", smpp::masked_hex(octets)}});
}

void LinkConnection::on_notice(const Now&, const smpp::Pdu& pdu) {
  owner_.setup.log.info("link.notice", {{"operator", settings().name},
                                        {"link", row_.name},
                                        {"command", smpp::name_of(pdu.header.command_id)}});
}

}  // namespace aldis::egress
