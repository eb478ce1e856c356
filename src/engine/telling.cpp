// SPDX-License-Identifier: Apache-2.0
#include "engine/telling.hpp"

#include <algorithm>
#include <charconv>

#include "engine/state.hpp"

namespace aldis::engine {

std::optional<WebhookNumber> webhook_number(std::string_view name) {
  constexpr std::size_t kDigits = 16;
  std::uint64_t number = 0;
  if (name.size() < kDigits) { return std::nullopt; }
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number, 16);
  if (error != std::errc{} || end != name.data() + kDigits) { return std::nullopt; }
  const WebhookNumber out{number};
  return out == kNoWebhook || out == kOwnCallback ? std::nullopt : std::optional{out};
}

std::uint64_t Telling::Jitter::next() { return stirred(++state); }

notify::WebhookEndpoint Telling::settings_of(AccountId account, const WebhookWish& wish) const {
  return {account,      wish.host,    wish.concurrency,
          wish.ordered, wish.enabled, directory_.account(account).receipts.retention};
}

void Telling::set_endpoint(const Now& now, std::string_view name, std::optional<Octets> octets) {
  const auto number = webhook_number(name);
  if (!number || reader_ == nullptr) { return; }
  auto wish = octets ? reader_->endpoint(*octets) : std::nullopt;
  if (wish && wish->account == kNoAccount) { wish.reset(); }
  const auto found = endpoints_.find(*number);
  if (found != endpoints_.end() && wish && wish->account == found->second.wish.account) {
    webhooks_.set(now, found->second.id, settings_of(wish->account, *wish));
    found->second.wish = std::move(*wish);
    return;
  }
  if (found != endpoints_.end()) {
    auto& of = of_account_[found->second.wish.account];
    of.erase(std::remove(of.begin(), of.end(), *number), of.end());
    webhooks_.close(now, found->second.id);
    endpoints_.erase(found);
  }
  if (!wish) { return; }
  const auto id = webhooks_.open(now, settings_of(wish->account, *wish));
  numbers_.emplace(id, *number);
  of_account_[wish->account].push_back(*number);
  endpoints_.emplace(*number, Endpoint{id, std::move(*wish)});
}

void Telling::add_wanting(AccountId account, WebhookKind kind, WebhookNumbers& out) const {
  const auto of = of_account_.find(account);
  if (of == of_account_.end()) { return; }
  for (const WebhookNumber number : of->second) {
    const WebhookWish& wish = endpoints_.at(number).wish;
    if (wish.enabled && (wish.kinds & kind_bit(kind)) != 0) { out.push_back(number); }
  }
}

// By the account's receipts.via; a callback that the request itself named is called in any case.
WebhookNumbers Telling::wanting(const Message& message, WebhookKind kind) const {
  WebhookNumbers out;
  const bool over_smpp = message.door_notes.empty();
  if (!may_want(message)) { return out; }
  if (!over_smpp) {
    const auto wish = reader_->callback(message.door_notes);
    if (wish && (wish->kinds & kind_bit(kind)) != 0) { out.push_back(kOwnCallback); }
  }
  const auto via = directory_.account(message.account).receipts.via;
  const bool endpoints = via == ReceiptVia::kAuto ? !over_smpp : via != ReceiptVia::kSmpp;
  if (endpoints) { add_wanting(message.account, kind, out); }
  return out;
}

WebhookNumbers Telling::wanting_inbound(AccountId account) const {
  WebhookNumbers out;
  if (account != kNoAccount) { add_wanting(account, WebhookKind::kInbound, out); }
  return out;
}

bool Telling::owe(const Now& now, const Message& message, WebhookNumber to, const spool::OwedItem& item) {
  notify::EndpointId id{};
  if (to == kOwnCallback) {
    const auto wish = reader_ == nullptr ? std::nullopt : reader_->callback(message.door_notes);
    if (!wish) { return false; }
    id = webhooks_.callbacks_of(now, settings_of(message.account, *wish));
  } else {
    const auto found = endpoints_.find(to);
    if (found == endpoints_.end()) { return false; }
    id = found->second.id;
  }
  notify::OwedEvent event;
  event.event = notify::EventId{item.event};
  event.receipt = {message.id,         item.status_seq, item.status,  item.intermediate,
                   item.accepted_word, item.err,        item.done_at, item.parts_delivered};
  event.previous = item.previous;
  event.by_receipt = item.by_receipt;
  event.command_status = item.command_status;
  event.at = item.owed_since;
  webhooks_.owe(now, id, std::move(event), item.owed_since);
  return true;
}

bool Telling::owe(const Now& now, const std::shared_ptr<const Inbound>& what, WebhookNumber to) {
  const auto found = endpoints_.find(to);
  if (found == endpoints_.end()) { return false; }
  notify::OwedEvent event;
  event.event = notify::EventId{what->event};
  event.inbound = what;
  event.at = what->received_at;
  webhooks_.owe(now, found->second.id, std::move(event), what->received_at);
  return true;
}

WebhookNumber Telling::number_of(notify::EndpointId id) const {
  const auto found = numbers_.find(id);
  return found == numbers_.end() ? kOwnCallback : found->second;
}

}  // namespace aldis::engine
