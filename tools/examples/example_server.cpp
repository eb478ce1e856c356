// SPDX-License-Identifier: Apache-2.0
// An SMSC in a page: lets everybody bind, accepts every message, prints it. Usage: example_server [ADDRESS]
#include <csignal>
#include <iostream>
#include <string>

#include "aldis/runtime/connections.hpp"
#include "session_protocol.hpp"

using namespace aldis;

class Smsc final : public SessionProtocol {
 public:
  Smsc() : SessionProtocol(smpp::SessionOptions::server()) {}

  void on_bind(const Now& now, const smpp::BindRequest& request) override {
    session().accept_bind(now, {.system_id = "example", .version = request.version});
  }
  void on_request(const Now& now, const smpp::Pdu& pdu) override {
    const auto* submit = std::get_if<smpp::SubmitSm>(&pdu.body);
    if (submit == nullptr) { return SessionProtocol::on_request(now, pdu); }
    std::cout << submit->source_addr << " to " << submit->destination_addr << ": " << submit->short_message
              << std::endl;
    const std::string id = std::to_string(++messages_);
    session().respond(now, pdu.header.sequence_number, smpp::CommandStatus::kOk,
                      smpp::SubmitSmResp{.message_id = id});
  }

 private:
  std::uint64_t messages_ = 0;
};

int main(int argc, char** argv) {
  runtime::Loop loop;
  loop.on_signals({SIGTERM, SIGINT}, [&](int) { loop.stop(); });
  const auto listener = runtime::Listener::open(loop, {.address = argc > 1 ? argv[1] : "127.0.0.1:2775"},
                                                [](std::string_view) { return std::make_unique<Smsc>(); });
  if (!listener) {
    std::cerr << listener.error() << '\n';
    return 1;
  }
  std::cout << "listening on " << (*listener)->address() << std::endl;
  loop.run();
}
