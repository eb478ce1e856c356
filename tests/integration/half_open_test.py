#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers that are gone and do not say so: noticed in time, and what was under way goes out when they are back.

usage: half_open_test.py [--enquire S] [--response S] [--rounds N] [--record]

Operators and customers fall silent, idle ones and ones with messages under way. Half of them are frozen (SIGSTOP: the kernel
still acknowledges), the others sit behind a cable that is cut (an address taken out of a network namespace: no packet comes
back; needs root). Rounds differ in how long all had been quiet before, and in whether they stay away for longer than doubt is
held. With --record the timers are the defaults, and docs/reliability/half_open.jsonl gets a line.
"""
import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
import records  # noqa: E402
from smpp_pdu import BIND_RECEIVER, BIND_TRANSMITTER, bind_body, pdu, pop  # noqa: E402

CLONE_NEWNET = 0x40000000
DEFAULTS = (30, 10)  # enquire_link, enquire_link_response
LIMIT = 45           # seconds, with these
UNDER_WAY = 20       # messages, on each busy link
AWAY = 20            # seconds, in every second round: longer than what is in doubt is held before it is sent again


class Cable:
    """A network namespace behind a pair of interfaces. Cut: its address is gone, so nothing answers and nothing is refused."""

    def __init__(self):
        number = os.getpid() % 16384
        self.name = f"aldis-{os.getpid()}"
        self.near = f"10.213.{number // 64}.{number % 64 * 4 + 1}"
        self.far = f"10.213.{number // 64}.{number % 64 * 4 + 2}"
        self.ends = (f"al{number}a", f"al{number}b")
        self.libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self):
        near, far = self.ends
        self.ip("netns", "add", self.name)
        try:
            self.ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
            self.ip("addr", "add", f"{self.near}/30", "dev", near)
            self.ip("link", "set", near, "up")
            self.ip("-n", self.name, "link", "set", "lo", "up")
            self.ip("-n", self.name, "link", "set", far, "up")
            self.join()
            # Who has an address is settled once, or the kernel would notice its absence for us.
            hardware = json.loads(self.ip("-n", self.name, "-j", "link", "show", far))[0]["address"]
            self.ip("neigh", "replace", self.far, "lladdr", hardware, "dev", near, "nud", "permanent")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.ends[0]], check=False, capture_output=True)

    @staticmethod
    def ip(*words):
        run = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"ip {' '.join(words)}: {run.stderr}"
        return run.stdout

    def join(self):
        self.ip("-n", self.name, "addr", "add", f"{self.far}/30", "dev", self.ends[1])

    def cut(self):
        self.ip("-n", self.name, "addr", "del", f"{self.far}/30", "dev", self.ends[1])

    @contextlib.contextmanager
    def inside(self):
        """What is started, and which sockets are made, meanwhile, is at the far end."""
        with open("/proc/self/ns/net", encoding="ascii") as home, open(f"/run/netns/{self.name}", encoding="ascii") as there:
            assert self.libc.setns(there.fileno(), CLONE_NEWNET) == 0
            try:
                yield
            finally:
                assert self.libc.setns(home.fileno(), CLONE_NEWNET) == 0


def bound_customer(address, command, user):
    link = socket.create_connection(address, timeout=10)
    link.sendall(pdu(command, bind_body(user)))
    octets = b""
    while (answer := pop(octets)[0]) is None:
        octets += link.recv(4096)
    assert answer[1] == 0, f"bind {answer[1]:#x}"
    return link


class Scene:
    """A daemon with a silent-to-be operator of each kind, and customers of both kinds."""

    def __init__(self, where, cable, enquire, response):
        self.cable = cable
        self.sims = {}
        for kind in ("idle", "busy"):
            self.sims[f"frozen-{kind}"] = gateway.Smscsim(where, name=f"frozen-{kind}")
            if cable:
                with cable.inside():
                    self.sims[f"cut-{kind}"] = gateway.Smscsim(where, name=f"cut-{kind}", listen=f"{cable.far}:0")
        routes = "\n".join(f"- {{name: {name}, match: {{accounts: [{name}]}}, candidates: [{{operator: {name}}}]}}"
                           for name in self.sims)
        timers = f"{{enquire_link: {enquire}s, enquire_link_response: {response}s}}"
        yaml = gateway.config(where, {name: sim.port for name, sim in self.sims.items()}, accounts=(*self.sims, "quiet"),
                              routes=routes, operator_extra=f"timers: {timers}", storage_extra=gateway.SMALL_JOURNAL)
        for name in self.sims:
            if name.startswith("cut"):
                yaml = yaml.replace(f'"127.0.0.1:{self.sims[name].port}"', f'"{self.sims[name].address}"')
        near = f'\n    - {{name: near, address: "{cable.near}:0"}}' if cable else ""
        yaml = yaml.replace('"127.0.0.1:0"}\nhttp:', f'"127.0.0.1:0"}}{near}\n  timers: {timers}\nhttp:')
        yaml = yaml.replace('allow_ips: ["127.0.0.0/8"]', 'allow_ips: ["127.0.0.0/8", "10.213.0.0/16"]')
        self.daemon = gateway.Aldisd(where, yaml)
        self.where = where
        gateway.wait_until(lambda: self.daemon.metric("aldis_link_up") == len(self.sims), "the links are bound")
        self.customers = {"rx": bound_customer(("127.0.0.1", self.daemon.smpp_port), BIND_RECEIVER, "quiet")}
        if cable:
            with cable.inside():
                port = int(self.daemon.ports["smpp"]["near"].rsplit(":", 1)[1])
                self.customers["tx"] = bound_customer((cable.near, port), BIND_TRANSMITTER, "quiet")

    def fall_silent(self):
        for name, sim in self.sims.items():
            if name.startswith("frozen"):
                sim.process.send_signal(signal.SIGSTOP)
        if self.cable:
            self.cable.cut()
        for name in self.sims:
            if name.endswith("busy"):
                totals = gateway.load(self.where, self.daemon.smpp, "--count", UNDER_WAY, "--no-receipts", "--drain-seconds", 1,
                                      customer=f"{name}:{name}")
                assert totals["accepted"] == UNDER_WAY, totals

    def still_there(self):
        there = {f"operator {name}" for name in self.sims if self.daemon.metric("aldis_link_up", operator=name) > 0}
        return there | {f"customer {'frozen' if type == 'rx' else 'cut'}" for type in self.customers
                        if self.daemon.metric("aldis_sessions", type=type) > 0}

    def noticed_after(self, seconds):
        """Seconds from the silence on until the daemon has given up each peer."""
        began = time.monotonic()
        self.fall_silent()
        waiting = self.still_there()
        after = {}

        def look():
            for name in waiting - self.still_there():
                after[name] = round(time.monotonic() - began, 2)
                waiting.discard(name)
            return not waiting
        gateway.wait_until(look, "all are noticed", seconds)
        return after

    def come_back(self, away):
        """What was under way is delivered, `away` seconds after all were noticed; how many of it twice."""
        wait(away)
        if self.cable:
            self.cable.join()
        for sim in self.sims.values():
            sim.process.send_signal(signal.SIGCONT)
        busy = sum(name.endswith("busy") for name in self.sims)
        gateway.wait_until(lambda: self.daemon.metric("aldis_messages_pending") == 0, "what was under way is final", 180)
        delivered = self.daemon.metric("aldis_messages_final_total", status="delivered")
        flagged = self.daemon.metric("aldis_resends_total")
        assert self.daemon.stop(seconds=60) == 0
        twice = sum(sim.totals()["accepted"] for sim in self.sims.values()) - busy * UNDER_WAY
        return busy * UNDER_WAY - int(delivered), twice, int(flagged)

    def close(self):
        for sim in self.sims.values():
            if sim.running():
                sim.process.send_signal(signal.SIGCONT)
                sim.stop()


def wait(seconds):
    moment = time.monotonic() + seconds
    gateway.wait_until(lambda: time.monotonic() >= moment, f"{seconds:g} s", seconds + 10)


def one_round(cable, arguments, quiet, away):
    with gateway.folder("half-open") as where:
        scene = Scene(where, cable, arguments.enquire, arguments.response)
        try:
            wait(quiet)
            after = scene.noticed_after(4 * (arguments.enquire + arguments.response) + 60)
            lost, twice, flagged = scene.come_back(away)
        finally:
            scene.close()
    print(f"     quiet for {quiet:.0f} s before, away for {away} s more; noticed after {after}; {lost} lost, {twice} sent twice, "
          f"{flagged} flagged", flush=True)
    return after, lost, twice, flagged


def h20_half_open(arguments):
    cable = Cable() if os.geteuid() == 0 and pathlib.Path("/usr/sbin/ip").exists() else None
    if cable is None:
        print("     without root no cable is cut: frozen peers only")
    got = []
    with cable or contextlib.nullcontext():
        for number in range(arguments.rounds):
            away = AWAY if number % 2 else 0
            got.append(one_round(cable, arguments, number * arguments.enquire / arguments.rounds, away))
    slowest = {name: max(after[name] for after, *_ in got) for name in sorted(got[0][0])}
    return {"rounds": len(got), "peers": sum(len(after) for after, *_ in got), "slowest_s": max(slowest.values()),
            "slowest": slowest, "under_way": len(got) * UNDER_WAY * sum(name.endswith("busy") for name in slowest),
            **{key: sum(one[at] for one in got) for at, key in ((1, "lost"), (2, "sent_twice"), (3, "flagged"))}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enquire", type=int, help="seconds of silence before enquire_link; 5 without it")
    parser.add_argument("--response", type=int, help="seconds that its answer may take; 2 without it")
    parser.add_argument("--rounds", type=int, default=1)
    records.option(parser, "half_open")
    arguments = parser.parse_args()
    if arguments.record and (arguments.enquire or arguments.response):
        parser.error("--record takes the gateway's default timers: not with --enquire or --response")
    gateway.end_in_order_when_told()
    enquire, response = DEFAULTS if arguments.record else (5, 2)
    arguments.enquire, arguments.response = arguments.enquire or enquire, arguments.response or response
    figures = h20_half_open(arguments)
    print(json.dumps(figures))
    limit = LIMIT if arguments.record else arguments.enquire + arguments.response + 5
    wrong = figures["slowest_s"] > limit or figures["lost"] > 0 or figures["sent_twice"] > figures["flagged"]
    if arguments.record:
        records.append("half_open", figures, records.verdict(wrong))
    assert not wrong, f"noticed within {limit} s, nothing lost, what went twice flagged"
    print("ok   h20 half open", flush=True)


if __name__ == "__main__":
    main()
