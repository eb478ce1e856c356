// SPDX-License-Identifier: Apache-2.0
#include "aldis/egress/operators.hpp"

#include <algorithm>
#include <deque>

#include "egress/link.hpp"

namespace aldis::egress {

struct Operators::Impl : OperatorsState {
  Impl(const OperatorsSetup& setup_in, EventSink& engine_in)
      : OperatorsState{setup_in, engine_in, {}, 0, {}, {}, {}} {
    next_bind.resize(setup.directory.operators_count());
    for (const auto& row : setup.directory.links()) { links.emplace_back(*this, row); }
  }
  std::deque<LinkConnection> links;  // index = LinkId
};

Operators::Operators(const OperatorsSetup& setup, EventSink& engine)
    : impl_(std::make_unique<Impl>(setup, engine)) {}
Operators::~Operators() = default;

void Operators::start(const Now& now) {
  for (auto& link : impl_->links) { link.connect(now); }
}

void Operators::on(const Now& now, const Effect& effect) {
  if (const auto* send = std::get_if<SendOnLink>(&effect)) {
    impl_->links[send->link.value()].send(now, *send);
  } else if (const auto* answer = std::get_if<AnswerOperator>(&effect)) {
    impl_->links[answer->request.link.value()].acknowledge(now, answer->request);
  }
}

void Operators::on_timer(const Now& now) {
  for (auto& link : impl_->links) {
    if (link.retry_at() <= now.mono) { link.connect(now); }
  }
}

Instant Operators::next_deadline() const {
  Instant next = kNever;
  for (const auto& link : impl_->links) { next = std::min(next, link.retry_at()); }
  return next;
}

void Operators::unbind_all(const Now& now) {
  for (auto& link : impl_->links) { link.unbind(now); }
}

std::size_t Operators::links_open() const {
  return static_cast<std::size_t>(
      std::count_if(impl_->links.begin(), impl_->links.end(),
                    [](const LinkConnection& link) { return link.state() != LinkConnection::State::kDown; }));
}

void Operators::collect(ports::MetricReport& report) const {
  const auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  for (const auto& link : impl_->links) {
    const std::string_view op = link.settings().name;
    const std::string_view name = link.row().name;
    const std::string_view type = link.row().bind_type == BindType::kTransmitter ? "tx"
                                  : link.row().bind_type == BindType::kReceiver  ? "rx"
                                                                                 : "trx";
    const bool up = link.state() == LinkConnection::State::kBound;
    report.gauge("aldis_link_up", {{"operator", op}, {"link", name}, {"type", type}}, up ? 1 : 0);
    report.gauge("aldis_link_window_used", {{"operator", op}, {"link", name}}, count(link.window_used()));
    report.gauge("aldis_link_window_size", {{"operator", op}, {"link", name}}, count(link.window_size()));
    report.counter("aldis_link_connects_total", {{"operator", op}, {"link", name}, {"result", "bound"}},
                   count(link.binds_ok()));
    report.counter("aldis_link_connects_total", {{"operator", op}, {"link", name}, {"result", "refused"}},
                   count(link.binds_refused()));
    report.counter("aldis_link_connects_total", {{"operator", op}, {"link", name}, {"result", "failed"}},
                   count(link.connects_failed()));
    for (const auto& [status, errors] : link.submit_errors()) {
      report.counter("aldis_submit_errors_total", {{"operator", op}, {"status", status}}, count(errors));
    }
  }
  const auto& smpp = impl_->smpp;
  for (std::size_t i = 0; i < smpp::kCommandCount; ++i) {
    const auto command = smpp::name_of(smpp::kCommandIds[i]);
    if (smpp.pdus_in[i] > 0) {
      report.counter("aldis_smpp_pdus_total", {{"side", "link"}, {"direction", "in"}, {"command", command}},
                     count(smpp.pdus_in[i]));
    }
    if (smpp.pdus_out[i] > 0) {
      report.counter("aldis_smpp_pdus_total", {{"side", "link"}, {"direction", "out"}, {"command", command}},
                     count(smpp.pdus_out[i]));
    }
  }
  for (std::size_t i = 0; i < smpp::kFaultCount; ++i) {
    report.counter("aldis_smpp_errors_total",
                   {{"side", "link"}, {"reason", name_of(static_cast<smpp::Fault>(i))}},
                   count(smpp.faults[i]));
  }
  report.counter("aldis_smpp_octets_total", {{"side", "link"}, {"direction", "in"}}, count(smpp.octets_in));
  report.counter("aldis_smpp_octets_total", {{"side", "link"}, {"direction", "out"}}, count(smpp.octets_out));
}

}  // namespace aldis::egress
