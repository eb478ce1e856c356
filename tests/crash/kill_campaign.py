#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills aldisd with SIGKILL, at named failpoints and at random moments, and compares what customers and operators saw.

usage: kill_campaign.py [--kills N] [--seed N] [--rate N] [--minutes N] [--only NAME...] [--record]
       kill_campaign.py --peer kannel [--store file|spool] [--kills N] [--rate N] [--record]

Every failpoint is used at least once (--kills below their number is raised to it); the other kills are one third at
failpoints, the rest at random moments under load; one in ten is followed by another kill during recovery. Settings are
drawn anew for each start, the state folder is used for up to 50 kills, then read by `aldisctl journal verify`.

Must hold (CONTRACT D1, D3, D5, D5b, D7): accepted messages lost 0, receipts lost 0, acknowledged inbound messages lost 0,
nothing at the operator that no customer sent, duplicates after one kill at most the leases of all links, every one
flagged as an uncertain resend, and none for an account that is at_most_once. A failpoint that is not reached is a failure.
--record leaves a line in docs/reliability/kill.jsonl, with --peer in kannel.jsonl.
"""
import argparse
import collections
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
from scene import Scene, Shape  # noqa: E402

FOLDER_KILLS = 50
REACHED_WITHIN = 180.0  # seconds until a failpoint must have been reached; compaction waits for megabytes

# Each failpoint, and the highest pass at which to die: what 1,500 messages a second pass in about half a second.
FAILPOINTS = {
    "store.write.begin": 200, "store.write.half": 200, "store.write.done": 200, "store.sync.begin": 200,
    "store.sync.done": 200,
    "segment.create": 1, "segment.zeroed": 1, "segment.dirsync": 1, "segment.switch": 2, "segment.free": 1,
    "checkpoint.half": 3, "checkpoint.done": 3, "compact.copied": 1, "compact.done": 1,
    "submit.read": 800, "accept.synced": 800, "answer.half": 800, "answer.done": 800,
    "lease.synced": 800, "send.partial": 800, "send.done": 800, "resp.read": 800, "result.written": 800,
    "receipt.read": 500, "receipt.synced": 500, "receipt.acked": 500, "orphan.synced": 20, "inbound.synced": 20,
    "deliver.done": 500, "deliver.answered": 500, "owed.synced": 500,
    "recover.checkpoint": 1, "recover.replay": 20, "recover.tail": 1,
}
NEEDS_SMALL_SEGMENTS = {name for name in FAILPOINTS if name.startswith(("segment.", "compact."))} | {"checkpoint.half",
                                                                                                     "checkpoint.done"}
NEEDS_GROWTH = {"segment.create", "segment.zeroed"}  # only a journal that grows makes new files


class Campaign:
    def __init__(self, arguments):
        self.chance = random.Random(arguments.seed)
        self.rate = arguments.rate
        self.total = oracle.Report()
        self.asked = collections.Counter()  # failpoints
        self.reached = collections.Counter()
        self.folders = 0

    def plan(self, kills, only):
        """How each kill comes: every failpoint once, a third of the others at failpoints, the rest at random."""
        names = only or list(FAILPOINTS)
        hows = names + [self.chance.choice(names) if only or self.chance.random() < 0.33 else "random"
                        for _ in range(max(0, kills - len(names)))]
        self.chance.shuffle(hows)
        return hows

    def folder(self, hows):
        """One state folder from its first start to its verdict."""
        small = any(how in NEEDS_SMALL_SEGMENTS for how in hows)
        segment = 1 if small else self.chance.choice([1, 2, 4, 16, 64])
        with gateway.folder("kill") as where:
            scene = Scene(where, self.chance, self.rate)
            try:
                self.cycle(scene, "random", segment)  # brings the customers, who stay
                for how in hows:
                    self.cycle(scene, how, segment)
                report = scene.finish()
                scene.verify()
            finally:
                scene.close()
            self.folders += 1
            self.total.add(report)
            print(f"folder {self.folders}: segments of {segment} MiB, {json.dumps(report.figures())}", flush=True)
            assert not report.wrong, "\n".join(report.wrong[:10])

    def cycle(self, scene, how, segment):
        if scene.kills and self.chance.random() < 0.1:
            self.kill_in_recovery(scene, segment)
        shape = Shape.draw(self.chance, segment)
        if how == "random":
            scene.start(shape)
            scene.wait_ready()
            moment = time.monotonic() + self.chance.uniform(0.05, 1.5)
            gateway.wait_until(lambda: time.monotonic() >= moment, "the next kill", 10)
            scene.kill()
            return
        self.asked[how] += 1
        if how in NEEDS_SMALL_SEGMENTS:
            shape = Shape.fast(segment)
        if how in NEEDS_GROWTH and scene.kills:
            shape.reserve = 2 + len(list((scene.state / "journal").glob("*")))
        passes = self.chance.randint(1, max(1, FAILPOINTS[how] * min(self.rate, 1500) // 1500))
        scene.start(shape, failpoint=f"{how}:{passes}")
        if scene.dies_at(f"{how}:{passes}", REACHED_WITHIN):
            self.reached[how] += 1
        else:
            self.total.wrong.append(f"{how}:{passes} was not reached within {REACHED_WITHIN:g} s")

    def kill_in_recovery(self, scene, segment):
        daemon = scene.start(Shape.draw(self.chance, segment))
        moment = time.monotonic() + self.chance.uniform(0.0, 0.15)
        gateway.wait_until(lambda: time.monotonic() >= moment or not daemon.running(), "the kill in recovery", 10)
        assert daemon.running(), f"aldisd ended with {daemon.process.returncode}: {daemon.text()[-3000:]}"
        scene.kill("recovery")

    def run(self, kills, only, minutes):
        hows = self.plan(kills, only)
        until = time.monotonic() + minutes * 60 if minutes else None
        size = min(FOLDER_KILLS, max(1, -(-len(hows) // 2))) if kills <= 2 * FOLDER_KILLS else FOLDER_KILLS
        while hows and (until is None or time.monotonic() < until):
            self.folder(hows[:size])
            del hows[:size]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=1500, help="messages per second")
    parser.add_argument("--minutes", type=float, default=0, help="begin no new state folder after that")
    parser.add_argument("--only", nargs="*", help="these failpoints only")
    parser.add_argument("--peer", choices=["kannel"], help="kill another gateway instead (kannel_campaign.py)")
    parser.add_argument("--store", choices=["file", "spool"], default="file", help="with --peer kannel: its store")
    records.option(parser, "kill")
    arguments = parser.parse_args()
    gateway.programs_are_there()
    gateway.end_in_order_when_told()
    print(f"seed {arguments.seed}", flush=True)
    if arguments.peer:
        sys.exit(kannel_campaign.run(arguments, random.Random(arguments.seed), arguments.kills))
    campaign = Campaign(arguments)
    total = campaign.total
    stopped = False  # by SIGTERM: what was judged until then counts
    try:
        campaign.run(arguments.kills, arguments.only, arguments.minutes)
    except Exception as error:
        total.wrong.append(f"{type(error).__name__}: {error}")
        raise
    except SystemExit:
        stopped = True
        raise
    finally:
        verdict = records.verdict(total.wrong, stopped)
        figures = {**total.figures(), "folders": campaign.folders, "failpoints": len(campaign.asked),
                   "failpoint_kills": sum(campaign.reached.values()),
                   "not_reached": sum((campaign.asked - campaign.reached).values())}
        print("failpoints reached:", json.dumps(dict(sorted(campaign.reached.items()))))
        print(json.dumps(figures))
        if arguments.record:
            records.append("kill", figures, verdict, seed=arguments.seed)
    assert not total.wrong, "\n".join(total.wrong[:10])
    assert total["acknowledged"] >= 10 * total["kills"], "too little load to prove anything"
    print(oracle.rule_of_three(total["kills"], "kills", "an accepted message"))


if __name__ == "__main__":
    main()
