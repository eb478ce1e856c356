// SPDX-License-Identifier: Apache-2.0
// What a session does with octets of its peer: frames, states, answers of the protocol itself.
#include <algorithm>

#include "aldis/base/mutant.hpp"
#include "aldis/smpp/session.hpp"

namespace aldis::smpp {

namespace {

constexpr Duration kBadPduWindow = minutes{1};
constexpr Duration kBadPduLogPause = seconds{1};

bool is_notice(CommandId id) { return id == CommandId::kAlertNotification || id == CommandId::kOutbind; }

}  // namespace

// --- octets ------------------------------------------------------------------------------------------------

std::size_t Session::receive(const Now& now, Octets input) {
  if (state_ == State::kClosed) { return input.size(); }
  last_received_ = now.mono;
  if (!held_.empty()) {
    held_.append(input);
    counters_.octets_in += input.size();
    if (window_in_full()) {
      held_full_ = true;
      scan_held(now);
    } else {
      process_held(now);
    }
    return input.size();
  }
  auto done = process(now, input);
  if (window_in_full() && done < input.size()) {
    held_.assign(input.substr(done));
    held_full_ = true;
    held_scanned_ = 0;
    pdu_started_ = kNever;
    done = input.size();
    scan_held(now);
  }
  counters_.octets_in += done;
  return state_ == State::kClosed ? input.size() : done;
}

// Whole PDUs from the front of `input`, until the octets or the window end. Returns how many octets are done
// with.
std::size_t Session::process(const Now& now, Octets input) {
  std::size_t done = 0;
  bool any_frame = false;
  while (state_ != State::kClosed && !window_in_full()) {
    const auto octets_max = after_bind() ? options_.pdu_octets_max : options_.pdu_octets_max_unbound;
    const auto frame = framer_.next(input.substr(done), octets_max, after_bind());
    const bool scanned = done < held_scanned_;
    done += frame.consumed;
    if (frame.kind == Framer::Kind::kMore) { break; }
    any_frame = true;
    if (scanned && frame.kind == Framer::Kind::kPdu) {
      const auto id = decode_header(frame.octets)->command_id;
      if (is_response(id) || id == CommandId::kEnquireLink) { continue; }  // scan_held() had it
    }
    on_frame(now, frame);
  }
  track_incomplete(now, any_frame, done < input.size() || framer_.skipping());
  return done;
}

// The clock of an incomplete PDU starts with its first octet, which came with this read if anything before it
// was whole.
void Session::track_incomplete(const Now& now, bool any_frame, bool incomplete) {
  if (!incomplete) {
    pdu_started_ = kNever;
  } else if (any_frame || pdu_started_ == kNever) {
    pdu_started_ = now.mono;
  }
}

// Goes on where a full window stopped. An incomplete PDU at the end stays here: what follows is appended to
// it.
void Session::process_held(const Now& now) {
  if (held_full_) {  // reading may have been paused: the silence was ours
    last_received_ = now.mono;
    if (enquire_sent_ != kNever) { enquire_sent_ = now.mono; }
  }
  held_full_ = false;
  const auto done = process(now, held_);
  held_.erase(0, done);
  held_scanned_ -= std::min(held_scanned_, done);
  if (window_in_full() && !held_.empty()) {
    held_full_ = true;
    pdu_started_ = kNever;
    scan_held(now);
  }
  if (held_.empty()) { std::string{}.swap(held_); }  // gives the memory back
}

// The window is full: requests wait, but the link is kept alive and answers to our own requests are taken.
void Session::scan_held(const Now& now) {
  Framer framer;  // the session's own one stands before held_
  while (state_ != State::kClosed && held_scanned_ < held_.size()) {
    const auto frame = framer.next(Octets{held_}.substr(held_scanned_), options_.pdu_octets_max, true);
    if (frame.kind != Framer::Kind::kPdu) { return; }
    held_scanned_ += frame.consumed;
    const auto header = *decode_header(frame.octets);
    if (header.command_id == CommandId::kEnquireLink || is_response(header.command_id)) {
      on_frame(now, frame);
    }
  }
}

void Session::on_frame(const Now& now, const Framer::Frame& frame) {
  switch (frame.kind) {
    case Framer::Kind::kMore: return;
    case Framer::Kind::kLost: on_framing_lost(now, frame.octets); return;
    case Framer::Kind::kOversized: on_oversized(now, frame.octets); return;
    case Framer::Kind::kPdu: on_pdu(now, frame.octets, *decode_header(frame.octets)); return;
  }
}

void Session::on_framing_lost(const Now& now, Octets input) {
  counters_.count(foreign_protocol(input).empty() ? Fault::kFramingLost : Fault::kForeignProtocol);
  report_bad_pdu(now, input, {CommandStatus::kInvalidCommandLength, "command_length", true});
  if (state_ == State::kClosed) { return; }
  const bool answer = after_bind();
  if (answer) { send_header(CommandId::kGenericNack, CommandStatus::kInvalidCommandLength, 0); }
  end(now, CloseReason::kFramingLost, answer);
}

void Session::on_oversized(const Now& now, Octets head) {
  const auto header = *decode_header(head);
  ++counters_.pdus_in[index_of(header.command_id)];
  counters_.count(Fault::kOversized);
  enquire_sent_ = kNever;
  if (!is_response(header.command_id)) {
    if (known_here(header.command_id)) {
      send_error(header.command_id, header.sequence_number, CommandStatus::kInvalidCommandLength);
    } else {
      send_header(CommandId::kGenericNack, CommandStatus::kInvalidCommandLength, header.sequence_number);
    }
  }
  report_bad_pdu(now, head, {CommandStatus::kInvalidCommandLength, "command_length", true});
  spend_bad_pdu(now);
}

void Session::on_pdu(const Now& now, Octets whole, const Header& header) {
  ++counters_.pdus_in[index_of(header.command_id)];
  enquire_sent_ = kNever;  // whatever came, the peer is alive
  if (is_response(header.command_id)) {
    on_response(now, whole, header);
  } else {
    on_request(now, whole, header);
  }
}

// --- responses ---------------------------------------------------------------------------------------------

void Session::on_response(const Now& now, Octets whole, const Header& header) {
  const bool nacked = header.command_id == CommandId::kGenericNack;
  if (const auto answered = window_.answer(header.sequence_number, header.command_id)) {
    if (answered->late) { counters_.count(Fault::kLateResponse); }
    // Responses are read leniently on both sides: there is no error, only fields that are not there.
    static_cast<void>(decode_into(whole, Strictness::kLink, pdu_));
    count_tolerated(pdu_.tolerated);
    handler_.on_response(now, {.token = answered->request.token,
                               .command_id = answered->request.command,
                               .command_status = header.command_status,
                               .nacked = nacked,
                               .late = answered->late,
                               .sent_at = answered->request.sent_at,
                               .pdu = &pdu_});
    return;
  }
  const bool for_bind = nacked || is_bind(request_of(header.command_id));
  if (options_.role == Role::kClient && state_ == State::kBinding && for_bind &&
      header.sequence_number == bind_sequence_) {
    on_bind_response(now, whole, header);
    return;
  }
  const bool for_unbind = nacked || header.command_id == CommandId::kUnbindResp;
  if (state_ == State::kUnbinding && for_unbind && header.sequence_number == unbind_sequence_) {
    end(now, unbind_reason_, true);
    return;
  }
  const bool for_enquire = nacked || header.command_id == CommandId::kEnquireLinkResp;
  if (for_enquire && header.sequence_number == enquire_sequence_ && enquire_sequence_ != 0) { return; }
  counters_.count(Fault::kUnmatchedResponse);
}

void Session::on_bind_response(const Now& now, Octets whole, const Header& header) {
  static_cast<void>(decode_into(whole, Strictness::kLink, pdu_));
  count_tolerated(pdu_.tolerated);
  const auto* found = std::get_if<BindResp>(&pdu_.body);
  const BindResp body = found != nullptr ? *found : BindResp{};
  if (found == nullptr || header.command_status != CommandStatus::kOk) {
    handler_.on_bind_refused(now, header.command_status, body);
    end(now, CloseReason::kBindRefused, true);
    return;
  }
  state_ = State::kBound;
  phase_deadline_ = kNever;
  handler_.on_bound(now, body);
}

// --- requests ----------------------------------------------------------------------------------------------

// Whether the command exists for this side and version; all others get generic_nack.
bool Session::known_here(CommandId id) const {
  switch (id) {
    case CommandId::kBindReceiver:
    case CommandId::kBindTransmitter:
    case CommandId::kBindTransceiver:
    case CommandId::kUnbind:
    case CommandId::kEnquireLink:
    case CommandId::kSubmitSm:
    case CommandId::kSubmitMulti:
    case CommandId::kDeliverSm:
    case CommandId::kDataSm:
    case CommandId::kQuerySm:
    case CommandId::kCancelSm:
    case CommandId::kReplaceSm: return true;
    case CommandId::kBroadcastSm:
    case CommandId::kQueryBroadcastSm:
    case CommandId::kCancelBroadcastSm:
      return options_.role == Role::kServer && after_bind() && version_ == Version::kV50;
    default: return false;
  }
}

// Whether the application gets it, by the direction of the bind. Links are lenient: an operator's receipt
// counts on any.
bool Session::allowed_here(CommandId id) const {
  if (options_.role == Role::kClient) { return id == CommandId::kDeliverSm || id == CommandId::kDataSm; }
  return bind_type_ != BindType::kReceiver && id != CommandId::kDeliverSm;
}

void Session::on_request(const Now& now, Octets whole, const Header& header) {
  const auto id = header.command_id;
  if (id == CommandId::kEnquireLink) { return on_enquire_link(header); }
  if (id == CommandId::kUnbind) { return on_unbind(now, header); }
  if (options_.role == Role::kClient && is_notice(id)) {
    if (id == CommandId::kOutbind) { counters_.count(Fault::kOutbind); }
    if (!decode_into(whole, Strictness::kLink, pdu_)) { handler_.on_notice(now, pdu_); }
    return;
  }
  if (!known_here(id)) { return on_unknown(now, header); }
  if (is_bind(id)) { return on_bind_request(now, whole, header); }
  switch (state_) {
    case State::kUnbound:
    case State::kBinding: return on_early_request(now, header);
    case State::kBound: return on_application_request(now, whole, header);
    case State::kFinishing:
    case State::kUnbinding:  // an operator repeats what is not answered; a customer had better know at once
      if (options_.role == Role::kServer) {
        send_error(id, header.sequence_number, CommandStatus::kSystemError);
      }
      return;
    case State::kReleasing:
      counters_.count(Fault::kBindState);
      return send_error(id, header.sequence_number, CommandStatus::kInvalidBindStatus);
    case State::kClosed: return;
  }
}

void Session::on_enquire_link(const Header& header) {
  send_header(CommandId::kEnquireLinkResp, CommandStatus::kOk, header.sequence_number);
}

void Session::on_unbind(const Now& now, const Header& header) {
  switch (state_) {
    case State::kUnbound:
    case State::kBinding:
    case State::kUnbinding:  // both at once: each answers the other
      unbind_sequence_ = header.sequence_number;
      return finish_release(now);
    case State::kBound:
    case State::kFinishing:
      unbind_sequence_ = header.sequence_number;
      if (unanswered_in_ == 0 || ALDIS_MUTANT(35)) { return finish_release(now); }
      state_ = State::kReleasing;
      phase_deadline_ = now.mono + options_.unbind_response;
      return;
    case State::kReleasing:
    case State::kClosed: return;
  }
}

void Session::on_unknown(const Now& now, const Header& header) {
  counters_.count(Fault::kUnknownCommand);
  send_header(CommandId::kGenericNack, CommandStatus::kInvalidCommandId, header.sequence_number);
  if (!after_bind()) { count_early_refusal(now); }
}

void Session::on_early_request(const Now& now, const Header& header) {
  counters_.count(Fault::kBindState);
  send_error(header.command_id, header.sequence_number, CommandStatus::kInvalidBindStatus);
  count_early_refusal(now);
}

// Whoever talks before binding gets few answers. An operator may do as it likes.
void Session::count_early_refusal(const Now& now) {
  ++unbound_refusals_;
  if (options_.role == Role::kServer && unbound_refusals_ >= kUnboundRefusalsMax) {
    end(now, CloseReason::kNotBinding, true);
  }
}

void Session::on_bind_request(const Now& now, Octets whole, const Header& header) {
  if (options_.role == Role::kClient || state_ != State::kUnbound) {
    counters_.count(Fault::kBindState);
    const bool already = state_ != State::kUnbound && (options_.role == Role::kServer || after_bind());
    return send_header(response_to(header.command_id),
                       already ? CommandStatus::kAlreadyBound : CommandStatus::kInvalidBindStatus,
                       header.sequence_number);
  }
  if (const auto error = decode_into(whole, Strictness::kSession, pdu_)) {
    counters_.count(error->malformed ? Fault::kMalformed : Fault::kBadValue);
    send_header(response_to(header.command_id), error->status, header.sequence_number);
    report_bad_pdu(now, whole, *error);
    return count_early_refusal(now);
  }
  count_tolerated(pdu_.tolerated);
  const auto& bind = std::get<Bind>(pdu_.body);
  state_ = State::kBinding;
  phase_deadline_ = now.mono + options_.session_init;
  bind_type_ = bind_type_of(header.command_id);
  bind_sequence_ = header.sequence_number;
  handler_.on_bind(now, {.type = bind_type_,
                         .version = version_of(bind.interface_version, bind_type_),
                         .sequence_number = header.sequence_number,
                         .bind = &bind});
}

void Session::on_application_request(const Now& now, Octets whole, const Header& header) {
  const auto id = header.command_id;
  const auto sequence = header.sequence_number;
  if (!allowed_here(id)) {
    counters_.count(Fault::kBindState);
    return send_error(id, sequence, CommandStatus::kInvalidBindStatus);
  }
  // Known in 5.0, so each has its own answer; nobody here can broadcast.
  if (id == CommandId::kBroadcastSm) { return send_error(id, sequence, CommandStatus::kBroadcastFailed); }
  if (id == CommandId::kQueryBroadcastSm) {
    return send_error(id, sequence, CommandStatus::kBroadcastQueryFailed);
  }
  if (id == CommandId::kCancelBroadcastSm) {
    return send_error(id, sequence, CommandStatus::kBroadcastCancelFailed);
  }
  const auto strictness = options_.role == Role::kServer ? Strictness::kSession : Strictness::kLink;
  if (const auto error = decode_into(whole, strictness, pdu_)) {
    return refuse_undecodable(now, whole, header, *error);
  }
  count_tolerated(pdu_.tolerated);
  ++unanswered_in_;
  handler_.on_request(now, pdu_);
}

// --- bad PDUs ----------------------------------------------------------------------------------------------

void Session::refuse_undecodable(const Now& now, Octets whole, const Header& header,
                                 const DecodeError& error) {
  counters_.count(error.malformed ? Fault::kMalformed : Fault::kBadValue);
  send_error(header.command_id, header.sequence_number, error.status);
  report_bad_pdu(now, whole, error);
  // A value that we refuse may come from the customer's own customers; a broken layout is its program.
  if (error.malformed) { spend_bad_pdu(now); }
}

void Session::report_bad_pdu(const Now& now, Octets octets, const DecodeError& error) {
  if (bad_logged_ != kNever && now.mono - bad_logged_ < kBadPduLogPause) { return; }
  bad_logged_ = now.mono;
  handler_.on_bad_pdu(now, octets, error);
}

// Keeps the instants of the last ones in a ring as long as the budget: one more, while the oldest of them is
// less than a minute old, is too many.
void Session::spend_bad_pdu(const Now& now) {
  const auto budget = std::min(options_.bad_pdus_per_minute, kBadPdusMax);
  if (budget == 0 || state_ == State::kClosed) { return; }
  auto& oldest = bad_pdus_[bad_count_ % budget];
  const bool spent = bad_count_ >= budget && now.mono - oldest < kBadPduWindow;
  oldest = now.mono;
  ++bad_count_;
  if (!spent || state_ == State::kUnbinding) { return; }
  send_unbind(now);
  end(now, CloseReason::kBadPdus, true);
}

void Session::count_tolerated(std::uint8_t tolerated) {
  if (tolerated == 0) { return; }
  constexpr auto kFirst = static_cast<std::size_t>(Fault::kTrailingOctets);
  for (std::size_t bit = 0; bit < 7; ++bit) {
    if ((tolerated >> bit & 1) != 0) { ++counters_.faults[kFirst + bit]; }
  }
}

}  // namespace aldis::smpp
