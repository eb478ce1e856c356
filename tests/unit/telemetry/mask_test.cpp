// SPDX-License-Identifier: Apache-2.0
#include "aldis/telemetry/mask.hpp"

#include <catch2/catch.hpp>

using aldis::telemetry::masked;

TEST_CASE("a number of 10 digits or more keeps its plus, the first 4 and the last 3 digits") {
  CHECK(masked("+447700900123") == "+4477****123");
  CHECK(masked("447700900123") == "4477****123");
  CHECK(masked("1234567890") == "1234****890");
  CHECK(masked("12345678901234567890") == "1234****890");
}

TEST_CASE("a shorter number keeps the last 2 digits only") {
  CHECK(masked("123456789") == "****89");
  CHECK(masked("+4712345") == "****45");
  CHECK(masked("70") == "****70");
  CHECK(masked("7") == "****7");
}

TEST_CASE("a sender with letters stands whole") {
  CHECK(masked("ACME") == "ACME");
  CHECK(masked("Acme24") == "Acme24");
  CHECK(masked("").empty());
}

TEST_CASE("a number does not escape the mask by what stands between or around its digits") {
  CHECK(masked("+44 7700 900-123") == "+4477****123");
  CHECK(masked("(0770) 900.123") == "0770****123");
  CHECK(masked("x447700900123") == "4477****123");
  CHECK(masked("0800-123") == "****23");
  CHECK(masked("+++") == "****");
}
