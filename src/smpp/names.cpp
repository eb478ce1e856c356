// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/counters.hpp"
#include "aldis/smpp/session_handler.hpp"

namespace aldis::smpp {

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::kFramingLost: return "framing_lost";
    case Fault::kForeignProtocol: return "foreign_protocol";
    case Fault::kOversized: return "oversized";
    case Fault::kMalformed: return "malformed";
    case Fault::kBadValue: return "bad_value";
    case Fault::kUnknownCommand: return "unknown_command";
    case Fault::kBindState: return "bind_state";
    case Fault::kUnmatchedResponse: return "unmatched_response";
    case Fault::kLateResponse: return "late_response";
    case Fault::kResponseTimeout: return "response_timeout";
    case Fault::kOutbind: return "outbind";
    case Fault::kTrailingOctets: return "trailing_octets";
    case Fault::kFieldCut: return "field_cut";
    case Fault::kTlvsCut: return "tlvs_cut";
    case Fault::kTlvIgnored: return "tlv_ignored";
    case Fault::kTwoBodies: return "two_bodies";
    case Fault::kBodyCut: return "body_cut";
    case Fault::kCarriedTooMany: return "carried_too_many";
  }
  __builtin_unreachable();
}

std::string_view name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::kUnbound: return "unbound";
    case CloseReason::kBindTimeout: return "bind_timeout";
    case CloseReason::kBindRefused: return "bind_refused";
    case CloseReason::kNotBinding: return "not_binding";
    case CloseReason::kFramingLost: return "framing_lost";
    case CloseReason::kPduTimeout: return "pdu_timeout";
    case CloseReason::kEnquireTimeout: return "enquire_timeout";
    case CloseReason::kInactivity: return "inactivity";
    case CloseReason::kUnbindTimeout: return "unbind_timeout";
    case CloseReason::kBadPdus: return "bad_pdus";
    case CloseReason::kApplication: return "application";
  }
  __builtin_unreachable();
}

}  // namespace aldis::smpp
