// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fields.hpp"
#include "stage.hpp"

namespace aldis::spec {

// How octets come to us: the outcome must not depend on it.
enum class Reads : unsigned char { kPdu, kTogether, kOctet };
const char* name_of(Reads reads);

// Plays one script once, from a fresh stage to its last line. Throws ScriptError with file, line, what was
// expected, what came and the virtual time.
class Player {
 public:
  Player(const Script& script, Reads reads);
  void play();
  // The octets of every << line that was played, in order: seeds for fuzzers.
  [[nodiscard]] const std::vector<std::string>& sent() const { return sent_; }

 private:
  struct Peer {  // the other end of one connection
    std::uint32_t next_sequence = 1;
    std::deque<std::pair<smpp::CommandId, std::uint32_t>> unanswered;  // requests of ours
    Pipe* pipe = nullptr;
  };

  void play_line(std::size_t at);
  void send(std::size_t at);
  [[nodiscard]] bool may_join(const Line& line, bool crossed) const;
  std::string octets_of(const Line& line, Peer& peer);
  std::uint32_t sequence_of(const Line& line, smpp::CommandId command, Peer& peer);
  void feed(Pipe& pipe, const std::string& octets);

  void expect(const Line& line);
  std::string take_pdu(Pipe& pipe);
  void expect_bytes(const Line& line, Pipe& pipe);

  void deed(const Line& line);
  bool deed_of_machine(const Line& line);
  bool deed_of_time(const Line& line);
  bool deed_of_connection(const Line& line);
  void closes(const Line& line);
  void customer_binds(const Line& line);
  void operator_binds(const Line& line);
  void nothing_unexpected(const std::string& when);
  void nothing_unexpected(const std::string& name, Pipe& pipe, const std::string& when);

  [[nodiscard]] std::string key_of(Role role, const std::string& name) const;
  Peer& peer_of(const Line& line);
  Pipe& connected(const Line& line);
  [[noreturn]] void fail(const std::string& why) const;

  const Script& script_;
  Reads reads_;
  Stage stage_;
  std::map<std::string, Peer> peers_;
  Variables variables_;
  std::vector<bool> done_;
  std::vector<std::string> sent_;
  const Line* line_ = nullptr;  // in hand, for messages
};

}  // namespace aldis::spec
