// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/loop_thread.hpp"

#include <thread>
#include <utility>

#include "runtime/threads.hpp"

namespace aldis::runtime {

struct LoopThread::Impl {
  std::string name;
  Loop loop;
  std::thread thread;
};

LoopThread::LoopThread(std::string thread_name) : impl_(std::make_unique<Impl>()) {
  impl_->name = std::move(thread_name);
}
LoopThread::~LoopThread() { stop(); }

Loop& LoopThread::loop() { return impl_->loop; }

void LoopThread::start() {
  impl_->thread = start_thread(impl_->name, [this] { impl_->loop.run(); });
}

void LoopThread::stop() {
  if (!impl_->thread.joinable()) { return; }
  impl_->loop.stop();
  impl_->thread.join();
}

void LoopThread::finish() {
  if (!impl_->thread.joinable()) { return; }
  impl_->loop.post([this] { impl_->loop.stop(); });
  impl_->thread.join();
}

}  // namespace aldis::runtime
