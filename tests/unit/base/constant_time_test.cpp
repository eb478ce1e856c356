// SPDX-License-Identifier: Apache-2.0
#include "aldis/base/constant_time.hpp"

#include <catch2/catch.hpp>

using namespace aldis;

TEST_CASE("comparison in constant time still compares") {
  CHECK(equal_constant_time("secret", "secret"));
  CHECK_FALSE(equal_constant_time("secret", "secreT"));
  CHECK_FALSE(equal_constant_time("Secret", "secret"));
  CHECK_FALSE(equal_constant_time("secret", "secre"));
  CHECK_FALSE(equal_constant_time("secret", "secretsecret"));
  CHECK_FALSE(equal_constant_time("secret", ""));
  CHECK_FALSE(equal_constant_time("", "secret"));
  CHECK(equal_constant_time("", ""));
}
