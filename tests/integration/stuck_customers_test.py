#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Customers that never read: what they are owed waits, bounded, and nobody else is slower for it.

usage: stuck_customers_test.py [--stuck N] [--owed N] [--rounds N] [--record]

Each stuck customer submits its share of --owed messages as a transmitter, and binds as a receiver that reads nothing while
the receipts come (after 40 s without an answer to enquire_link its session is closed). A healthy customer's latency is
measured with and without them, in so many rounds each. At last they come again and read: each receipt must come, none lost.
--record adds a line to docs/reliability/stuck.jsonl; it is passed within memory_max and with a p99 at most 10 % worse.
"""
import argparse
import json
import pathlib
import selectors
import socket
import statistics
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "bench")]
import gateway  # noqa: E402
import measure  # noqa: E402
import records  # noqa: E402
from smpp_pdu import (BIND_RECEIVER, BIND_TRANSMITTER, DELIVER_SM, DELIVER_SM_RESP, RESP, SUBMIT_SM,  # noqa: E402
                      SUBMIT_SM_RESP, bind_body, pdu, pop)

ROUND = 500
CAP_MIB = 1024  # limits.memory_max
WORSE_PERCENT = 10
MEMORY_PER_OWED = 1500  # octets: a message that waits for its receipt to be taken, and what tables need to grow


class Customer:
    def __init__(self, name, port, command, buffer=None):
        self.name = name
        self.link = socket.create_connection(("127.0.0.1", port), timeout=30)
        if buffer:  # what the kernel takes for who reads nothing
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.pending = b""
        self.sequence = 1
        self.accepted = set()
        self.receipts = set()
        self.link.sendall(pdu(command, bind_body(name)))
        answer, status, _, _ = self.next()
        assert answer == command | RESP and status == 0, f"{name}: bind {status:#x}"

    def next(self):
        while (first := pop(self.pending))[0] is None:
            more = self.link.recv(16384)
            assert more, f"{self.name}: connection closed"
            self.pending += more
        answer, self.pending = first
        return answer

    def submit(self, count):
        """Sends `count` and takes their answers."""
        request = b""
        for _ in range(count):
            self.sequence += 1
            destination = f"4477009{self.sequence:06d}"
            request += pdu(SUBMIT_SM, b"\0\5\0Aldis\0\1\1" + destination.encode() + b"\0\0\0\0\0\0\1\0\0\0\2hi",
                           self.sequence)
        self.link.sendall(request)
        answered = 0
        while answered < count:
            command, status, _, body = self.next()
            if command == SUBMIT_SM_RESP:
                assert status == 0, f"{self.name}: {status:#x}"
                self.accepted.add(body.rstrip(b"\0").decode())
                answered += 1

    def take_one(self):
        command, _, sequence, body = self.next()
        if command != DELIVER_SM:
            return
        text = body[body.index(b"id:") + 3:]
        self.receipts.add(text.split(b" ", 1)[0].decode())
        self.link.sendall(pdu(DELIVER_SM_RESP, b"\0", sequence))


def take_all(customers, seconds):
    with selectors.DefaultSelector() as ready:
        for customer in customers:
            ready.register(customer.link, selectors.EVENT_READ, customer)
        deadline = time.monotonic() + seconds
        waiting = {c.name for c in customers if c.receipts != c.accepted}
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} customers still miss receipts"
            for key, _ in ready.select(1.0):
                customer = key.data
                customer.take_one()
                while pop(customer.pending)[0] is not None:
                    customer.take_one()
                if customer.receipts == customer.accepted:
                    waiting.discard(customer.name)


def healthy(where, daemon, rounds):
    """p99 of a customer that reads, in ms: the median of the rounds."""
    readings = []
    for _ in range(rounds):
        totals = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", 4, "--rate", 500, "--window", 20)
        assert totals["receipts"] == totals["accepted"] > 1000, totals
        readings.append(totals["latency_ms"]["p99"])
    return statistics.median(readings), readings


def owe(daemon, names, each):
    """Every customer submits its share, and is gone."""
    customers = []
    for name in names:
        customer = Customer(name, daemon.smpp_port, BIND_TRANSMITTER)
        for begun in range(0, each, ROUND):
            customer.submit(min(ROUND, each - begun))
        customer.link.close()
        customers.append(customer)
    return customers


def read_nothing(daemon, customers):
    for customer in customers:
        customer.link.close()
        customer.link = Customer(customer.name, daemon.smpp_port, BIND_RECEIVER, buffer=4096).link


def h18_customers_that_never_read(where, stuck, owed, rounds):
    sim = gateway.Smscsim(where)
    names = [f"stuck{i}" for i in range(stuck)]
    yaml = gateway.config(where, {"north": sim.port}, accounts=("demo", *names), storage_extra=gateway.SMALL_JOURNAL,
                          operator_extra="window: {start: 200, min: 50, max: 1000}",
                          extra=f"limits: {{memory_max: {CAP_MIB}MiB}}")
    daemon = gateway.Aldisd(where, yaml)
    try:
        _, before = healthy(where, daemon, rounds)
        memory = daemon.metric("process_resident_memory_bytes")
        each = owed // stuck
        customers = owe(daemon, names, each)
        read_nothing(daemon, customers)
        gateway.wait_until(lambda: daemon.metric("aldis_messages_pending") == 0, "every message is final", 120 + owed / 5000)
        read_nothing(daemon, customers)  # where it took longer than an unanswered enquire_link is borne
        waiting = daemon.metric("aldis_owed_items")
        beside, besides = healthy(where, daemon, rounds)
        grown = (daemon.metric("process_resident_memory_bytes") - memory) / 2**20
        assert waiting >= 0.9 * each * stuck, "they were owed what they did not read"
        again = []
        for stuck_one in customers:
            stuck_one.link.close()
            again.append(Customer(stuck_one.name, daemon.smpp_port, BIND_RECEIVER))
            again[-1].accepted = stuck_one.accepted
        began = time.monotonic()
        take_all(again, 900)
        took = time.monotonic() - began
        gateway.wait_until(lambda: daemon.metric("aldis_owed_items") == 0, "nothing is owed", 60)
        _, after = healthy(where, daemon, rounds)
        alone = statistics.median(before + after)
        return {"stuck": stuck, "owed": int(waiting), "grown_mib": round(grown, 1), "cap_mib": CAP_MIB,
                "peak_mib": round(measure.peak_mib(daemon.pid), 1), "octets_per_owed": round(grown * 2**20 / waiting),
                "alone_p99_ms": alone, "beside_p99_ms": beside, "worse_percent": round(100 * (beside / alone - 1), 1),
                "rounds": len(besides), "alone_rounds": before + after, "beside_rounds": besides,
                "taken_per_second": round(each * stuck / took), "lost": sum(len(one.accepted - one.receipts) for one in again)}
    finally:
        assert daemon.stop() == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stuck", type=int, default=20)
    parser.add_argument("--owed", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=1)
    records.option(parser, "stuck")
    arguments = parser.parse_args()
    gateway.end_in_order_when_told()
    with gateway.folder("stuck") as where:
        got = h18_customers_that_never_read(where, arguments.stuck, arguments.owed, arguments.rounds)
    print(json.dumps(got), flush=True)
    assert got["lost"] == 0
    if arguments.record:
        wrong = got["peak_mib"] > CAP_MIB or got["worse_percent"] > WORSE_PERCENT
        records.append("stuck", got, records.verdict(wrong))
        sys.exit(1 if wrong else 0)
    assert got["grown_mib"] <= MEMORY_PER_OWED * got["owed"] / 2**20 + 32, "memory"
    # One pair of measurements on a shared machine: a stall is noise, an order of magnitude is not.
    assert got["beside_p99_ms"] <= 3 * got["alone_p99_ms"] + 20, "the others were slower"
    print("ok   h18 customers that never read", flush=True)


if __name__ == "__main__":
    main()
