// SPDX-License-Identifier: Apache-2.0
// An engine with everything around it: a journal on a simulated disk, operators, customers, and time that
// tests move.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/engine/engine.hpp"
#include "aldis/spool/segment_store.hpp"
#include "support/sim_disk.hpp"

namespace aldis::engine {

inline const AccountId kAcme{0};
inline const AccountId kBeta{1};
inline const OperatorId kOpA{0};
inline const OperatorId kOpB{1};
inline const LinkId kLinkA{0};
inline const LinkId kLinkB{1};
inline const SessionId kSession{11};

inline const std::string kNumber = "447700900001";   // goes to op-a, or to op-b when that is down
inline const std::string kNumberB = "491700000001";  // goes to op-b only

// What a test asks for; the rest of a submit_sm is usual.
struct Asked {
  std::vector<std::string> to{kNumber};
  std::string from = "447000";
  std::string body = "hello";
  std::uint8_t registered = 1;
  TimeGiven schedule{};
  TimeGiven validity{};
  AccountId account = kAcme;
  bool multi = false;
  bool replace_if_present = false;
  bool short_id = false;
  std::optional<std::uint16_t> reference{};
  std::string door_notes{};
  std::string idempotency_key{};
  std::uint64_t request_print = 1;
};

// Copies of what effects said when they left.
struct Sent {
  LinkId link;
  PartRef part;
  std::string to;
  std::string body;
  std::uint16_t attempt = 0;
  bool uncertain = false;
  Duration validity_left{};
};

struct Told {
  SessionId session;
  DeliveryToken token;
  MessageId id;
  MessageId public_id;
  Status status;
  bool intermediate = false;
  bool accepted_word = false;
  std::string err;
  std::string to;
  std::uint16_t parts_delivered = 0;
};

struct Handed {
  SessionId session;
  DeliveryToken token;
  MessageId id;
  std::string body;
};

struct ReceiptFields {
  std::string to = kNumber;
  std::string from = "447000";
  std::string err = "000";
  bool accepted_word = false;
  LinkId link = kLinkA;
};

class World final : public EffectSink {
 public:
  World();
  ~World();

  // --- the machine -----------------------------------------------------------------------------------------
  // --------------------------------------------------------------------------------------------------
  Settings settings;  // change it before start()
  testing::SimDisk disk;
  bool syncs = true;  // false: batches are written, but nothing is ever said to be durable
  std::uint32_t reserve = 1;
  const WebhookReader* webhooks = nullptr;
  Now now{Instant{hours{1000}}, WallTime{std::chrono::duration_cast<microseconds>(hours{24 * 365 * 56})}};

  void start();
  void start_only();  // without a turn
  void turn();        // Tick, and the store does what it does; again while that causes more
  void sync(std::size_t batches = ~std::size_t{0});  // that many of the batches written become durable
  void advance(Duration by);                         // with a turn at each of the engine's deadlines
  enum class Crash { kLosesUnsynced, kKeepsUnsynced, kTearsUnsynced };
  void restart(
      Crash crash = Crash::kLosesUnsynced, Duration down = seconds{1},
      const testing::SimDisk::Coin& coin = [] { return false; });
  void event(const Event& e) { engine->on(now, e); }
  void full_disk(double segments_left);                  // from now on the store says so
  [[nodiscard]] double metric(const std::string& name);  // "aldis_messages_pending{state=queued}"
  [[nodiscard]] double pending();
  [[nodiscard]] std::size_t batches_unsynced() const { return unsynced_.size(); }

  std::unique_ptr<Directory> directory;
  std::unique_ptr<spool::Images> images;
  std::unique_ptr<spool::JournalWriter> journal;
  std::unique_ptr<spool::SegmentStore> store;
  std::unique_ptr<Engine> engine;

  // --- customers -------------------------------------------------------------------------------------------
  // ----------------------------------------------------------------------------------------------------
  void bind(SessionId session = kSession, AccountId account = kAcme, std::uint16_t window = 100);
  void unbind(SessionId session = kSession);
  std::uint32_t submit(const Asked& asked);   // the request only; its sequence number
  MessageId accept(const Asked& asked = {});  // with its turn; must be accepted
  std::uint32_t query(MessageId id, AccountId account = kAcme);
  std::uint32_t cancel(MessageId id, AccountId account = kAcme, const std::string& to = {});
  std::uint32_t cancel_all(const std::string& from, const std::string& to);
  std::uint32_t replace(MessageId id, const std::string& body, TimeGiven schedule = {});
  void acknowledge(const Told& which, std::uint32_t status = 0);
  void acknowledge(const Handed& which);
  [[nodiscard]] const AnswerSubmit* submit_answer(std::uint32_t sequence) const;
  // of any request; must be answered
  [[nodiscard]] std::optional<Refusal> refusal(std::uint32_t sequence) const;
  [[nodiscard]] bool answered(std::uint32_t sequence) const { return answers.contains(sequence); }
  Status queried(MessageId id);  // with its turn

  // --- operators -------------------------------------------------------------------------------------------
  // ----------------------------------------------------------------------------------------------------
  void up(LinkId link = kLinkA, std::uint16_t window = 50, std::uint16_t lease_max = 100);
  void down(LinkId link = kLinkA, OutcomeClass in_flight = OutcomeClass::kLost);
  void link_gone_unnoticed(LinkId link) { links_.at(link).up = false; }
  void credit(LinkId link, std::uint16_t window);
  void answer(const Sent& which, OutcomeClass outcome, std::string_view err = {}, std::string_view id = {});
  void ok(const Sent& which, std::string_view id) { answer(which, OutcomeClass::kOk, {}, id); }
  void late(const Sent& which, OutcomeClass outcome, std::string_view id);
  std::uint32_t receipt(OperatorId op, std::string_view id, Status state, const ReceiptFields& fields = {});
  std::uint32_t inbound(OperatorId op, std::string_view to, std::string_view body);
  [[nodiscard]] bool acknowledged(std::uint32_t sequence) const;  // our deliver_sm_resp left
  [[nodiscard]] std::size_t in_flight(LinkId link) const { return links_.at(link).in_flight.size(); }

  // --- what left -------------------------------------------------------------------------------------------
  // ----------------------------------------------------------------------------------------------------
  std::vector<Sent> sent;
  std::vector<Told> told;
  std::vector<Handed> handed;
  std::vector<CallWebhook> called;
  std::vector<WebhookNoticed> noticed;
  std::map<std::uint32_t, Effect> answers;  // to customers, by sequence number
  std::vector<std::uint32_t> acks;          // to operators
  [[nodiscard]] std::size_t said() const {
    return sent.size() + told.size() + handed.size() + answers.size() + acks.size();
  }
  std::vector<Sent> take_sent() { return std::exchange(sent, {}); }
  std::vector<CallWebhook> take_called() { return std::exchange(called, {}); }
  std::vector<Told> take_told() { return std::exchange(told, {}); }
  Sent sent_one();  // exactly one left since the last look
  Told told_one();
  void nothing_sent() const { CHECK(sent.empty()); }

  void on(const Now& at, const Effect& effect) override;

 private:
  struct LinkModel {
    bool up = false;
    std::uint16_t window = 0;
    std::uint16_t lease_max = 0;
    std::uint32_t epoch = 0;
    std::vector<PartRef> in_flight;
    [[nodiscard]] std::uint16_t free() const {
      return in_flight.size() < window ? static_cast<std::uint16_t>(window - in_flight.size())
                                       : std::uint16_t{0};
    }
  };
  void collect_batch();
  void commit_one();
  SubmitResult result_of(const Sent& which, OutcomeClass outcome, std::string_view err, std::string_view id);
  RequestToken token() { return {kSession, ++sequence_, 0}; }

  ports::NoLog log_;
  std::map<LinkId, LinkModel> links_;
  std::deque<spool::Batch> unsynced_;
  std::uint32_t sequence_ = 0;
  spool::SegmentNumber freed_before_ = 0;
  std::optional<Lsn> full_at_;  // full_disk(): prepared up to here and no further
};

Address number(std::string_view digits);

}  // namespace aldis::engine
