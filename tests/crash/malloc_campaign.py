#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets the N-th allocation of aldisd fail (LD_PRELOAD) and compares what customers and operators saw.

usage: malloc_campaign.py [--step N] [--seed N] [--record]

Each start of the daemon is one point, in one state folder and with customers around it: its N-th allocation fails, once. The
points are one in --step of those that a start makes, and then of the first thousand that it makes when it is ready. Now and
then it is let alone, so that messages and its journal move. The plain run takes about thirty points.

Must hold (CONTRACT D1, H29): the daemon ends at once, by a status of its own or by abort() (an exception that nobody can
handle), or goes on; it never dies by another signal and never stands still; after all, nothing accepted, no receipt and no
inbound message is lost. --record leaves a line in docs/reliability/malloc.jsonl.
"""
import argparse
import collections
import json
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
import records  # noqa: E402
from scene import Scene, Shape  # noqa: E402

SKIP = 77
FAILMALLOC = gateway.BUILD / "tests" / "failmalloc.so"
LOADED_FOR = 1.5    # seconds of load in which the allocation must have come
SURVIVED_FOR = 0.2  # seconds of load behind one that was survived
LOADED = 1000       # allocations after it is ready
ALONE_EVERY = 25    # points
ALONE_FOR = 1.0     # seconds


class Campaign:
    def __init__(self, chance, scene):
        self.chance = chance
        self.scene = scene
        self.log = scene.where / "failmalloc"
        self.ends = collections.Counter()
        self.wrong = []

    def start(self, number, loaded=False):
        self.log.unlink(missing_ok=True)
        environment = {"LD_PRELOAD": str(FAILMALLOC), "ALDIS_FAIL_MALLOC": str(number), "ALDIS_FAIL_MALLOC_LOG": str(self.log)}
        if loaded:
            environment["ALDIS_FAIL_MALLOC_AFTER"] = str(self.scene.where / "aldisd.ports")
        return self.scene.start(Shape.draw(self.chance), environment=environment)

    def let_alone(self):
        self.scene.start(Shape.draw(self.chance))
        self.scene.wait_ready()
        until = time.monotonic() + ALONE_FOR
        gateway.wait_until(lambda: time.monotonic() > until, "messages move", 30)
        self.scene.kill("alone")

    def allocations_of_a_start(self):
        daemon = self.start(0)
        self.scene.wait_ready()
        assert daemon.stop() == 0
        self.scene.killed("counted")
        return int(self.log.read_text())

    def point(self, number, loaded):
        daemon = self.start(number, loaded)
        name = f"allocation {number}{' when ready' if loaded else ''}"
        ready_at = fired_at = None

        def settled():
            nonlocal ready_at, fired_at
            now = time.monotonic()
            if not daemon.running():
                return True
            if ready_at is None and daemon.ports_path.exists():
                self.scene.wait_ready()
                ready_at = now
            if fired_at is None and self.log.exists():
                fired_at = now
            if ready_at is None:
                return False
            return now - ready_at > LOADED_FOR if fired_at is None else now - max(ready_at, fired_at) > SURVIVED_FOR
        gateway.wait_until(settled, f"{name}: ready, or its end", 30)
        fired = self.log.exists()
        if daemon.running():
            answers = daemon.metric("aldis_build_info") == 1  # it does not stand still
            self.scene.kill(f"malloc {number}")
            if not answers:
                self.wrong.append(f"{name}: aldisd stands still")
            self.ends[("when ready: " if loaded else "") + ("went on" if fired else "not reached")] += 1
            return
        code = daemon.stop()
        self.scene.killed(f"malloc {number}")
        how = signal.Signals(-code).name if code < 0 else f"status {code}"
        self.ends[("when ready: " if loaded else "") + how] += 1
        if not fired or code == 0 or (code < 0 and code != -signal.SIGABRT):
            self.wrong.append(f"{name}: aldisd ended with {code}{'' if fired else ', and nothing had failed'}:\n"
                              + daemon.text()[-600:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=400)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=400, help="messages per second")
    records.option(parser, "malloc")
    arguments = parser.parse_args()
    if gateway.has_sanitizers():
        print(f"SKIP malloc: {gateway.BUILD} has sanitizers, which bring an allocator of their own")
        sys.exit(SKIP)
    gateway.programs_are_there()
    gateway.is_there(FAILMALLOC, "failmalloc")
    gateway.end_in_order_when_told()
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    with gateway.folder("malloc") as where:
        scene = Scene(where, chance, arguments.rate)
        campaign = Campaign(chance, scene)
        try:
            scene.start(Shape.draw(chance))
            scene.wait_ready()
            scene.kill()
            start = campaign.allocations_of_a_start()
            points = [(number, False) for number in range(1 + arguments.seed % arguments.step, start, arguments.step)]
            points += [(number, True) for number in range(1, LOADED, max(1, LOADED * arguments.step // start))]
            for place, (number, loaded) in enumerate(points):
                campaign.point(number, loaded)
                if place % ALONE_EVERY == ALONE_EVERY - 1:
                    campaign.let_alone()
            report = scene.finish()
            scene.verify()
        finally:
            scene.close()
        campaign.wrong += report.wrong
        figures = {**report.figures(), "points": len(points), "allocations_of_a_start": start, "ends": dict(campaign.ends)}
        print(json.dumps(figures))
        if arguments.record:
            records.append("malloc", figures, records.verdict(campaign.wrong), seed=arguments.seed)
        assert not campaign.wrong, "\n".join(campaign.wrong[:10])
        reached = len(points) - campaign.ends["not reached"] - campaign.ends["when ready: not reached"]
        assert reached > len(points) / 2, "most allocations that were to fail came"
    print(f"{len(points)} allocations failed, nothing lost")


if __name__ == "__main__":
    main()
