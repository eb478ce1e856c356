// SPDX-License-Identifier: Apache-2.0
// `aldisctl journal verify DIR`: what a journal's files prove, without changing one of them.
#pragma once

#include <iosfwd>
#include <string>

#include "aldis/ports/files.hpp"

namespace aldis::ctl {

// Exit codes of the verb.
inline constexpr int kWhole = 0;
inline constexpr int kDamaged = 1;      // or in use by a daemon
inline constexpr int kNotAJournal = 2;  // no such directory, or nothing of a journal in it

// Prints segments, records by type, positions and the verdict on `out`, damage and advice on `err`.
int print_verdict(ports::Files& files, const std::string& directory, std::ostream& out, std::ostream& err);

// Opens the directory, refuses when a daemon holds it, and prints the verdict.
int journal_verify(const std::string& directory, std::ostream& out, std::ostream& err);

}  // namespace aldis::ctl
