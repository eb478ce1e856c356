#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More than the gateway can carry: refused early and clearly, and what was accepted is delivered.

usage: overload_test.py [--record [--runs N] [--rate N] [--seconds S]]

The plain run is a test of fixed size. --record measures instead, as often and as long as the other options say, and adds a
line to docs/reliability/overload.jsonl; without it they are refused.
"""
import argparse
import json
import pathlib
import socket
import statistics
import sys
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "bench")]
import gateway  # noqa: E402
import measure  # noqa: E402
import records  # noqa: E402
from smpp_pdu import BIND_TRANSCEIVER, BIND_TRANSMITTER, bind_body, pdu, pop  # noqa: E402

SYSTEM_ERROR, QUEUE_FULL = 0x00000008, "ESME_RMSGQFUL"
CAP_MIB = 256  # limits.memory_max, the least there is
CAP = f"limits: {{memory_max: {CAP_MIB}MiB}}"


def bind_status(address, command, user="demo"):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as link:
        link.sendall(pdu(command, bind_body(user)))
        octets = b""
        while (answer := pop(octets)[0]) is None:
            more = link.recv(4096)
            assert more, "closed without an answer"
            octets += more
    return answer[1]


def h17_messages_up_to_the_limit_push_back_by_level(where):
    [port] = gateway.free_ports(1)
    yaml = gateway.config(where, {"north": port}, accounts=("demo", "other"), extra="limits: {messages_max: 1000}",
                          storage_extra=gateway.SMALL_JOURNAL)
    daemon = gateway.Aldisd(where, yaml)
    try:
        assert bind_status(daemon.smpp, BIND_TRANSMITTER, "other") == 0
        totals = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", 6, "--rate", 500, "--window", 5,
                              "--drain-seconds", 0.1, check=False)
        # The class transactional is refused from 92 % on; the readings are taken a few times a second.
        assert 920 <= totals["accepted"] <= 1000, totals
        assert set(totals["refused"]) == {QUEUE_FULL}, totals
        assert totals["refused"][QUEUE_FULL] > 1000, totals
        assert daemon.metric("aldis_pressure_level", reading="messages") >= 5
        assert daemon.metric("aldis_pressure_level", reading="worst") >= 5
        assert bind_status(daemon.smpp, BIND_TRANSMITTER, "other") == SYSTEM_ERROR
        assert bind_status(daemon.smpp, BIND_TRANSCEIVER, "other") == SYSTEM_ERROR, "nothing is owed to it"
        # the operator comes: what was accepted goes out, and the doors open
        sim = gateway.Smscsim(where, listen=f"127.0.0.1:{port}")
        gateway.wait_until(lambda: daemon.metric("aldis_messages_final_total", status="delivered") == totals["accepted"],
                           "everything accepted is delivered", 90)
        # What is owed still fills the table: its customer may bind and take it, whatever the pressure.
        assert bind_status(daemon.smpp, BIND_TRANSMITTER) == SYSTEM_ERROR
        late = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", 3, "--rate", 2, "--drain-seconds", 5, check=False)
        gateway.wait_until(lambda: daemon.metric("aldis_pressure_level", reading="worst") == 0, "calm again", 30)
        assert bind_status(daemon.smpp, BIND_TRANSMITTER, "other") == 0
        assert "pressure.raised" in daemon.text() and "pressure.lowered" in daemon.text()
    finally:
        assert daemon.stop() == 0
    assert sim.totals()["accepted"] == totals["accepted"] + late["accepted"]


class During:
    """What goes to the operator in the middle of a load: the begin fills queues, the end drains them."""

    def __init__(self, daemon, begin, end):
        self.daemon = daemon
        self.window = (begin, end)
        self.per_second = 0.0
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        began = time.monotonic()
        readings = []
        for after in self.window:
            gateway.wait_until(lambda: time.monotonic() - began >= after, "the moment to look", after + 60)
            readings.append((time.monotonic(), self.daemon.metric("aldis_submits_total")))
        (t0, n0), (t1, n1) = readings
        self.per_second = (n1 - n0) / (t1 - t0)

    def rate(self):
        self.thread.join()
        return self.per_second


def ten_times(where, rate, seconds):
    """The operator's rate is the capacity, and ten times that is offered: what was carried, refused, used and lost."""
    sim = gateway.Smscsim(where)
    yaml = gateway.config(where, {"north": sim.port}, storage_extra=gateway.SMALL_JOURNAL, extra=CAP,
                          operator_extra=f"throttle: {{per_second: {rate}, burst: 10}}", account_extra=f"queue_max: {rate * 2}")
    yaml = yaml.replace("    queue_max: 100000000\n", "").replace("    throttle: {per_second: 100000, burst: 10000}\n", "")
    daemon = gateway.Aldisd(where, yaml)
    try:
        during = During(daemon, 0.25 * seconds, 0.95 * seconds)
        totals = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", seconds, "--rate", rate * 10, "--binds", 4,
                              "--window", 50, "--drain-seconds", 60, check=False)
        after = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", 3, "--rate", rate / 4, "--seed", 2, check=False)
        peak = measure.peak_mib(daemon.pid)
    finally:
        assert daemon.stop() == 0
    operator = sim.totals()
    assert set(totals["refused"]) == {QUEUE_FULL}, totals
    return {"offered_times": totals["submitted"] / seconds / rate, "goodput_percent": 100 * during.rate() / rate,
            "refused": totals["refused"][QUEUE_FULL], "refused_p99_ms": totals["refused_latency_ms"]["p99"],
            "answered_p99_ms": totals["latency_ms"]["p99"], "after_p99_ms": after["latency_ms"]["p99"], "peak_mib": peak,
            "accepted": totals["accepted"] + after["accepted"],
            "lost": totals["lost"] + after["lost"] + abs(operator["accepted"] - totals["accepted"] - after["accepted"])}


def h17_ten_times_what_the_operator_takes(where):
    """The operator's rate is used in full, what is offered beyond it is refused at once, and nothing accepted is lost."""
    got = ten_times(where, 400, 8)
    print("     " + ", ".join(f"{name} {value:.4g}" for name, value in got.items()))
    assert got["offered_times"] >= 5, "it was an overload"
    assert got["lost"] == 0
    assert got["goodput_percent"] >= 90
    assert got["refused_p99_ms"] <= 50
    assert got["peak_mib"] < CAP_MIB


def ten_times_the_customers(where, seconds):
    """Nothing but the gateway limits: what it carries when ten times as much is under way, beside what it carries else."""
    sim = gateway.Smscsim(where)
    yaml = gateway.config(where, {"north": sim.port, "south": sim.port}, extra=CAP,
                          operator_extra="window: {start: 200, min: 50, max: 1000}")
    daemon = gateway.Aldisd(where, yaml)
    try:
        for binds, seed in ((4, 1), (4, 2), (40, 3)):  # the first one warms up
            totals = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", seconds, "--binds", binds, "--window", 100,
                                  "--drain-seconds", 60, "--seed", seed, name=f"load-{binds}-{seed}", check=False)
            if seed == 2:
                calm = totals["cycles_per_second"]
        peak = measure.peak_mib(daemon.pid)
    finally:
        assert daemon.stop() == 0
    sim.stop()
    return {"calm_per_second": calm, "crowd_percent": 100 * totals["cycles_per_second"] / calm,
            "crowd_p99_ms": totals["latency_ms"]["p99"], "crowd_peak_mib": peak, "crowd_accepted": totals["accepted"],
            "crowd_refused": sum(totals["refused"].values()),
            "crowd_lost": totals["lost"]}


def record(arguments):
    """Medians of the runs, and the worst of them."""
    runs = []
    for number in range(arguments.runs):
        with gateway.folder("overload") as where:
            got = ten_times(where, arguments.rate, arguments.seconds)
        with gateway.folder("overload") as where:
            got |= ten_times_the_customers(where, arguments.seconds)
        print(json.dumps(got), flush=True)
        runs.append(got)
    middle = {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}
    added = {name: sum(run[name] for run in runs) for name in ("accepted", "refused", "lost", "crowd_accepted", "crowd_lost")}
    worst = {"goodput_percent_least": min(run["goodput_percent"] for run in runs),
             "refused_p99_ms_most": max(run["refused_p99_ms"] for run in runs),
             "crowd_percent_least": min(run["crowd_percent"] for run in runs),
             "peak_mib_most": max(max(run["peak_mib"], run["crowd_peak_mib"]) for run in runs)}
    figures = {"runs": len(runs), **middle, **added, **{name: round(value, 2) for name, value in worst.items()}, "cap_mib": CAP_MIB}
    wrong = (figures["offered_times"] < 9 or figures["goodput_percent"] < 90 or figures["crowd_percent"] < 90
             or figures["refused_p99_ms"] > 50 or figures["peak_mib_most"] > CAP_MIB or figures["lost"] + figures["crowd_lost"] > 0)
    print(json.dumps(figures))
    records.append("overload", figures, records.verdict(wrong), rate=arguments.rate, seconds=arguments.seconds)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    records.option(parser, "overload")
    parser.add_argument("--runs", type=int, help="with --record: 5 without it")
    parser.add_argument("--rate", type=int, help="with --record: what the operator takes, 2000 without it")
    parser.add_argument("--seconds", type=float, help="with --record: of each load, 15 without it")
    arguments = parser.parse_args()
    if not arguments.record and (arguments.runs or arguments.rate or arguments.seconds):
        parser.error("--runs, --rate and --seconds are of the measurement: they need --record")
    arguments.runs, arguments.rate, arguments.seconds = arguments.runs or 5, arguments.rate or 2000, arguments.seconds or 15
    gateway.end_in_order_when_told()
    if arguments.record:
        sys.exit(record(arguments))
    for case in (h17_messages_up_to_the_limit_push_back_by_level, h17_ten_times_what_the_operator_takes):
        with gateway.folder("overload") as where:
            case(where)
        print(f"ok   {case.__name__.replace('_', ' ')}", flush=True)


if __name__ == "__main__":
    main()
