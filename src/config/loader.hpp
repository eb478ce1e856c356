// SPDX-License-Identifier: Apache-2.0
// Loading for any program whose rows are given: files, includes, profiles, defaults, environment, command
// line, in the order of precedence, and every problem at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aldis/config/load.hpp"
#include "config/outside.hpp"
#include "config/reader.hpp"
#include "config/schema.hpp"

namespace aldis::config {

inline constexpr std::size_t kFilesMax = 1000;

class Loader {
 public:
  Loader(const Program& program, const LoadOptions& options);

  // Fills `settings` (what the program's rows are rows of) and says what is wrong.
  struct Result {
    std::vector<Problem> problems;
    std::size_t files_count = 0;
    bool ok = false;
  };
  Result load(void* settings);

 private:
  std::optional<Node> file(const Rows& rows, const std::string& path);
  void includes(Node& root);
  void include(Node& root, const std::string& path);
  void overrides(Node& root);
  void layers(Node& root);
  void layer(Node& root, const Layer& layer);
  const Node* profile(const Row& list_row, const std::string& name, Mark mark, const std::string& path);
  void profile_missing(const std::string& name, Mark mark, const std::string& path);
  Result finished();

  const Program& program_;
  const LoadOptions& options_;
  Outside outside_;
  Sources sources_;
  Report report_{sources_};
  Reader reader_{sources_, outside_, report_};
  std::vector<std::string> profile_dirs_;
  std::map<std::string, std::unique_ptr<Node>> profiles_;  // null = not there, told once per place
  bool is_broken_ = false;  // a file could not be taken in: what follows would mislead
};

}  // namespace aldis::config
