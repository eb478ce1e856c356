// SPDX-License-Identifier: Apache-2.0
// One SMPP session as a pure state machine, for both roles.
//
// Owns the protocol state of one connection: framing, bind state, timers, sequence numbers and the window of
// requests that wait for their responses. Driven by the owner of the connection on one thread: octets and
// time in, octets appended to `out`, everything else through SessionHandler. Knows no socket, clock or
// application. Limits: SessionOptions; per session about 2 KiB, a slot per unanswered request of
// ours, and up to 64 KiB plus one read of held input while the peer's window is full. Constant time per PDU,
// no allocation per PDU. Fails by on_closing(), once; after it everything is ignored. Answers by itself:
// enquire_link, unbind, unknown commands, requests that the state does not allow, undecodable PDUs. Not for:
// reconnecting, admission, rates, or what a message means.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "aldis/base/octets.hpp"
#include "aldis/base/time.hpp"
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/counters.hpp"
#include "aldis/smpp/framer.hpp"
#include "aldis/smpp/session_handler.hpp"
#include "aldis/smpp/window.hpp"

namespace aldis::smpp {

class Session {
 public:
  enum class State : std::uint8_t {
    kUnbound,
    kBinding,  // server: the handler decides; client: bind sent
    kBound,
    kFinishing,  // we want to unbind: what is owed goes first
    kUnbinding,  // unbind sent
    kReleasing,  // the peer unbound: what was read is answered first
    kClosed,     // on_closing() was called
  };

  // `out` stays the same object as long as the session lives; whoever drains it takes whole octets from its
  // front.
  Session(const SessionOptions& options, SessionHandler& handler, Counters& counters, std::string& out);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- driven by the connection ---
  void start(const Now& now);  // the connection is open: session_init runs (server)
  // Consumes whole PDUs and returns how many octets are done with; the rest is to be presented again, with
  // more behind. All of it is consumed while the peer's window is full (held here) and after the end.
  [[nodiscard]] std::size_t receive(const Now& now, Octets input);
  void on_timer(const Now& now);  // also goes on with held input
  [[nodiscard]] Instant next_deadline()
      const;  // kNever = none; Instant::min() = call on_timer() as soon as possible
  // The peer has more unanswered requests than window_in, and 64 KiB behind them are held: read no more for
  // now. Ask after receive(), on_timer() and respond*().
  [[nodiscard]] bool wants_pause() const;

  // --- server ---
  struct Accept {
    std::string_view system_id{};
    Version version = Version::kV34;  // BindRequest::version, unless the account says otherwise
    std::uint32_t window_in = 200;
    std::uint32_t window_out = 10;
  };
  void accept_bind(const Now& now, const Accept& accept);  // ignored if the session is not kBinding any more
  void refuse_bind(const Now& now,
                   CommandStatus status);  // without body; then on_closing(kBindRefused, flush)

  // --- client ---
  void bind(const Now& now, BindType type,
            const Bind& bind);  // in kUnbound only; bind.interface_version gives the version

  // --- both ---
  // Answers a request that on_request() gave. False if the session cannot send any more.
  template <class BodyType>
  bool respond(const Now& now, std::uint32_t sequence_number, CommandStatus status, const BodyType& body);
  // An error without body (17 octets with error_body_empty; deliver_sm_resp always). `tlvs` only with a body:
  // then its strings are empty. Also for OK to commands whose response is a header: cancel_sm, replace_sm.
  bool respond_error(const Now& now, CommandId request, std::uint32_t sequence_number, CommandStatus status,
                     Octets tlvs = {});

  // Sends a request; its answer comes with `token`. False, and nothing is sent, if the session is not bound,
  // the bind type does not allow the direction (server: a transmitter receives nothing), or the window is
  // full.
  template <class BodyType>
  [[nodiscard]] bool request(const Now& now, std::uint64_t token, const BodyType& body);
  [[nodiscard]] std::uint32_t window_free() const;  // requests that may be sent now; 0 unless bound
  void set_window_out(std::uint32_t limit) { window_out_ = limit; }

  void enquire_link(const Now& now);  // at once, unless one is waiting; bound only
  // Ends the session in order: answers what is owed (at most unbind_response), unbinds, waits,
  // on_closing(kUnbound). Requests that come meanwhile: a server answers ESME_RSYSERR, a client stays silent
  // (the operator will repeat them).
  void unbind(const Now& now);
  void close(const Now& now, bool flush);  // without unbind; on_closing(kApplication) comes within this call
  // Octets as they are, for fault scripts of simulators.
  void send_raw(Octets octets);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool bound() const { return state_ == State::kBound; }
  [[nodiscard]] BindType bind_type() const { return bind_type_; }
  [[nodiscard]] Version version() const { return version_; }
  [[nodiscard]] bool may_send_tlvs() const { return options_.tlvs_out && version_ != Version::kV33; }
  [[nodiscard]] std::uint32_t window_used() const { return window_.used(); }
  [[nodiscard]] std::uint32_t unanswered_in() const { return unanswered_in_; }
  [[nodiscard]] Instant last_received() const { return last_received_; }
  [[nodiscard]] std::uint64_t octets_appended() const {
    return octets_appended_;
  }  // to `out`, since the beginning

  // visit(const Outstanding&) for every request without answer, in the order of sending. One whose offset_end
  // is at most the octets that the connection took was handed over whole; the others never left.
  template <class Visit>
  void for_each_outstanding(Visit&& visit) const {
    window_.for_each(visit);
  }
  void set_options(const SessionOptions& options);  // a reload: timers and limits from now on

 private:
  static constexpr std::size_t kHeldOctetsMax = 64 * 1024;
  static constexpr std::uint32_t kUnboundRefusalsMax = 3;
  static constexpr std::uint32_t kBadPdusMax = 100;

  // session_input.cpp
  std::size_t process(const Now& now, Octets input);
  void process_held(const Now& now);
  void scan_held(const Now& now);
  void track_incomplete(const Now& now, bool any_frame, bool incomplete);
  void on_frame(const Now& now, const Framer::Frame& frame);
  void on_pdu(const Now& now, Octets whole, const Header& header);
  void on_response(const Now& now, Octets whole, const Header& header);
  void on_bind_response(const Now& now, Octets whole, const Header& header);
  void on_request(const Now& now, Octets whole, const Header& header);
  void on_enquire_link(const Header& header);
  void on_unbind(const Now& now, const Header& header);
  void on_unknown(const Now& now, const Header& header);
  void on_bind_request(const Now& now, Octets whole, const Header& header);
  void on_early_request(const Now& now, const Header& header);
  void on_application_request(const Now& now, Octets whole, const Header& header);
  void on_oversized(const Now& now, Octets head);
  void on_framing_lost(const Now& now, Octets input);
  void count_early_refusal(const Now& now);
  void refuse_undecodable(const Now& now, Octets whole, const Header& header, const DecodeError& error);
  void spend_bad_pdu(const Now& now);
  void report_bad_pdu(const Now& now, Octets octets, const DecodeError& error);
  void count_tolerated(std::uint8_t tolerated);
  [[nodiscard]] bool known_here(CommandId id) const;
  [[nodiscard]] bool allowed_here(CommandId id) const;
  [[nodiscard]] bool after_bind() const { return state_ != State::kUnbound && state_ != State::kBinding; }
  [[nodiscard]] bool window_in_full() const {
    return state_ == State::kBound && unanswered_in_ >= window_in_;
  }

  // session.cpp
  [[nodiscard]] bool may_send() const { return after_bind() && state_ != State::kClosed; }
  [[nodiscard]] bool reading_paused() const { return wants_pause(); }
  void sent(CommandId id, std::size_t size_before);
  void send_header(CommandId id, CommandStatus status, std::uint32_t sequence_number);
  void send_error(CommandId request, std::uint32_t sequence_number, CommandStatus status, Octets tlvs = {});
  void send_unbind(const Now& now);
  void answered_one(const Now& now);
  void finish_release(const Now& now);
  void end(const Now& now, CloseReason reason, bool flush);
  void time_out_requests(const Now& now);
  void time_out_phase(const Now& now);
  void time_out_silence(const Now& now);

  SessionOptions options_;
  SessionHandler& handler_;
  Counters& counters_;
  std::string& out_;
  Framer framer_;
  Window window_;
  State state_ = State::kUnbound;
  BindType bind_type_ = BindType::kTransceiver;
  Version version_ = Version::kV34;
  std::uint32_t window_in_;
  std::uint32_t window_out_;
  std::uint32_t unanswered_in_ = 0;
  std::uint32_t bind_sequence_ = 0;    // server: of the bind to answer; client: of ours
  std::uint32_t unbind_sequence_ = 0;  // of ours, or of the peer's to answer
  std::uint32_t enquire_sequence_ = 0;
  std::uint32_t unbound_refusals_ = 0;
  std::uint64_t octets_appended_ = 0;
  CloseReason unbind_reason_ = CloseReason::kUnbound;
  Instant phase_deadline_ = kNever;  // of kUnbound, kBinding, kFinishing, kUnbinding, kReleasing
  Instant pdu_started_ = kNever;     // an incomplete PDU stands at the end of the input
  Instant last_received_{};
  Instant enquire_sent_ = kNever;                // and no PDU came since
  Instant bad_logged_ = kNever;                  // when on_bad_pdu() was called last
  std::array<Instant, kBadPdusMax> bad_pdus_{};  // a ring: when the last ones came
  std::uint32_t bad_count_ = 0;
  std::string held_;              // input behind a full window, or the PDU that it ended within
  bool held_full_ = false;        // held_ has whole PDUs that wait for the window
  std::size_t held_scanned_ = 0;  // octets of held_ whose enquire_links and responses are done with
  Pdu pdu_;                       // the one in hand
};

}  // namespace aldis::smpp
