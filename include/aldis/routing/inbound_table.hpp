// SPDX-License-Identifier: Apache-2.0
// Which account owns a message from a handset.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "aldis/core/ids.hpp"
#include "aldis/core/settings.hpp"
#include "aldis/routing/routing_table.hpp"

namespace aldis::routing {

struct InboundQuery {
  OperatorId op = kNoOperator;
  std::string_view destination{};  // the number it was sent to, digits
  std::string_view
      text;  // the text or its beginning, any alphabet that has ASCII in it; only the first word counts
};

// `inbound:` of one settings generation, immutable: routes in file order, the first that holds; else the
// owner of the number; else nullopt, and the message is stored and listed as unroutable. Keywords compare
// without case (ASCII letters). Throws std::invalid_argument, with the place, on unknown names and bad
// patterns; `last_sender` is refused so for now.
class InboundTable {
 public:
  InboundTable(const InboundSettings& settings, const AccountResolver& account_of,
               const OperatorResolver& operator_of);
  ~InboundTable();
  InboundTable(InboundTable&&) noexcept;
  InboundTable& operator=(InboundTable&&) noexcept;

  [[nodiscard]] std::optional<AccountId> find(const InboundQuery& query) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::routing
