// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/core/settings.hpp"
#include "aldis/history/follower.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/ports/metrics.hpp"
#include "aldis/runtime/posix_files.hpp"
#include "aldis/runtime/worker.hpp"
#include "daemon/gateway.hpp"

namespace aldis::daemon {

// Where the tables are: the folder beside the journal, unless the settings name another.
std::string history_directory(const Settings& settings);

// Drives the follower of the journal on a thread of its own, which gives way to all others: some steps at a
// time, when there is something new to read, and sooner when somebody waits for it. Tells the gateway what
// the journal must keep, and the web thread how far it is. On the engine thread, but for what Work does.
// Nothing of it can refuse a start or hold up a message: what fails is logged once a minute at most, shown in
// metrics, and tried again. On the journal's own disk it stands still while less than a quarter is free.
class History {
 public:
  struct Standing {  // what doors want to know
    Lsn reached{};   // all that was durable before it can be asked for
    Duration lag{};
    bool failing = false;  // it gets no further now
  };
  History(runtime::Loop& loop, Gateway& gateway, const Settings& settings, ports::Log& log);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  void start();
  void tell(std::function<void(const Standing&)> told);  // after each piece of work; set before start()
  void want(Lsn reached);                                // somebody waits for it: no pauses until then
  void finish();  // the loop stands still: what is durable is read, within kFinish, and synced
  void collect(ports::MetricReport& report) const;

 private:
  static constexpr Duration kPause = milliseconds{200};  // longer steps write fewer rows, and lag more
  static constexpr Duration kPauseWanted = milliseconds{15};
  static constexpr Duration kPauseIdle = seconds{1};
  static constexpr Duration kSlice = milliseconds{25};
  static constexpr Duration kFinish = seconds{2};
  static constexpr Duration kSayAgain = minutes{1};
  static constexpr int kNiceness = 15;

  struct Done {
    history::Standing standing;
    spool::SegmentNumber needed_from = 0;
    bool more = false;
  };
  class Work;

  void next(const Now& now);
  void take(const Now& now, const Done& done);
  void tell_error(const Now& now);
  [[nodiscard]] Duration lag(const Now& now) const;
  [[nodiscard]] bool has_read_all() const { return standing_.error.empty() && standing_.behind == 0; }

  runtime::Loop& loop_;
  Gateway& gateway_;
  ports::Log& log_;
  std::function<void(const Standing&)> told_;
  history::Standing standing_;
  Lsn asked_{};  // what was durable when the work that is going on began
  Instant asked_at_{};
  Lsn wanted_{};
  Instant started_at_{};
  Instant caught_up_at_ = kNever;  // then nothing was unread; kNever = not since the start
  bool failing_ = false;           // until it has caught up again
  std::string said_;
  Instant said_at_{};
  runtime::Alarm alarm_;
  std::shared_ptr<Work> work_;
  std::unique_ptr<runtime::Worker> worker_;  // last: joined first
};

}  // namespace aldis::daemon
