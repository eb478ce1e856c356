#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kannel's and Jasmin's clients against a running daemon: exact answers, and the exact octets at the handset."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
from dialect_scene import Scene  # noqa: E402

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


CASES = (k1_kannel_answers_as_an_smsbox_does,
         k2_two_numbers_and_one_bad_are_two_messages,
         k3_the_octets_at_the_handset_are_exact,
         k6_headers_and_json_say_the_same,
         j1_jasmin_answers_as_itself,
         j6_octets_of_another_coding_go_as_they_are)


def main():
    failed = 0
    for case in CASES:
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            continue
        sentence = case.__name__.replace("_", " ")
        with gateway.folder("dialects") as where:
            try:
                case(where)
                print(f"ok   {sentence}", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"FAIL {sentence}: {error}", flush=True)
    sys.exit(f"{failed} failed" if failed else 0)


if __name__ == "__main__":
    main()
