// SPDX-License-Identifier: Apache-2.0
// Worker without a thread: a job happens whole at an instant between its submission and its completion.
// Crashes within a job are the disk's: it cuts the power at an operation, and the completion never comes.
#include <deque>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/runtime/worker.hpp"
#include "sim/runtime/loop_impl.hpp"

namespace aldis::runtime {

struct Worker::Impl : std::enable_shared_from_this<Worker::Impl> {
  Impl(Loop::Impl& owner, std::size_t bound) : loop(owner), jobs_max(bound) {}

  Loop::Impl& loop;
  const std::size_t jobs_max;
  std::deque<Job> jobs;
  std::size_t in_work = 0;
  bool busy = false;

  void next() {
    if (busy || jobs.empty()) { return; }
    busy = true;
    sim::Host& host = loop.host;
    const Duration takes = host.store_takes();
    const Duration before = Duration{
        static_cast<Duration::rep>(host.chance.below(static_cast<std::uint64_t>(takes.count()) + 1))};
    host.events.after(before, shared_from_this(), [this, rest = takes - before] { work(rest); });
  }

  void work(Duration rest) {
    Job job = std::move(jobs.front());
    jobs.pop_front();
    auto completion = std::make_shared<Completion>(job());
    sim::Host& host = loop.host;
    if (host.store_died()) { return; }
    host.events.after(rest, shared_from_this(), [this, completion] {
      busy = false;
      loop.posts.emplace_back([self = weak_from_this(), completion] {
        const auto alive = self.lock();
        if (alive == nullptr) { return; }
        --alive->in_work;
        if (*completion) { (*completion)(); }
      });
      loop.wake();
      next();
    });
  }
};

Worker::Worker(Loop& loop, std::string, std::size_t jobs_max, int)
    : impl_(std::make_shared<Impl>(loop.impl(), jobs_max)) {}
Worker::~Worker() = default;

bool Worker::has_room() const { return impl_->in_work < impl_->jobs_max; }
std::size_t Worker::in_work() const { return impl_->in_work; }

void Worker::submit(Job job) {
  ALDIS_CHECK(has_room());
  ++impl_->in_work;
  impl_->jobs.push_back(std::move(job));
  impl_->next();
}

}  // namespace aldis::runtime
