// SPDX-License-Identifier: Apache-2.0
// The texts that were read, and what is wrong in them. Owned by one load, on one thread.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "aldis/config/problem.hpp"
#include "config/node.hpp"

namespace aldis::config {

// Everything that values come from. Holds the text of files for carets; at most 16 MiB each.
class Sources {
 public:
  enum class Kind : std::uint8_t { kFile, kEnvironment, kCommandLine };  // in order of telling

  std::uint32_t add_file(std::string name, std::string text);
  std::uint32_t add_override(Kind kind, std::string name);

  [[nodiscard]] const std::string& name(std::uint32_t source) const { return sources_[source].name; }
  [[nodiscard]] const std::string& text(std::uint32_t source) const { return sources_[source].text; }
  [[nodiscard]] Kind kind(std::uint32_t source) const { return sources_[source].kind; }
  [[nodiscard]] std::string_view line(Mark mark) const;
  [[nodiscard]] std::size_t offset(Mark mark) const;  // of the mark in text()
  [[nodiscard]] int column(Mark mark) const;          // 1-based, in characters
  [[nodiscard]] std::string directory(
      std::uint32_t source) const;  // what relative paths of this source start at
  [[nodiscard]] std::size_t files_count() const { return files_count_; }

 private:
  struct Source {
    Kind kind;
    std::string name;
    std::string text;
    std::vector<std::size_t> line_starts;
  };
  std::vector<Source> sources_;
  std::size_t files_count_ = 0;
};

// What a value is refused for, before it has a place.
struct Fault {
  Code code = Code::kType;
  std::string detail;
  std::string hint;
};

// Collects problems. Two layers of one value (a default and the item it went into) are told once: by place
// and code. At most kProblemsMax are kept; the last one then says so.
class Report {
 public:
  static constexpr std::size_t kProblemsMax = 1000;

  explicit Report(const Sources& sources) : sources_(sources) {}

  void add(Mark mark, std::string path, Fault fault);
  void warn(Mark mark, std::string path, Fault fault);
  // A literal secret stands here: no line that it touches is ever shown.
  void hide(const Node& secret);
  [[nodiscard]] std::size_t errors_count() const { return errors_count_; }
  [[nodiscard]] bool is_full() const { return found_.size() >= kProblemsMax; }

  [[nodiscard]] std::vector<Problem> take();  // in order of place, with source lines

 private:
  struct Found {
    Mark mark;
    Problem problem;
  };
  void put(Mark mark, std::string path, Fault fault, bool is_warning);
  void show_line(Found& found) const;

  const Sources& sources_;
  std::vector<Found> found_;
  std::size_t errors_count_ = 0;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, Code, std::string>> seen_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> hidden_;  // source, line
};

}  // namespace aldis::config
