// SPDX-License-Identifier: Apache-2.0
// What one account may and what it has used.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "admission/patterns.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/settings.hpp"

namespace aldis::admission {

// Tokens that may be borrowed: what is taken beyond them delays the answer. rate 0 = no limit.
class Bucket {
 public:
  void configure(Instant now, double rate, double burst) {
    advance(now);
    tokens_ = rate_ == 0 ? burst : std::min(tokens_, burst);  // first use starts full
    rate_ = rate;
    burst_ = burst;
    at_ = now;
  }
  // A full bucket lends any amount, so that no size is refused for ever.
  [[nodiscard]] bool lends(Instant now, double amount, Duration debt_max) {
    if (rate_ == 0) { return true; }
    advance(now);
    return tokens_ + kSlack >= burst_ ||
           tokens_ - amount + kSlack >= -rate_ * static_cast<double>(debt_max.count()) * 1e-9;
  }
  // Returns how long until what was taken is there.
  Duration take(double amount) {
    if (rate_ == 0) { return {}; }
    tokens_ -= amount;
    return tokens_ >= -kSlack ? Duration{}
                              : Duration{static_cast<Duration::rep>(std::ceil(-tokens_ / rate_ * 1e9))};
  }

 private:
  static constexpr double kSlack = 1e-6;  // sums of doubles

  void advance(Instant now) {
    if (now <= at_) { return; }
    tokens_ = std::min(burst_, tokens_ + rate_ * static_cast<double>((now - at_).count()) * 1e-9);
    at_ = now;
  }

  double rate_ = 0;
  double burst_ = 0;
  double tokens_ = 0;
  Instant at_{};
};

// Parts used in the current minute (of the monotonic clock, from its first use on), day and month (UTC). A
// wall clock that goes back gives nothing back: the day and the month only move forward.
class Volume {
 public:
  void advance(const Now& now) {
    if (now.mono - minute_at_ >= minutes{1}) {
      minute_at_ = now.mono;
      minute_ = 0;
    }
    advance(now.wall);
  }
  void advance(WallTime wall) {
    const auto day = std::chrono::floor<std::chrono::days>(wall);
    if (day <= day_at_) { return; }
    const std::chrono::year_month_day before{day_at_};
    const std::chrono::year_month_day date{day};
    day_at_ = day;
    day_ = 0;
    if (date.year() != before.year() || date.month() != before.month()) { month_ = 0; }
  }
  [[nodiscard]] bool minute_allows(const CapSettings& caps, std::uint64_t parts) const {
    return !caps.minute || minute_ + parts <= *caps.minute;
  }
  [[nodiscard]] bool calendar_allows(const CapSettings& caps, std::uint64_t parts) const {
    return (!caps.day || day_ + parts <= *caps.day) && (!caps.month || month_ + parts <= *caps.month);
  }
  void use(std::uint64_t parts) {
    minute_ += parts;
    day_ += parts;
    month_ += parts;
  }
  void restore(std::chrono::sys_days day, std::uint64_t day_parts, std::uint64_t month_parts) {
    day_at_ = day;
    day_ = day_parts;
    month_ = month_parts;
  }
  [[nodiscard]] std::chrono::sys_days day_at() const { return day_at_; }
  [[nodiscard]] std::uint64_t day_parts() const { return day_; }
  [[nodiscard]] std::uint64_t month_parts() const { return month_; }
  void restore(WallTime at, std::uint64_t parts) {  // advanced to the present before
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::year_month_day today{day_at_};
    if (day == day_at_) { day_ += parts; }
    if (date.year() == today.year() && date.month() == today.month()) { month_ += parts; }
  }

 private:
  Instant minute_at_{};
  std::chrono::sys_days day_at_{};
  std::uint64_t minute_ = 0;
  std::uint64_t day_ = 0;
  std::uint64_t month_ = 0;
};

struct AccountState {
  bool enabled = false;
  SenderList senders;
  std::string default_sender;
  bool replace_refused = false;
  PrefixSet allow;
  PrefixSet deny;
  CapSettings caps;
  std::uint64_t queue_max = 0;
  MessageClass message_class = MessageClass::kTransactional;
  std::uint8_t classes = 0;  // bit per class

  Bucket rate;
  Bucket queries;
  Volume volume;
  std::uint64_t queued = 0;  // places taken: reserved ones and those of waiting messages
};

}  // namespace aldis::admission
