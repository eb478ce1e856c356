#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disks that hold no more than a few segments (CONTRACT H9).

An operator that never answers, and customers that go on until everything is refused: the journal itself fills the disk.
The daemon stays up, comes back when it is killed there, and goes on once there is space and the operator answers.
Nothing that was accepted is lost. And a disk that holds little more than the reserve carries traffic without end.
"""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
import oracle  # noqa: E402
from disk import Disk, missing  # noqa: E402

SKIP = 77
SPARE_MIB = 14  # freed again later
REFUSED_AS = {"ESME_RMSGQFUL"}


def start(where, port, smpp_port=0):
    config = gateway.config(
        where, {"north": port}, smpp_port=smpp_port, state="mnt/state",
        storage_extra=", segment_size: 1MiB, reserve_segments: 2",
        operator_extra="uncertain_hold: 200ms\nwindow: {start: 50, min: 1, max: 50}\nlease: 100\n"
                       "timers: {response: 2s}")
    return gateway.Aldisd(where, config)


def submit(where, daemon, number, count, *more):
    made = oracle.Customer(f"c{number}", 10 + number, f"44770{10 + number}", where / f"c{number}.tsv", receipts=False)
    totals = gateway.load(where, daemon.smpp, "--count", count, "--window", 100, "--binds", 2, "--seed", made.seed,
                          "--destination-prefix", made.prefix, "--source", f"S{number}", "--oracle", made.path,
                          "--no-receipts", "--drain-seconds", 1, *more, name=made.name, check=False)
    made.submitted = totals["submitted"]
    return made, totals


def fills_itself(where):
    disk = Disk(where, "ext4", 32)
    disk.mount()
    (disk.mount_point / "spare").write_bytes(b"x" * (SPARE_MIB << 20))
    deaf = gateway.Smscsim(where, "--log", where / "deaf.tsv", "--no-answer", 1.0, "--no-receipts", name="deaf")
    daemon = None
    kills, customers = [], []
    try:
        daemon = start(where, deaf.port)
        port = daemon.smpp_port
        made, totals = submit(where, daemon, 0, 80_000, "--rate", 8000)
        customers.append(made)
        print(f"accepted {totals['accepted']}, refused {totals['refused']}")
        assert set(totals["refused"]) == REFUSED_AS and totals["accepted"] > 0, totals
        assert totals["accepted"] + sum(totals["refused"].values()) == 80_000, totals
        print(f"filled with {disk.fill() >> 10} KiB more")
        assert daemon.running(), daemon.text()[-2000:]
        daemon.kill()
        kills.append(oracle.Kill("random", 100, time.time_ns() // 1000))
        daemon = start(where, deaf.port, port)
        made, totals = submit(where, daemon, len(customers), 20)
        customers.append(made)
        assert totals["accepted"] == 0 and set(totals["refused"]) == REFUSED_AS, totals
        print("killed: it came back, and refuses")
        deaf.stop()
        north = gateway.Smscsim(where, "--log", where / "north.tsv", "--no-receipts", name="north",
                                listen=f"127.0.0.1:{deaf.port}")
        disk.free()
        (disk.mount_point / "spare").unlink()
        gateway.wait_until(lambda: daemon.metric("aldis_messages_pending", state="queued") == 0, "the queue is empty", 60)
        gateway.wait_until(lambda: daemon.metric("aldis_pressure_level") == 0, "there is no pressure any more", 5)
        made, totals = submit(where, daemon, len(customers), 2000)
        customers.append(made)
        assert totals["accepted"] == 2000, totals
        gateway.wait_until(lambda: daemon.metric("aldis_messages_pending", state="queued") == 0, "the queue is empty", 30)
        assert daemon.stop() == 0, daemon.text()[-2000:]
        north.stop()
        report = oracle.Histories(customers, [where / "north.tsv"], kills).judge()
        print(json.dumps(report.figures()))
        assert not report.wrong, "\n".join(report.wrong[:10])
    finally:
        if daemon is not None:
            daemon.kill()
        deaf.kill()
        disk.close()


def goes_round(where):
    """More than the disk holds, several times over."""
    disk = Disk(where, "ext4", 8)
    disk.mount()
    north = gateway.Smscsim(where, name="north")
    daemon = None
    try:
        daemon = start(where, north.port)
        _, totals = submit(where, daemon, 0, 50_000, "--rate", 4_000)
        print(f"on 8 MiB: accepted {totals['accepted']}, refused {totals['refused']}")
        assert totals["accepted"] == 50_000, totals
        assert daemon.stop() == 0, daemon.text()[-2000:]
    finally:
        if daemon is not None:
            daemon.kill()
        disk.close()


def main():
    lacking = missing("ext4")
    if lacking:
        print(f"SKIP small_disk: needs root, /dev/loop-control and mkfs.ext4; there is no {lacking}")
        sys.exit(SKIP)
    gateway.end_in_order_when_told()
    for story in (fills_itself, goes_round):
        with gateway.folder("small") as where:
            story(where)


if __name__ == "__main__":
    main()
