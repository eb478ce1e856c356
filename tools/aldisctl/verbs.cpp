// SPDX-License-Identifier: Apache-2.0
#include "verbs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace aldis::ctl {

namespace json = boost::json;

namespace {

// Rows under each other, each column as wide as its widest cell.
void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) { widths[i] = std::max(widths[i], row[i].size()); }
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) { line.append(widths[i] - row[i].size() + 2, ' '); }
    }
    std::printf("%s\n", line.c_str());
  }
}

void print_members(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) { return; }
  std::vector<std::vector<std::string>> rows;
  for (const auto& member : *object) {
    rows.push_back({std::string{member.key()}, field(value, member.key())});
  }
  print_table(rows);
}

// The answer as it is, or its rows with those members.
int print_list(const Where& where, const Answer& answer, const std::vector<std::string>& members) {
  if (answer.exit != kOk) { return answer.exit; }
  if (where.json) {
    std::printf("%s", answer.text.c_str());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{members};
  if (const auto* object = answer.body.if_object(); object != nullptr && object->contains("data")) {
    for (const auto& one : object->at("data").as_array()) {
      auto& row = rows.emplace_back();
      for (const auto& member : members) { row.push_back(field(one, member)); }
    }
  }
  print_table(rows);
  return kOk;
}

int print_one(const Where& where, const Answer& answer) {
  if (answer.exit != kOk) { return answer.exit; }
  if (where.json) {
    std::printf("%s", answer.text.c_str());
  } else {
    print_members(answer.body);
  }
  return kOk;
}

// What one verb was given; lives as long as the application.
struct Given {
  std::string account;
  std::string id;
  std::string label;
  std::string from;
  std::string to;
  std::string text;
  std::string status;
  std::string reference;
  std::string since;
  std::string limit = "100";
  std::vector<std::string> scopes;
  std::vector<std::string> allow_ips;
  std::string expires_at;
  std::string url;
  std::vector<std::string> types;
  bool yes = false;
};

class Verbs {
 public:
  Verbs(CLI::App& app, Where& where, int& exit) : app_(app), where_(where), exit_(exit) {}

  void add() {
    verb(app_, "status", "Whether the gateway is ready, and what it has to do.", [this] { return status(); });
    messages();
    accounts();
    keys();
    webhooks();
  }

 private:
  CLI::App& verb(CLI::App& noun, const std::string& name, const std::string& what, std::function<int()> run) {
    CLI::App* const made = noun.add_subcommand(name, what);
    made->callback([this, run = std::move(run)] { exit_ = run(); });
    return *made;
  }
  CLI::App& noun(const std::string& name, const std::string& what) {
    CLI::App* const made = app_.add_subcommand(name, what);
    made->require_subcommand(1);
    return *made;
  }
  void with_account(CLI::App& verb, bool required = true) {
    auto* option = verb.add_option("--account", given_.account, "whose");
    if (required) { option->required(); }
  }
  [[nodiscard]] std::string of_account() const { return query_of({{"account", given_.account}}); }

  int status() {
    const auto ready = ask(where_, "GET", "/health");
    if (ready.status == 0) { return ready.exit; }
    const auto metrics = ask(where_, "GET", "/metrics");
    if (metrics.exit != kOk) { return metrics.exit; }
    const auto sum = [&](std::string_view name, std::string_view label = {}) {
      double total = 0;
      std::string_view rest = metrics.text;
      while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const bool named = line.starts_with(name) && line.size() > name.size() &&
                           (line[name.size()] == '{' || line[name.size()] == ' ');
        const auto space = line.rfind(' ');
        if (!named || space == line.npos || (!label.empty() && line.find(label) == line.npos)) { continue; }
        total += std::strtod(std::string{line.substr(space + 1)}.c_str(), nullptr);
      }
      return total;
    };
    if (where_.json) {
      const json::object out{
          {"status", field(ready.body, "status")},
          {"sessions", sum("aldis_sessions")},
          {"links_up", sum("aldis_link_up")},
          {"queued", sum("aldis_messages_pending", "state=\"queued\"")},
          {"on_links", sum("aldis_messages_pending", "state=\"leased\"")},
          {"uncertain", sum("aldis_messages_pending", "state=\"uncertain\"")},
          {"awaiting_receipt", sum("aldis_messages_pending", "state=\"awaiting_receipt\"")},
          {"owed", sum("aldis_owed_items")},
          {"pressure", sum("aldis_pressure_level", "reading=\"worst\"")},
          {"history_lag_seconds", sum("aldis_history_lag_seconds")}};
      std::printf("%s\n", json::serialize(out).c_str());
    } else {
      std::printf("%s  pressure %.0f  sessions %.0f  links up %.0f\n", field(ready.body, "status").c_str(),
                  sum("aldis_pressure_level", "reading=\"worst\""), sum("aldis_sessions"),
                  sum("aldis_link_up"));
      std::printf(
          "queued %.0f  on links %.0f  uncertain %.0f  awaiting receipt %.0f  owed %.0f  history lag %.1f "
          "s\n",
          sum("aldis_messages_pending", "state=\"queued\""),
          sum("aldis_messages_pending", "state=\"leased\""),
          sum("aldis_messages_pending", "state=\"uncertain\""),
          sum("aldis_messages_pending", "state=\"awaiting_receipt\""), sum("aldis_owed_items"),
          sum("aldis_history_lag_seconds"));
    }
    return ready.exit;
  }

  void messages() {
    CLI::App& message = noun("message", "Messages: send, look at, find, cancel.");
    for (const bool preview : {false, true}) {
      CLI::App& send = verb(message, preview ? "preview" : "send",
                            preview ? "Says what it would be, and sends nothing." : "Sends one message.",
                            [this, preview] { return send_message(preview); });
      with_account(send);
      send.add_option("--from", given_.from, "sender; else the account's");
      send.add_option("--to", given_.to, "destination, international")->required();
      send.add_option("--text", given_.text, "UTF-8")->required();
    }
    CLI::App& show = verb(message, "show", "One message, by its id.", [this] {
      return print_one(where_, ask(where_, "GET", "/v1/messages/" + encoded(given_.id) + of_account()));
    });
    CLI::App& trace = verb(message, "trace", "What happened to it, step by step.", [this] {
      auto answer = ask(where_, "GET", "/v1/messages/" + encoded(given_.id) + "/timeline" + of_account());
      if (auto* object = answer.body.if_object(); object != nullptr && object->contains("events")) {
        (*object)["data"] = object->at("events");
      }
      return print_list(where_, answer, {"at", "kind", "detail"});
    });
    CLI::App& cancel = verb(message, "cancel", "Takes it back, while no operator can have it.", [this] {
      return print_one(where_,
                       ask(where_, "POST", "/v1/messages/" + encoded(given_.id) + "/cancel" + of_account()));
    });
    for (CLI::App* one : {&show, &trace, &cancel}) {
      with_account(*one);
      one->add_option("ID", given_.id, "msg_..., in any form")->required();
    }
    CLI::App& find = verb(message, "find", "Lists messages, newest first.", [this] {
      const auto query = query_of({{"account", given_.account},
                                   {"to", given_.to},
                                   {"from", given_.from},
                                   {"status", given_.status},
                                   {"label", given_.label},
                                   {"reference", given_.reference},
                                   {"since", given_.since},
                                   {"limit", given_.limit}});
      return print_list(where_, ask(where_, "GET", "/v1/messages" + query),
                        {"accepted_at", "id", "from", "to", "status", "reference"});
    });
    with_account(find);
    find.add_option("--to", given_.to, "destination; with * behind at least six digits, all that begin so");
    find.add_option("--from", given_.from, "sender");
    find.add_option("--status", given_.status, "queued, sent, delivered, ...");
    find.add_option("--label", given_.label);
    find.add_option("--reference", given_.reference);
    find.add_option("--since", given_.since, "like 2026-11-21T00:00:00Z; else the last 24 hours");
    find.add_option("--limit", given_.limit, "1 to 1000")->capture_default_str();
  }

  int send_message(bool preview) {
    json::object body{{"to", given_.to}, {"text", given_.text}};
    if (!given_.from.empty()) { body["from"] = given_.from; }
    const json::value value(std::move(body));
    const std::string path = std::string{"/v1/messages"} + (preview ? "/preview" : "") + of_account();
    return print_one(where_, ask(where_, "POST", path, &value));
  }

  void accounts() {
    CLI::App& account = noun("account", "Accounts.");
    CLI::App& show = verb(account, "show", "One account as its own keys see it.", [this] {
      return print_one(where_, ask(where_, "GET", "/v1/account" + of_account()));
    });
    show.add_option("NAME", given_.account)->required();
  }

  [[nodiscard]] std::string keys_path() const {
    return "/v1/admin/accounts/" + encoded(given_.account) + "/keys";
  }

  void keys() {
    CLI::App& key = noun("key", "API keys of an account.");
    with_account(verb(key, "list", "All of them; never the keys themselves.", [this] {
      return print_list(where_, ask(where_, "GET", keys_path()),
                        {"id", "label", "scopes", "expires_at", "last_used_at"});
    }));
    CLI::App& add = verb(key, "add", "Makes one, and shows it this once.", [this] { return add_key(); });
    with_account(add);
    add.add_option("--scope", given_.scopes, "messages:send, messages:read, ...; several may follow")
        ->required();
    add.add_option("--label", given_.label, "what it is for");
    add.add_option("--allow-ip", given_.allow_ips, "addresses or networks that may use it; else any");
    add.add_option("--expires-at", given_.expires_at, "like 2027-01-01T00:00:00Z; else never");
    CLI::App& revoke = verb(key, "revoke", "Ends one at once.", [this] {
      if (!given_.yes) {
        std::fprintf(stderr, "aldisctl: key revoke: whoever uses it is turned away at once\ntry: --yes\n");
        return kUsage;
      }
      return ask(where_, "DELETE", keys_path() + "/" + encoded(given_.id)).exit;
    });
    with_account(revoke);
    revoke.add_option("ID", given_.id, "key_...")->required();
    revoke.add_flag("--yes", given_.yes, "it is meant");
  }

  int add_key() {
    json::object body{{"scopes", json::array(given_.scopes.begin(), given_.scopes.end())}};
    if (!given_.label.empty()) { body["label"] = given_.label; }
    if (!given_.allow_ips.empty()) {
      body["allow_ips"] = json::array(given_.allow_ips.begin(), given_.allow_ips.end());
    }
    if (!given_.expires_at.empty()) { body["expires_at"] = given_.expires_at; }
    const json::value value(std::move(body));
    return print_one(where_, ask(where_, "POST", keys_path(), &value));
  }

  void webhooks() {
    CLI::App& webhook = noun("webhook", "Endpoints that an account has called.");
    with_account(verb(webhook, "list", "All of an account.", [this] {
      return print_list(where_, ask(where_, "GET", "/v1/webhooks" + of_account()),
                        {"id", "enabled", "url", "types", "disabled_reason"});
    }));
    CLI::App& add = verb(webhook, "add", "Makes one, and shows its secret this once.", [this] {
      json::object body{{"url", given_.url}};
      if (!given_.types.empty()) { body["types"] = json::array(given_.types.begin(), given_.types.end()); }
      const json::value value(std::move(body));
      return print_one(where_, ask(where_, "POST", "/v1/webhooks" + of_account(), &value));
    });
    with_account(add);
    add.add_option("--url", given_.url, "https://...")->required();
    add.add_option("--type", given_.types, "message.*, message.delivered, inbound.received; else all");
    const auto one = [&](const std::string& name, const std::string& what, const std::string& path) {
      CLI::App& made = verb(webhook, name, what, [this, path] {
        return print_one(where_,
                         ask(where_, "POST", "/v1/webhooks/" + encoded(given_.id) + path + of_account()));
      });
      with_account(made);
      made.add_option("ID", given_.id, "whe_...")->required();
    };
    one("test", "Calls it once, and shows what it said.", "/test");
    one("enable", "Calls it again after it said 410.", "/enable");
    one("rotate", "A new secret; the old one signs too for a day.", "/rotate-secret");
    CLI::App& disable = verb(webhook, "disable", "Calls it no more; what it is owed waits.", [this] {
      const json::value value(json::object{{"enabled", false}});
      return print_one(where_,
                       ask(where_, "PATCH", "/v1/webhooks/" + encoded(given_.id) + of_account(), &value));
    });
    with_account(disable);
    disable.add_option("ID", given_.id, "whe_...")->required();
  }

  CLI::App& app_;
  Where& where_;
  int& exit_;
  Given given_;
};

}  // namespace

void add_verbs(CLI::App& app, Where& where, int& exit) {
  static std::unique_ptr<Verbs> verbs;  // its options point into it until the program ends
  verbs = std::make_unique<Verbs>(app, where, exit);
  verbs->add();
}

}  // namespace aldis::ctl
