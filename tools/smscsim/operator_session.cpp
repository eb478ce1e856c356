// SPDX-License-Identifier: Apache-2.0
// One bind, as the SMSC sees it.
#include <algorithm>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/receipt_text.hpp"
#include "smscsim/simulator.hpp"

namespace aldis::smscsim {

namespace {
constexpr std::uint8_t kEsmReceipt = 0x04;
}

void OperatorSession::on_open(const Now& now, ports::Wire& wire) {
  wire_ = &wire;
  auto options = smpp::SessionOptions::server();
  options.window_in = 100'000;
  options.window_out = simulator_.options_.window;
  options.bad_pdus_per_minute = 0;
  options.inactivity = {};
  id_ = ++simulator_.last_session_;
  session_.emplace(options, *this, simulator_.counters_, wire.output());
  session_->start(now);
}

std::size_t OperatorSession::on_octets(const Now& now, Octets input) {
  in_callback_ = true;
  const std::size_t consumed = session_->receive(now, input);
  in_callback_ = false;
  wake();
  return consumed;
}

void OperatorSession::on_timer(const Now& now) {
  session_->on_timer(now);
  wake();
}

Instant OperatorSession::next_deadline() const { return session_ ? session_->next_deadline() : kNever; }

void OperatorSession::wake() {
  if (wire_ == nullptr) { return; }
  wire_->pause_reading(stalled_ || session_->wants_pause());
  if (!in_callback_) { wire_->wake(); }
}

void OperatorSession::stop_reading(bool stopped) {
  if (stalled_ == stopped) { return; }
  stalled_ = stopped;
  wake();
}

void OperatorSession::drop() {
  if (wire_ != nullptr) { wire_->close_now(); }
}

bool OperatorSession::receives() const {
  return session_ && session_->bound() && session_->bind_type() != smpp::BindType::kTransmitter;
}

void OperatorSession::on_bind(const Now& now, const smpp::BindRequest& request) {
  Customer* customer = simulator_.log_in(request.bind->system_id, request.bind->password);
  const Duration since = now.mono - simulator_.started_;
  if (customer == nullptr || simulator_.faults_.holds(Fault::Kind::kRefuseBinds, since)) {
    return session_->refuse_bind(now, smpp::CommandStatus::kBindFailed);
  }
  if (simulator_.options_.binds_max > 0 && customer->sessions.size() >= simulator_.options_.binds_max) {
    return session_->refuse_bind(now, smpp::CommandStatus::kAlreadyBound);
  }
  customer_ = customer;
  customer->sessions.push_back(this);
  simulator_.sessions_.push_back(this);
  session_->accept_bind(now, {.system_id = "smscsim",
                              .version = request.version,
                              .window_in = 100'000,
                              .window_out = simulator_.options_.window});
  deliver_owed(now);
}

void OperatorSession::on_request(const Now& now, const smpp::Pdu& pdu) {
  if (const auto* submit = std::get_if<smpp::SubmitSm>(&pdu.body)) {
    return simulator_.submitted(now, *this, *customer_, pdu.header.sequence_number, *submit);
  }
  session_->respond_error(now, pdu.header.command_id, pdu.header.sequence_number,
                          smpp::CommandStatus::kSystemError);
}

void OperatorSession::answer(const Now& now, std::uint32_t sequence, std::uint64_t number,
                             smpp::CommandStatus status) {
  if (!session_ || wire_ == nullptr) { return; }
  if (status == smpp::CommandStatus::kOk) {
    session_->respond(now, sequence, status, smpp::SubmitSmResp{simulator_.response_id(number), {}});
  } else {
    session_->respond_error(now, smpp::CommandId::kSubmitSm, sequence, status);
  }
  wake();
}

void OperatorSession::deliver_owed(const Now& now) {
  if (!receives() || simulator_.faults_.holds(Fault::Kind::kHoldReceipts, now.mono - simulator_.started_)) {
    return;
  }
  auto& owed = customer_->owed;
  while (!owed.empty() && session_->window_free() > 0) {
    std::uint32_t token = 0;
    if (free_.empty()) {
      token = static_cast<std::uint32_t>(in_flight_.size());
      in_flight_.emplace_back();
    } else {
      token = free_.back();
      free_.pop_back();
    }
    Delivery& delivery = in_flight_[token];
    delivery = owed.front();
    owed.pop_front();
    smpp::DeliverSm pdu;
    pdu.source_addr_ton = delivery.from_ton;
    pdu.source_addr_npi = 1;
    pdu.source_addr = delivery.from.view();
    pdu.dest_addr_ton = delivery.to_ton;
    pdu.destination_addr = delivery.to.view();
    std::string& text = simulator_.text_;
    std::string& tlvs = simulator_.tlvs_;
    text.clear();
    tlvs.clear();
    if (delivery.number != 0) {
      const std::string id = simulator_.receipt_id(delivery.number);
      const auto state =
          delivery.undeliverable ? smpp::MessageState::kUndeliverable : smpp::MessageState::kDelivered;
      smpp::append_receipt(text,
                           {.id = id,
                            .sub = 1,
                            .dlvrd = static_cast<std::uint16_t>(delivery.undeliverable ? 0 : 1),
                            .submit_date = now.wall,
                            .done_date = now.wall,
                            .state = state,
                            .err = delivery.undeliverable ? "001" : "000",
                            .body = {}},
                           {.text = smpp::ReceiptTextForm::kOmit});
      pdu.esm_class = kEsmReceipt;
      ++simulator_.totals_.receipts;
    } else {
      text = simulator_.options_.inbound_text;
      ++simulator_.totals_.inbound;
    }
    pdu.short_message = text;
    pdu.tlvs = smpp::Tlvs{tlvs};
    if (!session_->request(now, token, pdu)) {
      settle(token, false);
      break;
    }
  }
  wake();
}

void OperatorSession::settle(std::uint64_t token, bool done) {
  const Delivery& delivery = in_flight_[token];
  if (done) {
    ++(delivery.number != 0 ? simulator_.totals_.receipts_acknowledged
                            : simulator_.totals_.inbound_acknowledged);
    if (delivery.number == 0 && simulator_.inbound_log_.is_open()) {
      simulator_.inbound_log_ << delivery.from.view() << '\n';
    }
  } else {
    customer_->owed.push_front(delivery);
    ++simulator_.totals_.receipts_refused;
  }
  free_.push_back(static_cast<std::uint32_t>(token));
}

void OperatorSession::on_response(const Now& now, const smpp::Response& response) {
  if (response.late) { return; }
  settle(response.token, response.command_status == smpp::CommandStatus::kOk);
  deliver_owed(now);
}

void OperatorSession::on_request_timeout(const Now&, std::uint64_t token, smpp::CommandId) {
  settle(token, false);
}

void OperatorSession::on_closing(const Now&, smpp::CloseReason, bool flush) {
  if (wire_ != nullptr) { flush ? wire_->close_after_flush() : wire_->close_now(); }
}

void OperatorSession::on_closed(const Now&, ports::CloseCause) {
  if (customer_ != nullptr) {
    // What was not acknowledged is owed again, in its old order.
    std::vector<std::uint64_t> open;
    session_->for_each_outstanding([&](const smpp::Outstanding& request) {
      if (request.command == smpp::CommandId::kDeliverSm) { open.push_back(request.token); }
    });
    for (auto at = open.rbegin(); at != open.rend(); ++at) { settle(*at, false); }
    std::erase(customer_->sessions, this);
    std::erase(simulator_.sessions_, this);
    if (!customer_->owed.empty()) { simulator_.owing_.push_back(customer_); }
  }
  wire_ = nullptr;
}

}  // namespace aldis::smscsim
