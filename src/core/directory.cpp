// SPDX-License-Identifier: Apache-2.0
#include "aldis/core/directory.hpp"

namespace aldis {

std::string_view name_of(BindType bind_type) {
  switch (bind_type) {
    case BindType::kTransmitter: return "transmitter";
    case BindType::kReceiver: return "receiver";
    case BindType::kTransceiver: return "transceiver";
  }
  __builtin_unreachable();
}

namespace {

// Places each row at its permanent number; gaps and names that configuration dropped become disabled rows.
template <class Row>
void place(std::vector<Row>& rows, const std::vector<Row>& configured, const std::vector<KnownName>& known,
           KnownName::Kind kind) {
  for (const auto& name : known) {
    if (name.kind != kind) { continue; }
    if (rows.size() <= name.number) { rows.resize(name.number + 1); }
    rows[name.number].name = name.name;
    rows[name.number].enabled = false;
  }
  for (const auto& row : configured) {
    bool placed = false;
    for (auto& at : rows) {
      if (at.name == row.name) {
        at = row;
        placed = true;
        break;
      }
    }
    if (!placed) { rows.push_back(row); }
  }
}

void add_links(std::vector<LinkInfo>& links, OperatorId op, const std::string& op_name, BindType bind_type,
               std::string_view tag, std::uint32_t count) {
  for (std::uint32_t n = 1; n <= count; ++n) {
    const LinkId id{static_cast<std::uint32_t>(links.size())};
    links.push_back({id, op, bind_type, op_name + "." + std::string{tag} + std::to_string(n)});
  }
}

}  // namespace

Directory::Directory(const Settings& settings, const std::vector<KnownName>& known) {
  place(accounts_, settings.accounts, known, KnownName::Kind::kAccount);
  place(operators_, settings.operators, known, KnownName::Kind::kOperator);
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    const auto& row = operators_[i];
    if (!row.enabled) { continue; }
    add_links(links_, OperatorId{i}, row.name, BindType::kTransceiver, "trx", row.binds_transceiver);
    add_links(links_, OperatorId{i}, row.name, BindType::kTransmitter, "tx", row.binds_transmitter);
    add_links(links_, OperatorId{i}, row.name, BindType::kReceiver, "rx", row.binds_receiver);
  }
}

std::string_view Directory::operator_name(OperatorId id) const {
  return id == kNoOperator ? std::string_view{"none"} : std::string_view{op(id).name};
}

std::string_view Directory::account_name(AccountId id) const {
  return id == kNoAccount ? std::string_view{"none"} : std::string_view{account(id).name};
}

AccountId Directory::find_account(std::string_view name) const {
  for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
    if (accounts_[i].name == name) { return AccountId{i}; }
  }
  return kNoAccount;
}

OperatorId Directory::find_operator(std::string_view name) const {
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    if (operators_[i].name == name) { return OperatorId{i}; }
  }
  return kNoOperator;
}

std::vector<KnownName> Directory::names() const {
  std::vector<KnownName> out;
  for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
    out.push_back({KnownName::Kind::kAccount, i, accounts_[i].name});
  }
  for (std::uint32_t i = 0; i < operators_.size(); ++i) {
    out.push_back({KnownName::Kind::kOperator, i, operators_[i].name});
  }
  return out;
}

}  // namespace aldis
