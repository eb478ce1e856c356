// SPDX-License-Identifier: Apache-2.0
#include "config/report.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "aldis/base/mutant.hpp"

namespace aldis::config {

namespace {
constexpr std::size_t kSourceLineMax = 200;  // octets; a longer line says more by its number than in print

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Lines that may hold a secret no row knows of (a key misspelt, a file half read) are recognised by their
// words.
bool smells_of_secret(std::string_view line) {
  std::string lower(line);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  constexpr auto kWords = std::to_array<std::string_view>({"pass", "pwd", "secret", "token"});
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// The path of these says which word is meant; the line adds nothing.
bool shows_its_line(Code code) {
  switch (code) {
    case Code::kUnknownKey:
    case Code::kDuplicate:
    case Code::kMissing:
    case Code::kSyntax:
    case Code::kFile: return false;
    case Code::kType:
    case Code::kUnit:
    case Code::kNeedsQuotes:
    case Code::kBelow:
    case Code::kAbove:
    case Code::kChoice:
    case Code::kReference:
    case Code::kPattern:
    case Code::kConflict:
    case Code::kVariable:
    case Code::kSecret:
    case Code::kSecretOpen: return true;
  }
  __builtin_unreachable();
}
}  // namespace

// --- Sources -----------------------------------------------------------------------------------------------

std::uint32_t Sources::add_file(std::string name, std::string text) {
  Source source{Kind::kFile, std::move(name), std::move(text), {0}};
  for (std::size_t i = 0; i < source.text.size(); ++i) {
    if (source.text[i] == '\n') { source.line_starts.push_back(i + 1); }
  }
  sources_.push_back(std::move(source));
  ++files_count_;
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

std::uint32_t Sources::add_override(Kind kind, std::string name) {
  sources_.push_back({kind, std::move(name), {}, {}});
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

std::size_t Sources::offset(Mark mark) const {
  const Source& source = sources_[mark.source];
  if (mark.line == 0 || mark.line > source.line_starts.size()) { return 0; }
  return std::min(source.line_starts[mark.line - 1] + mark.octet, source.text.size());
}

std::string_view Sources::line(Mark mark) const {
  const Source& source = sources_[mark.source];
  if (mark.line == 0 || mark.line > source.line_starts.size()) { return {}; }
  const std::size_t start = source.line_starts[mark.line - 1];
  std::string_view line = std::string_view(source.text).substr(start);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) { line.remove_suffix(1); }
  return line;
}

int Sources::column(Mark mark) const {
  if (mark.line == 0) { return 0; }
  const std::string_view before = line(mark).substr(0, mark.octet);
  const auto continued =
      std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xC0) == 0x80; });
  return static_cast<int>(before.size()) - static_cast<int>(continued) + 1;
}

std::string Sources::directory(std::uint32_t source) const {
  // Overrides have no place of their own: they stand beside the main file, which is always the first source.
  const std::uint32_t at = kind(source) == Kind::kFile ? source : 0;
  return std::filesystem::path(name(at)).parent_path().string();
}

// --- Report ------------------------------------------------------------------------------------------------

void Report::add(Mark mark, std::string path, Fault fault) {
  put(mark, std::move(path), std::move(fault), false);
}

void Report::warn(Mark mark, std::string path, Fault fault) {
  put(mark, std::move(path), std::move(fault), true);
}

void Report::put(Mark mark, std::string path, Fault fault, bool is_warning) {
  if (is_full()) { return; }
  // A ${...} without a value was told already; what stands there instead is nobody's fault.
  if (mark.line != 0 && seen_.contains({mark.source, mark.line, mark.octet, Code::kVariable, {}})) { return; }
  // Things without a line of their own are told apart by their path.
  const bool by_place = mark.line != 0 && fault.code != Code::kMissing;
  if (!seen_.emplace(mark.source, mark.line, mark.octet, fault.code, by_place ? std::string() : path)
           .second) {
    return;
  }
  errors_count_ += is_warning ? 0 : 1;
  Problem problem;
  problem.file = sources_.name(mark.source);
  problem.line = static_cast<int>(mark.line);
  problem.column = sources_.column(mark);
  problem.path = std::move(path);
  problem.code = fault.code;
  problem.detail = std::move(fault.detail);
  problem.hint = std::move(fault.hint);
  problem.is_warning = is_warning;
  found_.push_back({mark, std::move(problem)});
}

void Report::hide(const Node& secret) {
  const std::string& text = sources_.text(secret.mark.source);
  std::uint32_t line = secret.mark.line;
  if (line == 0) { return; }
  hidden_.emplace(secret.mark.source, line);
  std::size_t at = sources_.offset(secret.mark);
  const auto step = [&] {
    if (text[at++] == '\n') { hidden_.emplace(secret.mark.source, ++line); }
  };
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    const char quote = text[at];
    step();
    const auto is_pair = [&] {  // an escape of "..." or a doubled quote of '...'
      if (at + 1 >= text.size()) { return false; }
      return quote == '"' ? text[at] == '\\' : text[at] == quote && text[at + 1] == quote;
    };
    while (at < text.size() && (is_pair() || text[at] != quote)) {
      if (is_pair()) { step(); }
      step();
    }
    return;
  }
  for (const char c : secret.text) {  // plain and block scalars hold their letters in order
    if (is_space(c)) { continue; }
    while (at < text.size() && text[at] != c) { step(); }
    if (at < text.size()) { step(); }
  }
}

void Report::show_line(Found& found) const {
  const std::string_view line = sources_.line(found.mark);
  if (found.mark.line == 0 || !shows_its_line(found.problem.code) || line.size() > kSourceLineMax ||
      (hidden_.contains({found.mark.source, found.mark.line}) && !ALDIS_MUTANT(80)) ||
      (found.problem.code != Code::kSecret && found.problem.code != Code::kSecretOpen &&
       smells_of_secret(line))) {
    return;
  }
  found.problem.source_line = line;
}

std::vector<Problem> Report::take() {
  std::stable_sort(found_.begin(), found_.end(), [&](const Found& a, const Found& b) {
    return std::tuple(sources_.kind(a.mark.source), a.mark.source, a.mark.line, a.mark.octet) <
           std::tuple(sources_.kind(b.mark.source), b.mark.source, b.mark.line, b.mark.octet);
  });
  std::vector<Problem> problems;
  problems.reserve(found_.size() + 1);
  for (auto& found : found_) {
    show_line(found);
    problems.push_back(std::move(found.problem));
  }
  if (problems.size() >= kProblemsMax) {
    Problem rest;
    rest.file = problems.front().file;
    rest.detail = "more than " + std::to_string(kProblemsMax) + " problems; the rest is not told";
    problems.push_back(std::move(rest));
  }
  found_.clear();
  return problems;
}

}  // namespace aldis::config
