#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""History beside a running daemon: complete after kills, out of the way when it cannot go on, and back by itself."""
import contextlib
import pathlib
import sqlite3
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))
import cases  # noqa: E402
import gateway  # noqa: E402
from disk import Disk, missing  # noqa: E402

DELIVERED = 5


class Scene:
    def __init__(self, where, storage_extra=gateway.SMALL_JOURNAL, extra=""):
        self.where = where
        self.sim = gateway.Smscsim(where)
        self.folder = where / "state" / "history"
        self.options = {"storage_extra": storage_extra, "extra": extra}
        self.port = 0
        self.start()

    def start(self):
        self.daemon = gateway.Aldisd(self.where, gateway.config(self.where, {"north": self.sim.port}, smpp_port=self.port,
                                                                **self.options))
        self.port = self.daemon.smpp_port

    def load(self, count, *more, **options):
        return gateway.load(self.where, self.daemon.smpp, "--count", count, "--window", 100, *more, **options)

    def lag(self):
        return self.daemon.metric("aldis_history_lag_seconds")

    def caught_up(self, seconds=60):
        gateway.wait_until(lambda: self.lag() == 0, "history has caught up", seconds)

    def rows(self):
        """{message's key: status} of all partitions; a message in two of them is an error."""
        found = {}
        for path in sorted(self.folder.glob("part-*.db")):
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                for key, status in database.execute("SELECT key, status FROM message"):
                    assert key not in found, f"{key} stands in two partitions"
                    found[key] = status
        return found

    def end(self):
        assert self.daemon.stop() == 0, self.daemon.text()[-2000:]
        self.sim.stop()


def every_message_stands_in_history_also_after_a_stop(where):
    scene = Scene(where)
    totals = scene.load(20_000)
    assert totals["accepted"] == totals["receipts"] == 20_000, totals
    scene.caught_up()
    rows = scene.rows()
    assert len(rows) == 20_000 and set(rows.values()) == {DELIVERED}, (len(rows), set(rows.values()))
    gateway.wait_until(lambda: scene.daemon.metric("aldis_history_bytes") > 1 << 20, "its size is told", 10)
    scene.load(500)
    assert scene.daemon.stop() == 0
    assert not list(scene.folder.glob("*-wal")), "closed in order"
    scene.start()
    scene.caught_up()
    assert len(scene.rows()) == 20_500
    scene.end()


def kills_under_load_neither_lose_nor_double_a_row(where):
    scene = Scene(where)
    accepted = 0
    for turn in range(4):
        totals = {}
        loading = threading.Thread(target=lambda: totals.update(
            scene.load(60_000, "--rate", 20_000, "--drain-seconds", 1, check=False)))
        loading.start()
        gateway.wait_until(lambda: scene.daemon.metric("aldis_messages_accepted_total") > 8_000 * (turn + 1), "some are in", 30)
        scene.daemon.kill()
        loading.join()
        accepted += totals["accepted"]
        scene.start()
    gateway.wait_until(lambda: scene.daemon.metric("aldis_messages_pending") == 0, "everything is over", 60)
    scene.caught_up()
    rows = scene.rows()
    assert accepted > 20_000 and len(rows) >= accepted, (accepted, len(rows))
    assert set(rows.values()) == {DELIVERED}, set(rows.values())
    assert scene.daemon.metric("aldis_history_gaps_total") == 0
    scene.end()


def a_folder_that_cannot_be_used_holds_nobody_up_and_history_comes_back(where):
    (where / "away").write_text("a file is in the way")
    scene = Scene(where, gateway.SMALL_JOURNAL + f", history: {{path: {where}/away/history}}")
    scene.folder = where / "away" / "history"
    totals = scene.load(20_000)
    assert totals["receipts"] == 20_000, totals
    gateway.wait_until(lambda: scene.lag() > 2, "the lag is told", 20)
    assert scene.daemon.metric("aldis_history_failing") == 1
    assert scene.daemon.text().count("history.failed") == 1, scene.daemon.text()[-2000:]
    (where / "away").unlink()
    (where / "away").mkdir()
    scene.caught_up()
    gateway.wait_until(lambda: scene.daemon.metric("aldis_history_failing") == 0, "nothing fails any more", 10)
    assert "history.recovered" in scene.daemon.text()
    assert len(scene.rows()) == 20_000 and scene.daemon.metric("aldis_history_gaps_total") == 0
    scene.end()


def history_that_stays_away_costs_the_journal_a_bounded_part_of_its_disk(where):
    scene = Scene(where, extra="limits: {disk_budget: 16MiB}\n")
    scene.load(1_000)
    scene.caught_up()
    assert scene.daemon.stop() == 0
    scene.folder.rename(where / "aside")
    scene.folder.write_text("a file is in the way")
    scene.start()
    most = 0
    for turn in range(4):
        totals = scene.load(30_000, name=f"load{turn}")
        assert totals["receipts"] == 30_000, totals
        most = max(most, len(list((where / "state" / "journal").glob("*.seg"))))
    assert 8 <= most <= 24, most  # half of the budget, what the gateway needs itself, and the reserve
    assert scene.daemon.stop() == 0
    scene.folder.unlink()
    (where / "aside").rename(scene.folder)
    scene.start()
    scene.caught_up()
    assert scene.daemon.metric("aldis_history_gaps_total") == 1
    assert 1_000 < len(scene.rows()) < 121_000
    scene.end()


def a_full_disk_of_its_own_stops_history_and_nothing_else(where):
    lacking = missing("ext4")
    if lacking:
        print(f"     left out: needs root, /dev/loop-control and mkfs.ext4; there is no {lacking}")
        return
    disk = Disk(where, "ext4", 16)
    disk.mount()
    scene = None
    try:
        scene = Scene(where, gateway.SMALL_JOURNAL + f", history: {{path: {disk.mount_point}/history}}")
        scene.folder = disk.mount_point / "history"
        scene.load(1_000)
        scene.caught_up()
        disk.fill()
        totals = scene.load(20_000)
        assert totals["receipts"] == 20_000, totals
        gateway.wait_until(lambda: scene.lag() > 2, "the lag is told", 20)
        assert scene.daemon.metric("aldis_history_failing") == 1
        assert 1 <= scene.daemon.text().count("history.failed") <= 3, scene.daemon.text()[-2000:]
        scene.daemon.kill()
        scene.start()  # neither does it keep a start from its way
        disk.free()
        scene.caught_up()
        rows = scene.rows()
        assert len(rows) == 21_000 and set(rows.values()) == {DELIVERED}, len(rows)
        scene.end()
    finally:
        if scene is not None:
            scene.daemon.kill()
        disk.close()


def switched_off_there_is_none_and_the_journal_keeps_nothing_for_it(where):
    scene = Scene(where, gateway.SMALL_JOURNAL + ", history: {enabled: false}")
    scene.load(30_000)
    assert not scene.folder.exists() and "aldis_history" not in scene.daemon.get("/metrics")
    assert len(list((where / "state" / "journal").glob("*.seg"))) <= 12
    scene.end()


CASES = (every_message_stands_in_history_also_after_a_stop,
         kills_under_load_neither_lose_nor_double_a_row,
         a_folder_that_cannot_be_used_holds_nobody_up_and_history_comes_back,
         history_that_stays_away_costs_the_journal_a_bounded_part_of_its_disk,
         a_full_disk_of_its_own_stops_history_and_nothing_else,
         switched_off_there_is_none_and_the_journal_keeps_nothing_for_it)


def call(case):
    with gateway.folder("history") as where:
        case(where)


if __name__ == "__main__":
    gateway.end_in_order_when_told()
    FAILED = cases.run(CASES, call)
    sys.exit(f"{FAILED} failed" if FAILED else 0)
