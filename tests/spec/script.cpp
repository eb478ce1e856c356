// SPDX-License-Identifier: Apache-2.0
#include "script.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace aldis::spec {

namespace {

constexpr std::array<std::pair<const char*, Role>, 9> kRoles{{{"link", Role::kLink},
                                                              {"session", Role::kSession},
                                                              {"peer", Role::kPeer},
                                                              {"client", Role::kClient},
                                                              {"operator", Role::kOperator},
                                                              {"gateway", Role::kGateway},
                                                              {"disk", Role::kDisk},
                                                              {"clock", Role::kClock},
                                                              {"staff", Role::kStaff}}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

int digit_of(char c) {
  if (c >= '0' && c <= '9') { return c - '0'; }
  if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
  if (c >= 'A' && c <= 'F') { return c - 'A' + 10; }
  return -1;
}

std::string octets_of(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size();) {
    if (is_space(hex[i])) {
      ++i;
      continue;
    }
    const int high = digit_of(hex[i]);
    const int low = i + 1 < hex.size() ? digit_of(hex[i + 1]) : -1;
    if (high < 0 || low < 0) { throw ScriptError("not pairs of hex digits: " + hex); }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// \n \\ \" \xHH
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'n') {
      out += '\n';
    } else if (next == 'x' && i + 2 < text.size()) {
      out += octets_of(text.substr(i + 1, 2));
      i += 2;
    } else {
      out += next;
    }
  }
  return out;
}

// Words at white space; quotes and brackets hold together, # outside of them ends the line.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  int depth = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      word += c;
      if (c == '\\' && quote == '"' && i + 1 < line.size()) {
        word += line[++i];
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '#' && depth == 0) {
      break;
    } else if (is_space(c) && depth == 0) {
      if (!word.empty()) { words.push_back(std::exchange(word, {})); }
    } else {
      if (c == '"' || c == '\'') { quote = c; }
      if (c == '[' || c == '{') { ++depth; }
      if (c == ']' || c == '}') { --depth; }
      word += c;
    }
  }
  if (quote != 0 || depth != 0) { throw ScriptError("a quote or a bracket is not closed"); }
  if (!word.empty()) { words.push_back(word); }
  return words;
}

Value value_of(const std::string& word) {
  if (word == "*") { return {Value::Kind::kAny, {}}; }
  if (word == "-") { return {Value::Kind::kAbsent, {}}; }
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"') {
    return {Value::Kind::kText, unescaped(word.substr(1, word.size() - 2))};
  }
  if (word.size() >= 3 && word.starts_with("x'") && word.back() == '\'') {
    return {Value::Kind::kOctets, octets_of(word.substr(2, word.size() - 3))};
  }
  if (word.starts_with("[") || word.starts_with("{")) { return {Value::Kind::kList, word}; }
  if (word.size() > 1 && word.front() == '$') { return {Value::Kind::kVariable, word.substr(1)}; }
  if (word.empty()) { throw ScriptError("a value is missing behind ="); }
  return {Value::Kind::kPlain, word};
}

Assignment assignment_of(const std::string& word) {
  const auto at = word.find('=');
  if (at == std::string::npos || at == 0) { throw ScriptError("NAME=value is expected, not " + word); }
  return {word.substr(0, at), value_of(word.substr(at + 1))};
}

std::vector<Fact> facts_of(const std::vector<std::string>& words) {
  std::vector<Fact> facts;
  std::size_t at = 1;
  const auto next = [&]() -> std::string { return at < words.size() ? words[at++] : std::string{}; };
  while (at < words.size()) {
    const std::string word = next();
    if (word == "and") { continue; }
    if (word == "account" || word == "operator") {
      const std::string name = next();
      if (name.empty()) { throw ScriptError(word + " needs a name"); }
      facts.push_back({word == "account" ? Fact::Kind::kAccount : Fact::Kind::kOperator, name, {}, 0});
      while (at < words.size() && words[at] != "and") {
        facts.back().settings.push_back(assignment_of(next()));
      }
    } else if (at + 1 < words.size() && words[at] == "messages" && words[at + 1] == "queued") {
      facts.push_back({Fact::Kind::kQueued, {}, {}, static_cast<unsigned>(std::stoul(word))});
      at += 2;
    } else {
      facts.push_back({Fact::Kind::kSetting, {}, {assignment_of(word)}, 0});
    }
  }
  if (facts.empty()) { throw ScriptError("given needs a fact"); }
  return facts;
}

void set_role(Line& line, const std::string& word) {
  const auto colon = word.find(':');
  const std::string role = word.substr(0, colon);
  for (const auto& [text, value] : kRoles) {
    if (role == text) {
      line.role = value;
      if (colon != std::string::npos) { line.name = word.substr(colon + 1); }
      return;
    }
  }
  throw ScriptError("nobody is called " + role);
}

void set_what(Line& line, const std::vector<std::string>& words) {
  if (words.size() < 3) { throw ScriptError("a PDU or bytes are expected"); }
  line.command = words[2];
  if (line.command == "bytes") {
    for (std::size_t i = 3; i < words.size(); ++i) { line.octets += octets_of(words[i]); }
    if (line.octets.empty()) { throw ScriptError("bytes needs hex pairs"); }
    return;
  }
  for (std::size_t i = 3; i < words.size(); ++i) { line.fields.push_back(assignment_of(words[i])); }
}

std::optional<Line> parse_line(const std::string& source, std::size_t number) {
  const auto words = words_of(source);
  if (words.empty()) { return std::nullopt; }
  Line line;
  line.number = number;
  line.source = source.substr(0, source.find_last_not_of(" \t\r") + 1);
  if (words[0] == "given") {
    line.facts = facts_of(words);
    return line;
  }
  set_role(line, words[0]);
  const std::string& arrow = words.size() > 1 ? words[1] : words[0];
  const bool is_us = line.role == Role::kLink || line.role == Role::kSession;
  const bool is_both = line.role == Role::kClient || line.role == Role::kOperator;
  if (arrow == ">>" && (is_us || is_both)) {
    line.kind = Line::Kind::kExpected;
    set_what(line, words);
  } else if (arrow == "<<" && (line.role == Role::kPeer || is_both)) {
    line.kind = Line::Kind::kSent;
    set_what(line, words);
  } else if (arrow == "--" && words.size() > 2) {
    line.kind = Line::Kind::kDeed;
    line.words.assign(words.begin() + 2, words.end());
  } else {
    throw ScriptError("WHO >> PDU (leaves us), WHO << PDU (comes to us) or WHO -- DEED is expected");
  }
  return line;
}

}  // namespace

bool Script::uses(Role role) const {
  return std::any_of(lines.begin(), lines.end(), [role](const Line& line) {
    return line.kind != Line::Kind::kGiven && line.role == role;
  });
}

Script parse_script(const std::string& path, const std::string& text) {
  Script script{path, {}};
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    ++number;
    try {
      if (auto line = parse_line(text.substr(at, end - at), number)) {
        script.lines.push_back(std::move(*line));
      }
    } catch (const std::exception& error) {
      throw ScriptError(path + ":" + std::to_string(number) + ": " + error.what());
    }
    at = end + 1;
  }
  if (script.lines.empty()) { throw ScriptError(path + ": no line"); }
  return script;
}

Duration parse_time(const std::string& word) {
  std::size_t at = 0;
  long long count = 0;
  try {
    count = std::stoll(word, &at);
  } catch (const std::exception&) { throw ScriptError("a time is expected, 500ms or 1s, not " + word); }
  const std::string unit = word.substr(at);
  if (unit == "ms") { return milliseconds{count}; }
  if (unit == "s") { return seconds{count}; }
  if (unit == "min") { return minutes{count}; }
  if (unit == "h") { return hours{count}; }
  if (unit == "d") { return hours{24 * count}; }
  throw ScriptError("a time has a unit, ms s min h or d: " + word);
}

}  // namespace aldis::spec
