#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bit rot: a journal that the real daemon wrote, started from with each bit of a segment wrong in turn.

usage: bitflip_campaign.py [--step OCTETS] [--jobs N] [--record]

The daemon takes messages of all kinds and is killed once a later segment says that the first one was durable. Then
journal_flips, over the daemon's own recovery, flips every bit of every --step'th octet of that segment: a start must refuse
and name the record, or show the same records as before (octets that nothing reads). One bit of each octet comes before the
next bit of any. --step 1 takes an hour or more of CPU; SIGTERM ends it with what was done. --record leaves a line in
docs/reliability/bits.jsonl.
"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "support"), str(pathlib.Path(__file__).resolve().parent)]
import gateway  # noqa: E402
import records  # noqa: E402

SEGMENT = 1 << 20
PIECE = SEGMENT // 64  # of a segment, for one run of journal_flips
WRITTEN = int(2.2 * SEGMENT)  # position in the journal, whose first segment is number 1: the second one proves it


def write_journal(where):
    """What a busy minute writes: long and short texts, refusals, receipts of all kinds, some missing, messages from handsets."""
    sim = gateway.Smscsim(where, "--receipt-never", 0.1, "--receipt-first", 0.1, "--undeliverable", 0.1, "--inbound-rate", 50,
                          "--error", "ESME_RSUBMITFAIL=0.05")
    yaml = gateway.config(where, {"north": sim.port}, storage_extra=gateway.SMALL_JOURNAL)
    daemon = gateway.Aldisd(where, yaml)
    seed = 0
    while daemon.metric("aldis_journal_durable_lsn") < WRITTEN:
        seed += 1
        gateway.load(where, daemon.smpp, "--count", 200, "--share-long", 0.1, "--share-ucs2", 0.2, "--drain-seconds", 0.3,
                     "--seed", seed, check=False)
    daemon.kill()
    sim.stop()
    return where / "state" / "journal"


class Flips:
    """The counts of all pieces of the segment; what was not begun when the campaign was stopped is missing in them."""

    def __init__(self, journal, step):
        self.journal = journal
        self.step = step
        self.counts = collections.Counter({key: 0 for key in ("bits", "refused", "identical", "misnamed", "silent")})
        self.same = {}
        self.said = []

    def piece(self, turn, begin):
        first = -(-begin // self.step) * self.step
        command = [gateway.BUILD / "tests" / "journal_flips", self.journal, "--from", first, "--to", begin + PIECE, "--step",
                   self.step, "--turn", turn]
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        assert run.returncode in (0, 1), f"journal_flips ended with {run.returncode}: {run.stderr}"
        return json.loads(run.stdout), run.stderr

    def run(self, jobs):
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            try:
                pieces = [pool.submit(self.piece, turn, at) for turn in range(8) for at in range(0, SEGMENT, PIECE)]
                for done in concurrent.futures.as_completed(pieces):
                    answer, said = done.result()
                    self.same = {key: answer.pop(key) for key in ("records", "segment_octets")}
                    self.counts.update(answer)
                    self.said += said.splitlines()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def wrong(self):
        return self.counts["silent"] + self.counts["misnamed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=997)
    parser.add_argument("--jobs", type=int, default=1)
    records.option(parser, "bits")
    arguments = parser.parse_args()
    gateway.end_in_order_when_told()
    with gateway.folder("bitflip") as where:
        flips = Flips(write_journal(where), arguments.step)
        stopped = False
        try:
            flips.run(arguments.jobs)
        except SystemExit:
            stopped = True
            raise
        finally:
            figures = {**flips.counts, **flips.same}
            print(json.dumps(figures))
            if arguments.record:
                records.append("bits", figures, records.verdict(flips.wrong(), stopped))
        assert flips.wrong() == 0, "flipped bits were not found, or found elsewhere:\n" + "\n".join(flips.said[:10])
        assert figures["bits"] == 8 * len(range(0, SEGMENT, arguments.step))


if __name__ == "__main__":
    main()
