// SPDX-License-Identifier: Apache-2.0
#include "smppload/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/receipt_text.hpp"

namespace aldis::smppload {

namespace {

constexpr std::size_t kLongOctets = 400;
constexpr std::size_t kShortMax = 254;
constexpr std::uint8_t kEsmReceipt = 0x04;
constexpr std::uint8_t kEsmIntermediate = 0x20;
constexpr std::uint8_t kEsmTypes = 0x3C;

std::uint64_t hash_of(std::string_view id) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : id) { hash = (hash ^ u8(c)) * 0x100000001B3u; }
  return hash ^ (hash >> 29);
}

}  // namespace

Load::Load(runtime::Loop& loop, const Options& options)
    : loop_(loop), options_(options), chance_(options.seed), connector_(loop), alarm_(loop, [](const Now&) {
      }) {
  for (const auto& customer : options.customers) {
    const auto colon = customer.find(':');
    for (std::uint32_t i = 0; i < options.binds; ++i) {
      binds_.push_back(
          std::make_unique<CustomerBind>(*this, customer.substr(0, colon), customer.substr(colon + 1)));
    }
  }
  filler_ = "The quick brown fox jumps over the lazy dog and the lazy dog sleeps on; ";
  while (filler_.size() < kLongOctets) { filler_ += filler_; }
  if (options.count > 0) {
    rows_.reserve(options.count);
    by_id_.reserve(options.count);
  }
}

Load::~Load() = default;

std::optional<std::string> Load::open_oracle() {
  if (options_.oracle.empty()) { return std::nullopt; }
  errno = 0;
  oracle_.open(options_.oracle, std::ios::trunc);
  if (oracle_.is_open()) { return std::nullopt; }
  return "cannot open " + options_.oracle + ": " + std::strerror(errno);
}

void Load::start(const Now& now) {
  began_ = last_answer_ = last_receipt_ = refilled_ = now.mono;
  progress_at_ = now.mono + seconds{1};
  const auto in = [&](double s) {
    return now.mono + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
  };
  if (!options_.reconnect) { connect_until_ = in(options_.connect_seconds); }
  submitted_until_ = options_.seconds > 0 ? in(options_.seconds) : kNever;
}

bool Load::submitting_done(const Now& now) const {
  return stopped_ || finishing_ || (options_.count > 0 && submitted_ >= options_.count) ||
         now.mono >= submitted_until_;
}

bool Load::may_submit(const Now& now) {
  if (submitting_done(now)) { return false; }
  if (!options_.rate) { return true; }
  const double burst = std::max(1.0, *options_.rate / 100);
  tokens_ =
      std::min(burst, tokens_ + std::chrono::duration<double>(now.mono - refilled_).count() * *options_.rate);
  refilled_ = now.mono;
  if (tokens_ < 1) { return false; }
  tokens_ -= 1;
  return true;
}

std::uint64_t Load::compose(const Now&, smpp::SubmitSm& pdu) {
  const std::uint64_t number = rows_.size();
  rows_.emplace_back();
  ++submitted_;
  ++outstanding_;
  text_.clear();
  tlvs_.clear();
  // The token goes first: whatever is cut, the message can be named. Seed and number make it unique over
  // runs.
  traffic::append_token(text_, (options_.seed << 40) | number);
  const double roll = options_.share_long + options_.share_ucs2 > 0 ? chance_.uniform() : 1.0;
  if (roll < options_.share_long) {
    text_.append(filler_, 0, kLongOctets - text_.size());
  } else if (roll < options_.share_long + options_.share_ucs2) {
    std::string wide;
    for (const char c : text_) {
      wide.push_back('\0');
      wide.push_back(c);
    }
    for (int i = 0; i < 20; ++i) { wide += "\x04\x16"; }  // Ж
    text_ = wide;
    pdu.data_coding = 8;
  } else {
    text_.append(filler_, 0, options_.text_octets - text_.size());
  }
  destination_ = options_.destination_prefix;
  const std::string tail = std::to_string(number % 100'000'000);
  destination_.append(8 - tail.size(), '0');
  destination_ += tail;
  pdu.source_addr_ton = 5;
  pdu.source_addr = options_.source;
  pdu.dest_addr_ton = 1;
  pdu.dest_addr_npi = 1;
  pdu.destination_addr = destination_;
  pdu.registered_delivery = options_.receipts ? 1 : 0;
  if (text_.size() <= kShortMax) {
    pdu.short_message = text_;
  } else {
    smpp::append_tlv(tlvs_, smpp::TlvTag::kMessagePayload, text_);
    pdu.tlvs = smpp::Tlvs{tlvs_};
  }
  return number;
}

void Load::answered(const Now& now, std::uint64_t number, smpp::CommandStatus status, std::string_view id,
                    Duration latency) {
  Row& row = rows_[number];
  if (row.state != State::kSubmitted && row.state != State::kUnanswered) { return; }
  if (row.state == State::kSubmitted) {
    --outstanding_;
  } else {
    --unanswered_;
  }
  last_answer_ = now.mono;
  latencies_.add(latency);
  if (status != smpp::CommandStatus::kOk) {
    row.state = State::kRefused;
    ++refused_count_;
    refusal_latencies_.add(latency);
    ++refused_[static_cast<std::uint32_t>(status)];
    return;
  }
  row.state = State::kAccepted;
  ++accepted_;
  if (oracle_.is_open()) { oracle_ << "A\t" << ((options_.seed << 40) | number) << '\t' << id << '\n'; }
  if (!options_.receipts) { return; }
  const std::uint64_t hash = hash_of(id);
  by_id_.emplace(hash, number);
  if (early_.empty()) { return; }
  if (const auto at = early_.find(hash); at != early_.end()) {
    row.receipts = static_cast<std::uint8_t>(std::min(at->second, 255u));
    ++settled_;
    early_.erase(at);
  }
}

void Load::unanswered(std::uint64_t number) {
  Row& row = rows_[number];
  if (row.state != State::kSubmitted) { return; }
  row.state = State::kUnanswered;
  --outstanding_;
  ++unanswered_;
}

void Load::delivered(const Now& now, const smpp::DeliverSm& pdu) {
  const unsigned type = pdu.esm_class & kEsmTypes;
  if (type != kEsmReceipt && type != kEsmIntermediate) {
    ++inbound_;
    if (oracle_.is_open()) { oracle_ << "I\t" << pdu.source_addr << '\t' << pdu.destination_addr << '\n'; }
    return;
  }
  last_receipt_ = now.mono;
  auto id = pdu.tlvs.find_cstring(smpp::TlvTag::kReceiptedMessageId).value_or(std::string_view{});
  std::string scratch;
  smpp::ParsedReceipt parsed;
  if (id.empty() || oracle_.is_open()) {
    smpp::ReceiptSource source;
    source.short_message = pdu.short_message;
    parsed = smpp::parse_receipt(source, {}, scratch);
    if (id.empty()) { id = parsed.id_text; }
  }
  if (oracle_.is_open()) { oracle_ << "R\t" << id << '\t' << parsed.stat_word << '\n'; }
  receipt(id, type == kEsmReceipt);
}

void Load::receipt(std::string_view id, bool final) {
  if (!final) {
    ++intermediate_;
    return;
  }
  ++receipts_;
  const std::uint64_t hash = hash_of(id);
  const auto at = by_id_.find(hash);
  if (at == by_id_.end()) {
    ++early_[hash];
    return;
  }
  Row& row = rows_[at->second];
  if (row.receipts > 0) {
    ++duplicated_;
  } else {
    ++settled_;
  }
  if (row.receipts < 255) { ++row.receipts; }
}

bool Load::all_settled() const { return outstanding_ == 0 && (!options_.receipts || settled_ >= accepted_); }

void Load::stop_submitting() {
  if (stopped_) { loop_.stop(); }
  stopped_ = true;
}

void Load::report_progress(const Now& now) {
  if (!options_.progress || now.mono < progress_at_) { return; }
  progress_at_ = now.mono + seconds{1};
  std::fprintf(stderr, "smppload: submitted %llu accepted %llu refused %llu receipts %llu\n",
               static_cast<unsigned long long>(submitted_), static_cast<unsigned long long>(accepted_),
               static_cast<unsigned long long>(refused_count_), static_cast<unsigned long long>(receipts_));
}

void Load::tell(const std::string& sentence) {
  if (sentence == told_) { return; }
  told_ = sentence;
  std::fprintf(stderr, "smppload: %s\n", sentence.c_str());
}

std::string Load::until_text() const {
  char text[64];
  if (!options_.reconnect && !ever_bound_) {
    std::snprintf(text, sizeof text, "until %g s have passed (--connect-seconds)", options_.connect_seconds);
  } else if (options_.seconds > 0) {
    std::snprintf(text, sizeof text, "until %g s have passed (--seconds)", options_.seconds);
  } else {
    return "until it is stopped";
  }
  return text;
}

void Load::turn_end(const Now& now) {
  bool any_up = false;
  for (auto& bind : binds_) {
    if (bind->bound()) {
      any_up = true;
      if (options_.rate) { bind->submit_more(now); }
    } else if (bind->down() && !finishing_ && now.mono >= bind->retry_at() &&
               (options_.reconnect || connections_lost_ + binds_refused_ == 0)) {
      bind->connecting();
      connector_.connect({.target = options_.target}, runtime::borrow(*bind),
                         [this](const std::string& why) { tell(why + "; trying again " + until_text()); });
    }
    any_up = any_up || !bind->down();
  }
  report_progress(now);
  if (submitting_done(now) && drain_until_ == kNever) {
    drain_until_ = now.mono + std::chrono::duration_cast<Duration>(
                                  std::chrono::duration<double>(options_.drain_seconds));
  }
  const bool gone = !any_up && !options_.reconnect && connections_lost_ + binds_refused_ > 0;
  const bool unreached = !ever_bound_ && now.mono >= connect_until_;
  const bool done = (submitting_done(now) && all_settled()) || now.mono >= drain_until_ || gone || unreached;
  if (done && !finishing_) {
    finishing_ = true;
    finish_by_ = now.mono + seconds{5};
    for (auto& bind : binds_) { bind->unbind(now); }
  }
  if (finishing_ && (loop_.connections() == 0 || now.mono >= finish_by_)) { loop_.stop(); }
  Instant next = std::min({now.mono + milliseconds{100}, drain_until_, finish_by_});
  if (options_.rate && !submitting_done(now)) { next = std::min(next, now.mono + milliseconds{1}); }
  alarm_.set(next);
}

int Load::finish() {
  const auto seconds_of = [](Duration d) { return std::chrono::duration<double>(d).count(); };
  const double span = std::max(
      1e-9, seconds_of(std::max(last_answer_, options_.receipts ? last_receipt_ : last_answer_) - began_));
  const std::uint64_t lost = options_.receipts && accepted_ > settled_ ? accepted_ - settled_ : 0;
  for (const auto& [hash, count] : early_) { unknown_ += count; }
  std::string refused;
  for (const auto& [status, count] : refused_) {
    const auto name = smpp::name_of(static_cast<smpp::CommandStatus>(status));
    refused += (refused.empty() ? "\"" : ",\"") +
               (name.empty() ? std::to_string(status) : std::string{name}) + "\":" + std::to_string(count);
  }
  const double cpu = traffic::cpu_seconds();
  const auto u = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "{\"submitted\":%llu,\"accepted\":%llu,\"refused\":{%s},\"unanswered\":%llu,\"receipts\":%llu,"
      "\"intermediate\":%llu,"
      "\"lost\":%llu,\"duplicated\":%llu,\"unknown_receipts\":%llu,\"inbound\":%llu,\"connections_lost\":%"
      "llu,"
      "\"seconds\":%.3f,\"accepted_per_second\":%.0f,\"cycles_per_second\":%.0f,\"latency_ms\":{\"p50\":%.3f,"
      "\"p99\":%.3f,"
      "\"p999\":%.3f},\"refused_latency_ms\":{\"p50\":%.3f,\"p99\":%.3f},\"cpu_us_per_message\":%.2f}\n",
      u(submitted_), u(accepted_), refused.c_str(), u(unanswered_), u(receipts_), u(intermediate_), u(lost),
      u(duplicated_), u(unknown_), u(inbound_), u(connections_lost_), span,
      static_cast<double>(accepted_) / span,
      static_cast<double>(options_.receipts ? settled_ : accepted_) / span, latencies_.quantile_ms(0.5),
      latencies_.quantile_ms(0.99), latencies_.quantile_ms(0.999), refusal_latencies_.quantile_ms(0.5),
      refusal_latencies_.quantile_ms(0.99),
      submitted_ > 0 ? cpu * 1e6 / static_cast<double>(submitted_) : 0.0);
  std::fflush(stdout);
  if (!ever_bound_) {
    std::fprintf(stderr, "smppload: no bind to %s ever succeeded\n", options_.target.c_str());
    return 2;
  }
  return accepted_ > 0 && lost == 0 && duplicated_ == 0 ? 0 : 1;
}

}  // namespace aldis::smppload
