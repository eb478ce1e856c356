// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "aldis/core/stored.hpp"
#include "aldis/spool/records.hpp"

namespace aldis::engine {

// What people made while the daemon ran, by kind and name: filled by replay, then owned by the engine.
// Changes are rare and lists short, so it is a map in the order of names. Bounded by kStoredMax.
class StoredThings {
 public:
  // The newest entry of a name counts; `home` = where its record ends.
  void replay(const spool::StoredEntry& entry, Lsn home);

  // Replaces what has that name; the reference is good until it is erased.
  Stored& put(StoredKind kind, std::string_view name, Octets octets);
  [[nodiscard]] Stored* find(StoredKind kind, std::string_view name);
  void erase(StoredKind kind, std::string_view name);
  [[nodiscard]] std::size_t size() const { return things_.size(); }

  template <class Visit>
  void for_each(Visit&& visit) {
    for (auto& [key, thing] : things_) { visit(*thing); }
  }

 private:
  std::map<std::pair<StoredKind, std::string>, std::unique_ptr<Stored>> things_;
};

}  // namespace aldis::engine
