// SPDX-License-Identifier: Apache-2.0
#include "daemon/health.hpp"

#include <utility>

#include "aldis/telemetry/prometheus.hpp"

namespace aldis::daemon {

namespace {
constexpr Duration kLiveWithin = seconds{5};

enum Question : std::uint64_t { kLive, kReady, kMetrics };

// Answers once: with what the engine said, or with 503 when it did not turn in time.
struct Waiting {
  ports::HttpReply reply;
  std::unique_ptr<runtime::Alarm> alarm;
};

ports::HttpResponse plain(unsigned status, std::string body) {
  ports::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}
}  // namespace

Health::Health(runtime::Loop& web, runtime::Loop& engine, Questions questions)
    : web_(web), engine_(engine), questions_(std::make_shared<Questions>(std::move(questions))) {}

ports::HttpVerdict Health::judge(const Now&, const ports::HttpRequest& request) {
  ports::HttpTakeWhole verdict{.body_octets_max = 0};
  if (request.path == "/metrics") {
    verdict.token = kMetrics;
  } else if (request.path == "/readyz" || request.path == "/health") {
    verdict.token = kReady;
  } else if (request.path == "/livez") {
    verdict.token = kLive;
  } else {
    return plain(404, "not found\n");
  }
  if (request.method == "GET" || request.method == "HEAD") { return verdict; }
  ports::HttpResponse refusal = plain(405, "method not allowed\n");
  refusal.headers.emplace_back("Allow", "GET, HEAD");
  return refusal;
}

void Health::serve(const Now& now, const ports::HttpRequest& request, const ports::HttpReply& reply) {
  runtime::Loop& web = web_;
  auto waiting = std::make_shared<Waiting>();
  waiting->reply = reply;
  waiting->alarm = std::make_unique<runtime::Alarm>(web, [waiting = std::weak_ptr{waiting}](const Now&) {
    if (const auto still = waiting.lock()) { still->reply.send(plain(503, "the engine does not turn\n")); }
  });
  waiting->alarm->set(now.mono + kLiveWithin);
  engine_.post(
      [&web, waiting = std::move(waiting), questions = questions_, question = request.token]() mutable {
        ports::HttpResponse response = plain(200, "ok\n");
        if (question == kMetrics) {
          response.content_type = telemetry::PrometheusText::kContentType;
          response.body = questions->metrics();
        } else if (question == kReady) {
          const std::string missing = questions->readiness();
          response.content_type = "application/json";
          response.status = missing.empty() ? 200 : 503;
          response.body = missing.empty() ? R"({"status":"ready"})"
                                            "\n"
                                          : R"({"status":"not ready","missing":")" + missing + "\"}\n";
        }
        web.post([waiting = std::move(waiting), response = std::move(response)]() mutable {
          waiting->reply.send(std::move(response));
          waiting->alarm.reset();
        });
      });
}

}  // namespace aldis::daemon
