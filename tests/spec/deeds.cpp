// SPDX-License-Identifier: Apache-2.0
// What is done or observed: time, connections, disk, clock, the process.
#include <algorithm>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/version.hpp"
#include "player.hpp"

namespace aldis::spec {

namespace {

bool is_ours(Role role) { return role == Role::kSession || role == Role::kLink; }
bool is_customer(Role role) { return role == Role::kPeer || role == Role::kClient; }

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) { out += (out.empty() ? "" : " ") + word; }
  return out;
}

}  // namespace

void Player::deed(const Line& line) {
  stage_.settle();
  if (line.words[0] != "binds") { nothing_unexpected("before this line"); }
  if (!deed_of_time(line) && !deed_of_machine(line) && !deed_of_connection(line)) {
    throw ScriptError("this runner does not know how: " + joined(line.words));
  }
}

bool Player::deed_of_time(const Line& line) {
  const bool silent = line.words[0] == "silent";
  if ((!silent && line.words[0] != "waits") || line.words.size() != 2) { return false; }
  stage_.advance(parse_time(line.words[1]));
  if (!silent) { return true; }
  if (line.role == Role::kGateway) {
    nothing_unexpected("while all should be silent");
  } else if (Pipe* pipe = stage_.pipe(key_of(line.role, line.name))) {
    nothing_unexpected(line.name, *pipe, "while it should be silent");
  }
  return true;
}

bool Player::deed_of_machine(const Line& line) {
  const std::string what = joined(line.words);
  if (line.role == Role::kDisk && what == "syncs") {
    stage_.sync();
  } else if (line.role == Role::kDisk && what == "stalls") {
    // a script with a disk line syncs by its own lines only
  } else if (line.role == Role::kDisk && what == "fails") {
    stage_.fail_disk();
  } else if (line.role == Role::kClock && line.words[0] == "steps" && line.words.size() == 2) {
    stage_.step_wall(parse_time(line.words[1]));
  } else if (line.role == Role::kGateway && what == "crashes") {
    stage_.crash();
  } else if (line.role == Role::kGateway && what == "restarts") {
    stage_.restart();
  } else if (line.role == Role::kGateway && what == "stops") {
    stage_.stop();
  } else if (is_ours(line.role) && what == "unbinds") {
    stage_.unbind_all();
  } else {
    return false;
  }
  return true;
}

bool Player::deed_of_connection(const Line& line) {
  const std::string what = joined(line.words);
  const std::string key = key_of(line.role, line.name);
  if (line.words[0] == "closes") {
    closes(line);
  } else if (line.words[0] == "binds") {
    is_customer(line.role) && !key.starts_with("operator ") ? customer_binds(line) : operator_binds(line);
  } else if (is_customer(line.role) && what == "connects") {
    if (stage_.connect(key) == nullptr) { throw ScriptError("the connection was refused at accept"); }
    peer_of(line);
  } else if (is_customer(line.role) && what == "is refused") {
    if (stage_.connect(key) != nullptr) { throw ScriptError("the connection was accepted"); }
  } else if (line.role == Role::kLink && what == "connects") {
    if (!connected(line).is_open()) { throw ScriptError("it has not connected"); }
  } else if (what == "refuses" || what == "accepts") {
    stage_.refuse_connects(what == "refuses");
  } else if (what == "resets") {
    connected(line).peer_closes(stage_.now(), ports::CloseCause::kReset);
  } else if (what == "stops reading" || what == "reads") {
    connected(line).set_peer_reads(what == "reads");
  } else {
    return false;
  }
  stage_.settle();
  return true;
}

// "session -- closes": we did. "peer -- closes": it does. "gateway -- closes client:b": we did.
void Player::closes(const Line& line) {
  Line whose = line;
  bool ours = is_ours(line.role);
  if (line.role == Role::kGateway && line.words.size() == 2) {
    ours = true;
    const std::string& word = line.words[1];
    const auto colon = word.find(':');
    whose.role = word.starts_with("operator") ? Role::kOperator : Role::kClient;
    whose.name = colon == std::string::npos ? std::string{} : word.substr(colon + 1);
  }
  Pipe& pipe = connected(whose);
  if (!ours) { return pipe.peer_closes(stage_.now(), ports::CloseCause::kPeer); }
  if (!pipe.closed_by_us()) { throw ScriptError("it is still open"); }
}

// A bind as any customer's library does it, and its answer.
void Player::customer_binds(const Line& line) {
  const auto& accounts = stage_.settings().accounts;
  const auto account = std::find_if(accounts.begin(), accounts.end(),
                                    [&](const AccountSettings& a) { return a.name == line.name; });
  const LoginSettings& login = (account != accounts.end() ? *account : accounts.front()).logins.at(0);
  Line bind = line;
  bind.kind = Line::Kind::kSent;
  bind.command = "bind_" + (line.words.size() > 1 ? line.words[1] : std::string{"transceiver"});
  bind.fields = {{"system_id", {Value::Kind::kText, login.user}},
                 {"password", {Value::Kind::kText, login.password.reveal()}},
                 {"interface_version", {Value::Kind::kPlain, "0x34"}}};
  Peer& peer = peer_of(bind);
  const auto octets = octets_of(bind, peer);
  feed(*peer.pipe, octets);
  Line answer = line;
  answer.kind = Line::Kind::kExpected;
  answer.command = bind.command + "_resp";
  expect(answer);
}

// An operator that lets us in.
void Player::operator_binds(const Line& line) {
  Line answer = line;
  answer.kind = Line::Kind::kSent;
  Pipe& pipe = connected(line);
  const auto header = *smpp::decode_header(take_pdu(pipe));
  if (!smpp::is_bind(header.command_id)) { throw ScriptError("we did not bind"); }
  std::string octets;
  smpp::encode(octets, smpp::response_to(header.command_id), smpp::CommandStatus::kOk, header.sequence_number,
               smpp::BindResp{"north", {}});
  feed(pipe, octets);
}

}  // namespace aldis::spec
