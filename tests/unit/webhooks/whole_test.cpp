// SPDX-License-Identifier: Apache-2.0
// The three pieces of a webhook as one: notify says whom to call, ingress composes the request and judges the
// answer, runtime calls. The calls are real ones on loopback; the hours between attempts are not waited for.
#include <random>
#include <set>

#include "aldis/ingress/callbacks.hpp"
#include "aldis/notify/webhooks.hpp"
#include "aldis/runtime/secrets.hpp"
#include "unit/runtime/web_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime::tests;
using Kind = WebhookResult::Kind;

namespace {

struct Post {
  std::string event;
  std::string timestamp;
  std::string signature;
  std::string body;
};

std::string field_of(const std::string& request, const std::string& name) {
  const auto begin = request.find("\r\n" + name + ": ");
  if (begin == std::string::npos) { return {}; }
  const auto value = begin + name.size() + 4;
  return request.substr(value, request.find("\r\n", value) - value);
}

Post post_of(const std::string& request) {
  return {field_of(request, "webhook-id"), field_of(request, "webhook-timestamp"),
          field_of(request, "webhook-signature"), request.substr(request.find("\r\n\r\n") + 4)};
}

// A gateway's part in it, in small: this is all that wiring does.
struct Sender {
  explicit Sender(WebServer::Answer answer) : web(std::move(answer)) {
    style.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    web.names.set("app.example", {"127.0.0.1"});
    notify::WebhookEndpoint endpoint;
    endpoint.host = "app.example";
    id = hooks.open(now, endpoint);
  }
  void owe(std::uint64_t event, std::uint64_t message, std::uint16_t status_seq) {
    notify::OwedEvent owed;
    owed.event = notify::EventId{event};
    owed.receipt.message = MessageId{message};
    owed.receipt.status_seq = status_seq;
    hooks.owe(now, id, owed, now.wall);
  }
  void leave() {
    while (const auto call = hooks.next(now)) { carry(*call); }
  }
  void carry(const notify::WebhookCall& call) {
    ingress::MessageEvent event;
    event.event = call.event->event.value();
    event.status = call.event->receipt.status;
    event.status_seq = call.event->receipt.status_seq;
    event.message.id = "0190c3a5b7e8c9d0f1a2b3c4d5e6f708";
    ingress::CallbackTarget target;
    target.url = web.server.url("app.example", "/hook");
    target.style = style;
    target.policy = std::make_shared<ports::FetchPolicy>(web.open);
    auto request = ingress::callback_request(target, event, {now.wall, 0}, digests);
    REQUIRE(request);
    web.fetch->start(
        std::move(*request), [this, token = call.token](const Now&, ports::FetchAnswer&& answer) {
          const auto settled = hooks.on_result(now, token, ingress::judge_answer(style, answer, now.wall));
          if (settled->kind == notify::WebhookSettled::Kind::kAcknowledged) {
            acknowledged.push_back(settled->event.event.value());
          }
        });
  }
  // Until nothing is owed, or nothing can be done for `idle_max`.
  void run(Duration idle_max) {
    const Instant end = now.mono + idle_max;
    while (hooks.size() > 0 && now.mono < end) {
      leave();
      if (web.fetch->in_flight() > 0) {
        REQUIRE(web.t.run_until(
            [&, before = web.fetch->in_flight()] { return web.fetch->in_flight() < before; }));
        continue;
      }
      const Duration step = std::clamp<Duration>(hooks.next_deadline() - now.mono, milliseconds{1}, hours{1});
      now.mono += step;
      now.wall += std::chrono::ceil<microseconds>(step);
      hooks.advance(now);
    }
  }

  Now now{Instant{hours{1}}, WallTime{seconds{1'795'291'955}}};
  runtime::SeededRandom random{7};
  runtime::OpenSslDigests digests;
  ingress::StandardStyle style;
  Web web;
  notify::Webhooks hooks{now, random};
  notify::EndpointId id;
  std::vector<std::uint64_t> acknowledged;
};

// What each received request said, in the order of the requests.
std::vector<Post> posts(Sender& sender) {
  std::vector<Post> out;
  for (const std::string& request : sender.web.server.requests()) { out.push_back(post_of(request)); }
  return out;
}

}  // namespace

TEST_CASE(
    "through a server that fails every way, each event is acknowledged once, in the order of its message",
    "[H28][D7]") {
  std::mt19937 chance{11};
  std::mutex mutex;
  std::set<std::string> said_yes;
  std::vector<std::string> repeats;  // of what was acknowledged
  Sender sender{[&](const std::string& request) -> std::string {
    const std::string event = post_of(request).event;
    switch (chance() % 10) {
      case 0: return "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
      case 1: return "HTTP/1.1 302 No\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n";
      case 2: return "HTTP/1.1 503 No\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n";
      case 3: return "nonsense\r\n\r\n";
      default: break;
    }
    const std::lock_guard lock{mutex};
    if (!said_yes.insert(event).second) { repeats.push_back(event); }
    return "HTTP/1.1 204 Yes\r\n\r\n";
  }};
  constexpr std::uint64_t kMessages = 60;
  for (std::uint64_t message = 1; message <= kMessages; ++message) {
    for (std::uint16_t seq = 1; seq <= 3; ++seq) { sender.owe(message * 10 + seq, message, seq); }
  }
  sender.run(hours{72});
  CHECK(sender.hooks.size() == 0);
  CHECK(sender.acknowledged.size() == 3 * kMessages);
  CHECK(std::set<std::uint64_t>(sender.acknowledged.begin(), sender.acknowledged.end()).size() ==
        3 * kMessages);
  std::map<std::uint64_t, std::uint64_t> newest;
  for (const std::uint64_t event : sender.acknowledged) {
    CHECK(event % 10 == newest[event / 10] + 1);
    newest[event / 10] = event % 10;
  }
  const std::lock_guard lock{mutex};
  CHECK(repeats.empty());
  CHECK(said_yes.size() == 3 * kMessages);
  CHECK(sender.web.server.requests().size() > 3 * kMessages * 5 / 4);
}

TEST_CASE("every attempt has the event's id and a time and signature of its own") {
  int calls = 0;
  Sender sender{[&calls](const std::string&) {
    return ++calls < 3 ? std::string{"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}
                       : std::string{"HTTP/1.1 204 Yes\r\n\r\n"};
  }};
  sender.owe(0x12d9a, 1, 4);
  sender.run(hours{1});
  const auto said = posts(sender);
  REQUIRE(said.size() == 3);
  for (const Post& post : said) {
    CHECK(post.event == "evt_0000000000012d9a");
    CHECK(post.body == said.front().body);
  }
  CHECK(said[0].timestamp == "1795291955");
  CHECK(std::stoll(said[1].timestamp) >= 1'795'291'959);
  CHECK(std::stoll(said[2].timestamp) >= std::stoll(said[1].timestamp) + 24);
  CHECK(said[0].signature != said[1].signature);
}

TEST_CASE("410 ends the calls until staff or customer enables the endpoint again", "[H28]") {
  std::atomic<bool> gone{true};
  Sender sender{[&gone](const std::string&) {
    return std::string{gone ? "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 204 Yes\r\n\r\n"};
  }};
  sender.owe(1, 1, 1);
  sender.run(hours{10});
  CHECK(posts(sender).size() == 1);
  CHECK_FALSE(sender.hooks.state_of(sender.id).enabled);
  gone = false;
  notify::WebhookEndpoint endpoint;
  endpoint.host = "app.example";
  sender.hooks.set(sender.now, sender.id, endpoint);
  sender.run(hours{1});
  CHECK(sender.acknowledged == std::vector<std::uint64_t>{1});
}
