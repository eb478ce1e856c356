// SPDX-License-Identifier: Apache-2.0
// A fixed relay workload for counting instructions: 4 customers and 2 operators around the whole gateway, in
// one thread, on a disk in memory and a clock that we move. Every run executes the same instructions, so that
// callgrind's count says what seconds on a shared machine cannot.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "aldis/smpp/codec.hpp"
#include "spec/settings_of.hpp"
#include "spec/stage.hpp"

namespace {

using namespace aldis;

constexpr smpp::CommandStatus kOk{};
constexpr unsigned kCustomers = 4;
constexpr unsigned kBatch = 50;  // of each customer
constexpr const char* kFacts =
    "given account acme smpp.window_in=1000 smpp.window_out=1000 queue_max=1000000\n"
    "given operator north window.start=500 window.min=500 window.max=500 throttle.burst=10000\n"
    "given operator south window.start=500 window.min=500 window.max=500 throttle.burst=10000\n"
    "given storage.segment_size=16MiB\n"
    "client -- binds\n"
    "operator -- binds\n";

std::uint32_t word_at(const std::string& octets, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) { value = (value << 8) | u8(octets[at + i]); }
  return value;
}

// What the programs around the gateway do; not part of what is counted.
class Peer {
 public:
  Peer(spec::Stage& stage, std::string name) : stage_(stage), name_(std::move(name)) {}

  void send(const Now& now) {
    if (out_.empty()) { return; }
    pipe().feed(now, out_);
    out_.clear();
  }
  [[nodiscard]] spec::Pipe& pipe() const { return *stage_.pipe(name_); }
  std::string& out() { return out_; }
  std::uint32_t next_sequence() { return ++sequence_; }
  [[nodiscard]] unsigned receipts() const { return receipts_; }

  // Answers what has arrived; returns how many responses to our own requests there were.
  unsigned answer(const Now& now) {
    std::string& arrived = pipe().arrived();
    unsigned responses = 0;
    std::size_t at = 0;
    for (; at + 16 <= arrived.size(); at += word_at(arrived, at)) {
      const auto command = static_cast<smpp::CommandId>(word_at(arrived, at + 4));
      const std::uint32_t sequence = word_at(arrived, at + 12);
      switch (command) {
        case smpp::CommandId::kBindTransceiver:
          smpp::encode(out_, smpp::CommandId::kBindTransceiverResp, kOk, sequence, smpp::BindResp{});
          break;
        case smpp::CommandId::kDeliverSm:
          smpp::encode(out_, kOk, sequence, smpp::DeliverSmResp{});
          ++receipts_;
          break;
        case smpp::CommandId::kSubmitSm:
          take_submit(arrived.substr(at, word_at(arrived, at)), sequence);
          break;
        case smpp::CommandId::kSubmitSmResp:
          if (word_at(arrived, at + 8) != 0) { std::abort(); }
          ++responses;
          break;
        default: break;
      }
    }
    arrived.erase(0, at);
    send(now);
    return responses;
  }

 private:
  // The response, and the receipt behind it.
  void take_submit(const std::string& octets, std::uint32_t sequence) {
    const auto pdu = smpp::decode(octets, smpp::Strictness::kSession);
    const auto* submit = pdu.has_value() ? std::get_if<smpp::SubmitSm>(&pdu->body) : nullptr;
    if (submit == nullptr) { std::abort(); }
    const std::string id = name_.substr(9, 1) + std::to_string(1'000'000 + sequence);
    smpp::SubmitSmResp resp;
    resp.message_id = id;
    smpp::encode(out_, kOk, sequence, resp);
    const std::string text =
        "id:" + id +
        " sub:001 dlvrd:001 submit date:2611211200 done date:2611211200 stat:DELIVRD err:000 text:";
    smpp::DeliverSm receipt;
    receipt.source_addr = submit->destination_addr;
    receipt.destination_addr = submit->source_addr;
    receipt.esm_class = 0x04;
    receipt.short_message = text;
    smpp::encode(out_, kOk, next_sequence(), receipt);
  }

  spec::Stage& stage_;
  std::string name_;
  std::string out_;
  std::uint32_t sequence_ = 0;
  unsigned receipts_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const unsigned messages = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 20'000;
  const auto script = spec::parse_script("bench_engine", kFacts);
  spec::Stage stage(spec::Stage::Form::kWhole, script, spec::settings_of(script));
  stage.start();
  std::vector<Peer> operators;
  for (const char* name : {"operator north", "operator south"}) { operators.emplace_back(stage, name); }
  std::vector<Peer> customers;
  for (unsigned i = 0; i < kCustomers; ++i) {
    const std::string name = "c" + std::to_string(i);
    if (stage.connect(name) == nullptr) { std::abort(); }
    customers.emplace_back(stage, name);
    smpp::Bind bind;
    bind.system_id = "acme";
    bind.password = "secret";
    bind.interface_version = 0x34;
    smpp::encode(customers.back().out(), smpp::CommandId::kBindTransceiver, kOk,
                 customers.back().next_sequence(), bind);
    customers.back().send(stage.now());
  }
  const auto round = [&] {
    unsigned responses = 0;
    stage.settle();
    for (Peer& peer : operators) { peer.answer(stage.now()); }
    stage.settle();
    for (Peer& peer : customers) { responses += peer.answer(stage.now()); }
    stage.settle();
    return responses;
  };
  round();
  round();
  unsigned answered = 0;
  for (unsigned sent = 0; sent < messages; sent += kCustomers * kBatch) {
    for (Peer& customer : customers) {
      for (unsigned i = 0; i < kBatch; ++i) {
        const std::uint32_t sequence = customer.next_sequence();
        const std::string destination = "4917" + std::to_string(10'000'000 + sent + i);
        smpp::SubmitSm submit;
        submit.source_addr_ton = 5;
        submit.source_addr = "Aldis";
        submit.dest_addr_ton = 1;
        submit.dest_addr_npi = 1;
        submit.destination_addr = destination;
        submit.registered_delivery = 1;
        submit.short_message = "sixty octets of text, as many a message in the field has it.";
        smpp::encode(customer.out(), kOk, sequence, submit);
      }
      customer.send(stage.now());
    }
    answered += round();
    stage.advance(milliseconds{2});
  }
  for (unsigned i = 0; i < 10; ++i) {
    answered += round();
    stage.advance(milliseconds{50});
  }
  unsigned receipts = 0;
  for (const Peer& customer : customers) { receipts += customer.receipts(); }
  std::printf("%u messages, %u answered, %u receipts\n", messages, answered, receipts);
  return answered == messages && receipts == messages ? 0 : 1;
}
