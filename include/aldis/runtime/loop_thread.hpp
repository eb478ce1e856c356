// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "aldis/runtime/loop.hpp"

namespace aldis::runtime {

// A Loop on a thread of its own. What lives on the loop is made before start() or by post(), and destroyed
// after stop().
class LoopThread {
 public:
  explicit LoopThread(std::string thread_name);
  ~LoopThread();  // as stop()
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  [[nodiscard]] Loop& loop();
  void start();
  void stop();    // the turn in work is finished, then the thread is joined; harmless when it does not run
  void finish();  // the same, but what was posted until now runs before, and its output is flushed

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::runtime
