// SPDX-License-Identifier: Apache-2.0
// A thread beside a Loop for work that blocks: the store's write and sync. Values go there and come back
// (STYLE rule 17).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "aldis/runtime/loop.hpp"
#include "aldis/runtime/task.hpp"

namespace aldis::runtime {

// Owns one thread and the ring of jobs before it. submit() on the loop's thread; jobs run one after the other
// on the worker's; what a job returns (its completion, may be empty) runs in a later turn of the loop, in the
// order of the jobs. Completions that are ready together arrive with one wake-up. A job that fails says so in
// its completion; one that throws ends the process. Its results must not outlive what they refer to: see the
// destructor. Not for short tasks: a job costs two thread switches.
class Worker {
 public:
  using Completion = Task<void()>;
  using Job = Task<Completion()>;

  // `jobs_max` counts the job in work and those waiting: 2 lets the next batch be prepared while one is
  // syncing. `niceness`, 0 to 19: how readily the thread gives way to all others.
  Worker(Loop& loop, std::string thread_name, std::size_t jobs_max = 2, int niceness = 0);
  // Runs what was submitted, then joins. Completions that did not run yet are dropped: ask in_work() first.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t in_work() const;  // jobs whose completion has not run yet
  void submit(Job job);                       // has_room() must hold

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aldis::runtime
