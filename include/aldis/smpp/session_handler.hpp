// SPDX-License-Identifier: Apache-2.0
// What a Session tells the application, and the settings it lives by.
#pragma once

#include <cstdint>
#include <string_view>

#include "aldis/base/time.hpp"
#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu.hpp"
#include "aldis/smpp/version.hpp"

namespace aldis::smpp {

enum class Role : std::uint8_t {
  kServer,  // we are the SMSC: a customer binds to us
  kClient,  // we are the ESME: we bind to an operator
};

struct SessionOptions {
  Role role = Role::kServer;
  // Timers; those marked ° may be zero, which is off.
  Duration session_init =
      seconds{10};  // server: connection to bind, and bind to its answer; client: bind to bind_resp
  Duration pdu_complete = seconds{10};  // first octet of a PDU to its last
  Duration enquire_link = seconds{30};  // ° without an octet received
  Duration enquire_link_response = seconds{10};
  Duration response = seconds{30};   // of a request of ours
  Duration inactivity = minutes{5};  // ° without an octet received
  Duration unbind_response = seconds{5};
  // Limits
  std::uint32_t pdu_octets_max = 8192;  // once bound; at most kSkippableOctetsMax
  std::uint32_t pdu_octets_max_unbound = 256;
  std::uint32_t window_in = 200;           // requests of the peer without answer: then reading stops
  std::uint32_t window_out = 10;           // requests of ours without answer
  std::uint32_t bad_pdus_per_minute = 20;  // more than that ends the session; 0 = never
  // Habits
  bool tlvs_out = true;              // false, or version 3.3: no TLV in anything that is sent
  bool error_body_empty = false;     // errors of 17 octets instead of 16
  std::uint32_t sequence_first = 1;  // for tests of the wrap

  static SessionOptions server() { return {}; }
  static SessionOptions client();  // the values of a link
};

enum class CloseReason : std::uint8_t {
  kUnbound,         // one side unbound and the other answered
  kBindTimeout,     // no bind, no answer to a bind, in time
  kBindRefused,     // server: by refuse_bind(); client: the peer's bind_resp
  kNotBinding,      // three requests before the bind, or an oversized PDU there
  kFramingLost,     // nothing after an impossible command_length can be trusted
  kPduTimeout,      // a PDU did not get whole in time
  kEnquireTimeout,  // half-open: no octet came after our enquire_link
  kInactivity,
  kUnbindTimeout,
  kBadPdus,      // the peer's budget of bad PDUs is spent
  kApplication,  // close() was called
};
std::string_view name_of(CloseReason reason);  // "bind_timeout"

struct BindRequest {
  BindType type{};
  Version version{};  // as the client's interface_version says
  std::uint32_t sequence_number = 0;
  const Bind* bind = nullptr;
};

struct Response {
  std::uint64_t token = 0;
  CommandId command_id{};  // of the request
  CommandStatus command_status{};
  bool nacked = false;  // answered by generic_nack
  bool late = false;    // the request had timed out (on_request_timeout came before)
  Instant sent_at{};
  const Pdu* pdu =
      nullptr;  // body decoded as far as it goes: BodyType of the response, HeaderOnly for generic_nack
};

// Implemented by the owner of a session. Called from within Session::receive() and on_timer() on the caller's
// thread; views and pointers are valid during the call. Any method of the session may be called from here;
// the session must not be destroyed from here.
class SessionHandler {
 public:
  // Server: somebody wants to bind. Call accept_bind() or refuse_bind(), now or within session_init.
  virtual void on_bind(const Now&, const BindRequest&) {}
  // Client: bound. `response` may have sc_interface_version.
  virtual void on_bound(const Now&, const BindResp& response) { static_cast<void>(response); }
  // Client: refused. on_closing() follows.
  virtual void on_bind_refused(const Now&, CommandStatus, const BindResp&) {}

  // A decoded request that state and bind type allow. Exactly one respond() or respond_error() is owed for
  // it, sooner or later. Server: submit_sm, submit_multi, data_sm, query_sm, cancel_sm, replace_sm and in 5.0
  // none of the broadcast ones. Client: deliver_sm, data_sm.
  virtual void on_request(const Now&, const Pdu&) = 0;
  // Client: alert_notification or outbind: to be logged, nothing is owed.
  virtual void on_notice(const Now&, const Pdu&) {}
  // A request of ours was answered, whatever the status; also late.
  virtual void on_response(const Now&, const Response&) = 0;
  // A request of ours was not answered in time. Its slot is free; a late answer comes as on_response() with
  // `late`.
  virtual void on_request_timeout(const Now&, std::uint64_t token, CommandId command_id) = 0;

  // A PDU was refused; for a log line. At most once a second. Print it with masked_hex() only.
  virtual void on_bad_pdu(const Now&, Octets octets, const DecodeError&) { static_cast<void>(octets); }

  // The session is over; comes once. `flush`: close when what is in the output has been sent, else at once.
  // What for_each_outstanding() shows now will never be answered.
  virtual void on_closing(const Now&, CloseReason, bool flush) = 0;

 protected:
  ~SessionHandler() = default;
};

}  // namespace aldis::smpp
