// SPDX-License-Identifier: Apache-2.0
// The HTTP API of our own (docs/http.md): who asks, what for, and the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aldis/core/directory.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/core/stored.hpp"
#include "aldis/ingress/callback_sender.hpp"
#include "aldis/ingress/engine_calls.hpp"
#include "aldis/ingress/exports.hpp"
#include "aldis/ingress/history_calls.hpp"
#include "aldis/ingress/webhook_book.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/ports/http.hpp"
#include "aldis/ports/log.hpp"

namespace aldis::ingress {

struct NativeApiSetup {  // all outlive the API
  const Directory& directory;
  const PublicIds& public_ids;
  EngineCalls& engine;
  HistoryCalls& history;
  ExportJobs& jobs;
  ports::Secrets& secrets;
  const ports::Digests& digests;
  WebhookBook& webhooks;  // changed by what is asked, and then followed by `callbacks`
  CallbackSender& callbacks;
  std::shared_ptr<const ports::FetchPolicy> fetch_policy;  // whom people may have called
  ports::Log& log;
  std::uint32_t own_uid = 0;                 // it, root and the group below have every scope on a unix socket
  std::optional<std::uint32_t> admin_gid{};  // aldis-admin, where that group exists
};

// What an API key opens at another door than this one.
struct KeyGrant {
  AccountId account = kNoAccount;
  bool sends = false;
  bool reads = false;
  bool controls = false;
};

// On the web thread; no sockets: an HttpServer or a test calls it. Judges from the header alone who asks and
// whether that is allowed, so that what is refused costs no body; hands what is asked to the engine and
// answers when it answers. Owns the table of API keys, which is filled once by load() and then follows what
// the engine says is durable. Bounded by what EngineCalls lets under way. Not for framing and time limits
// (runtime's server) nor for who may send what (admission).
class NativeApi final : public ports::HttpService {
 public:
  explicit NativeApi(const NativeApiSetup& setup);
  ~NativeApi();
  NativeApi(const NativeApi&) = delete;
  NativeApi& operator=(const NativeApi&) = delete;

  void load(const Stored& stored);  // before the first request
  void drain();                     // from now on whoever comes is told to come back

  ports::HttpVerdict judge(const Now& now, const ports::HttpRequest& request) override;
  void serve(const Now& now, const ports::HttpRequest& request, const ports::HttpReply& reply) override;
  std::shared_ptr<ports::HttpStream> stream(const Now& now, const ports::HttpRequest& request,
                                            const ports::HttpReply& reply) override;

  // Of a key of an enabled account; nothing for any other, after equal work. Who guesses is the asker's
  // affair.
  std::optional<KeyGrant> grant_of(const Now& now, std::string_view key, std::string_view client);
  // By the SID and the proof that clients of Twilio have for the same key.
  std::optional<KeyGrant> grant_of_sid(const Now& now, std::string_view sid, std::string_view proof,
                                       std::string_view client);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace aldis::ingress
