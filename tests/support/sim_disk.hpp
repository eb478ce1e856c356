// SPDX-License-Identifier: Apache-2.0
// A directory in memory that forgets like a disk: what was not synced survives a crash in any subset of
// 512-octet sectors and of directory operations. Operations can be made to fail, and space to end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aldis/ports/files.hpp"

namespace aldis::testing {

// Owns the octets. Called by one thread: the code under test through ports::Files, the test through the rest.
// Limits: one directory, no links. Not for measuring: writes cost a memcpy, syncs a set.
class SimDisk final : public ports::Files {
 public:
  static constexpr std::uint64_t kSector = 512;
  using Coin = std::function<bool()>;  // true = this sector, or this directory operation, survives

  Result<std::unique_ptr<ports::File>, ports::FileError> create(std::string_view name) override;
  Result<std::unique_ptr<ports::File>, ports::FileError> open(std::string_view name) override;
  Result<void, ports::FileError> rename(std::string_view from, std::string_view to) override;
  Result<void, ports::FileError> remove(std::string_view name) override;
  Result<void, ports::FileError> sync_directory() override;
  Result<std::vector<std::string>, ports::FileError> list() override;
  Result<ports::Space, ports::FileError> space() override;

  // Power is cut and comes back: files opened before are dead. `coin` decides for each unsynced thing in a
  // fixed order.
  void crash(const Coin& coin);
  // The process dies, the kernel lives: files opened before are dead, what was written is still to be synced.
  void kill();
  // Syncs that stored something other than zeros: what a journal calls a commit.
  [[nodiscard]] std::uint64_t commits() const { return commits_; }

  // The n-th operation that changes or syncs something from now on (0 = the next one) fails with `code`. A
  // sync that fails forgets what it should have stored, as Linux does: the octets stay readable until the
  // crash and are clean.
  void fail_operation(std::uint64_t n, int code);
  void fail_nothing() { fail_at_.reset(); }
  [[nodiscard]] bool failed() const { return fail_at_ && operations_ > *fail_at_; }  // since the last crash
  // From the n-th such operation on, everything fails as if power were gone: crash() must follow.
  void cut_power_at(std::uint64_t n) { cut_at_ = operations_ + n; }
  [[nodiscard]] bool power_was_cut() const { return cut_at_ && operations_ > *cut_at_; }
  [[nodiscard]] std::uint64_t operations() const { return operations_; }

  void set_capacity(std::uint64_t octets) { capacity_ = octets; }    // ENOSPC beyond
  [[nodiscard]] bool is_full() const { return capacity_ != ~0ull; }  // or soon will be
  [[nodiscard]] std::uint64_t octets_used() const;

  [[nodiscard]] const std::string& octets(const std::string& name) const;
  void overwrite(const std::string& name, std::uint64_t offset,
                 Octets octets);  // on the medium, behind all backs
  void flip(const std::string& name, std::uint64_t offset, unsigned bit);
  // Power would lose something; also what a failed sync forgot.
  [[nodiscard]] bool unsynced() const;
  [[nodiscard]] bool contains(const std::string& name) const { return names_.contains(name); }
  [[nodiscard]] SimDisk copy()
      const;  // of what is there; the copy's files have nothing unsynced but what these had

 private:
  friend class SimFile;
  struct Inode {
    std::string octets;             // as the kernel shows it
    std::string stored;             // as the medium has it
    std::set<std::uint64_t> dirty;  // sectors
    bool told = false;              // something other than zeros was written since the last sync
  };
  using InodePtr = std::shared_ptr<Inode>;
  struct NameChange {
    std::string from;  // empty = created
    std::string to;    // empty = removed
    InodePtr inode;
  };

  std::optional<int> operation();  // counts it; the code with which it fails
  void write(Inode& inode, std::uint64_t offset, Octets octets);
  static void store_sector(Inode& inode, std::uint64_t sector);

  std::map<std::string, InodePtr> names_;
  std::map<std::string, InodePtr> stored_names_;
  std::vector<NameChange> name_changes_;
  std::uint64_t epoch_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t commits_ = 0;
  std::optional<std::uint64_t> fail_at_;
  int fail_code_ = 0;
  std::optional<std::uint64_t> cut_at_;
  std::uint64_t capacity_ = ~0ull;
};

}  // namespace aldis::testing
