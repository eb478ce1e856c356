// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/egress/operators.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/smpp/receipt_text.hpp"
#include "aldis/smpp/session.hpp"
#include "egress/window_control.hpp"

namespace aldis::egress {

struct OperatorsState;

// One bind to an operator, through all its connections. Owned by Operators; connections come and go.
class LinkConnection final : public ports::ByteProtocol, public smpp::SessionHandler {
 public:
  enum class State : std::uint8_t { kDown, kConnecting, kBinding, kBound, kDraining };

  LinkConnection(OperatorsState& owner, const LinkInfo& row);
  ~LinkConnection() override = default;

  // ports::ByteProtocol
  void on_open(const Now& now, ports::Wire& wire) override;
  std::size_t on_octets(const Now& now, Octets input) override;
  void on_timer(const Now& now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void on_closed(const Now& now, ports::CloseCause cause) override;

  void connect(const Now& now);
  void send(const Now& now, const SendOnLink& effect);
  void acknowledge(const Now& now, const LinkRequest& request);
  void unbind(const Now& now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Instant retry_at() const { return state_ == State::kDown && !stopped_ ? retry_at_ : kNever; }
  [[nodiscard]] const LinkInfo& row() const { return row_; }
  [[nodiscard]] const OperatorSettings& settings() const;
  [[nodiscard]] std::uint32_t window_size() const { return window_.size(); }
  [[nodiscard]] std::uint32_t window_used() const { return session_ ? session_->window_used() : 0; }
  [[nodiscard]] const auto& submit_errors() const { return submit_errors_; }
  [[nodiscard]] std::uint64_t binds_ok() const { return binds_ok_; }
  [[nodiscard]] std::uint64_t binds_refused() const { return binds_refused_; }
  [[nodiscard]] std::uint64_t connects_failed() const { return connects_failed_; }

 private:
  struct Pending {  // a deliver_sm or data_sm that waits for the store
    std::uint32_t sequence = 0;
    smpp::CommandId command{};
    Instant nack_at{};
  };

  // smpp::SessionHandler
  void on_bound(const Now& now, const smpp::BindResp& response) override;
  void on_bind_refused(const Now& now, smpp::CommandStatus status, const smpp::BindResp& response) override;
  void on_request(const Now& now, const smpp::Pdu& pdu) override;
  void on_notice(const Now& now, const smpp::Pdu& pdu) override;
  void on_response(const Now& now, const smpp::Response& response) override;
  void on_request_timeout(const Now& now, std::uint64_t token, smpp::CommandId command) override;
  void on_bad_pdu(const Now& now, Octets octets, const smpp::DecodeError& error) override;
  void on_closing(const Now& now, smpp::CloseReason reason, bool flush) override;

  // submit.cpp
  void encode(const Now& now, const SendOnLink& effect, std::uint64_t token);
  [[nodiscard]] Outcome outcome_of(smpp::CommandStatus status, const smpp::Pdu* pdu) const;

  // receive.cpp
  struct Arrived {  // what deliver_sm and data_sm have in common
    std::uint32_t sequence = 0;
    bool data_sm = false;
    std::string_view service_type;
    Address source;
    Address destination;
    std::uint8_t esm_class = 0;
    std::uint8_t protocol_id = 0;
    std::uint8_t priority_flag = 0;
    std::uint8_t data_coding = 0;
    Octets short_message;
    Octets message_payload;
    smpp::Tlvs tlvs;
  };
  void arrived(const Now& now, const Arrived& what);
  void receipt(const Now& now, const Arrived& what, bool intermediate, bool unflagged);
  OperatorInbound inbound_of(const Arrived& what);
  void inbound(const Now& now, const Arrived& what);

  void fail(const Now& now, std::string_view why);
  void lose_outstanding(const Now& now);
  void nack_overdue(const Now& now);
  void wake();
  [[nodiscard]] std::uint16_t window_free() const;
  [[nodiscard]] std::uint16_t lease_max() const;
  [[nodiscard]] PartRef part_of(std::uint64_t token) const;
  void set_retry(const Now& now, Duration at_least);

  OperatorsState& owner_;
  LinkInfo row_;
  State state_ = State::kDown;
  ports::Wire* wire_ = nullptr;
  std::string no_output_;
  std::optional<smpp::Session> session_;
  WindowControl window_;
  std::uint32_t epoch_ = 0;
  bool in_callback_ = false;
  bool stopped_ = false;
  std::size_t host_ = 0;
  std::uint32_t failures_ = 0;
  std::uint32_t credential_refusals_ = 0;
  std::uint32_t timeouts_in_a_row_ = 0;
  Instant bound_at_ = kNever;
  Instant connecting_since_{};
  Instant retry_at_{};
  std::deque<Pending> pending_;  // oldest first; at most 1,000: then reading stops
  // Which part a token of the session means: index + 1 into a slab of parts that wait for their answers.
  std::vector<PartRef> parts_;
  std::vector<std::uint32_t> parts_free_;
  std::vector<smpp::StatRule> stat_rules_;
  boost::unordered_flat_map<std::string_view, std::uint64_t> submit_errors_;  // by name of the status
  std::uint64_t binds_ok_ = 0;
  std::uint64_t binds_refused_ = 0;
  std::uint64_t connects_failed_ = 0;
};

// What the links share.
struct OperatorsState {
  OperatorsSetup setup;
  EventSink& engine;
  smpp::Counters smpp;
  std::uint64_t unlisted = 0;
  std::string text_scratch;
  std::string tlv_scratch;
  std::vector<Instant> next_bind;  // index = OperatorId: at most one bind a second
};

}  // namespace aldis::egress
