// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "aldis/base/fixed_string.hpp"
#include "aldis/ports/byte_protocol.hpp"
#include "aldis/runtime/loop.hpp"
#include "aldis/smpp/session.hpp"
#include "smscsim/faults.hpp"
#include "smscsim/options.hpp"
#include "traffic/traffic.hpp"

namespace aldis::smscsim {

class Simulator;
class OperatorSession;

// A deliver_sm to come: a receipt, or a message from a handset (number 0).
struct Delivery {
  std::uint64_t number = 0;  // of the message, as our ids count
  FixedString<20> from;
  FixedString<20> to;
  std::uint8_t from_ton = 1;
  std::uint8_t to_ton = 1;
  bool undeliverable = false;
};

// What one customer of ours (a system_id) has: its sessions, and what it is still to be sent.
struct Customer {
  std::string system_id;
  std::string password;
  bool any_password = false;
  std::vector<OperatorSession*> sessions;
  std::deque<Delivery> owed;
  double tokens = 0;
  Instant refilled{};
  double inbound_due = 0;
};

// A bind of a customer. Belongs to its connection.
class OperatorSession final : public ports::ByteProtocol, public smpp::SessionHandler {
 public:
  explicit OperatorSession(Simulator& simulator) : simulator_(simulator) {}
  ~OperatorSession() override = default;

  void on_open(const Now& now, ports::Wire& wire) override;
  std::size_t on_octets(const Now& now, Octets input) override;
  void on_timer(const Now& now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void on_closed(const Now& now, ports::CloseCause cause) override;

  void deliver_owed(const Now& now);
  void answer(const Now& now, std::uint32_t sequence, std::uint64_t number, smpp::CommandStatus status);
  void drop();
  void stop_reading(bool stopped);
  [[nodiscard]] bool receives() const;
  [[nodiscard]] std::uint64_t id() const { return id_; }

 private:
  void on_bind(const Now& now, const smpp::BindRequest& request) override;
  void on_request(const Now& now, const smpp::Pdu& pdu) override;
  void on_response(const Now& now, const smpp::Response& response) override;
  void on_request_timeout(const Now& now, std::uint64_t token, smpp::CommandId command) override;
  void on_closing(const Now& now, smpp::CloseReason reason, bool flush) override;
  void wake();
  void settle(std::uint64_t token, bool done);

  Simulator& simulator_;
  std::uint64_t id_ = 0;
  ports::Wire* wire_ = nullptr;
  std::optional<smpp::Session> session_;
  Customer* customer_ = nullptr;
  std::vector<Delivery> in_flight_;  // by token
  std::vector<std::uint32_t> free_;
  bool in_callback_ = false;
  bool stalled_ = false;
};

struct Totals {
  std::uint64_t submits = 0;
  std::uint64_t accepted = 0;
  std::uint64_t throttled = 0;
  std::uint64_t refused = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t receipts = 0;
  std::uint64_t receipts_acknowledged = 0;
  std::uint64_t receipts_refused = 0;
  std::uint64_t inbound = 0;
  std::uint64_t inbound_acknowledged = 0;
};

// An SMSC: accepts binds, answers submits, sends receipts and messages from handsets, with faults. One
// thread, one loop. What it owes a customer outlives connections: receipts are sent again until they are
// acknowledged.
class Simulator {
 public:
  Simulator(runtime::Loop& loop, const Options& options, std::vector<Fault> script);
  ~Simulator();

  std::optional<std::string> open_logs();  // before the first session; why not
  std::unique_ptr<ports::ByteProtocol> accept();
  void turn_end(const Now& now);
  [[nodiscard]] const Totals& totals() const { return totals_; }
  void print_totals() const;

 private:
  friend class OperatorSession;
  struct Later {
    Instant at;
    std::uint64_t order = 0;
    enum class What : std::uint8_t { kAnswer, kReceipt } what{};
    std::uint64_t session = 0;
    std::uint32_t sequence = 0;
    smpp::CommandStatus status{};
    Customer* customer = nullptr;
    Delivery delivery;
    friend bool operator<(const Later& a, const Later& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  Customer* log_in(std::string_view system_id, std::string_view password);
  void submitted(const Now& now, OperatorSession& session, Customer& customer, std::uint32_t sequence,
                 const smpp::SubmitSm& pdu);
  bool over_rate(const Now& now, Customer& customer);
  void plan_receipt(const Now& now, Customer& customer, const Delivery& delivery, bool first);
  void owe(Customer& customer, const Delivery& delivery);
  void write_log(const Now& now, const Customer& customer, std::uint64_t number, const smpp::SubmitSm& pdu);
  void send_inbound(const Now& now);
  void run_faults(const Now& now);
  std::string response_id(std::uint64_t number) const;
  std::string receipt_id(std::uint64_t number) const;
  OperatorSession* find(std::uint64_t session);

  runtime::Loop& loop_;
  const Options& options_;
  traffic::Chance chance_;
  smpp::Counters counters_;
  std::map<std::string, Customer, std::less<>> customers_;
  std::vector<OperatorSession*> sessions_;
  std::vector<Customer*> owing_;  // customers that came to be owed something in this turn
  std::priority_queue<Later> later_;
  std::uint64_t later_order_ = 0;
  std::uint64_t last_session_ = 0;
  std::uint64_t last_number_;
  std::ofstream log_;
  std::ofstream inbound_log_;
  std::uint64_t inbound_made_ = 0;
  std::string log_line_;
  std::string text_;
  std::string tlvs_;
  Faults faults_;
  bool receipts_held_ = false;
  Instant started_;
  Instant inbound_at_ = kNever;
  Totals totals_;
  runtime::Alarm alarm_;
};

}  // namespace aldis::smscsim
