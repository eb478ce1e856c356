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
}  // namespace

class Web::Doors final : public ports::HttpService {
 public:
  Doors(Web& web, const std::vector<HttpServe>& serve) : web_(web), serve_(serve) {}

  ports::HttpVerdict judge(const Now& now, const ports::HttpRequest& request) override {
    ports::HttpService* service = service_of(request.path);
    if (service == nullptr) { return ports::HttpResponse{.status = 404, .body = "not found\n"}; }
    return service->judge(now, request);
  }
  void serve(const Now& now, const ports::HttpRequest& request, const ports::HttpReply& reply) override {
    service_of(request.path)->serve(now, request, reply);
  }
  [[nodiscard]] bool serves(HttpServe what) const {
    return std::find(serve_.begin(), serve_.end(), what) != serve_.end();
  }

 private:
  ports::HttpService* service_of(std::string_view path) {
    if (path == "/metrics") { return serves(HttpServe::kMetrics) ? &web_.health_ : nullptr; }
    if (path.starts_with("/v1/") || path.starts_with("/errors/")) {
      return serves(HttpServe::kNative) ? &web_.api_ : nullptr;
    }
    return serves(HttpServe::kHealth) ? &web_.health_ : nullptr;
  }

  Web& web_;
  const std::vector<HttpServe> serve_;
};

Web::Web(runtime::Loop& engine_loop, Gateway& gateway, telemetry::LogQueue& log, Health::Questions questions)
    : thread_("aldis-web"),
      log_(log, [this] { return thread_.loop().now(); }),
      gateway_(gateway),
      health_(thread_.loop(), engine_loop, std::move(questions)),
      bridge_(thread_.loop(), engine_loop, gateway.events()),
      api_({.directory = gateway.directory(),
            .public_ids = gateway.public_ids(),
            .engine = bridge_,
            .secrets = secrets_,
            .digests = digests_,
            .log = log_,
            .own_uid = runtime::own_uid(),
            .admin_gid = runtime::group_named(std::string{kAdminGroup})}) {
  gateway.connect(&bridge_);
  gateway.visit_stored([this](const Stored& stored) { api_.load(stored); });
}

Web::~Web() {
  stop();
  gateway_.connect(nullptr);
}

Result<void, std::string> Web::open(const std::vector<HttpListener>& listeners) {
  for (const auto& listener : listeners) {
    runtime::HttpServerSettings settings;
    settings.address = listener.address;
    if (runtime::group_named(std::string{kAdminGroup})) { settings.unix_group = kAdminGroup; }
    doors_.push_back(std::make_unique<Doors>(*this, listener.serve));
    if (!doors_.back()->serves(HttpServe::kNative)) {
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
  thread_.loop().post([this] { api_.drain(); });
}

void Web::stop() {
  thread_.finish();
  servers_.clear();
}

}  // namespace aldis::daemon
