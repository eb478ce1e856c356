// SPDX-License-Identifier: Apache-2.0
// Scalars: text into values under a type's bounds, and values back into the text a user would write.
#pragma once

#include <string>
#include <string_view>

#include "aldis/base/result.hpp"
#include "config/schema.hpp"

namespace aldis::config {

// Secrets are read by secret.cpp; here they are refused as any other text would be accepted.
Result<Value, Fault> parse_scalar(const Type& type, const Node& node);
// The text of a dictionary's key: quoted where a YAML reader could take it for something else.
Result<Value, Fault> parse_key(const Type& type, const Entry& entry);

// As YAML: `30s`, `64MiB`, `"0.0"`, `[1, 1]` item by item.
std::string print_scalar(const Type& type, const Value& value);
std::string print_bound(const Type& type, const Value& value);
std::string print_text(std::string_view text);  // quoted where it needs quotes

// True for text that some YAML reader takes for a number, bool, null or date.
bool needs_quotes(std::string_view text);

// "a duration, for example 30s": what stands after "needs".
std::string need_of(const Type& type);
// What was there instead, safe to show: `30`, `"ten"`, `a list`.
std::string shown(const Node& node);
Fault wrong_type(const Type& type, const Node& node);

}  // namespace aldis::config
