# SPDX-License-Identifier: Apache-2.0
"""One state folder of aldisd and everybody around it, who all live on while the daemon is killed.

Customers are smppload: `demo` at least once, `once` at most once, and `patient`, whose few messages wait through every
kill for an operator that comes at the end. The operator is smscsim. Both are told nothing about the daemon's end.
"""
import dataclasses
import json
import re
import signal
import socket
import subprocess
import time

import gateway
import oracle

PATIENT_MESSAGES = 20
LATENCY_MS = (0, 2, 20)  # of the operator's answers: what is in flight at a kill


@dataclasses.dataclass
class Shape:
    """Settings that a start of the daemon may change."""
    window: int = 10
    lease: int = 20
    links: int = 2
    segment_mib: int = 1
    reserve: int = 2
    in_memory: int = 100_000  # queued messages; the others stand in the journal only

    @staticmethod
    def draw(chance, segment_mib=1):
        window = chance.choice([1, 2, 5, 10, 20, 50])
        return Shape(window=window, lease=chance.randint(window, 200), links=chance.choice([1, 2, 3]),
                     segment_mib=segment_mib, reserve=chance.choice([2, 2, 3, 4]), in_memory=chance.choice([0, 20, 100_000]))

    @staticmethod
    def fast(segment_mib=1):
        """Keeps up with any load of a campaign, however late the operator answers."""
        return Shape(window=50, lease=100, links=3, segment_mib=segment_mib)

    @property
    def bound(self):
        return self.lease * self.links


def told_to_stop(process):
    """Again and again: one that has hardly begun does not hear it yet."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    return process.poll() is not None


class Scene:
    """Makes the operator at once; customers come with the first daemon that is ready."""

    def __init__(self, where, chance, rate, state=None):
        self.where = where
        self.chance = chance
        self.rate = rate
        self.state = state or where / "state"
        self.seed = chance.randrange(1, 1 << 20)
        self.customers = []
        self.loads = {}
        self.kills = []
        self.port = 0
        self.daemon = None
        self.late_socket = socket.socket()  # held, and nobody listens: the operator that comes at the end
        self.late_socket.bind(("127.0.0.1", 0))
        self.late_port = self.late_socket.getsockname()[1]
        self.north = gateway.Smscsim(
            where, "--log", where / "north.tsv", "--inbound-log", where / "inbound.tsv", "--inbound-rate", 40,
            "--latency-ms", chance.choice(LATENCY_MS), "--receipt-delay-ms", 0, 300, "--receipt-first", 0.05,
            "--seed", self.seed, name="north")

    def config(self, shape):
        return gateway.config(
            self.where, {"north": self.north.port, "south": self.late_port}, accounts=("demo", "once", "patient"),
            smpp_port=self.port, state=self.state.relative_to(self.where),
            storage_extra=f", segment_size: {shape.segment_mib}MiB, reserve_segments: {shape.reserve}",
            account_extra={"once": "delivery: at_most_once"},
            operator_extra=f"binds: {{transceiver: {shape.links}}}\n"
                           f"window: {{start: {shape.window}, min: 1, max: {shape.window}}}\n"
                           f"lease: {shape.lease}\nuncertain_hold: 200ms",
            routes="- {name: patient, match: {accounts: [patient]}, candidates: [{operator: south}]}\n"
                   "- {name: all, candidates: [{operator: north}]}",
            extra="inbound: {numbers: [{number: '80010', account: demo}]}\n"
                  f"limits: {{messages_in_memory: {shape.in_memory}}}\n")

    def start(self, shape, failpoint=None, prefix=(), environment=None):
        """A daemon that may die at once (wait_ready, or dies_at); customers keep coming back to its port."""
        environment = dict(environment or {}, **({"ALDIS_FAILPOINT": failpoint} if failpoint else {}))
        self.shape = shape
        self.daemon = gateway.Aldisd(self.where, self.config(shape), environment=environment, wait=False, prefix=prefix)
        return self.daemon

    def wait_ready(self):
        self.daemon.wait_ready()
        if not self.customers:
            self.port = self.daemon.smpp_port
            self.begin_load()

    def begin_load(self):
        # A sender each: of numbers the gateway compares the last eight digits, and those say the message's number here.
        prefixes = {"demo": "4477001", "once": "4477002", "patient": "4477003"}
        for number, (name, prefix) in enumerate(prefixes.items()):
            self.customers.append(oracle.Customer(
                name, self.seed + (number << 20), prefix, self.where / f"{name}.tsv", at_most_once=name == "once",
                receipts=name != "patient"))
        demo, once, patient = self.customers
        totals = gateway.load(self.where, f"127.0.0.1:{self.port}", "--count", PATIENT_MESSAGES, "--no-receipts", "--seed",
                              patient.seed, "--source", "Patient", "--destination-prefix", patient.prefix,
                              "--oracle", patient.path, name="patient", customer="patient:patient")
        patient.submitted = totals["submitted"]
        for customer, share in ((demo, 0.85), (once, 0.15)):
            arguments = ["--target", f"127.0.0.1:{self.port}", "--customer", f"{customer.name}:{customer.name}",
                         "--binds", "2", "--window", str(self.chance.choice([1, 10, 50])), "--count", "0",
                         "--seconds", "36000", "--rate", str(max(1.0, self.rate * share)), "--reconnect",
                         "--seed", str(customer.seed), "--destination-prefix", customer.prefix,
                         "--source", customer.name.capitalize(), "--share-long", "0.05", "--share-ucs2", "0.1",
                         "--oracle", str(customer.path), "--drain-seconds", "60"]
            out = open(self.where / f"{customer.name}.out", "wb")
            self.loads[customer.name] = subprocess.Popen([gateway.program("smppload"), *arguments], stdout=out,
                                                         stderr=subprocess.STDOUT)
            out.close()

    def killed(self, how, shape=None):
        """The daemon is gone; remembers when and what it may have left in doubt."""
        bound = (shape or self.shape).bound
        self.kills.append(oracle.Kill(how, bound, time.time_ns() // 1000))

    def kill(self, how="random"):
        self.daemon.kill()
        self.killed(how)

    def dies_at(self, failpoint, seconds):
        """Waits until the daemon has killed itself; False if the place was not reached in time (then it is killed)."""
        until = time.monotonic() + seconds
        gateway.wait_until(lambda: not self.daemon.running() or time.monotonic() >= until, failpoint, seconds + 10)
        if self.daemon.running():
            self.kill("random")
            return False
        code = self.daemon.stop()
        self.killed(failpoint)
        assert code == -signal.SIGKILL, f"on its way to {failpoint} aldisd ended with {code}:\n{self.daemon.text()[-3000:]}"
        return True

    def finish(self):
        """Heals, drains, stops everybody in order, and returns the report of what all of them saw."""
        shape = Shape.fast(self.shape.segment_mib)
        self.start(shape)
        self.wait_ready()
        self.late_socket.close()
        south = gateway.Smscsim(self.where, "--log", self.where / "south.tsv", "--no-receipts", name="south",
                                listen=f"127.0.0.1:{self.late_port}")
        for load in self.loads.values():
            load.send_signal(signal.SIGINT)
        for load in self.loads.values():
            load.wait(120)
        self.restart(shape)  # and the operator that was away is tried again at once
        patient = self.customers[2]
        gateway.wait_until(lambda: self.lines("south.tsv") >= len(oracle.read_customer([patient.path])[0]),
                           "the patient customer's messages leave", 60)
        self.north.totals()
        self.listen_to_the_last()
        code = self.daemon.stop()
        assert code == 0, f"aldisd ended with {code}: {self.daemon.text()[-3000:]}"
        south.stop()
        return self.judge()

    def restart(self, shape):
        code = self.daemon.stop()
        assert code == 0, f"aldisd ended with {code}: {self.daemon.text()[-3000:]}"
        self.start(shape).wait_ready()

    def lines(self, name):
        path = self.where / name
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def listen_to_the_last(self):
        """demo stays until nothing is owed to it; what it hears is part of its history."""
        listener = subprocess.Popen(
            [gateway.program("smppload"), "--target", f"127.0.0.1:{self.daemon.smpp_port}", "--customer", "demo:demo",
             "--customer", "once:once", "--count", "0", "--seconds", "36000", "--rate", "0.0001", "--no-receipts", "--reconnect",
             "--oracle", str(self.where / "listener.tsv")], stdout=subprocess.DEVNULL)
        try:
            gateway.wait_until(lambda: self.daemon.metric("aldis_owed_items") == 0, "everything owed is delivered", 60)
            gateway.wait_until(lambda: told_to_stop(listener), "the listener stops", 30)
        finally:
            listener.kill()
            listener.wait()

    def judge(self):
        for customer in self.customers:
            if customer.name in self.loads:
                text = (self.where / f"{customer.name}.out").read_text()
                customer.submitted = json.loads(text.strip().splitlines()[-1])["submitted"]
        flagged = len(re.findall(r" message\.resent .*uncertain=true", self.daemon.text()))
        histories = oracle.Histories(
            self.customers, [self.where / "north.tsv", self.where / "south.tsv"], self.kills,
            more_receipts=[self.where / "listener.tsv"], inbound_log=self.where / "inbound.tsv", flagged=flagged)
        return histories.judge()

    def verify(self):
        """aldisctl's word on the journal, once the daemon has stopped."""
        done = subprocess.run([gateway.program("aldisctl"), "journal", "verify", str(self.state / "journal")],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"aldisctl journal verify: {done.returncode}\n{done.stdout[-2000:]}{done.stderr}"

    def close(self):
        """Whatever still runs is ended; for the way out of a failure."""
        for load in self.loads.values():
            if load.poll() is None:
                load.kill()
                load.wait()
        self.late_socket.close()
