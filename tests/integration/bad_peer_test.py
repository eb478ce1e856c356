#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What broken and hostile SMPP peers do to aldisd: each gets what it deserves, and others do not notice.

usage: bad_peer_test.py [CASE...]

Each peer comes from a loopback address of its own, since what it does may be held against its address.
Meanwhile a good customer sends and gets its receipts all the time, and must lose nothing.
"""
import itertools
import json
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import gateway  # noqa: E402
from smpp_pdu import bind_body, pdu, pop  # noqa: E402

RESP = 0x80000000
NACK, SUBMIT, UNBIND, ENQUIRE, TRANSCEIVER, DATA = 0x80000000, 0x04, 0x06, 0x15, 0x09, 0x103
OK, RINVMSGLEN, RINVCMDLEN, RINVCMDID, RINVBNDSTS, ROPTPARSTREAM, ROPTPARNOTALLWD, RINVPARLEN = (
    0, 0x01, 0x02, 0x03, 0x04, 0xC0, 0xC1, 0xC2)
PDU_LIMIT, PDU_SKIPPED, UNBOUND_LIMIT = 8192, 70_000, 256
PDU_SECONDS = 1
HELLOS = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    "HTTP answer": b"HTTP/1.1 200 OK\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(160),
    "AMQP": b"AMQP\x00\x00\x09\x01" + bytes(16),
    "TPKT": bytes.fromhex("0300001302e000000000000100080003000000"),
}
# Ten password checks a minute are all that an account gets from addresses it never bound from.
ACCOUNTS = tuple(f"bad{number}" for number in range(8))
LOGINS = itertools.cycle(ACCOUNTS)
SOURCES = (f"127.0.{net}.{host}" for net, host in itertools.product(range(1, 200), range(1, 200)))


def bind(sequence=1, login=None):
    return pdu(TRANSCEIVER, bind_body(login or next(LOGINS)), sequence)


def submit(text=b"Hi!", tlvs=b"", sm_length=None, to=b"447700900123"):
    return (b"\0\x05\0Aldis\0\x01\x01" + to + b"\0\0\0\0\0\0\0\0\0\0" +
            bytes([len(text) if sm_length is None else sm_length]) + text + tlvs)


def tlv(tag, value, length=None):
    return struct.pack(">HH", tag, len(value) if length is None else length) + value


class Peer:
    """One connection from an address of its own."""

    def __init__(self, port, bound=True, source=None):
        self.source = source or next(SOURCES)
        self.socket = socket.create_connection(("127.0.0.1", port), 10, (self.source, 0))
        self.socket.settimeout(10)
        self.pending = b""
        if bound:
            self.send(bind())
            assert self.take()[1:3] == (TRANSCEIVER | RESP, OK), "bound"

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what it was told before that counts

    def take(self):
        """The next PDU: length, command, status, sequence, body. None = closed."""
        while (first := pop(self.pending))[0] is None:
            try:
                got = self.socket.recv(65536)
            except ConnectionResetError:
                got = b""
            if not got:
                assert not self.pending, f"half a PDU: {self.pending.hex()}"
                return None
            self.pending += got
        (command, status, sequence, body), self.pending = first
        return 16 + len(body), command, status, sequence, body

    def says(self, command, status, sequence, what):
        got = self.take()
        assert got is not None, f"{what}: closed without an answer"
        assert got[1:4] == (command, status, sequence), f"{what}: {[hex(n) for n in got[:4]]}"
        if status != OK:
            assert got[0] == 16, f"{what}: errors have no body"
        return got

    def is_closed(self, what):
        got = self.take()
        assert got is None, f"{what}: not closed, but {[hex(n) for n in got[:4]]}"
        self.socket.close()

    def lives(self, what):
        self.send(pdu(ENQUIRE, b"", 0x1234))
        self.says(ENQUIRE | RESP, OK, 0x1234, f"{what}: still bound")

    def refused(self, body, status, what, command=SUBMIT):
        """That body costs only its PDU."""
        self.send(pdu(command, body, 9))
        self.says(command | RESP, status, 9, what)

    def accepted(self, body, what):
        self.send(pdu(SUBMIT, body, 10))
        self.says(SUBMIT | RESP, OK, 10, what)

    def bye(self, what):
        self.lives(what)
        self.socket.close()


# --- framing ----------------------------------------------------------------------------------------


def lengths_below_a_header_lose_the_framing(port):
    for length in range(16):
        what = f"length {length}"
        peer = Peer(port, bound=False)
        peer.send(pdu(ENQUIRE, b"", 7, 0, length))
        peer.is_closed(f"{what} before the bind")
        peer = Peer(port)
        peer.send(pdu(ENQUIRE, b"", 7, 0, length))
        peer.says(NACK, RINVCMDLEN, 0, what)
        peer.is_closed(what)


def oversized_pdus_are_skipped_and_only_they_fail(port):
    for length in (UNBOUND_LIMIT + 1, PDU_SKIPPED, PDU_SKIPPED + 1, 0xFFFFFFFF):
        peer = Peer(port, bound=False)
        peer.send(pdu(TRANSCEIVER, b"", 1, 0, length) + bytes(64))
        peer.is_closed(f"{length} octets before the bind")
    peer = Peer(port)
    for length in (PDU_LIMIT + 1, PDU_SKIPPED):
        for command, answer in ((SUBMIT, SUBMIT | RESP), (0x0BAD, NACK)):
            peer.send(pdu(command, bytes(length - 16), 21))
            peer.says(answer, RINVCMDLEN, 21, f"{length} octets of {command:#x}")
    peer.bye("after oversized PDUs")
    for length in (PDU_SKIPPED + 1, 0x7FFFFFFF, 0xFFFFFFFF):
        peer = Peer(port)
        peer.send(pdu(SUBMIT, b"", 21, 0, length))
        assert peer.take()[1:3] == (NACK, RINVCMDLEN), f"{length} octets"
        peer.is_closed(f"{length} octets")


def other_protocols_are_turned_away(port):
    for name, hello in HELLOS.items():
        peer = Peer(port, bound=False)
        peer.send(hello)
        peer.is_closed(f"{name} before the bind")
        peer = Peer(port)
        peer.send(hello)
        assert peer.take()[1:3] == (NACK, RINVCMDLEN), f"{name} once bound"
        peer.is_closed(f"{name} once bound")


def any_split_of_the_stream_works(port):
    peer = Peer(port, bound=False)
    for octet in bind() + pdu(SUBMIT, submit(), 2) + pdu(ENQUIRE, b"", 3):
        peer.send(bytes([octet]))
    got = {peer.take()[1:4] for _ in range(3)}
    assert got == {(TRANSCEIVER | RESP, OK, 1), (SUBMIT | RESP, OK, 2), (ENQUIRE | RESP, OK, 3)}, got
    peer.bye("octet by octet")


def a_pdu_that_does_not_get_whole_ends_the_session(port):
    for octets in (3, 16, 30):
        peer = Peer(port)
        began = time.monotonic()
        peer.send(pdu(SUBMIT, submit())[:octets])
        while (got := peer.take()) is not None:  # an answer or an unbind may come; octets of the PDU do not
            assert got[1] in (NACK, UNBIND, SUBMIT | RESP), hex(got[1])
        took = time.monotonic() - began
        assert PDU_SECONDS * 0.9 <= took <= PDU_SECONDS + 5, f"{octets} octets: closed after {took:.1f} s"


# --- what is inside a PDU ---------------------------------------------------------------------------


def bodies_that_end_early_get_their_own_response(port):
    peer = Peer(port)
    whole = submit()
    peer.refused(b"", RINVCMDLEN, "no body")
    for cut in (1, 3, 10, 20, len(whole) - 5):
        peer.refused(whole[:cut], RINVCMDLEN, f"a body of {cut} octets")
    peer.refused(b"x" * 60, RINVCMDLEN, "no NUL")
    peer.refused(submit(sm_length=200), RINVMSGLEN, "sm_length beyond the body")
    peer.bye("after short bodies")


def bad_tlvs_cost_one_message(port):
    peer = Peer(port)
    for octets in (1, 2, 3):
        peer.accepted(submit(tlvs=b"\xFF" * octets), f"{octets} trailing octets are ignored")
    peer.refused(submit(tlvs=tlv(0x1400, b"abc", 200)), ROPTPARSTREAM, "TLV length beyond the body")
    peer.accepted(submit(tlvs=tlv(0x0204, b"\x05")), "an integer in fewer octets, where the value fits")
    peer.accepted(submit(tlvs=tlv(0x0204, b"\0\0\0\x05")), "an integer in more octets, where the value fits")
    peer.refused(submit(tlvs=tlv(0x0204, b"\1\0\0\x05")), RINVPARLEN, "an integer that does not fit")
    peer.refused(submit(tlvs=tlv(0x0204, bytes(5))), RINVPARLEN, "an integer of five octets")
    peer.accepted(submit(tlvs=tlv(0x3FFF, b"whatever")), "an unknown TLV is kept")
    peer.accepted(submit(tlvs=tlv(0x0204, b"\0\1") + tlv(0x0204, b"\0\2")), "a repeated tag")
    peer.accepted(submit(tlvs=tlv(0x1400, b"x") * 32), "32 carried TLVs")
    peer.refused(submit(tlvs=tlv(0x1400, b"x") * 33), ROPTPARNOTALLWD, "33 carried TLVs")
    peer.refused(submit(tlvs=tlv(0x1400, bytes(1100)) * 2), ROPTPARNOTALLWD, "more than 2,048 octets of TLVs")
    peer.refused(submit(tlvs=tlv(0x0424, b"again")), RINVMSGLEN, "short_message and message_payload")
    peer.accepted(submit(text=b"", tlvs=tlv(0x0424, b"once")), "message_payload alone")
    peer.bye("after bad TLVs")


def strange_but_whole_pdus_are_answered(port):
    peer = Peer(port)
    for sequence in (0, 0x80000000, 0xFFFFFFFF):
        peer.send(pdu(ENQUIRE, b"", sequence))
        peer.says(ENQUIRE | RESP, OK, sequence, "sequence numbers are echoed")
    peer.send(pdu(0x0BAD, b"xyz", 31))
    peer.says(NACK, RINVCMDID, 31, "an unknown command")
    for command in (SUBMIT | RESP, 0x05 | RESP, NACK, 0x0BAD | RESP):
        peer.send(pdu(command, b"\0", 99))  # answers to nothing are dropped: no answer to them may come
    peer.send(bind(32))
    peer.says(TRANSCEIVER | RESP, 0x05, 32, "a second bind")
    peer.bye("after strange PDUs")


def before_the_bind_little_is_said(port):
    peer = Peer(port, bound=False)
    peer.send(pdu(ENQUIRE, b"", 1))
    peer.says(ENQUIRE | RESP, OK, 1, "enquire_link before the bind")
    for sequence in (2, 3, 4):
        peer.send(pdu(SUBMIT, submit(), sequence))
        peer.says(SUBMIT | RESP, RINVBNDSTS, sequence, "submit_sm before the bind")
    peer.is_closed("the third request before the bind")


# --- the budget -------------------------------------------------------------------------------------


def twenty_bad_pdus_a_minute_and_no_more(port):
    peer = Peer(port)
    for number in range(20):
        peer.refused(b"", RINVCMDLEN, f"bad PDU {number + 1}")
    peer.lives("after 20 bad PDUs")
    peer.send(pdu(SUBMIT, b"", 50))
    seen = []
    while (got := peer.take()) is not None:
        seen.append(got[1])
        if got[1] == UNBIND:
            peer.send(pdu(UNBIND | RESP, b"", got[3]))
    assert UNBIND in seen, f"the 21st ends in an unbind, here {[hex(each) for each in seen]}"
    again = Peer(port, bound=False, source=peer.source)
    again.send(bind())
    again.is_closed("its address is refused for a minute")
    Peer(port).bye("the account itself is not")


CASES = (lengths_below_a_header_lose_the_framing, oversized_pdus_are_skipped_and_only_they_fail,
         other_protocols_are_turned_away, any_split_of_the_stream_works,
         a_pdu_that_does_not_get_whole_ends_the_session, bodies_that_end_early_get_their_own_response,
         bad_tlvs_cost_one_message, strange_but_whole_pdus_are_answered, before_the_bind_little_is_said,
         twenty_bad_pdus_a_minute_and_no_more)


def main():
    with gateway.folder("bad-peer") as where:
        sim = gateway.Smscsim(where)
        yaml = gateway.config(where, {"north": sim.port}, accounts=("demo", *ACCOUNTS))
        daemon = gateway.Aldisd(where, yaml, arguments=("--set", f"smpp.timers.pdu={PDU_SECONDS}s"))
        good = subprocess.Popen(
            [gateway.program("smppload"), "--target", daemon.smpp, "--customer", "demo:demo", "--binds", "2",
             "--count", "0", "--seconds", "3600", "--rate", "300", "--drain-seconds", "30"],
            stdout=open(where / "good.out", "wb"), stderr=subprocess.STDOUT)
        try:
            failed = cases.run(CASES, lambda case: case(daemon.smpp_port))
            good.send_signal(signal.SIGINT)
            code = good.wait(60)
        finally:
            if good.poll() is None:
                good.kill()
                good.wait()
            stopped = daemon.stop() if daemon.running() else daemon.process.returncode
            sim.stop()
        totals = json.loads((where / "good.out").read_text().strip().splitlines()[-1])
        unharmed = code == 0 and totals["refused"] == {} and totals["connections_lost"] == 0
        assert unharmed, f"the good customer: {totals}"
        assert totals["accepted"] > 100, f"too little to tell: {totals}"
        print(f"ok   the good customer lost none of {totals['accepted']} messages")
        assert stopped == 0, f"aldisd ended with {stopped}: {daemon.text()[-2000:]}"
        assert failed == 0, f"{failed} failed"


if __name__ == "__main__":
    main()
