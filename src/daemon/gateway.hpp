// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aldis/core/settings.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/files.hpp"
#include "aldis/ports/log.hpp"
#include "aldis/ports/metrics.hpp"
#include "aldis/runtime/loop.hpp"
#include "aldis/spool/format.hpp"
#include "daemon/restore_guard.hpp"

namespace aldis::daemon {

class WebBridge;

// The gateway without its process: replays the journal, makes engine, edges and store, opens the SMPP doors,
// and stops in order. Owned by Daemon, which adds what a process has (directory and lock, signals, log queue,
// web thread), and by the simulator, which has its own loop, disk and network behind the same headers. On the
// loop's thread. open() refuses with a sentence and an exit code; a journal that cannot be written any more
// is told to `fail_stop`, which must not return (CONTRACT D12). Not for a second start: one object is one
// life.
class Gateway {
 public:
  struct Setup {  // all outlive the gateway
    const Settings& settings;
    runtime::Loop& loop;
    ports::Log& log;
    ports::Random& random;
    ports::Files& directory;         // holds the installation's key
    ports::Files& journal;           // holds the segments
    ports::Files* mirror = nullptr;  // tells old copies; null = there is none
    Restore restore = Restore::kNotSaid;
    std::function<void(const ports::FileError&)> fail_stop;
    bool history = false;                    // somebody follows the journal: see history_needs()
    std::function<double()> memory_share{};  // resident, of limits.memory_max; empty = not measured
  };
  struct Refused {
    std::string sentence;
    int exit_code = 0;
  };

  explicit Gateway(Setup setup);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Storage, engine, edges and listeners, in this order; nothing is connected or sent yet.
  [[nodiscard]] std::optional<Refused> open();
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> addresses() const;  // listener, real address
  void start();                                                                      // connects the links

  // For doors on another thread. The directory and the ids may be read from there; events are given on the
  // gateway's own, where `bridge` hears the answers.
  [[nodiscard]] const Directory& directory() const;
  [[nodiscard]] const PublicIds& public_ids() const;
  [[nodiscard]] EventSink& events();
  void connect(WebBridge* bridge);
  void visit_stored(const std::function<void(const Stored&)>& visit) const;

  // For who follows the journal.
  [[nodiscard]] std::uint64_t journal_id() const;
  [[nodiscard]] std::uint64_t segment_octets() const;
  [[nodiscard]] Lsn durable() const;
  void history_needs(spool::SegmentNumber from);  // what is before it need not be kept for history

  // No new requests, answers for what is open, unbind, last sync; then the loop is stopped.
  void begin_stop(const Now& now);
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] bool held() const;  // restored data: nothing is sent until staff confirms it

  void collect(const Now& now, ports::MetricReport& report);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::daemon
