// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/worker.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "aldis/ports/files.hpp"
#include "unit/runtime/loop_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;

namespace {

// Holds a job until the test lets it go.
class Gate {
 public:
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace

TEST_CASE("jobs run one after the other on the worker, completions in their order on the loop") {
  TestLoop t;
  Worker worker{t.loop, "store", 2};
  std::vector<int> ran;        // by the worker; read after its completions came
  std::vector<int> completed;  // by the loop
  const auto loop_thread = std::this_thread::get_id();
  int next = 0;
  t.loop.at_turn_end([&](const Now&) {
    while (next < 500 && worker.has_room()) {
      worker.submit([&, number = std::make_unique<int>(next)]() -> Worker::Completion {
        ran.push_back(std::this_thread::get_id() != loop_thread ? *number : -1);
        return [&, n = *number] { completed.push_back(std::this_thread::get_id() == loop_thread ? n : -1); };
      });
      ++next;
    }
  });
  REQUIRE(t.run_until([&] { return completed.size() == 500; }));
  CHECK(std::is_sorted(completed.begin(), completed.end()));
  CHECK(completed.front() == 0);
  CHECK(ran == completed);
  CHECK(worker.in_work() == 0);
}

TEST_CASE("while one job is in work exactly one more may wait") {
  TestLoop t;
  Worker worker{t.loop, "store", 2};
  Gate gate;
  int done = 0;
  const auto job = [&]() -> Worker::Completion {
    gate.pass();
    return [&] { ++done; };
  };
  CHECK(worker.has_room());
  worker.submit(job);
  CHECK(worker.has_room());
  worker.submit(job);
  CHECK_FALSE(worker.has_room());
  gate.open();
  REQUIRE(t.run_until([&] { return done == 2; }));
  CHECK(worker.has_room());
}

TEST_CASE("a job's error arrives with its completion, and the jobs after it see that it came first") {
  TestLoop t;
  Worker worker{t.loop, "store", 2};
  bool failed = false;  // the worker's state
  std::vector<std::string> answers;
  for (int i = 0; i < 2; ++i) {
    worker.submit([&, i]() -> Worker::Completion {
      Result<void, ports::FileError> result;
      if (i == 0 || failed) {
        failed = true;
        result = ports::FileError{28, "cannot write 000001.seg: No space left on device"};
      }
      return [&, result] { answers.push_back(result ? "durable" : result.error().sentence); };
    });
  }
  REQUIRE(t.run_until([&] { return answers.size() == 2; }));
  CHECK(answers[0] == "cannot write 000001.seg: No space left on device");
  CHECK(answers[1] == answers[0]);
}

TEST_CASE("a worker that goes finishes its jobs and drops their completions") {
  TestLoop t;
  int ran = 0;
  bool completed = false;
  {
    Worker worker{t.loop, "store", 2};
    for (int i = 0; i < 2; ++i) {
      worker.submit([&]() -> Worker::Completion {
        ++ran;
        return [&] { completed = true; };
      });
    }
  }
  CHECK(ran == 2);
  bool turned = false;
  t.loop.post([&] { turned = true; });
  REQUIRE(t.run_until([&] { return turned; }));
  CHECK_FALSE(completed);
}
