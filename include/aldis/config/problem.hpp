// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, and where: the one form in which `aldisd --check`, the start, a reload
// and the API tell it. Texts and codes: docs/configuration.md. A secret never stands in any member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aldis::config {

enum class Code : std::uint8_t {
  kSyntax,  // not the YAML we read: anchors, tabs, two documents, too deep, too large ...
  kFile,    // a file that is named cannot be read
  kUnknownKey,
  kDuplicate,
  kMissing,
  kType,
  kUnit,
  kNeedsQuotes,
  kBelow,
  kAbove,
  kChoice,
  kReference,
  kPattern,
  kConflict,  // two settings that exclude each other, or one that needs another
  kVariable,  // ${NAME} without value or default
  kSecret,
  kSecretOpen,  // warning: a secret's file is readable by others
};

std::string_view name_of(Code code);  // "unknown_key": the machine form

// One finding. `detail` is the text after the path, `hint` what stands after "; did you mean " (or empty).
struct Problem {
  std::string file;  // as loaded; "env:NAME" and "--set" for overrides
  int line = 0;      // 1-based; 0 = the place has none (environment, command line, a file as a whole)
  int column = 0;    // 1-based, in characters
  std::string path;  // "operators[op-a].throttle.burst"; empty = the file as a whole
  Code code = Code::kSyntax;
  std::string detail;
  std::string hint;
  bool is_warning = false;
  std::string source_line;  // for the caret; empty where the path says it all or the line may hold a secret
};

// "FILE:LINE:COL: PATH: DETAIL; did you mean HINT?", then the source line and a caret where there is one.
std::string render(const Problem& problem);

// All of them in the order given, and the summary: "2 files, 4 errors, 0 warnings: not loaded". `strict`:
// warnings count as errors.
std::string render(const std::vector<Problem>& problems, std::size_t files_count, bool strict = false);

}  // namespace aldis::config
