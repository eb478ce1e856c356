// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "aldis/core/effects.hpp"
#include "aldis/core/events.hpp"
#include "aldis/ingress/callback_sender.hpp"
#include "aldis/ingress/engine_calls.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::daemon {

// What HTTP asks waits under this session: no session of SMPP has the number.
inline constexpr SessionId kWebSession{~std::uint64_t{0}};

// Carries calls from the web thread to the engine's and answers back, a batch per turn and direction. call()
// and the answers on the web thread; on() and turn_end() on the engine's. Bounded: kCallsMax are under way at
// most, then call() says no. Lives until both loops stand still.
class WebBridge final : public ingress::EngineCalls {
 public:
  WebBridge(runtime::Loop& web, runtime::Loop& engine, EventSink& events);
  ~WebBridge();
  WebBridge(const WebBridge&) = delete;
  WebBridge& operator=(const WebBridge&) = delete;

  [[nodiscard]] bool call(ingress::EngineCall what, Answer answer) override;

  // Webhooks that the engine wants called go there, on the web thread; before the loops run.
  void connect(ingress::CallbackSender* callbacks) { callbacks_ = callbacks; }
  void tell(const WebhookAnswered& answered);  // on the web thread

  static bool is_for(const Effect& effect);  // names kWebSession, or is about a webhook
  void on(const Effect& effect);
  void turn_end();  // of the engine's loop: the answers of this turn go

 private:
  static constexpr std::size_t kCallsMax = 20'000;
  struct Asked {
    std::uint32_t sequence = 0;
    ingress::EngineCall what;
  };
  struct Answered {
    std::uint32_t sequence = 0;
    Effect effect;
  };
  void send();                              // of the web thread
  void take(std::vector<Asked>& calls);     // of the engine's
  void settle(std::vector<Answered>& all);  // of the web thread

  runtime::Loop& web_;
  runtime::Loop& engine_;
  EventSink& events_;

  // The web thread's.
  ingress::CallbackSender* callbacks_ = nullptr;
  std::vector<WebhookAnswered> told_;
  boost::unordered_flat_map<std::uint32_t, Answer> waiting_;
  std::vector<Asked> asked_;
  std::uint32_t sequence_ = 0;

  // The engine thread's.
  std::vector<Answered> answered_;
};

}  // namespace aldis::daemon
