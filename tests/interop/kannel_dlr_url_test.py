#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A dlr-url with every escape, called by Kannel 1.4.5 and by us for the same receipt: the same request.

Kannel is bound to smscsim by itself. What only it can know, its message id, the times and the operator's id and receipt,
is read from its own call and given to our side; everything else is ours.

usage: kannel_dlr_url_test.py --program kannel_calls
"""
import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from kannel_customer_test import SKIP, Asked, Kannel, box_program, gateway  # noqa: E402

TEST = "interop_kannel_dlr_url"
ESCAPES = "dAbkpPqQiIFtTnoBRDcmMCOuvVfazxyZ0"
TAIL = "&words=%k-%s-%S-%s-%r&meta=%#smpp#dlr_err#&none=%#smpp#other#&percent=100%%&space=a%20b&cut=%#smpp"
TO, FROM, ACCOUNT, BINFO = "0044770010", "Aldis & Co", "a/c 7", "svc=1"
REFUSED = 0x45


class Caught(Asked):
    """Every path that was asked for, by the name in it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.paths = collections.defaultdict(list)
        super().__init__()

    def on_path(self, path):
        with self.lock:
            self.paths[urllib.parse.urlsplit(path).path.strip("/")].append(path)

    def of(self, name):
        with self.lock:
            return list(self.paths.get(name, ()))


def raw_fields(path):
    """name -> value, still escaped."""
    return dict(pair.partition("=")[::2] for pair in path.partition("?")[2].split("&"))


def ours(program, url, path):
    """Our call for the event that Kannel's call tells of."""
    fields = raw_fields(path)
    plain = {name: urllib.parse.unquote_plus(value) for name, value in fields.items()}
    kind = plain["e_d"]
    receipt = plain["e_A"] if kind in ("1", "2") else ""
    err = receipt.partition(" err:")[2].split(" ")[0]
    status = str(REFUSED) if kind == "16" else "0"
    line = "\t".join([kind, url, TO, FROM, "aldis", "test", "demo", receipt, err, status,
                      plain["e_I"].replace("-", ""), plain["e_F"], plain["e_T"]])
    done = subprocess.run([program], input=line + "\n", capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.rstrip("\n")


def run(where, program, name, undeliverable):
    sim = gateway.Smscsim(where, "--receipt-delay-ms", 300, 400, "--undeliverable", undeliverable, "--reject-text",
                          "REFUSE", name=f"{name}-smscsim")
    caught = Caught()
    kannel = None
    compared = []
    try:
        kannel = Kannel(where, name, sim.port, caught.port, True)
        wanted = {f"{name}-sent": ("hello", 2), f"{name}-refused": ("REFUSE this", 1)}
        urls = {}
        for label, (text, _) in wanted.items():
            escapes = "&".join(f"e_{escape}=%{escape}" for escape in ESCAPES)
            urls[label] = f"http://127.0.0.1:{caught.port}/{label}?{escapes}{TAIL}"
            status, said = kannel.get({"username": "test", "password": "test", "from": FROM, "to": TO, "text": text,
                                       "dlr-mask": "31", "dlr-url": urls[label], "account": ACCOUNT, "binfo": BINFO})
            assert status == 202, (status, said)
        gateway.wait_until(lambda: all(len(caught.of(label)) >= count for label, (_, count) in wanted.items()),
                           "Kannel calls its dlr-urls", 60)
        for label in wanted:
            for path in caught.of(label):
                theirs = f"http://127.0.0.1:{caught.port}{path}"
                mine = ours(program, urls[label], path)
                kind = raw_fields(path)["e_d"]
                different = {escape: (value, raw_fields(mine).get(escape)) for escape, value in raw_fields(theirs).items()
                             if value != raw_fields(mine).get(escape)}
                assert mine == theirs, f"type {kind}: (Kannel's, ours): {different}"
                compared.append(int(kind))
    finally:
        if kannel:
            kannel.stop()
        sim.stop()
        caught.stop()
    return compared


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = parser.parse_args().program
    if not box_program("bearerbox") or not box_program("smsbox"):
        print(f"SKIP {TEST}: kannel is not installed (tools/deps interop)")
        return SKIP
    with tempfile.TemporaryDirectory(prefix="aldis-dlr-url-") as folder:
        where = pathlib.Path(folder)
        compared = run(where, program, "delivered", 0) + run(where, program, "failed", 1)
    assert sorted(compared) == [1, 2, 8, 8, 16, 16], compared
    print(f"ok  types {sorted(set(compared))}: each call is Kannel's, {len(ESCAPES)} escapes and more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
