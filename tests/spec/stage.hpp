// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aldis/core/public_id.hpp"
#include "aldis/egress/operators.hpp"
#include "aldis/ingress/smpp_server.hpp"
#include "inside.hpp"
#include "pipe.hpp"
#include "script.hpp"
#include "support/sim_disk.hpp"

namespace aldis::spec {

// One place for everything that a script plays with: the edges, what is inside, connections, a disk and the
// time. Three forms: ingress alone, egress alone, the whole gateway. Made anew for every run of a script.
class Stage {
 public:
  enum class Form : unsigned char { kIngress, kEgress, kWhole };
  Stage(Form form, const Script& script, Settings settings);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void start();
  void settle();              // turns until nothing happens any more at this instant
  void advance(Duration by);  // with turns at every deadline on the way
  void step_wall(Duration by) { now_.wall += std::chrono::duration_cast<microseconds>(by); }
  void sync();
  void crash();
  void restart();
  void stop();        // SIGTERM
  void unbind_all();  // our side ends every session and link in order
  void fail_disk();

  // A new connection of a customer; null = refused at accept. An operator's are made by our connecting.
  Pipe* connect(const std::string& name);
  // The newest connection of that name; null = there was none. Operators: NAME, or NAME.2 for its second
  // link.
  Pipe* pipe(const std::string& name);
  std::map<std::string, std::unique_ptr<Pipe>>& pipes() { return pipes_; }
  void refuse_connects(bool refuse) { refuse_connects_ = refuse; }

  [[nodiscard]] const Now& now() const { return now_; }
  [[nodiscard]] Duration since_start() const { return now_.mono - started_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const std::string& first_operator() const { return settings_.operators[0].name; }

 private:
  struct HashPool final : ports::Passwords {  // answers in a later turn, as the real one
    void verify(std::string_view phc, std::string_view password,
                std::function<void(Verdict)> answer) override;
    std::deque<std::pair<bool, std::function<void(Verdict)>>> waiting;
  };
  struct EvenRandom final : ports::Random {  // jitter in the middle of its range
    std::uint64_t next() override { return 1ull << 63; }
  };
  struct Connecting {
    std::string name;
    ports::ByteProtocol* link;
  };

  void build();
  bool turn();
  bool turn_passwords();
  bool turn_links();
  bool turn_stopping();
  [[nodiscard]] Instant next_deadline() const;
  void connect_link(const std::string& host, ports::ByteProtocol& link);

  Form form_;
  Settings settings_;
  bool disk_waits_;
  std::string address_;
  unsigned messages_;
  Now now_;
  Instant started_;
  ports::NoLog log_;
  HashPool passwords_;
  EvenRandom random_;
  testing::SimDisk disk_;
  PublicIds public_ids_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Inside> inside_;
  std::unique_ptr<ingress::SmppServer> server_;
  std::unique_ptr<egress::Operators> operators_;
  std::map<std::string, std::unique_ptr<Pipe>> pipes_;
  std::vector<std::unique_ptr<Pipe>> former_;  // replaced by a newer one of the same name
  std::deque<Connecting> connecting_;
  std::map<ports::ByteProtocol*, std::string> link_names_;
  bool refuse_connects_ = false;
  bool running_ = false;
  enum class Stop : unsigned char { kNo, kDraining, kUnbinding };
  Stop stop_ = Stop::kNo;
};

}  // namespace aldis::spec
