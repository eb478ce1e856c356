// SPDX-License-Identifier: Apache-2.0
#include "config/schema.hpp"

#include <algorithm>

namespace aldis::config {

std::string_view name_of(Reload reload) {
  switch (reload) {
    case Reload::kLive: return "live";
    case Reload::kReconnect: return "reconnect";
    case Reload::kRestart: return "restart";
  }
  __builtin_unreachable();
}

const Row* Rows::find(std::string_view name) const {
  for (const auto& row : rows) {
    if (row.name == name) { return &row; }
  }
  return nullptr;
}

std::shared_ptr<const Rows> without(const Rows& rows, std::initializer_list<std::string_view> names) {
  auto part = std::make_shared<Rows>(rows);
  std::erase_if(part->rows, [&](const Row& row) {
    return std::find(names.begin(), names.end(), row.name) != names.end();
  });
  return part;
}

std::shared_ptr<const Rows> profile_part(const Rows& rows) {
  auto part = std::make_shared<Rows>(rows);
  std::erase_if(part->rows, [](const Row& row) { return !row.in_profile; });
  return part;
}

}  // namespace aldis::config
