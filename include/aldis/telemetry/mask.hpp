// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace aldis::telemetry {

// Appends a telephone number or sender as logs may show it; there is no setting that shows more.
// 10 digits or more: an optional '+', the first 4 and the last 3, "+4477****123". Fewer: the last 2,
// "****23". A sender with letters stands whole, unless 10 digits or more hide in it: then it is masked as the
// number it may be.
void append_masked(std::string& out, std::string_view number);

std::string masked(std::string_view number);

}  // namespace aldis::telemetry
