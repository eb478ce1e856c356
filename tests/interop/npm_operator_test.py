#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""npm smpp as an operator that aldisd binds to, in its server mode, with npm smpp as the customer in front.

The operator gives its ids in capital hex and sends each receipt in another of the ways that npm can write
one. Vendor TLVs and a message from a handset cross the gateway between two foreign encoders.
"""
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from npm_peer import NpmPeer, gateway, need_npm  # noqa: E402

ROK, THROTTLED, INVSRCADR = 0x00, 0x58, 0x0A
DELIVERED, UNDELIVERABLE, REJECTED = 2, 5, 8
INBOUND = "Grüße aus dem Zug 🚆"


class Operator:
    """What the SMSC does with each submit_sm; runs on the peer's reading thread."""

    def __init__(self, npm):
        self.npm = npm
        self.lock = threading.Lock()
        self.binds = []
        self.submits = []
        self.last_id = 0xA0F0
        self.throttle_once = True
        self.receipts = {}  # tag of a deliver_sm or data_sm -> id of the message it was for
        npm.on_request = self.on_request

    def on_request(self, session, pdu):
        if pdu["command"].startswith("bind_"):
            self.binds.append((session, pdu))
            self.npm.answer(session, pdu, system_id="npm-smsc", sc_interface_version=0x34)
        elif pdu["command"] == "submit_sm":
            self.on_submit(session, pdu)

    def on_submit(self, session, pdu):
        text = pdu.get("short_message", {}).get("message", "")
        if text == "slow down" and self.throttle_once:
            self.throttle_once = False
            return self.npm.answer(session, pdu, THROTTLED)
        if text == "bad sender":
            return self.npm.answer(session, pdu, INVSRCADR)
        with self.lock:
            self.last_id += 1
            id_given = f"{self.last_id:08X}"
            self.submits.append(pdu)
        if text == "receipt first":
            self.receipt(session, pdu, id_given, text)
            return self.npm.answer(session, pdu, message_id=id_given)
        self.npm.answer(session, pdu, message_id=id_given)
        return self.receipt(session, pdu, id_given, text)

    def receipt(self, session, pdu, id_given, text):
        """One of npm's ways to say that a message was delivered."""
        fields = {"source_addr": pdu["destination_addr"], "source_addr_ton": 1, "source_addr_npi": 1,
                  "destination_addr": pdu["source_addr"], "dest_addr_ton": 5, "esm_class": 0x04}
        words = (f"id:{id_given.lower()} sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 "
                 "stat:DELIVRD err:000 text:")
        command = "deliver_sm"
        if text == "by tlv":  # nothing but TLVs
            fields.update(receipted_message_id=id_given, message_state=DELIVERED,
                          network_error_code={"hex": "030000"})
        elif text == "by payload":  # npm marks GSM texts with data_coding 1
            fields.update(message_payload=words)
        elif text == "by data_sm":
            command, words = "data_sm", words.replace("DELIVRD err:000", "UNDELIV err:027")
            fields.update(receipted_message_id=id_given, message_state=UNDELIVERABLE, data_coding=0,
                          message_payload={"hex": words.encode().hex()})
        elif text == "by ucs2":
            fields.update(data_coding=8, short_message=words)
        elif text == "by decimal":  # response in hex, receipt in decimal
            words = words.replace(id_given.lower(), str(int(id_given, 16)))
            fields.update(data_coding=0, short_message=words)
        else:
            fields.update(data_coding=0, short_message=words)
        self.receipts[self.npm.post(session, command, **fields)] = text


def main():
    need_npm("interop_npm_operator")
    with gateway.folder("npm-operator") as where:
        smsc = NpmPeer(where, "smsc")
        operator = Operator(smsc)
        port = smsc.listen()
        daemon = gateway.Aldisd(where, gateway.config(
            where, {"npm": port}, operator_extra="binds: {transmitter: 1, receiver: 1}",
            storage_extra=gateway.SMALL_JOURNAL,
            extra='inbound: {numbers: [{number: "80010", account: demo}]}'))
        npm = NpmPeer(where, "customer")
        try:
            story(smsc, operator, daemon, npm)
        finally:
            npm.stop()
            code = daemon.stop()
            smsc.stop()
        assert code == 0, f"aldisd ended with {code}: {daemon.text()[-2000:]}"
        unbound = {event["session"] for event in smsc.events
                   if event["event"] == "request" and event["pdu"]["command"] == "unbind"}
        assert unbound == {session for session, _ in operator.binds}, "a link was dropped without unbind"
        for peer in (npm, smsc):
            errors = [event for event in peer.events if event["event"] == "error"]
            assert not errors, errors


def story(smsc, operator, daemon, npm):
    smsc.wait(lambda: len(operator.binds) == 2, "aldisd binds")
    kinds = sorted(pdu["command"] for _, pdu in operator.binds)
    assert kinds == ["bind_receiver", "bind_transmitter"], kinds
    for _, pdu in operator.binds:
        assert (pdu["system_id"], pdu["password"], pdu["interface_version"]) == ("aldis", "secret", 0x34), pdu
    receiver = next(session for session, pdu in operator.binds if pdu["command"] == "bind_receiver")
    # Receipts go where a receiver is, whichever link the message came by.
    sent = operator.receipt
    operator.receipt = lambda _session, pdu, id_given, text: sent(receiver, pdu, id_given, text)

    npm.connect("c", daemon.smpp_port)
    assert npm.send("c", "bind_transceiver", system_id="demo", password="demo")["command_status"] == ROK
    print("ok  binds", flush=True)

    receipts(npm, smsc, operator)
    print("ok  receipts", flush=True)
    refusals(npm, operator)
    print("ok  refusals", flush=True)
    vendor_tlvs(npm, operator)
    print("ok  vendor TLVs", flush=True)
    from_a_handset(npm, smsc, receiver)
    print("ok  from a handset", flush=True)
    assert npm.send("c", "unbind")["command_status"] == ROK
    npm.wait_closed("c")


def submit(npm, text, to, **fields):
    answer = npm.send("c", "submit_sm", source_addr="Aldis", source_addr_ton=5, destination_addr=to,
                      registered_delivery=1, data_coding=0, short_message=text, **fields)
    assert answer["command_status"] == ROK, answer
    return answer["message_id"]


def receipt_for(npm, message_id):
    def found():
        return [pdu for pdu in npm.requests("c", "deliver_sm")
                if pdu.get("receipted_message_id") == message_id]
    got = npm.wait(found, f"the receipt for {message_id}")
    assert len(got) == 1, got
    return got[0]


def receipts(npm, smsc, operator):
    ways = ["by text", "by tlv", "by payload", "by data_sm", "by ucs2", "by decimal", "receipt first"]
    ids = {text: submit(npm, text, f"44770090010{number}") for number, text in enumerate(ways)}
    for text, message_id in ids.items():
        state, words = DELIVERED, "stat:DELIVRD err:000"
        if text == "by data_sm":
            state, words = UNDELIVERABLE, "stat:UNDELIV err:027"
        receipt = receipt_for(npm, message_id)
        assert receipt["message_state"] == state, (text, receipt)
        assert f"id:{message_id} " in receipt["short_message"]["message"], (text, receipt)
        assert words in receipt["short_message"]["message"], (text, receipt)
    smsc.wait(lambda: all(tag in smsc.responses for tag in operator.receipts), "aldisd answers all receipts")
    for tag, text in operator.receipts.items():
        assert smsc.responses[tag]["command_status"] == ROK, (text, smsc.responses[tag])


def refusals(npm, operator):
    receipt = receipt_for(npm, submit(npm, "slow down", "447700900110"))
    assert receipt["message_state"] == DELIVERED and not operator.throttle_once, receipt
    receipt = receipt_for(npm, submit(npm, "bad sender", "447700900111"))
    assert receipt["message_state"] == REJECTED, receipt
    assert "stat:REJECTD err:903" in receipt["short_message"]["message"], receipt


def vendor_tlvs(npm, operator):
    message_id = submit(npm, "with TLVs", "447700900120", vendor_note={"hex": "00ff1501"}, vendor_code=4417,
                        user_message_reference=513, billing_identification={"hex": "01aabb"})
    receipt = receipt_for(npm, message_id)
    assert receipt["user_message_reference"] == 513, receipt
    got = next(pdu for pdu in operator.submits if pdu["short_message"].get("message") == "with TLVs")
    assert got["vendor_note"] == {"hex": "00ff1501"} and got["vendor_code"] == 4417, got
    assert got["user_message_reference"] == 513, got
    assert got["billing_identification"] == {"format": 1, "data": {"hex": "aabb"}}, got


def from_a_handset(npm, smsc, receiver):
    before = len(npm.requests("c", "deliver_sm"))
    answer = smsc.send(receiver, "deliver_sm", source_addr="447700900777", source_addr_ton=1,
                       source_addr_npi=1, destination_addr="80010", dest_addr_ton=3, short_message=INBOUND,
                       vendor_note={"hex": "beef"})
    assert answer["command"] == "deliver_sm_resp" and answer["command_status"] == ROK, answer
    npm.wait(lambda: len(npm.requests("c", "deliver_sm")) > before, "the message from a handset")
    got = npm.requests("c", "deliver_sm")[before]
    assert got["short_message"]["message"] == INBOUND and got["esm_class"] == 0, got
    assert got["source_addr"] == "447700900777" and got["destination_addr"] == "80010", got
    assert got["vendor_note"] == {"hex": "beef"}, got


if __name__ == "__main__":
    main()
