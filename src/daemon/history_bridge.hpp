// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aldis/history/reader.hpp"
#include "aldis/ingress/history_calls.hpp"
#include "aldis/runtime/loop.hpp"
#include "aldis/runtime/worker.hpp"
#include "daemon/history.hpp"

namespace aldis::daemon {

// Answers what doors ask of history: waits until it has what is asked for, then lets the reader look, one
// question after the other, on a thread that may wait for the disk. On the web thread. Bounded: past
// kQuestionsMax an answer says kBusy. Lives until both loops stand still.
class HistoryBridge final : public ingress::HistoryCalls {
 public:
  // `history`: null when it is switched off; used on the engine's thread, as `gateway` is.
  HistoryBridge(runtime::Loop& web, runtime::Loop& engine, Gateway& gateway, History* history,
                const std::string& directory);
  ~HistoryBridge();
  HistoryBridge(const HistoryBridge&) = delete;
  HistoryBridge& operator=(const HistoryBridge&) = delete;

  void ask(ingress::HistoryCall call, Duration patience, Answer answer) override;

 private:
  static constexpr std::size_t kQuestionsMax = 64;
  static constexpr int kNiceness = 5;
  struct Question {
    std::uint64_t number = 0;
    ingress::HistoryCall call;
    Answer answer;
    Lsn target{};  // zero: not known yet
    Instant until{};
  };

  void ask_what_is_durable(std::uint64_t number);
  void told(const History::Standing& standing);
  void look_at_waiting(const Now& now);
  void look_up(Question&& question, bool caught_up);
  void say(const Answer& answer, ingress::HistoryAnswer::Kind kind);

  runtime::Loop& web_;
  runtime::Loop& engine_;
  Gateway& gateway_;
  History* history_;
  std::shared_ptr<history::Reader> reader_;
  History::Standing standing_;
  std::vector<Question> waiting_;
  std::uint64_t numbers_ = 0;
  runtime::Alarm alarm_;
  runtime::Worker worker_;  // last: joined first
};

}  // namespace aldis::daemon
