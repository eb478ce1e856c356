// SPDX-License-Identifier: Apache-2.0
// Binds, sends one message, prints its id and unbinds. Usage: example_client [ADDRESS [TO [TEXT]]]
#include <iostream>
#include <string>

#include "aldis/runtime/connections.hpp"
#include "session_protocol.hpp"

using namespace aldis;

class Esme final : public SessionProtocol {
 public:
  Esme(runtime::Loop& loop, std::string to, std::string text)
      : SessionProtocol(smpp::SessionOptions::client()),
        loop_(loop),
        to_(std::move(to)),
        text_(std::move(text)) {}

  void on_open(const Now& now, ports::Wire& wire) override {
    SessionProtocol::on_open(now, wire);
    session().bind(now, smpp::BindType::kTransceiver,
                   {.system_id = "example", .password = "secret", .interface_version = 0x34});
  }
  void on_bound(const Now& now, const smpp::BindResp&) override {
    const smpp::SubmitSm submit{.source_addr = "ALDIS", .destination_addr = to_, .short_message = text_};
    if (!session().request(now, 0, submit)) { session().unbind(now); }
  }
  void on_response(const Now& now, const smpp::Response& response) override {
    if (const auto* accepted = std::get_if<smpp::SubmitSmResp>(&response.pdu->body)) {
      std::cout << smpp::name_of(response.command_status) << " message_id=" << accepted->message_id << '\n';
    }
    status = response.command_status == smpp::CommandStatus::kOk ? 0 : 1;
    session().unbind(now);
  }
  void on_closed(const Now& now, ports::CloseCause cause) override {
    SessionProtocol::on_closed(now, cause);
    loop_.stop();
  }
  int status = 1;

 private:
  runtime::Loop& loop_;
  std::string to_;
  std::string text_;
};

int main(int argc, char** argv) {
  runtime::Loop loop;
  Esme esme{loop, argc > 2 ? argv[2] : "447700900123", argc > 3 ? argv[3] : "Hello"};
  runtime::Connector connector{loop};
  connector.connect({.target = argc > 1 ? argv[1] : "127.0.0.1:2775"}, runtime::borrow(esme),
                    [](const std::string& why) { std::cerr << why << '\n'; });
  loop.run();
  return esme.status;
}
