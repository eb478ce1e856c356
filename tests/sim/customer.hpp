// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/ledger.hpp"
#include "sim/peer.hpp"

namespace aldis::sim {

class World;

// One bind of a customer: submits, asks, answers what it is told, and misbehaves as the seed says. Comes back
// whatever happens.
class Customer final : public Peer {
 public:
  struct Plan {
    std::uint32_t number = 0;
    std::uint32_t account = 0;
    smpp::CommandId bind = smpp::CommandId::kBindTransceiver;
    std::uint32_t window = 10;
    double per_second = 2;
    double long_texts = 0;
    double unregistered = 0;
    double validities = 0;
    std::vector<std::string> prefixes;
  };
  Customer(World& world, Plan plan);

  void start();
  void heal();  // from now on: bound, reading, submitting nothing, answering everything
  [[nodiscard]] bool bound() const { return bound_; }

 private:
  struct Asked {
    std::vector<std::uint64_t> tokens;  // of the messages
    std::vector<std::string> invalid;   // destinations of a submit_multi that nobody can reach
  };

  void connect();
  void connect_after(Duration delay);
  void on_pdu(const smpp::Pdu& pdu, const Socket::Piece& last) override;
  void on_gone() override;
  void on_deliver(const smpp::Pdu& pdu, const smpp::DeliverSm& deliver, const Moment& at);
  void on_submit_answer(const smpp::Pdu& pdu, const Moment& at);
  void bind_now();
  void plan_submit();
  void submit();
  Entry new_entry(Chance& chance);
  void submit_multi();
  void on_multi_answer(const smpp::Pdu& pdu, const Moment& at);
  void note_read(const Asked& asked);
  void on_handset_text(std::uint32_t sequence, const smpp::DeliverSm& deliver, const Moment& at);
  void request();
  void query(Entry& entry);
  void cancel(Entry& entry);
  Entry* foreign();
  void on_request_answer(const smpp::Pdu& pdu, const Moment& at);
  void misbehave();
  void keep_alive();
  void answer(std::uint32_t sequence, std::uint64_t token, std::size_t told);
  void lost();
  [[nodiscard]] bool sends() const { return plan_.bind != smpp::CommandId::kBindReceiver; }

  World& world_;
  Plan plan_;
  Chance chance_;
  Chance more_;  // for what came later, so that older seeds keep their worlds
  Events::Guard life_ = Events::make_guard();
  bool bound_ = false;
  bool healed_ = false;
  bool planned_ = false;
  bool heard_ = false;  // since the last look
  std::uint32_t sequence_ = 0;
  std::map<std::uint32_t, Asked> asked_;  // submits without an answer, by sequence
  struct Request {
    std::uint64_t token = 0;
    bool of_all = true;  // cancel_sm without a destination
  };
  std::map<std::uint32_t, Request> requests_;  // query_sm and cancel_sm without an answer
  std::vector<std::uint64_t> recent_;          // tokens, for requests
};

}  // namespace aldis::sim
