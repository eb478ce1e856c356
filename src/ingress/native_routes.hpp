// SPDX-License-Identifier: Apache-2.0
// The paths of the native API: which there are, with which methods, and what one must be allowed to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ingress/api_keys.hpp"

namespace aldis::ingress {

enum class Action : std::uint8_t {
  kNotYet,  // in the specification, not in this version
  kError,
  kReadDocument,
  kReadPage,
  kCreateMessage,
  kCreateBatch,
  kPreviewMessage,
  kReadMessage,
  kListMessages,
  kReadTimeline,
  kStartJob,
  kReadJob,
  kRemoveJob,
  kReadResult,
  kCancelMessage,
  kReadAccount,
  kListKeys,
  kMakeKey,
  kRevokeKey,
  kListWebhooks,
  kMakeWebhook,
  kReadWebhook,
  kChangeWebhook,
  kRemoveWebhook,
  kTestWebhook,
  kEnableWebhook,
  kRotateWebhookSecret,
  kMakeCallbackSecret,
};

struct NativeRoute {
  std::string_view method;
  std::string_view path;  // "{}" stands for one segment
  Action action = Action::kNotYet;
  std::optional<Scope> scope;  // none: open to everybody
};

std::span<const NativeRoute> native_routes();

struct NativeMatch {
  const NativeRoute* route = nullptr;          // null: no such path, or not with this method
  std::string allow;                           // methods of the path when only the method is wrong
  std::array<std::string_view, 2> segments{};  // what stood for "{}", views into the path
};
NativeMatch match_native(std::string_view method, std::string_view path);

}  // namespace aldis::ingress
