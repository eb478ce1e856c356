// SPDX-License-Identifier: Apache-2.0
// Load for the HTTP API: each connection keeps so many requests (or lines of one batch) without an answer.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aldis/runtime/connections.hpp"
#include "options.hpp"
#include "traffic/traffic.hpp"

using namespace aldis;

namespace {

// What all connections share.
struct Totals {
  std::uint64_t sent = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t lost = 0;  // connections that broke
  std::string first_refusal;
  traffic::Latencies latencies;
  Instant began{};
  Instant last_answer{};
  [[nodiscard]] std::uint64_t answered() const { return accepted + refused; }
};

std::string body_of(std::uint64_t number) {
  char text[160];
  const int size = std::snprintf(
      text, sizeof text,
      R"({"to":"+4477%08llu","from":"ACME","text":"Your code is %06llu, and it is valid for ten minutes."})",
      static_cast<unsigned long long>(number % 100'000'000),
      static_cast<unsigned long long>(number % 1'000'000));
  return {text, static_cast<std::size_t>(size)};
}

// One connection. Owned by main() and borrowed by its socket.
class Sender final : public ports::ByteProtocol {
 public:
  Sender(runtime::Loop& loop, const httpload::Options& options, Totals& totals, std::uint64_t share)
      : loop_(loop), options_(options), totals_(totals), share_(share) {}

  void on_open(const Now& now, ports::Wire& wire) override {
    wire_ = &wire;
    if (options_.lines) {
      wire.output()
          .append("POST /v1/messages/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ")
          .append(options_.key)
          .append("\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    send(now);
  }

  std::size_t on_octets(const Now& now, Octets input) override {
    const std::size_t size = input.size();
    if (options_.lines) {
      read_lines(now, input);
      send(now);
      return size;
    }
    while (const auto taken = read_answer(now, input)) { input.remove_prefix(taken); }
    send(now);
    return size - input.size();
  }

  void on_timer(const Now& now) override { send(now); }
  [[nodiscard]] Instant next_deadline() const override {
    if (options_.rate <= 0 || wire_ == nullptr || sent_ >= share_ || sent_at_.size() >= options_.depth) {
      return kNever;
    }
    return due(sent_);
  }
  void on_closed(const Now&, ports::CloseCause) override {
    if (answered_ < share_) { ++totals_.lost; }
    wire_ = nullptr;
    if (--open_ == 0) { loop_.stop(); }
  }

  static inline unsigned open_ = 0;

 private:
  [[nodiscard]] Instant due(std::uint64_t n) const {
    const double own = options_.rate / options_.connections;
    return totals_.began +
           std::chrono::duration_cast<Duration>(std::chrono::duration<double>(static_cast<double>(n) / own));
  }

  void send(const Now& now) {
    if (wire_ == nullptr) { return; }
    std::string chunk;
    while (sent_ < share_ && sent_at_.size() < options_.depth &&
           (options_.rate <= 0 || due(sent_) <= now.mono)) {
      const std::string body = body_of(totals_.sent++);
      if (options_.lines) {
        chunk.append(body) += '\n';
      } else {
        char length[24];
        std::snprintf(length, sizeof length, "%zu", body.size());
        wire_->output()
            .append("POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ")
            .append(options_.key)
            .append("\r\nContent-Type: application/json\r\nContent-Length: ")
            .append(length)
            .append("\r\n\r\n")
            .append(body);
      }
      ++sent_;
      // What was to leave earlier has waited for us: that counts.
      sent_at_.push_back(options_.rate > 0 ? due(sent_ - 1) : now.mono);
    }
    if (!chunk.empty()) {
      char size[24];
      std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      wire_->output().append(size).append(chunk).append("\r\n");
      if (sent_ == share_) { wire_->output().append("0\r\n\r\n"); }
    }
    wire_->wake();
  }

  void answered(const Now& now, bool good, std::string_view what) {
    if (sent_at_.empty()) { return; }
    totals_.latencies.add(now.mono - sent_at_.front());
    sent_at_.pop_front();
    totals_.last_answer = now.mono;
    ++(good ? totals_.accepted : totals_.refused);
    if (!good && totals_.first_refusal.empty()) { totals_.first_refusal = what.substr(0, 200); }
    if (++answered_ == share_ && wire_ != nullptr) { wire_->close_after_flush(); }
  }

  // One whole answer: its octets, or 0.
  std::size_t read_answer(const Now& now, Octets input) {
    const auto head = input.find("\r\n\r\n");
    if (head == input.npos) { return 0; }
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = input.substr(0, head).find(kLength);
    std::size_t length = 0;
    if (at != input.npos) {
      std::from_chars(input.data() + at + kLength.size(), input.data() + head, length);
    }
    if (input.size() < head + 4 + length) { return 0; }
    answered(now, input.substr(9, 3) == "202", input.substr(head + 4, length));
    return head + 4 + length;
  }

  // Lines of a chunked answer; sizes of chunks are lines without a brace.
  void read_lines(const Now& now, Octets input) {
    for (const char c : input) {
      if (c != '\n') {
        line_ += c;
        continue;
      }
      if (line_.starts_with("{\"index\"")) { answered(now, line_.find("\"error\"") == line_.npos, line_); }
      line_.clear();
    }
  }

  runtime::Loop& loop_;
  const httpload::Options& options_;
  Totals& totals_;
  const std::uint64_t share_;
  ports::Wire* wire_ = nullptr;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::deque<Instant> sent_at_;
  std::string line_;
};

void print(const Totals& totals) {
  const double took = std::chrono::duration<double>(totals.last_answer - totals.began).count();
  std::printf(
      "{\"submitted\":%llu,\"accepted\":%llu,\"refused\":%llu,\"unanswered\":%llu,\"connections_lost\":%llu,"
      "\"seconds\":%.3f,"
      "\"accepted_per_second\":%.0f,\"latency_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f},\"cpu_seconds\":"
      "%.3f}\n",
      static_cast<unsigned long long>(totals.sent), static_cast<unsigned long long>(totals.accepted),
      static_cast<unsigned long long>(totals.refused),
      static_cast<unsigned long long>(totals.sent - totals.answered()),
      static_cast<unsigned long long>(totals.lost), took,
      took > 0 ? static_cast<double>(totals.accepted) / took : 0, totals.latencies.quantile_ms(0.5),
      totals.latencies.quantile_ms(0.99), totals.latencies.quantile_ms(0.999), traffic::cpu_seconds());
}

}  // namespace

int main(int argc, char** argv) {
  const auto [options, exit] = httpload::parse_options(argc, argv);
  if (exit) { return *exit; }
  runtime::Loop loop;
  runtime::Connector connector{loop};
  Totals totals;
  totals.began = totals.last_answer = loop.now().mono;
  std::vector<std::unique_ptr<Sender>> senders;
  std::string failed;
  for (unsigned i = 0; i < options.connections; ++i) {
    const std::uint64_t share =
        options.count / options.connections + (i < options.count % options.connections ? 1 : 0);
    if (share == 0) { continue; }
    senders.push_back(std::make_unique<Sender>(loop, options, totals, share));
    ++Sender::open_;
    connector.connect({.target = options.target}, runtime::borrow(*senders.back()),
                      [&failed](const std::string& sentence) { failed = sentence; });
  }
  std::unique_ptr<runtime::Alarm> patience;
  patience = std::make_unique<runtime::Alarm>(loop, [&](const Now& now) {
    if (now.mono - totals.last_answer >= options.patience) { return loop.stop(); }
    patience->set(totals.last_answer + options.patience);
  });
  patience->set(totals.began + options.patience);
  loop.run();
  if (!failed.empty()) {
    std::fprintf(stderr, "httpload: %s\n", failed.c_str());
    return 2;
  }
  print(totals);
  if (!totals.first_refusal.empty()) {
    std::fprintf(stderr, "httpload: the first refusal: %s\n", totals.first_refusal.c_str());
  }
  return totals.accepted == options.count ? 0 : 1;
}
