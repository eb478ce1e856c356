// SPDX-License-Identifier: Apache-2.0
// A directory with configuration files, made for one test and removed after it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "aldis/config/load.hpp"

namespace aldis::config {

class ConfigTree {
 public:
  ConfigTree() {
    std::string name = (std::filesystem::temp_directory_path() / "aldis-config-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) { throw std::runtime_error("mkdtemp"); }
    directory = name;
    options.path = at("aldisd.yaml");
    options.profile_dirs = {at("operators")};
  }
  ~ConfigTree() {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  ConfigTree(const ConfigTree&) = delete;
  ConfigTree& operator=(const ConfigTree&) = delete;

  [[nodiscard]] std::string at(const std::string& name) const { return directory + "/" + name; }

  void write(const std::string& name, const std::string& text, bool is_open = false) const {
    std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << text;
    using std::filesystem::perms;
    std::filesystem::permissions(
        at(name), perms::others_read,
        is_open ? std::filesystem::perm_options::add : std::filesystem::perm_options::remove);
  }

  // The main file is "schema_version: 1" and this.
  Loaded load(const std::string& text) {
    write("aldisd.yaml", "schema_version: 1\n" + text);
    return load_aldisd(options);
  }
  // What is told about it, without the directory and the summary.
  std::string told(const std::string& text) { return told(load(text)); }
  [[nodiscard]] std::string told(const Loaded& loaded) const {
    std::string out;
    for (const auto& problem : loaded.problems) { out += render(problem); }
    return without_directory(out);
  }
  [[nodiscard]] std::string without_directory(std::string text) const {
    const std::string prefix = directory + "/";
    for (std::size_t i = text.find(prefix); i != std::string::npos; i = text.find(prefix)) {
      text.erase(i, prefix.size());
    }
    return text;
  }

  std::string directory;
  LoadOptions options;
};

// The least one needs of each, so that a test shows only what it is about. Both end inside the item.
inline std::string account(const std::string& name = "acme") { return "accounts:\n  - name: " + name + "\n"; }
inline std::string operator_item(const std::string& name = "op-a") {
  return "operators:\n  - name: " + name +
         "\n    hosts: [\"127.0.0.1:2775\"]\n    system_id: aldis\n    password: secret\n";
}

}  // namespace aldis::config
