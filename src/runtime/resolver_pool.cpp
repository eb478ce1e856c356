// SPDX-License-Identifier: Apache-2.0
#include "runtime/resolver_pool.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "runtime/addresses.hpp"
#include "runtime/threads.hpp"

namespace aldis::runtime {

Resolved resolve_by_system(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (code != 0) { return {boost::system::in_place_error, ::gai_strerror(code)}; }
  std::vector<IpAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (const auto address = ip_of(*one->ai_addr)) { addresses.push_back(*address); }
  }
  ::freeaddrinfo(found);
  return addresses;
}

struct ResolverPool::Shared {
  struct Question {
    std::string name;
    std::function<void(Resolved)> found;
  };

  FetchSettings::Resolve resolve;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Question> waiting;
  bool stopping = false;
  // With ask(): how many threads may still be started, and how many have nothing to do.
  unsigned threads_left = 0;
  std::size_t idle = 0;

  void run() {
    std::unique_lock lock{mutex};
    for (;;) {
      ++idle;
      changed.wait(lock, [this] { return stopping || !waiting.empty(); });
      --idle;
      if (stopping) { return; }
      Question question = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      Resolved got = resolve(question.name);
      lock.lock();
      // Under the lock: who destroys the pool knows that nothing is called back afterwards.
      if (!stopping) { question.found(std::move(got)); }
    }
  }
};

ResolverPool::ResolverPool(FetchSettings::Resolve resolve, unsigned threads)
    : shared_(std::make_shared<Shared>()) {
  shared_->resolve = resolve ? std::move(resolve) : FetchSettings::Resolve{resolve_by_system};
  shared_->threads_left = std::max(threads, 1u);
}

ResolverPool::~ResolverPool() {
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->stopping = true;
    shared_->waiting.clear();
  }
  shared_->changed.notify_all();
}

void ResolverPool::ask(std::string name, std::function<void(Resolved)> found) {
  bool more = false;
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->waiting.push_back({std::move(name), std::move(found)});
    more = shared_->waiting.size() > shared_->idle && shared_->threads_left > 0;
    if (more) { --shared_->threads_left; }
  }
  if (more) {
    start_thread("resolver", [shared = shared_] { shared->run(); }).detach();
  } else {
    shared_->changed.notify_one();
  }
}

}  // namespace aldis::runtime
