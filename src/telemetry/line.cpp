// SPDX-License-Identifier: Apache-2.0
#include "telemetry/line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "aldis/telemetry/mask.hpp"
#include "telemetry/escape.hpp"

namespace aldis::telemetry {
namespace {

using ports::LogLevel;
using ports::Number;

void append_time(std::string& out, WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                 time.seconds().count(), time.subseconds().count());
}

std::string_view colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "\x1b[2m";
    case LogLevel::kInfo: return "\x1b[32m";
    case LogLevel::kWarn: return "\x1b[33m";
    case LogLevel::kError: return "\x1b[31m";
    case LogLevel::kCritical: return "\x1b[1;31m";
  }
  __builtin_unreachable();
}

bool wants_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos;
}

void append_words(std::string& out, LogFormat format, std::string_view value) {
  const bool cut = value.size() > kValueOctetsMax;
  if (cut) {
    std::size_t size = kValueOctetsMax;
    while (size > kValueOctetsMax - 4 && (static_cast<unsigned char>(value[size]) & 0xC0u) == 0x80u) {
      --size;
    }
    value = value.substr(0, size);
  }
  const bool json = format == LogFormat::kJson;
  const bool quotes = json || wants_quotes(value);
  if (quotes) { out += '"'; }
  append_escaped(out, value, json ? Quoting::kJson : quotes ? Quoting::kQuoted : Quoting::kBare);
  if (cut) { out += "…"; }
  if (quotes) { out += '"'; }
}

struct ValueWriter {
  std::string& out;
  LogFormat format;

  void operator()(std::string_view value) const { append_words(out, format, value); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void operator()(std::uint64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void operator()(double value) const {
    if (format == LogFormat::kJson && !std::isfinite(value)) {
      out += "null";  // JSON has no other word for it
      return;
    }
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
  void operator()(Number value) const { append_words(out, format, masked(value.digits)); }
};

void append_key(std::string& out, LogFormat format, std::string_view key) {
  if (format == LogFormat::kJson) {
    out += ",\"";
    out += key;
    out += "\":";
  } else {
    out += ' ';
    out += key;
    out += '=';
  }
}

void append_head(std::string& out, LineStyle style, WallTime at, LogLevel level, std::string_view event) {
  switch (style.format) {
    case LogFormat::kText:
      append_time(out, at);
      out += ' ';
      if (style.colour) { out += colour_of(level); }
      out += name_of(level);
      if (style.colour) { out += "\x1b[0m"; }
      out += ' ';
      out += event;
      return;
    case LogFormat::kLogfmt:
      out += "ts=";
      append_time(out, at);
      append_key(out, style.format, "level");
      out += name_of(level);
      append_key(out, style.format, "event");
      out += event;
      return;
    case LogFormat::kJson:
      out += "{\"ts\":\"";
      append_time(out, at);
      out += '"';
      append_key(out, style.format, "level");
      append_words(out, style.format, name_of(level));
      append_key(out, style.format, "event");
      append_words(out, style.format, event);
      return;
  }
  __builtin_unreachable();
}

}  // namespace

void append_line(std::string& out, LineStyle style, WallTime at, LogLevel level, std::string_view event,
                 std::initializer_list<ports::LogField> fields, std::uint64_t suppressed) {
  append_head(out, style, at, level, event);
  const ValueWriter write_value{out, style.format};
  for (const auto& field : fields) {
    append_key(out, style.format, field.key);
    std::visit(write_value, field.value);
  }
  if (suppressed > 0) {
    append_key(out, style.format, "suppressed");
    write_value(suppressed);
  }
  if (style.format == LogFormat::kJson) { out += '}'; }
  out += '\n';
}

}  // namespace aldis::telemetry
