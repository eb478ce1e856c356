// SPDX-License-Identifier: Apache-2.0
// What stands behind NativeApi: who asks, what is under way, and its handlers by subject.
#pragma once

#include <algorithm>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "aldis/api/message_request.hpp"
#include "aldis/base/result.hpp"
#include "aldis/ingress/native_api.hpp"
#include "ingress/api_keys.hpp"
#include "ingress/list_query.hpp"
#include "ingress/message_json.hpp"
#include "ingress/native_routes.hpp"
#include "ingress/problem_reply.hpp"

namespace aldis::ingress {

// Everything of one request that its answer needs, kept until the engine has answered.
struct Asked {
  ports::HttpReply reply;
  std::string path;
  std::string request_id;
};

struct Caller {
  const ApiKey* key = nullptr;  // null: by the credentials of a unix socket's peer
  Scopes scopes;
};

struct ReadSubmit {
  api::MessageRequest wanted;
  SubmitCall submit;
};

// A page of messages on its way: rows from history, and the engine's word on those that live.
struct ListAnswer {
  Asked asked;
  ListQuery query;
  std::string query_text;
  Sight sight;
  HistoryAnswer said;
  std::vector<boost::json::object> shown;  // empty ones: as history has them
  std::size_t open = 0;                    // answers that are to come
};

inline api::Problem which_account() { return {api::Code::kMissingField, "say which account: ?account=NAME"}; }
inline api::Problem no_message() { return {api::Code::kNotFound, "no such message"}; }

// What is common to the items of a batch.
struct BatchItems {
  AccountId account = kNoAccount;
  std::string key{};  // Idempotency-Key of the whole; item i has it with "/i" behind
  std::string path{};
  boost::json::object defaults{};

  struct Item {
    SubmitCall submit;
    bool later = false;  // scheduled
  };
  // The item with what `defaults` says and it does not.
  Result<Item, api::Problem> read(const NativeApi::Impl& api, const Now& now, std::size_t index,
                                  boost::json::value item) const;
};
boost::json::object result_json(std::size_t index, const api::Problem& problem);
boost::json::object result_json(std::size_t index, const AnswerSubmit& said, bool later,
                                const PublicIds& ids);

struct NativeApi::Impl {
  explicit Impl(const NativeApiSetup& its_setup) : setup(its_setup), keys(its_setup.digests) {}

  const NativeApiSetup setup;
  ApiKeys keys;
  AuthThrottle throttle;
  bool draining = false;

  static ports::HttpResponse problem(api::Code code, std::string detail, const ports::HttpRequest& request) {
    return problem_response(api::Problem{code, std::move(detail)}, request.path, request.request_id);
  }
  static void refuse(const Asked& asked, const api::Problem& refusal) {
    asked.reply.send(problem_response(refusal, asked.path, asked.request_id));
  }

  [[nodiscard]] bool is_trusted(const ports::PeerCredentials& peer) const {
    const auto in_group = [&](std::uint32_t gid) { return gid == *setup.admin_gid; };
    return peer.uid == 0 || peer.uid == setup.own_uid ||
           (setup.admin_gid &&
            (in_group(peer.gid) || std::any_of(peer.groups.begin(), peer.groups.end(), in_group)));
  }

  [[nodiscard]] Caller caller_of(const ports::HttpRequest& request);  // as judge() found it

  // Who asks; or the answer that turns them away.
  std::variant<std::uint64_t, ports::HttpResponse> identify(const Now& now, const ports::HttpRequest& request,
                                                            Scope scope);
  std::optional<AccountId> account_of(const Caller& caller, const ports::HttpRequest& request) const;
  [[nodiscard]] CallbackRules callback_rules(AccountId account) const;
  Result<ReadSubmit, api::Problem> read_submit(const Now& now, const Caller& caller,
                                               const ports::HttpRequest& request) const;
  void create_message(const Now& now, const Caller& caller, const ports::HttpRequest& request, Asked asked);
  void create_batch(const Now& now, const Caller& caller, const ports::HttpRequest& request, Asked asked);
  Result<BatchItems, api::Problem> batch_items(AccountId account, const ports::HttpRequest& request) const;
  std::shared_ptr<ports::HttpStream> stream_batch(const Caller& caller, const ports::HttpRequest& request,
                                                  const Asked& asked);
  void preview_message(const Now& now, const Caller& caller, const ports::HttpRequest& request, Asked asked);
  void read_message(const Now& now, const Caller& caller, const ports::HttpRequest& request,
                    std::string_view id, Asked asked);
  static Sight sight_of(const Caller& caller);
  [[nodiscard]] boost::json::object row_json(const Now& now, const history::MessageRow& row,
                                             Sight sight) const;
  void find_row(FindCall call, Asked asked, std::function<void(const Now&, const HistoryAnswer&)> found);
  void read_past_message(FindCall call, Sight sight, Asked asked);
  void read_timeline(const Caller& caller, const ports::HttpRequest& request, std::string_view id,
                     Asked asked);
  void list_messages(const Now& now, const Caller& caller, const ports::HttpRequest& request, Asked asked);
  void ask_for_living(const Now& now, const std::shared_ptr<ListAnswer>& list);
  [[nodiscard]] ports::HttpResponse page_of(const Now& now, ListAnswer& list) const;
  Result<ExportWish, api::Problem> read_export(const Now& now, const boost::json::value& body) const;
  void start_job(const Now& now, const Caller& caller, const ports::HttpRequest& request, const Asked& asked);
  void read_job(const Caller& caller, const ports::HttpRequest& request, std::string_view id,
                const Asked& asked) const;
  void remove_job(const Caller& caller, const ports::HttpRequest& request, std::string_view id,
                  const Asked& asked) const;
  std::shared_ptr<ports::HttpStream> read_result(const Caller& caller, const ports::HttpRequest& request,
                                                 std::string_view id, const Asked& asked) const;
  void cancel_message(const Caller& caller, const ports::HttpRequest& request, std::string_view id,
                      Asked asked);
  static void read_open(Action action, std::string_view code_name, const Asked& asked);
  void read_account(const Caller& caller, const ports::HttpRequest& request, const Asked& asked) const;
  void list_keys(std::string_view account, const Asked& asked) const;
  void make_key_of(const Now& now, const Caller& caller, std::string_view account,
                   const ports::HttpRequest& request, Asked asked);
  void revoke_key(std::string_view account, std::string_view id, Asked asked);
  bool call(EngineCall&& what, const Asked& asked, EngineCalls::Answer answer) {
    if (setup.engine.call(std::move(what), std::move(answer))) { return true; }
    refuse(asked,
           api::Problem{api::Code::kOverloaded, "too many requests are under way; try again in a second"});
    return false;
  }
  // native_webhooks.cpp
  void webhooks(const Now& now, const NativeRoute& route, const Caller& caller,
                const ports::HttpRequest& request, std::string_view id, Asked asked);
  [[nodiscard]] const Endpoint* webhook_of(AccountId account, std::string_view id) const;
  void store_webhook(Endpoint endpoint, unsigned status, boost::json::object beside, Asked asked);
  void make_webhook(const Now& now, AccountId account, const ports::HttpRequest& request, Asked asked);
  void change_webhook(const Endpoint& endpoint, const ports::HttpRequest& request, Asked asked);
  void remove_webhook(const Endpoint& endpoint, Asked asked);
  void test_webhook(const Now& now, const Endpoint& endpoint, Asked asked);
  void make_callback_secret(const Now& now, AccountId account, Asked asked);
  static boost::json::object key_json(const ApiKey& key);
};

}  // namespace aldis::ingress
