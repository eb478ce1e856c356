// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "aldis/base/check.hpp"
#include "aldis/base/octets.hpp"
#include "aldis/runtime/fetch.hpp"
#include "runtime/fetch_transfer.hpp"
#include "runtime/resolver_pool.hpp"
#include "runtime/threads.hpp"

namespace aldis::runtime {

namespace {

using ports::FetchAnswer;
using ports::FetchFault;

constexpr Duration kNamesKept = seconds{5};  // a storm of calls to one host asks once
constexpr std::size_t kNamesMax = 1024;
constexpr std::size_t kAskedMax = 1024;
constexpr int kPollMsMax = 1000;

struct CurlLibrary {
  CurlLibrary() { ALDIS_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); }
};

struct MultiClose {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < '\x7F' && std::string_view{"\"(),/:;<=>?@[\\]{}"}.find(c) == std::string_view::npos;
  });
}

bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kOurs{"host", "content-length", "transfer-encoding",
                                                         "connection", "expect"};
  return std::any_of(kOurs.begin(), kOurs.end(), [&](std::string_view ours) {
    return std::equal(ours.begin(), ours.end(), name.begin(), name.end(),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b | 0x20 : b); });
  });
}

bool is_sound(const ports::FetchRequest& request) {
  const auto sound = [](const ports::FetchHeader& header) {
    return is_token(header.name) && !is_ours(header.name) &&
           std::none_of(header.value.begin(), header.value.end(),
                        [](char c) { return (u8(c) < ' ' && c != '\t') || c == '\x7F'; });
  };
  return is_token(request.method) && std::all_of(request.headers.begin(), request.headers.end(), sound);
}

}  // namespace

// Shared with the posts on their way to the loop, which may arrive when the thread has gone.
struct FetchThread::Impl : std::enable_shared_from_this<FetchThread::Impl> {
  Impl(Loop& owner, FetchSettings wanted) : loop(owner), settings(std::move(wanted)) {
    static const CurlLibrary kLibrary;
    multi.reset(curl_multi_init());
    ALDIS_CHECK(multi != nullptr);
    curl_multi_setopt(multi.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(settings.in_flight_max));
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(settings.in_flight_max));
    curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  }

  struct Done {
    std::uint64_t number = 0;
    FetchAnswer answer;
  };
  struct Name {
    std::string host;
    Resolved addresses;
  };
  struct Waiting {
    OnAnswer on_answer;
    std::string host;  // counted in per_host; empty = not
  };
  using TransferPtr = std::unique_ptr<FetchTransfer>;

  Loop& loop;
  const FetchSettings settings;
  std::unique_ptr<CURLM, MultiClose> multi;

  // The loop's thread only.
  bool alive = true;
  std::uint64_t last_number = 0;
  boost::unordered_flat_map<std::uint64_t, Waiting> waiting;
  boost::unordered_flat_map<std::string, std::size_t> per_host;
  std::size_t in_flight = 0;
  std::thread thread;

  // All threads, under the mutex. Bounded by in_flight_max each.
  std::mutex mutex;
  std::vector<TransferPtr> started;
  std::vector<Name> resolved;
  std::vector<Done> done;
  bool fetch_posted = false;
  bool stopping = false;

  // The fetch thread only.
  struct Known {
    std::vector<IpAddress> addresses;
    Instant until;
  };
  std::unique_ptr<ResolverPool> resolvers;
  boost::unordered_flat_map<std::uint64_t, TransferPtr> transfers;
  std::vector<std::uint64_t> resolving;
  boost::unordered_flat_set<std::string> asked;  // of the resolvers; outlives requests that could not wait
  boost::unordered_flat_map<std::string, Known> names;
  std::vector<Done> finished;

  void start(ports::FetchRequest request, OnAnswer on_answer);
  void refuse(OnAnswer on_answer, FetchFault fault, std::string text);
  void collect();

  void run();
  bool take_work();
  void resolve(TransferPtr transfer);
  void learn(Name name);
  void connect(FetchTransfer& transfer, const std::vector<IpAddress>& addresses);
  void give_up_late();
  void read_messages();
  void finish(std::uint64_t number);
  void hand_over();
  [[nodiscard]] int poll_ms() const;
};

// ---- on the loop's thread

void FetchThread::Impl::start(ports::FetchRequest request, OnAnswer on_answer) {
  static const ports::FetchPolicy kDefault;
  auto target =
      ports::judge_url(request.url, request.policy ? *request.policy : kDefault, ports::kUrlCalledOctetsMax);
  if (!target) {
    const bool is_address = target.error() == ports::UrlFault::kForbiddenAddress;
    return refuse(std::move(on_answer), is_address ? FetchFault::kForbiddenAddress : FetchFault::kBadRequest,
                  std::string{ports::sentence_of(target.error())});
  }
  if (!is_sound(request)) {
    return refuse(
        std::move(on_answer), FetchFault::kBadRequest,
        "a header or the method cannot stand in an HTTP request: no control characters, and none of "
        "Host, Content-Length, Transfer-Encoding, Connection, Expect");
  }
  std::size_t& of_host = per_host[target->host];
  if (in_flight >= settings.in_flight_max || of_host >= settings.per_host_max) {
    if (of_host == 0) { per_host.erase(target->host); }
    return refuse(std::move(on_answer), FetchFault::kBusy,
                  "too many requests are in flight: try again later");
  }
  ++of_host;
  ++in_flight;
  const std::uint64_t number = ++last_number;
  waiting.emplace(number, Waiting{std::move(on_answer), target->host});
  auto transfer =
      std::make_unique<FetchTransfer>(number, std::move(request), std::move(*target), loop.now().mono);
  bool wake = false;
  {
    const std::lock_guard lock{mutex};
    wake = started.empty();
    started.push_back(std::move(transfer));
  }
  if (wake) { curl_multi_wakeup(multi.get()); }
}

void FetchThread::Impl::refuse(OnAnswer on_answer, FetchFault fault, std::string text) {
  FetchAnswer answer;
  answer.error = ports::FetchError{fault, std::move(text)};
  loop.post(
      [self = shared_from_this(), on_answer = std::move(on_answer), answer = std::move(answer)]() mutable {
        if (self->alive) { on_answer(self->loop.now(), std::move(answer)); }
      });
}

void FetchThread::Impl::collect() {
  std::vector<Done> fetched;
  {
    const std::lock_guard lock{mutex};
    fetched.swap(done);
    fetch_posted = false;
  }
  for (Done& one : fetched) {
    if (!alive) { return; }  // an answer before this one destroyed the thread
    const auto found = waiting.find(one.number);
    Waiting answered = std::move(found->second);
    waiting.erase(found);
    --in_flight;
    const auto host = per_host.find(answered.host);
    if (--host->second == 0) { per_host.erase(host); }
    answered.on_answer(loop.now(), std::move(one.answer));
  }
}

// ---- on the fetch thread

void FetchThread::Impl::run() {
  resolvers = std::make_unique<ResolverPool>(settings.resolve, settings.resolvers);
  while (take_work()) {
    int running = 0;
    curl_multi_perform(multi.get(), &running);
    read_messages();
    give_up_late();
    hand_over();
    curl_multi_poll(multi.get(), nullptr, 0, poll_ms(), nullptr);
  }
  resolvers.reset();  // nobody calls learn() any more
  for (const auto& [number, transfer] : transfers) {
    if (transfer->handle() != nullptr) { curl_multi_remove_handle(multi.get(), transfer->handle()); }
  }
  transfers.clear();
}

bool FetchThread::Impl::take_work() {
  std::vector<TransferPtr> new_ones;
  std::vector<Name> answers;
  {
    const std::lock_guard lock{mutex};
    if (stopping) { return false; }
    new_ones.swap(started);
    answers.swap(resolved);
  }
  for (Name& name : answers) { learn(std::move(name)); }
  for (TransferPtr& transfer : new_ones) { resolve(std::move(transfer)); }
  return true;
}

void FetchThread::Impl::resolve(TransferPtr owned) {
  FetchTransfer& transfer = *owned;
  const std::uint64_t number = transfer.number();
  transfers.emplace(number, std::move(owned));
  if (transfer.target().literal) { return connect(transfer, {*transfer.target().literal}); }
  const std::string& name = transfer.target().host;
  const auto known = names.find(name);
  if (known != names.end() && read_clocks().mono < known->second.until) {
    return connect(transfer, known->second.addresses);
  }
  if (asked.size() >= kAskedMax) {
    transfer.fail(FetchFault::kUnresolved, "the resolver does not answer: check the name servers");
    return finish(number);
  }
  resolving.push_back(number);
  if (!asked.insert(name).second) { return; }
  resolvers->ask(name, [this, name](Resolved got) {
    const std::lock_guard lock{mutex};
    resolved.push_back({name, std::move(got)});
    curl_multi_wakeup(multi.get());
  });
}

void FetchThread::Impl::learn(Name name) {
  asked.erase(name.host);
  const auto waits = [&](std::uint64_t number) { return transfers.at(number)->target().host == name.host; };
  const auto first = std::stable_partition(resolving.begin(), resolving.end(), std::not_fn(waits));
  const std::vector<std::uint64_t> numbers{first, resolving.end()};
  resolving.erase(first, resolving.end());
  for (const std::uint64_t number : numbers) {
    FetchTransfer& transfer = *transfers.at(number);
    if (name.addresses) {
      connect(transfer, *name.addresses);
    } else {
      transfer.fail(FetchFault::kUnresolved,
                    name.host + " has no address: " + name.addresses.error() + ": check the name");
      finish(number);
    }
  }
  if (!name.addresses) { return; }
  if (names.size() >= kNamesMax) { names.clear(); }
  names.insert_or_assign(std::move(name.host), Known{*name.addresses, read_clocks().mono + kNamesKept});
}

void FetchThread::Impl::connect(FetchTransfer& transfer, const std::vector<IpAddress>& addresses) {
  if (!transfer.choose(addresses)) { return finish(transfer.number()); }
  transfer.begin(read_clocks().mono, settings);
  ALDIS_CHECK(curl_multi_add_handle(multi.get(), transfer.handle()) == CURLM_OK);
}

void FetchThread::Impl::give_up_late() {
  if (resolving.empty()) { return; }
  const Instant now = read_clocks().mono;
  const auto late = [&](std::uint64_t number) { return transfers.at(number)->deadline() <= now; };
  const auto first = std::stable_partition(resolving.begin(), resolving.end(), std::not_fn(late));
  const std::vector<std::uint64_t> numbers{first, resolving.end()};
  resolving.erase(first, resolving.end());
  for (const std::uint64_t number : numbers) {
    transfers.at(number)->fail_late();
    finish(number);
  }
}

void FetchThread::Impl::read_messages() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) { continue; }
    const CURLcode code = message->data.result;
    void* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    auto& transfer = *static_cast<FetchTransfer*>(owner);
    curl_multi_remove_handle(multi.get(), transfer.handle());
    const Instant now = read_clocks().mono;
    if (transfer.finished(now, code)) {
      finish(transfer.number());
    } else {
      transfer.begin(now, settings);
      ALDIS_CHECK(curl_multi_add_handle(multi.get(), transfer.handle()) == CURLM_OK);
    }
  }
}

void FetchThread::Impl::finish(std::uint64_t number) {
  const auto found = transfers.find(number);
  finished.push_back({number, found->second->take_answer(read_clocks().mono)});
  transfers.erase(found);
}

void FetchThread::Impl::hand_over() {
  if (finished.empty()) { return; }
  bool post = false;
  {
    const std::lock_guard lock{mutex};
    done.insert(done.end(), std::make_move_iterator(finished.begin()),
                std::make_move_iterator(finished.end()));
    post = !std::exchange(fetch_posted, true);
  }
  finished.clear();
  if (post) {
    loop.post([self = shared_from_this()] { self->collect(); });
  }
}

int FetchThread::Impl::poll_ms() const {
  if (resolving.empty()) { return kPollMsMax; }
  Instant first = kNever;
  for (const std::uint64_t number : resolving) { first = std::min(first, transfers.at(number)->deadline()); }
  const auto left = std::chrono::ceil<milliseconds>(first - read_clocks().mono).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kPollMsMax));
}

// ---- the class

FetchThread::FetchThread(Loop& loop, FetchSettings settings)
    : impl_(std::make_shared<Impl>(loop, std::move(settings))) {
  impl_->thread = start_thread("fetch", [impl = impl_.get()] { impl->run(); });
}

FetchThread::~FetchThread() {
  impl_->alive = false;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->stopping = true;
  }
  curl_multi_wakeup(impl_->multi.get());
  impl_->thread.join();
}

void FetchThread::start(ports::FetchRequest request, OnAnswer on_answer) {
  impl_->start(std::move(request), std::move(on_answer));
}

std::size_t FetchThread::in_flight() const { return impl_->in_flight; }

}  // namespace aldis::runtime
