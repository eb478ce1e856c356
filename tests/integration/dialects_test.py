#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kannel's and Jasmin's clients against a running daemon: exact answers, and the exact octets at the handset."""
import json
import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
from api import Receiver, run_cases  # noqa: E402
from dialect_scene import Scene, open_to  # noqa: E402

TO = "447700900123"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
WHO = {"username": "demo", "password": "demo"}
GOOD = {**WHO, "to": TO, "from": "ACME"}


def k1_kannel_answers_as_an_smsbox_does(where):
    scene = Scene(where, "--receipt-never", "1.0")
    gateway.wait_until(lambda: scene.daemon.metric("aldis_link_up") >= 1, "the operator is bound", 30)
    status, text, headers = scene.ask("GET", "/cgi-bin/sendsms", query={**GOOD, "text": "hi"})
    assert (status, text) == (202, "0: Accepted for delivery"), (status, text)
    assert headers["content-type"] == "text/html" and headers["pragma"] == "no-cache", headers
    assert re.fullmatch(UUID, headers["x-message-id"]), headers
    assert scene.ask("GET", "/cgi-bin/sendsms", query={**GOOD, "password": "no", "text": "hi"})[:2] == \
        (403, "Authorization failed for sendsms")
    assert scene.ask("GET", "/cgi-bin/sendsms", query={**WHO, "text": "hi"})[:2] == \
        (400, "Missing receiver number, rejected")
    assert scene.ask("GET", "/cgi-bin/sendsms", query={**GOOD, "text": "x" * 5000})[:2] == \
        (400, "Charset or body misformed, rejected")
    # On a port of its own, which takes no credentials in the URL.
    assert scene.ask("GET", "/cgi-bin/sendsms", query={**GOOD, "text": "hi"}, port="kannel")[:2] == \
        (403, "Authorization failed for sendsms")
    assert scene.ask("GET", "/other", port="kannel")[:2] == (404, "Unknown request.")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert scene.ask("POST", "/cgi-bin/sendsms", f"username=demo&password=demo&to={TO}&from=ACME&text=hi", form,
                     port="kannel")[0] == 202
    assert scene.daemon.metric("aldis_messages_accepted_total", door="kannel") == 2
    assert scene.daemon.metric("aldis_refusals_total", door="kannel", reason="too_many_parts") == 1
    scene.at_handset(2)
    scene.sim.stop()
    gateway.wait_until(lambda: scene.daemon.metric("aldis_link_up") == 0, "nobody is bound", 30)
    assert scene.ask("GET", "/cgi-bin/sendsms", query={**GOOD, "text": "later"})[:2] == \
        (202, "3: Queued for later delivery")
    assert scene.daemon.stop() == 0


def k2_two_numbers_and_one_bad_are_two_messages(where):
    scene = Scene(where, "--receipt-never", "1.0")
    status, _, headers = scene.ask("GET", "/cgi-bin/sendsms", query={**GOOD, "to": f"{TO} bad +{TO[:-1]}4", "text": "hi"})
    assert status == 202 and len(headers["x-message-id"].split()) == 2 and headers["x-denied"] == "?", headers
    assert {row[1] for row in scene.at_handset(2)} == {TO, TO[:-1] + "4"}
    scene.end()


def k3_the_octets_at_the_handset_are_exact(where):
    scene = Scene(where, "--receipt-never", "1.0")
    path = f"/cgi-bin/sendsms?username=demo&password=demo&to={TO}&from=ACME"
    cases = [("&text=h%C3%A9", ("0", "0", "6805")),
             ("&coding=2&charset=UTF-8&text=%D0%B6", ("0", "8", "0436")),
             ("&coding=2&text=%04%36", ("0", "8", "0436")),
             ("&coding=1&udh=%06%05%04%0B%84%23%F0&text=%01%02%FF", ("64", "4", "0605040b8423f00102ff")),
             ("&mclass=0&text=hi", ("0", "16", "6869"))]
    for done, (query, wanted) in enumerate(cases, 1):
        assert scene.ask("GET", path + query)[0] == 202, query
        assert scene.at_handset(done)[-1] == ("ACME", TO, *wanted), (query, scene.at_handset(done)[-1])
    scene.end()


def k6_headers_and_json_say_the_same(where):
    scene = Scene(where, "--receipt-never", "1.0")
    headers = {"X-Kannel-Username": "demo", "X-Kannel-Password": "demo", "X-Kannel-To": TO, "X-Kannel-From": "ACME",
               "Content-Type": "text/plain"}
    assert scene.ask("POST", "/cgi-bin/sendsms", "hi", headers)[0] == 202
    status, text, _ = scene.ask("POST", "/api/sendsms", json.dumps({**GOOD, "text": "hi"}),
                                {"Content-Type": "application/json"})
    assert (status, text) == (202, '{"status":0,"message":"Sent."}'), text
    assert scene.at_handset(2)[0] == scene.at_handset(2)[1] == ("ACME", TO, "0", "0", "6869")
    key = scene.key()
    body = json.dumps({"to": TO, "from": "ACME", "text": "hi"})
    status, text, got = scene.ask("POST", "/api/sendsms", body, {"Content-Type": "application/json", "X-API-Key": key})
    assert (status, text) == (202, '{"status":0,"message":"Sent."}'), text
    assert scene.ask("POST", "/api/sendsms", body, {"Content-Type": "application/json", "X-API-Key": key + "x"})[:2] == \
        (403, '{"error":"Authorization failed"}')
    status, seen = scene.native(got["x-message-id"], key)
    assert status == 200 and seen["door"] == "kannel" and seen["to"] == "+" + TO and seen["text"] == "hi", seen
    scene.end()


def j1_jasmin_answers_as_itself(where):
    scene = Scene(where, "--receipt-never", "1.0")
    status, text, headers = scene.ask("GET", "/send", query={**GOOD, "content": "hi"})
    assert status == 200 and re.fullmatch(f'Success "{UUID}"', text), text
    assert headers["content-type"] == "text/plain", headers
    assert scene.ask("GET", "/send", query={**GOOD, "content": "hi", "colour": "red"})[:2] == \
        (400, 'Error "Argument [colour] is unknown."')
    assert scene.ask("GET", "/send", query={**GOOD, "password": "no", "content": "hi"})[:2] == \
        (403, 'Error "Authentication failure for username:demo"')
    assert scene.ask("GET", "/send")[:2] == \
        (400, 'Error "Mandatory arguments not found, please refer to the HTTPAPI specifications."')
    assert scene.daemon.metric("aldis_messages_accepted_total", door="jasmin") == 1
    assert scene.ask("GET", "/rate", query={**GOOD, "content": "x" * 200})[:2] == \
        (200, '{"unit_rate":0.0,"submit_sm_count":2}')
    assert scene.ask("GET", "/balance", query=WHO)[:2] == (200, '{"balance":"ND","sms_count":"ND"}')
    assert scene.ask("GET", "/ping")[:2] == (200, "Jasmin/PONG")
    scene.at_handset(1)
    scene.end()


def j6_octets_of_another_coding_go_as_they_are(where):
    scene = Scene(where, "--receipt-never", "1.0")
    assert scene.ask("GET", "/send", query={**GOOD, "hex-content": "0436", "coding": "8"})[0] == 200
    assert scene.at_handset(1)[0] == ("ACME", TO, "0", "8", "0436")
    body = json.dumps({**GOOD, "content": "h\u00e9"})
    assert scene.ask("POST", "/send", body, {"Content-Type": "application/json"})[0] == 200
    assert scene.at_handset(2)[1] == ("ACME", TO, "0", "0", "6805")
    scene.end()


def with_receiver(where, *operator, answer=lambda call: (200, b"ACK/Jasmin\n")):
    receiver = Receiver(answer)
    return receiver, Scene(where, "--reject-text", "rejected", *operator, extra=open_to(receiver.port),
                           operator_extra="errors: [{status: 0x45, class: perm}]")


def asked_of(call):
    """The query of a GET, or the form of a POST."""
    text = call["body"].decode() if call["method"] == "POST" else urllib.parse.urlsplit(call["path"]).query
    return dict(urllib.parse.parse_qsl(text, keep_blank_values=True))


def k4_a_dlr_url_is_called_for_what_its_mask_asks(where):
    receiver, scene = with_receiver(where)
    url = receiver.url("/dlr?who={who}&type=%d&text=%A&id=%I&to=%p")

    def send(who, mask, text):
        query = {**GOOD, "text": text, "dlr-mask": str(mask), "dlr-url": url.replace("{who}", who)}
        status, said, headers = scene.ask("GET", "/cgi-bin/sendsms", query=query)
        assert status == 202, said
        return headers["x-message-id"]
    first = send("all", 31, "hi")
    send("none", 0, "hi")
    send("refused", 2, "rejected")

    def told(calls):
        return [asked_of(call) for call in calls]
    calls = told(receiver.wait(lambda calls: len(calls) >= 3, "three reports"))
    of_all = [call for call in calls if call["who"] == "all"]
    assert [call["type"] for call in of_all] == ["8", "1"], calls
    assert of_all[0]["text"] == "ACK/" and of_all[0]["id"] == first and of_all[0]["to"] == TO, of_all
    assert of_all[1]["text"].startswith("id:"), of_all
    refused = [call for call in calls if call["who"] == "refused"]
    assert [(call["type"], call["text"]) for call in refused] == [("16", "NACK/0x00000045/Submit failed")], refused
    scene.end()
    receiver.stop()
    assert len(receiver.calls) == 3, told(receiver.calls)


def k4_a_receipt_that_says_no_is_a_failure(where):
    receiver, scene = with_receiver(where, "--undeliverable", "1.0")
    query = {**GOOD, "text": "hi", "dlr-mask": "3", "dlr-url": receiver.url("/dlr?type=%d")}
    assert scene.ask("GET", "/cgi-bin/sendsms", query=query)[0] == 202
    calls = receiver.wait(lambda calls: len(calls) >= 1, "a report")
    assert [asked_of(call)["type"] for call in calls] == ["2"], calls
    scene.end()
    receiver.stop()


def j2_each_level_and_method_tells_its_own(where):
    receiver, scene = with_receiver(where)
    for level in (1, 2, 3):
        for method in ("GET", "POST"):
            query = {**GOOD, "content": "hi", "dlr-url": receiver.url(f"/{level}"), "dlr-level": str(level),
                     "dlr-method": method}
            status, text, _ = scene.ask("GET", "/send", query=query)
            assert status == 200, text
    calls = receiver.wait(lambda calls: len(calls) >= 8, "eight receipts")
    of_one = {"id", "message_status", "level", "connector"}
    of_two = of_one | {"id_smsc", "sub", "dlvrd", "subdate", "donedate", "err", "text"}
    for wanted in (1, 2, 3):
        for method in ("GET", "POST"):
            told = [asked_of(call) for call in calls
                    if call["method"] == method and call["path"].split("?")[0] == f"/{wanted}"]
            levels = {1: ["1"], 2: ["2"], 3: ["1", "2"]}[wanted]
            assert [one["level"] for one in told] == levels, (wanted, method, told)
            for one in told:
                assert set(one) == (of_one if one["level"] == "1" else of_two), one
                assert one["message_status"] == ("ESME_ROK" if one["level"] == "1" else "DELIVRD"), one
                assert one["connector"] == "north", one
    scene.end()
    receiver.stop()
    assert len(receiver.calls) == 8


def j3_a_receipt_comes_again_until_it_is_acknowledged(where):
    bodies = [b"OK", b" ACK/Jasmin\n"]
    receiver, scene = with_receiver(where, answer=lambda call: (200, bodies[min(len(receiver.calls) - 1, 1)]))
    query = {**GOOD, "content": "hi", "dlr-url": receiver.url("/"), "dlr-level": "1"}
    assert scene.ask("GET", "/send", query=query)[0] == 200
    calls = receiver.wait(lambda calls: len(calls) >= 2, "the second attempt")
    assert asked_of(calls[0]) == asked_of(calls[1]), calls
    gateway.wait_until(lambda: scene.daemon.metric("aldis_owed_items") == 0, "nothing is owed", 30)
    scene.end()
    receiver.stop()


CASES = (k1_kannel_answers_as_an_smsbox_does,
         k2_two_numbers_and_one_bad_are_two_messages,
         k3_the_octets_at_the_handset_are_exact,
         k6_headers_and_json_say_the_same,
         j1_jasmin_answers_as_itself,
         j6_octets_of_another_coding_go_as_they_are,
         k4_a_dlr_url_is_called_for_what_its_mask_asks,
         k4_a_receipt_that_says_no_is_a_failure,
         j2_each_level_and_method_tells_its_own,
         j3_a_receipt_comes_again_until_it_is_acknowledged)


if __name__ == "__main__":
    run_cases("dialects", CASES)
