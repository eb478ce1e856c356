// SPDX-License-Identifier: Apache-2.0
#include "smscsim/simulator.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "aldis/smpp/codec.hpp"

namespace aldis::smscsim {

namespace {

std::string number_text(std::uint64_t number, int base) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, base).ptr;
  return {text.data(), end};
}

void append_hex(std::string& out, Octets octets) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : octets) {
    out.push_back(kHex[u8(c) >> 4]);
    out.push_back(kHex[u8(c) & 15]);
  }
}

}  // namespace

Simulator::Simulator(runtime::Loop& loop, const Options& options, std::vector<Fault> script)
    : loop_(loop),
      options_(options),
      chance_(options.seed),
      // Ids of one run are not those of the next, or a gateway that outlived us would mistake them.
      last_number_(static_cast<std::uint64_t>(loop.now().wall.time_since_epoch().count()) * 1000),
      started_(loop.now().mono),
      alarm_(loop, [](const Now&) {}) {
  faults_.load(std::move(script));
  for (const auto& entry : options.system_ids) {
    const auto colon = entry.find(':');
    Customer customer;
    customer.system_id = entry.substr(0, colon);
    customer.password = colon == std::string::npos ? "" : entry.substr(colon + 1);
    customers_.emplace(customer.system_id, customer);
  }
  if (options.inbound_rate > 0) { inbound_at_ = started_; }
}

Simulator::~Simulator() = default;

std::optional<std::string> Simulator::open_logs() {
  const auto open = [](std::ofstream& file, const std::string& path) -> std::optional<std::string> {
    if (path.empty()) { return std::nullopt; }
    errno = 0;
    file.open(path, std::ios::app);
    if (file.is_open()) { return std::nullopt; }
    return "cannot open " + path + ": " + std::strerror(errno);
  };
  if (auto why = open(log_, options_.log)) { return why; }
  return open(inbound_log_, options_.inbound_log);
}

std::unique_ptr<ports::ByteProtocol> Simulator::accept() { return std::make_unique<OperatorSession>(*this); }

Customer* Simulator::log_in(std::string_view system_id, std::string_view password) {
  auto at = customers_.find(system_id);
  if (at == customers_.end()) {
    if (!options_.system_ids.empty()) { return nullptr; }
    Customer customer;
    customer.system_id = system_id;
    customer.any_password = true;
    at = customers_.emplace(customer.system_id, customer).first;
  }
  Customer& customer = at->second;
  return customer.any_password || customer.password == password ? &customer : nullptr;
}

OperatorSession* Simulator::find(std::uint64_t session) {
  const auto at = std::find_if(sessions_.begin(), sessions_.end(),
                               [&](const OperatorSession* one) { return one->id() == session; });
  return at == sessions_.end() ? nullptr : *at;
}

std::string Simulator::response_id(std::uint64_t number) const {
  return number_text(number, options_.dialect == Dialect::kReceiptDec ? 16 : 10);
}

std::string Simulator::receipt_id(std::uint64_t number) const {
  return number_text(number, options_.dialect == Dialect::kReceiptHex ? 16 : 10);
}

bool Simulator::over_rate(const Now& now, Customer& customer) {
  if (!options_.rate) { return false; }
  const double burst = std::max(1.0, *options_.rate / 10);
  const double passed = std::chrono::duration<double>(now.mono - customer.refilled).count();
  customer.tokens = std::min(burst, customer.tokens + passed * *options_.rate);
  customer.refilled = now.mono;
  if (customer.tokens < 1) { return true; }
  customer.tokens -= 1;
  return false;
}

void Simulator::submitted(const Now& now, OperatorSession& session, Customer& customer,
                          std::uint32_t sequence, const smpp::SubmitSm& pdu) {
  ++totals_.submits;
  const Duration since = now.mono - started_;
  auto status = smpp::CommandStatus::kOk;
  if (over_rate(now, customer) || faults_.holds(Fault::Kind::kThrottle, since)) {
    status = smpp::CommandStatus::kThrottled;
    ++totals_.throttled;
  } else if (faults_.holds(Fault::Kind::kQueueFull, since)) {
    status = smpp::CommandStatus::kMessageQueueFull;
  } else if (!options_.reject_text.empty() && smpp::body_of(pdu).find(options_.reject_text) != Octets::npos) {
    status = smpp::CommandStatus::kSubmitFailed;
  } else if (!options_.errors.empty()) {
    double roll = chance_.uniform();
    for (const auto& error : options_.errors) {
      if (roll < error.share) {
        status = error.status;
        break;
      }
      roll -= error.share;
    }
  }
  const std::uint64_t number = status == smpp::CommandStatus::kOk ? ++last_number_ : 0;
  if (log_.is_open() && number != 0) { write_log(now, customer, number, pdu); }
  if (chance_.one_in(options_.no_answer) || faults_.holds(Fault::Kind::kSilence, since)) {
    ++totals_.unanswered;
    return;
  }
  ++(number != 0 ? totals_.accepted : totals_.refused);
  const bool receipt = number != 0 && options_.receipts && (pdu.registered_delivery & 3u) != 0 &&
                       !chance_.one_in(options_.receipt_never);
  Delivery delivery;
  if (receipt) {
    delivery.number = number;
    delivery.from.assign(pdu.destination_addr);
    delivery.to.assign(pdu.source_addr);
    delivery.from_ton = pdu.dest_addr_ton;
    delivery.to_ton = pdu.source_addr_ton;
    delivery.undeliverable = chance_.one_in(options_.undeliverable);
    if (chance_.one_in(options_.receipt_first)) {
      owe(customer, delivery);
      session.deliver_owed(now);
      if (options_.latency == Duration::zero()) { session.answer(now, sequence, number, status); }
    } else {
      if (options_.latency == Duration::zero()) { session.answer(now, sequence, number, status); }
      plan_receipt(now, customer, delivery, true);
      session.deliver_owed(now);  // one without delay follows its response on the same bind
    }
  } else if (options_.latency == Duration::zero()) {
    session.answer(now, sequence, number, status);
  }
  if (options_.latency > Duration::zero()) {
    later_.push({now.mono + options_.latency, ++later_order_, Later::What::kAnswer, session.id(), sequence,
                 status, nullptr, Delivery{.number = number, .from = {}, .to = {}}});
  }
}

void Simulator::plan_receipt(const Now& now, Customer& customer, const Delivery& delivery, bool first) {
  const Duration spread = options_.receipt_delay_max - options_.receipt_delay_min;
  const Duration delay =
      options_.latency + options_.receipt_delay_min +
      (spread > Duration::zero()
           ? Duration{static_cast<Duration::rep>(chance_.uniform() * static_cast<double>(spread.count()))}
           : Duration{});
  if (delay == Duration::zero()) {
    owe(customer, delivery);
  } else {
    later_.push({now.mono + delay, ++later_order_, Later::What::kReceipt, 0, 0, {}, &customer, delivery});
  }
  if (first && chance_.one_in(options_.receipt_twice)) { plan_receipt(now, customer, delivery, false); }
}

void Simulator::owe(Customer& customer, const Delivery& delivery) {
  customer.owed.push_back(delivery);
  if (owing_.empty() || owing_.back() != &customer) { owing_.push_back(&customer); }
}

// time, system_id, id, source, destination, esm_class, data_coding, body in hex: what an oracle reads.
void Simulator::write_log(const Now& now, const Customer& customer, std::uint64_t number,
                          const smpp::SubmitSm& pdu) {
  std::string& line = log_line_;
  line.clear();
  line += std::to_string(now.wall.time_since_epoch().count());
  const std::string id = response_id(number);
  for (const std::string_view field :
       {std::string_view{customer.system_id}, std::string_view{id}, pdu.source_addr, pdu.destination_addr}) {
    line.push_back('\t');
    line += field;
  }
  line += '\t' + std::to_string(pdu.esm_class) + '\t' + std::to_string(pdu.data_coding) + '\t';
  append_hex(line, smpp::body_of(pdu));
  line.push_back('\n');
  log_ << line;
}

void Simulator::send_inbound(const Now& now) {
  if (now.mono < inbound_at_) { return; }
  const Duration gap{static_cast<Duration::rep>(1e9 / options_.inbound_rate)};
  while (inbound_at_ <= now.mono) {
    inbound_at_ += gap;
    for (auto& [name, customer] : customers_) {
      if (customer.sessions.empty()) { continue; }
      Delivery delivery;
      // Each has a sender of its own, so that an oracle can name it.
      const std::string number = std::to_string(++inbound_made_ % 100'000'000);
      delivery.from.assign("4477009" + std::string(8 - number.size(), '0') + number);
      delivery.to.assign(options_.inbound_to);
      delivery.to_ton = 3;
      owe(customer, delivery);
    }
  }
}

void Simulator::run_faults(const Now& now) {
  const Duration since = now.mono - started_;
  if (faults_.take_drop(since)) {
    for (OperatorSession* session : sessions_) { session->drop(); }
  }
  const bool stalled = faults_.holds(Fault::Kind::kStopReading, since);
  for (OperatorSession* session : sessions_) { session->stop_reading(stalled); }
  const bool held = faults_.holds(Fault::Kind::kHoldReceipts, since);
  if (receipts_held_ && !held) {  // nothing else would bring them out
    for (auto& [name, customer] : customers_) { owing_.push_back(&customer); }
  }
  receipts_held_ = held;
}

void Simulator::turn_end(const Now& now) {
  run_faults(now);
  while (!later_.empty() && later_.top().at <= now.mono) {
    const Later due = later_.top();
    later_.pop();
    if (due.what == Later::What::kReceipt) {
      owe(*due.customer, due.delivery);
    } else if (OperatorSession* session = find(due.session)) {
      session->answer(now, due.sequence, due.delivery.number, due.status);
    }
  }
  if (inbound_at_ != kNever) { send_inbound(now); }
  for (Customer* customer : owing_) {
    for (OperatorSession* session : customer->sessions) {
      if (customer->owed.empty()) { break; }
      session->deliver_owed(now);
    }
  }
  owing_.clear();
  if (log_.is_open()) { log_.flush(); }
  if (inbound_log_.is_open()) { inbound_log_.flush(); }
  Instant next = later_.empty() ? kNever : later_.top().at;
  next = std::min(next, inbound_at_);
  const Duration change = faults_.next_change(now.mono - started_);
  if (change != Duration::max()) { next = std::min(next, started_ + change); }
  alarm_.set(next);
}

void Simulator::print_totals() const {
  std::size_t owed = later_.size();
  for (const auto& [name, customer] : customers_) { owed += customer.owed.size(); }
  std::printf(
      "{\"submits\":%llu,\"accepted\":%llu,\"throttled\":%llu,\"refused\":%llu,\"unanswered\":%llu,"
      "\"receipts\":%llu,"
      "\"receipts_acknowledged\":%llu,\"receipts_repeated\":%llu,\"inbound\":%llu,\"inbound_acknowledged\":%"
      "llu,"
      "\"owed\":%zu,\"cpu_seconds\":%.3f}\n",
      static_cast<unsigned long long>(totals_.submits), static_cast<unsigned long long>(totals_.accepted),
      static_cast<unsigned long long>(totals_.throttled), static_cast<unsigned long long>(totals_.refused),
      static_cast<unsigned long long>(totals_.unanswered), static_cast<unsigned long long>(totals_.receipts),
      static_cast<unsigned long long>(totals_.receipts_acknowledged),
      static_cast<unsigned long long>(totals_.receipts_refused),
      static_cast<unsigned long long>(totals_.inbound),
      static_cast<unsigned long long>(totals_.inbound_acknowledged), owed, traffic::cpu_seconds());
  std::fflush(stdout);
}

}  // namespace aldis::smscsim
