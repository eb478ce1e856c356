// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/worker.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "aldis/base/check.hpp"
#include "runtime/threads.hpp"

namespace aldis::runtime {

// Shared with the post on its way to the loop, which may arrive when the worker has gone.
struct Worker::Impl : std::enable_shared_from_this<Worker::Impl> {
  Impl(Loop& owner, std::size_t bound) : loop(owner), jobs_max(bound) {}

  Loop& loop;
  const std::size_t jobs_max;

  // The loop's thread only.
  std::size_t in_work = 0;
  bool alive = true;
  std::thread thread;

  // Both, under the mutex.
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;          // bounded by jobs_max
  std::vector<Completion> done;  // not fetched yet; bounded by jobs_max
  bool fetch_posted = false;     // the loop has been told of `done`
  bool stopping = false;

  void run() {
    std::unique_lock lock{mutex};
    for (;;) {
      changed.wait(lock, [this] { return stopping || !jobs.empty(); });
      if (!jobs.empty()) {
        Job job = std::move(jobs.front());
        jobs.pop_front();
        lock.unlock();
        Completion completion = job();
        job = {};
        lock.lock();
        done.push_back(std::move(completion));
        if (!std::exchange(fetch_posted, true)) { post_fetch(); }
      } else {
        return;
      }
    }
  }

  void post_fetch() {
    loop.post([self = shared_from_this()] { self->fetch(); });
  }

  // On the loop: everything that is done, in one go.
  void fetch() {
    std::vector<Completion> fetched;
    {
      const std::lock_guard lock{mutex};
      fetched.swap(done);
      fetch_posted = false;
    }
    for (Completion& completion : fetched) {
      if (!alive) { return; }  // a completion before this one destroyed the worker
      --in_work;
      if (completion) { completion(); }
    }
  }
};

Worker::Worker(Loop& loop, std::string thread_name, std::size_t jobs_max, int niceness)
    : impl_(std::make_shared<Impl>(loop, jobs_max)) {
  impl_->thread = start_thread(thread_name, [impl = impl_.get(), niceness] {
    give_way(niceness);
    impl->run();
  });
}

Worker::~Worker() {
  impl_->alive = false;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->stopping = true;
  }
  impl_->changed.notify_one();
  impl_->thread.join();
}

bool Worker::has_room() const { return impl_->in_work < impl_->jobs_max; }
std::size_t Worker::in_work() const { return impl_->in_work; }

void Worker::submit(Job job) {
  ALDIS_CHECK(has_room());
  ++impl_->in_work;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->jobs.push_back(std::move(job));
  }
  impl_->changed.notify_one();
}

}  // namespace aldis::runtime
