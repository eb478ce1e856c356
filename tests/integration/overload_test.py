#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More than the gateway can carry: refused early and clearly, and what was accepted is delivered."""
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
from smpp_pdu import BIND_TRANSCEIVER, BIND_TRANSMITTER, bind_body, pdu, pop  # noqa: E402

SYSTEM_ERROR, QUEUE_FULL = 0x00000008, "ESME_RMSGQFUL"


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
        gateway.load(where, daemon.smpp, "--count", 1, "--drain-seconds", 5, check=False)
        gateway.wait_until(lambda: daemon.metric("aldis_pressure_level", reading="worst") == 0, "calm again", 30)
        assert bind_status(daemon.smpp, BIND_TRANSMITTER, "other") == 0
        assert "pressure.raised" in daemon.text() and "pressure.lowered" in daemon.text()
    finally:
        assert daemon.stop() == 0
    assert sim.totals()["accepted"] == totals["accepted"]


def h17_ten_times_what_the_operator_takes(where):
    """The operator's rate is the capacity: what is offered beyond it is refused, and the rate is used in full."""
    rate, seconds = 400, 8
    sim = gateway.Smscsim(where)
    yaml = gateway.config(where, {"north": sim.port}, storage_extra=gateway.SMALL_JOURNAL,
                          operator_extra=f"throttle: {{per_second: {rate}, burst: 10}}", account_extra=f"queue_max: {rate * 2}")
    yaml = yaml.replace("    queue_max: 100000000\n", "").replace("    throttle: {per_second: 100000, burst: 10000}\n", "")
    daemon = gateway.Aldisd(where, yaml)
    try:
        totals = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", seconds, "--rate", rate * 10, "--binds", 2,
                              "--window", 50, "--drain-seconds", 60)
        memory = daemon.metric("process_resident_memory_bytes")
    finally:
        assert daemon.stop() == 0
    operator = sim.totals()
    print(f"     offered {totals['submitted']}, accepted {totals['accepted']}, answers p99 {totals['latency_ms']['p99']} ms, "
          f"{memory / 2**20:.0f} MiB")
    assert set(totals["refused"]) == {QUEUE_FULL}, totals
    assert totals["accepted"] >= 0.9 * rate * seconds, f"goodput: {totals}"
    assert totals["submitted"] >= 5 * totals["accepted"], f"it was an overload: {totals}"
    assert totals["receipts"] == totals["accepted"] == operator["accepted"], (totals, operator)
    assert totals["latency_ms"]["p99"] <= 50, totals
    assert memory < 200 * 2**20


def main():
    for case in (h17_messages_up_to_the_limit_push_back_by_level, h17_ten_times_what_the_operator_takes):
        with gateway.folder("overload") as where:
            case(where)
        print(f"ok   {case.__name__.replace('_', ' ')}", flush=True)


if __name__ == "__main__":
    main()
