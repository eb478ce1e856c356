#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk filled to its last octet under aldisd, and freed again (CONTRACT H9).

While the disk is full new messages are refused with ESME_RMSGQFUL and soon, receipts and inbound messages are still taken
out of the reserve, and a daemon that is killed there comes back to that state. When there is space again everything goes
on within seconds. In the end nothing that was accepted is lost, and every receipt and inbound message has come.
"""
import json
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
import oracle  # noqa: E402
from disk import Disk, missing  # noqa: E402

SKIP = 77
IMAGE_MIB = 64
REFUSED_AS = {"ESME_RMSGQFUL"}
REFUSED_WITHIN_MS = 100.0
RESUMED_WITHIN = 5.0  # seconds
TAKEN_WHILE_FULL = 20  # messages from handsets


class Story:
    def __init__(self, where, disk):
        self.where = where
        self.disk = disk
        self.port = 0
        self.customers = []
        self.kills = []
        self.late_port = gateway.Smscsim(where, name="unused")  # its port is free for the late operator once it stops
        self.late_port.stop()
        self.north = gateway.Smscsim(where, "--log", where / "north.tsv", "--inbound-log", where / "inbound.tsv",
                                     "--inbound-rate", 50, "--receipt-delay-ms", 2000, 4000, name="north")

    def start(self):
        config = gateway.config(
            self.where, {"north": self.north.port, "south": self.late_port.port}, accounts=("demo", "patient"),
            smpp_port=self.port, state="mnt/state", storage_extra=", segment_size: 1MiB, reserve_segments: 4",
            operator_extra="uncertain_hold: 200ms\nwindow: {start: 50, min: 1, max: 50}\nlease: 100",
            routes="- {name: patient, match: {accounts: [patient]}, candidates: [{operator: south}]}\n"
                   "- {name: all, candidates: [{operator: north}]}",
            extra="inbound: {numbers: [{number: '80010', account: demo}]}\n")
        self.daemon = gateway.Aldisd(self.where, config, wait=False)

    def ready(self):
        self.daemon.wait_ready()
        self.port = self.daemon.smpp_port

    def customer(self, account, name, receipts):
        number = len(self.customers)
        made = oracle.Customer(name, 77 + number, f"44770{10 + number}", self.where / f"{name}.tsv", receipts=receipts)
        self.customers.append(made)
        arguments = ["--seed", made.seed, "--destination-prefix", made.prefix, "--source", f"S{number}", "--oracle", made.path,
                     "--binds", 1, *(() if receipts else ("--no-receipts",))]
        return made, arguments

    def submit(self, account, count, receipts=False, **more):
        """Submits so many and returns smppload's totals."""
        made, arguments = self.customer(account, f"{account}{len(self.customers)}", receipts)
        totals = gateway.load(self.where, f"127.0.0.1:{self.port}", "--count", count, "--window", 20, *arguments,
                              name=made.name, customer=f"{account}:{account}", check=False, **more)
        made.submitted = totals["submitted"]
        return totals

    def begin_steady(self):
        self.steady, arguments = self.customer("demo", "steady", True)
        self.load = subprocess.Popen(
            [gateway.program("smppload"), "--target", f"127.0.0.1:{self.port}", "--customer", "demo:demo", "--count", "0",
             "--seconds", "36000", "--rate", "200", "--window", "10", "--reconnect", "--drain-seconds", "60",
             *map(str, arguments)], stdout=open(self.where / "steady.out", "wb"))

    def end_steady(self):
        self.load.send_signal(signal.SIGINT)
        self.load.wait(90)
        self.steady.submitted = json.loads((self.where / "steady.out").read_text().strip().splitlines()[-1])["submitted"]

    def inbound_taken(self):
        return (self.where / "inbound.tsv").read_text().count("\n")


def refuses(story):
    turned_away = story.daemon.metric("aldis_session_binds_total", result="refused")
    totals = story.submit("patient", 20)
    if totals["submitted"] == 0:  # at its bind already, once the level of pressure follows
        assert story.daemon.metric("aldis_session_binds_total", result="refused") > turned_away, totals
        assert story.daemon.metric("aldis_pressure_level", reading="disk") >= 2, "nothing but pressure refuses it"
        return
    assert totals["accepted"] == 0, f"with a full disk {totals['accepted']} of 20 were accepted"
    assert set(totals["refused"]) == REFUSED_AS, totals
    assert totals["latency_ms"]["p99"] <= REFUSED_WITHIN_MS, f"refused after {totals['latency_ms']} ms"


def fill_up(story):
    print(f"filled with {story.disk.fill() >> 20} MiB")
    flood = story.submit("patient", 40_000)  # the operator of these is away: they need space
    assert set(flood["refused"]) == REFUSED_AS, flood
    assert flood["accepted"] > 0 and flood["accepted"] + sum(flood["refused"].values()) == 40_000, flood
    print(f"accepted {flood['accepted']} before it was full, refused {flood['refused']}")
    refuses(story)


def takes_receipts_while_full(story):
    inbound = story.inbound_taken()
    receipts = story.daemon.metric("aldis_receipts_received_total")
    gateway.wait_until(lambda: story.inbound_taken() >= inbound + TAKEN_WHILE_FULL, "inbound messages are acknowledged", 20)
    gateway.wait_until(lambda: story.daemon.metric("aldis_receipts_received_total") > receipts, "receipts are taken", 20)
    refuses(story)


def comes_back_while_full(story):
    story.daemon.kill()
    story.kills.append(oracle.Kill("random", 200, time.time_ns() // 1000))
    story.start()
    story.ready()
    refuses(story)
    print("killed while it was full: it came back, and refuses")


def goes_on(story):
    story.disk.free()
    began = time.monotonic()
    gateway.wait_until(lambda: "journal.space_again" in story.daemon.text(), "the journal has space again", 30)
    gateway.wait_until(lambda: story.daemon.metric("aldis_pressure_level") == 0, "there is no pressure any more", 30)
    gateway.wait_until(lambda: story.submit("patient", 5)["accepted"] == 5, "messages are accepted again", 30)
    took = time.monotonic() - began
    assert took <= RESUMED_WITHIN, f"accepted again only {took:.1f} s after there was space"
    print(f"accepted again after {took:.1f} s")


def drain_and_judge(story):
    south = gateway.Smscsim(story.where, "--log", story.where / "south.tsv", "--no-receipts", name="south",
                            listen=f"127.0.0.1:{story.late_port.port}")
    story.end_steady()
    gateway.wait_until(lambda: story.daemon.metric("aldis_messages_pending", state="queued") == 0, "the queue is empty", 60)
    story.north.totals()
    listener = subprocess.Popen(
        [gateway.program("smppload"), "--target", f"127.0.0.1:{story.port}", "--customer", "demo:demo", "--count", "0",
         "--seconds", "36000", "--rate", "0.0001", "--no-receipts", "--reconnect",
         "--oracle", str(story.where / "listener.tsv")], stdout=subprocess.DEVNULL)
    gateway.wait_until(lambda: story.daemon.metric("aldis_owed_items") == 0, "everything owed is delivered", 60)

    def listener_stopped():
        listener.send_signal(signal.SIGINT)
        return listener.poll() is not None
    gateway.wait_until(listener_stopped, "the listener stops", 30)
    assert story.daemon.stop() == 0
    south.stop()
    flagged = story.daemon.text().count("message.resent ")
    story.customers.insert(0, story.customers.pop(story.customers.index(story.steady)))
    report = oracle.Histories(story.customers, [story.where / "north.tsv", story.where / "south.tsv"], story.kills,
                              more_receipts=[story.where / "listener.tsv"], inbound_log=story.where / "inbound.tsv",
                              flagged=flagged).judge()
    print(json.dumps(report.figures()))
    assert not report.wrong, "\n".join(report.wrong[:10])


def main():
    lacking = missing("ext4")
    if lacking:
        print(f"SKIP disk_full: needs root, /dev/loop-control and mkfs.ext4; there is no {lacking}")
        sys.exit(SKIP)
    gateway.end_in_order_when_told()
    with gateway.folder("full") as where:
        disk = Disk(where, "ext4", IMAGE_MIB)
        disk.mount()
        story = None
        try:
            story = Story(where, disk)
            story.start()
            story.ready()
            story.begin_steady()
            gateway.wait_until(lambda: story.daemon.metric("aldis_receipts_received_total") > 100, "receipts come", 30)
            fill_up(story)
            takes_receipts_while_full(story)
            comes_back_while_full(story)
            goes_on(story)
            drain_and_judge(story)
        finally:
            if story is not None:
                story.daemon.kill()
                if hasattr(story, "load") and story.load.poll() is None:
                    story.load.kill()
                    story.load.wait()
            disk.close()


if __name__ == "__main__":
    main()
