// SPDX-License-Identifier: Apache-2.0
// What a session does of its own or for the application: output, timers, beginning and end. Input:
// session_input.cpp.
#include "aldis/smpp/session.hpp"

#include <algorithm>

#include "aldis/base/check.hpp"
#include "aldis/base/mutant.hpp"
#include "aldis/smpp/pdu_rows.hpp"

namespace aldis::smpp {

namespace {

// Octets of a response's mandatory fields when all of them are empty or zero.
std::size_t mandatory_octets_of(CommandId request) {
  switch (request) {
    case CommandId::kSubmitSm:
    case CommandId::kDataSm:
    case CommandId::kDeliverSm: return 1;    // message_id
    case CommandId::kSubmitMulti: return 2;  // message_id, no_unsuccess
    case CommandId::kQuerySm: return 4;      // message_id, final_date, message_state, error_code
    default: return 0;
  }
}

}  // namespace

SessionOptions SessionOptions::client() {
  SessionOptions options;
  options.role = Role::kClient;
  options.session_init = seconds{30};
  options.response = seconds{60};
  options.inactivity = Duration::zero();
  options.pdu_octets_max = kSkippableOctetsMax;
  options.pdu_octets_max_unbound = 512;  // a bind_resp with a full additional_status_info_text has 296
  options.window_in = 1000;
  options.bad_pdus_per_minute = 0;
  return options;
}

Session::Session(const SessionOptions& options, SessionHandler& handler, Counters& counters, std::string& out)
    : options_(options),
      handler_(handler),
      counters_(counters),
      out_(out),
      window_(options.sequence_first),
      window_in_(options.window_in),
      window_out_(options.window_out) {}

void Session::set_options(const SessionOptions& options) {
  ALDIS_CHECK(options.role == options_.role);
  options_ = options;
  if (options.role == Role::kClient) { window_in_ = options.window_in; }  // a server's comes from the account
}

void Session::start(const Now& now) {
  last_received_ = now.mono;
  if (options_.role == Role::kServer) { phase_deadline_ = now.mono + options_.session_init; }
}

// --- bind --------------------------------------------------------------------------------------------------

void Session::accept_bind(const Now&, const Accept& accept) {
  if (options_.role != Role::kServer || state_ != State::kBinding) { return; }
  version_ = accept.version;
  window_in_ = accept.window_in;
  window_out_ = accept.window_out;
  state_ = State::kBound;
  phase_deadline_ = kNever;
  std::string tlvs;  // once per session
  if (may_send_tlvs()) {
    append_tlv_u8(tlvs, TlvTag::kScInterfaceVersion, static_cast<std::uint8_t>(version_));
  }
  const auto before = out_.size();
  const auto id = response_to(command_of(bind_type_));
  encode(out_, id, CommandStatus::kOk, bind_sequence_,
         BindResp{.system_id = accept.system_id, .tlvs = Tlvs{tlvs}});
  sent(id, before);
}

void Session::refuse_bind(const Now& now, CommandStatus status) {
  if (options_.role != Role::kServer || state_ != State::kBinding) { return; }
  send_header(response_to(command_of(bind_type_)), status, bind_sequence_);
  end(now, CloseReason::kBindRefused, true);
}

void Session::bind(const Now& now, BindType type, const Bind& bind) {
  if (options_.role != Role::kClient || state_ != State::kUnbound) { return; }
  state_ = State::kBinding;
  phase_deadline_ = now.mono + options_.session_init;
  bind_type_ = type;
  version_ = bind.interface_version >= 0x50   ? Version::kV50
             : bind.interface_version >= 0x34 ? Version::kV34
                                              : Version::kV33;
  bind_sequence_ = window_.take_sequence();
  Bind body = bind;
  if (!may_send_tlvs()) { body.tlvs = {}; }
  const auto before = out_.size();
  encode(out_, command_of(type), CommandStatus::kOk, bind_sequence_, body);
  sent(command_of(type), before);
}

// --- output ------------------------------------------------------------------------------------------------

// Everything appended passes here: it is counted, and the offsets of outstanding requests rest on it.
void Session::sent(CommandId id, std::size_t size_before) {
  const auto octets = out_.size() - size_before;
  octets_appended_ += octets;
  counters_.octets_out += octets;
  ++counters_.pdus_out[index_of(id)];
}

void Session::send_raw(Octets octets) {
  if (state_ == State::kClosed) { return; }
  out_.append(octets);
  octets_appended_ += octets.size();
  counters_.octets_out += octets.size();
}

void Session::send_header(CommandId id, CommandStatus status, std::uint32_t sequence_number) {
  const auto before = out_.size();
  encode_header(out_, id, status, sequence_number);
  sent(id, before);
}

void Session::send_error(CommandId request, std::uint32_t sequence_number, CommandStatus status,
                         Octets tlvs) {
  const auto id = response_to(request);
  if (!may_send_tlvs()) { tlvs = {}; }
  const auto mandatory = mandatory_octets_of(request);
  // A deliver_sm_resp always has its NUL: some centres insist on it.
  const bool with_nul = request == CommandId::kDeliverSm || (mandatory > 0 && options_.error_body_empty);
  std::string body;  // inline unless there are TLVs
  // TLVs stand behind the mandatory fields: whoever reads those first would take a tag for a message_id.
  body.append(tlvs.empty() ? std::size_t{with_nul} : mandatory, '\0');
  body.append(tlvs);
  const auto before = out_.size();
  encode_octets(out_, id, status, sequence_number, body);
  sent(id, before);
}

template <class BodyType>
bool Session::respond(const Now& now, std::uint32_t sequence_number, CommandStatus status,
                      const BodyType& body) {
  if (!may_send()) { return false; }
  const auto before = out_.size();
  if (may_send_tlvs() || body.tlvs.empty()) {
    encode(out_, status, sequence_number, body);
  } else {
    BodyType bare = body;
    bare.tlvs = {};
    encode(out_, status, sequence_number, bare);
  }
  sent(kCommandOf<BodyType>, before);
  answered_one(now);
  return true;
}

bool Session::respond_error(const Now& now, CommandId request, std::uint32_t sequence_number,
                            CommandStatus status, Octets tlvs) {
  if (!may_send()) { return false; }
  send_error(request, sequence_number, status, tlvs);
  answered_one(now);
  return true;
}

std::uint32_t Session::window_free() const {
  if (state_ != State::kBound) { return 0; }
  const BindType closed = options_.role == Role::kServer ? BindType::kTransmitter : BindType::kReceiver;
  const std::uint32_t window = window_out_ + (ALDIS_MUTANT(17) ? 1u : 0u);
  if (bind_type_ == closed || window_.used() >= window) { return 0; }
  return window - window_.used();
}

template <class BodyType>
bool Session::request(const Now& now, std::uint64_t token, const BodyType& body) {
  if (window_free() == 0) { return false; }
  const auto sequence = window_.take_sequence();
  const auto before = out_.size();
  if (may_send_tlvs() || body.tlvs.empty()) {
    encode(out_, CommandStatus::kOk, sequence, body);
  } else {
    BodyType bare = body;
    bare.tlvs = {};
    encode(out_, CommandStatus::kOk, sequence, bare);
  }
  sent(kCommandOf<BodyType>, before);
  window_.add({.token = token,
               .offset_end = octets_appended_,
               .sent_at = now.mono,
               .sequence = sequence,
               .command = kCommandOf<BodyType>});
  return true;
}

void Session::enquire_link(const Now& now) {
  if (state_ != State::kBound || enquire_sent_ != kNever) { return; }
  enquire_sent_ = now.mono;
  enquire_sequence_ = window_.take_sequence();
  send_header(CommandId::kEnquireLink, CommandStatus::kOk, enquire_sequence_);
}

// --- the end -----------------------------------------------------------------------------------------------

void Session::unbind(const Now& now) {
  if (state_ == State::kUnbound || state_ == State::kBinding) {
    end(now, CloseReason::kUnbound, true);
  } else if (state_ == State::kBound) {
    state_ = State::kFinishing;
    phase_deadline_ = now.mono + options_.unbind_response;
    if (unanswered_in_ == 0) { send_unbind(now); }
  }
}

void Session::send_unbind(const Now& now) {
  state_ = State::kUnbinding;
  phase_deadline_ = now.mono + options_.unbind_response;
  unbind_sequence_ = window_.take_sequence();
  send_header(CommandId::kUnbind, CommandStatus::kOk, unbind_sequence_);
}

void Session::answered_one(const Now& now) {
  ALDIS_CHECK(unanswered_in_ > 0);
  --unanswered_in_;
  if (unanswered_in_ > 0) { return; }
  if (state_ == State::kFinishing) { send_unbind(now); }
  if (state_ == State::kReleasing) { finish_release(now); }
}

void Session::finish_release(const Now& now) {
  send_header(CommandId::kUnbindResp, CommandStatus::kOk, unbind_sequence_);
  end(now, CloseReason::kUnbound, true);
}

void Session::close(const Now& now, bool flush) { end(now, CloseReason::kApplication, flush); }

void Session::end(const Now& now, CloseReason reason, bool flush) {
  if (state_ == State::kClosed) { return; }
  state_ = State::kClosed;
  handler_.on_closing(now, reason, flush);
}

// --- time --------------------------------------------------------------------------------------------------

bool Session::wants_pause() const { return window_in_full() && held_.size() >= kHeldOctetsMax; }

Instant Session::next_deadline() const {
  if (state_ == State::kClosed) { return kNever; }
  if (held_full_ && !window_in_full()) { return Instant::min(); }
  Instant next = phase_deadline_;
  if (window_.used() > 0) { next = std::min(next, window_.oldest_sent_at() + options_.response); }
  if (reading_paused()) { return next; }  // we do not listen: silence proves nothing
  if (pdu_started_ != kNever) { next = std::min(next, pdu_started_ + options_.pdu_complete); }
  if (state_ != State::kBound) { return next; }
  if (enquire_sent_ != kNever) {
    next = std::min(next, enquire_sent_ + options_.enquire_link_response);
  } else if (options_.enquire_link > Duration::zero()) {
    next = std::min(next, last_received_ + options_.enquire_link);
  }
  if (options_.inactivity > Duration::zero()) { next = std::min(next, last_received_ + options_.inactivity); }
  return next;
}

void Session::on_timer(const Now& now) {
  if (held_full_ && !window_in_full() && state_ != State::kClosed) { process_held(now); }
  time_out_requests(now);
  time_out_phase(now);
  time_out_silence(now);
}

void Session::time_out_requests(const Now& now) {
  while (state_ != State::kClosed) {
    const auto request = window_.time_out(now.mono - options_.response);
    if (!request) { return; }
    counters_.count(Fault::kResponseTimeout);
    handler_.on_request_timeout(now, request->token, request->command);
  }
}

void Session::time_out_phase(const Now& now) {
  if (now.mono < phase_deadline_) { return; }
  switch (state_) {
    case State::kUnbound:
    case State::kBinding: end(now, CloseReason::kBindTimeout, false); return;
    case State::kFinishing: send_unbind(now); return;
    case State::kUnbinding:
      end(now, unbind_reason_ == CloseReason::kUnbound ? CloseReason::kUnbindTimeout : unbind_reason_, false);
      return;
    case State::kReleasing: finish_release(now); return;
    case State::kBound:
    case State::kClosed: return;
  }
}

void Session::time_out_silence(const Now& now) {
  if (state_ == State::kClosed || reading_paused()) { return; }
  if (pdu_started_ != kNever && now.mono >= pdu_started_ + options_.pdu_complete) {
    end(now, CloseReason::kPduTimeout, false);
    return;
  }
  if (state_ != State::kBound) { return; }
  if (enquire_sent_ != kNever && now.mono >= enquire_sent_ + options_.enquire_link_response) {
    end(now, CloseReason::kEnquireTimeout, false);
    return;
  }
  const auto silence = now.mono - last_received_;
  if (options_.inactivity > Duration::zero() && silence >= options_.inactivity) {
    unbind_reason_ = CloseReason::kInactivity;
    send_unbind(now);
    return;
  }
  if (options_.enquire_link > Duration::zero() && silence >= options_.enquire_link) { enquire_link(now); }
}

#define ALDIS_SMPP_ONE_COMMAND(S)                                                     \
  template bool Session::respond(const Now&, std::uint32_t, CommandStatus, const S&); \
  template bool Session::request(const Now&, std::uint64_t, const S&);
#include "aldis/smpp/pdu_commands.inc"
#undef ALDIS_SMPP_ONE_COMMAND

}  // namespace aldis::smpp
