#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTP API against a running daemon and a simulated operator: keys, messages, refusals, restarts."""
import json
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
from api import SEND, TO, Scene, run_cases, status_of  # noqa: E402


def a_message_is_accepted_sent_and_can_be_read(where):
    scene = Scene(where, "--receipt-never", "1.0")
    api = scene.api(scene.key()["key"])
    status, made = api.ask("POST", "/v1/messages", {"to": TO, "from": "ACME", "text": "Grüße, 5 €",
                                                    "reference": "order-991", "label": "login", "metadata": {"user": "77"}})
    assert status == 202 and made["status"] == "queued" and made["encoding"] == "gsm7" and made["parts_count"] == 1, made
    assert api.headers["location"] == f"/v1/messages/{made['id']}"
    assert re.fullmatch(r"msg_[0-9a-f]{32}", made["id"])
    got = status_of(api, made["id"], "sent")
    assert got["text"] == "Grüße, 5 €" and got["to"] == TO and got["from"] == "ACME", got
    assert got["reference"] == "order-991" and got["label"] == "login" and got["metadata"] == {"user": "77"}, got
    assert got["door"] == "native" and got["account"] == "demo" and got["parts"][0]["status"] == "sent", got
    assert "operator_id" not in got["parts"][0] and got["done_at"] is None, got
    status, same = api.ask("GET", "/v1/messages/" + made["id"][4:].upper())
    assert status == 200 and same["id"] == made["id"]
    status, long_one = api.ask("POST", "/v1/messages", {"to": TO, "from": "ACME", "text": "ж" * 200})
    assert status == 202 and long_one["encoding"] == "ucs2" and long_one["parts_count"] == 3, long_one
    scene.end()


def many_messages_in_one_request_have_one_result_each(where):
    scene = Scene(where, "--receipt-never", "1.0")
    api = scene.api(scene.key()["key"])
    items = [{"to": f"+4477009{number:05}", "text": f"Hi {number}"} for number in range(500)]
    items[7] = {"to": "12", "text": "nobody"}
    items[9] = {"to": TO, "text": "x", "colour": "red"}
    status, got = api.ask("POST", "/v1/messages/batch", {"defaults": {"from": "ACME", "class": "bulk"}, "messages": items})
    assert status == 202 and got["accepted"] == 498 and got["refused"] == 2, got
    assert [result["index"] for result in got["results"]] == list(range(500))
    assert got["results"][7]["error"]["code"] == "invalid_destination" and got["results"][7]["error"]["pointer"] == "/to"
    assert got["results"][9]["error"]["code"] == "unknown_field", got["results"][9]
    assert len({result["id"] for result in got["results"] if "id" in result}) == 498
    status, one = api.ask("GET", f"/v1/messages/{got['results'][0]['id']}")
    assert status == 200 and one["class"] == "bulk" and one["from"] == "ACME", one
    api.refused(400, "missing_field", "POST", "/v1/messages/batch", {"defaults": {}})
    api.refused(400, "invalid_field", "POST", "/v1/messages/batch", {"messages": []})
    api.refused(400, "invalid_field", "POST", "/v1/messages/batch", {"messages": [{}] * 10_001})
    api.refused(400, "unknown_field", "POST", "/v1/messages/batch", {"messages": [{}], "default": {}})
    scene.end()


def a_preview_says_what_it_would_be_and_sends_nothing(where):
    scene = Scene(where)
    api = scene.api(scene.key()["key"])
    status, got = api.ask("POST", "/v1/messages/preview", {"to": TO, "from": "ACME", "text": "It’s " + "x" * 100})
    assert status == 200 and got["would_accept"] and got["refusal"] is None, got
    assert got["encoding"] == "ucs2" and got["parts_count"] == 2, got
    assert got["costly"] == [{"offset": 2, "char": "’", "codepoint": "U+2019"}], got
    status, got = api.ask("POST", "/v1/messages/preview", {"to": TO, "from": "ACME", "text": "x" * 3000})
    assert status == 200 and not got["would_accept"] and got["refusal"] == "text_too_long", got
    assert scene.daemon.metric("aldis_messages_accepted_total") == 0
    scene.end()


def staff_on_the_socket_names_the_account(where):
    scene = Scene(where, "--receipt-never", "1.0")
    staff = scene.admin()
    body = {"to": TO, "from": "ACME", "text": "by staff"}
    staff.refused(400, "missing_field", "POST", "/v1/messages", body)
    staff.refused(400, "missing_field", "POST", "/v1/messages?account=nobody", body)
    status, made = staff.ask("POST", "/v1/messages?account=demo", body)
    assert status == 202, made
    status, got = scene.api(scene.key()["key"]).ask("GET", f"/v1/messages/{made['id']}")
    assert status == 200 and got["account"] == "demo", got
    scene.end()


def another_account_sees_nothing(where):
    scene = Scene(where)
    mine = scene.api(scene.key()["key"])
    status, made = mine.ask("POST", "/v1/messages", {"to": TO, "from": "ACME", "text": "mine", "send_at": "2099-01-01T00:00:00Z"})
    assert status == 422, made
    status, made = mine.ask("POST", "/v1/messages", {"to": TO, "from": "ACME", "text": "mine", "validity_seconds": 3600})
    assert status == 202, made
    theirs = scene.api(scene.key("other")["key"])
    foreign = theirs.refused(404, "not_found", "GET", f"/v1/messages/{made['id']}")
    missing = theirs.refused(404, "not_found", "GET", "/v1/messages/msg_" + "0" * 32)
    assert foreign["detail"] == missing["detail"]
    theirs.refused(404, "not_found", "POST", f"/v1/messages/{made['id']}/cancel")
    scene.end()


def what_waits_can_be_canceled_once(where):
    scene = Scene(where)
    api = scene.api(scene.key()["key"])
    scene.sim.stop()
    status, made = api.ask("POST", "/v1/messages", {"to": TO, "from": "ACME", "text": "not yet", "receipt": "none"})
    assert status == 202, made
    status, gone = api.ask("POST", f"/v1/messages/{made['id']}/cancel")
    assert status == 200 and gone == {"id": made["id"], "status": "deleted"}, gone
    status, again = api.ask("POST", f"/v1/messages/{made['id']}/cancel")
    assert status in (200, 409), again
    assert scene.daemon.stop() == 0


def wrong_requests_are_told_what_to_do(where):
    scene = Scene(where)
    api = scene.api(scene.key()["key"])
    api.refused(400, "malformed_request", "POST", "/v1/messages", "{")
    problem = api.refused(400, "missing_field", "POST", "/v1/messages", {"from": "ACME"})
    assert {fault["pointer"] for fault in problem["errors"]} >= {"/to"}, problem
    api.refused(422, "invalid_destination", "POST", "/v1/messages", {"to": "12", "text": "x"})
    problem = api.refused(422, "invalid_text", "POST", "/v1/messages", {"to": TO, "text": "ж", "encoding": "gsm7"})
    assert problem["errors"][0]["pointer"] == "/text", problem
    api.refused(415, "unsupported_media_type", "POST", "/v1/messages", "to=1", headers={"Content-Type": "text/plain"})
    api.refused(404, "not_found", "GET", "/v1/nothing")
    api.refused(405, "method_not_allowed", "PUT", "/v1/messages", {})
    assert api.headers["allow"] == "POST, GET, HEAD", api.headers
    api.refused(501, "not_implemented", "POST", "/v1/messages", {"to": TO, "text": "x"}, headers={"Idempotency-Key": "1"})
    api.refused(501, "not_implemented", "GET", "/v1/messages?country=GB")
    status, page = api.ask("GET", "/errors/invalid_destination")
    assert status == 200 and page["status"] == 422, page
    scene.end()


def only_a_valid_key_with_the_scope_opens(where):
    scene = Scene(where)
    body = {"to": TO, "from": "ACME", "text": "x"}
    scene.api().refused(401, "unauthenticated", "POST", "/v1/messages", body)
    made = scene.key()
    wrong = made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B")
    nobody = scene.api(wrong)
    nobody.refused(401, "unauthenticated", "POST", "/v1/messages", body)
    assert nobody.headers["www-authenticate"] == 'Bearer realm="aldis"'
    scene.api().refused(400, "credentials_in_query", "GET", f"/v1/account?key={made['key']}")
    reader = scene.key(scopes=["messages:read"])
    scene.api(reader["key"]).refused(403, "scope_missing", "POST", "/v1/messages", body)
    elsewhere = scene.key(allow_ips=["203.0.113.0/24"])
    scene.api(elsewhere["key"]).refused(401, "unauthenticated", "POST", "/v1/messages", body)
    status, message = scene.api(made["key"]).ask("POST", "/v1/messages", body)
    assert status == 202, message
    status, withheld = scene.api(reader["key"]).ask("GET", f"/v1/messages/{message['id']}")
    assert status == 200 and withheld["text"] is None and withheld["content"] == "withheld", withheld
    # Who guesses waits.
    guesser = scene.api(wrong)
    for _ in range(25):
        status, problem = guesser.ask("GET", "/v1/account")
    assert status == 429 and problem["code"] == "auth_throttled", problem
    scene.end()


def keys_outlive_a_crash_and_end_when_revoked(where):
    scene = Scene(where)
    made = scene.key(label="ci", expires_at="2099-01-01T00:00:00Z")
    gone = scene.key(label="old")
    status, nothing = scene.admin().ask("DELETE", f"/v1/admin/accounts/demo/keys/{gone['id']}")
    assert status == 204 and nothing is None
    scene.api(gone["key"]).refused(401, "unauthenticated", "GET", "/v1/account")
    scene.restart()
    scene.api(gone["key"]).refused(401, "unauthenticated", "GET", "/v1/account")
    status, account = scene.api(made["key"]).ask("GET", "/v1/account")
    assert status == 200 and account["account"] == "demo", account
    status, listed = scene.admin().ask("GET", "/v1/admin/accounts/demo/keys")
    assert status == 200 and [one["label"] for one in listed["data"]] == ["ci"], listed
    shown = listed["data"][0]
    assert "key" not in shown and shown["last_used_at"].startswith("20"), shown
    assert shown["expires_at"] == "2099-01-01T00:00:00.000Z", shown
    scene.admin().refused(400, "missing_field", "POST", "/v1/admin/accounts/demo/keys", {"scopes": []})
    scene.admin().refused(400, "invalid_field", "POST", "/v1/admin/accounts/demo/keys", {"scopes": ["everything"]})
    scene.admin().refused(404, "not_found", "POST", "/v1/admin/accounts/nobody/keys", {"scopes": SEND})
    # A key cannot hand on what it does not have.
    manager = scene.key(scopes=["account:manage", "messages:read"])
    api = scene.api(manager["key"])
    api.refused(403, "scope_missing", "POST", "/v1/account/keys", {"scopes": ["messages:send"]})
    status, child = api.ask("POST", "/v1/account/keys", {"scopes": ["messages:read"]})
    assert status == 201, child
    api.refused(403, "scope_missing", "GET", "/v1/admin/accounts/demo/keys")
    scene.end()


def what_was_accepted_over_http_is_never_lost(where):
    scene = Scene(where, "--receipt-never", "1.0")
    api = scene.api(scene.key()["key"])
    accepted = []
    for number in range(300):
        status, made = api.ask("POST", "/v1/messages", {"to": TO, "from": "ACME", "text": f"message {number:04}"})
        assert status == 202, made
        accepted.append(made["id"])
    scene.restart()
    log = where / "operator.tsv"
    gateway.wait_until(lambda: len({line.split("\t")[7] for line in log.read_text().splitlines()}) == 300,
                       "the operator has all 300", 60)
    for message in (accepted[0], accepted[-1]):
        status_of(scene.api(scene.key()["key"]), message, "sent")
    scene.end()


def what_is_under_way_when_the_gateway_stops_is_answered(where):
    scene = Scene(where, "--receipt-never", "1.0")
    key = scene.key()["key"]
    body = json.dumps({"to": TO, "from": "ACME", "text": "x"})
    pipe = socket.create_connection(scene.daemon.admin.rsplit(":", 1), timeout=30)
    request = (f"POST /v1/messages HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    pipe.sendall(request * 8)
    answers = pipe.recv(65536)  # the first of them; the others may be on their way
    scene.daemon.process.terminate()
    while True:
        more = pipe.recv(65536)
        if not more:
            break
        answers += more
    assert scene.daemon.stop() == 0
    accepted = set(re.findall(rb"msg_[0-9a-f]{32}", answers))
    refused = answers.count(b"shutting_down")
    assert answers.count(b"HTTP/1.1 202") == len(accepted) and len(accepted) + (refused > 0) >= 1, answers
    assert answers.count(b"HTTP/1.1 ") == 8, answers
    scene.sim.stop()


CASES = (a_message_is_accepted_sent_and_can_be_read,
         many_messages_in_one_request_have_one_result_each,
         a_preview_says_what_it_would_be_and_sends_nothing,
         staff_on_the_socket_names_the_account,
         another_account_sees_nothing,
         what_waits_can_be_canceled_once,
         wrong_requests_are_told_what_to_do,
         only_a_valid_key_with_the_scope_opens,
         keys_outlive_a_crash_and_end_when_revoked,
         what_was_accepted_over_http_is_never_lost,
         what_is_under_way_when_the_gateway_stops_is_answered)


if __name__ == "__main__":
    run_cases("native-api", CASES)
