// SPDX-License-Identifier: Apache-2.0
// A setting is a row (STYLE rule 13): name, type with bounds, reload class, one sentence, and how to reach
// the member of the struct it fills. Loader, validation, JSON Schema, conf/*.yaml and docs are made of rows
// and of nothing else. The machinery knows rows, not programs: aldisd's rows stand in aldisd_*.cpp,
// make_row.hpp makes them from member pointers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "aldis/base/time.hpp"
#include "config/report.hpp"

namespace aldis::config {

enum class Reload : std::uint8_t { kLive, kReconnect, kRestart };
std::string_view name_of(Reload reload);

// A scalar between text and member. std::monostate = left out. A choice is the index of its word
// (std::uint64_t), a status range is first << 32 | last, a secret its text.
using Value = std::variant<std::monostate, bool, std::uint64_t, double, Duration, std::string>;

enum class Kind : std::uint8_t {
  kFlag,
  kWhole,
  kNumber,
  kDuration,
  kSize,
  kHex,
  kStatusRange,
  kText,
  kChoice,
  kSecret,      // scalars
  kMap,         // rows
  kList,        // items of one type
  kDictionary,  // keys and values of one type each
};

// What a text must look like, beyond its length in characters.
struct TextForm {
  std::size_t length_min = 0;
  std::size_t length_max = 255;
  std::optional<Fault> (*check)(std::string_view text) = nullptr;
  std::string_view label = "text";  // for docs: "IP address and port"
};

struct Rows;

struct Type {
  Kind kind = Kind::kText;
  Value min;  // kWhole kNumber kDuration kSize kHex; monostate = none
  Value max;
  bool zero_is_off = false;             // 0 (0s) is allowed below min
  TextForm form;                        // kText
  std::string_view refers;              // kText: must be a name given in lists that define this noun
  std::string_view unique;              // kText: no two of this noun may be the same in all files
  std::vector<std::string_view> words;  // kChoice
  std::shared_ptr<const Rows> rows;     // kMap
  std::shared_ptr<const Type> item;     // kList, kDictionary
  std::shared_ptr<const Type> key;      // kDictionary: kText or kChoice
  std::size_t items_min = 0;            // kList
  std::size_t items_max = kItemsMax;
  std::string_view defines;  // kList of maps keyed by `name`: the noun, "operator"

  static constexpr std::size_t kItemsMax = 1'000'000;

  [[nodiscard]] bool is_scalar() const { return kind < Kind::kMap; }
  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_dictionary() const { return kind == Kind::kDictionary; }
  [[nodiscard]] bool is_list_of_maps() const { return is_list() && item->is_map(); }
  [[nodiscard]] bool is_named_list() const { return is_list_of_maps() && !defines.empty(); }
};

// How a row reaches its member; owners are passed as what Rows::of they belong to. Unused functions are
// empty.
struct Access {
  std::function<void(void* owner, std::size_t index, const Value&)>
      set;                                                       // scalar: index 0; list of scalars: each
  std::function<std::vector<Value>(const void* owner)> get;      // of a default object, for printing
  std::function<void(void* owner)> clear;                        // list: emptied before it is read
  std::function<void*(void* owner)> open;                        // map: the member; list of maps: a new item
  std::function<void*(void* owner, const Value& key)> open_key;  // dictionary: the slot, owner of its item
  std::function<std::shared_ptr<void>()> fresh;                  // a default object for the rows below
};

struct Row {
  std::string_view name;
  Type type;
  Reload reload = Reload::kLive;
  std::string_view unit;      // of numbers: "parts", "messages"
  std::string_view sentence;  // for users
  Access access;
  bool required = false;
  bool replaced_whole = false;  // layers and files replace it, they do not merge it key by key
  bool only_main_file = false;
  bool checked_only = false;  // *_defaults: read into nothing; what counts is the layered item
  bool in_profile = false;    // may stand in an operator profile
  std::string_view left_out;  // what leaving it out means, where no default says it
  std::string_view example;   // YAML, for the generated file; empty = the default
  bool shown = false;         // list of maps: the generated file holds an example item, not a comment

  // Modifiers, so that a row reads as one sentence.
  [[nodiscard]] Row need() const {
    return with([](Row& r) { r.required = true; });
  }
  [[nodiscard]] Row whole() const {
    return with([](Row& r) { r.replaced_whole = true; });
  }
  [[nodiscard]] Row main_only() const {
    return with([](Row& r) { r.only_main_file = true; });
  }
  [[nodiscard]] Row profile() const {
    return with([](Row& r) { r.in_profile = true; });
  }
  [[nodiscard]] Row show() const {
    return with([](Row& r) { r.shown = true; });
  }
  [[nodiscard]] Row like(std::string_view yaml) const {
    return with([&](Row& r) { r.example = yaml; });
  }
  [[nodiscard]] Row otherwise(std::string_view meaning) const {
    return with([&](Row& r) { r.left_out = meaning; });
  }

 private:
  template <class F>
  [[nodiscard]] Row with(F change) const {
    Row row = *this;
    change(row);
    return row;
  }
};

class Scope;  // reader.hpp: a map that was just read, for checks between its keys

struct Rows {
  std::vector<Row> rows;
  // Defaults that depend on other keys, and rules between keys; called once the map was read and none of its
  // own values was refused (maps and items below it may have faults of their own).
  std::function<void(void* object, Scope& scope)> finish;

  [[nodiscard]] const Row* find(std::string_view name) const;
};

// The same rows without some, or only those that a profile may hold.
std::shared_ptr<const Rows> without(const Rows& rows, std::initializer_list<std::string_view> names);
std::shared_ptr<const Rows> profile_part(const Rows& rows);

// A program's file. The rows of `layered` lists take their defaults from `defaults`, and from profiles where
// rows say so.
struct Layer {
  std::string_view list;      // "operators"
  std::string_view defaults;  // "operator_defaults"
  bool has_profiles = false;
};

struct Program {
  std::shared_ptr<const Rows> rows;
  std::vector<Layer> layers;
  std::string_view environment_prefix;  // "ALDIS__"; empty = the environment sets nothing
  std::string_view credential_prefix;   // "aldis_"
  std::string_view file_name;           // "aldisd.yaml"
};

}  // namespace aldis::config
