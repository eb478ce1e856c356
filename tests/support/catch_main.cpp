// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

#include "aldis/base/mutant.hpp"

int main(int argc, char** argv) {
  if (!aldis::mutants::choose(std::getenv("ALDIS_MUTANT"))) {
    std::fputs("ALDIS_MUTANT names no mutant, or this build has none (cmake -DALDIS_MUTANTS=ON)\n", stderr);
    return 2;
  }
  return Catch::Session().run(argc, argv);
}
