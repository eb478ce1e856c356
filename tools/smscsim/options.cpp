// SPDX-License-Identifier: Apache-2.0
#include "smscsim/options.hpp"

#include <CLI/CLI.hpp>

#include "aldis/base/version.hpp"

namespace aldis::smscsim {

namespace {

// "0x58=0.01" or "ESME_RTHROTTLED=0.01".
ErrorShare error_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) {
    throw CLI::ValidationError("--error", "needs STATUS=SHARE, for example 0x45=0.01");
  }
  const std::string name = text.substr(0, equals);
  ErrorShare out;
  if (const auto named = smpp::status_named(name)) {
    out.status = *named;
  } else {
    out.status = static_cast<smpp::CommandStatus>(std::stoul(name, nullptr, 0));
  }
  out.share = std::stod(text.substr(equals + 1));
  return out;
}

Duration ms(double value) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(value));
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  Options& o = out.options;
  CLI::App app{"smscsim: simulates an operator's SMSC. Every share is 0..1 of all messages."};
  double latency = 0;
  double rate = 0;
  std::vector<double> delay;
  std::vector<std::string> errors;
  std::string dialect = "same";
  bool no_receipts = false;
  app.add_option("--listen", o.listen, "address; port 0 = any free one")->capture_default_str();
  app.add_option("--ports-file", o.ports_file, "write the real address here, renamed into place once ready");
  app.add_option("--system-id", o.system_ids,
                 "ID:PASSWORD that may bind; may be given again; none = anybody");
  app.add_option("--binds-max", o.binds_max, "binds per system_id, 0 = no limit")->capture_default_str();
  app.add_option("--window", o.window, "deliver_sm without answer per session")->capture_default_str();
  app.add_option("--latency-ms", latency, "from submit_sm to its response")->check(CLI::NonNegativeNumber);
  auto* rate_option =
      app.add_option("--rate", rate, "submits per second and system_id; beyond: ESME_RTHROTTLED");
  rate_option->check(CLI::PositiveNumber);
  app.add_option("--error", errors, "STATUS=SHARE of submits refused with it; may be given again");
  app.add_flag("--no-receipts", no_receipts, "never send a receipt");
  app.add_option("--receipt-delay-ms", delay, "MIN [MAX]: receipts come so long after the response")
      ->expected(1, 2);
  app.add_option("--receipt-first", o.receipt_first, "share of receipts sent before the response")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--receipt-twice", o.receipt_twice, "share of receipts sent twice")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--receipt-never", o.receipt_never, "share of receipts never sent")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--undeliverable", o.undeliverable, "share of receipts that say UNDELIV")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--no-answer", o.no_answer, "share of submits that are never answered")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--dialect", dialect, "how ids differ between response and receipt")
      ->check(CLI::IsMember({"same", "receipt_dec", "receipt_hex"}))
      ->capture_default_str();
  app.add_option("--inbound-rate", o.inbound_rate, "messages from handsets per second")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--inbound-to", o.inbound_to, "number they are sent to")->capture_default_str();
  app.add_option("--inbound-text", o.inbound_text, "their text")->capture_default_str();
  app.add_option("--reject-text", o.reject_text, "texts that contain this get ESME_RSUBMITFAIL");
  app.add_option("--script", o.script, "YAML file of timed faults");
  app.add_option("--log", o.log, "one line for every message received");
  app.add_option("--inbound-log", o.inbound_log,
                 "the sender of every message from a handset that was acknowledged, one a line");
  app.add_option("--seed", o.seed, "of all chance")->capture_default_str();
  app.add_option("--seconds", o.seconds, "stop after so long, 0 = until SIGTERM")->capture_default_str();
  app.set_version_flag("--version", "smscsim " + std::string{version()});
  try {
    app.parse(argc, argv);
    for (const auto& error : errors) { o.errors.push_back(error_of(error)); }
  } catch (const CLI::ParseError& error) {
    out.exit = app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception&) {
    app.exit(CLI::ValidationError("--error", "needs STATUS=SHARE, for example 0x45=0.01"));
    out.exit = 2;
  }
  o.latency = ms(latency);
  if (rate_option->count() > 0) { o.rate = rate; }
  o.receipts = !no_receipts;
  o.dialect = dialect == "receipt_dec"   ? Dialect::kReceiptDec
              : dialect == "receipt_hex" ? Dialect::kReceiptHex
                                         : Dialect::kSame;
  if (!delay.empty()) {
    o.receipt_delay_min = ms(delay.front());
    o.receipt_delay_max = ms(delay.back());
  }
  return out;
}

}  // namespace aldis::smscsim
