// SPDX-License-Identifier: Apache-2.0
// A session with its clock, output and everything it said to its handler, written down.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "aldis/smpp/session.hpp"
#include "unit/smpp/hex.hpp"

namespace aldis::smpp::test {

struct Seen {
  struct Answer {
    std::uint64_t token = 0;
    CommandStatus status{};
    bool late = false;
    bool nacked = false;
    std::string message_id{};
  };
  std::vector<std::string> binds{};  // "transceiver acme secret 3.4"
  std::vector<CommandStatus> bound{};
  std::vector<CommandStatus> refused{};
  std::vector<std::pair<CommandId, std::uint32_t>> requests{};
  std::vector<std::string> bodies{};
  std::vector<CommandId> notices{};
  std::vector<Answer> answers{};
  std::vector<std::uint64_t> timeouts{};
  std::vector<CommandStatus> bad{};
  std::vector<CloseReason> closed{};
  bool flush = false;
};

class Fixture : public SessionHandler {
 public:
  explicit Fixture(const SessionOptions& options) : session(options, *this, counters, out) {
    session.start(now);
  }
  virtual ~Fixture() = default;

  void on_bind(const Now&, const BindRequest& request) override {
    seen.binds.push_back(std::string{name_of(request.type)} + " " + std::string{request.bind->system_id} +
                         " " + std::string{request.bind->password} + " " +
                         std::string{name_of(request.version)});
    if (accept) { session.accept_bind(now, *accept); }
  }
  void on_bound(const Now&, const BindResp&) override { seen.bound.push_back(CommandStatus::kOk); }
  void on_bind_refused(const Now&, CommandStatus status, const BindResp&) override {
    seen.refused.push_back(status);
  }
  void on_request(const Now&, const Pdu& pdu) override {
    seen.requests.emplace_back(pdu.header.command_id, pdu.header.sequence_number);
    if (const auto* submit = std::get_if<SubmitSm>(&pdu.body)) {
      seen.bodies.emplace_back(submit->short_message);
    }
    if (answer_at_once) {
      session.respond_error(now, pdu.header.command_id, pdu.header.sequence_number,
                            CommandStatus::kSystemError);
    }
  }
  void on_notice(const Now&, const Pdu& pdu) override { seen.notices.push_back(pdu.header.command_id); }
  void on_response(const Now&, const Response& response) override {
    std::string id;
    if (const auto* resp = std::get_if<SubmitSmResp>(&response.pdu->body)) { id = resp->message_id; }
    seen.answers.push_back({response.token, response.command_status, response.late, response.nacked, id});
  }
  void on_request_timeout(const Now&, std::uint64_t token, CommandId) override {
    seen.timeouts.push_back(token);
  }
  void on_bad_pdu(const Now&, Octets, const DecodeError& error) override { seen.bad.push_back(error.status); }
  void on_closing(const Now&, CloseReason reason, bool flush) override {
    seen.closed.push_back(reason);
    seen.flush = flush;
  }

  // Presents octets as a pump does: what is not consumed comes again with the next ones.
  void receive(std::string_view octets) {
    input += octets;
    input.erase(0, session.receive(now, input));
  }
  void receive_octet_by_octet(std::string_view octets) {
    for (const char c : octets) { receive({&c, 1}); }
  }
  // Goes on in steps from deadline to deadline.
  void pass(Duration duration) {
    const auto until = now.mono + duration;
    while (session.next_deadline() <= until) {
      go_to(std::max(session.next_deadline(), now.mono));
      session.on_timer(now);
    }
    go_to(until);
  }
  void go_to(Instant at) {
    now.wall += std::chrono::duration_cast<microseconds>(at - now.mono);
    now.mono = at;
  }
  // What was sent since the last call, as hex-free text: "submit_sm_resp 0x45 #2".
  std::vector<std::string> sent() {
    std::vector<std::string> lines;
    std::string_view rest = out;
    while (!rest.empty()) {
      const auto header = *decode_header(rest);
      std::string line{name_of(header.command_id)};
      if (is_response(header.command_id)) { line += " " + status_text(header.command_status); }
      line += " #" + std::to_string(header.sequence_number);
      if (header.command_length == 17) { line += " +NUL"; }
      lines.push_back(line);
      rest.remove_prefix(header.command_length);
    }
    out.clear();
    return lines;
  }
  static std::string status_text(CommandStatus status) {
    std::string text{name_of(status)};
    return text.empty() ? std::to_string(static_cast<std::uint32_t>(status)) : text.substr(5);
  }

  Now now{Instant{seconds{1000}}, WallTime{seconds{1'800'000'000}}};
  std::string out{};
  std::string input{};
  Counters counters{};
  Seen seen{};
  std::optional<Session::Accept> accept{};
  bool answer_at_once = false;
  Session session;
};

inline SessionOptions quiet_server() {
  auto options = SessionOptions::server();
  options.enquire_link = Duration::zero();
  options.inactivity = Duration::zero();
  return options;
}

// A server that has let a transceiver (or another) of version 3.4 in.
class ServerFixture : public Fixture {
 public:
  explicit ServerFixture(const SessionOptions& options = quiet_server(),
                         Session::Accept accepted = {.system_id = "aldis"},
                         BindType type = BindType::kTransceiver)
      : Fixture(options) {
    accept = accepted;
    std::string bind;
    encode(bind, command_of(type), CommandStatus::kOk, 1,
           Bind{.system_id = "acme", .password = "secret", .interface_version = 0x34});
    receive(bind);
    sent();
  }
};

// A client that is bound.
class ClientFixture : public Fixture {
 public:
  explicit ClientFixture(SessionOptions options = SessionOptions::client(),
                         BindType type = BindType::kTransceiver, std::uint8_t interface_version = 0x34)
      : Fixture(options) {
    session.bind(now, type,
                 {.system_id = "acme", .password = "secret", .interface_version = interface_version});
    const auto header = *decode_header(out);
    receive(raw_pdu(0x80000000 | static_cast<std::uint32_t>(command_of(type)), 0, header.sequence_number));
    sent();
  }
};

inline std::string submit_pdu(std::uint32_t sequence, std::string_view text = "Hi!") {
  std::string wire;
  encode(wire, CommandStatus::kOk, sequence,
         SubmitSm{.source_addr = "Aldis", .destination_addr = "447700900123", .short_message = text});
  return wire;
}
inline std::string deliver_pdu(std::uint32_t sequence) {
  std::string wire;
  encode(wire, CommandStatus::kOk, sequence,
         DeliverSm{.source_addr = "447700900123", .destination_addr = "Aldis"});
  return wire;
}
inline std::string enquire_pdu(std::uint32_t sequence) { return raw_pdu(0x15, 0, sequence); }

}  // namespace aldis::smpp::test
