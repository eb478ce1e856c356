// SPDX-License-Identifier: Apache-2.0
// Several trees into one: files over files, items over their defaults, environment and command line over all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/report.hpp"
#include "config/schema.hpp"

namespace aldis::config {

// A later file over an earlier one: maps merge key by key, scalars and plain lists are replaced, lists of
// maps append.
void merge_file(Node& base, Node&& later);

// An item over its defaults, by rows: maps merge key by key, everything else is replaced. Keeps the item's
// marks.
Node layered(const Rows& rows, const Node& defaults, const Node& item);

// PATH=VALUE of the command line, and PREFIX__A__B=VALUE of the environment, into the tree. What names no
// setting is a problem at its source.
void apply_argument(const Rows& rows, Node& root, std::string_view argument, Sources& sources,
                    Report& report);
void apply_variable(const Rows& rows, Node& root, std::string_view prefix, const std::string& name,
                    const std::string& value, Sources& sources, Report& report);

}  // namespace aldis::config
