// SPDX-License-Identifier: Apache-2.0
#include "aldis/api/problem.hpp"

#include <algorithm>
#include <array>

namespace aldis::api {

namespace {

struct Row {
  std::string_view name;
  unsigned status;
  std::string_view title;
};

constexpr std::array kRows{
#define ALDIS_API_ROW(code, name, status, title) Row{name, status, title},
    ALDIS_API_PROBLEMS(ALDIS_API_ROW)
#undef ALDIS_API_ROW
};

const Row& row(Code code) { return kRows[static_cast<std::size_t>(code)]; }

}  // namespace

std::string_view name_of(Code code) { return row(code).name; }
unsigned status_of(Code code) { return row(code).status; }
std::string_view title_of(Code code) { return row(code).title; }

std::optional<Code> code_of(std::string_view name) {
  const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.name == name; });
  if (found == kRows.end()) { return std::nullopt; }
  return static_cast<Code>(found - kRows.begin());
}

}  // namespace aldis::api
