#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a customer's server is told: endpoints, callbacks, signatures, and that nothing owed is lost by a kill -9."""
import json
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
from api import SEND, TO, Receiver, Scene, run_cases, signed_by  # noqa: E402

SCOPES = [*SEND, "webhooks:manage"]
SEED = 20261122


def open_to(receiver):
    """Webhooks may call that receiver, which no real customer's server looks like."""
    return f'webhooks: {{allow_http: true, ports: [{receiver.port}], allow_networks: ["127.0.0.0/8"]}}'


def scene_with(where, receiver, *operator):
    scene = Scene(where, *operator, extra=open_to(receiver))
    return scene, scene.api(scene.key(scopes=SCOPES)["key"])


def webhook(api, receiver, **more):
    status, made = api.ask("POST", "/v1/webhooks", {"url": receiver.url(), **more})
    assert status == 201 and made["id"].startswith("whe_") and made["secret"].startswith("whsec_"), made
    return made


def send(api, **more):
    status, made = api.ask("POST", "/v1/messages", {"to": TO, "from": "ACME", "text": "hello", **more})
    assert status == 202, made
    return made["id"]


def an_endpoint_is_told_of_each_change_signed_and_in_order(where):
    receiver = Receiver()
    scene, api = scene_with(where, receiver)
    made = webhook(api, receiver, types=["message.*"])
    message = send(api, reference="order-991", metadata={"user": "77"})
    calls = receiver.wait(lambda calls: len(calls) >= 2, "sent and delivered")
    types = [json.loads(call["body"])["type"] for call in calls]
    assert types == ["message.sent", "message.delivered"], types
    for call in calls:
        assert signed_by(call, made["secret"]) and call["method"] == "POST" and call["path"] == "/hook", call
        event = json.loads(call["body"])["data"]
        assert event["id"] == message and event["reference"] == "order-991" and event["metadata"] == {"user": "77"}, event
        assert event["door"] == "native" and event["account"] == "demo" and event["to"] == TO, event
    first, second = (json.loads(call["body"])["data"] for call in calls)
    assert first["status_seq"] < second["status_seq"] and second["previous_status"] == "sent", (first, second)
    assert second["final"] and second["done_at"], second
    gateway.wait_until(lambda: scene.daemon.metric("aldis_owed_items", via="webhook") == 0, "nothing is owed", 10)
    assert scene.daemon.metric("aldis_webhook_attempts_total", result="ok") == 2
    assert len(receiver.calls) == 2, "each is told once"
    scene.end()
    receiver.stop()


def endpoints_are_made_changed_rotated_and_removed(where):
    receiver = Receiver()
    scene, api = scene_with(where, receiver)
    other = scene.api(scene.key("other", scopes=SCOPES)["key"])
    made = webhook(api, receiver, description="prod")
    path = f"/v1/webhooks/{made['id']}"
    assert "secret" not in api.ask("GET", path)[1]
    for method, foreign in (("GET", path), ("PATCH", path), ("DELETE", path), ("POST", path + "/test")):
        other.refused(404, "not_found", method, foreign, {} if method == "PATCH" else None)
    status, changed = api.ask("PATCH", path, {"types": ["message.delivered"], "concurrency": 2})
    assert status == 200 and changed["types"] == ["message.delivered"] and changed["description"] == "prod", changed
    status, rotated = api.ask("POST", path + "/rotate-secret", {"overlap_seconds": 3600})
    assert status == 200 and rotated["secret"] != made["secret"], rotated
    status, tried = api.ask("POST", path + "/test")
    assert status == 200 and tried["status"] == 204 and tried["error"] is None, tried
    call = receiver.calls[-1]
    assert signed_by(call, made["secret"]) and signed_by(call, rotated["secret"]), "both sign until the overlap is over"
    scene.restart()
    api = scene.api(api.key)
    assert [one["id"] for one in api.ask("GET", "/v1/webhooks")[1]["data"]] == [made["id"]], "it outlives a crash"
    send(api)
    calls = receiver.wait(lambda calls: len(calls) >= 2, "told after a crash")
    assert json.loads(calls[-1]["body"])["type"] == "message.delivered" and signed_by(calls[-1], rotated["secret"])
    assert api.ask("DELETE", path)[0] == 204
    api.refused(404, "not_found", "GET", path)
    scene.end()
    receiver.stop()


def wrong_endpoints_are_told_what_to_do(where):
    receiver = Receiver()
    scene, api = scene_with(where, receiver)
    port = receiver.port
    for url in (f"http://10.0.0.1:{port}/", "http://169.254.169.254:80/latest", "ftp://app.example/", "https://localhost/x",
                f"http://user:x@127.0.0.1:{port}/", "http://127.1:80/", "https://app.example:22/", "https://" + "a" * 4100, 7):
        problem = api.refused(400, "invalid_field", "POST", "/v1/webhooks", {"url": url})
        assert problem["errors"][0]["pointer"] == "/url" and problem["detail"], problem
    api.refused(400, "missing_field", "POST", "/v1/webhooks", {"types": ["*"]})
    for field, value in (("types", []), ("types", ["Message!"]), ("concurrency", 0), ("concurrency", 65), ("style", "kannel"),
                         ("timeout_seconds", 31), ("ordered", 1), ("description", "x" * 201)):
        problem = api.refused(400, "invalid_field", "POST", "/v1/webhooks", {"url": receiver.url(), field: value})
        assert problem["errors"][0]["pointer"] == f"/{field}", problem
    api.refused(400, "unknown_field", "POST", "/v1/webhooks", {"url": receiver.url(), "secret": "mine"})
    for _ in range(20):
        webhook(api, receiver)
    api.refused(409, "in_use", "POST", "/v1/webhooks", {"url": receiver.url()})
    scene.api(scene.key(scopes=SEND)["key"]).refused(403, "scope_missing", "GET", "/v1/webhooks")
    assert not receiver.calls
    scene.end()
    receiver.stop()


def a_message_names_its_own_callback(where):
    receiver = Receiver()
    scene, api = scene_with(where, receiver)
    asked = {"to": TO, "from": "ACME", "text": "hi", "callback_url": receiver.url("/mine?a=%20b")}
    problem = api.refused(400, "invalid_field", "POST", "/v1/messages", asked)
    assert "callback-secret" in problem["detail"], problem
    status, made = api.ask("POST", "/v1/account/callback-secret")
    assert status == 201, made
    api.refused(400, "invalid_field", "POST", "/v1/messages", {**asked, "callback_url": "https://10.1.2.3/"})
    message = send(api, callback_url=asked["callback_url"])
    send(api)  # nobody is told of this one
    calls = receiver.wait(lambda calls: len(calls) >= 2, "its callbacks")
    assert [json.loads(call["body"])["data"]["id"] for call in calls] == [message] * 2
    assert all(call["path"] == "/mine?a=%20b" and signed_by(call, made["secret"]) for call in calls), calls
    scene.end()
    receiver.stop()


def an_endpoint_that_says_it_has_gone_waits_for_its_owner(where):
    gone = [True]
    receiver = Receiver(lambda call: (410 if gone[0] else 204, b""))
    scene, api = scene_with(where, receiver)
    made = webhook(api, receiver, types=["message.delivered"])
    path = f"/v1/webhooks/{made['id']}"
    send(api)
    gateway.wait_until(lambda: not api.ask("GET", path)[1]["enabled"], "disabled", 20)
    assert api.ask("GET", path)[1]["disabled_reason"] == "answered 410"
    gone[0] = False
    scene.restart()
    api = scene.api(api.key)
    assert not api.ask("GET", path)[1]["enabled"], "that outlives a crash"
    count = len(receiver.calls)
    status, enabled = api.ask("POST", path + "/enable")
    assert status == 200 and enabled["enabled"] and enabled["disabled_reason"] is None, enabled
    receiver.wait(lambda calls: len(calls) > count, "what waited is told")
    scene.end()
    receiver.stop()


def what_is_owed_survives_kill_9(where):
    """W3. The receiver fails half of its calls, the daemon is killed again and again: in the end every message's end was told."""
    chance = random.Random(SEED)
    healed = threading.Event()
    receiver = Receiver(lambda call: (204 if healed.is_set() or chance.random() < 0.5 else 500, b""))
    scene, api = scene_with(where, receiver)
    webhook(api, receiver, types=["message.delivered"], concurrency=64)
    key, accepted = api.key, []
    for _ in range(6):
        batch = {"defaults": {"from": "ACME", "text": "hello"}, "messages": [{"to": f"+4477009{n:05d}"} for n in range(100)]}
        status, made = api.ask("POST", "/v1/messages/batch", batch)
        assert status == 202 and made["accepted"] == 100, made
        accepted += [one["id"] for one in made["results"]]
        before = len(receiver.calls)
        receiver.wait(lambda calls, upto=before + chance.randrange(1, 60): len(calls) >= upto, "some calls")
        scene.restart()
        api = scene.api(key)
    healed.set()
    scene.restart()  # what rests after a failure need not wait for its next try
    began = time.monotonic()

    def told():
        return {event["data"]["id"] for _, event in receiver.events()}
    gateway.wait_until(lambda: told() >= set(accepted) and scene.daemon.metric("aldis_owed_items", via="webhook") == 0,
                       "everything is told", 90)
    numbers = {}
    for number, event in receiver.events():
        numbers.setdefault(event["data"]["id"], set()).add(number)
    assert all(len(each) == 1 for each in numbers.values()), "one number, whatever happened in between"
    print(f"     {len(receiver.calls)} calls for {len(accepted)} messages, healed in {time.monotonic() - began:.0f} s")
    assert scene.daemon.metric("aldis_dead_letters_total", via="webhook") == 0
    scene.end()
    receiver.stop()


CASES = [an_endpoint_is_told_of_each_change_signed_and_in_order,
         endpoints_are_made_changed_rotated_and_removed,
         wrong_endpoints_are_told_what_to_do,
         a_message_names_its_own_callback,
         an_endpoint_that_says_it_has_gone_waits_for_its_owner,
         what_is_owed_survives_kill_9]

if __name__ == "__main__":
    run_cases("webhooks", CASES)
