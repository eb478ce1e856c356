// SPDX-License-Identifier: Apache-2.0
#include "daemon/restore_guard.hpp"

#include <algorithm>
#include <string>

#include "aldis/base/mutant.hpp"
#include "aldis/spool/generation.hpp"

namespace aldis::daemon {

namespace {

constexpr std::string_view kMark = "restore-unconfirmed";
constexpr std::string_view kReport = "restore-report.jsonl";

// Names of accounts and operators are words without quotes or control characters (config).
std::string line_of(const Message& message, const Directory& names, const PublicIds& ids) {
  const auto uncertain = std::count_if(message.parts.begin(), message.parts.end(), [](const Part& part) {
    return part.status == Status::kSending || part.status == Status::kUncertain;
  });
  const auto& account = names.account(message.account);
  std::string line = R"({"message_id":")";
  line.append(ids.format(PublicId{message.public_id, message.short_id}, account.smpp.message_id).view());
  line.append(R"(","account":")").append(account.name);
  line.append(R"(","operator":")");
  if (message.op != kNoOperator) { line.append(names.op(message.op).name); }
  line.append(R"(","accepted_at":)")
      .append(std::to_string(message.accepted_at.time_since_epoch() / seconds{1}));
  line.append(R"(,"parts":)").append(std::to_string(message.parts.size()));
  line.append(R"(,"parts_uncertain":)").append(std::to_string(uncertain));
  return line.append("}\n");
}

}  // namespace

Result<bool, ports::FileError> RestoreGuard::exists(std::string_view name) {
  const auto files = directory_.list();
  if (files.has_error()) { return files.error(); }
  return {boost::system::in_place_value, std::find(files->begin(), files->end(), name) != files->end()};
}

Result<void, ports::FileError> RestoreGuard::replace(std::string_view name, std::string_view text) {
  const auto there = exists(name);
  if (there.has_error()) { return there.error(); }
  if (*there) {
    if (auto done = directory_.remove(name); done.has_error()) { return done; }
  }
  auto file = directory_.create(name);
  if (file.has_error()) { return file.error(); }
  if (auto done = (*file)->write_at(0, text); done.has_error()) { return done; }
  if (auto done = (*file)->sync(); done.has_error()) { return done; }
  return directory_.sync_directory();
}

Result<std::uint32_t, ports::FileError> RestoreGuard::generation(std::uint64_t journal_id,
                                                                 std::uint32_t newest) {
  journal_id_ = journal_id;
  if (mirror_ != nullptr) {
    const auto seen = spool::read_generation(*mirror_, journal_id);
    if (seen.has_error()) { return seen.error(); }
    seen_ = seen->value_or(0);
  }
  generation_ = std::max(newest, seen_) + 1;
  const auto marked = exists(kMark);
  if (marked.has_error()) { return marked.error(); }
  const bool older = seen_ > newest && !ALDIS_MUTANT(86);
  if (said_ == Restore::kConfirmed) {
    if (*marked) {
      if (auto done = directory_.remove(kMark); done.has_error()) { return done.error(); }
      if (auto done = directory_.sync_directory(); done.has_error()) { return done.error(); }
    }
    return {boost::system::in_place_value, generation_};
  }
  held_ = *marked || older || said_ == Restore::kRestored;
  if (held_ && !*marked) {
    if (auto done = replace(kMark, "see restore-report.jsonl; aldisd --restore-confirmed sends it\n");
        done.has_error()) {
      return done.error();
    }
  }
  return {boost::system::in_place_value, generation_};
}

Result<void, ports::FileError> RestoreGuard::started() {
  if (mirror_ == nullptr) { return {}; }
  return spool::write_generation(*mirror_, journal_id_, generation_);
}

Result<std::uint64_t, ports::FileError> RestoreGuard::write_report(engine::Restored& restored,
                                                                   const Directory& names,
                                                                   const PublicIds& ids) {
  std::uint64_t count = 0;
  std::string text;
  restored.visit_all([&](const Message& message) {
    const bool open = std::any_of(message.parts.begin(), message.parts.end(), [](const Part& part) {
      return part.status == Status::kQueued || part.status == Status::kScheduled ||
             part.status == Status::kSending || part.status == Status::kUncertain;
    });
    if (!open || is_final(message.status)) { return; }
    if (++count <= kReportLinesMax) { text.append(line_of(message, names, ids)); }
  });
  if (auto done = replace(kReport, text); done.has_error()) { return done.error(); }
  return {boost::system::in_place_value, count};
}

}  // namespace aldis::daemon
