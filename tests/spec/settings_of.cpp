// SPDX-License-Identifier: Apache-2.0
#include "settings_of.hpp"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "aldis/config/load.hpp"

namespace aldis::spec {

namespace {

constexpr Duration kOff = hours{24 * 3650};  // of a timer that cannot be zero

// A map of YAML, in the order of writing. (Not of pairs: clang refuses a pair with a type that is not
// complete.)
struct Node {
  std::string key;
  std::string leaf;
  std::vector<Node> children;

  Node& at(const std::string& name) {
    for (Node& child : children) {
      if (child.key == name) { return child; }
    }
    return children.emplace_back(Node{name, {}, {}});
  }
  void set(const std::string& path, const std::string& value) {
    Node* node = this;
    for (std::size_t start = 0; start <= path.size();) {
      const auto end = std::min(path.find('.', start), path.size());
      node = &node->at(path.substr(start, end - start));
      start = end + 1;
    }
    node->leaf = value;
  }
  [[nodiscard]] std::string flow() const {
    if (children.empty()) { return leaf.empty() ? "{}" : leaf; }
    std::string out = "{";
    for (const Node& child : children) { out += child.key + ": " + child.flow() + ", "; }
    return out + "}";
  }
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') { out += '\\'; }
    out += c;
  }
  return out + '"';
}

std::string yaml_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kPlain:
    case Value::Kind::kList: return value.text;
    case Value::Kind::kText: return quoted(value.text);
    default: throw ScriptError("a setting is a word, a number, \"text\", [a, b] or {a: b}");
  }
}

struct Tree {
  Node root;
  std::vector<std::pair<std::string, Node>> accounts;
  std::vector<std::pair<std::string, Node>> operators;
  std::set<std::string> timers;  // of operators and of sessions, set by a fact
};

Node& named(std::vector<std::pair<std::string, Node>>& items, const std::string& name) {
  for (auto& [known, node] : items) {
    if (known == name) { return node; }
  }
  return items.emplace_back(name, Node{}).second;
}

void set_operator(Node& node, const Assignment& setting) {
  if (setting.name == "window_max") {  // the whole window at once
    node.set("window.start", yaml_of(setting.value));
    node.set("window.max", yaml_of(setting.value));
  } else {
    node.set(setting.name, yaml_of(setting.value));
  }
}

void set_account(Node& node, const Assignment& setting) {
  if (setting.name == "password") {
    node.set("password", yaml_of(setting.value));
  } else {
    node.set(setting.name, yaml_of(setting.value));
  }
}

void take(Tree& tree, const Fact& fact, bool link_alone) {
  for (const auto& setting : fact.settings) {
    if (const auto at = setting.name.find("timers."); at != std::string::npos) {
      const bool of_link = fact.kind == Fact::Kind::kOperator || (link_alone && at == 0);
      tree.timers.insert((of_link ? "operator." : "session.") + setting.name.substr(at + 7));
    }
    switch (fact.kind) {
      case Fact::Kind::kAccount: set_account(named(tree.accounts, fact.name), setting); break;
      case Fact::Kind::kOperator: set_operator(named(tree.operators, fact.name), setting); break;
      case Fact::Kind::kSetting:
        if (setting.name == "address") { break; }
        if (link_alone) {
          set_operator(named(tree.operators, "north"), setting);
        } else {
          tree.root.set(setting.name, yaml_of(setting.value));
        }
        break;
      case Fact::Kind::kQueued: break;
    }
  }
  if (fact.kind == Fact::Kind::kAccount) { named(tree.accounts, fact.name); }
  if (fact.kind == Fact::Kind::kOperator) { named(tree.operators, fact.name); }
}

std::string account_item(const std::string& name, Node node) {
  std::string password = "secret";
  for (auto at = node.children.begin(); at != node.children.end(); ++at) {
    if (at->key != "password") { continue; }
    password = at->leaf;
    node.children.erase(at);
    break;
  }
  node.set("name", name);
  if (node.at("logins").leaf.empty()) {
    node.at("logins").leaf = "[{kind: smpp, user: " + name + ", password: " + password + "}]";
  }
  Node& smpp = node.at("smpp");
  if (smpp.at("allow_ips").leaf.empty()) { smpp.at("allow_ips").leaf = "[\"127.0.0.0/8\"]"; }
  if (node.at("senders").at("allow").leaf.empty()) { node.at("senders").at("allow").leaf = "[\"re:.*\"]"; }
  return node.flow();
}

std::string operator_item(const std::string& name, Node node) {
  node.set("name", name);
  const auto unless_set = [&node](const std::string& first, const std::string& second,
                                  const std::string& value) {
    Node& at = second.empty() ? node.at(first) : node.at(first).at(second);
    if (at.leaf.empty() && at.children.empty()) { at.leaf = value; }
  };
  unless_set("hosts", "", "[\"" + name + ".example:2775\"]");
  unless_set("system_id", "", "acme");
  unless_set("password", "", "secret");
  unless_set("throttle", "per_second", "100000");
  return node.flow();
}

std::string text_of(Tree& tree) {
  std::string text = "schema_version: 1\n";
  if (!tree.root.at("routes").leaf.empty()) {
    // the script's own
  } else {
    std::string candidates;
    for (const auto& [name, node] : tree.operators) { candidates += "{operator: " + name + "}, "; }
    tree.root.at("routes").leaf = "[{name: all, candidates: [" + candidates + "]}]";
  }
  if (tree.root.at("inbound").children.empty()) {
    tree.root.at("inbound").leaf = "{numbers: [{number: \"700\", account: " + tree.accounts[0].first + "}]}";
  }
  if (Node& storage = tree.root.at("storage"); storage.at("segment_size").leaf.empty()) {
    storage.at("segment_size").leaf = "1MiB";
    if (storage.at("reserve_segments").leaf.empty()) { storage.at("reserve_segments").leaf = "2"; }
  }
  for (const Node& node : tree.root.children) { text += node.key + ": " + node.flow() + "\n"; }
  text += "accounts:\n";
  for (const auto& [name, node] : tree.accounts) { text += "  - " + account_item(name, node) + "\n"; }
  text += "operators:\n";
  for (const auto& [name, node] : tree.operators) { text += "  - " + operator_item(name, node) + "\n"; }
  return text;
}

Settings load(const std::string& text) {
  std::string directory = (std::filesystem::temp_directory_path() / "aldis-spec-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) { throw ScriptError("no directory for the settings"); }
  const std::string path = directory + "/aldisd.yaml";
  std::ofstream(path, std::ios::binary) << text;
  config::LoadOptions options;
  options.path = path;
  options.profile_dirs = {directory};
  auto loaded = config::load_aldisd(options);
  std::filesystem::remove_all(directory);
  if (!loaded.ok) {
    std::string told = "the facts are no configuration:\n";
    for (const auto& problem : loaded.problems) {
      if (!problem.is_warning) { told += "  " + problem.path + ": " + problem.detail + "\n"; }
    }
    throw ScriptError(told + text);
  }
  return std::move(loaded.settings);
}

void switch_off_timers(Settings& settings, const std::set<std::string>& set) {
  const auto off = [&set](const char* name, Duration& timer, Duration value) {
    if (!set.contains(name)) { timer = value; }
  };
  SessionTimers& session = settings.smpp.timers;
  off("session.session_init", session.session_init, kOff);
  off("session.pdu", session.pdu, kOff);
  off("session.enquire_link", session.enquire_link, Duration::zero());
  off("session.enquire_link_response", session.enquire_link_response, kOff);
  off("session.response", session.response, kOff);
  off("session.inactivity", session.inactivity, Duration::zero());
  off("session.unbind", session.unbind, kOff);
  for (auto& op : settings.operators) {
    off("operator.bind", op.timers.bind, kOff);
    off("operator.enquire_link", op.timers.enquire_link, Duration::zero());
    off("operator.enquire_link_response", op.timers.enquire_link_response, kOff);
    off("operator.response", op.timers.response, kOff);
  }
}

template <class Visit>
void for_each_fact(const Script& script, Visit&& visit) {
  for (const auto& line : script.lines) {
    for (const auto& fact : line.facts) { visit(fact); }
  }
}

}  // namespace

Settings settings_of(const Script& script) {
  Tree tree;
  const bool link_alone = script.uses(Role::kLink);
  for_each_fact(script, [&](const Fact& fact) { take(tree, fact, link_alone); });
  if (tree.accounts.empty()) { named(tree.accounts, "acme"); }
  if (tree.operators.empty()) { named(tree.operators, "north"); }
  Settings settings = load(text_of(tree));
  switch_off_timers(settings, tree.timers);
  settings.smpp.listeners = {SmppListener{"plain", "127.0.0.1:0", "aldis", true, 5000}};
  return settings;
}

std::string peer_address_of(const Script& script) {
  std::string address = "127.0.0.1";
  for_each_fact(script, [&](const Fact& fact) {
    if (fact.kind == Fact::Kind::kSetting && fact.settings[0].name == "address") {
      address = fact.settings[0].value.text;
    }
  });
  return address;
}

unsigned messages_queued(const Script& script) {
  unsigned count = 0;
  for_each_fact(script, [&](const Fact& fact) { count += fact.count; });
  return count;
}

}  // namespace aldis::spec
