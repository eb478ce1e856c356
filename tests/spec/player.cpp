// SPDX-License-Identifier: Apache-2.0
// Lines that send and lines that expect; deeds are in deeds.cpp.
#include "player.hpp"

#include <algorithm>
#include <cstdio>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu_rows.hpp"
#include "settings_of.hpp"

namespace aldis::spec {

namespace {

bool is_customer(Role role) { return role == Role::kPeer || role == Role::kSession || role == Role::kClient; }

Stage::Form form_of(const Script& script) {
  const bool whole = script.uses(Role::kClient) || script.uses(Role::kOperator);
  const bool link = script.uses(Role::kLink);
  const bool session = script.uses(Role::kSession) || (script.uses(Role::kPeer) && !link);
  if (int{whole} + int{session} + int{link} != 1) {
    throw ScriptError(script.path + ": session with peer, link with peer, or client with operator");
  }
  return whole ? Stage::Form::kWhole : session ? Stage::Form::kIngress : Stage::Form::kEgress;
}

smpp::CommandId command_of(const std::string& name) {
  const auto command = smpp::command_named(name);
  if (!command) { throw ScriptError("no command is called " + name); }
  return *command;
}

bool is_bind_name(const std::string& name) { return name.starts_with("bind_") && !name.ends_with("_resp"); }

bool is_response_name(const std::string& name) { return name.ends_with("_resp") || name == "generic_nack"; }

}  // namespace

const char* name_of(Reads reads) {
  switch (reads) {
    case Reads::kPdu: return "one read per PDU";
    case Reads::kTogether: return "everything in one read";
    case Reads::kOctet: return "one octet per read";
  }
  __builtin_unreachable();
}

Player::Player(const Script& script, Reads reads)
    : script_(script),
      reads_(reads),
      stage_(form_of(script), script, settings_of(script)),
      done_(script.lines.size(), false) {}

void Player::play() {
  try {
    stage_.start();
    for (std::size_t at = 0; at < script_.lines.size(); ++at) {
      line_ = &script_.lines[at];
      if (!done_[at]) { play_line(at); }
    }
    stage_.settle();
    nothing_unexpected("at the end");
  } catch (const ScriptError& error) {
    const std::string what = error.what();
    if (what.starts_with(script_.path)) { throw; }
    fail(what);
  }
}

void Player::play_line(std::size_t at) {
  const Line& line = script_.lines[at];
  switch (line.kind) {
    case Line::Kind::kGiven: return;
    case Line::Kind::kSent: return send(at);
    case Line::Kind::kExpected: return expect(line);
    case Line::Kind::kDeed: return deed(line);
  }
}

// --- who ---------------------------------------------------------------------------------------------------

std::string Player::key_of(Role role, const std::string& name) const {
  const bool link = script_.uses(Role::kLink);
  if (role == Role::kOperator || role == Role::kLink || (role == Role::kPeer && link)) {
    const bool number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    const std::string first = stage_.first_operator();
    return "operator " + (name.empty() ? first : number ? first + "." + name : name);
  }
  return name;
}

Player::Peer& Player::peer_of(const Line& line) {
  const std::string key = key_of(line.role, line.name);
  Peer& peer = peers_[key];
  Pipe* pipe = stage_.pipe(key);
  if (pipe == nullptr && is_customer(line.role) && line.kind == Line::Kind::kSent) {
    pipe = stage_.connect(key);
    if (pipe == nullptr) { throw ScriptError("the connection was refused at accept"); }
  }
  if (pipe != peer.pipe) {  // another connection: numbers begin anew
    peer = Peer{};
    peer.pipe = pipe;
  }
  return peer;
}

Pipe& Player::connected(const Line& line) {
  Peer& peer = peer_of(line);
  if (peer.pipe == nullptr) { throw ScriptError("there is no such connection"); }
  return *peer.pipe;
}

void Player::fail(const std::string& why) const {
  const auto since = std::chrono::duration_cast<milliseconds>(stage_.since_start()).count();
  char time[32];
  std::snprintf(time, sizeof time, "%lld.%03lld", static_cast<long long>(since / 1000),
                static_cast<long long>(since % 1000));
  throw ScriptError(script_.path + ":" + std::to_string(line_ != nullptr ? line_->number : 0) + ": " + why +
                    "\n  line: " + (line_ != nullptr ? line_->source : "(start)") + "\n  at " + time +
                    " s, with " + name_of(reads_));
}

// --- << ----------------------------------------------------------------------------------------------------

std::uint32_t Player::sequence_of(const Line& line, smpp::CommandId command, Peer& peer) {
  const auto named = std::find_if(line.fields.begin(), line.fields.end(),
                                  [](const Assignment& field) { return field.name == "seq"; });
  auto& open = peer.unanswered;
  if (named != line.fields.end()) {
    const auto text = plain_of(named->value, variables_);
    if (!text) { throw ScriptError("$" + named->value.text + " has no value yet"); }
    const auto sequence = number_of(*text);
    open.erase(std::remove_if(open.begin(), open.end(), [&](const auto& r) { return r.second == sequence; }),
               open.end());
    if (!is_response_name(line.command)) { peer.next_sequence = sequence + 1; }
    return sequence;
  }
  if (!is_response_name(line.command)) { return peer.next_sequence++; }
  const auto oldest = std::find_if(open.begin(), open.end(), [&](const auto& request) {
    return command == smpp::CommandId::kGenericNack || smpp::response_to(request.first) == command;
  });
  if (oldest == open.end()) { throw ScriptError("we have asked nothing that this answers"); }
  const auto sequence = oldest->second;
  open.erase(oldest);
  return sequence;
}

std::string Player::octets_of(const Line& line, Peer& peer) {
  if (line.command == "bytes") { return line.octets; }
  const auto command = command_of(line.command);
  return build_pdu(command, sequence_of(line, command, peer), line.fields, variables_);
}

// Whether a peer could have sent this line before it saw what the lines above expect from us.
bool Player::may_join(const Line& line, bool crossed) const {
  const auto header = smpp::decode_header(line.octets);
  const bool is_answer = is_response_name(line.command) || (header && smpp::is_response(header->command_id));
  if (crossed && is_answer) { return false; }
  return std::all_of(line.fields.begin(), line.fields.end(), [this](const Assignment& field) {
    return field.value.kind != Value::Kind::kVariable || variables_.contains(field.value.text);
  });
}

void Player::send(std::size_t at) {
  const Line& first = script_.lines[at];
  Peer& peer = peer_of(first);
  if (peer.pipe == nullptr) { throw ScriptError("there is no such connection"); }
  if (!peer.pipe->is_open()) { throw ScriptError("we have closed that connection"); }
  std::string octets = octets_of(first, peer);
  sent_.push_back(octets);
  const std::string key = key_of(first.role, first.name);
  bool crossed = false;
  bool bind = is_bind_name(first.command);  // a peer waits for the answer to its bind
  for (std::size_t i = at + 1; reads_ == Reads::kTogether && !bind && i < script_.lines.size(); ++i) {
    const Line& line = script_.lines[i];
    if (line.kind == Line::Kind::kDeed || key_of(line.role, line.name) != key) { break; }
    if (line.kind == Line::Kind::kExpected) { crossed = true; }
    if (line.kind != Line::Kind::kSent) { continue; }
    if (!may_join(line, crossed)) { break; }
    sent_.push_back(octets_of(line, peer));
    octets += sent_.back();
    done_[i] = true;
    bind = is_bind_name(line.command);
  }
  feed(*peer.pipe, octets);
}

void Player::feed(Pipe& pipe, const std::string& octets) {
  if (reads_ != Reads::kOctet) {
    pipe.feed(stage_.now(), octets);
    return stage_.settle();
  }
  for (const char c : octets) {
    if (!pipe.is_open()) { return; }
    pipe.feed(stage_.now(), Octets{&c, 1});
    stage_.settle();
  }
}

// --- >> ----------------------------------------------------------------------------------------------------

std::string Player::take_pdu(Pipe& pipe) {
  std::string& arrived = pipe.arrived();
  if (arrived.empty()) { throw ScriptError("nothing came"); }
  const auto header = smpp::decode_header(arrived);
  if (!header || header->command_length > arrived.size() || header->command_length < smpp::kHeaderOctets) {
    throw ScriptError("what came is no PDU: " + hex(arrived));
  }
  std::string octets = arrived.substr(0, header->command_length);
  arrived.erase(0, octets.size());
  return octets;
}

void Player::expect_bytes(const Line& line, Pipe& pipe) {
  std::string& arrived = pipe.arrived();
  if (!arrived.starts_with(line.octets)) {
    throw ScriptError("other octets came: " + (arrived.empty() ? "none" : hex(arrived)));
  }
  const auto header = smpp::decode_header(line.octets);
  if (header && !smpp::is_response(header->command_id)) {
    peer_of(line).unanswered.emplace_back(header->command_id, header->sequence_number);
  }
  arrived.erase(0, line.octets.size());
}

void Player::expect(const Line& line) {
  stage_.settle();
  Pipe& pipe = connected(line);
  if (line.command == "bytes") { return expect_bytes(line, pipe); }
  const auto command = command_of(line.command);
  const std::string octets = take_pdu(pipe);
  if (const auto wrong = mismatch_of(octets, command, line.fields, variables_)) {
    throw ScriptError(*wrong + "\n  came: " + shown(octets));
  }
  const auto header = *smpp::decode_header(octets);
  if (!smpp::is_response(header.command_id)) {
    peer_of(line).unanswered.emplace_back(header.command_id, header.sequence_number);
  }
}

void Player::nothing_unexpected(const std::string& name, Pipe& pipe, const std::string& when) {
  if (pipe.arrived().empty()) { return; }
  const auto whose = name.empty() ? std::string{"the peer"} : name;
  const auto header = smpp::decode_header(pipe.arrived());
  const bool whole = header && header->command_length >= smpp::kHeaderOctets &&
                     header->command_length <= pipe.arrived().size();
  throw ScriptError("no line expects what " + whose + " got " + when + "\n  came: " +
                    (whole ? shown(pipe.arrived().substr(0, header->command_length)) : hex(pipe.arrived())));
}

void Player::nothing_unexpected(const std::string& when) {
  // A connection that no line has named yet is the business of a later line: an operator may be slow.
  for (auto& [name, pipe] : stage_.pipes()) {
    if (peers_[name].pipe == pipe.get()) { nothing_unexpected(name, *pipe, when); }
  }
}

}  // namespace aldis::spec
