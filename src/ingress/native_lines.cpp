// SPDX-License-Identifier: Apache-2.0
// A batch that comes line by line, and is answered so (NDJSON): as long as one likes, in memory that is not.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <deque>

#include "ingress/json.hpp"
#include "ingress/native_state.hpp"

namespace aldis::ingress {

namespace json = boost::json;
using api::Code;
using api::Problem;

namespace {

constexpr std::size_t kLineMax = 64 * 1024;
constexpr std::size_t kWindow = 2000;  // lines without an answer; more are not read

// Lines go to the engine as they come, results come back in the order of the lines, each when its message is
// durable. When the engine or the client's reading is behind, nothing more is read. Ends after the body's end
// and the last result, or at a line that cannot be one.
class LineBatch final : public ports::HttpStream, public std::enable_shared_from_this<LineBatch> {
 public:
  LineBatch(NativeApi::Impl& api, BatchItems items, ports::HttpReply reply)
      : api_(api), items_(std::move(items)), reply_(std::move(reply)) {}

  std::size_t on_body(const Now& now, Octets piece) override {
    std::size_t taken = 0;
    while (taken < piece.size() && !ended_) {
      if (is_full()) {
        paused_ = true;
        break;
      }
      const auto rest = piece.substr(taken);
      const auto end = rest.find('\n');
      const auto part = rest.substr(0, end);
      if (line_.size() + part.size() > kLineMax) {
        broken(
            fault_at("", Code::kLineTooLong, "a line has at most 65,536 octets; nothing behind it was read"));
        break;
      }
      line_.append(part);
      taken += part.size() + (end == rest.npos ? 0 : 1);
      if (end != rest.npos) { take_line(now); }
    }
    return ended_ ? piece.size() : taken;
  }

  void on_body_end(const Now& now) override {
    if (!line_.empty() && !ended_) { take_line(now); }
    ended_ = true;
    finish_if_done();
  }

  void on_room(const Now&) override {
    is_behind_ = false;
    flush();
    go_on();
  }

 private:
  [[nodiscard]] bool is_full() const { return is_behind_ || results_.size() >= kWindow; }

  void take_line(const Now& now) {
    const std::string line = std::exchange(line_, {});
    if (line.find_first_not_of(" \t\r") == line.npos) { return; }
    const auto value = read_json(line);
    const auto* object = value.has_error() ? nullptr : value->if_object();
    if (next_ == 0 && !has_begun_ && object != nullptr && object->size() == 1 &&
        object->contains("defaults")) {
      has_begun_ = true;
      return take_defaults(object->at("defaults"));
    }
    has_begun_ = true;
    const std::size_t index = next_++;
    results_.emplace_back();
    if (value.has_error()) { return refused(index, value.error()); }
    auto item = items_.read(api_, now, index, *value);
    if (item.has_error()) { return refused(index, item.error()); }
    const bool taken = api_.setup.engine.call(
        std::move(item->submit),
        [weak = weak_from_this(), index, later = item->later](const Now&, const Effect& effect) {
          if (const auto self = weak.lock()) { self->answered(index, later, std::get<AnswerSubmit>(effect)); }
        });
    if (!taken) {
      refused(index, Problem{Code::kOverloaded, "too many requests are under way; send it again"});
    }
  }

  void take_defaults(const json::value& defaults) {
    if (defaults.is_object()) {
      items_.defaults = defaults.get_object();
    } else {
      broken(fault_at("/defaults", Code::kInvalidField, "an object is wanted"));
    }
  }

  // Nothing behind this can be read: it is said, and the stream ends once what came before is answered.
  void broken(const Problem& problem) {
    results_.push_back(json::serialize(result_json(next_++, problem)) + '\n');
    ++refused_;
    ended_ = true;
    flush();
    finish_if_done();
  }

  void refused(std::size_t index, const Problem& problem) {
    ++refused_;
    settle(index, result_json(index, problem));
  }

  void answered(std::size_t index, bool later, const AnswerSubmit& said) {
    if (said.refusal) {
      refused(index, problem_of(said));
    } else {
      ++accepted_;
      settle(index, result_json(index, said, later, api_.setup.public_ids));
    }
    go_on();
  }

  void settle(std::size_t index, const json::object& result) {
    results_[index - first_] = json::serialize(result) + '\n';
    flush();
    finish_if_done();
  }

  void flush() {
    std::string ready;
    while (!results_.empty() && !results_.front().empty()) {
      ready += results_.front();
      results_.pop_front();
      ++first_;
    }
    if (!ready.empty() && !reply_.write(ready)) { is_behind_ = true; }
  }

  void go_on() {
    if (paused_ && !is_full()) {
      paused_ = false;
      reply_.resume();
    }
  }

  void finish_if_done() {
    if (!ended_ || !results_.empty() || is_done_) { return; }
    is_done_ = true;
    const json::object done{{"done", true}, {"accepted", accepted_}, {"refused", refused_}};
    reply_.write(json::serialize(done) + '\n');
    reply_.end();
  }

  NativeApi::Impl& api_;
  BatchItems items_;
  const ports::HttpReply reply_;
  std::string line_;
  std::deque<std::string> results_;  // of lines from first_ on; empty = not there yet
  std::size_t first_ = 0;
  std::size_t next_ = 0;
  std::size_t accepted_ = 0;
  std::size_t refused_ = 0;
  bool has_begun_ = false;
  bool is_behind_ = false;  // the client does not read
  bool paused_ = false;
  bool ended_ = false;
  bool is_done_ = false;
};

}  // namespace

std::shared_ptr<ports::HttpStream> NativeApi::Impl::stream_batch(const Caller& caller,
                                                                 const ports::HttpRequest& request,
                                                                 const Asked& asked) {
  const auto account = account_of(caller, request);
  if (!account) {
    refuse(asked, which_account());
    return nullptr;
  }
  auto items = batch_items(*account, request);
  if (items.has_error()) {
    refuse(asked, items.error());
    return nullptr;
  }
  asked.reply.begin({.status = 202, .content_type = "application/x-ndjson"});
  return std::make_shared<LineBatch>(*this, std::move(*items), asked.reply);
}

}  // namespace aldis::ingress
