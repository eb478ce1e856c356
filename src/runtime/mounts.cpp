// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/mounts.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace aldis::runtime {
namespace {

struct Mount {
  std::string point;
  std::string_view file_system;
  std::string_view options;        // of the mount
  std::string_view super_options;  // of the file system
};

std::string_view next_word(std::string_view& line) {
  const auto end = line.find(' ');
  const auto word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

// Spaces, tabs, newlines and backslashes stand there as \040 and the like.
std::string unescaped(std::string_view word) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto is_octal = [&](std::size_t at) { return word[at] >= '0' && word[at] <= '7'; };
    if (word[i] == '\\' && i + 3 < word.size() && is_octal(i + 1) && is_octal(i + 2) && is_octal(i + 3)) {
      out.push_back(
          static_cast<char>((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(word[i]);
    }
  }
  return out;
}

// "36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue"
std::optional<Mount> mount_of(std::string_view line) {
  Mount mount;
  const auto end = line.find(" - ");
  if (end == std::string_view::npos) { return std::nullopt; }
  auto head = line.substr(0, end);
  auto tail = line.substr(end + 3);
  for (int skipped = 0; skipped < 4; ++skipped) { next_word(head); }
  mount.point = unescaped(next_word(head));
  mount.options = next_word(head);
  mount.file_system = next_word(tail);
  next_word(tail);
  mount.super_options = next_word(tail);
  if (mount.point.empty() || mount.file_system.empty()) { return std::nullopt; }
  return mount;
}

bool covers(std::string_view point, std::string_view path) {
  if (point == "/") { return path.starts_with('/'); }
  return path.starts_with(point) && (path.size() == point.size() || path[point.size()] == '/');
}

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const auto end = options.find(',');
    if (options.substr(0, end) == wanted) { return true; }
    options.remove_prefix(end == std::string_view::npos ? options.size() : end + 1);
  }
  return false;
}

std::optional<std::string> reason_against(const Mount& mount) {
  static constexpr std::array kFileSystems = {
      std::pair{"tmpfs", "it lies in memory: a restart of the machine loses it"},
      std::pair{"ramfs", "it lies in memory: a restart of the machine loses it"},
      std::pair{"overlay", "it is a container's own layer: it goes with the container"},
      std::pair{"aufs", "it is a container's own layer: it goes with the container"},
      std::pair{"nfs", "when a server says that it stored something depends on that server"},
      std::pair{"nfs4", "when a server says that it stored something depends on that server"},
      std::pair{"cifs", "when a server says that it stored something depends on that server"},
      std::pair{"smb3", "when a server says that it stored something depends on that server"},
      std::pair{"9p", "when a server says that it stored something depends on that server"},
  };
  static constexpr std::array kOptions = {"barrier=0", "nobarrier", "barrier=none"};
  for (const auto& [name, reason] : kFileSystems) {
    if (mount.file_system == name) { return reason; }
  }
  for (const char* option : kOptions) {
    if (has_option(mount.options, option) || has_option(mount.super_options, option)) {
      return std::string{"it is mounted with "} + option +
             ": a disk with a cache of its own loses what was synced";
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<MountDoubt> doubt_of(std::string_view mountinfo, std::string_view path) {
  std::optional<Mount> covering;
  while (!mountinfo.empty()) {
    const auto end = mountinfo.find('\n');
    auto mount = mount_of(mountinfo.substr(0, end));
    mountinfo.remove_prefix(end == std::string_view::npos ? mountinfo.size() : end + 1);
    if (!mount || !covers(mount->point, path)) { continue; }
    // Of two mounts on one point the later one is seen.
    if (!covering || mount->point.size() >= covering->point.size()) { covering = std::move(mount); }
  }
  if (!covering) { return std::nullopt; }
  auto reason = reason_against(*covering);
  if (!reason) { return std::nullopt; }
  return MountDoubt{covering->point, std::string{covering->file_system}, std::move(*reason)};
}

std::optional<MountDoubt> mount_doubt(const std::string& path) {
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  if (failed) { return std::nullopt; }
  std::ifstream file{"/proc/self/mountinfo"};
  const std::string mountinfo{std::istreambuf_iterator<char>{file}, {}};
  return doubt_of(mountinfo, real.native());
}

}  // namespace aldis::runtime
