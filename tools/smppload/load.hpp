// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/ports/byte_protocol.hpp"
#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/loop.hpp"
#include "aldis/smpp/session.hpp"
#include "smppload/options.hpp"
#include "traffic/traffic.hpp"

namespace aldis::smppload {

class Load;

// One transceiver of a customer, through all its connections.
class CustomerBind final : public ports::ByteProtocol, public smpp::SessionHandler {
 public:
  CustomerBind(Load& load, std::string system_id, std::string password);

  void on_open(const Now& now, ports::Wire& wire) override;
  std::size_t on_octets(const Now& now, Octets input) override;
  void on_timer(const Now& now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void on_closed(const Now& now, ports::CloseCause cause) override;

  void submit_more(const Now& now);
  void unbind(const Now& now);
  [[nodiscard]] bool bound() const { return session_ && session_->bound(); }
  [[nodiscard]] bool down() const { return down_; }
  [[nodiscard]] Instant retry_at() const { return retry_at_; }
  void connecting() { down_ = false; }

 private:
  void on_bound(const Now& now, const smpp::BindResp& response) override;
  void on_bind_refused(const Now& now, smpp::CommandStatus status, const smpp::BindResp& response) override;
  void on_request(const Now& now, const smpp::Pdu& pdu) override;
  void on_response(const Now& now, const smpp::Response& response) override;
  void on_request_timeout(const Now& now, std::uint64_t token, smpp::CommandId command) override;
  void on_closing(const Now& now, smpp::CloseReason reason, bool flush) override;
  void wake();

  Load& load_;
  std::string system_id_;
  std::string password_;
  ports::Wire* wire_ = nullptr;
  std::optional<smpp::Session> session_;
  bool in_callback_ = false;
  bool down_ = true;
  Instant retry_at_{};
};

// The oracle and the totals. A message is its number; its text carries it as a token.
class Load {
 public:
  Load(runtime::Loop& loop, const Options& options);
  ~Load();

  std::optional<std::string> open_oracle();  // before start(); why not
  void start(const Now& now);
  void turn_end(const Now& now);
  void stop_submitting();      // what is missing is still waited for; the second time nothing is
  [[nodiscard]] int finish();  // prints the JSON line; the exit code

 private:
  friend class CustomerBind;
  enum class State : std::uint8_t { kSubmitted, kAccepted, kRefused, kUnanswered };
  struct Row {
    State state = State::kSubmitted;
    std::uint8_t receipts = 0;  // finals seen
  };

  [[nodiscard]] bool may_submit(const Now& now);
  std::uint64_t compose(const Now& now, smpp::SubmitSm& pdu);  // the number
  void answered(const Now& now, std::uint64_t number, smpp::CommandStatus status, std::string_view id,
                Duration latency);
  void unanswered(std::uint64_t number);
  void delivered(const Now& now, const smpp::DeliverSm& pdu);
  void receipt(std::string_view id, bool final);
  void report_progress(const Now& now);
  void tell(const std::string& sentence);  // on stderr, once for several in a row
  [[nodiscard]] std::string until_text() const;
  [[nodiscard]] bool submitting_done(const Now& now) const;
  [[nodiscard]] bool all_settled() const;

  runtime::Loop& loop_;
  const Options& options_;
  traffic::Chance chance_;
  smpp::Counters counters_;
  runtime::Connector connector_;
  std::vector<std::unique_ptr<CustomerBind>> binds_;
  std::vector<Row> rows_;                                          // index = number
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> by_id_;  // hash of message_id -> number
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> early_;  // receipts whose answer has not come
  std::map<std::uint32_t, std::uint64_t> refused_;                 // by status
  std::ofstream oracle_;
  std::string told_;
  std::string text_;
  std::string tlvs_;
  std::string destination_;
  std::string filler_;
  Instant began_{};
  Instant last_answer_{};
  Instant submitted_until_{};
  Instant drain_until_ = kNever;
  Instant connect_until_ = kNever;
  double tokens_ = 0;
  Instant refilled_{};
  std::uint64_t outstanding_ = 0;
  std::uint64_t submitted_ = 0, accepted_ = 0, refused_count_ = 0, unanswered_ = 0, receipts_ = 0,
                duplicated_ = 0, intermediate_ = 0, inbound_ = 0, unknown_ = 0, connections_lost_ = 0,
                binds_refused_ = 0, settled_ = 0;
  Instant last_receipt_{};
  traffic::Latencies latencies_;
  traffic::Latencies refusal_latencies_;  // of those among them
  Instant progress_at_{};
  bool ever_bound_ = false;
  bool stopped_ = false;
  bool finishing_ = false;
  Instant finish_by_ = kNever;
  runtime::Alarm alarm_;
};

}  // namespace aldis::smppload
