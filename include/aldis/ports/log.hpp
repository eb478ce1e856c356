// SPDX-License-Identifier: Apache-2.0
// A log line is a fixed event name plus typed fields (STYLE rule 19). Text of messages never goes in; numbers
// go in as Number, which the implementation masks before anything is formatted (OPERATIONS 4.1).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace aldis::ports {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError, kCritical };

struct Number {  // a telephone number or sender: masked
  std::string_view digits;
};

struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, Number> value;
};

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kDebug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kInfo, event, fields);
  }
  void warn(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kWarn, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kError, event, fields);
  }
};

class NoLog final : public Log {  // for tests and tools that keep no log
 public:
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace aldis::ports
