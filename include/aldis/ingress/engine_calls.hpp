// SPDX-License-Identifier: Apache-2.0
// What doors on other threads ask of the engine: values out, an effect back. The daemon carries them across.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"

namespace aldis::ingress {

// Submit, QueryMessage and the others as a door on another thread says them: nothing in them is a view.
struct SubmitCall {
  AccountId account = kNoAccount;
  Address source;
  Address destination;
  std::uint8_t esm_class = 0;
  std::uint8_t protocol_id = 0;
  std::uint8_t registered_delivery = 0;
  std::uint8_t data_coding = 0;
  TimeGiven schedule;
  TimeGiven validity;
  std::string body;
  std::string tlvs;
  std::optional<Alphabet> alphabet;
  std::optional<MessageClass> message_class;
  std::optional<bool> at_most_once;
  std::uint32_t parts_max = 0;
  std::string door_notes;
  bool preview = false;
};

struct ReadCall {
  AccountId account = kNoAccount;
  MessageId id;
};

struct CancelCall {
  AccountId account = kNoAccount;
  MessageId id;
};

struct StoreCall {
  StoredKind kind = StoredKind::kNone;
  std::string name;
  std::optional<std::string> octets;  // none: remove it
};

using EngineCall = std::variant<SubmitCall, ReadCall, CancelCall, StoreCall>;

// Used on the door's thread; answers come there, each once, in a later turn: AnswerSubmit, MessageRead,
// AnswerCancel, StoredChanged. What an answer promises is durable.
class EngineCalls {
 public:
  using Answer = std::function<void(const Now&, const Effect&)>;
  // False: too many are under way, and `answer` is not called.
  [[nodiscard]] virtual bool call(EngineCall call, Answer answer) = 0;

 protected:
  ~EngineCalls() = default;
};

}  // namespace aldis::ingress
