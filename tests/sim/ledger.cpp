// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger.hpp"

#include <algorithm>

namespace aldis::sim {

namespace {

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
constexpr std::size_t kTokenDigits = 13;

std::string name_of(const Entry& entry) {
  return "message " + text_of_token(entry.token) + " of account " + std::to_string(entry.account) + " to " +
         entry.to;
}

}  // namespace

bool is_final(MessageState state) {
  return state != MessageState::kEnroute && state != MessageState::kAccepted &&
         state != MessageState::kScheduled;
}

std::string text_of_token(std::uint64_t token) {
  std::string text = "#";
  for (int shift = 60; shift >= 0; shift -= 5) { text.push_back(kDigits[(token >> shift) & 31u]); }
  return text;
}

std::optional<std::uint64_t> token_in(std::string_view octets) {
  for (auto at = octets.find('#'); at != std::string_view::npos; at = octets.find('#', at + 1)) {
    if (octets.size() < at + 1 + kTokenDigits) { break; }
    std::uint64_t token = 0;
    bool whole = true;
    for (std::size_t i = 1; i <= kTokenDigits && whole; ++i) {
      const auto digit = kDigits.find(octets[at + i]);
      whole = digit != std::string_view::npos;
      token = (token << 5) | (whole ? digit : 0);
    }
    if (whole) { return token; }
  }
  return std::nullopt;
}

Entry& Ledger::begin(Entry entry) {
  ++totals_.submitted;
  const std::uint64_t token = entry.token;
  if (entry.of_many) { texts_[entry.text].push_back(token); }
  return entries_.emplace(token, std::move(entry)).first->second;
}

Entry* Ledger::find(std::uint64_t token) {
  const auto found = entries_.find(token);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<Entry*> Ledger::siblings(const Entry& entry) {
  const auto found = texts_.find(entry.text);
  if (found == texts_.end()) { return {find(entry.token)}; }
  std::vector<Entry*> all;
  for (const std::uint64_t token : found->second) { all.push_back(find(token)); }
  return all;
}

Entry* Ledger::named(std::uint64_t text, std::string_view to) {
  Entry* first = find(text);
  if (first == nullptr) { return nullptr; }
  for (Entry* one : siblings(*first)) {
    if (one->to == to) { return one; }
  }
  return texts_.contains(text) ? nullptr : first;
}

void Ledger::answered(Entry& entry, const std::string& id, const Moment& at) {
  if (!entry.read) { throw Violation{"I3: " + name_of(entry) + " was accepted before it was read"}; }
  if (Lives::before_any_commit(*entry.read, at)) {
    throw Violation{"I3: " + name_of(entry) + " was accepted before anything was durable"};
  }
  if (!entry.id.empty() && entry.id != id) {
    throw Violation{"I2: " + name_of(entry) + " has two ids, " + entry.id + " and " + id};
  }
  const auto [known, fresh] = ids_.emplace(id, entry.text);
  if (!fresh && known->second != entry.text) {
    throw Violation{"I2: id " + id + " was given twice, to " + name_of(entry) + " and another"};
  }
  entry.id = id;
  entry.answered = at;
  ++totals_.accepted;
}

std::pair<Entry*, std::size_t> Ledger::submitted(std::uint64_t token, Submission submission,
                                                 std::string_view from, std::string_view to) {
  Entry* entry = named(token, to);
  if (entry == nullptr) { throw Violation{"I2: an operator got a text that nobody sent there"}; }
  if (entry->from != from || entry->to != to) {
    throw Violation{"I2: " + name_of(*entry) + " left as " + std::string{from} + " to " + std::string{to}};
  }
  if (!routed(*entry, submission.op)) {
    throw Violation{"I11: " + name_of(*entry) + " went to operator " + std::to_string(submission.op)};
  }
  if (entry->deleted && submission.sent.since > entry->deleted->at) {
    throw Violation{"I10: " + name_of(*entry) + " left after it was canceled"};
  }
  if (entry->refused) { throw Violation{"I2: " + name_of(*entry) + " was refused, and sent"}; }
  if (!entry->read || Lives::before_any_commit(*entry->read, submission.sent)) {
    throw Violation{"I4: " + name_of(*entry) + " left before its lease was durable"};
  }
  // What was read at `read` expires that much later, and the process may have been busy meanwhile.
  const Moment& began = entry->answered ? *entry->answered : *entry->read;  // it may have waited to be read
  if (!clock_stepped_ && entry->validity > Duration{} &&
      submission.sent.since > began.at + entry->validity + seconds{5}) {
    throw Violation{"I10: " + name_of(*entry) + " left after its validity"};
  }
  for (auto at = entry->submissions.rbegin(); at != entry->submissions.rend(); ++at) {
    if (at->part == submission.part) {
      const bool in_order = at->sent.at <= submission.sent.at;
      in_order ? judge_repeat(*entry, *at, submission) : judge_repeat(*entry, submission, *at);
      break;
    }
  }
  judge_rate(submission.op, submission.sent);
  judge_share(*entry, submission);
  ++totals_.sent;
  entry->submissions.push_back(std::move(submission));
  return {entry, entry->submissions.size() - 1};
}

// Why could it be sent again? The operator refused it, or its answer was never read, or what was read may
// have been forgotten with a process.
void Ledger::judge_repeat(const Entry& entry, const Submission& before, const Submission& now) {
  const bool same_life = before.sent.life == now.sent.life;
  const bool known = before.answer_read && lives.surely_known(*before.answer_read, now.sent);
  const bool maybe_known = before.answer_taken && before.answer_taken->at <= now.sent.at;
  if (maybe_known && before.answer == Submission::Answer::kRefused) { return; }
  const bool given_up = before.answer_read
                            ? before.answer_read->at >= before.sent.since + operators[before.op].response
                            : now.sent.at >= before.sent.since + operators[before.op].response;
  const std::string again = name_of(entry) + " part " + std::to_string(now.part) + " was sent again";
  if (known && !given_up) { throw Violation{"I4: " + again + " after its operator's OK was read"}; }
  if (same_life && !given_up && before.gateway_end->closed_at() > now.sent.at) {
    throw Violation{"I4: " + again + " while its operator's answer was awaited"};
  }
  if (entry.at_most_once) { throw Violation{"I4: " + again + " although at_most_once"}; }
  if (operators[before.op].fails_in_doubt) { throw Violation{"I4: " + again + " although in_doubt: fail"}; }
  ++totals_.duplicates;
  twice_[now.op].insert(entry.token);
}

void Ledger::check_flags() const {
  for (const auto& [op, tokens] : twice_) {
    const auto flagged = flags.find(op);
    if (flagged == flags.end() || flagged->second < tokens.size()) {
      throw Violation{"I18: " + std::to_string(tokens.size()) +
                      " messages were sent again in doubt to operator " + std::to_string(op) +
                      ", and the log flags " + std::to_string(flagged == flags.end() ? 0 : flagged->second)};
    }
  }
}

// A token that was taken at a lease is good for 50 ms, so a second may hold those of a twentieth more. What
// waits longer pays when it leaves. A part that a full socket held back left at some time between when it was
// asked to and when the kernel took it: only those count that left within the second for sure.
void Ledger::judge_rate(std::uint32_t op, const Moment& sent) {
  sent_.resize(operators.size());
  auto& [life, last] = sent_[op];
  if (sent.life < life) { return; }  // read late
  if (sent.life > life) { last.clear(); }
  life = sent.life;
  last.push_back(sent);
  std::erase_if(last, [&](const Moment& one) { return one.at + seconds{3} < sent.at; });
  const auto in_window = std::count_if(last.begin(), last.end(), [&](const Moment& one) {
    return one.since > sent.at - seconds{1} && one.at <= sent.at;
  });
  const auto allowed = 1.05 * operators[op].per_second + operators[op].burst + 1;
  if (static_cast<double>(in_window) > allowed) {
    throw Violation{"I9: operator " + std::to_string(op) + " got " + std::to_string(in_window) +
                    " parts within a second, allowed are " + std::to_string(allowed)};
  }
}

// All customers of a world have one class and one weight. So while a message waits for its first try at the
// only operator that it may go to, each other customer may send there what its own customer does; twice that
// is allowed, and what had been leased before.
void Ledger::judge_share(const Entry& entry, const Submission& submission) {
  shares_.resize(operators.size());
  auto& [life, log] = shares_[submission.op];
  const Moment& sent = submission.sent;
  if (sent.life < life) { return; }  // read late
  if (sent.life > life) { log.clear(); }
  life = sent.life;
  std::size_t others = 0;
  std::size_t own = entry.parts;
  bool same_connection = false;
  if (entry.answered) {
    for (auto at = log.rbegin(); at != log.rend(); ++at) {
      if (at->sent.at <= entry.answered->at) {
        same_connection = at->on == submission.gateway_end;
        break;
      }
      if (at->sent.since <= entry.answered->at || at->sent.at > sent.since) { continue; }
      ++(at->account == entry.account ? own : others);
    }
  }
  log.push_back({sent, entry.account, submission.gateway_end});
  parts_max_ = std::max(parts_max_, std::size_t{entry.parts});
  unsigned ways = 0;
  for (std::uint32_t op = 0; op < operators.size(); ++op) { ways += routed(entry, op) ? 1u : 0u; }
  const bool first = entry.submissions.empty() && same_connection && entry.answered->life == life;
  const OperatorRules& rules = operators[submission.op];
  if (!first || ways != 1 || rules.links != 1 || entry.may_be_replaced || accounts < 2) { return; }
  const auto allows = [&] { return 2 * own * (accounts - 1) + rules.lease; };
  if (others > allows()) { own += expired_of(entry, sent.at) + parts_max_; }
  const std::size_t allowed = allows();
  if (others > allowed) {
    throw Violation{"I15: " + name_of(entry) + " waited while others sent " + std::to_string(others) +
                    " parts to its operator; its share allows " + std::to_string(allowed)};
  }
}

// Parts of the same customer that expired unsent while the message waited: they had their turns, and were
// leased too late.
std::size_t Ledger::expired_of(const Entry& entry, Instant now) const {
  std::size_t parts = 0;
  for (const auto& [token, other] : entries_) {
    const bool unsent = other.answered && other.account == entry.account && other.submissions.empty();
    if (!unsent || other.validity == Duration{}) { continue; }
    const Instant end = other.answered->at + other.validity;
    if (end > entry.answered->at && end <= now + seconds{5}) { parts += other.parts; }
  }
  return parts;
}

// Leased and forgotten with a process, or lost with a link; and not to be sent while in doubt.
bool Ledger::ended_in_doubt(const Entry& entry) const {
  const bool fails = std::any_of(operators.begin(), operators.end(),
                                 [](const OperatorRules& rules) { return rules.fails_in_doubt; });
  return !calm && (entry.at_most_once || fails);
}

// Deadlines stand in the journal by the wall clock: a step of it counts when they are read back.
bool Ledger::jumped(const Entry& entry, std::uint32_t life) const {
  return clock_stepped_ && entry.read && entry.read->life < life;
}

bool Ledger::is_just(const Entry& entry, MessageState state, const Moment& at) const {
  const auto said = [&](MessageState which) {
    return std::any_of(entry.submissions.begin(), entry.submissions.end(),
                       [&](const Submission& s) { return s.receipts.contains(which); });
  };
  const bool refused =
      std::any_of(entry.submissions.begin(), entry.submissions.end(),
                  [](const Submission& s) { return s.answer == Submission::Answer::kRefused; });
  const bool expired = jumped(entry, at.life) || (entry.validity > Duration{} && entry.read &&
                                                  at.at >= entry.read->at + entry.validity - seconds{1});
  switch (state) {
    case MessageState::kDelivered: {
      std::set<std::uint16_t> delivered;
      for (const auto& s : entry.submissions) {
        // parts to which the operator gave one id: a repeated receipt of one may be the other's
        const bool theirs = std::any_of(
            entry.submissions.begin(), entry.submissions.end(),
            [&](const Submission& t) { return !s.id.empty() && t.id == s.id && t.receipts.contains(state); });
        if (theirs || s.receipts.contains(state)) { delivered.insert(s.part); }
      }
      return delivered.size() >= entry.parts;
    }
    case MessageState::kExpired: return expired || said(state);
    case MessageState::kDeleted: return entry.may_be_deleted || said(state);
    case MessageState::kUndeliverable:
    case MessageState::kRejected: return refused || said(state);
    case MessageState::kUnknown: return said(state) || !calm;
    default: return false;
  }
}

std::size_t Ledger::told(std::uint32_t account, std::uint64_t token, const std::string& id,
                         MessageState state, const Moment& at) {
  Entry* entry = find(token);
  if (entry == nullptr) { throw Violation{"I2: a receipt for a text that nobody sent"}; }
  if (entry->account != account) {
    throw Violation{"I11: account " + std::to_string(account) + " got a receipt for " + name_of(*entry)};
  }
  if (entry->id.empty()) {
    const auto known = ids_.find(id);
    if (known != ids_.end() && known->second != entry->text) {
      throw Violation{"I2: " + name_of(*entry) + " got a receipt under the id of another"};
    }
    ids_.emplace(id, entry->text);
    entry->id = id;
  }
  if (entry->id != id) {
    throw Violation{"I2: " + name_of(*entry) + " has id " + entry->id + ", its receipt says " + id};
  }
  if (!is_final(state)) { return entry->told.size(); }
  if (!is_just(*entry, state, at)) {
    throw Violation{"I2: " + name_of(*entry) + " is said to be " + std::string{smpp::stat_word(state)} +
                    ", which nobody said"};
  }
  judge_answers(*entry, state, at);
  for (const auto& before : entry->told) {
    if (before.state != state || !before.answer_read) { continue; }
    ++totals_.repeated;
    if (lives.surely_known(*before.answer_read, at)) {
      throw Violation{
          "I6: " + name_of(*entry) + " was told again after its acknowledgement was durable: read in life " +
          std::to_string(before.answer_read->life) + " at " + std::to_string(before.answer_read->commits) +
          ", again in " + std::to_string(at.life) + " at " + std::to_string(at.commits)};
    }
  }
  judge_change(*entry, state, at);
  ++totals_.told;
  entry->told.push_back({state, at, std::nullopt});
  return entry->told.size() - 1;
}

// Sessions are read in an order of their own: what counts is when the gateway said it.
void Ledger::judge_change(const Entry& entry, MessageState state, const Moment& at) const {
  const Entry::Told* before = nullptr;
  const Entry::Told* after = nullptr;
  for (const auto& told : entry.told) {
    if (told.state == state) { return; }
    if (told.at.at <= at.at) {
      before = before == nullptr || before->at.at <= told.at.at ? &told : before;
    } else {
      after = after == nullptr || told.at.at < after->at.at ? &told : after;
    }
  }
  const auto judge = [&](MessageState was, MessageState became) {
    if (was == MessageState::kExpired || was == MessageState::kUnknown) { return; }
    throw Violation{"I7: " + name_of(entry) + " was " + std::string{smpp::stat_word(was)} + " and became " +
                    std::string{smpp::stat_word(became)}};
  };
  if (before != nullptr) { judge(before->state, state); }
  if (after != nullptr) { judge(state, after->state); }
}

// What comes after the response time is not taken for an answer: the receipt is owed again.
void Ledger::answered_told(std::uint64_t token, std::size_t told, const Moment& read) {
  Entry::Told& about = find(token)->told[told];
  if (read.at < about.at.since + deliver_response) { about.answer_read = read; }
}

// What a customer was told on asking stands as well.
void Ledger::judge_answers(const Entry& entry, MessageState state, const Moment& at) {
  const auto is_open = [](MessageState s) {
    return s == MessageState::kExpired || s == MessageState::kUnknown;
  };
  if (entry.deleted && state != MessageState::kDeleted) {
    throw Violation{"I7: " + name_of(entry) + " was canceled and became " +
                    std::string{smpp::stat_word(state)}};
  }
  if (entry.answered_state && at.since > entry.answered_at.at && entry.answered_state != state &&
      !is_open(*entry.answered_state) && !is_open(state)) {
    throw Violation{"I7: " + name_of(entry) + " was " + std::string{smpp::stat_word(*entry.answered_state)} +
                    " when asked for, and became " + std::string{smpp::stat_word(state)}};
  }
}

void Ledger::queried(Entry& entry, std::uint32_t account, MessageState state, const Moment& at) {
  if (entry.account != account) {
    throw Violation{"I11: account " + std::to_string(account) + " asked for " + name_of(entry) +
                    " and was told its state"};
  }
  if (!is_final(state)) { return; }
  const auto all = siblings(entry);  // of a submit_multi the least advanced one is told
  if (std::none_of(all.begin(), all.end(), [&](const Entry* one) { return is_just(*one, state, at); })) {
    throw Violation{"I2: " + name_of(entry) + " is " + std::string{smpp::stat_word(state)} +
                    " when asked for, which nobody said"};
  }
  if (all.size() > 1) { return; }
  judge_answers(entry, state, at);
  entry.answered_state = state;
  entry.answered_at = at;
}

void Ledger::canceled(Entry& entry, std::uint32_t account, bool all, const Moment& at) {
  if (entry.account != account) {
    throw Violation{"I11: account " + std::to_string(account) + " canceled " + name_of(entry)};
  }
  if (all && siblings(entry).size() > 1) { return; }  // one of them, who knows which
  for (const auto& before : entry.told) {
    if (before.state != MessageState::kDeleted && before.at.at < at.since) {
      throw Violation{"I7: " + name_of(entry) + " was canceled after it had become " +
                      std::string{smpp::stat_word(before.state)}};
    }
  }
  entry.deleted = at;
}

// Whoever was told of its end may find it gone.
void Ledger::not_found(const Entry& entry, std::uint32_t account) {
  if (entry.account == account && !entry.refused && entry.wants_receipt && entry.told.empty()) {
    throw Violation{"I1: " + name_of(entry) + ", accepted as " + entry.id + ", is not found"};
  }
}

void Ledger::check_drained(const Moment& now) {
  inbound.check_drained();
  for (const auto& [token, entry] : entries_) {
    if (!entry.answered) { continue; }
    if (entry.wants_receipt && entry.told.empty()) {
      throw Violation{"I6: " + name_of(entry) + ", accepted as " + entry.id + ", was never told of its end"};
    }
    const bool expired = jumped(entry, now.life) || ended_in_doubt(entry) ||
                         (entry.validity > Duration{} && now.at >= entry.read->at + entry.validity);
    if (entry.submissions.empty() && entry.told.empty() && !expired && !entry.may_be_deleted) {
      throw Violation{"I1: " + name_of(entry) + ", accepted as " + entry.id + ", reached no operator"};
    }
    // One submission, one verdict that was acknowledged, and no end of our own: that is the verdict.
    if (entry.parts == 1 && entry.submissions.size() == 1 && entry.submissions[0].first_acknowledged &&
        entry.submissions[0].receipts.size() == 1 && !entry.told.empty()) {
      const MessageState said = *entry.submissions[0].first_acknowledged;
      const MessageState told = entry.told.back().state;
      if (said != told && told != MessageState::kExpired && told != MessageState::kUnknown &&
          told != MessageState::kDeleted) {
        throw Violation{"I5: " + name_of(entry) + " was " + std::string{smpp::stat_word(said)} +
                        " and is told to be " + std::string{smpp::stat_word(told)}};
      }
    }
  }
}

}  // namespace aldis::sim
