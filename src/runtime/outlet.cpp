// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/outlet.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace aldis::runtime {

// What poll() calls writable takes PIPE_BUF octets without waiting, so write() is never stuck in the kernel.
void Outlet::write(std::string_view line) {
  while (!line.empty()) {
    if (!has_room()) { return; }
    const ssize_t taken = ::write(descriptor_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
    if (taken < 0 && (errno == EINTR || errno == EAGAIN)) { continue; }
    if (taken < 0) { return; }
    line.remove_prefix(static_cast<std::size_t>(taken));
  }
}

bool Outlet::has_room() {
  for (;;) {
    const bool hurried = hurried_;
    pollfd one{descriptor_, POLLOUT, 0};
    const int ready = ::poll(&one, 1, given_up_ ? 0 : static_cast<int>(look_.count()));
    if (ready > 0) { return true; }
    if (ready < 0 && errno != EINTR) { return false; }
    if (ready == 0 && hurried) { given_up_ = true; }
    if (given_up_) { return false; }
  }
}

void last_words(std::string_view line) {
  Outlet outlet{STDERR_FILENO};
  outlet.hurry();
  outlet.write(line);
}

}  // namespace aldis::runtime
