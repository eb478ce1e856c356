// SPDX-License-Identifier: Apache-2.0
#include "ingress/bind_guard.hpp"

#include <algorithm>

namespace aldis::ingress {

namespace {
constexpr std::size_t kFailuresForDelay = 5;
constexpr Duration kDelayWindow = seconds{60};
constexpr Duration kDelay = seconds{5};
constexpr std::size_t kFailuresForRefusal = 20;
constexpr Duration kRefusalWindow = minutes{10};
constexpr Duration kRefusal = minutes{15};
constexpr std::size_t kChecksPerMinute = 10;
constexpr Duration kKnownSource = hours{24 * 30};
constexpr std::size_t kKnownSourcesMax = 16;
}  // namespace

bool BindGuard::refused_at_accept(Instant now, const IpAddress& source) const {
  const auto at = sources_.find(source.source());
  return at != sources_.end() && now < at->second.refused_until;
}

Duration BindGuard::answer_delay(Instant now, const IpAddress& source) const {
  const auto at = sources_.find(source.source());
  if (at == sources_.end()) { return {}; }
  const auto recent = std::count_if(at->second.failures.begin(), at->second.failures.end(),
                                    [&](Instant failure) { return now - failure <= kDelayWindow; });
  return static_cast<std::size_t>(recent) >= kFailuresForDelay ? kDelay : Duration{};
}

bool BindGuard::may_check(Instant now, const IpAddress& source, std::string_view system_id) {
  auto at = logins_.find(std::string{system_id});
  if (at == logins_.end()) {
    if (logins_.size() >= kLoginsMax) {
      erase_if(logins_, [&](const auto& row) {
        return row.second.bound_from.empty() &&
               (row.second.checks.empty() || now - row.second.checks.back() > minutes{1});
      });
      if (logins_.size() >= kLoginsMax) { return false; }
    }
    at = logins_.emplace(std::string{system_id}, Login{}).first;
  }
  Login& login = at->second;
  const bool known = std::any_of(login.bound_from.begin(), login.bound_from.end(), [&](const auto& row) {
    return row.first == source.source() && now - row.second <= kKnownSource;
  });
  if (known) { return true; }
  while (!login.checks.empty() && now - login.checks.front() > minutes{1}) { login.checks.pop_front(); }
  if (login.checks.size() >= kChecksPerMinute) { return false; }
  login.checks.push_back(now);
  return true;
}

BindGuard::Source* BindGuard::source_of(Instant now, const IpAddress& source) {
  const IpAddress key = source.source();
  auto at = sources_.find(key);
  if (at == sources_.end()) {
    if (sources_.size() >= kSourcesMax) {
      erase_if(sources_, [&](const auto& row) {
        return now >= row.second.refused_until && now - row.second.seen > kRefusalWindow;
      });
      if (sources_.size() >= kSourcesMax) { return nullptr; }
    }
    at = sources_.emplace(key, Source{}).first;
  }
  at->second.seen = now;
  return &at->second;
}

void BindGuard::failed(Instant now, const IpAddress& source) {
  Source* row = source_of(now, source);
  if (row == nullptr) { return; }
  row->failures.push_back(now);
  if (row->failures.size() > kFailuresForRefusal) { row->failures.pop_front(); }
  if (row->failures.size() == kFailuresForRefusal && now - row->failures.front() <= kRefusalWindow) {
    row->refused_until = std::max(row->refused_until, now + kRefusal);
  }
}

void BindGuard::bound(Instant now, const IpAddress& source, std::string_view system_id) {
  const auto at = logins_.find(std::string{system_id});
  if (at == logins_.end()) { return; }
  auto& known = at->second.bound_from;
  const IpAddress key = source.source();
  known.erase(std::remove_if(known.begin(), known.end(), [&](const auto& row) { return row.first == key; }),
              known.end());
  known.emplace_back(key, now);
  if (known.size() > kKnownSourcesMax) { known.pop_front(); }
}

void BindGuard::penalise(Instant now, const IpAddress& source, Duration how_long) {
  if (Source* row = source_of(now, source)) {
    row->refused_until = std::max(row->refused_until, now + how_long);
  }
}

}  // namespace aldis::ingress
