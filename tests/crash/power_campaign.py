#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cuts the power under aldisd and compares what customers and operators saw.

usage: power_campaign.py [--cuts N] [--seed N] [--rate N] [--minutes N] [--fs ext4|xfs] [--record]
       power_campaign.py --peer kannel [--store file|spool] [--cuts N] [--rate N] [--record]

A file system of its own in a 512 MiB image, loop mounted, holds the daemon's data. Under load the file system is shut down
without a flush of its log (EXT4_IOC_SHUTDOWN with NOLOGFLUSH, XFS_IOC_GOINGDOWN): from that moment nothing reaches the
image, what was not synced is gone, names that were not synced too. Then the daemon is killed, the image unmounted and
mounted again, which replays the log, and the daemon started. An image lives for 1 to 5 cuts; then everything is drained
and compared as after kills, and the journal read by `aldisctl journal verify`. It does not model a drive that loses its
own cache. --record leaves a line in docs/reliability/power.jsonl, with --peer in kannel.jsonl.
"""
import argparse
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
import kannel_campaign  # noqa: E402
import oracle  # noqa: E402
import records  # noqa: E402
from disk import Disk, missing  # noqa: E402
from scene import Scene, Shape  # noqa: E402

SKIP = 77
IMAGE_MIB = 512


def mounted(where, kind):
    disk = Disk(where, kind, IMAGE_MIB)
    disk.mount()
    return disk


class Campaign:
    def __init__(self, arguments):
        self.chance = random.Random(arguments.seed)
        self.rate = arguments.rate
        self.kind = arguments.fs
        self.total = oracle.Report()
        self.images = 0

    def image(self, cuts):
        with gateway.folder("power") as where:
            disk = mounted(where, self.kind)
            scene = None
            try:
                scene = Scene(where, self.chance, self.rate, state=disk.mount_point / "state")
                for _ in range(cuts):
                    self.cycle(scene, disk)
                report = scene.finish()
                scene.verify()
            except BaseException:
                if scene is not None and scene.daemon is not None and scene.daemon.running():
                    scene.daemon.kill()
                raise
            finally:
                if scene is not None:
                    scene.close()
                disk.close()
            self.images += 1
            self.total.add(report)
            print(f"image {self.images}: {json.dumps(report.figures())}", flush=True)
            assert not report.wrong, "\n".join(report.wrong[:10])

    def cycle(self, scene, disk):
        daemon = scene.start(Shape.draw(self.chance))
        if scene.kills and self.chance.random() < 0.1:  # while it recovers, or just after
            moment = time.monotonic() + self.chance.uniform(0.0, 0.1)
        else:
            scene.wait_ready()
            moment = time.monotonic() + self.chance.uniform(0.05, 1.2)
        gateway.wait_until(lambda: time.monotonic() >= moment, "the next cut", 10)
        assert daemon.running(), f"aldisd ended with {daemon.process.returncode}: {daemon.text()[-3000:]}"
        disk.cut()
        daemon.kill()
        scene.killed("power")
        disk.unmount()
        disk.mount()

    def run(self, cuts, minutes):
        until = time.monotonic() + minutes * 60 if minutes else None
        while cuts > 0 and (until is None or time.monotonic() < until):
            now = min(cuts, self.chance.randint(1, 5))
            self.image(now)
            cuts -= now


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=1500, help="messages per second")
    parser.add_argument("--minutes", type=float, default=0, help="begin no new image after that")
    parser.add_argument("--fs", choices=["ext4", "xfs"], default="ext4")
    parser.add_argument("--peer", choices=["kannel"], help="cut the power under another gateway (kannel_campaign.py)")
    parser.add_argument("--store", choices=["file", "spool"], default="file", help="with --peer kannel: its store")
    records.option(parser, "power")
    arguments = parser.parse_args()
    lacking = missing(arguments.fs)
    if lacking:
        print(f"SKIP power: needs root, /dev/loop-control and mkfs.{arguments.fs}; there is no {lacking}")
        sys.exit(SKIP)
    gateway.programs_are_there()
    gateway.end_in_order_when_told()
    print(f"seed {arguments.seed}", flush=True)
    if arguments.peer:
        sys.exit(kannel_campaign.run(arguments, random.Random(arguments.seed), arguments.cuts,
                                     lambda where: mounted(where, arguments.fs)))
    campaign = Campaign(arguments)
    total = campaign.total
    stopped = False  # by SIGTERM: what was judged until then counts
    try:
        campaign.run(arguments.cuts, arguments.minutes)
    except Exception as error:
        total.wrong.append(f"{type(error).__name__}: {error}")
        raise
    except SystemExit:
        stopped = True
        raise
    finally:
        figures = {**total.figures(), "images": campaign.images, "file_system": arguments.fs}
        figures["cuts"] = figures.pop("kills")
        print(json.dumps(figures))
        if arguments.record:
            records.append("power", figures, records.verdict(total.wrong, stopped), seed=arguments.seed)
    assert total["acknowledged"] >= 10 * total["kills"], "too little load to prove anything"
    print(oracle.rule_of_three(total["kills"], "power cuts", "an accepted message"))


if __name__ == "__main__":
    main()
