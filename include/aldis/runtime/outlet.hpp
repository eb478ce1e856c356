// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <string_view>

namespace aldis::runtime {

// Lines for somebody who may have stopped reading: a pipe to a log collector, a terminal. Does not own the
// descriptor. write() waits for room, on the thread whose work that is, and nobody else waits for it; after
// hurry() a line that finds no room for `look` is let go, and so are all behind it that would have to wait.
// Fails by letting go: there is nobody left to be told. Not for files that matter.
class Outlet {
 public:
  static constexpr std::chrono::milliseconds kLook{500};

  explicit Outlet(int descriptor, std::chrono::milliseconds look = kLook)
      : descriptor_(descriptor), look_(look) {}

  void write(std::string_view line);  // one thread at a time
  void hurry() { hurried_ = true; }   // any thread

 private:
  [[nodiscard]] bool has_room();

  int descriptor_;
  std::chrono::milliseconds look_;
  std::atomic<bool> hurried_{false};
  bool given_up_ = false;
};

// One line on standard error for a process that is about to end, whoever reads there or not.
void last_words(std::string_view line);

}  // namespace aldis::runtime
