// SPDX-License-Identifier: Apache-2.0
#include "config/outside.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace aldis::config {

namespace fs = std::filesystem;

namespace {
using Text = Result<std::string, Unreadable>;
constexpr std::size_t kPieceOctets = 4096;  // the first; most files are no larger
Text found(std::string text) { return Text(boost::system::in_place_value, std::move(text)); }

// Editors end the last line; some with CR and LF.
void cut_newline(std::string& text) {
  if (!text.ends_with('\n')) { return; }
  text.pop_back();
  if (text.ends_with('\r')) { text.pop_back(); }
}
}  // namespace

Result<std::string, Unreadable> read_file(const std::string& path, std::size_t octets_max) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) { return Unreadable{error.message()}; }
  if (fs::is_directory(status)) { return Unreadable{std::generic_category().message(EISDIR)}; }
  if (!fs::is_regular_file(status)) { return Unreadable{"not a regular file"}; }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) { return Unreadable{std::generic_category().message(errno == 0 ? EIO : errno)}; }
  std::string text;
  for (std::size_t piece = kPieceOctets; stream && text.size() <= octets_max; piece *= 2) {
    const std::size_t before = text.size();
    text.resize(before + piece);
    stream.read(text.data() + before, static_cast<std::streamsize>(piece));
    text.resize(before + static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) { return Unreadable{std::generic_category().message(EIO)}; }
  if (text.size() > octets_max) { return Unreadable{fmt::format("larger than {} KiB", octets_max >> 10)}; }
  return found(std::move(text));
}

bool is_readable_by_others(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return !error && (status.permissions() & fs::perms::others_read) != fs::perms::none;
}

std::string Outside::absolute(const std::string& path, const std::string& directory) {
  return (fs::path(directory) / path).lexically_normal().string();
}

Result<std::string, Unreadable> Outside::file(const std::string& path, const std::string& directory) const {
  auto text = read_file(absolute(path, directory), kSecretOctetsMax);
  if (!text) { return Unreadable{fmt::format("cannot read {}: {}", path, text.error().why)}; }
  cut_newline(*text);
  return text;
}

Result<std::string, Unreadable> Outside::credential(const std::string& name) const {
  const auto directory = environment_.find("CREDENTIALS_DIRECTORY");
  if (directory == environment_.end()) {
    return Unreadable{fmt::format("cannot read cred {}: CREDENTIALS_DIRECTORY is not set", name)};
  }
  if (name.empty() || name.find('/') != std::string::npos) {
    return Unreadable{fmt::format("cannot read cred {}: not a name", name)};
  }
  auto text =
      read_file(absolute(fmt::format("{}{}", credential_prefix_, name), directory->second), kSecretOctetsMax);
  if (!text) { return Unreadable{fmt::format("cannot read cred {}: {}", name, text.error().why)}; }
  cut_newline(*text);
  return text;
}

std::string_view unfit_for_secret(std::string_view text) {
  if (text.empty()) { return "it is empty"; }
  if (text.find('\0') != std::string_view::npos) { return "it has an octet 0, which no password can hold"; }
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    return "it has more than one line; a secret is one line";
  }
  return {};
}

Result<std::string, Unreadable> Outside::variable(const std::string& name) const {
  const auto variable = environment_.find(name);
  if (variable == environment_.end()) { return Unreadable{fmt::format("{} is not set", name)}; }
  return found(variable->second);
}

namespace {

bool is_variable_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) { return false; }
  for (const char c : name) {
    if (!fits(c)) { return false; }
  }
  return true;
}

class Substitution {
 public:
  Substitution(const Outside& outside, const Sources& sources, Report& report)
      : outside_(outside), sources_(sources), report_(report) {}

  void walk(Node& node, const Path& path) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      walk(node.items[i], Path::item(path, node.items[i], i, true));
    }
    for (auto& entry : node.entries) {
      if (!is_comment_key(entry.key)) { walk(entry.value, Path(path, entry.key)); }
    }
    if (node.is_scalar() && node.text.find('$') != std::string::npos) { scalar(node, path); }
  }

 private:
  void scalar(Node& node, const Path& path) {
    std::string text;
    const std::string_view from = node.text;
    bool changed = false;
    for (std::size_t i = 0; i < from.size();) {
      if (from[i] != '$' || i + 1 == from.size() || (from[i + 1] != '$' && from[i + 1] != '{')) {
        text += from[i++];
        continue;
      }
      changed = true;
      if (from[i + 1] == '$') {
        text += '$';
        i += 2;
        continue;
      }
      const std::size_t end = from.find('}', i);
      if (end == std::string_view::npos) {
        report_.add(node.mark, path.text(), {Code::kVariable, "${ without }", {}});
        return;
      }
      auto value = resolve(std::string(from.substr(i + 2, end - i - 2)), node.mark);
      if (!value) {
        report_.add(node.mark, path.text(), {Code::kVariable, value.error().why, {}});
        return;
      }
      text += *value;
      i = end + 1;
    }
    if (!changed) { return; }
    node.text = std::move(text);
    node.substituted = true;
  }

  Result<std::string, Unreadable> resolve(const std::string& inner, Mark mark) const {
    if (inner.starts_with("file:")) {
      return outside_.file(inner.substr(5), sources_.directory(mark.source));
    }
    if (inner.starts_with("cred:")) { return outside_.credential(inner.substr(5)); }
    const std::size_t split = inner.find(":-");
    const std::string name = inner.substr(0, split);
    if (!is_variable_name(name)) {
      return Unreadable{"${...} needs NAME, NAME:-default, file:PATH or cred:NAME"};
    }
    auto value = outside_.variable(name);
    if (!value && split != std::string::npos) { return found(inner.substr(split + 2)); }
    return value;
  }

  const Outside& outside_;
  const Sources& sources_;
  Report& report_;
};

}  // namespace

void substitute(Node& root, const Outside& outside, const Sources& sources, Report& report) {
  Substitution(outside, sources, report).walk(root, Path());
}

}  // namespace aldis::config
