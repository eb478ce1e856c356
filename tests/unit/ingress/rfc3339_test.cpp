// SPDX-License-Identifier: Apache-2.0
#include "ingress/rfc3339.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::ingress;

TEST_CASE("times are read in any offset and written in UTC with milliseconds") {
  const auto written = [](std::string_view text) {
    const auto at = parse_rfc3339(text);
    return at ? format_rfc3339(*at) : "none";
  };
  CHECK(written("2026-11-21T20:12:31.482Z") == "2026-11-21T20:12:31.482Z");
  CHECK(written("2026-11-21T20:12:31Z") == "2026-11-21T20:12:31.000Z");
  CHECK(written("2026-11-21t20:12:31z") == "2026-11-21T20:12:31.000Z");
  CHECK(written("2026-11-21 21:12:31.4829999+01:00") == "2026-11-21T20:12:31.482Z");
  CHECK(written("2026-11-21T14:42:31-05:30") == "2026-11-21T20:12:31.000Z");
  CHECK(written("2024-02-29T23:59:60Z") == "2024-03-01T00:00:00.000Z");
  CHECK(written("9999-12-31T23:59:59Z") == "9999-12-31T23:59:59.000Z");
}

TEST_CASE("what is not a time of RFC 3339 is none") {
  for (const char* bad :
       {"", "2026-11-21", "2026-11-21T20:12Z", "2026-11-21T20:12:31", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T20:60:00Z", "2026-11-21T20:12:61Z",
        "2026-11-21T20:12:31.Z", "2026-11-21T20:12:31.1234567890Z", "2026-11-21T20:12:31+24:00",
        "2026-11-21T20:12:31+0100", "2026-11-21T20:12:31Z ", "+2026-11-21T20:12:31Z", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00", "1795291951"}) {
    INFO(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
}
