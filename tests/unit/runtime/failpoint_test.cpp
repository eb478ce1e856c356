// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/failpoint.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "aldis/base/failpoint.hpp"

using namespace aldis;

TEST_CASE("what is no name and count is refused, and arms nothing") {
  for (const char* const asked : {"", "store.sync.done", ":3", "a:", "a:0", "a:-1", "a:3x", "a: 3"}) {
    CAPTURE(asked);
    CHECK(runtime::arm_failpoint(asked).has_error());
  }
  CHECK(armed_failpoint == nullptr);
}

#ifndef ALDIS_NO_FAILPOINTS
TEST_CASE("an armed failpoint ends its process by SIGKILL, nothing after it runs") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (runtime::arm_failpoint("here:2").has_error()) { ::_exit(1); }
    ALDIS_FAILPOINT(pass("here"));
    ALDIS_FAILPOINT(pass("here"));
    ::_exit(2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
}
#endif
