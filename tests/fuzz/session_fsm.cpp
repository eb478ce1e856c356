// SPDX-License-Identifier: Apache-2.0
// A session of either role against PDUs, octets, time and an application in any order. Windows and sequence
// numbers hold, every request of ours ends exactly once, nothing is said after the end, no timer spins, and
// how the octets were split makes no difference.
#include "aldis/smpp/session.hpp"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "fuzz/pdus.hpp"

namespace aldis::fuzz {
namespace {

using namespace smpp;

constexpr std::size_t kOctetsInMax = 60'000;  // below what a session holds: it never asks for a pause
constexpr unsigned kOperationsMax = 400;

class World final : public SessionHandler {
 public:
  World(const SessionOptions& options, std::optional<std::uint64_t> splits)
      : options_(options), session_(options, *this, counters_, out_) {
    if (splits) { splits_.emplace(*splits); }
    session_.start(now_);
  }

  void run(Draw draw) {
    for (unsigned i = 0; i < kOperationsMax && !draw.empty(); ++i) { operate(draw); }
    settle();
  }
  [[nodiscard]] const std::string& trace() const { return trace_; }

  // --- what the session says ---
  void on_bind(const Now&, const BindRequest& request) override {
    heard("bind", request.sequence_number);
    ALDIS_CHECK(options_.role == Role::kServer && request.bind != nullptr);
    if (bind_answer_ == 0) { session_.refuse_bind(now_, CommandStatus::kInvalidPassword); }
    if (bind_answer_ == 1) { accept(); }
  }
  void on_bound(const Now&, const BindResp&) override {
    heard("bound", 0);
    ALDIS_CHECK(options_.role == Role::kClient);
  }
  void on_bind_refused(const Now&, CommandStatus status, const BindResp&) override {
    heard("refused", static_cast<std::uint32_t>(status));
  }
  void on_request(const Now&, const Pdu& pdu) override {
    const auto id = pdu.header.command_id;
    heard(name_of(id), pdu.header.sequence_number);
    ALDIS_CHECK(session_.bound() && is_application_request(id));
    pending_.push_back({id, pdu.header.sequence_number});
    ALDIS_CHECK(session_.unanswered_in() == pending_.size() && pending_.size() <= window_in_);
    if (answers_at_once_) { answer(0, CommandStatus::kOk); }
  }
  void on_notice(const Now&, const Pdu& pdu) override {
    heard("notice", pdu.header.sequence_number);
    ALDIS_CHECK(options_.role == Role::kClient);
  }
  void on_response(const Now&, const Response& response) override {
    heard(response.late ? "late" : "answered", static_cast<std::uint32_t>(response.token));
    auto& tokens = response.late ? timed_out_ : outstanding_;
    ALDIS_CHECK(tokens.erase(response.token) == 1);
  }
  void on_request_timeout(const Now&, std::uint64_t token, CommandId) override {
    heard("timeout", static_cast<std::uint32_t>(token));
    ALDIS_CHECK(outstanding_.erase(token) == 1);
    timed_out_.insert(token);
  }
  void on_bad_pdu(const Now&, Octets, const DecodeError& error) override {
    heard("bad", static_cast<std::uint32_t>(error.status));
  }
  void on_closing(const Now&, CloseReason reason, bool flush) override {
    heard(name_of(reason), flush ? 1 : 0);
    closed_ = true;
    std::size_t left = 0;
    session_.for_each_outstanding([&](const Outstanding& one) {
      ALDIS_CHECK(outstanding_.contains(one.token));
      ++left;
    });
    ALDIS_CHECK(left == outstanding_.size());
  }

 private:
  struct Pending {
    CommandId id{};
    std::uint32_t sequence = 0;
  };

  void heard(std::string_view what, std::uint32_t number) {
    ALDIS_CHECK(!closed_);
    trace_.append(what).append(" ").append(std::to_string(number)).append("\n");
  }

  [[nodiscard]] bool is_application_request(CommandId id) const {
    if (id == CommandId::kDataSm) { return true; }
    if (options_.role == Role::kClient) { return id == CommandId::kDeliverSm; }
    return session_.bind_type() != BindType::kReceiver &&
           (id == CommandId::kSubmitSm || id == CommandId::kSubmitMulti || id == CommandId::kQuerySm ||
            id == CommandId::kCancelSm || id == CommandId::kReplaceSm);
  }

  void accept() {
    // A client binds, too, and then takes no acceptance.
    if (options_.role != Role::kServer || session_.state() != Session::State::kBinding) { return; }
    window_in_ = 1 + window_drawn_ % 7;
    window_out_ = 1 + window_drawn_ / 8 % 7;
    session_.accept_bind(now_, {.system_id = "aldis",
                                .version = kVersions[window_drawn_ % 3],
                                .window_in = window_in_,
                                .window_out = window_out_});
  }

  void answer(std::size_t which, CommandStatus status) {
    if (pending_.empty()) { return; }
    const auto at = pending_.begin() + static_cast<std::ptrdiff_t>(which % pending_.size());
    const Pending request = *at;
    pending_.erase(at);
    if (request.id == CommandId::kSubmitSm && status == CommandStatus::kOk) {
      session_.respond(now_, request.sequence, status, SubmitSmResp{.message_id = "4417"});
    } else {
      const bool header_only = request.id == CommandId::kCancelSm || request.id == CommandId::kReplaceSm;
      if (!header_only && status == CommandStatus::kOk) { status = CommandStatus::kSystemError; }
      const std::string_view text{"\x00\x1D\x00\x02no", 6};
      session_.respond_error(now_, request.id, request.sequence, status, which % 2 == 0 ? text : Octets{});
    }
  }

  void request(std::uint8_t kind) {
    const auto free = session_.window_free();
    const auto token = ++token_;
    outstanding_.insert(token);  // the answer cannot come within request(), but it is simplest so
    const bool sent = kind % 2 == 0
                          ? session_.request(now_, token, SubmitSm{.destination_addr = "447700900123"})
                          : session_.request(now_, token, DeliverSm{.source_addr = "447700900123"});
    ALDIS_CHECK(sent == (free > 0));
    if (!sent) { outstanding_.erase(token); }
    ALDIS_CHECK(session_.window_used() <= window_out_);
  }

  // --- operations ---
  void operate(Draw& draw) {
    switch (draw.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3: receive(pdu(draw)); break;
      case 4: receive(std::string{draw.text()}); break;
      case 5: receive(oversized(draw)); break;
      case 6: pass(kSteps[draw.below(kSteps.size())]); break;
      case 7: answer(draw.u8(), draw.coin() ? CommandStatus::kOk : CommandStatus::kThrottled); break;
      case 8:
      case 9: request(draw.u8()); break;
      case 10: session_.enquire_link(now_); break;
      case 11: habits(draw.u8()); break;
      case 12: accept(); break;
      case 13:
        session_.bind(now_, static_cast<BindType>(draw.below(3)), {.interface_version = draw.u8()});
        break;
      case 14: (draw.u8() < 200 ? session_.on_timer(now_) : session_.unbind(now_)); break;
      default: the_end(draw.u8()); break;
    }
    settle();
  }

  void habits(std::uint8_t bits) {
    answers_at_once_ = (bits & 1u) != 0;
    bind_answer_ = bits / 2 % 4;
    window_drawn_ = bits;
    if ((bits & 0x80u) == 0) { return; }
    options_.response = seconds{1 + bits % 5};
    options_.pdu_octets_max = 1024u + bits;
    session_.set_options(options_);
  }

  void the_end(std::uint8_t bits) {
    if (bits < 40) { session_.close(now_, bits % 2 == 0); }
    if (bits >= 40 && bits < 120) { session_.unbind(now_); }
  }

  std::uint32_t sequence(Draw& draw) {
    const auto chosen = draw.u8();
    if (chosen < 128 || sequences_.empty()) { return chosen; }
    return *std::next(sequences_.begin(), static_cast<std::ptrdiff_t>(chosen % sequences_.size()));
  }

  std::string pdu(Draw& draw) {
    const auto id = kCommands[draw.below(kCommands.size())];
    const auto number = sequence(draw);
    const auto status = static_cast<CommandStatus>(draw.u8() < 200 ? 0 : draw.u8());
    std::string whole;
    if (!with_body_type(id, [&]<class S>() { encode(whole, id, status, number, S{}); })) {
      encode_octets(whole, id, status, number, draw.text());
    }
    return whole;
  }

  static std::string oversized(Draw& draw) {
    const std::size_t size = 200 + draw.below(10'000);
    std::string whole;
    encode_octets(whole, kCommands[draw.below(kCommands.size())], CommandStatus::kOk, draw.u8(),
                  std::string(size, '\0'));
    return whole;
  }

  void receive(const std::string& octets) {
    if (octets_in_ + octets.size() > kOctetsInMax) { return; }
    octets_in_ += octets.size();
    std::size_t given = 0;
    while (given < octets.size()) {
      const auto left = octets.size() - given;
      const auto piece = splits_ ? std::min(left, splits_->next(24 + octets.size() / 8)) : left;
      input_.append(octets, given, piece);
      given += piece;
      const Exact presented{input_};
      const auto done = session_.receive(now_, presented.view());
      ALDIS_CHECK(done <= input_.size());
      input_.erase(0, done);
      settle_timers();
    }
    ALDIS_CHECK(input_.size() <= kSkippableOctetsMax);
  }

  // Held input is gone on with as soon as it may be, as the owner of a connection does.
  void settle_timers() {
    unsigned turns = 0;
    while (session_.next_deadline() <= now_.mono) {
      ++turns;
      ALDIS_CHECK(turns < 100);
      session_.on_timer(now_);
    }
  }

  void pass(Duration step) {
    const auto until = now_.mono + step;
    settle_timers();
    unsigned turns = 0;
    while (session_.next_deadline() <= until) {
      ++turns;
      ALDIS_CHECK(turns < 20'000);
      go_to(session_.next_deadline());
      settle_timers();
    }
    go_to(until);
  }
  void go_to(Instant at) {
    now_.wall += std::chrono::duration_cast<microseconds>(at - now_.mono);
    now_.mono = at;
  }

  void settle() {
    settle_timers();
    ALDIS_CHECK(session_.window_used() == outstanding_.size());
    ALDIS_CHECK(!session_.wants_pause());
    read_output();
    if (closed_) { ALDIS_CHECK(session_.next_deadline() == kNever && session_.window_free() == 0); }
  }

  // What went out is whole PDUs that anybody can read, and numbers of ours are not used twice at a time.
  void read_output() {
    Octets rest = out_;
    while (!rest.empty()) {
      const auto header = decode_header(rest);
      ALDIS_CHECK(header && header->command_length <= rest.size());
      Pdu sent;
      ALDIS_CHECK(!decode_into(rest.substr(0, header->command_length), Strictness::kLink, sent));
      ALDIS_CHECK(sent.tolerated == 0 || header->command_status != CommandStatus::kOk);  // 17 octets
      rest.remove_prefix(header->command_length);
      const auto number = header->sequence_number;
      trace_.append(name_of(header->command_id)).append(" > ").append(std::to_string(number)).append("\n");
      if ((static_cast<std::uint32_t>(header->command_id) & 0x80000000u) != 0) { continue; }
      ALDIS_CHECK(number >= 1 && number <= 0x7FFFFFFF);
      sequences_.insert(number);
      if (sequences_.size() > 8) { sequences_.erase(sequences_.begin()); }
    }
    out_.clear();
    std::set<std::uint32_t> in_use;
    session_.for_each_outstanding(
        [&](const Outstanding& one) { ALDIS_CHECK(in_use.insert(one.sequence).second); });
  }

  static constexpr std::array kVersions{Version::kV33, Version::kV34, Version::kV50};
  static constexpr std::array<Duration, 8> kSteps{milliseconds{1}, milliseconds{700}, seconds{1},
                                                  seconds{5},      seconds{11},       seconds{31},
                                                  minutes{2},      minutes{10}};
  static constexpr std::array kCommands{CommandId::kBindTransmitter,
                                        CommandId::kBindReceiver,
                                        CommandId::kBindTransceiver,
                                        CommandId::kSubmitSm,
                                        CommandId::kSubmitMulti,
                                        CommandId::kDeliverSm,
                                        CommandId::kDataSm,
                                        CommandId::kQuerySm,
                                        CommandId::kCancelSm,
                                        CommandId::kReplaceSm,
                                        CommandId::kEnquireLink,
                                        CommandId::kUnbind,
                                        CommandId::kOutbind,
                                        CommandId::kAlertNotification,
                                        CommandId::kBroadcastSm,
                                        CommandId::kGenericNack,
                                        CommandId::kBindTransmitterResp,
                                        CommandId::kBindReceiverResp,
                                        CommandId::kBindTransceiverResp,
                                        CommandId::kSubmitSmResp,
                                        CommandId::kDeliverSmResp,
                                        CommandId::kEnquireLinkResp,
                                        CommandId::kUnbindResp,
                                        CommandId{0x0A},
                                        CommandId{0x80000077},
                                        CommandId::kSubmitSm,
                                        CommandId::kDeliverSm};

  Now now_{Instant{seconds{1000}}, WallTime{seconds{1'800'000'000}}};
  SessionOptions options_;
  Counters counters_;
  std::string out_;
  std::string input_;
  Session session_;
  std::optional<Splits> splits_;
  std::string trace_;
  std::vector<Pending> pending_;
  std::set<std::uint64_t> outstanding_;
  std::set<std::uint64_t> timed_out_;
  std::set<std::uint32_t> sequences_;  // some of ours, for answers to aim at
  std::uint64_t token_ = 0;
  std::size_t octets_in_ = 0;
  std::uint32_t window_in_ = options_.window_in;
  std::uint32_t window_out_ = options_.window_out;
  unsigned window_drawn_ = 0;
  unsigned bind_answer_ = 1;  // 0 refuse, 1 accept, else later
  bool answers_at_once_ = false;
  bool closed_ = false;
};

SessionOptions options_of(Draw& draw) {
  const auto bits = draw.u8();
  auto options = (bits & 1u) != 0 ? SessionOptions::client() : SessionOptions::server();
  options.tlvs_out = (bits & 2u) == 0;
  options.error_body_empty = (bits & 4u) != 0;
  if ((bits & 8u) != 0) { options.sequence_first = 0x7FFFFFFD; }
  if ((bits & 16u) != 0) { options.window_in = 2; }
  if ((bits & 32u) != 0) { options.enquire_link = Duration::zero(); }
  if ((bits & 64u) != 0) { options.inactivity = seconds{20}; }
  options.bad_pdus_per_minute = (bits & 128u) != 0 ? 2 : options.bad_pdus_per_minute;
  return options;
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  const auto options = options_of(draw);
  const std::uint64_t splits = draw.u8();
  World whole{options, std::nullopt};
  whole.run(draw);
  World split{options, splits};
  split.run(draw);
  ALDIS_CHECK(whole.trace() == split.trace());
}

}  // namespace aldis::fuzz
