# SPDX-License-Identifier: Apache-2.0
"""Debian's Kannel under the oracle of the kill and power campaigns: kill_campaign.py --peer kannel --store file|spool, and
power_campaign.py with the same words.

bearerbox is killed with SIGKILL, or its disk cut off from power, under load and started again; the operator (smscsim) lives
on. smsbox, which answers the HTTP requests of its customers, is stopped in order meanwhile: by itself it would look for
bearerbox only ten seconds later.
A message counts as acknowledged when sendsms answered 202 "Accepted for delivery", which smsbox says once bearerbox has
the message (its default). Texts and destinations are those of the other campaigns, so that the same oracle judges what the
operator received. Receipts are not asked for: without a database Debian's Kannel keeps what it knows about them in memory.
Nobody is blamed: the figures are published whichever way they fall.
"""
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import gateway
import oracle
import records

PREFIX = "4477005"
BASE32 = "0123456789abcdefghijklmnopqrstuv"
SENDERS = 8  # threads of the customer, one request each at a time
LATENCY_MS = 100  # with the window below, the operator takes less than the customer sends: some always wait
QUIET_FOR = 5.0  # seconds without a message to the operator: it has sent what it has

CONFIG = """group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = test
smsbox-port = {smsbox}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
dlr-storage = internal
store-type = {store}
store-location = {store_path}

group = smsc
smsc = smpp
smsc-id = north
host = 127.0.0.1
port = {operator}
transceiver-mode = true
smsc-username = aldis
smsc-password = secret
system-type = ""
interface-version = 34
reconnect-delay = 1
max-pending-submits = {window}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = test
password = test
max-messages = 1
concatenation = false
"""


def text_of(token):
    digits = ""
    for _ in range(13):
        digits = BASE32[token & 31] + digits
        token >>= 5
    return f"~{digits} the quick brown fox"


class Customer:
    """Sends as fast as it is answered, at most `rate` a second, and remembers what was accepted."""

    def __init__(self, port, seed, rate, path):
        self.port, self.seed, self.pause = port, seed, SENDERS / rate
        self.path = path
        self.lock = threading.Lock()
        self.submitted = 0
        self.accepted = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.wait(self.pause):
            with self.lock:
                number = self.submitted
                self.submitted += 1
            token = self.seed << 40 | number
            fields = {"username": "test", "password": "test", "from": "Aldis", "text": text_of(token),
                      "to": f"{PREFIX}{number:0{oracle.NUMBER_DIGITS}d}"}
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/cgi-bin/sendsms?" + urllib.parse.urlencode(fields))
                answer = connection.getresponse()
                said = answer.read()
                connection.close()
            except OSError:
                continue
            except http.client.HTTPException:
                continue
            if answer.status == 202 and b"Accepted" in said:
                with self.lock:
                    self.accepted.append(token)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(20)
        self.path.write_text("".join(f"A\t{token}\t{token:x}\n" for token in self.accepted))


def box(where, program, config):
    return gateway.Process([shutil.which(program) or f"/usr/sbin/{program}", "-v", "1", str(config)], where, program)


def version():
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "kannel"], capture_output=True, text=True)
    return done.stdout or "unknown"


class Campaign:
    def __init__(self, where, chance, store, rate, window, disk=None):
        self.disk = disk
        self.where, self.chance = where, chance
        self.operator_log = where / "north.tsv"
        self.north = gateway.Smscsim(where, "--log", self.operator_log, "--no-receipts", "--latency-ms", LATENCY_MS, name="north")
        admin, smsbox, sendsms = gateway.free_ports(3)
        store_path = (disk.mount_point if disk else where) / ("store" if store == "spool" else "store.dat")
        if store == "spool":
            store_path.mkdir()
            os.sync()  # an installation is older than its first power cut
        self.config = where / "kannel.conf"
        self.config.write_text(CONFIG.format(admin=admin, smsbox=smsbox, sendsms=sendsms, store_path=store_path, store=store,
                                             operator=self.north.port,
                                             window=window))
        self.bearerbox = box(where, "bearerbox", self.config)
        self.admin = admin
        self.wait_up()
        self.smsbox = box(where, "smsbox", self.config)
        self.smsbox_restarts = 0
        self.seed = chance.randrange(1, 1 << 20)
        self.customer = Customer(sendsms, self.seed, rate, where / "customer.tsv")
        self.kills = []
        self.window = window

    def wait_up(self):
        def answers():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.admin), 1):
                return True
            return not self.bearerbox.running()
        gateway.wait_until(answers, "bearerbox starts", 60)
        assert self.bearerbox.running(), self.bearerbox.text()[-2000:]

    def flows(self, what):
        """Until the customer is answered again, and a random moment beyond."""
        before = len(self.customer.accepted)

        def flowing():
            if not self.smsbox.running():  # it may panic when bearerbox goes
                self.smsbox = box(self.where, "smsbox", self.config)
                self.smsbox_restarts += 1
            return len(self.customer.accepted) > before + 5
        gateway.wait_until(flowing, what, 120)
        moment = time.monotonic() + self.chance.uniform(0.05, 1.5)
        gateway.wait_until(lambda: time.monotonic() >= moment, "the next kill", 10)

    def kill(self):
        self.flows("messages are accepted")
        if self.disk:
            self.disk.cut()
        self.bearerbox.kill()
        self.kills.append(oracle.Kill("random", self.window, time.time_ns() // 1000))
        if self.disk:
            self.disk.unmount()
            self.disk.mount()
        self.bearerbox = box(self.where, "bearerbox", self.config)
        self.wait_up()
        with contextlib.suppress(AssertionError):  # it was killed instead: what it had not answered does not count
            self.smsbox.stop(seconds=5)
        self.smsbox = box(self.where, "smsbox", self.config)

    def finish(self):
        self.flows("messages are accepted after the last kill")
        self.customer.stop()
        size = -1

        def quiet():
            nonlocal size, since
            now = self.operator_log.stat().st_size
            if now != size:
                size, since = now, time.monotonic()
            return time.monotonic() - since > QUIET_FOR
        since = time.monotonic()
        gateway.wait_until(quiet, "the operator has all that is left", 300)
        customer = oracle.Customer("customer", self.seed, PREFIX, self.customer.path, receipts=False,
                                   submitted=self.customer.submitted)
        return oracle.Histories([customer], [self.operator_log], self.kills, flagged=1 << 60).judge()

    def close(self):
        self.customer.stopping.set()
        for one in (self.smsbox, self.bearerbox):
            if one.running():
                one.stop(signal.SIGKILL)


def measure(arguments, chance, kills, window, disk=None, where=None):
    campaign = Campaign(where, chance, arguments.store, arguments.rate, window, disk)
    try:
        for _ in range(kills):
            campaign.kill()
        return campaign.finish()
    finally:
        campaign.close()


def run(arguments, chance, kills, make_disk=None):
    """Prints the figures, and records them when asked to; with make_disk each kill is a power cut."""
    for program in ("bearerbox", "smsbox"):
        if not (shutil.which(program) or os.access(f"/usr/sbin/{program}", os.X_OK)):
            print(f"SKIP kannel: {program} is not installed (tools/deps interop)")
            return 77
    window = 10
    with gateway.folder("kannel") as where:
        disk = make_disk(where) if make_disk else None
        try:
            report = measure(arguments, chance, kills, window, disk, where)
        finally:
            if disk:
                disk.close()
    figures = {key: report[key] for key in ("kills", "attempted", "acknowledged", "ok", "lost", "unexpected", "duplicated",
                                            "recovered")}
    if disk:
        figures["cuts"] = figures.pop("kills")
    figures["duplicated_largest"] = report.duplicated_largest
    settings = {"kannel": version(), "store": arguments.store, "window": window, "rate": arguments.rate, "latency_ms": LATENCY_MS,
                "dlr_storage": "internal", "smsbox": "immediate-sendsms-reply off (default)"}
    print(json.dumps({**figures, "settings": settings}))
    if arguments.record:
        records.append("kannel", figures, "measured", seed=arguments.seed, settings=settings)
    return 0
