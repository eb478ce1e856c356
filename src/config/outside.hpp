// SPDX-License-Identifier: Apache-2.0
// What a configuration names outside its own text: files, environment, credentials; and the ${...} that pulls
// them in. Reads files at load time only; remembers nothing.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aldis/base/result.hpp"
#include "config/node.hpp"
#include "config/report.hpp"

namespace aldis::config {

inline constexpr std::size_t kSecretOctetsMax = 64u << 10;

struct Unreadable {
  std::string why;
};

// The text of a regular file, or why not ("No such file or directory").
Result<std::string, Unreadable> read_file(const std::string& path, std::size_t octets_max);
// Why a text that was to be a secret cannot be one; empty when it can. Two passwords in one file, or a key in
// its place, would be sent as they are and refused by the peer with a status that names nothing.
std::string_view unfit_for_secret(std::string_view text);
bool is_readable_by_others(const std::string& path);

class Outside {
 public:
  Outside(const std::map<std::string, std::string>& environment, std::string_view credential_prefix)
      : environment_(environment), credential_prefix_(credential_prefix) {}

  // One trailing newline, LF or CR LF, is cut. `directory`: what relative paths start at. The error says what
  // could not be read.
  [[nodiscard]] Result<std::string, Unreadable> file(const std::string& path,
                                                     const std::string& directory) const;
  [[nodiscard]] Result<std::string, Unreadable> credential(const std::string& name) const;
  [[nodiscard]] Result<std::string, Unreadable> variable(const std::string& name) const;
  [[nodiscard]] static std::string absolute(const std::string& path, const std::string& directory);

 private:
  const std::map<std::string, std::string>& environment_;
  std::string_view credential_prefix_;
};

// Replaces ${NAME}, ${NAME:-default}, ${file:PATH}, ${cred:NAME} and $$ in all scalar values; one pass, and
// never read as YAML again. Keys and what stands below x- keys stay as they are.
void substitute(Node& root, const Outside& outside, const Sources& sources, Report& report);

}  // namespace aldis::config
