// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "aldis/core/settings.hpp"
#include "aldis/ingress/exports.hpp"
#include "aldis/runtime/worker.hpp"
#include "daemon/gateway.hpp"

namespace aldis::daemon {

// Makes exports, one after the other and a page of history at a time, on a thread that gives way, into files
// in the folder "exports" beside the journal; and reads them back. On the web thread, but for what Work does.
// kJobsMax of all accounts and kJobsPerAccount of one are kept; a file ends at kOctetsMax, and on a disk with
// less than a quarter free. The jobs of an earlier process are gone, with their files.
class Exports final : public ingress::ExportJobs {
 public:
  Exports(runtime::Loop& web, const Gateway& gateway, const Settings& settings, const std::string& history);
  ~Exports();
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  Result<ingress::ExportJob, api::Problem> start(const Now& now, ingress::ExportWish wish) override;
  std::optional<ingress::ExportJob> find(AccountId account, std::string_view id) override;
  bool remove(AccountId account, std::string_view id) override;
  void read(AccountId account, std::string_view id, std::uint64_t offset, std::size_t size,
            Piece piece) override;

  void stop();  // no further page

 private:
  static constexpr std::size_t kJobsMax = 100;
  static constexpr std::size_t kJobsPerAccount = 10;
  static constexpr std::size_t kReadsMax = 64;
  static constexpr int kNiceness = 15;
  struct Job {
    ingress::ExportJob shown;
    std::shared_ptr<const ingress::ExportWish> wish;
    std::optional<MessageId> after;
  };
  struct Step {  // what came of a page
    std::uint64_t rows = 0;
    std::uint64_t octets = 0;        // of the file, after it
    std::optional<MessageId> after;  // none: that was all
    std::string error;
  };
  class Work;

  Job* job_of(AccountId account, std::string_view id);
  void go_on();
  void took(const std::string& id, Step step);
  void drop(const std::string& id);
  void expire(const Now& now);

  runtime::Loop& web_;
  std::deque<Job> jobs_;  // in the order in which they were asked for
  bool busy_ = false;     // a page is being made
  bool stopping_ = false;
  runtime::Alarm alarm_;
  std::shared_ptr<Work> work_;
  runtime::Worker worker_;  // last: joined first
};

}  // namespace aldis::daemon
