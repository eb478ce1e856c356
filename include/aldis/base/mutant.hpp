// SPDX-License-Identifier: Apache-2.0
// ALDIS_MUTANT(n): a planted bug, to prove that a test sees it. A constant false unless the build has the
// option ALDIS_MUTANTS (test trees only, never release); there the environment chooses one for the whole run:
// ALDIS_MUTANT=n. tests/mutants/table.txt says what each is and which test must fail; tools/mutants runs
// them. Not for behaviour of any kind, nor for faults of the world: those come through ports.
#pragma once

namespace aldis::mutants {

#ifdef ALDIS_MUTANTS
inline int chosen = 0;  // written by main() alone, before there is a thread
#define ALDIS_MUTANT(n) (::aldis::mutants::chosen == (n))
#else
#define ALDIS_MUTANT(n) false
#endif

// For main(), with the environment's word or null. False: it is no number, or this build has no mutants; a
// run that goes on all the same would prove nothing.
[[nodiscard]] bool choose(const char* word) noexcept;

}  // namespace aldis::mutants
