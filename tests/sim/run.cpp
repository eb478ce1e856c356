// SPDX-License-Identifier: Apache-2.0
#include "sim/run.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace aldis::sim {

namespace {

struct Child {
  pid_t pid = 0;
  int pipe = -1;
  World::Options options;
  std::string said;
};

void write_all(int fd, const void* octets, std::size_t size) {
  const char* at = static_cast<const char*>(octets);
  while (size > 0) {
    const ssize_t n = ::write(fd, at, size);
    if (n <= 0) { return; }
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

Child spawn(const World::Options& options) {
  int ends[2];
  if (::pipe(ends) != 0) { throw std::runtime_error("no pipe for a seed"); }
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) { throw std::runtime_error("no process for a seed"); }
  if (pid == 0) {
    ::close(ends[0]);
    const SeedOutcome outcome = run_here(options);
    write_all(ends[1], &outcome.figures, sizeof outcome.figures);
    write_all(ends[1], outcome.violation.data(), outcome.violation.size());
    std::fflush(nullptr);
    ::_exit(0);
  }
  ::close(ends[1]);
  return {pid, ends[0], options, {}};
}

SeedOutcome outcome_of(Child& child) {
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  ::close(child.pipe);
  SeedOutcome outcome;
  if (child.said.size() >= sizeof outcome.figures) {
    std::memcpy(&outcome.figures, child.said.data(), sizeof outcome.figures);
    outcome.violation = child.said.substr(sizeof outcome.figures);
  } else {
    outcome.figures.seed = child.options.seed;
    outcome.violation =
        "the process died, by " + (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                                       : "status " + std::to_string(WEXITSTATUS(status)));
  }
  return outcome;
}

}  // namespace

SeedOutcome run_here(const World::Options& options) {
  SeedOutcome outcome;
  World world{options};
  try {
    world.run();
  } catch (const Violation& violation) { outcome.violation = violation.what(); }
  auto& figures = outcome.figures;
  figures.seed = options.seed;
  figures.trace_hash = world.trace_hash();
  figures.simulated_s = std::chrono::duration<double>(world.simulated()).count();
  figures.lives = world.lives();
  figures.whole = true;
  figures.totals = world.ledger.totals();
  figures.fired = world.faults.fired();
  figures.coverage = world.coverage();
  return outcome;
}

void run_all(const std::function<bool(World::Options&)>& more, unsigned jobs,
             const std::function<void(const World::Options&, const SeedOutcome&)>& done) {
  std::vector<Child> children;
  bool left = true;
  while (left || !children.empty()) {
    World::Options options;
    while (left && children.size() < jobs) {
      left = more(options);
      if (left) { children.push_back(spawn(options)); }
    }
    if (children.empty()) { break; }
    std::vector<pollfd> waits;
    for (const auto& child : children) { waits.push_back({child.pipe, POLLIN, 0}); }
    if (::poll(waits.data(), waits.size(), -1) <= 0) { continue; }
    for (std::size_t i = children.size(); i-- > 0;) {
      if (waits[i].revents == 0) { continue; }
      char buffer[16384];
      const ssize_t n = ::read(children[i].pipe, buffer, sizeof buffer);
      if (n > 0) {
        children[i].said.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      const SeedOutcome outcome = outcome_of(children[i]);
      done(children[i].options, outcome);
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

}  // namespace aldis::sim
