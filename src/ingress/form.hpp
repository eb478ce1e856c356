// SPDX-License-Identifier: Apache-2.0
// Names and values as URLs and forms carry them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aldis::ingress {

using Fields = std::vector<std::pair<std::string, std::string>>;  // in the order written; names may repeat

// "a=1&b=x+y%21": application/x-www-form-urlencoded as browsers write it.
std::string form_of(const Fields& fields);

// What was written so, as octets; a '%' that two hexadecimal digits do not follow stands for itself.
Fields fields_of(std::string_view form);
// The first one of that name; null: there is none.
const std::string* field(const Fields& fields, std::string_view name);

// `url` with the fields behind its query.
std::string with_query(std::string_view url, const Fields& fields);

// As Kannel encodes for a dlr-url: A-Z a-z 0-9 - _ . ! ~ * ' ( ) stay, a space is '+', the rest %XX.
void append_kannel_encoded(std::string& out, std::string_view text);

}  // namespace aldis::ingress
