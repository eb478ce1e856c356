// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/ledger.hpp"
#include "sim/peer.hpp"

namespace aldis::sim {

class World;
class OperatorSite;

// One bind of the gateway at an operator, as the operator sees it.
class OperatorBind final : public Peer {
 public:
  OperatorBind(World& world, OperatorSite& site, SocketPtr socket);

  [[nodiscard]] bool receives() const { return bound_ && receives_; }
  [[nodiscard]] std::size_t unanswered() const { return receipts_.size(); }
  struct Receipt {
    std::uint64_t token = 0;  // 0 = nobody's, or an inbound message
    std::size_t submission = 0;
    std::string id;
    std::string from;  // of the receipt: the message's destination
    std::string to;
    MessageState state = MessageState::kDelivered;
    std::uint64_t handset = 0;  // what a handset wrote; 0 = a receipt
    bool settled = false;       // not to be said again if it is refused
  };
  void say(Receipt receipt);
  void heal();
  void unbind();

 private:
  void on_pdu(const smpp::Pdu& pdu, const Socket::Piece& last) override;
  void on_gone() override;
  void on_bind(const smpp::Pdu& pdu);
  void on_submit(const smpp::Pdu& pdu, const smpp::SubmitSm& submit, const Moment& at);
  void answer_after(Duration delay, std::uint32_t sequence, std::uint64_t token, std::size_t submission);
  void answer(std::uint32_t sequence, std::uint64_t token, std::size_t submission);
  void refuse(std::uint32_t sequence, std::uint64_t token, std::size_t submission,
              smpp::CommandStatus status);
  void on_receipt_answer(const smpp::Pdu& pdu, const Moment& at);
  void ended();
  void note_read(std::uint64_t token, std::size_t submission);

  World& world_;
  OperatorSite& site_;
  bool bound_ = false;
  bool receives_ = false;
  std::uint32_t sequence_ = 0;
  struct Waiting {
    Receipt receipt;
    std::shared_ptr<std::optional<Moment>> read;  // by the gateway
  };
  std::map<std::uint32_t, Waiting> receipts_;
  std::map<std::uint32_t, Instant> outstanding_;  // submits without our answer, by sequence
  Instant stalled_until_{};
};

// One operator: takes submits, gives ids in its own dialect, and sends receipts until they are acknowledged.
class OperatorSite {
 public:
  struct Plan {
    std::uint32_t number = 0;
    enum class Ids : std::uint8_t { kSame, kHexThenDecimal, kDecimalThenHex, kPadded } ids = Ids::kSame;
    bool receipts_as_tlvs = false;
    Duration answer_max = milliseconds{100};
    Duration receipt_max = seconds{5};
  };
  OperatorSite(World& world, Plan plan);

  void start();
  void heal();
  void inbound(bool plain);  // handsets write: a short text, or whatever they can
  [[nodiscard]] std::size_t owed() const { return owed_.size(); }

 private:
  friend class OperatorBind;
  std::string next_id();
  [[nodiscard]] std::string id_in_receipt(const std::string& id) const;
  void plan_receipts(Duration after, std::uint64_t token, std::size_t submission);
  void receipt(std::uint64_t token, std::size_t submission, MessageState state);
  void owe(OperatorBind::Receipt receipt);
  void pay();
  MessageState verdict(std::uint64_t token) const;

  World& world_;
  Plan plan_;
  Chance chance_;
  Chance handsets_;
  Events::Guard guard_ = Events::make_guard();
  std::vector<std::unique_ptr<OperatorBind>> binds_;
  std::deque<OperatorBind::Receipt> owed_;
  std::uint64_t next_id_ = 1000;
  Instant throttled_until_{};
  Instant refuses_binds_until_{};
  bool pay_planned_ = false;
  bool healed_ = false;
  std::vector<std::string> ids_given_;
  bool reused_ = false;  // the id that was given last
  std::vector<std::pair<std::uint64_t, std::size_t>> withheld_;  // receipts not sent until all heals
};

}  // namespace aldis::sim
