// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin.hpp"

#include "aldis/telemetry/prometheus.hpp"

namespace aldis::daemon {

namespace {
constexpr Duration kLiveWithin = seconds{5};

// Answers once: with what the engine said, or with 503 when it did not turn in time.
struct Waiting {
  runtime::HttpAnswer answer;
  std::unique_ptr<runtime::Alarm> alarm;
};

runtime::HttpResponse plain(unsigned status, std::string body) {
  runtime::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}
}  // namespace

Admin::Admin(runtime::Loop& engine_loop, Questions questions)
    : engine_loop_(engine_loop),
      questions_(std::make_shared<Questions>(std::move(questions))),
      thread_("aldis-web") {}

Admin::~Admin() { stop(); }

Result<void, std::string> Admin::open(const std::vector<HttpListener>& listeners) {
  for (const auto& listener : listeners) {
    auto server = runtime::HttpServer::open(thread_.loop(), listener.address,
                                            [this](runtime::HttpRequest request, runtime::HttpAnswer answer) {
                                              handle(std::move(request), std::move(answer));
                                            });
    if (server.has_error()) { return server.error(); }
    servers_.emplace_back(listener.name, std::move(*server));
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> Admin::addresses() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, server] : servers_) { out.emplace_back(name, server->address()); }
  return out;
}

void Admin::start() { thread_.start(); }

void Admin::stop() {
  thread_.stop();
  servers_.clear();
}

void Admin::handle(runtime::HttpRequest request, runtime::HttpAnswer answer) {
  const bool metrics = request.path == "/metrics";
  const bool ready = request.path == "/readyz" || request.path == "/health";
  if (!metrics && !ready && request.path != "/livez") { return answer(plain(404, "not found\n")); }
  runtime::Loop& web = thread_.loop();
  auto waiting = std::make_shared<Waiting>();
  waiting->answer = std::move(answer);
  waiting->alarm = std::make_unique<runtime::Alarm>(web, [waiting = std::weak_ptr{waiting}](const Now&) {
    const auto still = waiting.lock();
    if (still != nullptr && still->answer) {
      std::exchange(still->answer, nullptr)(plain(503, "the engine does not turn\n"));
    }
  });
  waiting->alarm->set(web.now().mono + kLiveWithin);
  engine_loop_.post([&web, waiting = std::move(waiting), questions = questions_, metrics, ready]() mutable {
    runtime::HttpResponse response = plain(200, "ok\n");
    if (metrics) {
      response.content_type = std::string{telemetry::PrometheusText::kContentType};
      response.body = questions->metrics();
    } else if (ready) {
      const std::string missing = questions->readiness();
      response.content_type = "application/json";
      response.status = missing.empty() ? 200 : 503;
      response.body = missing.empty() ? R"({"status":"ready"})"
                                        "\n"
                                      : R"({"status":"not ready","missing":")" + missing + "\"}\n";
    }
    web.post([waiting = std::move(waiting), response = std::move(response)]() mutable {
      if (waiting->answer) { std::exchange(waiting->answer, nullptr)(std::move(response)); }
      waiting->alarm.reset();
    });
  });
}

}  // namespace aldis::daemon
