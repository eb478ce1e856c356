// SPDX-License-Identifier: Apache-2.0
#include "runtime/threads.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

namespace aldis::runtime {

std::thread start_thread(const std::string& name, Task<void()> body) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits it
  std::thread thread{std::move(body)};
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
  return thread;
}

void give_way(int niceness) {
  if (niceness > 0) { ::setpriority(PRIO_PROCESS, 0, niceness); }  // to give way is always allowed
}

}  // namespace aldis::runtime
