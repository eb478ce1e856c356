// SPDX-License-Identifier: Apache-2.0
// Who is who: the permanent numbers of accounts and operators (they stand in the journal), the links of each
// operator, and the settings behind each number. Built once per settings generation from configuration and
// the journal's name table; read by engine, ingress and egress. An account or operator that the journal knows
// but the configuration does not keeps its number, with settings that are disabled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aldis/core/ids.hpp"
#include "aldis/core/settings.hpp"

namespace aldis {

struct KnownName {
  enum class Kind : std::uint8_t { kAccount, kOperator };
  Kind kind;
  std::uint32_t number = 0;
  std::string name;
};

enum class BindType : std::uint8_t { kTransmitter, kReceiver, kTransceiver };
std::string_view name_of(BindType bind_type);  // "transmitter"; metrics say tx, rx, trx

struct LinkInfo {
  LinkId id;
  OperatorId op;
  BindType bind_type = BindType::kTransceiver;
  std::string name;  // "op-a.trx1"
};

class Directory {
 public:
  // Numbers of `known` are kept; new names get the next free number of their kind.
  Directory(const Settings& settings, const std::vector<KnownName>& known);

  // Every account and operator ever seen, by number. Ids from the journal or from this directory only.
  [[nodiscard]] const AccountSettings& account(AccountId id) const { return accounts_[id.value()]; }
  [[nodiscard]] const OperatorSettings& op(OperatorId id) const { return operators_[id.value()]; }
  [[nodiscard]] std::size_t accounts_count() const { return accounts_.size(); }
  [[nodiscard]] std::size_t operators_count() const { return operators_.size(); }
  [[nodiscard]] const std::vector<LinkInfo>& links() const { return links_; }  // index = LinkId
  [[nodiscard]] std::string_view operator_name(OperatorId id) const;           // "none" for kNoOperator
  [[nodiscard]] std::string_view account_name(AccountId id) const;             // "none" for kNoAccount

  [[nodiscard]] AccountId find_account(std::string_view name) const;    // kNoAccount when unknown
  [[nodiscard]] OperatorId find_operator(std::string_view name) const;  // kNoOperator when unknown
  [[nodiscard]] std::vector<KnownName> names() const;                   // for the journal

 private:
  std::vector<AccountSettings> accounts_;
  std::vector<OperatorSettings> operators_;
  std::vector<LinkInfo> links_;
};

}  // namespace aldis
