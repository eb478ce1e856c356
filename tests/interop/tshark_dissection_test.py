#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tshark reads what our programs wrote: both sides of aldisd under smppload, captured on lo.

No PDU may be malformed to it, and it must count what load generator and simulator say they sent. Capturing
wants root or dumpcap's capabilities; without them the test is skipped.
"""
import collections
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
from smpp_pdu import bind_body, pdu  # noqa: E402

SKIP = 77
MESSAGES = 1000
SUBMIT, SUBMIT_RESP, DELIVER, DELIVER_RESP = 0x4, 0x80000004, 0x5, 0x80000005
QUERY_RESP, BIND_RESP, UNBIND, UNBIND_RESP = 0x80000003, 0x80000009, 0x6, 0x80000006
INVMSGID = 0x0C


def skip(reason):
    print(f"SKIP interop_tshark_dissection: {reason}")
    sys.exit(SKIP)


def refused_query(port):
    """A 5.0 customer asks for a message that is not there: a refusal with a TLV behind the fixed fields."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        answers = link.makefile("rb")

        def ask(request):
            link.sendall(request)
            head = answers.read(16)
            answers.read(struct.unpack(">I", head[:4])[0] - 16)
            return struct.unpack(">III", head[4:])
        assert ask(pdu(0x9, bind_body("demo", 0x50), 1))[:2] == (BIND_RESP, 0)
        assert ask(pdu(0x3, b"0" * 32 + b"\0\0\0\0", 2)) == (QUERY_RESP, INVMSGID, 2)
        assert ask(pdu(UNBIND, b"", 3))[:2] == (UNBIND_RESP, 0)


class Capture(gateway.Process):
    """dumpcap by way of tshark: what passes on lo to or from these ports, in a file."""

    def __init__(self, where, ports):
        self.path = where / "lo.pcapng"
        self.path.touch(mode=0o666)
        chosen = " or ".join(f"tcp port {port}" for port in ports)
        super().__init__([shutil.which("tshark"), "-Q", "-i", "lo", "-B", "32", "-f", chosen, "-w", str(self.path)],
                         where, "capture")
        gateway.wait_until(lambda: not self.running() or self.path.stat().st_size > 0, "the capture begins", 60)

    def holds(self, octets, count):
        return self.path.read_bytes().count(octets) >= count

    def finish(self):
        self.stop(signal.SIGINT)
        assert "dropped" not in self.text(), self.text()


def dissected(path):
    """(from, to) -> how often tshark found each command_id there; and how often each (command_id, status)."""
    # Every port is SMPP: a port of the kernel's choice may be one that tshark takes for something else.
    result = subprocess.run(
        [shutil.which("tshark"), "-r", str(path), "-d", "tcp.port==1-65535,smpp",
         "-Y", "smpp or _ws.malformed", "-T", "fields", "-E", "aggregator=,", "-E", "separator=/t",
         "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "smpp.command_id", "-e", "smpp.command_status",
         "-e", "_ws.malformed", "-e", "_ws.expert.message"],
        capture_output=True, text=True, timeout=120, check=True)
    commands = collections.defaultdict(collections.Counter)
    statuses = collections.Counter()
    for line in result.stdout.splitlines():
        source, target, ids, results, malformed, expert = line.split("\t")
        assert not malformed, f"malformed for tshark: {line}"
        assert "alformed" not in expert and "BoundsError" not in expert, f"tshark complains: {line}"
        ids = [int(id_given, 0) for id_given in ids.split(",")]
        commands[int(source), int(target)].update(ids)
        responses = [id_given for id_given in ids if id_given & 0x80000000]
        statuses.update(zip(responses, [int(status, 0) for status in results.split(",") if status]))
    return commands, statuses


def total(commands, command, source=None, target=None):
    return sum(counts[command] for (one, other), counts in commands.items()
               if source in (None, one) and target in (None, other))


def compare():
    """Says why it could not capture, or nothing."""
    with gateway.folder("tshark") as where:
        sim = gateway.Smscsim(where, "--receipt-delay-ms", 0, 20, "--undeliverable", "0.1", "--receipt-first",
                              "0.05")
        daemon = gateway.Aldisd(where, gateway.config(
            where, {"north": sim.port}, storage_extra=gateway.SMALL_JOURNAL,
            operator_extra="binds: {transceiver: 2}"))
        capture = Capture(where, [daemon.smpp_port, sim.port])
        if not capture.running():
            return " ".join(capture.text().split())[-300:]
        load = gateway.load(where, daemon.smpp, "--count", MESSAGES, "--rate", 500, "--window", 20,
                            "--share-long", "0.1", "--share-ucs2", "0.2")
        refused_query(daemon.smpp_port)
        assert daemon.stop() == 0, daemon.text()[-2000:]
        simulated = sim.totals()
        # The last that passes: aldisd unbinds both of its links.
        unbinds = struct.pack(">III", 16, UNBIND_RESP, 0)
        gateway.wait_until(lambda: capture.holds(unbinds, 4), "the last PDUs are in the capture", 60)
        capture.finish()
        commands, statuses = dissected(capture.path)

    judge(commands, statuses, daemon.smpp_port, sim.port, load, simulated)
    return ""


def judge(commands, statuses, customer, operator, load, simulated):
    submits, receipts = simulated["submits"], simulated["receipts"]
    expected = {
        "submit_sm from customers": (total(commands, SUBMIT, target=customer), load["submitted"]),
        "submit_sm_resp to customers": (total(commands, SUBMIT_RESP, source=customer), load["submitted"]),
        "deliver_sm to customers": (total(commands, DELIVER, source=customer), load["receipts"]),
        "deliver_sm_resp from customers": (total(commands, DELIVER_RESP, target=customer), load["receipts"]),
        "submit_sm to the operator": (total(commands, SUBMIT, target=operator), submits),
        "submit_sm_resp from the operator": (total(commands, SUBMIT_RESP, source=operator), submits),
        "deliver_sm from the operator": (total(commands, DELIVER, source=operator), receipts),
        "deliver_sm_resp to the operator": (total(commands, DELIVER_RESP, target=operator), receipts),
    }
    for what, (found, sent) in expected.items():
        assert found == sent >= MESSAGES, f"{what}: tshark counts {found}, {sent} were sent; {dict(commands)}"
    assert load["submitted"] == MESSAGES < submits, (load, simulated)
    assert statuses[SUBMIT_RESP, 0] == load["submitted"] + submits, statuses
    assert statuses[QUERY_RESP, INVMSGID] == 1, statuses
    print(f"ok  {sum(sum(counts.values()) for counts in commands.values())} PDUs, none malformed")


def main():
    if not shutil.which("tshark"):
        skip("tshark is not installed (tools/deps interop)")
    if cannot := compare():
        skip(f"capturing on lo is not possible here: {cannot}")


if __name__ == "__main__":
    main()
