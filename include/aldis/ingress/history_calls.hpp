// SPDX-License-Identifier: Apache-2.0
// What doors ask of history, where messages are that the engine has let go of: values out, an answer back.
// The daemon carries them to a thread that may wait for the disk. Any dialect lists and finds through it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "aldis/core/history.hpp"

namespace aldis::ingress {

// One message of an account, by the id that customers know: `id`, or `short_id` when that is not 0.
struct FindCall {
  AccountId account = kNoAccount;
  MessageId id{};
  std::uint32_t short_id = 0;
};

// A page; a door sets filter.account, unless whoever asks may see all of them.
struct ListCall {
  history::Filter filter;
  history::Order order = history::Order::kNewestFirst;
  std::optional<MessageId> after;  // Page::next of the page before
  std::size_t limit = 100;         // at most 1,000
};

using HistoryCall = std::variant<FindCall, ListCall>;

struct HistoryAnswer {
  enum class Kind : std::uint8_t {
    kRows,     // `page` has them: none or one for a FindCall
    kBusy,     // too many questions are waiting: ask again in a second
    kTooMuch,  // it would look at too many messages: narrow it by number, label, reference or time
    kNone,     // history is switched off
    kFailed,   // `error` says why: damaged, no disk
  };
  Kind kind = Kind::kRows;
  history::Page page;
  bool caught_up = true;  // it had all that was durable when it was asked
  Duration lag{};         // how far it was behind the journal
  std::string error;
};

// The message of a row, for those who show messages: as the engine would give it, with everything but the
// octets of its text.
Message message_of(const Now& now, const history::MessageRow& row);

// Label and reference of a row, from the notes that its door keeps.
void read_notes(history::MessageRow& row);

// Used on the door's thread; every answer comes there, once, in a later turn. A row of another account than
// asked for is not found. Order is that of acceptance.
class HistoryCalls {
 public:
  using Answer = std::function<void(const Now&, const HistoryAnswer&)>;
  // First waits, `patience` at most, until history has all that is durable now; then answers with what there
  // is. History is some 100 ms behind as a rule, so who must see a message just accepted gives a second.
  virtual void ask(HistoryCall call, Duration patience, Answer answer) = 0;

 protected:
  ~HistoryCalls() = default;
};

}  // namespace aldis::ingress
