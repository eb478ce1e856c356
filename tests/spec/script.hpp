// SPDX-License-Identifier: Apache-2.0
// A spec script as lines: one protocol rule, readable by somebody who does not program. The grammar stands in
// tests/spec/README.md.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::spec {

enum class Role : unsigned char {
  kLink,
  kSession,
  kPeer,
  kClient,
  kOperator,
  kGateway,
  kDisk,
  kClock,
  kStaff
};

struct Value {
  enum class Kind : unsigned char {
    kPlain,     // a number or a name, as written
    kText,      // "in quotes"
    kOctets,    // x'0102'
    kList,      // [a, b] or {a: b}: settings only
    kVariable,  // $name
    kAny,       // *
    kAbsent,    // -
  };
  Kind kind = Kind::kPlain;
  std::string text{};  // octets for kOctets, the name for kVariable
};

struct Assignment {
  std::string name;
  Value value;
};

struct Fact {
  enum class Kind : unsigned char { kSetting, kAccount, kOperator, kQueued };
  Kind kind = Kind::kSetting;
  std::string name{};  // of the account or operator
  std::vector<Assignment> settings{};
  unsigned count = 0;  // kQueued
};

struct Line {
  enum class Kind : unsigned char {
    kGiven,     // given account acme ...
    kExpected,  // session >> ...
    kSent,      // peer << ...
    kDeed,      // disk -- syncs
  };
  std::size_t number = 0;
  std::string source{};
  Kind kind = Kind::kGiven;
  Role role = Role::kPeer;
  std::string name{};     // behind the role: client:b
  std::string command{};  // of a PDU; "bytes"
  std::string octets{};   // of bytes
  std::vector<Assignment> fields{};
  std::vector<Fact> facts{};
  std::vector<std::string> words{};  // of a deed
};

struct Script {
  std::string path;
  std::vector<Line> lines;
  [[nodiscard]] bool uses(Role role) const;
};

// "FILE:LINE: sentence"; also what a failed expectation throws.
class ScriptError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

Script parse_script(const std::string& path, const std::string& text);  // throws ScriptError
Duration parse_time(const std::string& word);                           // "500ms"; throws ScriptError

}  // namespace aldis::spec
