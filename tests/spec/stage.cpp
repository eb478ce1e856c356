// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include <algorithm>
#include <utility>

#include "settings_of.hpp"
#include "whole_gateway.hpp"

namespace aldis::spec {

namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0F0E0D0C0B0A0908};
constexpr unsigned kTurnsMax = 10'000;
// 2026-11-21 12:00:00 UTC
constexpr WallTime kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + hours{12}};

}  // namespace

void Stage::HashPool::verify(std::string_view phc, std::string_view, std::function<void(Verdict)> answer) {
  static_cast<void>(phc);  // scripts have plain passwords, which are compared before: this is the dummy
  waiting.emplace_back(false, std::move(answer));
}

Stage::Stage(Form form, const Script& script, Settings settings)
    : form_(form),
      settings_(std::move(settings)),
      disk_waits_(script.uses(Role::kDisk)),
      address_(peer_address_of(script)),
      messages_(messages_queued(script)),
      now_{Instant{hours{1000}}, kNoon},
      started_(now_.mono),
      public_ids_(kKey) {}

Stage::~Stage() {
  for (auto& [name, pipe] : pipes_) { pipe->vanish(); }
  for (auto& pipe : former_) { pipe->vanish(); }
}

void Stage::build() {
  const auto out = [this](const Now& now, const Effect& effect) {
    const bool to_operator =
        std::holds_alternative<SendOnLink>(effect) || std::holds_alternative<AnswerOperator>(effect);
    to_operator ? operators_->on(now, effect) : server_->on(now, effect);
  };
  if (form_ == Form::kWhole) {
    auto recovered = WholeGateway::recover(now_, settings_, disk_);
    directory_ = std::make_unique<Directory>(settings_, recovered.restored->names);
    inside_ = std::make_unique<WholeGateway>(
        now_, WholeGateway::Parts{settings_, *directory_, disk_, log_, kKey}, std::move(recovered), out);
  } else {
    directory_ = std::make_unique<Directory>(settings_, std::vector<KnownName>{});
    if (form_ == Form::kIngress) {
      inside_ = std::make_unique<AcceptingEngine>(out);
    } else {
      inside_ = std::make_unique<QueueForLink>(out, messages_);
    }
  }
  server_ = std::make_unique<ingress::SmppServer>(
      ingress::ServerSetup{settings_.smpp, *directory_, public_ids_, passwords_, log_, kKey}, *inside_);
  operators_ = std::make_unique<egress::Operators>(
      egress::OperatorsSetup{
          *directory_, random_, log_,
          [this](const std::string& host, Duration, ports::ByteProtocol& link) { connect_link(host, link); }},
      *inside_);
}

void Stage::start() {
  build();
  running_ = true;
  inside_->on(now_, Tick{});
  if (form_ == Form::kWhole) { settle(); }  // what a start writes is durable before the doors open
  inside_->syncs = !disk_waits_;
  if (form_ != Form::kIngress) { operators_->start(now_); }
  settle();
}

// --- connections -------------------------------------------------------------------------------------------

Pipe* Stage::connect(const std::string& name) {
  if (!running_) { return nullptr; }
  auto protocol = server_->accept(now_, settings_.smpp.listeners[0], address_);
  if (protocol == nullptr) { return nullptr; }
  auto& place = pipes_[name];
  if (place != nullptr) { former_.push_back(std::move(place)); }
  place = std::make_unique<Pipe>(std::move(protocol), address_);
  place->open(now_);
  return place.get();
}

Pipe* Stage::pipe(const std::string& name) {
  const auto at = pipes_.find(name);
  return at == pipes_.end() ? nullptr : at->second.get();
}

// "north.example:2775" is operator north; its second link is called north.2.
void Stage::connect_link(const std::string& host, ports::ByteProtocol& link) {
  auto& name = link_names_[&link];
  if (name.empty()) {
    const std::string op = host.substr(0, host.find('.'));
    const auto same = std::count_if(link_names_.begin(), link_names_.end(), [&op](const auto& known) {
      return known.second == op || known.second.starts_with(op + ".");
    });
    name = same == 0 ? op : op + "." + std::to_string(same + 1);
  }
  connecting_.push_back({name, &link});
}

bool Stage::turn_links() {
  bool busy = false;
  for (auto& [name, link] : std::exchange(connecting_, {})) {
    busy = true;
    if (refuse_connects_) {
      link->on_closed(now_, ports::CloseCause::kConnectFailed);
      continue;
    }
    auto& place = pipes_["operator " + name];
    if (place != nullptr) { former_.push_back(std::move(place)); }
    place = std::make_unique<Pipe>(*link, "192.0.2.1");
    place->open(now_);
  }
  if (operators_->next_deadline() <= now_.mono) {
    operators_->on_timer(now_);
    busy = true;
  }
  return busy;
}

// --- turns and time ----------------------------------------------------------------------------------------

bool Stage::turn_passwords() {
  auto waiting = std::exchange(passwords_.waiting, {});
  for (auto& [right, answer] : waiting) {
    answer(right ? ports::Passwords::Verdict::kRight : ports::Passwords::Verdict::kWrong);
  }
  return !waiting.empty();
}

// What the daemon does after SIGTERM: answers first, then links unbind.
bool Stage::turn_stopping() {
  if (stop_ != Stop::kDraining || !inside_->drained()) { return false; }
  stop_ = Stop::kUnbinding;
  operators_->unbind_all(now_);
  return true;
}

bool Stage::turn() {
  bool busy = turn_passwords();
  if (form_ != Form::kIngress) { busy = turn_links() || busy; }
  busy = inside_->turn(now_) || busy;
  busy = turn_stopping() || busy;
  if (inside_->stopped()) {
    crash();
    return false;
  }
  for (auto& [name, pipe] : pipes_) { busy = pipe->turn(now_) || busy; }
  return busy;
}

void Stage::settle() {
  for (unsigned turns = 0; running_ && turn(); ++turns) {
    if (turns > kTurnsMax) { throw ScriptError("it never comes to rest: turns without end at one instant"); }
  }
}

Instant Stage::next_deadline() const {
  Instant next = inside_->next_deadline();
  if (form_ != Form::kIngress) { next = std::min(next, operators_->next_deadline()); }
  for (const auto& [name, pipe] : pipes_) { next = std::min(next, pipe->next_deadline()); }
  return next;
}

void Stage::advance(Duration by) {
  const Instant target = now_.mono + by;
  const auto go_to = [this](Instant at) {
    now_.wall = now_.wall_of(at);
    now_.mono = at;
    settle();
  };
  while (running_ && next_deadline() <= target) {
    go_to(std::max(next_deadline(), now_.mono + microseconds{1}));
  }
  if (now_.mono < target) { go_to(target); }
}

// --- the machine -------------------------------------------------------------------------------------------

void Stage::sync() {
  inside_->sync(now_);
  settle();
  // What the answers caused in turn is part of the same sync: the script says when the next one begins.
}

void Stage::fail_disk() {
  inside_->fail_disk();
  inside_->sync(now_);
  settle();
}

void Stage::crash() {
  for (auto& [name, pipe] : pipes_) { pipe->vanish(); }
  for (auto& pipe : former_) { pipe->vanish(); }
  running_ = false;
  pipes_.clear();
  former_.clear();
  connecting_.clear();
  link_names_.clear();
  passwords_.waiting.clear();
  operators_.reset();
  server_.reset();
  inside_.reset();
  directory_.reset();
  disk_.crash([] { return false; });  // nothing that was not synced is there
  disk_.fail_nothing();
}

void Stage::restart() {
  if (running_) { crash(); }
  now_.mono = Instant{hours{7}} + (now_.mono - Instant{}) / 3;  // instants mean nothing after a restart
  stop_ = Stop::kNo;
  start();
}

void Stage::stop() {
  stop_ = Stop::kDraining;
  inside_->drain(now_);
  server_->drain(now_);
  settle();
}

void Stage::unbind_all() {
  server_->drain(now_);
  operators_->unbind_all(now_);
  settle();
}

}  // namespace aldis::spec
