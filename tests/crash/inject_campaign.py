#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets the N-th system call of a kind fail under aldisd (strace -e inject) and compares what customers and operators saw.

usage: inject_campaign.py [--every [--calls-max N] [--record]] [--seed N] [--only CALL...]

The plain run takes about forty points; --every takes N = 1, 2, ... of each pair of call and error until a run of four seconds
under load no longer comes to it, or N is --calls-max: there is no last write under load. At the end it says which pairs it
covered and which it left off. strace counts per call and per thread. One start of the daemon is one point, in one state folder.

Must hold (CONTRACT D1, D12, H10, H29): a journal that cannot be written or synced stops the daemon at once with exit status
74 (before it is ready: 73 or 74, with a sentence); nothing dies by a signal; what is no matter of the journal (accept4,
connect) is survived without spinning; after all, nothing accepted, no receipt and no inbound message is lost. An error that
was not injected is a failure. The error is injected, the page is not dropped: that part is the simulated disk's.
--every --record leaves a line in docs/reliability/inject.jsonl.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
import records  # noqa: E402
from scene import Scene, Shape  # noqa: E402

SKIP = 77
STORE_FAILED, NO_DIRECTORY, BAD_START = 74, 73, 2
NO_LIBRARY = 127  # the loader of shared libraries makes calls of its own before main()
LOADED_FOR = 4.0  # seconds of load in which a call must have come
SURVIVED_FOR = 0.3  # seconds of load behind an error that is to be survived
RENAMES = "rename,renameat,renameat2"

# Call, error, how the daemon answers once it is ready ("stops": 74; "lives"; "either"), and the N of the plain run.
PAIRS = [
    ("fdatasync", "EIO", "stops", (1, 2, 3, 4, 5, 8, 13, 60)),
    ("fsync", "EIO", "stops", (1, 2)),
    ("pwrite64", "EIO", "stops", (1, 2, 3, 5, 9, 14, 20, 90)),
    ("pread64", "EIO", "stops", (3, 4, 6, 9)),
    (RENAMES, "EIO", "stops", (1, 2)),
    ("pwrite64", "ENOSPC", "either", (1, 2, 4, 10, 60)),  # while a segment is prepared it is no error
    ("mkdir", "ENOSPC", "stops", (1, 2)),
    ("openat", "EMFILE", "either", (12, 18, 20, 25, 40)),
    ("accept4", "EMFILE", "lives", (1, 2)),
    ("accept4", "ENFILE", "lives", (1,)),
    ("connect", "ETIMEDOUT", "lives", (1, 2)),
]
SPIN_CPU_MAX = 0.2  # share of a core while every accept4 fails, strace's stops included


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Campaign:
    def __init__(self, chance, scene):
        self.chance = chance
        self.scene = scene
        self.log = scene.where / "strace.log"
        self.fired = collections.Counter()
        self.exits = collections.Counter()
        self.covered = []    # pairs of which --every came to the last call
        self.left_off = []   # pairs of which it did not
        self.wrong = []

    def begin(self, calls, error, when):
        self.log.unlink(missing_ok=True)
        # -D: strace is the grandchild, so that aldisd's pid and exit status are our child's.
        prefix = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", str(self.log), "-e", f"trace={calls}",
                  "-e", f"inject={calls}:error={error}:when={when}"]
        return self.scene.start(Shape.draw(self.chance), prefix=prefix)

    def injected(self):
        return self.log.exists() and "(INJECTED)" in self.log.read_text(errors="replace")

    def point(self, calls, error, answer, number):
        """One start. Returns whether the call was come to."""
        daemon = self.begin(calls, error, number)
        ready_at = None

        def settled():
            nonlocal ready_at
            if not daemon.running():
                return True
            if ready_at is None and daemon.ports_path.exists():
                self.scene.wait_ready()
                ready_at = time.monotonic()
            limit = SURVIVED_FOR if self.injected() and answer != "stops" else LOADED_FOR
            return ready_at is not None and time.monotonic() - ready_at > limit
        gateway.wait_until(settled, f"{calls} {error} {number}", 60)
        name = f"{calls.split(',')[-1]} {error} {number}"
        if daemon.running():
            fired = self.injected()
            self.scene.kill(name)
            if fired and answer == "stops":
                self.wrong.append(f"{name}: aldisd went on")
            return self.count(calls, error, fired, "lives")
        code = daemon.stop()
        self.scene.killed(name)
        fired = self.injected()
        allowed = {STORE_FAILED} if ready_at is not None else {STORE_FAILED, NO_DIRECTORY, BAD_START, NO_LIBRARY}
        if not fired or code not in allowed or answer == "lives":
            self.wrong.append(f"{name}: aldisd ended with {code}{'' if fired else ', and nothing was injected'}:\n"
                              + daemon.text()[-600:])
        return self.count(calls, error, fired, code)

    def count(self, calls, error, fired, how):
        if fired:
            self.fired[f"{calls.split(',')[-1]} {error}"] += 1
            self.exits[str(how)] += 1
        return fired

    def spin(self):
        """Every accept fails for a while: the listener waits, and nobody's core burns."""
        daemon = self.begin("accept4", "EMFILE", "1+")
        daemon.wait_ready()
        gateway.wait_until(self.injected, "an accept fails", 20)
        began, used = time.monotonic(), cpu_seconds(daemon.pid)
        gateway.wait_until(lambda: time.monotonic() - began > 1.0, "a second of failing accepts", 10)
        share = (cpu_seconds(daemon.pid) - used) / (time.monotonic() - began)
        self.scene.kill("accept4 EMFILE 1+")
        self.count("accept4", "EMFILE", True, "lives")
        if share > SPIN_CPU_MAX:
            self.wrong.append(f"with every accept4 failing aldisd used {100 * share:.0f} % of a core")

    def plain(self, pairs):
        for calls, error, answer, numbers in pairs:
            for number in numbers:
                if not self.point(calls, error, answer, number):
                    self.wrong.append(f"{calls} {error} {number}: never came")

    def every(self, pairs, calls_max):
        for calls, error, answer, _ in pairs:
            number = 1
            while number <= calls_max and self.point(calls, error, answer, number):
                number += 1
            name = f"{calls.split(',')[-1]} {error}"
            if number > calls_max:
                self.left_off.append(name)
                print(f"{name}: the first {calls_max} calls; left off there, later ones are not covered", flush=True)
                continue
            self.covered.append(name)
            print(f"{name}: all {number - 1} calls that came", flush=True)
            if number == 1:
                self.wrong.append(f"{name}: never came")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", action="store_true", help="every N of every call")
    parser.add_argument("--calls-max", type=int, help="with --every: the highest N, 200 without it")
    records.option(parser, "inject")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=400, help="messages per second")
    parser.add_argument("--only", nargs="*", default=[], help="these calls only")
    arguments = parser.parse_args()
    if (arguments.calls_max or arguments.record) and not arguments.every:
        parser.error("--calls-max and --record are of --every")
    if arguments.record and arguments.only:
        parser.error("--record is of all calls: not with --only")
    calls_max = arguments.calls_max or 200
    if not shutil.which("strace"):
        print("SKIP inject: needs strace")
        sys.exit(SKIP)
    gateway.programs_are_there()
    gateway.end_in_order_when_told()
    print(f"seed {arguments.seed}", flush=True)
    pairs = [pair for pair in PAIRS if not arguments.only or pair[0].split(",")[-1] in arguments.only]
    chance = random.Random(arguments.seed)
    with gateway.folder("inject") as where:
        scene = Scene(where, chance, arguments.rate)
        campaign = Campaign(chance, scene)
        try:
            scene.start(Shape.draw(chance))
            scene.wait_ready()
            scene.kill()
            campaign.every(pairs, calls_max) if arguments.every else campaign.plain(pairs)
            if not arguments.only:
                campaign.spin()
            report = scene.finish()
            scene.verify()
        finally:
            scene.close()
        campaign.wrong += report.wrong
        figures = {**report.figures(), "points": sum(campaign.fired.values()), "fired": dict(campaign.fired),
                   "ends": dict(campaign.exits)}
        print(json.dumps(figures))
        if arguments.record:
            records.append("inject", {**figures, "calls_max": calls_max, "left_off": campaign.left_off},
                           records.verdict(campaign.wrong), seed=arguments.seed)
        assert not campaign.wrong, "\n".join(campaign.wrong[:10])
    if arguments.every:
        print(f"every call that came in {LOADED_FOR:g} s of load: {', '.join(campaign.covered) or 'none'}")
        print(f"only the first {calls_max}: {', '.join(campaign.left_off) or 'none'}")
    print(f"{figures['points']} errors injected, nothing lost")


if __name__ == "__main__":
    main()
