// SPDX-License-Identifier: Apache-2.0
// JSON Schema 2020-12 for editors. Scalars may also be ${...}, which is text until it is replaced; the schema
// describes what stands there afterwards.
#include <fmt/format.h>

#include "config/print.hpp"
#include "config/scalar.hpp"

namespace aldis::config {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') { out += '\\'; }
    out += c;
  }
  return out + '"';
}

// Members of one object, each "name": value with nested lines indented as a whole.
class Object {
 public:
  Object& put(std::string_view name, std::string value) {
    members_.push_back(fmt::format("{}: {}", quoted(name), value));
    return *this;
  }
  [[nodiscard]] std::string text() const {
    if (members_.empty()) { return "{}"; }
    std::string out = "{";
    for (std::size_t i = 0; i < members_.size(); ++i) {
      out += (i == 0 ? "\n" : ",\n") + indented(members_[i]);
    }
    return out + "\n}";
  }

 private:
  static std::string indented(const std::string& text) {
    std::string out = "  ";
    for (const char c : text) {
      out += c;
      if (c == '\n') { out += "  "; }
    }
    return out;
  }
  std::vector<std::string> members_;
};

std::string array(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string number_text(const Value& value) {
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) { return fmt::format("{}", *whole); }
  return fmt::format("{:.10g}", std::get<double>(value));
}

void describe(Object& object, const Type& type);
Object map_schema(const Rows& rows, const void* owner, bool is_partial);

Object schema_of(const Type& type) {
  Object object;
  describe(object, type);
  return object;
}

void describe_bounds(Object& object, const Type& type) {
  if (std::holds_alternative<std::monostate>(type.min)) { return; }
  if (type.kind == Kind::kDuration || type.kind == Kind::kSize) {
    object.put("x-minimum", quoted(print_bound(type, type.min)))
        .put("x-maximum", quoted(print_bound(type, type.max)));
  } else {
    object.put("minimum", number_text(type.min)).put("maximum", number_text(type.max));
  }
}

void describe(Object& object, const Type& type) {
  const Type any_text{};
  switch (type.kind) {
    case Kind::kFlag: object.put("type", quoted("boolean")); break;
    case Kind::kWhole:
    case Kind::kHex: object.put("type", quoted("integer")); break;
    case Kind::kNumber: object.put("type", quoted("number")); break;
    case Kind::kDuration:
      object.put("type", quoted("string")).put("pattern", quoted("^(0|[1-9][0-9]*)(us|ms|s|m|h|d)$"));
      break;
    case Kind::kSize:
      object.put("type", quoted("string")).put("pattern", quoted("^(0|[1-9][0-9]*)([KMGT]i)?B$"));
      break;
    case Kind::kStatusRange:
      object.put("type", array({quoted("integer"), quoted("string")}))
          .put("pattern", quoted("^(0x[0-9A-Fa-f]+|[0-9]+)(-(0x[0-9A-Fa-f]+|[0-9]+))?$"));
      break;
    case Kind::kText:
      object.put("type", quoted("string"))
          .put("minLength", fmt::format("{}", type.form.length_min))
          .put("maxLength", fmt::format("{}", type.form.length_max));
      break;
    case Kind::kChoice: {
      std::vector<std::string> words;
      for (const auto word : type.words) { words.push_back(quoted(word)); }
      object.put("enum", array(words));
      break;
    }
    case Kind::kSecret: {
      Object places;
      for (const std::string_view place : {"file", "env", "cred"}) {
        places.put(place, schema_of(any_text).text());
      }
      Object from;
      from.put("type", quoted("object"))
          .put("additionalProperties", "false")
          .put("maxProperties", "1")
          .put("properties", places.text());
      object.put("anyOf", array({schema_of(any_text).text(), from.text()})).put("x-secret", "true");
      break;
    }
    case Kind::kMap: break;  // map_schema(), which knows the defaults
    case Kind::kList:
      object.put("type", quoted("array"))
          .put("minItems", fmt::format("{}", type.items_min))
          .put("maxItems", fmt::format("{}", type.items_max));
      if (!type.item->is_map()) { object.put("items", schema_of(*type.item).text()); }
      break;
    case Kind::kDictionary:
      object.put("type", quoted("object"))
          .put("propertyNames", Object()
                                    .put("anyOf", array({schema_of(*type.key).text(),
                                                         Object().put("pattern", quoted("^x-")).text()}))
                                    .text());
      if (!type.item->is_map()) { object.put("additionalProperties", schema_of(*type.item).text()); }
      break;
  }
  describe_bounds(object, type);
}

void describe_default(Object& object, const Row& row, const void* owner) {
  if (owner == nullptr || !row.access.get || row.required || row.type.kind == Kind::kSecret ||
      !row.left_out.empty()) {
    return;
  }
  const auto values = row.access.get(owner);
  if (values.empty() && !row.type.is_list()) { return; }
  const Type& type = row.type.is_list() ? *row.type.item : row.type;
  std::vector<std::string> items;
  for (const auto& value : values) {
    if (std::holds_alternative<std::monostate>(value)) { return; }
    const bool is_number = type.kind == Kind::kWhole || type.kind == Kind::kHex || type.kind == Kind::kNumber;
    if (is_number) {
      items.push_back(number_text(value));
    } else if (type.kind == Kind::kFlag) {
      items.push_back(print_scalar(type, value));
    } else if (type.kind == Kind::kChoice) {
      items.push_back(quoted(type.words[std::get<std::uint64_t>(value)]));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      items.push_back(quoted(*text));
    } else {
      items.push_back(quoted(print_bound(type, value)));
    }
  }
  object.put("default", row.type.is_list() ? array(items) : items.front());
}

// `is_partial`: below *_defaults nothing is required.
std::string row_schema(const Row& row, const void* owner, bool is_partial) {
  const auto fresh = row.access.fresh ? row.access.fresh() : nullptr;
  Object object = row.type.is_map() ? map_schema(*row.type.rows, fresh.get(), is_partial || row.checked_only)
                                    : schema_of(row.type);
  if (row.type.is_list_of_maps()) {
    object.put("items", map_schema(*row.type.item->rows, fresh.get(), is_partial).text());
  }
  if (row.type.is_dictionary() && row.type.item->is_map()) {
    object.put("additionalProperties", map_schema(*row.type.item->rows, fresh.get(), is_partial).text());
  }
  object.put("description",
             quoted(row.left_out.empty() ? std::string(row.sentence)
                                         : fmt::format("{} Left out: {}.", row.sentence, row.left_out)));
  describe_default(object, row, owner);
  object.put("x-reload", quoted(name_of(row.reload)));
  if (!row.unit.empty()) { object.put("x-unit", quoted(row.unit)); }
  return object.text();
}

Object map_schema(const Rows& rows, const void* owner, bool is_partial) {
  Object properties;
  std::vector<std::string> required;
  for (const auto& row : rows.rows) {
    properties.put(row.name, row_schema(row, owner, is_partial));
    if (row.required && !is_partial) { required.push_back(quoted(row.name)); }
  }
  Object object;
  object.put("type", quoted("object")).put("properties", properties.text());
  if (!required.empty()) { object.put("required", array(required)); }
  object.put("patternProperties", "{\"^x-\": {}}").put("additionalProperties", "false");
  return object;
}

}  // namespace

std::string print_json(const Program& program) {
  Object root = map_schema(*program.rows, nullptr, false);
  Object schema;
  schema.put("$schema", quoted("https://json-schema.org/draft/2020-12/schema"))
      .put("title", quoted(program.file_name));
  std::string text = schema.text();
  // One object: the head, then what the rows say.
  text.erase(text.size() - 2);
  return text + ",\n" + root.text().substr(2) + '\n';
}

}  // namespace aldis::config
