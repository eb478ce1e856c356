// SPDX-License-Identifier: Apache-2.0
// One link and its operator: what the link says of each part, and when it answers for the store.
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <vector>

#include "aldis/egress/operators.hpp"
#include "support/fake_wire.hpp"

namespace aldis::egress {

namespace {

struct Result {
  PartRef part;
  OutcomeClass outcome;
  bool late = false;
  std::string id;
};

// The engine's side, written down; the operator's side is the wire.
class OneLink final : public EventSink, public ports::Random {
 public:
  explicit OneLink(std::uint32_t window = 10) {
    OperatorSettings op;
    op.name = "op-a";
    op.hosts = {"smsc.example:2775"};
    op.system_id = "us";
    op.window = {.start = window, .min = 1, .max = window};
    op.timers.enquire_link = Duration::zero();
    settings.operators = {op};
    directory.emplace(settings, std::vector<KnownName>{});
    const auto connect = [this](const std::string&, Duration, ports::ByteProtocol& link) { link_ = &link; };
    operators.emplace(OperatorsSetup{*directory, *this, log_, connect}, *this);
    operators->start(now);
    bind();
  }

  void bind() {
    wire = testing::FakeWire{};
    link_->on_open(now, wire);
    const auto request = wire.lines().at(0).header;
    std::string octets;
    smpp::encode(octets, smpp::CommandId::kBindTransceiverResp, smpp::CommandStatus::kOk,
                 request.sequence_number, smpp::BindResp{});
    receive(octets);
    REQUIRE(bound);
  }
  // The connection is gone, and the next one is made as soon as the link wants it.
  void lose_and_rebind() {
    link_->on_closed(now, ports::CloseCause::kReset);
    bound = false;
    go_to(operators->next_deadline());
    operators->on_timer(now);
    bind();
  }
  void lose() { link_->on_closed(now, ports::CloseCause::kReset); }
  void receive(const std::string& octets) { CHECK(link_->on_octets(now, octets) == octets.size()); }
  void go_to(Instant at) {
    now.wall += std::chrono::duration_cast<microseconds>(at - now.mono);
    now.mono = at;
  }
  void pass(Duration duration) {
    const Instant until = now.mono + duration;
    while (link_->next_deadline() <= until) {
      go_to(std::max(link_->next_deadline(), now.mono));
      link_->on_timer(now);
    }
    go_to(until);
  }

  // Hands over a part, and gives the sequence number that it went out under.
  std::uint32_t send(std::uint64_t message_id) {
    message.id = MessageId{message_id};
    message.destination.digits.assign("447700900001");
    SendOnLink effect;
    effect.link = LinkId{0};
    effect.part = {message.id, 0};
    effect.message = &message;
    effect.payload.body = "hello";
    operators->on(now, Effect{effect});
    const std::string& out = wire.output();
    std::uint32_t sequence = 0;
    for (std::size_t at = 0; at < out.size();) {
      const auto header = *smpp::decode_header(Octets{out}.substr(at));
      sequence = header.sequence_number;
      at += header.command_length;
    }
    return sequence;
  }
  void ok(std::uint32_t sequence, std::string_view id) {
    std::string octets;
    smpp::encode(octets, smpp::CommandStatus::kOk, sequence, smpp::SubmitSmResp{id, {}});
    receive(octets);
  }
  void refuse(std::uint32_t sequence, std::uint32_t status) {
    std::string octets;
    smpp::encode(octets, static_cast<smpp::CommandStatus>(status), sequence, smpp::SubmitSmResp{});
    receive(octets);
  }
  void deliver(std::uint32_t sequence, std::string_view id) {
    const std::string text = "id:" + std::string{id} + " stat:DELIVRD err:000";
    smpp::DeliverSm pdu;
    pdu.source_addr = "447700900001";
    pdu.destination_addr = "447000";
    pdu.esm_class = 0x04;
    pdu.short_message = text;
    std::string octets;
    smpp::encode(octets, smpp::CommandStatus::kOk, sequence, pdu);
    receive(octets);
  }
  void acknowledge(const LinkRequest& request) { operators->on(now, Effect{AnswerOperator{request}}); }

  void on(const Now&, const Event& event) override {
    if (const auto* up = std::get_if<LinkBound>(&event)) {
      bound = true;
      window_free = up->window_free;
    } else if (const auto* result = std::get_if<SubmitResult>(&event)) {
      results.push_back({result->part, result->outcome.outcome_class, result->late,
                         std::string{result->outcome.operator_message_id}});
      window_free = result->window_free;
    } else if (const auto* receipt = std::get_if<OperatorReceipt>(&event)) {
      receipts.push_back(receipt->request);
    } else if (const auto* inbound = std::get_if<OperatorInbound>(&event)) {
      inbound_tlvs = inbound->tlvs;
    }
  }
  std::uint64_t next() override { return 0; }

  Settings settings;
  Now now{Instant{seconds{1000}}, WallTime{seconds{1'800'000'000}}};
  std::optional<Directory> directory;
  std::optional<Operators> operators;
  testing::FakeWire wire;
  Message message;
  std::string inbound_tlvs;
  bool bound = false;
  std::uint16_t window_free = 0;
  std::vector<Result> results;
  std::vector<LinkRequest> receipts;

 private:
  ports::NoLog log_;
  ports::ByteProtocol* link_ = nullptr;
};

}  // namespace

TEST_CASE("when a link dies, what was handed over whole is in doubt, and what was cut or kept is not",
          "[D3][H3]") {
  OneLink link;
  link.send(1);
  const std::size_t first = link.wire.output().size();
  link.send(2);
  link.send(3);
  link.wire.take(first + 20);  // the second one in part, the third one not at all
  link.lose();
  REQUIRE(link.results.size() == 3);
  CHECK(link.results[0].part.message == MessageId{1});
  CHECK(link.results[0].outcome == OutcomeClass::kLost);
  CHECK(link.results[1].outcome == OutcomeClass::kNotSent);
  CHECK(link.results[2].outcome == OutcomeClass::kNotSent);
}

TEST_CASE("what comes to a link whose operator takes leave is not sent, and goes back", "[D3]") {
  OneLink link;
  link.send(1);
  link.wire.take();
  std::string octets;
  smpp::encode_header(octets, smpp::CommandId::kUnbind, smpp::CommandStatus::kOk, 1);
  link.receive(octets);
  link.send(2);  // the engine does not know yet
  REQUIRE(link.results.size() == 1);
  CHECK(link.results[0].part.message == MessageId{2});
  CHECK(link.results[0].outcome == OutcomeClass::kNotSent);
  CHECK(link.window_free == 0);
}

TEST_CASE("the last octet makes a part whole, whatever was answered before it", "[D3][H3]") {
  OneLink link;
  const auto sequence = link.send(1);
  link.wire.take();
  link.ok(sequence, "77");
  link.send(2);
  link.wire.take();
  link.lose();
  REQUIRE(link.results.size() == 2);
  CHECK(link.results[0].outcome == OutcomeClass::kOk);
  CHECK(link.results[1].part.message == MessageId{2});
  CHECK(link.results[1].outcome == OutcomeClass::kLost);
}

TEST_CASE("an acknowledgement for a former bind is not given to a deliver_sm of the present one", "[D5]") {
  OneLink link;
  link.deliver(7, "77");
  const LinkRequest before = link.receipts.at(0);
  link.lose_and_rebind();
  link.deliver(7, "78");  // its numbers begin anew, too
  link.acknowledge(before);
  CHECK(link.wire.lines().empty());
  link.acknowledge(link.receipts.at(1));
  const auto sent = link.wire.lines();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].header.command_id == smpp::CommandId::kDeliverSmResp);
  CHECK(sent[0].header.command_status == smpp::CommandStatus::kOk);
}

TEST_CASE("a piece of a handset's long text keeps its place among the others", "[D5]") {
  OneLink link;
  std::string tlvs;
  smpp::append_tlv_u16(tlvs, smpp::TlvTag::kSarMsgRefNum, 7);
  smpp::append_tlv_u8(tlvs, smpp::TlvTag::kSarTotalSegments, 2);
  smpp::append_tlv_u8(tlvs, smpp::TlvTag::kSarSegmentSeqnum, 1);
  smpp::DeliverSm pdu;
  pdu.source_addr = "447700900001";
  pdu.destination_addr = "447000";
  pdu.short_message = "first";
  pdu.tlvs = smpp::Tlvs{tlvs};
  std::string octets;
  smpp::encode(octets, smpp::CommandStatus::kOk, 7, pdu);
  link.receive(octets);
  CHECK(link.inbound_tlvs == tlvs);
}

TEST_CASE("what the store does not take within nack_after is refused with nack_status, never taken",
          "[D5][H9]") {
  OneLink link;
  link.deliver(7, "77");
  link.pass(seconds{5} - milliseconds{1});
  CHECK(link.wire.lines().empty());
  link.pass(milliseconds{1});
  const auto sent = link.wire.lines();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].header.sequence_number == 7);
  CHECK(sent[0].header.command_status == smpp::CommandStatus::kSystemError);
  link.acknowledge(link.receipts.at(0));  // too late: the operator sends it again
  CHECK(link.wire.lines().empty());
}

TEST_CASE("a late answer settles the part that it answers, as late, whatever was sent since", "[D3][H1]") {
  OneLink link;
  const auto slow = link.send(1);
  link.wire.take();
  link.pass(seconds{60});
  REQUIRE(link.results.size() == 1);
  CHECK(link.results[0].outcome == OutcomeClass::kUnanswered);
  const auto next = link.send(2);
  link.wire.take();
  link.ok(slow, "77");
  REQUIRE(link.results.size() == 2);
  CHECK(link.results[1].part.message == MessageId{1});
  CHECK(link.results[1].id == "77");
  CHECK(link.results[1].late);
  link.ok(next, "78");
  REQUIRE(link.results.size() == 3);
  CHECK(link.results[2].part.message == MessageId{2});
  CHECK(link.results[2].id == "78");
  CHECK_FALSE(link.results[2].late);
}

TEST_CASE("three submits in a row without an answer, and the link binds anew", "[D3]") {
  OneLink link{3};
  for (const std::uint64_t id : {1u, 2u, 3u}) { link.send(id); }
  link.wire.lines();
  link.pass(seconds{60});
  CHECK(link.results.size() == 3);
  bool unbinds = false;
  for (const auto& line : link.wire.lines()) {
    unbinds = unbinds || line.header.command_id == smpp::CommandId::kUnbind;
  }
  CHECK(unbinds);
  link.send(4);
  CHECK(link.results.back().outcome == OutcomeClass::kNotSent);
}

TEST_CASE("a link never has more submits unanswered than its window, and says what is left of it", "[D3]") {
  OneLink link{2};
  CHECK(link.window_free == 2);
  const auto first = link.send(1);
  link.send(2);
  link.ok(first, "77");
  CHECK(link.window_free == 1);
}

TEST_CASE("refused submits are counted by the name of their status, and statuses without one together") {
  struct Errors final : ports::MetricReport {
    void counter(std::string_view name, ports::Labels labels, double value) override {
      if (name != "aldis_submit_errors_total") { return; }
      CHECK(labels.begin()->second == "op-a");
      values[std::string{(labels.begin() + 1)->second}] += value;
    }
    void gauge(std::string_view, ports::Labels, double) override {}
    void histogram(std::string_view, ports::Labels, std::span<const double>, std::span<const std::uint64_t>,
                   double) override {}
    std::map<std::string, double> values;
  };
  OneLink link;
  link.ok(link.send(1), "77");
  link.refuse(link.send(2), 0x58);
  link.refuse(link.send(3), 0x58);
  link.refuse(link.send(4), 0x0B);
  link.refuse(link.send(5), 0x4711);
  link.refuse(link.send(6), 0x4712);
  Errors errors;
  link.operators->collect(errors);
  CHECK(errors.values ==
        std::map<std::string, double>{{"ESME_RTHROTTLED", 2}, {"ESME_RINVDSTADR", 1}, {"other", 2}});
}

}  // namespace aldis::egress
