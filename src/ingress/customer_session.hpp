// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <optional>
#include <string>

#include "aldis/base/address_list.hpp"
#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/smpp/session.hpp"

namespace aldis::ingress {

struct ServerState;

using UnboundHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// One connection of a customer. Belongs to its connection; the server knows it by its id until it is closed.
// The session machine does the protocol, this class what its PDUs mean: submits become events, effects become
// responses and deliver_sm.
class CustomerSession final : public ports::ByteProtocol, public smpp::SessionHandler, public UnboundHook {
 public:
  CustomerSession(ServerState& server, SessionId id, const SmppListener& listener, const IpAddress& source);
  ~CustomerSession() override;

  // ports::ByteProtocol
  void on_open(const Now& now, ports::Wire& wire) override;
  std::size_t on_octets(const Now& now, Octets input) override;
  void on_flushed(const Now& now) override;
  void on_timer(const Now& now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void on_closed(const Now& now, ports::CloseCause cause) override;

  // The engine's effects for this session
  void answer(const Now& now, const AnswerSubmit& effect);
  void answer(const Now& now, const AnswerQuery& effect);
  void answer(const Now& now, const AnswerCancel& effect);
  void answer(const Now& now, const AnswerReplace& effect);
  bool deliver(const Now& now, const DeliverReceipt& effect);  // false: no room after all
  bool deliver(const Now& now, const DeliverInbound& effect);

  // The password's verdict, from the server
  void judge_bind(const Now& now, bool right, bool busy);
  void probe(const Now& now);  // an enquire_link at once if it has been silent for 5 s
  void unbind(const Now& now);

  [[nodiscard]] SessionId id() const { return id_; }
  [[nodiscard]] AccountId account() const { return account_; }
  [[nodiscard]] smpp::BindType bind_type() const { return bind_type_; }
  [[nodiscard]] bool bound() const { return bound_; }
  [[nodiscard]] bool binding() const {
    return session_ && session_->state() == smpp::Session::State::kBinding;
  }
  [[nodiscard]] const IpAddress& source() const { return source_; }
  void close_unbound();

 private:
  enum class Asked : std::uint8_t { kSubmitSm, kDataSm, kSubmitMulti, kQuery, kCancel, kReplace };

  // smpp::SessionHandler
  void on_bind(const Now& now, const smpp::BindRequest& request) override;
  void on_request(const Now& now, const smpp::Pdu& pdu) override;
  void on_response(const Now& now, const smpp::Response& response) override;
  void on_request_timeout(const Now& now, std::uint64_t token, smpp::CommandId command) override;
  void on_bad_pdu(const Now& now, Octets octets, const smpp::DecodeError& error) override;
  void on_closing(const Now& now, smpp::CloseReason reason, bool flush) override;

  // customer_requests.cpp
  void submit(const Now& now, std::uint32_t sequence, const smpp::SubmitSm& pdu);
  void submit(const Now& now, std::uint32_t sequence, const smpp::DataSm& pdu);
  void submit(const Now& now, std::uint32_t sequence, const smpp::SubmitMulti& pdu);
  void query(const Now& now, std::uint32_t sequence, const smpp::QuerySm& pdu);
  void cancel(const Now& now, std::uint32_t sequence, const smpp::CancelSm& pdu);
  void replace(const Now& now, std::uint32_t sequence, const smpp::ReplaceSm& pdu);
  [[nodiscard]] Submit submit_of(std::uint32_t sequence, Asked asked) const;
  void add_tlvs(Submit& submit, smpp::Tlvs tlvs);
  void refuse(const Now& now, std::uint32_t sequence, smpp::CommandId command, Refusal refusal);
  void refuse(const Now& now, std::uint32_t sequence, smpp::CommandId command, smpp::CommandStatus status);

  void refuse_bind(const Now& now, smpp::CommandStatus status, std::string_view reason, bool guess);
  void accept_bind(const Now& now);
  void send(const Now& now);  // after anything that may have appended output
  [[nodiscard]] const AccountSettings& settings() const;
  [[nodiscard]] MessageIdFormat id_format() const;

  ServerState& server_;
  SessionId id_;
  const SmppListener& listener_;
  IpAddress source_;
  ports::Wire* wire_ = nullptr;
  std::optional<smpp::Session> session_;  // from on_open() on
  AccountId account_ = kNoAccount;
  smpp::BindType bind_type_ = smpp::BindType::kTransceiver;
  smpp::Version bind_version_ = smpp::Version::kV34;
  bool bound_ = false;
  bool in_callback_ = false;  // the pump flushes by itself then
  std::string system_id_;
  std::string password_;  // until the verdict
  std::string system_type_;
  Instant refuse_at_ = kNever;  // a refusal that waits (guessing)
  smpp::CommandStatus refuse_status_{};
};

}  // namespace aldis::ingress
