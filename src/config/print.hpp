// SPDX-License-Identifier: Apache-2.0
// Rows, printed: what --print-schema says and what the tree's generated files hold. Reads the rows only.
#pragma once

#include <string>

#include "config/schema.hpp"

namespace aldis::config {

std::string print_json(const Program& program);      // JSON Schema 2020-12 with x-reload, x-unit, x-secret
std::string print_yaml(const Program& program);      // a file with every key: defaults, bounds and sentences
std::string print_markdown(const Program& program);  // the manual's page

// Shared by the forms.
std::string default_of(const Row& row, const void* owner);  // as YAML; empty = left out
// "2..64 segments", "a | b", "0s or 5s..600s"
std::string bounds_of(const Type& type, std::string_view unit, std::size_t words_max = 1000);

}  // namespace aldis::config
