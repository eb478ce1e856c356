#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An older copy of the data (CONTRACT H34): nothing is sent a second time before somebody has read what it would be."""
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402

COUNT = 500


def received(where):
    path = where / "north.tsv"
    return path.read_text().count("\n") if path.exists() else 0


def submit(where, daemon, count, seed):
    totals = gateway.load(where, daemon.smpp, "--count", count, "--no-receipts", "--drain-seconds", 1, "--seed", seed)
    assert totals["accepted"] == count, totals


def h34_an_older_copy_is_held(where):
    """Backed up with messages queued; these are delivered; the backup comes back."""
    port = gateway.free_ports(1)[0]
    (where / "mirror").mkdir()
    yaml = gateway.config(where, {"north": port},
                          storage_extra=f"{gateway.SMALL_JOURNAL}, generation_dir: {where}/mirror")
    daemon = gateway.Aldisd(where, yaml)
    submit(where, daemon, COUNT, 1)
    daemon.kill()
    shutil.copytree(where / "state", where / "backup")

    operator = gateway.Smscsim(where, "--log", where / "north.tsv", listen=f"127.0.0.1:{port}")
    daemon = gateway.Aldisd(where, yaml)
    gateway.wait_until(lambda: received(where) == COUNT, "all are delivered", 30)
    daemon.stop()
    print("ok   newer data are sent", flush=True)

    shutil.rmtree(where / "state")
    shutil.copytree(where / "backup", where / "state")
    for life in range(2):  # a restart changes nothing
        daemon = gateway.Aldisd(where, yaml)
        gateway.wait_until(lambda: daemon.metric("aldis_link_up") == 1, "the link is bound", 30)
        submit(where, daemon, 10, 2 + life)
        gateway.wait_until(lambda: daemon.metric("aldis_messages_pending", state="queued") == COUNT + 10 * (life + 1),
                           "old and new ones wait", 10)
        assert daemon.text().count("restore.held") == life + 1, daemon.text()[-1000:]
        daemon.stop()
        assert received(where) == COUNT, "something was sent a second time"
    lines = (where / "state" / "restore-report.jsonl").read_text().splitlines()
    assert len(lines) == COUNT + 10, len(lines)
    assert all(json.loads(line)["account"] == "demo" for line in lines)
    print("ok   an older copy is held, over restarts, and the report lists what would be sent", flush=True)

    daemon = gateway.Aldisd(where, yaml, arguments=["--restore-confirmed"])
    gateway.wait_until(lambda: received(where) == 2 * COUNT + 20, "what was held is sent", 30)
    daemon.stop()
    daemon = gateway.Aldisd(where, yaml)
    submit(where, daemon, 5, 9)
    gateway.wait_until(lambda: received(where) == 2 * COUNT + 25, "and everything after it", 30)
    daemon.stop()
    print("ok   confirmed, it is sent", flush=True)

    daemon = gateway.Aldisd(where, yaml, arguments=["--restored"])
    gateway.wait_until(lambda: daemon.metric("aldis_link_up") == 1, "the link is bound", 30)
    submit(where, daemon, 5, 10)
    gateway.wait_until(lambda: daemon.metric("aldis_messages_pending", state="queued") == 5, "they wait", 10)
    daemon.stop()
    assert received(where) == 2 * COUNT + 25
    operator.stop()
    print("ok   told that data are restored, it holds them", flush=True)


if __name__ == "__main__":
    with gateway.folder("restored") as place:
        h34_an_older_copy_is_held(place)
