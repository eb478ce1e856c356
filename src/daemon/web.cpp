// SPDX-License-Identifier: Apache-2.0
#include "daemon/web.hpp"

#include <algorithm>
#include <utility>

#include "aldis/runtime/users.hpp"

namespace aldis::daemon {

namespace {
// Of a listener that serves no API: whoever asks for health is never turned away by a scraper that hangs.
constexpr std::size_t kConnectionsForHealth = 32;
constexpr std::string_view kAdminGroup = "aldis-admin";
// beside the two for binds: a storm of either does not stop the other
constexpr unsigned kPasswordThreads = 1;
constexpr std::size_t kCacheKeyOctets = 32;
}  // namespace

namespace {

std::shared_ptr<const ports::FetchPolicy> policy_of(const WebhookSettings& settings) {
  auto policy = std::make_shared<ports::FetchPolicy>();
  policy->allow_http = settings.allow_http;
  policy->ports = settings.ports;
  policy->allow_networks = AddressList::parse(settings.allow_networks).value_or(AddressList{});
  return policy;
}

}  // namespace

class Web::Doors final : public ports::HttpService {
 public:
  Doors(Web& web, const HttpListener& listener)
      : web_(web), serve_(listener.serve), dialect_(web.dialects_, listener) {}

  ports::HttpVerdict judge(const Now& now, const ports::HttpRequest& request) override {
    ports::HttpService* service = service_of(request.path);
    if (service == nullptr) { return ports::HttpResponse{.status = 404, .body = "not found\n"}; }
    return service->judge(now, request);
  }
  void serve(const Now& now, const ports::HttpRequest& request, const ports::HttpReply& reply) override {
    service_of(request.path)->serve(now, request, reply);
  }
  std::shared_ptr<ports::HttpStream> stream(const Now& now, const ports::HttpRequest& request,
                                            const ports::HttpReply& reply) override {
    return service_of(request.path)->stream(now, request, reply);
  }
  // Whether it answers more than whoever watches the process asks.
  [[nodiscard]] bool serves_customers() const {
    return std::any_of(serve_.begin(), serve_.end(), [](HttpServe what) {
      return what != HttpServe::kHealth && what != HttpServe::kMetrics;
    });
  }
  [[nodiscard]] bool serves(HttpServe what) const {
    return std::find(serve_.begin(), serve_.end(), what) != serve_.end();
  }

 private:
  ports::HttpService* service_of(std::string_view path) {
    if (path == "/metrics") { return serves(HttpServe::kMetrics) ? &web_.health_ : nullptr; }
    const bool is_page = path == "/openapi.json" || path == "/docs";
    if (path.starts_with("/v1/") || path.starts_with("/errors/") || is_page) {
      return serves(HttpServe::kNative) ? &web_.api_ : nullptr;
    }
    if (dialect_.serves(path)) { return &dialect_; }
    if (serves(HttpServe::kHealth)) { return &web_.health_; }
    return serves_customers() ? &dialect_ : nullptr;  // a dialect's own port says no in its words
  }

  Web& web_;
  const std::vector<HttpServe> serve_;
  ingress::DialectDoor dialect_;
};

Web::Web(runtime::Loop& engine_loop, Gateway& gateway, History* history, const Settings& settings,
         telemetry::LogQueue& log, Health::Questions questions)
    : thread_("aldis-web"),
      log_(log, [this] { return thread_.loop().now(); }),
      gateway_(gateway),
      health_(thread_.loop(), engine_loop, std::move(questions)),
      bridge_(thread_.loop(), engine_loop, gateway.events()),
      history_(thread_.loop(), engine_loop, gateway, history, history_directory(settings)),
      exports_(thread_.loop(), gateway, settings, history_directory(settings)),
      fetch_policy_(policy_of(settings.webhooks)),
      fetch_(thread_.loop()),
      callbacks_({.directory = gateway.directory(),
                  .public_ids = gateway.public_ids(),
                  .book = webhooks_,
                  .digests = digests_,
                  .random = random_,
                  .fetch = fetch_,
                  .policy = fetch_policy_,
                  .log = log_,
                  .answered = [this](const WebhookAnswered& answered) { bridge_.tell(answered); },
                  .disable = [this](const Now&, const ingress::Endpoint& endpoint) { disable(endpoint); }}),
      api_({.directory = gateway.directory(),
            .public_ids = gateway.public_ids(),
            .engine = bridge_,
            .history = history_,
            .jobs = exports_,
            .secrets = secrets_,
            .digests = digests_,
            .webhooks = webhooks_,
            .callbacks = callbacks_,
            .fetch_policy = fetch_policy_,
            .log = log_,
            .own_uid = runtime::own_uid(),
            .admin_gid = runtime::group_named(std::string{kAdminGroup})}),
      passwords_(thread_.loop(), kPasswordThreads),
      dialects_({.directory = gateway.directory(),
                 .public_ids = gateway.public_ids(),
                 .engine = bridge_,
                 .passwords = passwords_,
                 .digests = digests_,
                 .callbacks = *fetch_policy_,
                 .cache_key = secrets_.random_octets(kCacheKeyOctets),
                 .fetch = &fetch_,
                 .fetch_policy = fetch_policy_,
                 .keys = &api_,
                 .history = &history_}) {
  bridge_.connect(&callbacks_);
  gateway.connect(&bridge_);
  gateway.visit_stored([this](const Stored& stored) {
    api_.load(stored);
    webhooks_.load(stored);
  });
}

Web::~Web() {
  stop();
  gateway_.connect(nullptr);
}

// It said that it has gone: nobody calls it again before its owner has enabled it.
void Web::disable(ingress::Endpoint endpoint) {
  endpoint.enabled = false;
  endpoint.disabled_by_answer = true;
  const ingress::StoreCall store{StoredKind::kWebhook, endpoint.id, to_octets(endpoint)};
  const bool taken = bridge_.call(store, [this, endpoint](const Now&, const Effect& effect) {
    if (!std::get<StoredChanged>(effect).refusal) { webhooks_.put(endpoint); }
  });
  if (!taken) { log_.warn("webhook.not_stored", {{"webhook", "whe_" + endpoint.id}}); }
}

Result<void, std::string> Web::open(const std::vector<HttpListener>& listeners) {
  for (const auto& listener : listeners) {
    runtime::HttpServerSettings settings;
    settings.address = listener.address;
    if (runtime::group_named(std::string{kAdminGroup})) { settings.unix_group = kAdminGroup; }
    doors_.push_back(std::make_unique<Doors>(*this, listener));
    if (!doors_.back()->serves_customers()) {
      settings.limits.connections = kConnectionsForHealth;
      settings.limits.connections_per_address = kConnectionsForHealth + 1;  // the oldest makes room first
    }
    auto server = runtime::HttpServer::open(thread_.loop(), std::move(settings), *doors_.back());
    if (server.has_error()) { return server.error(); }
    servers_.emplace_back(listener.name, std::move(*server));
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> Web::addresses() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, server] : servers_) { out.emplace_back(name, server->address()); }
  return out;
}

void Web::start() { thread_.start(); }

void Web::drain() {
  thread_.loop().post([this] {
    api_.drain();
    exports_.stop();
    dialects_.drain();
  });
}

void Web::stop() {
  thread_.finish();
  servers_.clear();
}

}  // namespace aldis::daemon
