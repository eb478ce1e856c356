// SPDX-License-Identifier: Apache-2.0
// Puts an smpp::Session on a connection of runtime: octets and time go in, octets come out. An application
// derives from it and implements what a SessionHandler has to say.
#pragma once

#include <memory>

#include "aldis/ports/byte_protocol.hpp"
#include "aldis/smpp/session.hpp"

class SessionProtocol : public aldis::ports::ByteProtocol, public aldis::smpp::SessionHandler {
 public:
  explicit SessionProtocol(const aldis::smpp::SessionOptions& options) : options_(options) {}

  void on_open(const aldis::Now& now, aldis::ports::Wire& wire) override {
    wire_ = &wire;
    session_ = std::make_unique<aldis::smpp::Session>(options_, *this, counters_, wire.output());
    session_->start(now);
  }
  std::size_t on_octets(const aldis::Now& now, aldis::Octets input) override {
    const std::size_t consumed = session_->receive(now, input);
    wire_->pause_reading(session_->wants_pause());
    return consumed;
  }
  void on_timer(const aldis::Now& now) override {
    session_->on_timer(now);
    wire_->pause_reading(session_->wants_pause());
  }
  [[nodiscard]] aldis::Instant next_deadline() const override { return session_->next_deadline(); }
  void on_closed(const aldis::Now&, aldis::ports::CloseCause) override { session_.reset(); }

  void on_closing(const aldis::Now&, aldis::smpp::CloseReason, bool flush) override {
    flush ? wire_->close_after_flush() : wire_->close_now();
  }
  void on_request(const aldis::Now& now, const aldis::smpp::Pdu& pdu) override {  // nothing is understood yet
    session().respond_error(now, pdu.header.command_id, pdu.header.sequence_number,
                            aldis::smpp::CommandStatus::kInvalidCommandId);
  }
  void on_response(const aldis::Now&, const aldis::smpp::Response&) override {}
  void on_request_timeout(const aldis::Now&, std::uint64_t, aldis::smpp::CommandId) override {}

 protected:
  aldis::smpp::Session& session() { return *session_; }

 private:
  aldis::smpp::SessionOptions options_;
  aldis::smpp::Counters counters_;
  aldis::ports::Wire* wire_ = nullptr;
  std::unique_ptr<aldis::smpp::Session> session_;
};
