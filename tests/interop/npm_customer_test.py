#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""npm smpp as a customer of aldisd: encoded and decoded by its own code; smscsim is the operator.

What reached the operator is read from smscsim's log, never from our own answers.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from npm_peer import NpmPeer, gateway, need_npm  # noqa: E402

BINDFAIL, INVBNDSTS, CANCELFAIL, INVMSGID, INVDSTADR = 0x0D, 0x04, 0x11, 0x0C, 0x0B
ENROUTE, DELIVERED, DELETED = 1, 2, 4
FROM_US = {"source_addr": "Aldis", "source_addr_ton": 5}
ARABIC = "رمز التحقق الخاص بك هو ٤٤١٧"
EMOJI = "Bon voyage 🚀👩‍🚀"


class Story:
    def __init__(self, where):
        self.sim_log = where / "operator.tsv"
        self.sim = gateway.Smscsim(where, "--log", self.sim_log, "--receipt-delay-ms", 20, 60)
        self.daemon = gateway.Aldisd(where, gateway.config(where, {"north": self.sim.port},
                                                           storage_extra=gateway.SMALL_JOURNAL))
        self.npm = NpmPeer(where)

    def stop(self):
        self.npm.stop()
        code = self.daemon.stop()
        self.sim.stop()
        assert code == 0, f"aldisd ended with {code}: {self.daemon.text()[-2000:]}"

    def bind(self, session, kind="bind_transceiver", system_id="demo", password="demo", **fields):
        self.npm.connect(session, self.daemon.smpp_port)
        return self.npm.send(session, kind, system_id=system_id, password=password, **fields)

    def submit(self, session, to, **fields):
        answer = self.npm.send(session, "submit_sm", **FROM_US, destination_addr=to, registered_delivery=1,
                               **fields)
        assert answer["command_status"] == 0, answer
        assert re.fullmatch(r"[0-9a-f]{32}", answer["message_id"]), answer
        return answer["message_id"]

    def at_operator(self, to, parts=1):
        """(esm_class, data_coding, body) of each part that reached the operator for that number."""
        def found():
            lines = self.sim_log.read_text().splitlines() if self.sim_log.exists() else []
            rows = [line.split("\t") for line in lines]
            got = [(int(row[5]), int(row[6]), bytes.fromhex(row[7])) for row in rows if row[4] == to]
            return got if len(got) >= parts else None
        return gateway.wait_until(found, f"{parts} parts for {to} reach the operator", 60)

    def receipt(self, session, message_id, to=None):
        """The receipt for that message as npm decoded it."""
        def found():
            return [pdu for pdu in self.npm.requests(session, "deliver_sm")
                    if pdu.get("receipted_message_id") == message_id and to in (None, pdu["source_addr"])]
        got = self.npm.wait(found, f"a receipt for {message_id} on {session}")
        assert len(got) == 1, got
        return got[0]


def check_receipt(receipt, message_id, state=DELIVERED, word="DELIVRD", err="000", to=None):
    assert receipt["esm_class"] & 0x3C == 0x04, receipt
    assert receipt["message_state"] == state, receipt
    text = receipt["short_message"]["message"]
    found = re.fullmatch(r"id:(\S+) sub:(\d{3}) dlvrd:(\d{3}) submit date:(\d{10}) done date:(\d{10}) "
                         r"stat:(\w{7}) err:(\w{3}) text:(.*)", text, re.S)
    assert found, f"not the receipt npm's users match: {text!r}"
    assert found[1] == message_id and found[6] == word and found[7] == err, text
    assert to is None or receipt["source_addr"] == to, receipt
    assert receipt["destination_addr"] == "Aldis" and receipt["dest_addr_ton"] == 5, receipt


def refused_binds(story):
    answer = story.bind("wrong", password="not it")
    assert answer["command"] == "bind_transceiver_resp" and answer["command_status"] == BINDFAIL, answer
    story.npm.wait_closed("wrong")
    answer = story.bind("nobody", kind="bind_receiver", system_id="nobody")
    assert answer["command_status"] == BINDFAIL, answer
    story.npm.wait_closed("nobody")


def all_bind_types(story):
    npm = story.npm
    for session, kind in (("tx", "bind_transmitter"), ("rx", "bind_receiver")):
        answer = story.bind(session, kind, interface_version=0x34)
        assert answer["command_status"] == 0 and answer["system_id"] == "aldis", answer
        assert answer["sc_interface_version"] == 0x34, answer
    message_id = story.submit("tx", "447700900001", short_message="by two binds")
    check_receipt(story.receipt("rx", message_id), message_id, to="447700900001")
    assert npm.requests("tx", "deliver_sm") == [], "a transmitter was sent a receipt"
    refused = npm.send("rx", "submit_sm", **FROM_US, destination_addr="447700900002", short_message="no")
    assert refused["command"] == "submit_sm_resp" and refused["command_status"] == INVBNDSTS, refused
    for session in ("tx", "rx"):
        assert npm.send(session, "enquire_link")["command"] == "enquire_link_resp"
        assert npm.send(session, "unbind")["command_status"] == 0
        npm.wait_closed(session)
    answer = story.bind("trx")  # npm's default: interface_version 0x50
    assert answer["command_status"] == 0 and answer["sc_interface_version"] == 0x50, answer


def texts(story):
    session = "trx"
    # npm writes a text that GSM has with data_coding 1, unless it is told 0.
    plain = story.submit(session, "447700900010", short_message="Your code is 4417")
    assert story.at_operator("447700900010") == [(0, 0, b"Your code is 4417")]
    check_receipt(story.receipt(session, plain), plain, to="447700900010")

    gsm = story.submit(session, "447700900011", short_message="@£ 5€ {Ω}", data_coding=0)
    assert story.at_operator("447700900011") == [(0, 0, b"\x00\x01 5\x1be \x1b(\x15\x1b)")]
    check_receipt(story.receipt(session, gsm), gsm)

    arabic = story.submit(session, "447700900012", short_message=ARABIC)
    assert story.at_operator("447700900012") == [(0, 8, ARABIC.encode("utf-16-be"))]
    check_receipt(story.receipt(session, arabic), arabic)

    emoji = story.submit(session, "447700900013", short_message=EMOJI)
    assert story.at_operator("447700900013") == [(0, 8, EMOJI.encode("utf-16-be"))]
    check_receipt(story.receipt(session, emoji), emoji)

    text = "0123456789" * 40  # 400 septets: three parts of at most 153
    long = story.submit(session, "447700900014", message_payload=text, data_coding=0)
    parts = story.at_operator("447700900014", 3)
    assert [esm_class for esm_class, _, _ in parts] == [0x40] * 3, parts
    assert [body[:3] for _, _, body in parts] == [b"\x05\x00\x03"] * 3
    assert [tuple(body[4:6]) for _, _, body in parts] == [(3, 1), (3, 2), (3, 3)], "parts left out of order"
    assert b"".join(body[6:] for _, _, body in parts) == text.encode()
    check_receipt(story.receipt(session, long), long)


def windows(story):
    for number, window in ((20, 1), (21, 50)):
        count = 30 if window == 1 else 300
        def receipts():
            return story.npm.requests("trx", "deliver_sm")

        before = len(receipts())
        to = f"4477009000{number}"
        done = story.npm.flow("trx", "submit_sm", count, window, "flow", **FROM_US, destination_addr=to,
                              registered_delivery=1, data_coding=0)
        assert done["statuses"] == {"0": count} and done["most"] == window, done["statuses"]
        assert len(set(done["ids"])) == count
        bodies = sorted(body.decode() for _, _, body in story.at_operator(to, count))
        assert bodies == sorted(f"flow {i}" for i in range(count)), "lost, doubled or changed on the way"
        story.npm.wait(lambda: len(receipts()) >= before + count, f"{count} receipts")
        got = [pdu["receipted_message_id"] for pdu in receipts()[before:]]
        assert sorted(got) == sorted(done["ids"])


def query_and_cancel(story):
    """On a session whose receipts are not acknowledged: while one is owed, we know how the message ended."""
    npm, session = story.npm, "slow"
    assert story.bind(session)["command_status"] == 0
    npm.order("hold", session=session)
    npm.send("trx", "unbind")  # or receipts would go there, too
    npm.wait_closed("trx")
    npm.forget("trx")

    sent = story.submit(session, "447700900030", short_message="soon there", data_coding=0)
    check_receipt(story.receipt(session, sent), sent)
    answer = npm.send(session, "query_sm", message_id=sent, **FROM_US)
    assert answer["command_status"] == 0 and answer["message_id"] == sent, answer
    assert answer["message_state"] == DELIVERED and answer["error_code"] == 0, answer
    assert answer["final_date"] not in ("", "invalid date"), answer  # npm made a date of it
    answer = npm.send(session, "query_sm", message_id="0" * 32, **FROM_US)
    assert answer["command_status"] == INVMSGID, answer
    assert answer["additional_status_info_text"].startswith("no_such_message"), answer

    later = story.submit(session, "447700900031", short_message="never sent",
                         schedule_delivery_time="000000020000000R")
    answer = npm.send(session, "query_sm", message_id=later, **FROM_US)
    assert answer["message_state"] in (0, ENROUTE) and answer["final_date"] == "", answer
    cancel = {"message_id": later, "destination_addr": "447700900031", **FROM_US}
    assert npm.send(session, "cancel_sm", **cancel)["command_status"] == 0
    check_receipt(story.receipt(session, later), later, DELETED, "DELETED", "904")
    answer = npm.send(session, "query_sm", message_id=later, **FROM_US)
    assert answer["message_state"] == DELETED, answer
    assert npm.send(session, "cancel_sm", **cancel)["command_status"] == CANCELFAIL
    assert "447700900031" not in story.sim_log.read_text(), "a canceled message was sent"

    for receipt in npm.requests(session, "deliver_sm"):
        npm.answer(session, receipt)
    assert npm.send(session, "unbind")["command_status"] == 0
    assert story.bind("trx")["command_status"] == 0


def many_and_data(story):
    npm, session = story.npm, "trx"
    numbers = ["447700900040", "447700900041", "447700900042"]
    answer = npm.send(session, "submit_multi", **FROM_US, registered_delivery=1,
                      dest_address=[{"dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": number}
                                    for number in numbers + ["not a number"]],
                      short_message="to all of you", data_coding=0)
    assert answer["command_status"] == 0, answer
    refused = [(row["destination_addr"], row["error_status_code"]) for row in answer["unsuccess_sme"]]
    assert refused == [("not a number", INVDSTADR)], refused
    for number in numbers:
        assert story.at_operator(number) == [(0, 0, b"to all of you")]
        check_receipt(story.receipt(session, answer["message_id"], number), answer["message_id"], to=number)

    answer = npm.send(session, "data_sm", **FROM_US, destination_addr="447700900043", registered_delivery=1,
                      data_coding=8, message_payload={"hex": ARABIC.encode("utf-16-be").hex()})
    assert answer["command"] == "data_sm_resp" and answer["command_status"] == 0, answer
    assert story.at_operator("447700900043") == [(0, 8, ARABIC.encode("utf-16-be"))]
    check_receipt(story.receipt(session, answer["message_id"]), answer["message_id"], to="447700900043")


def refusals_in_every_version(story):
    """A refused submit_sm_resp stays readable for a decoder that expects a message_id in every response."""
    assert story.bind("v34", interface_version=0x34)["command_status"] == 0
    for session in ("v34", "trx"):  # trx is a 5.0 session: there a refusal says why
        answer = story.npm.send(session, "submit_sm", **FROM_US, destination_addr="12345678901234567",
                                short_message="too many digits")
        assert answer["command"] == "submit_sm_resp" and answer["command_status"] == INVDSTADR, answer
        assert answer.get("message_id", "") == "", answer
        if session == "trx":
            assert answer.get("additional_status_info_text", "").startswith("bad_destination"), answer
    assert story.npm.send("v34", "unbind")["command_status"] == 0


def leaving(story):
    assert story.npm.send("trx", "enquire_link")["command_status"] == 0
    assert story.npm.send("trx", "unbind")["command"] == "unbind_resp"
    story.npm.wait_closed("trx")
    errors = [event for event in story.npm.events if event["event"] == "error"]
    assert not errors, errors


def main():
    need_npm("interop_npm_customer")
    with gateway.folder("npm-customer") as where:
        story = Story(where)
        try:
            for chapter in (refused_binds, all_bind_types, texts, windows, query_and_cancel, many_and_data,
                            refusals_in_every_version, leaving):
                chapter(story)
                print(f"ok  {chapter.__name__}", flush=True)
        finally:
            story.stop()


if __name__ == "__main__":
    main()
