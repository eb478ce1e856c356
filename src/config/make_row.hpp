// SPDX-License-Identifier: Apache-2.0
// Rows from member pointers. One function per shape of member; types and bounds first, words for users last:
//   row("reserve_segments", &StorageSettings::reserve_segments, whole(2, 64), kRestart, "segments", "...")
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "aldis/core/settings.hpp"
#include "config/make_type.hpp"

namespace aldis::config {

// --- values and members ------------------------------------------------------------------------------------

template <class M>
M from_value(const Value& value) {
  if constexpr (std::is_same_v<M, bool>) {
    return std::get<bool>(value);
  } else if constexpr (std::is_enum_v<M> || std::is_integral_v<M>) {
    return static_cast<M>(std::get<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<M, double> || std::is_same_v<M, Duration> ||
                       std::is_same_v<M, std::string>) {
    return std::get<M>(value);
  } else {
    return M(std::get<std::string>(value));  // Secret
  }
}

template <class M>
Value to_value(const M& member) {
  if constexpr (std::is_same_v<M, bool> || std::is_same_v<M, double> || std::is_same_v<M, Duration> ||
                std::is_same_v<M, std::string>) {
    return member;
  } else if constexpr (std::is_integral_v<M>) {
    return static_cast<std::uint64_t>(member);
  } else {
    return std::string();  // Secret: nothing to print
  }
}

template <class M>
struct IsOptional : std::false_type {};
template <class M>
struct IsOptional<std::optional<M>> : std::true_type {
  using Inner = M;
};

template <class S>
S& as(void* owner) {
  return *static_cast<S*>(owner);
}
template <class S>
const S& as(const void* owner) {
  return *static_cast<const S*>(owner);
}

inline Row plain_row(std::string_view name, Type type, Reload reload, std::string_view unit,
                     std::string_view sentence) {
  Row row;
  row.name = name;
  row.type = std::move(type);
  row.reload = reload;
  row.unit = unit;
  row.sentence = sentence;
  return row;
}

// --- rows --------------------------------------------------------------------------------------------------

// A scalar whose member is reached in its own way.
template <class S>
Row row_by(std::string_view name, Type type, std::function<void(S&, const Value&)> set,
           std::function<Value(const S&)> get, Reload reload, std::string_view unit,
           std::string_view sentence) {
  Row made = plain_row(name, std::move(type), reload, unit, sentence);
  made.access.set = [set](void* owner, std::size_t, const Value& value) { set(as<S>(owner), value); };
  made.access.get = [get](const void* owner) { return std::vector<Value>{get(as<S>(owner))}; };
  return made;
}

// A scalar member; std::optional members are left out by default.
template <class S, class M>
Row row(std::string_view name, M S::*member, Type type, Reload reload, std::string_view unit,
        std::string_view sentence) {
  if constexpr (IsOptional<M>::value) {
    using Inner = typename IsOptional<M>::Inner;
    return row_by<S>(
        name, std::move(type), [member](S& s, const Value& value) { s.*member = from_value<Inner>(value); },
        [member](const S& s) { return s.*member ? to_value<Inner>(*(s.*member)) : Value(); }, reload, unit,
        sentence);
  } else {
    return row_by<S>(
        name, std::move(type), [member](S& s, const Value& value) { s.*member = from_value<M>(value); },
        [member](const S& s) { return to_value<M>(s.*member); }, reload, unit, sentence);
  }
}

template <class M>
using Words = std::vector<std::pair<std::string_view, M>>;

template <class M>
Type type_of(const Words<M>& table) {
  Type type;
  type.kind = Kind::kChoice;
  for (const auto& word : table) { type.words.push_back(word.first); }
  return type;
}

template <class M>
Value word_of(const Words<M>& table, const M& value) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].second == value) { return static_cast<std::uint64_t>(i); }
  }
  return {};
}

// One word of a table. The member may be a bool, an enum or an optional of one.
template <class S, class M>
Row choice(std::string_view name, M S::*member, Words<M> table, Reload reload, std::string_view sentence) {
  Type type = type_of(table);
  return row_by<S>(
      name, std::move(type),
      [member, table](S& s, const Value& value) { s.*member = table[std::get<std::uint64_t>(value)].second; },
      [member, table](const S& s) { return word_of(table, s.*member); }, reload, {}, sentence);
}

// A list of scalars.
template <class S>
Row list_by(std::string_view name, Type item, std::function<void(S&)> clear,
            std::function<void(S&, std::size_t, const Value&)> set,
            std::function<std::vector<Value>(const S&)> get, Reload reload, std::string_view sentence) {
  Type type;
  type.kind = Kind::kList;
  type.item = std::make_shared<Type>(std::move(item));
  Row made = plain_row(name, std::move(type), reload, {}, sentence);
  made.access.clear = [clear](void* owner) { clear(as<S>(owner)); };
  made.access.set = [set](void* owner, std::size_t index, const Value& value) {
    set(as<S>(owner), index, value);
  };
  made.access.get = [get](const void* owner) { return get(as<S>(owner)); };
  return made;
}

template <class S>
Row list(std::string_view name, std::vector<std::string> S::*member, Type item, Reload reload,
         std::string_view sentence) {
  return list_by<S>(
      name, std::move(item), [member](S& s) { (s.*member).clear(); },
      [member](S& s, std::size_t, const Value& value) {
        (s.*member).push_back(std::get<std::string>(value));
      },
      [member](const S& s) { return std::vector<Value>((s.*member).begin(), (s.*member).end()); }, reload,
      sentence);
}

template <class S, class M>
Row choices(std::string_view name, std::vector<M> S::*member, Words<M> table, Reload reload,
            std::string_view sentence) {
  return list_by<S>(
      name, type_of(table), [member](S& s) { (s.*member).clear(); },
      [member, table](S& s, std::size_t, const Value& value) {
        (s.*member).push_back(table[std::get<std::uint64_t>(value)].second);
      },
      [member, table](const S& s) {
        std::vector<Value> values;
        for (const auto& each : s.*member) { values.push_back(word_of(table, each)); }
        return values;
      },
      reload, sentence);
}

// A list of words that stands for a flag each: `when: [down, error]`.
template <class S>
Row flags(std::string_view name, Words<bool S::*> table, Reload reload, std::string_view sentence) {
  Type item;
  item.kind = Kind::kChoice;
  for (const auto& word : table) { item.words.push_back(word.first); }
  return list_by<S>(
      name, std::move(item),
      [table](S& s) {
        for (const auto& word : table) { s.*word.second = false; }
      },
      [table](S& s, std::size_t, const Value& value) {
        s.*(table[std::get<std::uint64_t>(value)].second) = true;
      },
      [table](const S& s) {
        std::vector<Value> values;
        for (std::size_t i = 0; i < table.size(); ++i) {
          if (s.*(table[i].second)) { values.emplace_back(static_cast<std::uint64_t>(i)); }
        }
        return values;
      },
      reload, sentence);
}

inline Type map_type(std::shared_ptr<const Rows> rows) {
  Type type;
  type.kind = Kind::kMap;
  type.rows = std::move(rows);
  return type;
}

// A map whose members are those of the owner itself: a way to group keys.
template <class S>
Row group(std::string_view name, Rows rows, Reload reload, std::string_view sentence) {
  Row made = plain_row(name, map_type(std::make_shared<Rows>(std::move(rows))), reload, {}, sentence);
  made.access.open = [](void* owner) { return owner; };
  made.access.fresh = [] { return std::make_shared<S>(); };
  return made;
}

// A map that is a struct of its own; an optional one exists once the key is given.
template <class S, class M>
Row nested(std::string_view name, M S::*member, Rows rows, Reload reload, std::string_view sentence) {
  Row made = plain_row(name, map_type(std::make_shared<Rows>(std::move(rows))), reload, {}, sentence);
  if constexpr (IsOptional<M>::value) {
    made.access.open = [member](void* owner) {
      auto& optional = as<S>(owner).*member;
      if (!optional) { optional.emplace(); }
      return static_cast<void*>(&*optional);
    };
    made.access.fresh = [] { return std::make_shared<typename IsOptional<M>::Inner>(); };
  } else {
    made.access.open = [member](void* owner) { return static_cast<void*>(&(as<S>(owner).*member)); };
    // The owner's own defaults, which may differ from those of the struct.
    made.access.fresh = [member] { return std::make_shared<M>(S().*member); };
  }
  return made;
}

// A list of maps; with a noun its items are keyed by `name`, and references may name them.
template <class S, class M>
Row items(std::string_view name, std::vector<M> S::*member, Rows rows, std::string_view noun, Reload reload,
          std::string_view sentence) {
  Type type;
  type.kind = Kind::kList;
  type.item = std::make_shared<Type>(map_type(std::make_shared<Rows>(std::move(rows))));
  type.defines = noun;
  Row made = plain_row(name, std::move(type), reload, {}, sentence);
  made.access.clear = [member](void* owner) { (as<S>(owner).*member).clear(); };
  made.access.open = [member](void* owner) {
    return static_cast<void*>(&(as<S>(owner).*member).emplace_back());
  };
  made.access.fresh = [] { return std::make_shared<M>(); };
  return made;
}

// Keys to values of one scalar type.
template <class S, class K, class M>
Row dictionary(std::string_view name, std::map<K, M> S::*member, Type key, Words<K> key_table, Type item,
               std::function<M(const Value&)> convert, Reload reload, std::string_view sentence) {
  Type type;
  type.kind = Kind::kDictionary;
  type.key = std::make_shared<Type>(std::move(key));
  type.item = std::make_shared<Type>(std::move(item));
  Row made = plain_row(name, std::move(type), reload, {}, sentence);
  made.access.open_key = [member, key_table](void* owner, const Value& value) {
    auto& map = as<S>(owner).*member;
    if constexpr (std::is_same_v<K, std::string>) {
      return static_cast<void*>(&map[std::get<std::string>(value)]);
    } else {
      return static_cast<void*>(&map[key_table[std::get<std::uint64_t>(value)].second]);
    }
  };
  made.access.set = [convert](void* slot, std::size_t, const Value& value) { as<M>(slot) = convert(value); };
  made.access.fresh = [] { return std::make_shared<M>(); };
  return made;
}

// Defaults for the items of another list: the same rows but some, checked here and layered below each item.
template <class S>
Row defaults_for(std::string_view name, const Row& items_row, std::initializer_list<std::string_view> but,
                 std::string_view sentence) {
  Row made = plain_row(name, map_type(without(*items_row.type.item->rows, but)), Reload::kLive, {}, sentence);
  made.access.fresh = items_row.access.fresh;
  made.checked_only = true;
  return made;
}

// A key without a member: the loader itself acts on it, or it is a remark for people.
inline Row loader_key(std::string_view name, Type type, Reload reload, std::string_view sentence) {
  Row made = plain_row(name, std::move(type), reload, {}, sentence);
  made.access.set = [](void*, std::size_t, const Value&) {};
  made.access.get = [](const void*) { return std::vector<Value>{}; };
  made.access.clear = [](void*) {};
  return made;
}

}  // namespace aldis::config
