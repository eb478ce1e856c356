// SPDX-License-Identifier: Apache-2.0
#include "aldis/api/problem.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace aldis::api;

TEST_CASE("every code has a name of its own in lower snake, a status of an error and a title") {
  std::set<std::string_view> names;
  unsigned before = 0;
  for (unsigned i = 0; i <= static_cast<unsigned>(Code::kAcceptUnknown); ++i) {
    const Code code = static_cast<Code>(i);
    INFO(name_of(code));
    CHECK(names.insert(name_of(code)).second);
    CHECK(name_of(code).find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK(status_of(code) >= 400);
    CHECK(status_of(code) < 600);
    CHECK(status_of(code) >= before);  // in the order of their statuses
    CHECK_FALSE(title_of(code).empty());
    CHECK(title_of(code).back() != '.');
    CHECK(code_of(name_of(code)) == code);
    before = status_of(code);
  }
  CHECK_FALSE(code_of("no_such_code"));
}

TEST_CASE("a problem with several faults is named by the first") {
  const Problem problem{{{"/to", Code::kInvalidDestination, "too short"}, {"/x", Code::kUnknownField, "x"}}};
  CHECK(problem.code == Code::kInvalidDestination);
  CHECK(problem.detail == "too short");
  CHECK(problem.faults.size() == 2);
}
