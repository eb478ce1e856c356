// SPDX-License-Identifier: Apache-2.0
// One message, followed to its receipt. Each line is "MS ms  EVENT  key=value ...", counted from
// the start.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "aldis/runtime/connections.hpp"
#include "aldis/smpp/receipt_text.hpp"
#include "aldis/text/segments.hpp"
#include "aldis/text/transcode.hpp"
#include "examples/session_protocol.hpp"
#include "options.hpp"

using namespace aldis;

namespace {

constexpr int kDone = 0;
constexpr int kNotDelivered = 1;
constexpr int kCannotStart = 2;
constexpr int kTooLate = 3;
constexpr std::size_t kShortMessageMax = 254;
constexpr std::size_t kConcatOctets = 6;  // user data header of a part, as the gateway will split it
constexpr std::uint8_t kEsmTypes = 0x3C;
constexpr std::uint8_t kEsmReceipt = 0x04;
constexpr std::uint8_t kEsmIntermediate = 0x20;

// The text as it goes on the wire.
struct Content {
  std::string body;
  Alphabet alphabet = Alphabet::kGsm7;
  std::uint8_t data_coding = 0;
  unsigned parts = 0;
};

std::optional<Content> content_of(const std::string& utf8) {
  Content out;
  if (!text::transcode(utf8, Alphabet::kUtf8, Alphabet::kGsm7, out.body)) {
    out.alphabet = Alphabet::kUcs2;
    out.data_coding = 8;
    if (!text::transcode(utf8, Alphabet::kUtf8, Alphabet::kUcs2, out.body)) { return std::nullopt; }
  }
  const auto measured = text::measure(out.body, out.alphabet);
  if (measured.count <= text::units_max(measured.unit, 0)) {
    out.parts = 1;
    return out;
  }
  const std::uint32_t budget = text::units_max(measured.unit, kConcatOctets);
  for (Octets rest = out.body; !rest.empty(); ++out.parts) {
    rest.remove_prefix(text::part_octets(rest, out.alphabet, measured.unit, budget));
  }
  return out;
}

bool is_number(std::string_view address) {
  return !address.empty() &&
         std::all_of(address.begin(), address.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The customer's bind. Owned by main() and borrowed by its connection; ends by stopping the loop.
class Customer final : public SessionProtocol {
 public:
  Customer(runtime::Loop& loop, const send::Options& options, const Content& content)
      : SessionProtocol(smpp::SessionOptions::client()),
        loop_(loop),
        options_(options),
        content_(content),
        began_(loop.now().mono),
        late_(loop, [this](const Now& now) { give_up(now); }) {
    late_.set(began_ + options.wait);
  }

  [[nodiscard]] int exit_code() const { return exit_code_; }

  void on_open(const Now& now, ports::Wire& wire) override {
    SessionProtocol::on_open(now, wire);
    is_open_ = true;
    event(now, "connected", options_.target);
    smpp::Bind bind;
    bind.system_id = options_.system_id;
    bind.password = options_.password;
    bind.interface_version = 0x34;
    session().bind(now, smpp::BindType::kTransceiver, bind);
  }

  void on_bound(const Now& now, const smpp::BindResp& response) override {
    event(now, "bound", "to=" + std::string{response.system_id});
    std::string tlvs;
    smpp::SubmitSm pdu;
    pdu.source_addr = options_.from;
    pdu.source_addr_ton = is_number(options_.from) ? 1 : 5;
    pdu.source_addr_npi = is_number(options_.from) ? 1 : 0;
    pdu.destination_addr = options_.to;
    pdu.dest_addr_ton = 1;
    pdu.dest_addr_npi = 1;
    pdu.registered_delivery = options_.receipt ? 1 : 0;
    pdu.data_coding = content_.data_coding;
    if (content_.body.size() <= kShortMessageMax) {
      pdu.short_message = content_.body;
    } else {
      smpp::append_tlv(tlvs, smpp::TlvTag::kMessagePayload, content_.body);
      pdu.tlvs = smpp::Tlvs{tlvs};
    }
    event(now, "submitted",
          "alphabet=" + std::string{name_of(content_.alphabet)} + " parts=" + std::to_string(content_.parts));
    if (!session().request(now, 0, pdu)) { end(now, kCannotStart); }
  }

  void on_bind_refused(const Now& now, smpp::CommandStatus status, const smpp::BindResp&) override {
    event(now, "refused", "bind status=" + std::string{smpp::name_of(status)});
    exit_code_ = kCannotStart;
  }

  void on_response(const Now& now, const smpp::Response& response) override {
    const auto* body = std::get_if<smpp::SubmitSmResp>(&response.pdu->body);
    if (response.command_status != smpp::CommandStatus::kOk || body == nullptr) {
      event(now, "refused", "status=" + std::string{smpp::name_of(response.command_status)});
      return end(now, kNotDelivered);
    }
    message_id_ = body->message_id;
    char took[32];
    std::snprintf(took, sizeof took, " took_ms=%.1f", ms(now.mono - response.sent_at));
    event(now, "accepted", "message_id=" + message_id_ + took);
    if (!options_.receipt) { end(now, kDone); }
  }

  void on_request_timeout(const Now& now, std::uint64_t, smpp::CommandId) override { give_up(now); }

  void on_request(const Now& now, const smpp::Pdu& pdu) override {
    const auto* deliver = std::get_if<smpp::DeliverSm>(&pdu.body);
    if (deliver == nullptr) { return SessionProtocol::on_request(now, pdu); }
    const unsigned type = deliver->esm_class & kEsmTypes;
    if (type == kEsmReceipt || type == kEsmIntermediate) {
      return receipt(now, pdu, *deliver, type == kEsmReceipt);
    }
    // A handset's message is not ours to take: another session of this account is to get it.
    session().respond_error(now, pdu.header.command_id, pdu.header.sequence_number,
                            smpp::CommandStatus::kReceiverTemporaryError);
  }

  void on_closed(const Now& now, ports::CloseCause cause) override {
    if (is_open_) { SessionProtocol::on_closed(now, cause); }
    if (exit_code_ < 0) {
      if (is_open_) { event(now, "lost", "connection cause=" + std::string{ports::name_of(cause)}); }
      exit_code_ = message_id_.empty() ? kCannotStart : kTooLate;
    }
    loop_.stop();
  }

 private:
  static double ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

  void event(const Now& now, std::string_view what, std::string_view more) const {
    std::printf("%9.1f ms  %-9.*s  %.*s\n", ms(now.mono - began_), static_cast<int>(what.size()), what.data(),
                static_cast<int>(more.size()), more.data());
    std::fflush(stdout);
  }

  void receipt(const Now& now, const smpp::Pdu& pdu, const smpp::DeliverSm& deliver, bool is_final) {
    const auto parsed = smpp::parse_receipt({.short_message = deliver.short_message,
                                             .message_payload = {},
                                             .receipted_message_id = {},
                                             .message_state = {},
                                             .network_error_code = {}},
                                            {}, scratch_);
    if (message_id_.empty() ||
        parsed.id_text != message_id_) {  // of an earlier message: left to who waits for it
      session().respond_error(now, pdu.header.command_id, pdu.header.sequence_number,
                              smpp::CommandStatus::kReceiverTemporaryError);
      return;
    }
    session().respond(now, pdu.header.sequence_number, smpp::CommandStatus::kOk, smpp::DeliverSmResp{});
    event(now, is_final ? "receipt" : "interim",
          "stat=" + std::string{parsed.stat_word} + " err=" + std::string{parsed.err.view()} + " dlvrd=" +
              std::to_string(parsed.dlvrd.value_or(0)) + "/" + std::to_string(parsed.sub.value_or(0)));
    if (is_final) { end(now, parsed.state == smpp::MessageState::kDelivered ? kDone : kNotDelivered); }
  }

  void end(const Now& now, int code) {
    exit_code_ = code;
    session().unbind(now);
  }

  void give_up(const Now& now) {
    event(now, "late",
          !is_open_             ? "no connection: is the target right?"
          : message_id_.empty() ? "no answer to the bind or the message"
                                : "no receipt yet; the gateway keeps it for the next bind");
    exit_code_ = is_open_ ? kTooLate : kCannotStart;
    loop_.stop();
  }

  runtime::Loop& loop_;
  const send::Options& options_;
  const Content& content_;
  Instant began_;
  runtime::Alarm late_;
  std::string message_id_;
  std::string scratch_;
  bool is_open_ = false;
  int exit_code_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
  auto parsed = send::parse_options(argc, argv);
  if (parsed.exit) { return *parsed.exit; }
  if (parsed.options.to.starts_with('+')) { parsed.options.to.erase(0, 1); }
  const auto content = content_of(parsed.options.text);
  if (!content) {
    std::fputs("aldis-send: --text is not valid UTF-8\n", stderr);
    return kCannotStart;
  }
  runtime::Loop loop;
  Customer customer{loop, parsed.options, *content};
  runtime::Connector connector{loop};
  connector.connect(
      {.target = parsed.options.target, .source_ip = {}, .timeout = parsed.options.wait, .wire = {}},
      runtime::borrow(customer),
      [](const std::string& why) { std::fprintf(stderr, "aldis-send: %s\n", why.c_str()); });
  loop.run();
  return customer.exit_code();
}
