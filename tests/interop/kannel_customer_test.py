#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kannel 1.4.5 (Debian's bearerbox and smsbox) as a customer of aldisd; smscsim is the operator.

Messages enter by smsbox's sendsms, receipts come to their dlr-url, messages from handsets to the get-url of
an sms-service: both are an HTTP server of this test. Once with a transceiver, once with transmitter and
receiver; in the first aldisd is stopped and started again while Kannel runs. No service of the machine is
touched.
"""
import collections
import http.server
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402

SKIP = 77
TEST = "interop_kannel_customer"
MESSAGES = 100  # in each of both runs
DELIVERED, ACCEPTED_BY_SMSC = 1, 8  # Kannel's kinds of receipts
LONG_TEXT = "A text of many words that no single message holds. " * 8  # 408 characters, three parts
UCS2_TEXT = "Ελληνικά και عربي"
RESTART_WORDS = ("Couldn't connect", "I/O error")  # what bearerbox says while aldisd is away


class Asked:
    """An HTTP server that answers every GET with an empty 200 and tells on_path() what was asked for."""

    def __init__(self):
        asked = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked.on_path(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Callbacks(Asked):
    """What Kannel calls: /dlr for receipts, /mo for messages from handsets."""

    def __init__(self):
        self.lock = threading.Lock()
        self.receipts = collections.defaultdict(list)
        self.inbound = []
        super().__init__()

    def on_path(self, path):
        where = urllib.parse.urlsplit(path)
        fields = {name: values[-1] for name, values in urllib.parse.parse_qs(where.query).items()}
        with self.lock:
            if where.path == "/dlr":
                self.receipts[fields["n"]].append(int(fields["type"]))
            elif where.path == "/mo":
                self.inbound.append(fields)

    def types_of(self, name):
        with self.lock:
            return list(self.receipts.get(name, ()))

    def count(self, kind):
        with self.lock:
            return sum(1 for kinds in self.receipts.values() if kind in kinds)


def box_program(name):
    for path in (f"/usr/sbin/{name}", f"/usr/bin/{name}"):
        if os.access(path, os.X_OK):
            return path
    return shutil.which(name)


class Box(gateway.Process):
    """bearerbox or smsbox in the foreground; its log is what it says on stderr."""

    def __init__(self, where, program, config, name):
        super().__init__([box_program(program), "-v", "0", str(config)], where, name)

    def said(self, words):
        return words in self.text()

    def in_use(self):
        return not self.running() and self.said("Address already in use")


# Both binds under one smsc-id: Kannel looks for a receipt under the id of the link that sent the message.
SMSC_GROUP = """group = smsc
smsc = smpp
smsc-id = aldis
host = 127.0.0.1
{bind}
smsc-username = demo
smsc-password = demo
system-type = ""
interface-version = 34
reconnect-delay = 1
enquire-link-interval = 5
max-pending-submits = 20

"""


def kannel_config(where, name, ports, smpp_port, callback_port, transceiver):
    admin, smsbox, sendsms = ports
    binds = [f"port = {smpp_port}\ntransceiver-mode = true"] if transceiver else [
        f"port = {smpp_port}", f"port = 0\nreceive-port = {smpp_port}"]
    links = "".join(SMSC_GROUP.format(bind=bind) for bind in binds)
    text = f"""group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = test
smsbox-port = {smsbox}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
dlr-storage = internal

{links}group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = test
password = test
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:{callback_port}/mo?from=%p&to=%P&text=%a"
"""
    path = where / f"{name}.conf"
    path.write_text(text)
    return path


class Kannel:
    """bearerbox with a smsbox in front; tries again with other ports when somebody took one meanwhile."""

    def __init__(self, where, name, smpp_port, callback_port, transceiver):
        self.callback_port = callback_port
        for attempt in range(3):
            ports = gateway.free_ports(3)
            config = kannel_config(where, f"{name}-{attempt}", ports, smpp_port, callback_port, transceiver)
            self.bearerbox = Box(where, "bearerbox", config, f"{name}-bearerbox-{attempt}")
            self.smsbox = None
            self.sendsms_port = ports[2]
            if self.starts(where, config, f"{name}-smsbox-{attempt}"):
                return
            self.stop()
        raise AssertionError("kannel found no free ports in three attempts")

    def starts(self, where, config, smsbox_name):
        """False when a port was taken."""
        bearerbox = self.bearerbox
        gateway.wait_until(lambda: not bearerbox.running() or self.bound(), "bearerbox binds", 60)
        if bearerbox.running():
            self.smsbox = Box(where, "smsbox", config, smsbox_name)
            gateway.wait_until(lambda: not self.smsbox.running() or self.answers(), "smsbox starts", 60)
        for box in (bearerbox, self.smsbox):
            if box and not box.running():
                if box.in_use():
                    return False
                raise AssertionError(f"{box.name} ended:\n{box.text()[-3000:]}")
        return True

    def bound(self):
        said = self.bearerbox.said
        return said("bind_transceiver_resp") or (said("bind_transmitter_resp") and said("bind_receiver_resp"))

    def answers(self):
        try:
            self.get({"username": "nobody"})
        except urllib.error.HTTPError:
            return True  # it refuses, so it is there
        except OSError:
            return False
        return True

    def get(self, fields):
        url = f"http://127.0.0.1:{self.sendsms_port}/cgi-bin/sendsms?{urllib.parse.urlencode(fields)}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()

    def send(self, name, to, text, **fields):
        """Sends a text; receipts for it come to the callbacks under that name."""
        dlr_url = f"http://127.0.0.1:{self.callback_port}/dlr?n={name}&type=%d&reply=%A"
        status, said = self.get({"username": "test", "password": "test", "from": "447700900000", "to": to,
                                 "text": text, "dlr-mask": "31", "dlr-url": dlr_url, **fields})
        assert status == 202, (status, said)

    def stop(self):
        for box in (self.smsbox, self.bearerbox):
            if box:
                box.stop(signal.SIGTERM, 30)


def bodies_at_operator(log):
    """destination -> the parts it got, in order."""
    out = collections.defaultdict(list)
    for line in log.read_text().splitlines():
        row = line.split("\t")
        out[row[4]].append((int(row[5]), int(row[6]), bytes.fromhex(row[7])))
    return out


def wait_delivered(callbacks, names, what):
    """Both receipts of each: smsbox calls their URLs in any order."""
    def all_there():
        return all({DELIVERED, ACCEPTED_BY_SMSC} <= set(callbacks.types_of(name)) for name in names)
    gateway.wait_until(all_there, f"{what}: {len(names)} receipts reach Kannel's dlr-url", 60)


def text_of(name, number):
    return f"{name} {number}: your code is {4000 + number}"


def send_many(kannel, callbacks, log, name, numbers):
    """Plain messages: each reaches the operator once, and each gets its receipts."""
    sent = {f"{name}-{number}": f"4477001{number:05}" for number in numbers}
    for number, (label, to) in zip(numbers, sent.items()):
        kannel.send(label, to, text_of(name, number))
    wait_delivered(callbacks, sent, name)
    bodies = bodies_at_operator(log)
    for number, (label, to) in zip(numbers, sent.items()):
        assert bodies[to] == [(bodies[to][0][0], 0, text_of(name, number).encode())], (label, bodies[to])
        kinds = callbacks.types_of(label)
        assert kinds.count(DELIVERED) == 1 and kinds.count(ACCEPTED_BY_SMSC) == 1, (label, kinds)


def send_long_and_ucs2(kannel, callbacks, log):
    """Kannel splits by itself (UDH); each of its parts is a message for us and asks for its own receipt."""
    kannel.send("long", "447700200001", LONG_TEXT)
    kannel.send("ucs2", "447700200002", UCS2_TEXT, coding="2", charset="UTF-8")
    wait_delivered(callbacks, ["long", "ucs2"], "long and UCS-2")
    bodies = bodies_at_operator(log)
    parts = bodies["447700200001"]
    assert all(esm_class & 0x40 for esm_class, _, _ in parts), parts
    assert [body[5] for _, _, body in parts] == list(range(1, len(parts) + 1)), "parts left out of order"
    assert b"".join(body[6:] for _, _, body in parts) == LONG_TEXT.encode(), parts
    ucs2 = [(coding, body) for _, coding, body in bodies["447700200002"]]
    assert ucs2 == [(8, UCS2_TEXT.encode("utf-16-be"))], ucs2


def inbound(callbacks, text):
    gateway.wait_until(lambda: len(callbacks.inbound) >= 3, "handsets' messages reach the sms-service", 60)
    with callbacks.lock:
        for fields in callbacks.inbound:
            assert fields["text"] == text and fields["to"] == "80010", fields
            assert fields["from"].lstrip("+").startswith("4477009"), fields


def reconnect(kannel, callbacks, log, restart, name):
    """aldisd goes in order and comes back: Kannel binds again by itself, and nothing is lost or doubled."""
    def binds():
        return kannel.bearerbox.text().count("type_name: bind_transceiver_resp")

    before = binds()
    restart()
    gateway.wait_until(lambda: binds() > before, "Kannel binds again", 60)
    send_many(kannel, callbacks, log, name, range(MESSAGES // 2, MESSAGES))


def run(where, name, transceiver):
    log = where / f"{name}-operator.tsv"
    text = f"Hello {name}"
    # Bound twice, bearerbox notes ids on one thread and reads receipts on another: they may not come at once.
    sim = gateway.Smscsim(where, "--log", log, "--receipt-delay-ms", 300, 400, "--inbound-rate", 1,
                          "--inbound-to", "80010", "--inbound-text", text, name=f"{name}-smscsim")

    def start(port):
        return gateway.Aldisd(where, gateway.config(
            where, {"north": sim.port}, smpp_port=port, state=f"{name}-state",
            storage_extra=gateway.SMALL_JOURNAL,
            extra='inbound: {numbers: [{number: "80010", account: demo}]}'), name=f"{name}-aldisd")

    running = {"daemon": start(0)}

    def stop_daemon():
        code = running["daemon"].stop()
        assert code == 0, f"aldisd ended with {code}: {running['daemon'].text()[-2000:]}"

    def restart():
        stop_daemon()
        running["daemon"] = start(running["daemon"].smpp_port)

    callbacks = Callbacks()
    kannel = None
    try:
        kannel = Kannel(where, name, running["daemon"].smpp_port, callbacks.port, transceiver)
        if transceiver:
            send_many(kannel, callbacks, log, name, range(MESSAGES // 2))
            reconnect(kannel, callbacks, log, restart, name)
        else:
            send_many(kannel, callbacks, log, name, range(MESSAGES))
        send_long_and_ucs2(kannel, callbacks, log)
        inbound(callbacks, text)
        surprises = [line for line in kannel.bearerbox.text().splitlines()
                     if any(word in line for word in ("PANIC", "ERROR: SMPP", "WARNING: SMPP", "not found"))
                     and not any(word in line for word in RESTART_WORDS)]
        assert not surprises, surprises[:10]
    finally:
        if kannel:
            kannel.stop()
        stop_daemon()
        sim.stop()
        callbacks.stop()
    print(f"ok  {name}: {callbacks.count(DELIVERED)} receipts, {len(callbacks.inbound)} inbound", flush=True)


def main():
    if not box_program("bearerbox") or not box_program("smsbox"):
        print(f"SKIP {TEST}: kannel is not installed (tools/deps interop)")
        sys.exit(SKIP)
    with gateway.folder("kannel-customer") as where:
        run(where, "transceiver", True)
        run(where, "tx-rx", False)


if __name__ == "__main__":
    main()
