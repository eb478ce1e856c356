// SPDX-License-Identifier: Apache-2.0
#include "config/aldisd_rows.hpp"

#include "config/forms.hpp"
#include "config/loader.hpp"
#include "config/make_row.hpp"
#include "config/reader.hpp"

namespace aldis::config {

using enum Reload;

namespace {

// --- node, runtime, storage --------------------------------------------------------------------------------

Row node_row() {
  return group<Settings>(
             "node",
             {{row("id", &Settings::node_id, whole(0, 1023), kRestart, "",
                   "Stands inside every message id; never give one machine's number to another.")},
              {}},
             kRestart, "Who this machine is.")
      .main_only();
}

Row runtime_row() {
  return group<Settings>("runtime",
                         {{row("drain", &Settings::drain, duration(seconds{0}, seconds{60}), kLive, "",
                               "How long a stop waits for responses that are still open.")},
                          {}},
                         kLive, "The process.");
}

void finish_storage(void* object, Scope& scope) {
  const auto& storage = as<StorageSettings>(object);
  if (storage.relaxed && !scope.has({"max_loss_ms"})) {
    scope.fault({"max_loss_ms"}, Code::kMissing, "required");
  }
  if (!storage.relaxed && scope.has({"max_loss_ms"})) {
    scope.fault({"max_loss_ms"}, Code::kConflict, "only with durability: relaxed");
  }
}

Row history_row() {
  using H = HistorySettings;
  const Duration day = hours{24};
  return nested(
      "history", &StorageSettings::history,
      {{
           row("enabled", &H::enabled, flag(), kRestart, "",
               "false: messages that are over can be asked for no more, and nothing waits for history."),
           row("keep", &H::keep, duration(day, 3650 * day), kRestart, "",
               "How long a message can be asked for, from its acceptance; then its whole partition goes."),
           row("path", &H::path, text(forms::absolute_path_or_none()), kRestart, "",
               "Its folder, which may lie on another disk; empty = history beside the journal."),
           row("size_max", &H::octets_max, size_or_zero(1ull << 20, 1ull << 50), kRestart, "",
               "Past it the oldest partitions go before their time; 0 = a quarter of limits.disk_budget or "
               "of a "
               "smaller file system."),
       },
       {}},
      kRestart, "The journal made into tables: what became of messages, and search.");
}

Row storage_row() {
  Rows rows;
  rows.rows = {
      row("path", &StorageSettings::path, text(forms::absolute_path()), kRestart, "",
          "Where the journal lives; a local disk, never NFS, overlayfs or tmpfs."),
      choice<StorageSettings, bool>(
          "durability", &StorageSettings::relaxed, {{"always", false}, {"relaxed", true}}, kRestart,
          "always: a promise is made once it is on disk. relaxed: up to max_loss_ms before."),
      row_by<StorageSettings>(
          "max_loss_ms", whole(10, 10'000),
          [](StorageSettings& s, const Value& v) { s.max_loss = milliseconds(from_value<std::int64_t>(v)); },
          [](const StorageSettings&) { return Value(); }, kRestart, "ms",
          "What a power failure may cost with durability: relaxed.")
          .otherwise("must be given with relaxed, and only then")
          .like("200"),
      row("segment_size", &StorageSettings::segment_octets, size(1ull << 20, 64ull << 20), kRestart, "",
          "Size of one journal segment."),
      row("reserve_segments", &StorageSettings::reserve_segments, whole(2, 64), kRestart, "segments",
          "Segments kept free for results and receipts when the disk is full."),
      row("generation_dir", &StorageSettings::generation_dir, text(forms::absolute_path()), kRestart, "",
          "A folder that no backup of path restores: it tells an old copy. Not used where it does not "
          "exist."),
      history_row(),
  };
  rows.finish = finish_storage;
  return nested("storage", &Settings::storage, std::move(rows), kRestart, "The journal.");
}

// --- doors -------------------------------------------------------------------------------------------------

void finish_smpp_listener(void* object, Scope& scope) {
  const auto& listener = as<SmppListener>(object);
  if (listener.plain_public || forms::is_private_address(listener.address)) { return; }
  scope.fault(
      {"address"}, Code::kConflict,
      listener.address +
          " is neither loopback nor private, and this listener has no TLS; plain_public: true allows it");
}

void finish_http_listener(void* object, Scope& scope) {
  const auto& listener = as<HttpListener>(object);
  if (listener.address.starts_with("unix:") || forms::is_private_address(listener.address)) { return; }
  scope.fault({"address"}, Code::kConflict,
              listener.address + " is neither loopback nor private, and this listener has no TLS");
}

Row timers_row() {
  using T = SessionTimers;
  const Duration s = seconds{1};
  return nested(
      "timers", &SmppServerSettings::timers,
      {{
           row("session_init", &T::session_init, duration(s, 120 * s), kLive, "",
               "From the connection to a successful bind."),
           row("pdu", &T::pdu, duration(s, 60 * s), kLive, "", "From the first octet of a PDU to its last."),
           row("enquire_link", &T::enquire_link, duration_or_off(5 * s, 600 * s), kLive, "",
               "Silence after which we ask whether the customer is there; 0s = never."),
           row("enquire_link_response", &T::enquire_link_response, duration(s, 60 * s), kLive, "",
               "How long the answer may take before the session is closed."),
           row("response", &T::response, duration(s, 300 * s), kLive, "",
               "How long a customer may take to answer a deliver_sm."),
           row("inactivity", &T::inactivity, duration_or_off(30 * s, 3600 * s), kLive, "",
               "Time without any PDU after which the session is unbound; 0s = never."),
           row("write_stall", &T::write_stall, duration(5 * s, 300 * s), kLive, "",
               "Time in which a customer reads nothing before the session is closed."),
           row("unbind", &T::unbind, duration(s, 30 * s), kLive, "", "How long we wait for unbind_resp."),
       },
       {}},
      kLive, "Timers of sessions; new sessions take new values.");
}

Row smpp_row() {
  Rows listener;
  listener.rows = {
      row("name", &SmppListener::name, text(forms::name()), kLive, "", "Stands in logs and metrics.")
          .need()
          .like("plain"),
      row("address", &SmppListener::address, text(forms::listen_address()), kLive, "",
          "IP address and port; port 0 = any free one. Plain text: loopback and private ranges only.")
          .need()
          .like("\"127.0.0.1:2775\""),
      row("system_id", &SmppListener::system_id, text(forms::ascii(1, 15)), kLive, "",
          "What bind responses call us."),
      row("plain_public", &SmppListener::plain_public, flag(), kLive, "",
          "Allow plain text on a public address."),
      row("connections_max", &SmppListener::connections_max, whole(1, 100'000), kLive, "connections",
          "Past it new connections are closed at once."),
  };
  listener.finish = finish_smpp_listener;
  return nested("smpp", &Settings::smpp,
                {{
                     items("listeners", &SmppServerSettings::listeners, std::move(listener), "listener",
                           kLive, "Where customers bind.")
                         .show(),
                     timers_row(),
                     row("pdu_octets_max", &SmppServerSettings::pdu_octets_max, whole(1024, 70'000), kLive,
                         "octets", "Longest PDU of a bound session."),
                     group<SmppServerSettings>(
                         "unbound",
                         {{row("max", &SmppServerSettings::unbound_max, whole(1, 100'000), kLive,
                               "connections", "Connections without a bind, in all."),
                           row("per_source", &SmppServerSettings::unbound_per_source, whole(1, 1000), kLive,
                               "connections", "The same per address (IPv6: per /64).")},
                          {}},
                         kLive, "Connections that have not bound yet."),
                 },
                 {}},
                kLive, "Customers bind to us.");
}

Row http_row() {
  Rows listener;
  listener.rows = {
      row("name", &HttpListener::name, text(forms::name()), kLive, "", "Stands in logs and metrics.")
          .need()
          .like("admin"),
      row("address", &HttpListener::address, text(forms::listen_address_or_path()), kLive, "",
          "IP address and port, loopback or private; port 0 = any free one. Or unix: and an absolute path.")
          .need()
          .like("\"127.0.0.1:8081\""),
      choices<HttpListener, HttpServe>(
          "serve", &HttpListener::serve,
          {{"native", HttpServe::kNative},
           {"health", HttpServe::kHealth},
           {"metrics", HttpServe::kMetrics},
           {"twilio", HttpServe::kTwilio},
           {"vonage", HttpServe::kVonage},
           {"kannel", HttpServe::kKannel},
           {"jasmin", HttpServe::kJasmin},
           {"jasmin_rest", HttpServe::kJasminRest}},
          kLive,
          "What is answered there: the API of our own under /v1, health checks, metrics, or what "
          "clients of others ask."),
      choices<HttpListener, LoginKind>(
          "query_credentials", &HttpListener::query_credentials,
          {{"kannel", LoginKind::kKannel}, {"jasmin", LoginKind::kJasmin}, {"vonage", LoginKind::kVonage}},
          kLive, "Dialects whose user and password may stand in the URL, where others may log them."),
  };
  listener.finish = finish_http_listener;
  return group<Settings>(
      "http",
      {{row("idempotency_retention", &Settings::idempotency_retention, duration(minutes{1}, hours{30 * 24}),
            kRestart, "", "How long a request is known by its Idempotency-Key."),
        items("listeners", &Settings::http_listeners, std::move(listener), "listener", kLive,
              "Where the API, health checks and metrics are served.")
            .show()},
       {}},
      kLive, "The API, health and metrics.");
}

Row webhooks_row() {
  using W = WebhookSettings;
  return nested("webhooks", &Settings::webhooks,
                {{
                     row("allow_http", &W::allow_http, flag(), kRestart, "",
                         "http:// as well as https://, with ports 80 and 8080."),
                     list_by<W>(
                         "ports", whole(1, 65'535), [](W& w) { w.ports.clear(); },
                         [](W& w, std::size_t, const Value& value) {
                           w.ports.push_back(from_value<std::uint16_t>(value));
                         },
                         [](const W& w) {
                           std::vector<Value> values;
                           for (const auto port : w.ports) { values.push_back(to_value(port)); }
                           return values;
                         },
                         kRestart, "Ports that may be called."),
                     list("allow_networks", &W::allow_networks, text(forms::network()), kRestart,
                          "Networks that may be called although they are private, local or reserved."),
                 },
                 {}},
                kRestart, "Whom customers may have called: webhooks, callbacks.");
}

// --- limits and telemetry ----------------------------------------------------------------------------------

Row limits_row() {
  using L = LimitSettings;
  const Duration day = hours{24};
  return nested(
      "limits", &Settings::limits,
      {{
           row("memory_max", &L::memory_max, size_or_zero(256ull << 20, 1ull << 40), kRestart, "",
               "Resident memory past 70 % of which pressure begins; 0 = 75 % of the cgroup or machine."),
           row("messages_max", &L::messages_max, whole(1000, 1'000'000'000), kLive, "messages",
               "Live messages; past it submits are refused with queue_full."),
           row("messages_in_memory", &L::messages_in_memory, whole(0, 1'000'000'000), kRestart, "messages",
               "Queued messages kept in memory, and as many that wait for a receipt or their customer; "
               "older ones stand in the journal only."),
           row("disk_budget", &L::disk_budget, size(16ull << 20, 1ull << 50), kRestart, "",
               "Free space below 20 % of this, or of a smaller file system, is pressure."),
           row("orphan_retention", &L::orphan_retention, duration(hours{1}, 30 * day), kLive, "",
               "How long a receipt waits for its message."),
           row("orphans_in_memory", &L::orphans_in_memory, whole(1000, 100'000'000), kLive, "receipts",
               "Waiting receipts kept in memory; past it the oldest go."),
           row("receipt_grace", &L::receipt_grace, duration(seconds{0}, 30 * day), kLive, "",
               "How long after its validity a message waits for a receipt before it ends as unknown."),
           row("late_window", &L::late_window, duration(seconds{0}, 30 * day), kLive, "",
               "How long after the end a receipt may still correct expired or unknown."),
       },
       {}},
      kLive, "Bounds of the whole gateway.");
}

Row telemetry_row() {
  using L = LogSettings;
  const auto word = [](std::string_view name, std::string L::*member, Words<std::string> table, Reload reload,
                       std::string_view sentence) {
    return choice<L>(name, member, std::move(table), reload, sentence);
  };
  return group<Settings>(
      "telemetry",
      {{nested("log", &Settings::log,
               {{
                    word("format", &L::format,
                         {{"auto", "auto"}, {"text", "text"}, {"logfmt", "logfmt"}, {"json", "json"}},
                         kRestart, "auto: text on a terminal, logfmt otherwise."),
                    word("level", &L::level,
                         {{"debug", "debug"},
                          {"info", "info"},
                          {"warn", "warn"},
                          {"error", "error"},
                          {"crit", "crit"}},
                         kLive, "The least important line that is written."),
                    row("queue", &L::queue, whole(1024, 1'000'000), kRestart, "lines",
                        "Lines that wait to be written; past it the oldest are dropped and counted."),
                },
                {}},
               kLive, "The log.")},
       {}},
      kLive, "What the gateway tells about itself.");
}

Rows root_rows() {
  const Row accounts = accounts_row();
  const Row operators = operators_row();
  Row include = loader_key("include", text(forms::any(1, 4096)), kLive,
                           "More files, as globs relative to this one; read in the order of their names.")
                    .main_only()
                    .like("[\"conf.d/*.yaml\"]");
  auto pattern = std::make_shared<Type>(include.type);
  include.type = Type{};
  include.type.kind = Kind::kList;
  include.type.item = pattern;
  return {{
              loader_key("schema_version", whole(1, 1), kRestart, "Version of this format.")
                  .need()
                  .main_only()
                  .like("1"),
              node_row(),
              std::move(include),
              runtime_row(),
              storage_row(),
              smpp_row(),
              http_row(),
              webhooks_row(),
              defaults_for<AccountSettings>("account_defaults", accounts, {"name", "logins"},
                                            "For all accounts; any key of an account but name and logins."),
              accounts,
              defaults_for<OperatorSettings>(
                  "operator_defaults", operators, {"name"},
                  "For all operators; any key of an operator but name. Stronger than profiles."),
              operators,
              routes_row(),
              inbound_row(),
              limits_row(),
              telemetry_row(),
          },
          {}};
}

}  // namespace

const Program& aldisd() {
  static const Program kProgram{
      std::make_shared<Rows>(root_rows()),
      {{"accounts", "account_defaults", false}, {"operators", "operator_defaults", true}},
      "ALDIS__",
      "aldis_",
      "aldisd.yaml"};
  return kProgram;
}

Loaded load_aldisd(const LoadOptions& options) {
  Loaded loaded;
  auto result = Loader(aldisd(), options).load(&loaded.settings);
  loaded.problems = std::move(result.problems);
  loaded.files_count = result.files_count;
  loaded.ok = result.ok;
  return loaded;
}

}  // namespace aldis::config
