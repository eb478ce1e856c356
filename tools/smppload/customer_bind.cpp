// SPDX-License-Identifier: Apache-2.0
#include "smppload/load.hpp"

namespace aldis::smppload {

CustomerBind::CustomerBind(Load& load, std::string system_id, std::string password)
    : load_(load), system_id_(std::move(system_id)), password_(std::move(password)) {}

void CustomerBind::on_open(const Now& now, ports::Wire& wire) {
  wire_ = &wire;
  auto options = smpp::SessionOptions::client();
  options.window_out = load_.options_.window;
  options.window_in = 100'000;
  options.response = seconds{120};
  session_.emplace(options, *this, load_.counters_, wire.output());
  session_->start(now);
  smpp::Bind bind;
  bind.system_id = system_id_;
  bind.password = password_;
  bind.interface_version = 0x34;
  session_->bind(now, smpp::BindType::kTransceiver, bind);
  wake();
}

std::size_t CustomerBind::on_octets(const Now& now, Octets input) {
  in_callback_ = true;
  const std::size_t consumed = session_->receive(now, input);
  if (session_->bound()) { submit_more(now); }
  in_callback_ = false;
  wake();
  return consumed;
}

void CustomerBind::on_timer(const Now& now) {
  session_->on_timer(now);
  wake();
}

Instant CustomerBind::next_deadline() const { return session_ ? session_->next_deadline() : kNever; }

void CustomerBind::wake() {
  if (wire_ != nullptr && !in_callback_) { wire_->wake(); }
}

void CustomerBind::submit_more(const Now& now) {
  if (!bound()) { return; }
  bool any = false;
  while (session_->window_free() > 0 && load_.may_submit(now)) {
    smpp::SubmitSm pdu;
    const std::uint64_t number = load_.compose(now, pdu);
    any = true;
    if (!session_->request(now, number, pdu)) {
      load_.unanswered(number);
      break;
    }
  }
  if (any) { wake(); }
}

void CustomerBind::unbind(const Now& now) {
  if (bound()) {
    session_->unbind(now);
    wake();
  } else if (wire_ != nullptr) {
    wire_->close_now();
  }
}

void CustomerBind::on_bound(const Now& now, const smpp::BindResp&) {
  load_.ever_bound_ = true;
  submit_more(now);
}

void CustomerBind::on_bind_refused(const Now&, smpp::CommandStatus status, const smpp::BindResp&) {
  ++load_.binds_refused_;
  load_.tell("bind as " + system_id_ + " refused: " + std::string{smpp::name_of(status)});
}

void CustomerBind::on_request(const Now& now, const smpp::Pdu& pdu) {
  if (const auto* deliver = std::get_if<smpp::DeliverSm>(&pdu.body)) {
    load_.delivered(now, *deliver);
    session_->respond(now, pdu.header.sequence_number, smpp::CommandStatus::kOk, smpp::DeliverSmResp{});
  } else {
    session_->respond(now, pdu.header.sequence_number, smpp::CommandStatus::kOk, smpp::DataSmResp{});
  }
}

void CustomerBind::on_response(const Now& now, const smpp::Response& response) {
  const auto* body = response.pdu != nullptr ? std::get_if<smpp::SubmitSmResp>(&response.pdu->body) : nullptr;
  load_.answered(now, response.token, response.command_status,
                 body != nullptr ? body->message_id : std::string_view{}, now.mono - response.sent_at);
}

void CustomerBind::on_request_timeout(const Now&, std::uint64_t token, smpp::CommandId) {
  load_.unanswered(token);
}

void CustomerBind::on_closing(const Now&, smpp::CloseReason, bool flush) {
  if (wire_ != nullptr) { flush ? wire_->close_after_flush() : wire_->close_now(); }
}

void CustomerBind::on_closed(const Now& now, ports::CloseCause cause) {
  if (session_) {
    session_->for_each_outstanding([&](const smpp::Outstanding& request) {
      if (request.command == smpp::CommandId::kSubmitSm) { load_.unanswered(request.token); }
    });
  }
  if (cause != ports::CloseCause::kConnectFailed && !load_.finishing_) {
    ++load_.connections_lost_;
    load_.tell("connection to " + load_.options_.target + " lost: " + std::string{ports::name_of(cause)});
  }
  session_.reset();
  wire_ = nullptr;
  down_ = true;
  retry_at_ = now.mono + milliseconds{100};
}

}  // namespace aldis::smppload
