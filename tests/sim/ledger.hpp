// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aldis/smpp/message_state.hpp"
#include "sim/events.hpp"
#include "sim/inbound_ledger.hpp"
#include "sim/moment.hpp"
#include "sim/network.hpp"

namespace aldis::sim {

using smpp::MessageState;

// One submit_sm as an operator saw it.
struct Submission {
  std::uint32_t op = 0;
  std::uint16_t part = 1;
  Moment sent{};
  std::string id;  // that the operator gave; empty = none
  enum class Answer : std::uint8_t { kNone, kOk, kRefused };
  Answer answer = Answer::kNone;                // that the operator said
  std::optional<Moment> answer_read;            // by the gateway, which has to heed it
  std::optional<Moment> answer_taken;           // by the gateway, which may heed it
  std::shared_ptr<Socket> gateway_end;          // of the connection it came on
  std::set<MessageState> receipts;              // said by the operator so far
  std::map<MessageState, Moment> receipt_read;  // when the gateway first read one
  std::optional<MessageState> first_acknowledged;
};

// One short message of one customer to one number.
struct Entry {
  std::uint64_t token = 0;
  std::uint64_t text = 0;  // the token that its text shows: its own, or that of the first of a submit_multi
  bool of_many = false;    // of a submit_multi
  std::uint32_t account = 0;
  std::string from;
  std::string to;
  std::uint16_t parts = 1;
  bool wants_receipt = true;
  bool at_most_once = false;
  Duration validity{};  // as asked for or the account's
  Instant sent_at{};
  std::optional<Moment> read;      // by the gateway
  std::optional<Moment> answered;  // OK, as the gateway sent it
  bool refused = false;
  bool may_be_deleted = false;                 // somebody asked for it
  std::optional<Moment> deleted;               // and was told that it is done
  std::optional<MessageState> answered_state;  // the final one that query_sm told
  Moment answered_at{};
  bool may_be_replaced = false;
  std::string id;  // public, once known
  std::vector<Submission> submissions;
  struct Told {
    MessageState state;
    Moment at{};
    std::optional<Moment> answer_read;  // our deliver_sm_resp OK, while the gateway waited for it
  };
  std::vector<Told> told;  // final receipts, repeats included

  [[nodiscard]] const Told* told_last() const { return told.empty() ? nullptr : &told.back(); }
};

bool is_final(MessageState state);
std::string text_of_token(std::uint64_t token);                  // '#' and 13 base-32 characters
std::optional<std::uint64_t> token_in(std::string_view octets);  // the first one

// What customers and operators saw and said, and what must follow from it. Knows nothing that the gateway
// says of itself. Judges at each step and in the end; throws Violation.
class Ledger {
 public:
  struct OperatorRules {
    double per_second = 0;
    std::uint32_t burst = 0;
    std::uint32_t window_max = 0;
    Duration response{};
    std::uint32_t links = 1;
    std::uint32_t lease = 0;  // of all links together
    bool fails_in_doubt = false;
  };
  std::vector<OperatorRules> operators;
  std::uint32_t accounts = 0;
  Duration deliver_response{};  // for so long the gateway waits for a customer's answer
  bool calm = false;            // nothing goes wrong, so nothing can be unknown
  std::function<bool(const Entry&, std::uint32_t op)> routed;  // may this message go to this operator
  Lives lives;
  InboundLedger inbound{lives};

  Entry& begin(Entry entry);
  Entry* find(std::uint64_t token);
  // The message with this text to this number; of a submit_multi there are several of the same text.
  Entry* named(std::uint64_t text, std::string_view to);
  [[nodiscard]] std::vector<Entry*> siblings(const Entry& entry);  // and itself
  void answered(Entry& entry, const std::string& id, const Moment& at);

  // --- operators' side ---
  std::pair<Entry*, std::size_t> submitted(std::uint64_t token, Submission submission, std::string_view from,
                                           std::string_view to);
  void receipt_said(Submission& submission, MessageState state) { submission.receipts.insert(state); }

  // --- customers' side ---
  std::size_t told(std::uint32_t account, std::uint64_t token, const std::string& id, MessageState state,
                   const Moment& at);

  void answered_told(std::uint64_t token, std::size_t told, const Moment& read);

  // query_sm and cancel_sm, asked by an account about a message: OK, or no such message.
  void queried(Entry& entry, std::uint32_t account, MessageState state, const Moment& at);
  void canceled(Entry& entry, std::uint32_t account, bool all, const Moment& at);
  void not_found(const Entry& entry, std::uint32_t account);

  void clock_stepped() { clock_stepped_ = true; }
  void check_drained(const Moment& now);       // all that was promised has been done
  void check_flags() const;                    // what came twice was flagged
  std::map<std::uint32_t, std::size_t> flags;  // message.resent in the log, by operator

  struct Totals {
    std::uint64_t submitted = 0, accepted = 0, refused = 0, sent = 0, duplicates = 0, told = 0, repeated = 0;
  };
  [[nodiscard]] const Totals& totals() const { return totals_; }
  [[nodiscard]] std::map<std::uint64_t, Entry>& entries() { return entries_; }

 private:
  void judge_change(const Entry& entry, MessageState state, const Moment& at) const;
  void judge_repeat(const Entry& entry, const Submission& before, const Submission& now);
  void judge_rate(std::uint32_t op, const Moment& sent);
  void judge_share(const Entry& entry, const Submission& submission);
  [[nodiscard]] std::size_t expired_of(const Entry& entry, Instant now) const;
  [[nodiscard]] bool ended_in_doubt(const Entry& entry) const;
  [[nodiscard]] bool jumped(const Entry& entry, std::uint32_t life) const;
  [[nodiscard]] bool is_just(const Entry& entry, MessageState state, const Moment& at) const;
  static void judge_answers(const Entry& entry, MessageState state, const Moment& at);

  std::map<std::uint64_t, Entry> entries_;
  std::map<std::string, std::uint64_t> ids_;                         // public id to text
  std::map<std::uint64_t, std::vector<std::uint64_t>> texts_;        // of submit_multi: text to messages
  std::vector<std::pair<std::uint32_t, std::vector<Moment>>> sent_;  // per operator: life, what left lately
  // per operator: life, what left in it and whose it was
  struct Left {
    Moment sent{};
    std::uint32_t account = 0;
    std::shared_ptr<Socket> on;
  };
  std::vector<std::pair<std::uint32_t, std::vector<Left>>> shares_;
  std::size_t parts_max_ = 0;                               // of a message that was sent
  std::map<std::uint32_t, std::set<std::uint64_t>> twice_;  // sent again in doubt, by operator
  bool clock_stepped_ = false;
  Totals totals_;
};

}  // namespace aldis::sim
