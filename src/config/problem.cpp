// SPDX-License-Identifier: Apache-2.0
// How a problem reads: the one text of --check, start, reload and API.
#include "aldis/config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aldis::config {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::kSyntax: return "syntax";
    case Code::kFile: return "file";
    case Code::kUnknownKey: return "unknown_key";
    case Code::kDuplicate: return "duplicate";
    case Code::kMissing: return "missing";
    case Code::kType: return "type";
    case Code::kUnit: return "unit";
    case Code::kNeedsQuotes: return "needs_quotes";
    case Code::kBelow: return "below";
    case Code::kAbove: return "above";
    case Code::kChoice: return "choice";
    case Code::kReference: return "reference";
    case Code::kPattern: return "pattern";
    case Code::kConflict: return "conflict";
    case Code::kVariable: return "variable";
    case Code::kSecret: return "secret";
    case Code::kSecretOpen: return "secret_open";
  }
  __builtin_unreachable();
}

namespace {
// Blanks up to the column; a tab stays a tab, so that the caret stands under its character in any editor.
std::string caret(const Problem& problem) {
  std::string line;
  int column = 1;
  for (const char c : problem.source_line) {
    if ((c & 0xC0) == 0x80) { continue; }
    if (column++ >= problem.column) { break; }
    line += c == '\t' ? '\t' : ' ';
  }
  return line + '^';
}

std::string counted(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}
}  // namespace

std::string render(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) { text += fmt::format(":{}:{}", problem.line, problem.column); }
  text += ": ";
  if (!problem.path.empty()) { text += problem.path + ": "; }
  if (problem.is_warning) { text += "warning: "; }
  text += problem.detail;
  if (!problem.hint.empty()) { text += "; did you mean " + problem.hint + "?"; }
  text += '\n';
  if (!problem.source_line.empty()) { text += problem.source_line + '\n' + caret(problem) + '\n'; }
  return text;
}

std::string render(const std::vector<Problem>& problems, std::size_t files_count, bool strict) {
  std::string text;
  for (const auto& problem : problems) { text += render(problem); }
  const auto warnings = static_cast<std::size_t>(
      std::count_if(problems.begin(), problems.end(), [](const Problem& p) { return p.is_warning; }));
  const std::size_t errors = problems.size() - warnings;
  const bool fine = errors == 0 && !(strict && warnings > 0);
  text += fmt::format("{}, {}, {}: {}\n", counted(files_count, "file"), counted(errors, "error"),
                      counted(warnings, "warning"), fine ? "fine" : "not loaded");
  return text;
}

}  // namespace aldis::config
