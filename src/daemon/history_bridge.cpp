// SPDX-License-Identifier: Apache-2.0
#include "daemon/history_bridge.hpp"

#include <algorithm>
#include <utility>

namespace aldis::daemon {

using namespace ingress;

namespace {

// About two seconds: others are waiting.
constexpr std::uint64_t kStepsMax = 50'000'000;

using Found = Result<history::Page, std::string>;

Found page_of(Result<std::optional<history::MessageRow>, std::string>&& found, AccountId account) {
  if (found.has_error()) { return found.error(); }
  history::Page page;
  // A foreign message is none.
  if (*found && (*found)->account == account) { page.rows.push_back(std::move(**found)); }
  return page;
}

Found answer_to(history::Reader& reader, const FindCall& call) {
  return call.short_id != 0 ? page_of(reader.find_short(call.account, call.short_id), call.account)
                            : page_of(reader.find(call.id), call.account);
}

Found answer_to(history::Reader& reader, const ListCall& call) {
  return reader.list(call.filter, call.order, call.after, call.limit);
}

}  // namespace

HistoryBridge::HistoryBridge(runtime::Loop& web, runtime::Loop& engine, Gateway& gateway, History* history,
                             const std::string& directory)
    : web_(web),
      engine_(engine),
      gateway_(gateway),
      history_(history),
      reader_(std::make_shared<history::Reader>(directory, kStepsMax)),
      alarm_(web, [this](const Now& now) { look_at_waiting(now); }),
      worker_(web, "aldis-search", kQuestionsMax, kNiceness) {
  if (history_ == nullptr) { return; }
  history_->tell(
      [this](const History::Standing& standing) { web_.post([this, standing] { told(standing); }); });
}

HistoryBridge::~HistoryBridge() = default;

void HistoryBridge::ask(HistoryCall call, Duration patience, Answer answer) {
  if (history_ == nullptr) { return say(answer, HistoryAnswer::Kind::kNone); }
  if (waiting_.size() + worker_.in_work() >= kQuestionsMax) {
    return say(answer, HistoryAnswer::Kind::kBusy);
  }
  Question question{++numbers_, std::move(call), std::move(answer), {}, web_.now().mono + patience};
  if (patience <= Duration::zero() || standing_.failing) {
    return look_up(std::move(question), standing_.lag == Duration::zero());
  }
  ask_what_is_durable(question.number);
  waiting_.push_back(std::move(question));
  look_at_waiting(web_.now());
}

// Answers come in a later turn, whatever they are.
void HistoryBridge::say(const Answer& answer, HistoryAnswer::Kind kind) {
  web_.post([this, answer, kind] {
    HistoryAnswer nothing;
    nothing.kind = kind;
    answer(web_.now(), nothing);
  });
}

void HistoryBridge::ask_what_is_durable(std::uint64_t number) {
  engine_.post([this, number] {
    const Lsn durable = gateway_.durable();
    history_->want(durable);
    web_.post([this, number, durable] {
      for (Question& question : waiting_) {
        if (question.number == number) { question.target = durable; }
      }
      look_at_waiting(web_.now());
    });
  });
}

void HistoryBridge::told(const History::Standing& standing) {
  standing_ = standing;
  look_at_waiting(web_.now());
}

void HistoryBridge::look_at_waiting(const Now& now) {
  Instant next = kNever;
  for (std::size_t i = 0; i < waiting_.size();) {
    Question& question = waiting_[i];
    const bool there = question.target != Lsn{} && standing_.reached >= question.target;
    if (!there && !standing_.failing && now.mono < question.until) {
      next = std::min(next, question.until);
      ++i;
      continue;
    }
    Question ready = std::move(question);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    look_up(std::move(ready), there);
  }
  alarm_.set(next);
}

void HistoryBridge::look_up(Question&& question, bool caught_up) {
  worker_.submit([this, reader = reader_, call = std::move(question.call),
                  answer = std::move(question.answer), caught_up, lag = standing_.lag]() mutable {
    Found found = std::visit([&](const auto& what) { return answer_to(*reader, what); }, call);
    return runtime::Worker::Completion{
        [this, found = std::move(found), answer = std::move(answer), caught_up, lag]() mutable {
          HistoryAnswer out;
          out.caught_up = caught_up;
          out.lag = lag;
          if (found.has_error() && found.error() == history::Reader::kNoneYet && !standing_.failing) {
            out.caught_up = false;  // and it has no rows
          } else if (found.has_error()) {
            const bool too_much = found.error() == history::Reader::kTooLong;
            out.kind = too_much ? HistoryAnswer::Kind::kTooMuch : HistoryAnswer::Kind::kFailed;
            out.error = found.error();
          } else {
            out.page = std::move(*found);
          }
          answer(web_.now(), out);
        }};
  });
}

}  // namespace aldis::daemon
