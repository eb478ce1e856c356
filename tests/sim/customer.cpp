// SPDX-License-Identifier: Apache-2.0
#include "sim/customer.hpp"

#include "aldis/smpp/receipt_text.hpp"
#include "sim/world.hpp"

namespace aldis::sim {

using smpp::CommandId;
using smpp::CommandStatus;

Customer::Customer(World& world, Plan plan)
    : Peer(world.network, kCustomers + plan.number),
      world_(world),
      plan_(std::move(plan)),
      chance_(world.seed(), "customer " + std::to_string(plan_.number)),
      more_(world.seed(), "customer's more " + std::to_string(plan_.number)) {}

void Customer::start() { connect_after(milliseconds{chance_.below(3000)}); }

void Customer::connect_after(Duration delay) {
  world_.events.after(delay, life_, [this] { connect(); });
}

void Customer::connect() {
  if (open()) { return; }
  network_.connect(kGatewayAddress, life_, [this](SocketPtr socket) {
    if (socket == nullptr || open()) { return connect_after(milliseconds{500 + chance_.below(3000)}); }
    attach(std::move(socket));
    bind_now();
  });
}

void Customer::bind_now() {
  sequence_ = 0;
  smpp::Bind bind;
  const std::string user = "user" + std::to_string(plan_.account);
  const bool wrong = world_.faults.fires(Fault::kClBadLogin);
  const std::string password = wrong ? "wrong" : World::password_of(plan_.account);
  bind.system_id = user;
  bind.password = password;
  bind.interface_version = 0x34;
  send_pdu(plan_.bind, CommandStatus::kOk, ++sequence_, bind);
  world_.events.after(seconds{30}, guard(), [this] {  // an answer, or another connection
    if (!bound_) {
      abort();
      lost();
    }
  });
}

void Customer::on_gone() { lost(); }

void Customer::lost() {
  bound_ = false;
  planned_ = false;
  asked_.clear();
  requests_.clear();
  const bool storm = world_.faults.fires(Fault::kClRebindStorm);
  connect_after(storm ? milliseconds{1} : milliseconds{100 + chance_.below(4000)});
}

void Customer::on_pdu(const smpp::Pdu& pdu, const Socket::Piece& last) {
  const Moment at = world_.moment_of(last);
  heard_ = true;
  world_.saw(actor_, pdu, last);
  switch (pdu.header.command_id) {
    case CommandId::kBindReceiverResp:
    case CommandId::kBindTransmitterResp:
    case CommandId::kBindTransceiverResp:
      if (pdu.header.command_status != CommandStatus::kOk) {
        leave();
        return lost();
      }
      bound_ = true;
      keep_alive();
      return plan_submit();
    case CommandId::kSubmitSmResp: return on_submit_answer(pdu, at);
    case CommandId::kSubmitMultiResp: return on_multi_answer(pdu, at);
    case CommandId::kQuerySmResp:
    case CommandId::kCancelSmResp: return on_request_answer(pdu, at);
    case CommandId::kDeliverSm: return on_deliver(pdu, std::get<smpp::DeliverSm>(pdu.body), at);
    case CommandId::kEnquireLink:
      return send_header(CommandId::kEnquireLinkResp, CommandStatus::kOk, pdu.header.sequence_number);
    case CommandId::kUnbind:
      send_header(CommandId::kUnbindResp, CommandStatus::kOk, pdu.header.sequence_number);
      leave();
      return lost();
    case CommandId::kUnbindResp: leave(); return lost();
    default: return;  // answers to requests and to garbage
  }
}

void Customer::on_submit_answer(const smpp::Pdu& pdu, const Moment& at) {
  const auto found = asked_.find(pdu.header.sequence_number);
  if (found == asked_.end()) {
    throw Violation{"I2: an answer to a submit_sm that was answered or never sent"};
  }
  Entry& entry = *world_.ledger.find(found->second.tokens.front());
  asked_.erase(found);
  if (pdu.header.command_status != CommandStatus::kOk) {
    entry.refused = true;
  } else {
    world_.ledger.answered(entry, std::string{std::get<smpp::SubmitSmResp>(pdu.body).message_id}, at);
    recent_.push_back(entry.token);
  }
  if (!planned_) { plan_submit(); }
}

void Customer::on_deliver(const smpp::Pdu& pdu, const smpp::DeliverSm& deliver, const Moment& at) {
  const std::uint32_t sequence = pdu.header.sequence_number;
  if ((deliver.esm_class & 0x3Cu) == 0) { return on_handset_text(sequence, deliver, at); }
  std::string scratch;
  const auto receipt = smpp::parse_receipt(
      {.short_message = deliver.short_message,
       .message_payload = {},
       .udh = false,
       .data_coding = deliver.data_coding,
       .receipted_message_id = deliver.tlvs.find_cstring(smpp::TlvTag::kReceiptedMessageId).value_or(""),
       .message_state = deliver.tlvs.find_u8(smpp::TlvTag::kMessageState),
       .network_error_code = {}},
      {}, scratch);
  const auto shown = token_in(receipt.text);
  if (!shown || !receipt.state) { throw Violation{"I2: a receipt that says nothing"}; }
  const Entry* about = world_.ledger.named(*shown, deliver.source_addr);
  if (about == nullptr) { throw Violation{"I2: a receipt for a text that nobody sent there"}; }
  const std::uint64_t token = about->token;
  const std::size_t told =
      world_.ledger.told(plan_.account, token, std::string{receipt.id_text}, *receipt.state, at);
  if (world_.faults.fires(Fault::kClNoAnswer)) { return; }
  if (world_.faults.fires(Fault::kClRefuses)) {
    return send_header(CommandId::kDeliverSmResp, CommandStatus::kSystemError, sequence);
  }
  const bool final = is_final(*receipt.state);
  world_.events.after(microseconds{chance_.below(30'000)}, guard(), [this, sequence, token, told, final] {
    if (final) {
      answer(sequence, token, told);
    } else {
      send_pdu(CommandId::kDeliverSmResp, CommandStatus::kOk, sequence, smpp::DeliverSmResp{});
    }
  });
}

void Customer::on_handset_text(std::uint32_t sequence, const smpp::DeliverSm& deliver, const Moment& at) {
  const auto told = world_.ledger.inbound.told(plan_.account, deliver, at);
  if (world_.faults.fires(Fault::kClNoAnswer)) { return; }
  if (world_.faults.fires(Fault::kClRefuses)) {
    return send_header(CommandId::kDeliverSmResp, CommandStatus::kSystemError, sequence);
  }
  send_pdu(CommandId::kDeliverSmResp, CommandStatus::kOk, sequence, smpp::DeliverSmResp{});
  when_read([&world = world_, told] {
    world.ledger.inbound.answered_told(told.first, told.second, world.moment(),
                                       world.ledger.deliver_response);
  });
}

void Customer::answer(std::uint32_t sequence, std::uint64_t token, std::size_t told) {
  send_pdu(CommandId::kDeliverSmResp, CommandStatus::kOk, sequence, smpp::DeliverSmResp{});
  when_read([&world = world_, token, told] { world.ledger.answered_told(token, told, world.moment()); });
}

void Customer::plan_submit() {
  if (!bound_ || healed_ || !sends() || planned_) { return; }
  const bool beyond = world_.faults.fires(Fault::kClBeyondWindow);
  if (asked_.size() >= plan_.window && !beyond) { return; }
  planned_ = true;
  const auto mean = static_cast<std::uint64_t>(1e9 / plan_.per_second);
  const bool burst = chance_.one_in(0.3);
  world_.events.after(
      burst ? microseconds{10} : Duration{static_cast<Duration::rep>(chance_.below(2 * mean))}, guard(),
      [this] {
        planned_ = false;
        if (!bound_ || healed_) { return; }
        world_.faults.fires(Fault::kClMulti) ? submit_multi() : submit();
        if (chance_.one_in(0.05)) { request(); }
        misbehave();
        plan_submit();
      });
}

Entry Customer::new_entry(Chance& chance) {
  Entry entry;
  entry.token = (std::uint64_t{plan_.number + 1} << 40) | chance.below(1ull << 24) |
                (world_.next_number() << 24 & 0xFFFF000000ull);
  entry.text = entry.token;
  entry.account = plan_.account;
  entry.from = "7" + std::to_string(100 + plan_.number);
  entry.to = chance.pick(plan_.prefixes) + std::to_string(10'000'000 + chance.below(80'000'000));
  entry.wants_receipt = !chance.one_in(plan_.unregistered);
  entry.at_most_once = world_.settings.accounts[plan_.account].at_most_once;
  entry.validity = world_.settings.accounts[plan_.account].validity;
  entry.sent_at = now();
  return entry;
}

void Customer::submit() {
  Entry entry = new_entry(chance_);
  std::string text = text_of_token(entry.token);
  std::string validity;
  if (chance_.one_in(plan_.long_texts)) {
    entry.parts = static_cast<std::uint16_t>(2 + chance_.below(3));
    while (text.size() < entry.parts * 153u) { text += text_of_token(entry.token); }
    text.resize(entry.parts * 153u);
  } else {
    text.append(chance_.below(60), 'x');
  }
  if (chance_.one_in(plan_.validities)) {
    const auto asked = 20 + chance_.below(40);
    validity = "0000000000" + std::to_string(asked) + "000R";
    entry.validity = seconds{asked};
  }
  const Entry& kept = world_.ledger.begin(std::move(entry));
  smpp::SubmitSm pdu;
  pdu.source_addr = kept.from;
  pdu.dest_addr_ton = 1;
  pdu.dest_addr_npi = 1;
  pdu.destination_addr = kept.to;
  pdu.registered_delivery = kept.wants_receipt ? 1 : 0;
  pdu.validity_period = validity;
  std::string tlvs;
  if (text.size() > 254) {
    smpp::append_tlv(tlvs, smpp::TlvTag::kMessagePayload, text);
    pdu.tlvs = smpp::Tlvs{tlvs};
  } else {
    pdu.short_message = text;
  }
  asked_[++sequence_] = {.tokens = {kept.token}, .invalid = {}};
  send_pdu(CommandId::kSubmitSm, CommandStatus::kOk, sequence_, pdu);
  note_read(asked_[sequence_]);
}

void Customer::note_read(const Asked& asked) {
  when_read([&world = world_, tokens = asked.tokens] {
    for (const std::uint64_t token : tokens) { world.ledger.find(token)->read = world.moment(); }
  });
}

void Customer::misbehave() {
  Faults& faults = world_.faults;
  if (faults.fires(Fault::kClDrop)) {
    chance_.one_in(0.5) ? abort() : leave();
    return lost();
  }
  if (faults.fires(Fault::kClNeverReads)) {
    stop_reading(true);
    world_.events.after(seconds{5 + chance_.below(100)}, guard(), [this] { stop_reading(false); });
  }
  if (faults.fires(Fault::kClGarbage)) {
    std::string octets(16, '\0');
    const bool whole = chance_.below(2) == 0;  // a command that does not exist, or a length that is none
    octets[3] = static_cast<char>(whole ? 16 : 3);
    octets[7] = 0x7F;
    send(octets);
    if (!whole) { expect_no_heed(); }
  }
}

// A gateway that lost its power says nothing; whoever asks it finds out.
void Customer::keep_alive() {
  heard_ = false;
  send_header(CommandId::kEnquireLink, CommandStatus::kOk, ++sequence_);
  world_.events.after(seconds{15}, guard(), [this] {
    if (heard_ || stops_reading()) { return keep_alive(); }
    abort();
    lost();
  });
}

void Customer::heal() {
  healed_ = true;
  stop_reading(false);
}

}  // namespace aldis::sim
