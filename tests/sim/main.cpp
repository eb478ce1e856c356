// SPDX-License-Identifier: Apache-2.0
// The simulator's program: runs seeds, says what it found and how to see it again. tools/sim builds it.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <optional>
#include <sstream>

#include "aldis/base/mutant.hpp"
#include "sim/run.hpp"

namespace {

using namespace aldis;
using namespace aldis::sim;

constexpr const char* kAbout =
    R"(The whole gateway - daemon wiring, engine, ingress, egress, spool - in one simulated world per
seed: its own clock, network, disk, customers, operators and staff. The same seed gives the same trace.

Judged after every event or at the end, from what customers and operators saw:
  I1 every accepted message reaches an operator or an end
  I2 nothing is sent, told or numbered that nobody asked for; no state that nobody said
  I3 nothing is promised before a commit that can hold it
  I4 sent again only for a reason: refused, unanswered, lost, or forgotten with a process;
     at_most_once; in_doubt: fail; no send before a commit that can hold its lease
  I5 a verdict that was acknowledged to its operator is the one that the customer is told; a handset's text
     that was acknowledged reaches its owner, as it was
  I6 every end is told at least once, and not again once its acknowledgement is durable
  I7 a final state does not revert, but for EXPIRED and UNKNOWN; what query_sm or cancel_sm said stands
  I9 rate (and a twentieth of it, for tokens taken up to 50 ms before), window, sequence numbers at each
     operator
  I10 nothing is sent after its validity or its cancellation, nothing expires early
  I11 nothing of one account or operator reaches another, also when asked for by id
  I12 every start finds a good journal; recovering twice, also with a power cut in the first, finds what
     recovering once found; after a clean stop nothing is owed to the disk; spool's verify() finds no damage
     in the end
  I13 a bit that flips between two lives, where the journal proves itself durable, refuses the start by the
     name of its file, or the start finds exactly what stood there
  I14 live messages and orphans stay within their limits
  I15 drained within ten simulated minutes after all heals, or while a part a second goes; twenty more where a
      login was refused; then at most ten turns a second; while a message waits for its first try, no more of
      others goes to its operator than twice their fair shares
  I17 no text or password in the log
  I18 messages that came twice, without a reason that the operator gave, are flagged in the log
Not judged here: of I14 octets in buffers (unit tests do), I16 settings generations (there is no reload),
I8 (there is no charging), and of I10 suppression and suspension. Customers speak SMPP only.)";

struct Arguments {
  std::string seeds = "1..20";
  std::string shape = "swarm";
  std::optional<std::uint64_t> seed;
  std::string depth = "quick";
  std::string trace;
  std::string until;
  std::vector<std::string> without;
  std::string mutant;
  std::string commit;
  std::string command = "tools/sim";
  std::string replay;
  double minutes = 0;
  unsigned jobs = 1;
  bool twice = false;
  bool minimize = false;
  bool coverage = false;
  bool quiet = false;
  bool record = false;
};

constexpr const char* kRecords = "docs/reliability/sim.jsonl";  // tools/sim starts us where that is

std::optional<Shape> shape_of(const std::string& name) {
  for (const Shape shape : {Shape::kCalm, Shape::kRain, Shape::kStorm, Shape::kSwarm}) {
    if (name_of(shape) == name) { return shape; }
  }
  return std::nullopt;
}

std::string command_for(const World::Options& options) {
  std::string command =
      "tools/sim --seed " + std::to_string(options.seed) + " --shape " + std::string{name_of(options.shape)};
  for (const Fault fault : options.without) { command += " --without " + std::string{name_of(fault)}; }
  return command;
}

// Lines of tests/sim/regressions.txt: seed, shape, and what it found.
std::vector<World::Options> regressions(const std::string& path, const World::Options& base) {
  std::vector<World::Options> all;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    World::Options options = base;
    std::string shape;
    if (line.empty() || line.front() == '#' || !(words >> options.seed >> shape)) { continue; }
    const auto known = shape_of(shape);
    if (!known) { throw std::runtime_error(path + ": no shape is called " + shape); }
    options.shape = *known;
    all.push_back(options);
  }
  if (all.empty()) { throw std::runtime_error(path + " has no seeds"); }
  return all;
}

class Report {
 public:
  explicit Report(const Arguments& arguments) : arguments_(arguments) {}

  void add(const World::Options& options, const SeedOutcome& outcome) {
    const auto& f = outcome.figures;
    ++seeds_;
    simulated_s_ += f.simulated_s;
    lives_ += f.lives;
    sent_ += f.totals.sent;
    accepted_ += f.totals.accepted;
    duplicates_ += f.totals.duplicates;
    for (std::size_t i = 0; i < kFaults; ++i) {
      fired_[i] += f.fired[i];
      for (std::size_t s = 0; s < World::kStages; ++s) { coverage_[i][s] += f.coverage[i][s]; }
    }
    if (outcome.held() && arguments_.quiet) { return; }
    std::printf("seed %llu %s %016llx %6.0f s %3u lives %6llu accepted %6llu sent %s\n",
                static_cast<unsigned long long>(options.seed), std::string{name_of(options.shape)}.c_str(),
                static_cast<unsigned long long>(f.trace_hash), f.simulated_s, f.lives,
                static_cast<unsigned long long>(f.totals.accepted),
                static_cast<unsigned long long>(f.totals.sent),
                outcome.held() ? "PASS" : ("FAIL " + outcome.violation).c_str());
    if (!outcome.held()) {
      ++failed_;
      std::printf("  again: %s\n", command_for(options).c_str());
    }
    std::fflush(stdout);
  }

  void fail(const std::string& sentence) {
    ++failed_;
    std::printf("FAIL %s\n", sentence.c_str());
  }

  int finish(double seconds) const {
    std::printf("faults fired:");
    for (std::size_t i = 0; i < kFaults; ++i) {
      std::printf(" %s=%llu", std::string{name_of(static_cast<Fault>(i))}.c_str(),
                  static_cast<unsigned long long>(fired_[i]));
    }
    std::printf("\n");
    if (arguments_.coverage) { print_coverage(); }
    std::printf(
        "%llu seeds, %llu failed; %.2f simulated hours, %llu lives of the gateway, %llu messages accepted, "
        "%llu parts sent, %llu of them in doubt again; %.1f s, %.0f seeds a minute\n",
        static_cast<unsigned long long>(seeds_), static_cast<unsigned long long>(failed_),
        simulated_s_ / 3600, static_cast<unsigned long long>(lives_),
        static_cast<unsigned long long>(accepted_), static_cast<unsigned long long>(sent_),
        static_cast<unsigned long long>(duplicates_), seconds,
        static_cast<double>(seeds_) * 60 / std::max(seconds, 0.001));
    return failed_ == 0 ? 0 : 1;
  }

  // A failed run stays in the record.
  void record(std::FILE* out) const {
    char date[32];
    const std::time_t now = std::time(nullptr);
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
    std::uint64_t faults = 0;
    std::string by_kind;
    for (std::size_t i = 0; i < kFaults; ++i) {
      faults += fired_[i];
      by_kind += by_kind.empty() ? "\"" : ", \"";
      by_kind += name_of(static_cast<Fault>(i));
      by_kind += "\": ";
      by_kind += std::to_string(fired_[i]);
    }
    std::fprintf(
        out,
        "{\"commit\": \"%s\", \"date\": \"%s\", \"command\": \"%s\", \"seeds\": %llu, \"simulated_hours\": "
        "%.2f, \"faults\": %llu, \"fired\": {%s}, \"crashes\": %llu, \"accepted\": %llu, \"failed\": %llu, "
        "\"verdict\": \"%s\"}\n",
        arguments_.commit.c_str(), date, arguments_.command.c_str(), static_cast<unsigned long long>(seeds_),
        simulated_s_ / 3600, static_cast<unsigned long long>(faults), by_kind.c_str(),
        static_cast<unsigned long long>(lives_ - seeds_), static_cast<unsigned long long>(accepted_),
        static_cast<unsigned long long>(failed_), failed_ == 0 ? "passed" : "failed");
    std::fclose(out);
  }

  [[nodiscard]] bool failed() const { return failed_ > 0; }

 private:
  void print_coverage() const {
    std::printf("%-28s", "fault while a message was:");
    for (std::size_t s = 0; s < World::kStages; ++s) { std::printf(" %12s", World::stage_name(s)); }
    std::printf("\n");
    for (std::size_t i = 0; i < kFaults; ++i) {
      std::printf("%-28s", std::string{name_of(static_cast<Fault>(i))}.c_str());
      for (std::size_t s = 0; s < World::kStages; ++s) {
        std::printf(" %12llu", static_cast<unsigned long long>(coverage_[i][s]));
      }
      std::printf("\n");
    }
  }

  const Arguments& arguments_;
  std::uint64_t seeds_ = 0, failed_ = 0, lives_ = 0, sent_ = 0, accepted_ = 0, duplicates_ = 0;
  double simulated_s_ = 0;
  std::array<std::uint64_t, kFaults> fired_{};
  std::array<std::array<std::uint64_t, World::kStages>, kFaults> coverage_{};
};

// The failing seed again, without one class of faults after the other, as long as the same rule breaks.
void minimize(World::Options options, const std::string& violation, unsigned jobs) {
  const std::string rule = violation.substr(0, violation.find(':'));
  std::vector<Fault> needed;
  for (std::size_t i = 0; i < kFaults; ++i) {
    World::Options less = options;
    less.without.push_back(static_cast<Fault>(i));
    bool given = false;
    bool same = false;
    run_all(
        [&](World::Options& next) {
          next = less;
          return !std::exchange(given, true);
        },
        jobs,
        [&](const World::Options&, const SeedOutcome& outcome) {
          same = !outcome.held() && outcome.violation.substr(0, outcome.violation.find(':')) == rule;
        });
    if (same) {
      options = less;
    } else {
      needed.push_back(static_cast<Fault>(i));
    }
  }
  std::printf("needs:");
  for (const Fault fault : needed) { std::printf(" %s", std::string{name_of(fault)}.c_str()); }
  std::printf("\n  again: %s\n", command_for(options).c_str());
}

int run(const Arguments& arguments) {
  World::Options base;
  const auto shape = shape_of(arguments.shape);
  if (!shape) {
    std::fprintf(stderr, "sim: no shape is called %s\n", arguments.shape.c_str());
    return 2;
  }
  base.shape = *shape;
  for (const auto& name : arguments.without) {
    for (std::size_t i = 0; i < kFaults; ++i) {
      if (name_of(static_cast<Fault>(i)) == name) { base.without.push_back(static_cast<Fault>(i)); }
    }
  }
  base.length = arguments.depth == "long" ? 4 : 1;
  base.coverage = arguments.coverage;
  if (!arguments.until.empty()) {
    base.until = seconds{0} + Duration{static_cast<Duration::rep>(std::stod(arguments.until) * 1e9)};
  }
  if (!arguments.trace.empty()) {
    base.trace = std::fopen(arguments.trace.c_str(), "w");
    if (base.trace == nullptr) {
      std::fprintf(stderr, "sim: cannot write %s\n", arguments.trace.c_str());
      return 2;
    }
  }
  std::FILE* records = arguments.record ? std::fopen(kRecords, "a") : nullptr;
  if (arguments.record && records == nullptr) {  // said now, not after the hours that it takes
    std::fprintf(stderr, "sim: cannot write %s here\n", kRecords);
    return 2;
  }
  std::vector<World::Options> listed;
  if (!arguments.replay.empty()) { listed = regressions(arguments.replay, base); }
  std::size_t replayed = 0;
  std::uint64_t next = 0;
  std::uint64_t last = 0;
  if (arguments.seed) {
    next = last = *arguments.seed;
  } else {
    const auto dots = arguments.seeds.find("..");
    next = std::stoull(arguments.seeds);
    last = dots == std::string::npos ? next : std::stoull(arguments.seeds.substr(dots + 2));
  }
  const auto began = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  Report report{arguments};
  std::optional<std::pair<World::Options, std::string>> first_failed;
  std::map<std::uint64_t, std::uint64_t> hashes;
  bool second = false;
  const bool mutant = !arguments.mutant.empty();
  run_all(
      [&](World::Options& options) {
        if (next > last || (arguments.minutes > 0 && elapsed() > arguments.minutes * 60) ||
            (mutant && report.failed())) {
          return false;
        }
        if (!listed.empty()) {
          if (replayed == listed.size()) { return false; }
          options = listed[replayed++];
          return true;
        }
        options = base;
        options.seed = next;
        // One seed in a thousand, and all with --twice, must give the same trace again.
        const bool again = arguments.twice || next % 1000 == 0;
        if (again && !std::exchange(second, !second)) { return true; }
        second = false;
        ++next;
        return true;
      },
      arguments.jobs,
      [&](const World::Options& options, const SeedOutcome& outcome) {
        const auto [known, fresh] = hashes.emplace(options.seed, outcome.figures.trace_hash);
        if (!fresh && known->second != outcome.figures.trace_hash) {
          report.fail("seed " + std::to_string(options.seed) + " ran twice and left two different traces");
        }
        report.add(options, outcome);
        if (!outcome.held() && !first_failed) { first_failed.emplace(options, outcome.violation); }
      });
  const int status = report.finish(elapsed());
  if (records != nullptr) { report.record(records); }
  if (first_failed && arguments.minimize) { minimize(first_failed->first, first_failed->second, 1); }
  if (mutant) {
    std::printf("mutant %s %s\n", arguments.mutant.c_str(), first_failed ? "caught" : "SURVIVES");
    return first_failed ? 0 : 1;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kAbout};
  Arguments arguments;
  app.add_option("--seeds", arguments.seeds, "A..B")->capture_default_str();
  CLI::Option* seed = app.add_option("--seed", arguments.seed, "one seed");
  app.add_option("--shape", arguments.shape, "calm, rain, storm, swarm")->capture_default_str();
  app.add_option("--jobs", arguments.jobs, "processes at a time")->capture_default_str();
  app.add_option("--depth", arguments.depth, "quick, or long: four times the time with faults")
      ->check(CLI::IsMember({"quick", "long"}));
  app.add_option("--minutes", arguments.minutes, "no new seed after so many");
  app.add_option("--without", arguments.without, "a class of faults to leave out; several times");
  app.add_option("--trace", arguments.trace, "every event of the seed, to this file");
  app.add_option("--until", arguments.until, "stop at so many simulated seconds");
  CLI::Option* mutant = app.add_option("--mutant", arguments.mutant,
                                       "stop at the first seed that catches it; needs -DALDIS_MUTANTS=ON");
  CLI::Option* replay =
      app.add_option("--replay", arguments.replay, "the seeds of this file, as tests/sim/regressions.txt");
  app.add_flag("--record", arguments.record, "add the run to docs/reliability/sim.jsonl")
      ->excludes(seed)  // what is known already is no figure
      ->excludes(mutant)
      ->excludes(replay);
  app.add_option("--commit", arguments.commit)->group("");  // tools/sim knows it; not in the help
  app.add_flag("--twice", arguments.twice, "each seed twice: the trace must be the same");
  app.add_flag("--minimize", arguments.minimize, "find the faults that the first failing seed needs");
  app.add_flag("--coverage", arguments.coverage, "how often each fault met each stage of a message's life");
  app.add_flag("--quiet", arguments.quiet, "print failing seeds only");
  CLI11_PARSE(app, argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::string_view{argv[i]} == "--commit") {
      ++i;
    } else {
      arguments.command.append(" ").append(argv[i]);
    }
  }
  if (!mutants::choose(arguments.mutant.empty() ? nullptr : arguments.mutant.c_str())) {
    std::fprintf(stderr, "sim: this build has no mutant %s\n", arguments.mutant.c_str());
    return 2;
  }
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sim: %s\n", error.what());
    return 2;
  }
}
