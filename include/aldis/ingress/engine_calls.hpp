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

// A Submit that crosses threads: what its views are to show is kept beside it, and whoever hands it over sets
// them (and the token).
struct SubmitCall {
  Submit event;
  Address destination;
  std::string body;
  std::string tlvs;
  std::string door_notes;
  std::string service_type;
  std::string idempotency_key;
  Door door = Door::kNative;
};

struct ReadCall {
  AccountId account = kNoAccount;
  MessageId id;
  std::uint32_t short_id = 0;  // in place of `id` when not 0
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
