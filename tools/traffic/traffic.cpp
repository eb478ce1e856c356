// SPDX-License-Identifier: Apache-2.0
#include "traffic/traffic.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>

namespace aldis::traffic {

namespace {

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";

std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') { return static_cast<unsigned>(c - '0'); }
  if (c >= 'a' && c <= 'v') { return static_cast<unsigned>(c - 'a') + 10u; }
  return std::nullopt;
}

std::optional<std::uint64_t> token_at(Octets text, std::size_t at, std::size_t stride, std::size_t low) {
  if (text.size() < at + kTokenOctets * stride) { return std::nullopt; }
  std::uint64_t number = 0;
  for (std::size_t i = 1; i < kTokenOctets; ++i) {
    const auto digit = digit_of(text[at + i * stride + low]);
    if (!digit) { return std::nullopt; }
    number = (number << 5) | *digit;
  }
  return number;
}

}  // namespace

void append_token(std::string& text, std::uint64_t number) {
  text.push_back('~');
  for (int shift = 60; shift >= 0; shift -= 5) { text.push_back(kDigits[(number >> shift) & 31u]); }
}

std::optional<std::uint64_t> find_token(Octets text) {
  for (std::size_t at = text.find('~'); at != Octets::npos; at = text.find('~', at + 1)) {
    if (const auto number = token_at(text, at, 1, 0)) { return number; }
  }
  // GSM 7-bit on the wire writes '~' as escape and '='.
  for (std::size_t at = text.find("\x1B="); at != Octets::npos; at = text.find("\x1B=", at + 1)) {
    if (const auto number = token_at(text, at + 1, 1, 0)) { return number; }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> find_token_ucs2(Octets text) {
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    if (text[at] == 0 && text[at + 1] == '~') {
      if (const auto number = token_at(text, at, 2, 1)) { return number; }
    }
  }
  return std::nullopt;
}

void Latencies::add(Duration latency) {
  const double us = std::max(1.0, std::chrono::duration<double, std::micro>(latency).count());
  const auto bucket = static_cast<std::size_t>(std::log2(us) * 17.0);
  ++buckets_[std::min(bucket, kBuckets - 1)];
  ++count_;
}

double Latencies::quantile_ms(double q) const {
  if (count_ == 0) { return 0; }
  const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) { return std::exp2(static_cast<double>(i + 1) / 17.0) / 1000.0; }
  }
  return 0;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds_of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

std::uint64_t Chance::next() {
  state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace aldis::traffic
