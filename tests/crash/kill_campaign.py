#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills aldisd with SIGKILL at random moments under load and compares what customers and operators saw.

usage: kill_campaign.py [--kills N] [--seed N] [--rate N]

The customer's history is smppload's oracle (every id accepted, every receipt), the operator's is smscsim's log (every
message received). Both outlive the kills; the gateway's own counters are not asked. Must hold (CONTRACT D1, D3, D5, D7):
  lost 0              every accepted message reached the operator
  receipts lost 0     every accepted message got a final receipt
  duplicates          at most lease per link and kill, and each one flagged as an uncertain resend
  unexpected 0        nothing reached the operator that no customer sent
"""
import argparse
import collections
import json
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402

LINKS = 2


def token_of(body_hex):
    body = bytes.fromhex(body_hex)
    found = re.search(rb"~([0-9a-v]{13})", body) or re.search(rb"\x00~((?:\x00[0-9a-v]){13})", body)
    return int(found.group(1).replace(b"\x00", b"").decode(), 32) if found else None


def read_oracle(path):
    accepted, receipts = {}, collections.Counter()
    for line in path.read_text().splitlines():
        kind, *fields = line.split("\t")
        if kind == "A":
            accepted[int(fields[0])] = fields[1].lower()
        elif kind == "R":
            receipts[fields[0].lower()] += 1
    return accepted, receipts


def campaign(where, kills, rate, chance):
    window = chance.choice([5, 10, 50])
    lease = 2 * window
    sim = gateway.Smscsim(where, "--log", where / "operator.tsv", "--receipt-delay-ms", 0, 300, "--receipt-first", 0.05,
                          "--seed", chance.randrange(1 << 30))
    yaml = {}

    def start(port):
        yaml["text"] = gateway.config(
            where, {"north": sim.port}, smpp_port=port, storage_extra=", segment_size: 1MiB, reserve_segments: 2",
            operator_extra=f"binds: {{transceiver: {LINKS}}}\nwindow: {{start: {window}, min: 1, max: {window}}}\n"
                           f"lease: {lease}\nuncertain_hold: 200ms")
        return gateway.Aldisd(where, yaml["text"])

    daemon = start(0)
    port = daemon.smpp_port
    seed = chance.randrange(1, 1 << 20)
    load = subprocess.Popen(
        [gateway.program("smppload"), "--target", f"127.0.0.1:{port}", "--customer", "demo:demo", "--binds", "2", "--window", "50",
         "--count", "0", "--seconds", "36000", "--rate", str(rate), "--reconnect", "--seed", str(seed), "--share-long", "0.05",
         "--share-ucs2", "0.1", "--oracle", str(where / "customer.tsv"), "--drain-seconds", "60"],
        stdout=open(where / "load.out", "wb"), stderr=subprocess.STDOUT)
    try:
        for kill in range(kills):
            pause = time.monotonic() + chance.uniform(0.05, 1.2)
            gateway.wait_until(lambda: time.monotonic() >= pause, "the next kill", 10)
            daemon.kill()
            daemon = start(port)
            if chance.random() < 0.1:  # again, in or right after recovery
                daemon.kill()
                daemon = start(port)
        load.send_signal(signal.SIGINT)
        load.wait(90)
    finally:
        if load.poll() is None:
            load.kill()
            load.wait()
        code = daemon.stop()
    assert code == 0, f"aldisd ended with {code}: {daemon.text()[-2000:]}"
    totals = json.loads((where / "load.out").read_text().strip().splitlines()[-1])
    operator = sim.totals()
    return totals, operator, lease, daemon.text()


def judge(where, kills, totals, lease, log):
    accepted, receipts = read_oracle(where / "customer.tsv")
    seen = collections.Counter()
    bodies = collections.defaultdict(collections.Counter)
    unexpected = 0
    for line in (where / "operator.tsv").read_text().splitlines():
        fields = line.split("\t")
        token = token_of(fields[7])
        if token is None:  # a later part of a long message: told apart by its concatenation header
            continue
        seen[token] += 1
        bodies[token][fields[7]] += 1
    submitted = totals["submitted"]
    unexpected = sum(1 for token in seen if (token & ((1 << 40) - 1)) >= submitted)
    lost = [token for token in accepted if token not in seen]
    receipts_lost = [token for token, public_id in accepted.items() if receipts[public_id] == 0]
    duplicated = sum(count - 1 for count in seen.values())
    flagged = len(re.findall(r" message\.resent .*uncertain=true", log))
    bound = lease * LINKS * max(1, kills * 11 // 10 + 1)
    report = {"kills": kills, "submitted": submitted, "accepted": len(accepted), "lost": len(lost),
              "receipts_lost": len(receipts_lost), "duplicated": duplicated, "bound": bound, "flagged": flagged,
              "recovered": sum(1 for token in seen if token not in accepted), "unexpected": unexpected,
              "receipts_repeated": sum(count - 1 for count in receipts.values() if count > 1)}
    print(json.dumps(report))
    assert not lost, f"accepted and lost: {lost[:5]}"
    assert not receipts_lost, f"accepted without a receipt: {[hex(t) for t in receipts_lost[:5]]}"
    assert unexpected == 0, "the operator got what nobody sent"
    assert duplicated <= bound, f"{duplicated} duplicates, the bound is {bound}"
    assert duplicated <= flagged, f"{duplicated} duplicates, {flagged} resends flagged"
    assert len(accepted) >= kills * 10, "too little load to prove anything"
    print(f"0 of {len(accepted)} accepted messages lost in {kills} kills: with 95 % confidence fewer than "
          f"{100 * 3 / kills:.2g} % of kills lose one (rule of three)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=2000)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with gateway.folder("kill") as where:
        totals, operator, lease, log = campaign(where, arguments.kills, arguments.rate, random.Random(arguments.seed))
        print("customer", json.dumps(totals))
        print("operator", json.dumps(operator))
        judge(where, arguments.kills, totals, lease, log)


if __name__ == "__main__":
    main()
