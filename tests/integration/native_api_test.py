#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTP API against a running daemon and a simulated operator: keys, messages, refusals, restarts."""
import http.client
import json
import pathlib
import re
import socket
import sys
import threading
import time

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


def a_request_that_comes_again_under_its_key_is_accepted_once(where):
    """N2, N3, H8: connections that break before the answer, kills, and every request asked again until it is answered."""
    scene = Scene(where)
    key = scene.key()["key"]
    api = scene.api(key)
    body = {"to": TO, "from": "ACME", "text": "once"}
    named = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
    status, first = api.ask("POST", "/v1/messages", body, named)
    assert status == 202 and "idempotency-replayed" not in api.headers, first
    status, again = api.ask("POST", "/v1/messages", {"text": "once", "from": "ACME", "to": TO}, {**named})
    assert status == 202 and again == first and api.headers["idempotency-replayed"] == "true", (first, again)
    api.refused(422, "idempotency_mismatch", "POST", "/v1/messages", {**body, "text": "twice"}, named)
    for wrong in ('""', "a b", "x" * 256):
        api.refused(400, "invalid_field", "POST", "/v1/messages", body, {"Idempotency-Key": wrong})
    batch = {"messages": [body, {**body, "idempotency_key": "mine"}]}
    status, made = api.ask("POST", "/v1/messages/batch", batch, {"Idempotency-Key": "b"})
    assert status == 202 and made["accepted"] == 2 and not any("replayed" in one for one in made["results"]), made
    status, more = api.ask("POST", "/v1/messages/batch", batch, {"Idempotency-Key": "b"})
    assert [one["id"] for one in more["results"]] == [one["id"] for one in made["results"]], (made, more)
    assert all(one["replayed"] for one in more["results"]), more
    ids = {first["id"], *(one["id"] for one in made["results"])}
    host, port = scene.daemon.admin.rsplit(":", 1)
    for turn in range(5):
        for n in range(200):
            text = json.dumps({**body, "reference": f"{turn}-{n}"})
            with socket.create_connection((host, int(port)), timeout=30) as broken:
                broken.sendall(f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                               f"Content-Type: application/json\r\nIdempotency-Key: k{turn}-{n}\r\n"
                               f"Content-Length: {len(text)}\r\n\r\n{text}".encode())
        scene.restart()
        api = scene.api(key)
        host, port = scene.daemon.admin.rsplit(":", 1)
        for n in range(200):
            def answered(n=n, turn=turn):
                status, made = api.ask("POST", "/v1/messages", {**body, "reference": f"{turn}-{n}"},
                                       {"Idempotency-Key": f"k{turn}-{n}"})
                assert status in (202, 409), made
                return made["id"] if status == 202 else None
            ids.add(gateway.wait_until(answered, f"request {turn}-{n} is answered", 10))
    assert len(ids) == 1003, len(ids)
    gateway.wait_until(lambda: scene.daemon.metric("aldis_messages_pending") == 0, "all is delivered", 30)
    listed, path = set(), "/v1/messages?limit=1000"
    while path:
        status, page = api.ask("GET", path, headers={"Prefer": "wait=10"})
        assert status == 200, page
        listed |= {one["id"] for one in page["data"]}
        path = page["next"] and f"/v1/messages?limit=1000&after={page['next']}"
    assert listed == ids, f"{len(listed)} messages there are, {len(ids)} were promised"
    scene.end()


def lines(scene, key, text, path="/v1/messages/batch"):
    """Sends the body in chunks while it reads the answer; the answer's lines."""
    host, port = scene.daemon.admin.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=120) as sock:
        def send():
            sock.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
                         "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            for at in range(0, len(text), 30_011):  # across lines
                piece = text[at:at + 30_011]
                sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            sock.sendall(b"0\r\n\r\n")
        sender = threading.Thread(target=send)
        sender.start()
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        assert answer.status == 202 and answer.getheader("content-type") == "application/x-ndjson", answer.status
        got = [json.loads(line) for line in answer.read().splitlines()]
        sender.join()
    return got


def a_batch_may_come_line_by_line_as_long_as_one_likes(where):
    """N4: 100,000 lines, one in a hundred of them bad: results in their order, and memory that does not grow with them."""
    scene = Scene(where)
    key = scene.key()["key"]
    rows = [{"defaults": {"from": "ACME", "text": "hello", "receipt": "none"}}]
    rows += [{"to": "12" if n % 100 == 7 else f"+4477{n:08d}", "label": f"l{n % 7}"} for n in range(100_000)]
    text = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    lines(scene, key, b'{"to":"+447700900123","from":"ACME","text":"warm"}')
    before = scene.daemon.metric("process_resident_memory_bytes")
    peak = [before]
    done = threading.Event()

    def watch():
        while not done.wait(0.05):
            peak[0] = max(peak[0], scene.daemon.metric("process_resident_memory_bytes"))
    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    got = lines(scene, key, text)
    took = time.monotonic() - began
    done.set()
    watcher.join()
    assert got[-1] == {"done": True, "accepted": 99_000, "refused": 1_000}, got[-1]
    assert [one["index"] for one in got[:-1]] == list(range(100_000))
    assert all(("error" in one) == (one["index"] % 100 == 7) for one in got[:-1])
    assert len({one["id"] for one in got[:-1] if "id" in one}) == 99_000
    print(f"     {100_000 / took:,.0f} lines/s, memory {before / 2**20:.0f} to {peak[0] / 2**20:.0f} MiB")
    if not gateway.has_sanitizers():  # which keep for a while what was freed
        assert peak[0] < before + 150 * 2**20, (before, peak)
    scene.end()


def lines_that_are_none_are_said_to_be_so(where):
    scene = Scene(where)
    key = scene.key()["key"]
    good = b'{"to":"+447700900123","from":"ACME","text":"hello"}'
    got = lines(scene, key, b"\n" + good + b"\r\n{not json}\n[]\n\n" + good)
    assert [one.get("error", {}).get("code") for one in got[:-1]] == [None, "malformed_request", "malformed_request", None], got
    assert got[-1] == {"done": True, "accepted": 2, "refused": 2}, got
    got = lines(scene, key, good + b"\n" + b"x" * 70_000 + b"\n" + good + b"\n")
    assert [one.get("error", {}).get("code") for one in got[:-1]] == [None, "line_too_long"], got
    assert got[-1] == {"done": True, "accepted": 1, "refused": 1}, got
    got = lines(scene, key, b'{"defaults":7}\n' + good)
    assert got[0]["error"]["code"] == "invalid_field" and got[-1]["accepted"] == 0, got
    assert lines(scene, key, b"")[-1] == {"done": True, "accepted": 0, "refused": 0}
    keyed = good[:-1] + b',"idempotency_key":"line-1"}\n'
    first, second = lines(scene, key, keyed), lines(scene, key, keyed)
    assert first[0]["id"] == second[0]["id"] and second[0]["replayed"], (first, second)
    host, port = scene.daemon.admin.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as gone:  # who leaves in the middle costs nobody anything
        gone.sendall(f"POST /v1/messages/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                     "Content-Type: application/x-ndjson\r\nContent-Length: 100000\r\n\r\n".encode() + good + b"\n" + good)
    gateway.wait_until(lambda: scene.daemon.metric("aldis_messages_accepted_total") >= 5, "its whole line was taken", 10)
    scene.end()


CASES = (a_message_is_accepted_sent_and_can_be_read,
         many_messages_in_one_request_have_one_result_each,
         a_batch_may_come_line_by_line_as_long_as_one_likes,
         lines_that_are_none_are_said_to_be_so,
         a_preview_says_what_it_would_be_and_sends_nothing,
         staff_on_the_socket_names_the_account,
         another_account_sees_nothing,
         what_waits_can_be_canceled_once,
         wrong_requests_are_told_what_to_do,
         only_a_valid_key_with_the_scope_opens,
         keys_outlive_a_crash_and_end_when_revoked,
         what_was_accepted_over_http_is_never_lost,
         a_request_that_comes_again_under_its_key_is_accepted_once,
         what_is_under_way_when_the_gateway_stops_is_answered)


if __name__ == "__main__":
    run_cases("native-api", CASES)
