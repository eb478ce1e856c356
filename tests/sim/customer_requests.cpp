// SPDX-License-Identifier: Apache-2.0
// What customers ask for beside submit_sm: many destinations at once, states, and cancellations.
#include <algorithm>

#include "sim/customer.hpp"
#include "sim/world.hpp"

namespace aldis::sim {

using smpp::CommandId;
using smpp::CommandStatus;

// Numbers that can be reached, some of them twice and in two spellings, among those that cannot.
void Customer::submit_multi() {
  Asked asked;
  Entry first = new_entry(more_);
  first.of_many = true;
  std::string text = text_of_token(first.token);
  if (more_.one_in(plan_.long_texts)) {
    first.parts = 2;
    while (text.size() < 200) { text += text_of_token(first.token); }
    text.resize(200);
  }
  std::string items;
  std::uint8_t count = 0;
  const auto add = [&](const std::string& number) {
    smpp::append(items, smpp::Destination{.dest_flag = 1,
                                          .dest_addr_ton = 1,
                                          .dest_addr_npi = 1,
                                          .destination_addr = number,
                                          .dl_name = {}});
    ++count;
  };
  const bool none = more_.one_in(0.05);  // can be reached
  for (std::uint64_t left = none ? 0 : 1 + more_.below(6); left > 0; --left) {
    Entry entry = asked.tokens.empty() ? first : new_entry(more_);
    entry.text = first.text;
    entry.of_many = true;
    entry.parts = first.parts;
    entry.wants_receipt = first.wants_receipt;
    if (world_.ledger.find(first.token) != nullptr && world_.ledger.named(first.token, entry.to) != nullptr) {
      continue;  // that very number again, by chance
    }
    add(entry.to);
    if (more_.one_in(0.2)) { add("+" + entry.to); }
    asked.tokens.push_back(world_.ledger.begin(std::move(entry)).token);
  }
  for (std::uint64_t left = none ? 2 : more_.below(3); left > 0; --left) {
    constexpr std::array kUnreachable{"48", "49x", "4900000000000000"};
    const std::string number = kUnreachable[more_.below(3)] + std::to_string(more_.below(10'000));
    add(number);
    asked.invalid.push_back(number);
  }
  smpp::SubmitMulti pdu;
  pdu.source_addr = first.from;
  pdu.dest_address = {count, items};
  pdu.registered_delivery = first.wants_receipt ? 1 : 0;
  pdu.short_message = text;
  asked_[++sequence_] = asked;
  send_pdu(CommandId::kSubmitMulti, CommandStatus::kOk, sequence_, pdu);
  note_read(asked);
}

void Customer::on_multi_answer(const smpp::Pdu& pdu, const Moment& at) {
  const auto found = asked_.find(pdu.header.sequence_number);
  if (found == asked_.end()) {
    throw Violation{"I2: an answer to a submit_multi that was answered or never sent"};
  }
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  const bool taken = pdu.header.command_status == CommandStatus::kOk;
  if (taken) {
    const auto& answer = std::get<smpp::SubmitMultiResp>(pdu.body);
    std::vector<std::string> refused;
    for (const auto& one : answer.unsuccess_sme) {
      refused.emplace_back(one.destination_addr);
      if (one.error_status_code != CommandStatus::kInvalidDestination) {
        throw Violation{"I2: a destination of a submit_multi is refused for no reason"};
      }
    }
    if (refused != asked.invalid || asked.tokens.empty()) {
      throw Violation{"I2: a submit_multi had " + std::to_string(asked.invalid.size()) +
                      " bad destinations, and " + std::to_string(refused.size()) + " were refused"};
    }
    for (const std::uint64_t token : asked.tokens) {
      world_.ledger.answered(*world_.ledger.find(token), std::string{answer.message_id}, at);
      recent_.push_back(token);
    }
  } else {
    for (const std::uint64_t token : asked.tokens) { world_.ledger.find(token)->refused = true; }
  }
  if (!planned_) { plan_submit(); }
}

void Customer::request() {
  if (recent_.empty()) { return; }
  Entry& entry = *world_.ledger.find(chance_.pick(recent_));
  if (world_.faults.fires(Fault::kClQuery, 20)) { query(entry); }
  if (world_.faults.fires(Fault::kClCancel, 20)) { cancel(entry); }
  if (world_.faults.fires(Fault::kClForeign, 20)) {
    if (Entry* other = foreign()) { more_.one_in(0.5) ? query(*other) : cancel(*other); }
  }
}

// Somebody else's message.
Entry* Customer::foreign() {
  auto& all = world_.ledger.entries();
  auto at = all.lower_bound(more_.below(8) << 40 | more_.below(1ull << 40));
  for (; at != all.end(); ++at) {
    if (at->second.account != plan_.account && !at->second.id.empty()) { return &at->second; }
  }
  return nullptr;
}

void Customer::query(Entry& entry) {
  requests_[++sequence_] = {entry.token, true};
  send_pdu(CommandId::kQuerySm, CommandStatus::kOk, sequence_,
           smpp::QuerySm{.message_id = entry.id, .source_addr = entry.from, .tlvs = {}});
}

void Customer::cancel(Entry& entry) {
  const auto all = world_.ledger.siblings(entry);
  const bool one = all.size() > 1 && more_.one_in(0.5);
  if (entry.account == plan_.account) {
    for (Entry* sibling : all) { sibling->may_be_deleted |= !one || sibling == &entry; }
  }
  smpp::CancelSm pdu;
  pdu.message_id = entry.id;
  pdu.source_addr = entry.from;
  if (one) { pdu.destination_addr = entry.to; }
  requests_[++sequence_] = {entry.token, !one};
  send_pdu(CommandId::kCancelSm, CommandStatus::kOk, sequence_, pdu);
}

void Customer::on_request_answer(const smpp::Pdu& pdu, const Moment& at) {
  const auto found = requests_.find(pdu.header.sequence_number);
  if (found == requests_.end()) {
    throw Violation{"I2: an answer to a request that was answered or never made"};
  }
  const Request asked = found->second;
  requests_.erase(found);
  Entry& entry = *world_.ledger.find(asked.token);
  if (pdu.header.command_status == CommandStatus::kInvalidMessageId) {
    return world_.ledger.not_found(entry, plan_.account);
  }
  const bool query = pdu.header.command_id == CommandId::kQuerySmResp;
  if (pdu.header.command_status != CommandStatus::kOk) {
    const bool knows = pdu.header.command_status == CommandStatus::kCancelFailed;
    if (knows && entry.account != plan_.account) {
      throw Violation{"I11: account " + std::to_string(plan_.account) + " learns of another's message"};
    }
    return;
  }
  if (!query) { return world_.ledger.canceled(entry, plan_.account, asked.of_all, at); }
  const auto& answer = std::get<smpp::QuerySmResp>(pdu.body);
  if (answer.message_id != entry.id) { throw Violation{"I2: query_sm answers about another message"}; }
  world_.ledger.queried(entry, plan_.account, static_cast<MessageState>(answer.message_state), at);
}

}  // namespace aldis::sim
