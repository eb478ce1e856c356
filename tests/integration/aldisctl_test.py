#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""aldisctl against a running daemon: what operators type, what they see, and how it ends when it does not work."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402
from api import SEND, TO, Receiver, Scene, run_cases  # noqa: E402

OK, REFUSED, USAGE, NO_CONNECTION, NOT_FOUND, DENIED = 0, 1, 2, 3, 4, 5


def ctl(scene, *arguments, where=("--socket",), expect=OK):
    at = (*where, str(scene.socket)) if where == ("--socket",) else where
    ran = subprocess.run([gateway.program("aldisctl"), *at, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == expect, f"exit {ran.returncode}, not {expect}: {ran.stdout}{ran.stderr}"
    return ran.stdout if expect == OK else ran.stdout + ran.stderr


def of_json(scene, *arguments):
    return json.loads(ctl(scene, "-o", "json", *arguments))


def messages_are_sent_shown_found_and_canceled(where):
    scene = Scene(where, "--receipt-never", "1.0")
    sent = of_json(scene, "message", "send", "--account", "demo", "--to", TO, "--from", "ACME", "--text", "Grüße")
    preview = of_json(scene, "message", "preview", "--account", "demo", "--to", TO, "--from", "ACME", "--text", "Grüße")
    assert preview["would_accept"] and preview["parts_count"] == 1, preview
    assert of_json(scene, "message", "show", sent["id"], "--account", "demo")["text"] == "Grüße"
    text = ctl(scene, "message", "show", sent["id"], "--account", "demo")
    assert sent["id"] in text and "Grüße" in text, text

    def found():
        rows = of_json(scene, "message", "find", "--account", "demo", "--to", TO)["data"]
        return rows and rows[0]["id"] == sent["id"]
    gateway.wait_until(found, "it is found", 20)
    assert sent["id"] in ctl(scene, "message", "find", "--account", "demo")
    assert "accepted" in ctl(scene, "message", "trace", sent["id"], "--account", "demo")
    refused = ctl(scene, "message", "cancel", sent["id"], "--account", "demo", expect=REFUSED)
    assert "aldisctl: POST" in refused, refused
    status = of_json(scene, "status")
    assert status["status"] == "ready" and status["links_up"] == 1, status
    assert "ready" in ctl(scene, "status")
    assert of_json(scene, "account", "show", "demo")["account"] == "demo"
    scene.end()


def keys_and_webhooks_are_made_listed_and_ended(where):
    receiver = Receiver()
    scene = Scene(where, extra=f'webhooks: {{allow_http: true, ports: [{receiver.port}], allow_networks: ["127.0.0.0/8"]}}')
    key = of_json(scene, "key", "add", "--account", "demo", "--scope", *SEND, "--label", "shop")
    assert key["label"] == "shop" and key["id"] in ctl(scene, "key", "list", "--account", "demo")
    token = where / "token"
    token.write_text(key["key"] + "\n")
    by_key = ("--url", scene.daemon.admin, "--token-file", str(token))
    assert "demo" in ctl(scene, "account", "show", "demo", where=by_key)
    assert "scope" in ctl(scene, "webhook", "list", "--account", "demo", where=by_key, expect=DENIED)
    made = of_json(scene, "webhook", "add", "--account", "demo", "--url", receiver.url(), "--type", "message.delivered")
    assert made["types"] == ["message.delivered"] and made["secret"], made
    assert made["id"] in ctl(scene, "webhook", "list", "--account", "demo")
    assert of_json(scene, "webhook", "test", made["id"], "--account", "demo")["status"] == 204
    assert not of_json(scene, "webhook", "disable", made["id"], "--account", "demo")["enabled"]
    assert of_json(scene, "webhook", "enable", made["id"], "--account", "demo")["enabled"]
    assert of_json(scene, "webhook", "rotate", made["id"], "--account", "demo")["secret"] != made["secret"]
    assert "--yes" in ctl(scene, "key", "revoke", key["id"], "--account", "demo", expect=USAGE)
    ctl(scene, "key", "revoke", key["id"], "--account", "demo", "--yes")
    assert "try:" in ctl(scene, "account", "show", "demo", where=by_key, expect=DENIED)
    scene.end()
    receiver.stop()


def what_does_not_work_says_why_and_what_to_try(where):
    scene = Scene(where)
    nobody = "msg_" + "0" * 32
    assert "no such message" in ctl(scene, "message", "show", nobody, "--account", "demo", expect=NOT_FOUND)
    problem = ctl(scene, "-o", "json", "message", "show", nobody, "--account", "demo", expect=NOT_FOUND)
    assert json.loads(problem)["code"] == "not_found", problem
    ctl(scene, "message", "show", nobody, expect=USAGE)
    ctl(scene, "messages", expect=USAGE)
    away = ctl(scene, "status", where=("--socket", str(where / "nobody.sock")), expect=NO_CONNECTION)
    assert "cannot connect" in away and "try:" in away, away
    ctl(scene, "status", where=("--url", f"127.0.0.1:{gateway.free_ports(1)[0]}"), expect=NO_CONNECTION)
    assert "token-file" in ctl(scene, "account", "show", "demo", where=("--url", scene.daemon.admin), expect=DENIED)
    assert "0 errors" in ctl(scene, "config", "check", scene.daemon.config_path)
    wrong = where / "wrong.yaml"
    wrong.write_text("schema_version: 1\nstorage: {reserve_segments: 0}\nnonsense: 1\n")
    said = ctl(scene, "config", "check", wrong, expect=USAGE)
    assert "reserve_segments" in said and "nonsense" in said, said
    scene.end()


CASES = [messages_are_sent_shown_found_and_canceled, keys_and_webhooks_are_made_listed_and_ended,
         what_does_not_work_says_why_and_what_to_try]

if __name__ == "__main__":
    run_cases("aldisctl", CASES)
