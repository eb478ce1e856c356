// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/message_state.hpp"

#include <algorithm>
#include <array>

namespace aldis::smpp {

namespace {

struct StateWord {
  std::string_view word;
  MessageState state;
};

constexpr auto kWords = std::to_array<StateWord>({
    {"DELIVRD", MessageState::kDelivered},    {"UNDELIV", MessageState::kUndeliverable},
    {"EXPIRED", MessageState::kExpired},      {"REJECTD", MessageState::kRejected},
    {"ENROUTE", MessageState::kEnroute},      {"ACCEPTD", MessageState::kAccepted},
    {"UNKNOWN", MessageState::kUnknown},      {"DELETED", MessageState::kDeleted},
    {"DELIVERED", MessageState::kDelivered},  {"UNDELIVERABLE", MessageState::kUndeliverable},
    {"FAILED", MessageState::kUndeliverable}, {"UNDELIVERED", MessageState::kUndeliverable},
    {"REJECTED", MessageState::kRejected},    {"SKIPPED", MessageState::kUndeliverable},
    {"ACCEPTED", MessageState::kAccepted},    {"BUFFRED", MessageState::kEnroute},
    {"BUFFERD", MessageState::kEnroute},      {"BUFFERED", MessageState::kEnroute},
    {"ACKED", MessageState::kEnroute},        {"SCHEDLD", MessageState::kEnroute},
    {"SCHEDULED", MessageState::kEnroute},
});
constexpr std::size_t kPrefixMin = 5;

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool starts_with_any_case(std::string_view upper_word, std::string_view prefix) {
  return prefix.size() <= upper_word.size() && std::equal(prefix.begin(), prefix.end(), upper_word.begin(),
                                                          [](char a, char b) { return upper(a) == b; });
}

}  // namespace

std::string_view stat_word(MessageState state) {
  switch (state) {
    case MessageState::kScheduled:
    case MessageState::kEnroute: return "ENROUTE";
    case MessageState::kDelivered: return "DELIVRD";
    case MessageState::kExpired: return "EXPIRED";
    case MessageState::kDeleted: return "DELETED";
    case MessageState::kUndeliverable:
    case MessageState::kSkipped: return "UNDELIV";
    case MessageState::kAccepted: return "ACCEPTD";
    case MessageState::kUnknown: return "UNKNOWN";
    case MessageState::kRejected: return "REJECTD";
  }
  __builtin_unreachable();
}

std::optional<MessageState> state_of_word(std::string_view word) {
  std::optional<MessageState> by_prefix;
  bool ambiguous = false;
  for (const auto& known : kWords) {
    if (!starts_with_any_case(known.word, word)) { continue; }
    if (known.word.size() == word.size()) { return known.state; }
    if (by_prefix && *by_prefix != known.state) { ambiguous = true; }
    by_prefix = known.state;
  }
  if (ambiguous || word.size() < kPrefixMin) { return std::nullopt; }
  return by_prefix;
}

std::optional<MessageState> state_of_tlv(std::uint8_t value) {
  if (value == 0) { return MessageState::kEnroute; }
  if (value == 9) { return MessageState::kUndeliverable; }
  if (value > 9) { return std::nullopt; }
  return static_cast<MessageState>(value);
}

}  // namespace aldis::smpp
