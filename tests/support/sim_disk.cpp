// SPDX-License-Identifier: Apache-2.0
#include "support/sim_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "aldis/base/check.hpp"

namespace aldis::testing {
namespace {

ports::FileError error(int code, std::string_view verb, std::string_view name) {
  return {code, "cannot " + std::string{verb} + " " + std::string{name} + ": " + std::strerror(code)};
}

}  // namespace

class SimFile final : public ports::File {
 public:
  SimFile(SimDisk& disk, SimDisk::InodePtr inode, std::string name)
      : disk_(disk), inode_(std::move(inode)), name_(std::move(name)), epoch_(disk.epoch_) {}

  Result<void, ports::FileError> write_at(std::uint64_t offset, Octets octets) override {
    ALDIS_CHECK(epoch_ == disk_.epoch_);
    if (const auto code = disk_.operation()) {
      // Fails half way: some of it is in the file.
      disk_.write(*inode_, offset, octets.substr(0, octets.size() / 2));
      return error(*code, "write", name_);
    }
    const std::uint64_t end = offset + octets.size();
    const std::uint64_t grows = end > inode_->octets.size() ? end - inode_->octets.size() : 0;
    if (disk_.octets_used() + grows > disk_.capacity_) { return error(ENOSPC, "write", name_); }
    disk_.write(*inode_, offset, octets);
    return {};
  }

  Result<std::size_t, ports::FileError> read_at(std::uint64_t offset, std::size_t size,
                                                std::string& into) override {
    ALDIS_CHECK(epoch_ == disk_.epoch_);
    into.clear();
    if (offset < inode_->octets.size()) { into = inode_->octets.substr(offset, size); }
    return Result<std::size_t, ports::FileError>{boost::system::in_place_value, into.size()};
  }

  Result<void, ports::FileError> sync() override {
    ALDIS_CHECK(epoch_ == disk_.epoch_);
    if (const auto code = disk_.operation()) {
      inode_->dirty.clear();  // lost, and the kernel thinks they are clean
      return error(*code, "sync", name_);
    }
    for (const std::uint64_t sector : inode_->dirty) { SimDisk::store_sector(*inode_, sector); }
    inode_->dirty.clear();
    disk_.commits_ += std::exchange(inode_->told, false) ? 1u : 0u;
    return {};
  }

  [[nodiscard]] std::uint64_t size() const override { return inode_->octets.size(); }

 private:
  SimDisk& disk_;
  SimDisk::InodePtr inode_;
  std::string name_;
  std::uint64_t epoch_;
};

std::optional<int> SimDisk::operation() {
  const std::uint64_t n = operations_++;
  if (cut_at_ && n >= *cut_at_) { return EIO; }
  if (fail_at_ && n == *fail_at_) { return fail_code_; }
  return std::nullopt;
}

void SimDisk::fail_operation(std::uint64_t n, int code) {
  fail_at_ = operations_ + n;
  fail_code_ = code;
}

void SimDisk::write(Inode& inode, std::uint64_t offset, Octets octets) {
  if (octets.empty()) { return; }
  const std::uint64_t end = offset + octets.size();
  if (end > inode.octets.size()) { inode.octets.resize(end, '\0'); }
  const Octets first = octets.substr(0, kSector);
  inode.told = inode.told || first.find_first_not_of('\0') != Octets::npos;
  std::copy(octets.begin(), octets.end(), inode.octets.begin() + static_cast<std::ptrdiff_t>(offset));
  for (std::uint64_t sector = offset / kSector; sector * kSector < end; ++sector) {
    inode.dirty.insert(sector);
  }
}

void SimDisk::store_sector(Inode& inode, std::uint64_t sector) {
  const std::uint64_t begin = sector * kSector;
  const std::uint64_t end = std::min<std::uint64_t>(begin + kSector, inode.octets.size());
  if (end > inode.stored.size()) { inode.stored.resize(end, '\0'); }
  std::copy(inode.octets.begin() + static_cast<std::ptrdiff_t>(begin),
            inode.octets.begin() + static_cast<std::ptrdiff_t>(end),
            inode.stored.begin() + static_cast<std::ptrdiff_t>(begin));
}

Result<std::unique_ptr<ports::File>, ports::FileError> SimDisk::create(std::string_view name) {
  const std::string key{name};
  if (const auto code = operation()) { return error(*code, "create", name); }
  if (names_.contains(key)) { return error(EEXIST, "create", name); }
  auto inode = std::make_shared<Inode>();
  names_[key] = inode;
  name_changes_.push_back({"", key, inode});
  return std::unique_ptr<ports::File>(std::make_unique<SimFile>(*this, inode, key));
}

Result<std::unique_ptr<ports::File>, ports::FileError> SimDisk::open(std::string_view name) {
  const auto found = names_.find(std::string{name});
  if (found == names_.end()) { return error(ENOENT, "open", name); }
  return std::unique_ptr<ports::File>(std::make_unique<SimFile>(*this, found->second, found->first));
}

Result<void, ports::FileError> SimDisk::rename(std::string_view from, std::string_view to) {
  if (const auto code = operation()) { return error(*code, "rename", from); }
  auto node = names_.extract(std::string{from});
  if (node.empty()) { return error(ENOENT, "rename", from); }
  names_[std::string{to}] = node.mapped();
  name_changes_.push_back({std::string{from}, std::string{to}, node.mapped()});
  return {};
}

Result<void, ports::FileError> SimDisk::remove(std::string_view name) {
  if (const auto code = operation()) { return error(*code, "remove", name); }
  auto node = names_.extract(std::string{name});
  if (node.empty()) { return error(ENOENT, "remove", name); }
  name_changes_.push_back({std::string{name}, "", node.mapped()});
  return {};
}

Result<void, ports::FileError> SimDisk::sync_directory() {
  if (const auto code = operation()) { return error(*code, "sync", "the directory"); }
  stored_names_ = names_;
  name_changes_.clear();
  return {};
}

Result<std::vector<std::string>, ports::FileError> SimDisk::list() {
  std::vector<std::string> names;
  for (const auto& [name, inode] : names_) { names.push_back(name); }
  return names;
}

Result<ports::Space, ports::FileError> SimDisk::space() {
  const std::uint64_t used = octets_used();
  return ports::Space{capacity_ > used ? capacity_ - used : 0, capacity_};
}

std::uint64_t SimDisk::octets_used() const {
  std::uint64_t used = 0;
  for (const auto& [name, inode] : names_) { used += inode->octets.size(); }
  return used;
}

void SimDisk::crash(const Coin& coin) {
  for (const NameChange& change : name_changes_) {
    if (!coin()) { continue; }
    if (!change.from.empty()) {
      const auto found = stored_names_.find(change.from);
      if (found == stored_names_.end() || found->second != change.inode) { continue; }
      stored_names_.erase(found);
    }
    if (!change.to.empty()) { stored_names_[change.to] = change.inode; }
  }
  name_changes_.clear();
  names_ = stored_names_;
  for (auto& [name, inode] : names_) {
    for (const std::uint64_t sector : inode->dirty) {
      if (coin()) { store_sector(*inode, sector); }
    }
    inode->dirty.clear();
    inode->octets = inode->stored;
  }
  ++epoch_;
  fail_at_.reset();
  cut_at_.reset();
}

void SimDisk::kill() {
  ++epoch_;
  fail_at_.reset();
  cut_at_.reset();
}

const std::string& SimDisk::octets(const std::string& name) const { return names_.at(name)->octets; }

void SimDisk::overwrite(const std::string& name, std::uint64_t offset, Octets octets) {
  Inode& inode = *names_.at(name);
  ALDIS_CHECK(offset + octets.size() <= inode.stored.size());
  std::copy(octets.begin(), octets.end(), inode.octets.begin() + static_cast<std::ptrdiff_t>(offset));
  std::copy(octets.begin(), octets.end(), inode.stored.begin() + static_cast<std::ptrdiff_t>(offset));
}

void SimDisk::flip(const std::string& name, std::uint64_t offset, unsigned bit) {
  const auto flipped = static_cast<char>(u8(octets(name)[offset]) ^ (1u << bit));
  overwrite(name, offset, {&flipped, 1});
}

bool SimDisk::unsynced() const {
  return !name_changes_.empty() || std::any_of(names_.begin(), names_.end(), [](const auto& row) {
    return row.second->octets != row.second->stored;
  });
}

SimDisk SimDisk::copy() const {
  SimDisk other;
  std::map<const Inode*, InodePtr> copies;
  const auto copy_of = [&copies](const InodePtr& inode) {
    InodePtr& made = copies[inode.get()];
    if (!made) { made = std::make_shared<Inode>(*inode); }
    return made;
  };
  for (const auto& [name, inode] : names_) { other.names_[name] = copy_of(inode); }
  for (const auto& [name, inode] : stored_names_) { other.stored_names_[name] = copy_of(inode); }
  for (const NameChange& change : name_changes_) {
    other.name_changes_.push_back({change.from, change.to, copy_of(change.inode)});
  }
  other.capacity_ = capacity_;
  return other;
}

}  // namespace aldis::testing
