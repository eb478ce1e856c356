// SPDX-License-Identifier: Apache-2.0
#include <boost/container_hash/hash.hpp>
#include <utility>
#include <vector>

#include "aldis/telemetry/log.hpp"
#include "telemetry/line.hpp"

namespace aldis::telemetry {
namespace {

using ports::LogLevel;

constexpr Duration kWindow = seconds{1};
constexpr std::size_t kPairsMax = 1024;
constexpr std::string_view kOtherPeers = "_other";

// "203.0.113.7:51514" and "[2001:db8::1]:51514" without the port: each connection of a peer has another one.
std::string_view address_of(std::string_view peer) {
  if (!peer.empty() && peer.front() == '[') { return peer.substr(0, peer.find(']') + 1); }
  const auto colon = peer.find(':');
  return colon == peer.rfind(':') ? peer.substr(0, colon) : peer;
}

std::string_view peer_of(std::initializer_list<ports::LogField> fields) {
  for (const auto& field : fields) {
    if (field.key != "peer") { continue; }
    if (const auto* words = std::get_if<std::string_view>(&field.value)) { return *words; }
  }
  return {};
}

}  // namespace

struct HeldLines {
  std::size_t hash = 0;
  Instant since;  // of the last line written
  std::uint64_t count = 0;
  LogLevel level = LogLevel::kInfo;  // of the last line held
  std::string event;
  std::string peer;
};

// Who was given a line within the last second, and how many were held back since.
class EventLog::PeerLimit {
 public:
  // The count to write with this line, or nothing: the line is held back.
  std::optional<std::uint64_t> admit(Instant now, LogLevel level, std::string_view event,
                                     std::string_view peer) {
    HeldLines* pair = find(event, peer);
    if (pair == nullptr && pairs_.size() >= kPairsMax) {
      peer = kOtherPeers;
      pair = find(event, peer);
    }
    if (pair == nullptr) {
      pairs_.push_back({hash_of(event, peer), now, 0, level, std::string{event}, std::string{peer}});
      return 0;
    }
    if (now - pair->since < kWindow) {
      ++pair->count;
      pair->level = level;
      return std::nullopt;
    }
    pair->since = now;
    return std::exchange(pair->count, 0);
  }

  // Calls report(pair) for every count whose second is over; what it reports counts as a line.
  template <class Report>
  void sweep(Instant now, Report&& report) {
    if (now < sweep_at_) { return; }
    sweep_at_ = now + kWindow;
    for (std::size_t i = 0; i < pairs_.size();) {
      HeldLines& pair = pairs_[i];
      if (now - pair.since < kWindow) {
        ++i;
      } else if (pair.count > 0) {
        report(std::as_const(pair));
        pair.count = 0;
        pair.since = now;
        ++i;
      } else {
        if (i + 1 != pairs_.size()) { pair = std::move(pairs_.back()); }
        pairs_.pop_back();
      }
    }
  }

  template <class Report>
  void report_all(Report&& report) {
    for (const HeldLines& pair : pairs_) {
      if (pair.count > 0) { report(pair); }
    }
    pairs_.clear();
  }

 private:
  static std::size_t hash_of(std::string_view event, std::string_view peer) {
    std::size_t seed = boost::hash_range(event.begin(), event.end());
    boost::hash_combine(seed, boost::hash_range(peer.begin(), peer.end()));
    return seed;
  }

  HeldLines* find(std::string_view event, std::string_view peer) {
    const std::size_t hash = hash_of(event, peer);
    for (HeldLines& pair : pairs_) {
      if (pair.hash == hash && pair.event == event && pair.peer == peer) { return &pair; }
    }
    return nullptr;
  }

  std::vector<HeldLines> pairs_;
  Instant sweep_at_{};
};

EventLog::EventLog(LogQueue& queue, Clock clock)
    : queue_(queue), clock_(std::move(clock)), limit_(std::make_unique<PeerLimit>()) {}

EventLog::~EventLog() {
  const WallTime at = clock_().wall;
  limit_->report_all([&](const HeldLines& held) { write_held(at, held); });
}

void EventLog::write(LogLevel level, std::string_view event, std::initializer_list<ports::LogField> fields) {
  if (!queue_.enabled(level)) { return; }
  const Now now = clock_();
  std::uint64_t suppressed = 0;
  if (const auto peer = address_of(peer_of(fields)); !peer.empty()) {
    const auto admitted = limit_->admit(now.mono, level, event, peer);
    if (!admitted) { return; }
    suppressed = *admitted;
  }
  sweep_at(now);
  line_.clear();
  append_line(line_, {queue_.options().format, queue_.options().colour}, now.wall, level, event, fields,
              suppressed);
  queue_.enqueue(now.wall, level, line_);
}

void EventLog::sweep() { sweep_at(clock_()); }

void EventLog::sweep_at(const Now& now) {
  limit_->sweep(now.mono, [&](const HeldLines& held) { write_held(now.wall, held); });
}

void EventLog::write_held(WallTime at, const HeldLines& held) {
  line_.clear();
  append_line(line_, {queue_.options().format, queue_.options().colour}, at, held.level, held.event,
              {{"peer", std::string_view{held.peer}}}, held.count);
  queue_.enqueue(at, held.level, line_);
}

}  // namespace aldis::telemetry
