// SPDX-License-Identifier: Apache-2.0
// Customers' sessions: who may bind, what a session that does not read costs, and what the log says of it.
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "aldis/ingress/smpp_server.hpp"
#include "aldis/smpp/codec.hpp"
#include "support/fake_wire.hpp"

namespace aldis::ingress {

namespace {

using smpp::CommandStatus;

struct AllLines final : ports::Log {
  void write(ports::LogLevel, std::string_view event,
             std::initializer_list<ports::LogField> fields) override {
    text += event;
    for (const auto& field : fields) {
      text += ' ';
      if (const auto* value = std::get_if<std::string_view>(&field.value)) { text += *value; }
    }
    text += '\n';
  }
  std::string text;
};

struct NoPasswords final : ports::Passwords {  // all passwords here are plain ones
  void verify(std::string_view, std::string_view, std::function<void(Verdict)> answer) override {
    answer(Verdict::kWrong);
  }
};

class Server final : public EventSink {
 public:
  Server() {
    AccountSettings acme;
    acme.name = "acme";
    LoginSettings login;
    login.user = "acme";
    login.password = Secret{"secret"};
    acme.logins = {login};
    acme.smpp.allow_ips = {"203.0.113.0/24"};
    acme.smpp.binds_max = 1;
    settings.accounts = {acme};
    settings.operators.resize(1);
    settings.operators[0].name = "op-a";
    settings.smpp.timers.enquire_link = Duration::zero();
    settings.smpp.timers.inactivity = Duration::zero();
    listener.plain_public = true;
    directory.emplace(settings, std::vector<KnownName>{});
    server.emplace(ServerSetup{settings.smpp, *directory, ids, passwords, log, SipKey{1, 2}}, *this);
  }

  void on(const Now&, const Event& event) override {
    if (const auto* bound = std::get_if<SessionBound>(&event)) { session = bound->session; }
    if (const auto* submit = std::get_if<Submit>(&event)) { submits.push_back(submit->token); }
    if (const auto* result = std::get_if<DeliverResult>(&event)) { results.push_back(*result); }
  }

  Settings settings;
  SmppListener listener;
  std::optional<Directory> directory;
  PublicIds ids{SipKey{3, 4}};
  NoPasswords passwords;
  AllLines log;
  std::optional<SmppServer> server;
  Now now{Instant{seconds{1000}}, WallTime{seconds{1'800'000'000}}};
  SessionId session = kNoSession;  // the last one that was bound
  std::vector<RequestToken> submits;
  std::vector<DeliverResult> results;
};

// One connection to it.
class Customer {
 public:
  explicit Customer(Server& server, std::string_view from = "203.0.113.7")
      : server_(server), protocol_(server.server->accept(server.now, server.listener, from)) {
    REQUIRE(protocol_ != nullptr);
    protocol_->on_open(server_.now, wire);
  }

  CommandStatus bind(std::string_view password = "secret", std::uint8_t version = 0x34) {
    smpp::Bind body;
    body.system_id = "acme";
    body.password = password;
    body.interface_version = version;
    std::string octets;
    const auto command = version < 0x34 ? smpp::CommandId::kBindReceiver : smpp::CommandId::kBindTransceiver;
    smpp::encode(octets, command, CommandStatus::kOk, 1, body);
    receive(octets);
    const auto lines = wire.lines();
    REQUIRE(lines.size() == 1);
    return lines[0].header.command_status;
  }
  void receive(const std::string& octets) { protocol_->on_octets(server_.now, octets); }
  void submit(std::uint32_t sequence, std::string_view text) {
    smpp::SubmitSm pdu;
    pdu.source_addr = "447000";
    pdu.destination_addr = "447700900001";
    pdu.short_message = text;
    std::string octets;
    smpp::encode(octets, CommandStatus::kOk, sequence, pdu);
    receive(octets);
  }
  void pass(Duration duration) {
    const Instant until = server_.now.mono + duration;
    while (protocol_->next_deadline() <= until) {
      go_to(std::max(protocol_->next_deadline(), server_.now.mono));
      protocol_->on_timer(server_.now);
    }
    go_to(until);
  }
  void close() {
    protocol_->on_closed(server_.now, ports::CloseCause::kReset);
    protocol_.reset();
  }

  testing::FakeWire wire;

 private:
  void go_to(Instant at) {
    server_.now.wall += std::chrono::duration_cast<microseconds>(at - server_.now.mono);
    server_.now.mono = at;
  }
  Server& server_;
  std::unique_ptr<ports::ByteProtocol> protocol_;
};

}  // namespace

TEST_CASE("a session that does not read is not read either, once a mebibyte waits for it", "[H17][D15]") {
  Server server;
  Customer customer{server};
  REQUIRE(customer.bind() == CommandStatus::kOk);
  std::uint32_t sequence = 1;
  while (!customer.wire.reading_paused && customer.wire.output_pending() < 2u << 20) {
    for (int i = 0; i < 200; ++i) { customer.submit(++sequence, "hello"); }
    for (const auto& token : std::exchange(server.submits, {})) {
      server.server->on(server.now, Effect{AnswerSubmit{token, Refusal::kThrottled, {}, false, {}}});
    }
  }
  CHECK(customer.wire.reading_paused);
  CHECK(customer.wire.output_pending() < (1u << 20) + 200 * 32);
  customer.wire.take();
  customer.submit(++sequence, "hello");
  CHECK_FALSE(customer.wire.reading_paused);
}

TEST_CASE("a request that does not read is logged without its text and numbers", "[I17]") {
  Server server;
  Customer customer{server};
  REQUIRE(customer.bind() == CommandStatus::kOk);
  std::string octets;
  smpp::SubmitSm pdu;
  pdu.source_addr = "447000";
  pdu.destination_addr = "447700900001";
  pdu.short_message = "the canary sings";
  smpp::encode(octets, CommandStatus::kOk, 2, pdu);
  const auto length_at = octets.find("the canary") - 1;
  octets[length_at] = '\x7F';  // more octets of text than there are
  customer.receive(octets);
  const auto lines = customer.wire.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].header.command_status != CommandStatus::kOk);
  CHECK(server.log.text.find("session.bad_pdu") != std::string::npos);
  CHECK(server.log.text.find("canary") == std::string::npos);
  CHECK(server.log.text.find("7700900") == std::string::npos);
}

TEST_CASE("a bind gives its place back when its connection ends", "[D15]") {
  Server server;
  {
    Customer customer{server};
    REQUIRE(customer.bind() == CommandStatus::kOk);
    Customer second{server};
    CHECK(second.bind() == CommandStatus::kAlreadyBound);
    second.close();
    customer.close();
  }
  Customer customer{server};
  CHECK(customer.bind() == CommandStatus::kOk);
}

TEST_CASE(
    "an address outside the account's list does not bind, and learns no more than with a wrong password",
    "[S5]") {
  Server server;
  Customer stranger{server, "198.51.100.1"};
  CHECK(stranger.bind() == CommandStatus::kBindFailed);
  Customer guesser{server};
  CHECK(guesser.bind("wrong") == CommandStatus::kBindFailed);
  CHECK(server.session == kNoSession);
  Customer customer{server};
  CHECK(customer.bind() == CommandStatus::kOk);
}

TEST_CASE("a 3.3 session gets as much of a long text from a handset as it can take, not an empty one",
          "[D5b]") {
  Server server;
  Customer customer{server};
  REQUIRE(customer.bind("secret", 0x33) == CommandStatus::kOk);
  Inbound inbound;
  inbound.op = OperatorId{0};
  inbound.body = std::string(300, 'x');
  server.server->on(server.now, Effect{DeliverInbound{server.session, DeliveryToken{5}, &inbound}});
  const auto sent = customer.wire.lines();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].octets.find(std::string(254, 'x')) != std::string::npos);
}

TEST_CASE("a delivery that was given up is not settled by its late answer", "[D7]") {
  Server server;
  Customer customer{server};
  REQUIRE(customer.bind() == CommandStatus::kOk);
  Inbound inbound;
  inbound.op = OperatorId{0};
  inbound.body = "yes";
  server.server->on(server.now, Effect{DeliverInbound{server.session, DeliveryToken{5}, &inbound}});
  const auto sent = customer.wire.lines();
  REQUIRE(sent.size() == 1);
  customer.pass(seconds{30});
  REQUIRE(server.results.size() == 1);
  CHECK(server.results[0].kind == DeliverResult::Kind::kTimeout);
  std::string octets;
  smpp::encode(octets, CommandStatus::kOk, sent[0].header.sequence_number, smpp::DeliverSmResp{});
  customer.receive(octets);
  CHECK(server.results.size() == 1);
}

}  // namespace aldis::ingress
