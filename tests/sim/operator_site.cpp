// SPDX-License-Identifier: Apache-2.0
#include "sim/operator_site.hpp"

#include <algorithm>

#include "aldis/smpp/receipt_text.hpp"
#include "sim/world.hpp"

namespace aldis::sim {

using smpp::CommandId;
using smpp::CommandStatus;

OperatorSite::OperatorSite(World& world, Plan plan)
    : world_(world),
      plan_(plan),
      chance_(world.seed(), "operator " + std::to_string(plan.number)),
      handsets_(world.seed(), "handsets " + std::to_string(plan.number)) {}

void OperatorSite::start() {
  world_.network.listen("op-" + std::to_string(plan_.number) + ":2775", [this](SocketPtr socket) {
    std::erase_if(binds_, [](const auto& bind) { return !bind->open(); });
    binds_.push_back(std::make_unique<OperatorBind>(world_, *this, std::move(socket)));
  });
}

std::string OperatorSite::next_id() {
  if (world_.faults.fires(Fault::kOpEmptyId)) { return {}; }
  reused_ = !ids_given_.empty() && world_.faults.fires(Fault::kOpReusedId);
  if (reused_) { return chance_.pick(ids_given_); }
  const std::uint64_t number = next_id_++;
  char text[32];
  switch (plan_.ids) {
    case Plan::Ids::kSame:
      std::snprintf(text, sizeof text, "op-%llu", static_cast<unsigned long long>(number));
      break;
    case Plan::Ids::kHexThenDecimal:
      std::snprintf(text, sizeof text, "%llX", static_cast<unsigned long long>(number));
      break;
    case Plan::Ids::kDecimalThenHex:
      std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(number));
      break;
    case Plan::Ids::kPadded:
      std::snprintf(text, sizeof text, "%010llu", static_cast<unsigned long long>(number));
      break;
  }
  ids_given_.emplace_back(text);
  return text;
}

std::string OperatorSite::id_in_receipt(const std::string& id) const {
  switch (plan_.ids) {
    case Plan::Ids::kSame: return id;
    case Plan::Ids::kHexThenDecimal: return id.empty() ? id : std::to_string(std::stoull(id, nullptr, 16));
    case Plan::Ids::kDecimalThenHex: {
      if (id.empty()) { return id; }
      char text[32];
      std::snprintf(text, sizeof text, "%llX", std::stoull(id));
      return text;
    }
    case Plan::Ids::kPadded: return id.empty() ? id : std::to_string(std::stoull(id));
  }
  return id;
}

MessageState OperatorSite::verdict(std::uint64_t token) const {
  constexpr std::array kVerdicts{MessageState::kDelivered, MessageState::kDelivered, MessageState::kDelivered,
                                 MessageState::kUndeliverable, MessageState::kRejected};
  return kVerdicts[token % kVerdicts.size()];
}

void OperatorSite::plan_receipts(Duration after, std::uint64_t token, std::size_t submission) {
  world_.events.after(after, guard_, [this, token, submission] {
    Faults& faults = world_.faults;
    if (faults.fires(Fault::kOpNoReceipt)) {
      withheld_.emplace_back(token, submission);
      return;
    }
    if (faults.fires(Fault::kOpIntermediate)) { receipt(token, submission, MessageState::kEnroute); }
    const MessageState state = verdict(token);
    receipt(token, submission, state);
    if (faults.fires(Fault::kOpTwice)) { receipt(token, submission, state); }
    if (faults.fires(Fault::kOpContradict)) {
      receipt(token, submission,
              state == MessageState::kDelivered ? MessageState::kUndeliverable : MessageState::kDelivered);
    }
    if (faults.fires(Fault::kOpForged)) {
      owe({.token = 0,
           .submission = 0,
           .id = "forged" + std::to_string(chance_.below(1000)),
           .from = "4910000000",
           .to = "7100",
           .state = MessageState::kDelivered,
           .settled = true});
    }
  });
}

void OperatorSite::receipt(std::uint64_t token, std::size_t submission, MessageState state) {
  Entry& entry = *world_.ledger.find(token);
  world_.ledger.receipt_said(entry.submissions[submission], state);
  owe({.token = token,
       .submission = submission,
       .id = id_in_receipt(entry.submissions[submission].id),
       .from = entry.to,
       .to = entry.from,
       .state = state});
}

void OperatorSite::owe(OperatorBind::Receipt receipt) {
  owed_.push_back(std::move(receipt));
  pay();
}

void OperatorSite::inbound(bool plain) {
  const auto next_token = [this] { return world_.handset_token(plan_.number); };
  std::vector<HandsetText> texts;
  if (plain) {
    texts.emplace_back();
    texts.back().token = next_token();
    texts.back().body = text_of_token(texts.back().token);
  } else {
    texts = write_text(handsets_, next_token);
  }
  Chance& chance = plain ? chance_ : handsets_;
  const std::string from = "4917" + std::to_string(chance.below(100000000));
  const bool nobodys = !plain && handsets_.one_in(0.1);
  const std::uint64_t account = plain ? 0 : handsets_.below(world_.ledger.accounts);
  for (HandsetText& text : texts) {
    text.from = from;
    text.to = nobodys ? "70000" : World::number_of(static_cast<std::uint32_t>(account));
    if (!nobodys) { text.account = static_cast<std::uint32_t>(account); }
    const HandsetText& kept = world_.ledger.inbound.begin(std::move(text));
    owe({.token = 0, .submission = 0, .id = {}, .from = from, .to = kept.to, .handset = kept.token});
  }
}

void OperatorSite::pay() {
  if (owed_.empty()) { return; }
  for (const auto& bind : binds_) {
    while (bind->open() && bind->receives() && bind->unanswered() < 10 && !owed_.empty()) {
      auto receipt = std::move(owed_.front());
      owed_.pop_front();
      bind->say(std::move(receipt));
    }
  }
  if (owed_.empty() || pay_planned_) { return; }
  pay_planned_ = true;
  world_.events.after(milliseconds{500}, guard_, [this] {
    pay_planned_ = false;
    pay();
  });
}

void OperatorSite::heal() {
  healed_ = true;
  throttled_until_ = {};
  refuses_binds_until_ = {};
  for (const auto& bind : binds_) { bind->heal(); }
  for (const auto& [token, submission] : std::exchange(withheld_, {})) {
    plan_receipts(milliseconds{chance_.below(2000)}, token, submission);
  }
}

OperatorBind::OperatorBind(World& world, OperatorSite& site, SocketPtr socket)
    : Peer(world.network, kOperators + site.plan_.number), world_(world), site_(site) {
  attach(std::move(socket));
}

void OperatorBind::on_pdu(const smpp::Pdu& pdu, const Socket::Piece& last) {
  world_.saw(actor_, pdu, last);
  switch (pdu.header.command_id) {
    case CommandId::kBindReceiver:
    case CommandId::kBindTransmitter:
    case CommandId::kBindTransceiver: return on_bind(pdu);
    case CommandId::kSubmitSm:
      return on_submit(pdu, std::get<smpp::SubmitSm>(pdu.body), world_.moment_of(last));
    case CommandId::kDeliverSmResp: return on_receipt_answer(pdu, world_.moment_of(last));
    case CommandId::kEnquireLink:
      if (now() >= stalled_until_) {
        send_header(CommandId::kEnquireLinkResp, CommandStatus::kOk, pdu.header.sequence_number);
      }
      return;
    case CommandId::kUnbind:
      send_header(CommandId::kUnbindResp, CommandStatus::kOk, pdu.header.sequence_number);
      leave();
      return ended();
    case CommandId::kUnbindResp: leave(); return ended();
    default: return;
  }
}

void OperatorBind::on_bind(const smpp::Pdu& pdu) {
  const auto id = static_cast<CommandId>(static_cast<std::uint32_t>(pdu.header.command_id) | 0x80000000u);
  if (world_.faults.fires(Fault::kOpBindRefused)) {
    site_.refuses_binds_until_ = now() + seconds{site_.chance_.below(20)};
  }
  if (now() < site_.refuses_binds_until_) {
    return send_header(id, CommandStatus::kBindFailed, pdu.header.sequence_number);
  }
  bound_ = true;
  receives_ = pdu.header.command_id != CommandId::kBindTransmitter;
  send_pdu(id, CommandStatus::kOk, pdu.header.sequence_number,
           smpp::BindResp{.system_id = "smsc", .tlvs = {}});
  site_.pay();
}

void OperatorBind::on_submit(const smpp::Pdu& pdu, const smpp::SubmitSm& submit, const Moment& at) {
  const std::uint32_t sequence = pdu.header.sequence_number;
  const auto& rules = world_.ledger.operators[site_.plan_.number];
  if (outstanding_.contains(sequence)) {
    throw Violation{"I9: sequence number " + std::to_string(sequence) + " is outstanding twice"};
  }
  outstanding_[sequence] = at.since;  // the gateway counts from when it asked for it
  const auto young = std::count_if(outstanding_.begin(), outstanding_.end(),
                                   [&](const auto& one) { return one.second + rules.response > at.at; });
  if (static_cast<std::uint32_t>(young) > rules.window_max) {
    throw Violation{"I9: " + std::to_string(young) + " submits without an answer, the window is " +
                    std::to_string(rules.window_max)};
  }
  std::string_view body = smpp::body_of(submit);
  std::uint16_t part = 1;
  if ((submit.esm_class & 0x40u) != 0 && body.size() > u8(body[0])) {
    const std::size_t header = 1u + u8(body[0]);
    part = u8(body[header - 1]);
    body.remove_prefix(header);
  } else if (const auto number = submit.tlvs.find_u8(static_cast<smpp::TlvTag>(0x020F))) {
    part = *number;
  }
  const auto shown = token_in(body);
  if (!shown) { throw Violation{"I2: an operator got a text that nobody wrote"}; }
  Submission submission;
  submission.op = site_.plan_.number;
  submission.gateway_end = other_end();
  submission.part = part;
  submission.sent = at;
  const auto [entry, index] =
      world_.ledger.submitted(*shown, std::move(submission), submit.source_addr, submit.destination_addr);
  const std::uint64_t token = entry->token;

  Faults& faults = world_.faults;
  Chance& chance = site_.chance_;
  if (faults.fires(Fault::kOpUnbind)) {
    world_.events.after(milliseconds{1}, guard(), [this] { unbind(); });
  }
  if (faults.fires(Fault::kOpStall)) { stalled_until_ = now() + seconds{1 + chance.below(40)}; }
  if (faults.fires(Fault::kOpThrottle)) { site_.throttled_until_ = now() + seconds{1 + chance.below(5)}; }
  if (now() < site_.throttled_until_) { return refuse(sequence, token, index, CommandStatus::kThrottled); }
  if (faults.fires(Fault::kOpQueueFull)) {
    return refuse(sequence, token, index, CommandStatus::kMessageQueueFull);
  }
  if (faults.fires(Fault::kOpReject)) { return refuse(sequence, token, index, CommandStatus::kSubmitFailed); }
  entry->submissions[index].id = site_.next_id();
  Duration delay = Duration{
      static_cast<Duration::rep>(chance.below(static_cast<std::uint64_t>(site_.plan_.answer_max.count())))};
  if (faults.fires(Fault::kOpLateAnswer)) { delay += rules.response; }
  if (now() < stalled_until_) { delay += stalled_until_ - now(); }
  const Duration receipt = Duration{
      static_cast<Duration::rep>(chance.below(static_cast<std::uint64_t>(site_.plan_.receipt_max.count())))};
  Duration receipt_after = delay + receipt;
  // One with an id of before, ahead of its response, can only be taken for that of the part that had the id.
  if (!site_.reused_ && faults.fires(Fault::kOpEarlyReceipt)) { receipt_after = Duration{}; }
  if (faults.fires(Fault::kOpLateReceipt)) { receipt_after += seconds{chance.below(120)}; }
  site_.plan_receipts(receipt_after, token, index);
  if (faults.fires(Fault::kOpNoAnswer)) { return; }
  answer_after(delay, sequence, token, index);
}

void OperatorBind::answer_after(Duration delay, std::uint32_t sequence, std::uint64_t token,
                                std::size_t submission) {
  world_.events.after(delay, guard(), [this, sequence, token, submission] {
    if (world_.faults.fires(Fault::kOpWrongSequence)) {
      send_pdu(CommandId::kSubmitSmResp, CommandStatus::kOk, sequence + 100'000,
               smpp::SubmitSmResp{.message_id = "wrong", .tlvs = {}});
    }
    answer(sequence, token, submission);
    if (world_.faults.fires(Fault::kOpDoubleAnswer)) { answer(sequence, token, submission); }
    if (world_.faults.fires(Fault::kOpGarbage)) {
      send(std::string("\0\0\0\x03garbage", 11));
      expect_no_heed();
    }
  });
}

void OperatorBind::answer(std::uint32_t sequence, std::uint64_t token, std::size_t submission) {
  outstanding_.erase(sequence);
  Submission& about = world_.ledger.find(token)->submissions[submission];
  about.answer = Submission::Answer::kOk;
  send_pdu(CommandId::kSubmitSmResp, CommandStatus::kOk, sequence,
           smpp::SubmitSmResp{.message_id = about.id, .tlvs = {}});
  note_read(token, submission);
}

void OperatorBind::refuse(std::uint32_t sequence, std::uint64_t token, std::size_t submission,
                          CommandStatus status) {
  outstanding_.erase(sequence);
  world_.ledger.find(token)->submissions[submission].answer = Submission::Answer::kRefused;
  send_header(CommandId::kSubmitSmResp, status, sequence);
  note_read(token, submission);
}

void OperatorBind::say(Receipt receipt) {
  smpp::DeliverSm pdu;
  std::string text;
  std::string tlvs;
  pdu.source_addr_ton = 1;
  pdu.source_addr_npi = 1;
  pdu.source_addr = receipt.from;
  pdu.destination_addr = receipt.to;
  if (receipt.handset != 0) {
    put(world_.ledger.inbound.at(receipt.handset), pdu, tlvs);
    world_.ledger.inbound.said(receipt.handset);
  } else {
    pdu.esm_class = is_final(receipt.state) ? 0x04 : 0x20;
    smpp::append_receipt(text,
                         {.id = receipt.id,
                          .sub = 1,
                          .dlvrd = 1,
                          .submit_date = world_.events.clocks().wall,
                          .done_date = world_.events.clocks().wall,
                          .state = receipt.state,
                          .err = "000",
                          .body = {}},
                         {.text = smpp::ReceiptTextForm::kOmit});
    if (site_.plan_.receipts_as_tlvs) {
      smpp::append_tlv_cstring(tlvs, smpp::TlvTag::kReceiptedMessageId, receipt.id);
      smpp::append_tlv_u8(tlvs, smpp::TlvTag::kMessageState, static_cast<std::uint8_t>(receipt.state));
    }
  }
  if (receipt.handset == 0) {
    pdu.short_message = text;
    pdu.tlvs = smpp::Tlvs{tlvs};
  }
  const std::uint32_t sequence = ++sequence_;
  world_.trace(actor_,
               "receipt " + std::to_string(receipt.submission) + " of " + text_of_token(receipt.token));
  send_pdu(CommandId::kDeliverSm, CommandStatus::kOk, sequence, pdu);
  auto read = std::make_shared<std::optional<Moment>>();
  when_read(
      [&world = world_, read, token = receipt.token, index = receipt.submission, state = receipt.state] {
        *read = world.moment();
        if (token != 0) { world.ledger.find(token)->submissions[index].receipt_read.emplace(state, **read); }
      });
  receipts_.emplace(sequence, Waiting{std::move(receipt), std::move(read)});
  world_.events.after(seconds{30}, guard(), [this, sequence] {  // not answered in time: owed again
    const auto found = receipts_.find(sequence);
    if (found == receipts_.end()) { return; }
    Receipt again = std::move(found->second.receipt);
    receipts_.erase(found);
    site_.owe(std::move(again));
  });
}

void OperatorBind::note_read(std::uint64_t token, std::size_t submission) {
  when_taken([&world = world_, token, submission, heeded = to_be_heeded()] {
    Submission& about = world.ledger.find(token)->submissions[submission];
    if (!about.answer_taken) { about.answer_taken = world.moment(); }
    if (heeded && !about.answer_read) { about.answer_read = world.moment(); }
  });
}

void OperatorBind::on_receipt_answer(const smpp::Pdu& pdu, const Moment& at) {
  const auto found = receipts_.find(pdu.header.sequence_number);
  if (found == receipts_.end()) { return; }  // given up before
  Waiting waiting = std::move(found->second);
  receipts_.erase(found);
  if (pdu.header.command_status != CommandStatus::kOk) {
    site_.owe(std::move(waiting.receipt));
  } else {
    if (!*waiting.read) { throw Violation{"I3: a receipt was acknowledged before it was read"}; }
    if (waiting.receipt.handset != 0) {
      world_.ledger.inbound.acknowledged(waiting.receipt.handset, **waiting.read, at);
    } else {
      world_.receipt_acknowledged(waiting.receipt, at);
    }
  }
  site_.pay();
}

void OperatorBind::on_gone() { ended(); }

void OperatorBind::ended() {
  bound_ = false;
  auto waiting = std::exchange(receipts_, {});
  for (auto& [sequence, one] : waiting) { site_.owed_.push_back(std::move(one.receipt)); }
  outstanding_.clear();
  site_.pay();
}

void OperatorBind::unbind() {
  if (!open()) { return; }
  send_header(CommandId::kUnbind, CommandStatus::kOk, ++sequence_);
  expect_no_heed();
  bound_ = false;
}

void OperatorBind::heal() {
  stalled_until_ = {};
  stop_reading(false);
}

}  // namespace aldis::sim
