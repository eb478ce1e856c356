// SPDX-License-Identifier: Apache-2.0
#include "daemon/exports.hpp"

#include <algorithm>
#include <utility>

#include "aldis/base/octet_text.hpp"
#include "aldis/history/reader.hpp"
#include "aldis/runtime/posix_files.hpp"
#include "aldis/runtime/secrets.hpp"

namespace aldis::daemon {

using namespace ingress;

namespace {
constexpr std::size_t kRowsPerStep = 500;
constexpr std::uint64_t kOctetsMax = 8ull << 30;
constexpr std::uint64_t kStepsMax = 200'000'000;  // for a page: some twenty seconds, which a stop may wait
constexpr double kFreeAtLeast = 0.25;
constexpr std::size_t kIdOctets = 16;

std::string file_of(const std::string& id) { return "job-" + id + ".export"; }
}  // namespace

// What is touched on the thread of exports only.
class Exports::Work {
 public:
  Work(const Gateway& gateway, const Settings& settings, const std::string& history)
      : directory_(gateway.directory()),
        ids_(gateway.public_ids()),
        path_(settings.storage.path + "/exports"),
        disk_budget_(settings.limits.disk_budget),
        reader_(history, kStepsMax) {}

  void open() {
    auto opened = runtime::PosixFiles::open_directory(path_);
    if (opened.has_error()) { return; }  // each job tells it
    files_ = std::move(*opened);
    const auto left = files_->list();
    if (left.has_error()) { return; }
    for (const auto& name : *left) {
      if (name.ends_with(".export")) { static_cast<void>(files_->remove(name)); }
    }
  }

  Step step(const std::string& id, const ExportWish& wish, std::optional<MessageId> after,
            std::uint64_t octets) {
    Step done;
    done.octets = octets;
    if (!files_) { open(); }
    if (!files_) {
      done.error = "the folder for exports cannot be used";
      return done;
    }
    const auto page = reader_.list(wish.filter, history::Order::kOldestFirst, after, kRowsPerStep);
    if (page.has_error()) {
      const bool too_much = page.error() == history::Reader::kTooLong;
      done.error = too_much ? "it looks at too many messages: narrow it" : "history cannot be read now";
      return done;
    }
    const Now now = runtime::read_clocks();
    std::string text = after ? std::string{} : export_head(wish);
    for (const auto& row : page->rows) { append_export_row(now, wish, row, directory_, ids_, text); }
    done.error = write(id, octets, text, !page->next);
    if (!done.error.empty()) { remove(id); }
    done.rows = page->rows.size();
    done.octets = octets + text.size();
    if (done.error.empty()) { done.after = page->next; }
    return done;
  }

  std::optional<std::string> read(const std::string& id, std::uint64_t offset, std::size_t size) {
    if (!files_) { return std::nullopt; }
    auto file = files_->open(file_of(id));
    std::string piece;
    if (file.has_error() || (*file)->read_at(offset, size, piece).has_error()) { return std::nullopt; }
    return piece;
  }
  void remove(const std::string& id) {
    if (files_) { static_cast<void>(files_->remove(file_of(id))); }
  }

 private:
  // Empty, or what went wrong.
  std::string write(const std::string& id, std::uint64_t offset, const std::string& text, bool last) {
    const auto space = files_->space();
    if (space.has_value() && space->octets_total > 0) {
      const auto whole = static_cast<double>(std::min(disk_budget_, space->octets_total));
      if (static_cast<double>(space->octets_free) < kFreeAtLeast * whole) {
        return "less than a quarter of the disk is free";
      }
    }
    if (offset + text.size() > kOctetsMax) { return "it would be larger than 8 GiB: ask for less"; }
    auto file = offset == 0 ? files_->create(file_of(id)) : files_->open(file_of(id));
    if (file.has_error()) { return "its file cannot be written"; }
    if ((*file)->write_at(offset, text).has_error()) { return "its file cannot be written"; }
    if (last && (*file)->sync().has_error()) { return "its file cannot be written"; }
    return {};
  }

  const Directory& directory_;
  const PublicIds& ids_;
  const std::string path_;
  const std::uint64_t disk_budget_;
  history::Reader reader_;
  std::unique_ptr<runtime::PosixFiles> files_;
};

Exports::Exports(runtime::Loop& web, const Gateway& gateway, const Settings& settings,
                 const std::string& history)
    : web_(web),
      alarm_(web, [this](const Now& now) { expire(now); }),
      work_(std::make_shared<Work>(gateway, settings, history)),
      worker_(web, "aldis-export", kReadsMax + 2, kNiceness) {
  worker_.submit([work = work_] {
    work->open();
    return runtime::Worker::Completion{};
  });
}

Exports::~Exports() = default;

Result<ExportJob, api::Problem> Exports::start(const Now& now, ExportWish wish) {
  expire(now);
  const auto own = std::count_if(jobs_.begin(), jobs_.end(),
                                 [&](const Job& job) { return job.shown.account == wish.account; });
  if (static_cast<std::size_t>(own) >= kJobsPerAccount) {
    return api::Problem{api::Code::kOverloaded, "an account has at most 10 exports; remove one"};
  }
  if (jobs_.size() >= kJobsMax) {
    return api::Problem{api::Code::kOverloaded, "there are too many exports; try again later"};
  }
  Job& job = jobs_.emplace_back();
  job.shown.id = hex_of(runtime::random_octets(kIdOctets));
  job.shown.account = wish.account;
  job.shown.format = wish.format;
  job.shown.created_at = now.wall;
  job.wish = std::make_shared<const ExportWish>(std::move(wish));
  go_on();
  return job.shown;
}

Exports::Job* Exports::job_of(AccountId account, std::string_view id) {
  const auto at = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& job) {
    return job.shown.account == account && job.shown.id == id;
  });
  return at == jobs_.end() ? nullptr : &*at;
}

std::optional<ExportJob> Exports::find(AccountId account, std::string_view id) {
  expire(web_.now());
  const Job* job = job_of(account, id);
  return job == nullptr ? std::nullopt : std::optional{job->shown};
}

bool Exports::remove(AccountId account, std::string_view id) {
  if (job_of(account, id) == nullptr) { return false; }
  drop(std::string{id});
  return true;
}

// A page that is being made for it writes into a file without a name.
void Exports::drop(const std::string& id) {
  std::erase_if(jobs_, [&](const Job& job) { return job.shown.id == id; });
  if (worker_.in_work() >= kReadsMax) { return; }  // its file goes with the next start
  worker_.submit([work = work_, id] {
    work->remove(id);
    return runtime::Worker::Completion{};
  });
}

void Exports::read(AccountId account, std::string_view id, std::uint64_t offset, std::size_t size,
                   Piece piece) {
  const Job* job = job_of(account, id);
  if (job == nullptr || job->shown.state != ExportJob::State::kDone || worker_.in_work() >= kReadsMax) {
    return web_.post([this, piece = std::move(piece)] { piece(web_.now(), std::nullopt); });
  }
  worker_.submit(
      [this, work = work_, id = std::string{id}, offset, size, piece = std::move(piece)]() mutable {
        return runtime::Worker::Completion{
            [this, octets = work->read(id, offset, size), piece = std::move(piece)]() mutable {
              piece(web_.now(), std::move(octets));
            }};
      });
}

void Exports::go_on() {
  if (busy_ || stopping_) { return; }
  const auto next = std::find_if(jobs_.begin(), jobs_.end(), [](const Job& job) {
    return job.shown.state == ExportJob::State::kQueued || job.shown.state == ExportJob::State::kRunning;
  });
  if (next == jobs_.end()) { return; }
  busy_ = true;
  next->shown.state = ExportJob::State::kRunning;
  worker_.submit([this, work = work_, id = next->shown.id, wish = next->wish, after = next->after,
                  octets = next->shown.octets] {
    return runtime::Worker::Completion{
        [this, id, step = work->step(id, *wish, after, octets)] { took(id, step); }};
  });
}

void Exports::took(const std::string& id, Step step) {
  busy_ = false;
  const auto at =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& job) { return job.shown.id == id; });
  if (at == jobs_.end()) {  // removed meanwhile, and its file may have come back
    drop(id);
    return go_on();
  }
  at->shown.rows += step.rows;
  at->shown.octets = step.octets;
  at->after = step.after;
  at->shown.error = std::move(step.error);
  const bool failed = !at->shown.error.empty();
  if (failed || !at->after) {
    at->shown.state = failed ? ExportJob::State::kFailed : ExportJob::State::kDone;
    at->shown.ended_at = web_.now().wall;
    alarm_.set(web_.now().mono + kKept + seconds{1});
  }
  go_on();
}

void Exports::expire(const Now& now) {
  std::vector<std::string> old;
  for (const Job& job : jobs_) {
    if (job.shown.ended_at != WallTime{} && job.shown.ended_at + kKept <= now.wall) {
      old.push_back(job.shown.id);
    }
  }
  for (const auto& id : old) { drop(id); }
  if (!jobs_.empty()) { alarm_.set(now.mono + hours{1}); }
}

void Exports::stop() { stopping_ = true; }

}  // namespace aldis::daemon
