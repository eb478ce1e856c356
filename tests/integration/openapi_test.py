#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""proto/openapi.yaml is what the daemon does, and the daemon does nothing that is not in there."""
import json
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import gateway  # noqa: E402
from api import SEND, TO, Api, Receiver, Scene, run_cases  # noqa: E402
from schema import Schemas  # noqa: E402

try:
    import yaml
except ImportError:
    print("needs PyYAML (Debian: python3-yaml)")
    sys.exit(77)

DOCUMENT = yaml.safe_load((ROOT / "proto" / "openapi.yaml").read_text())
METHODS = ("get", "post", "put", "patch", "delete")
SCOPES = [*SEND, "webhooks:manage", "account:manage", "exports:run", "events:read", "inbound:read"]
# Of any answer over HTTP, and for staff what goes with refusals.
COMMON = {"date", "content-type", "content-length", "transfer-encoding", "connection", "x-request-id", "cache-control",
          "x-content-type-options"}
HELLO = {"to": TO, "from": "ACME", "text": "hello"}
NOBODY = "0" * 32


def source(path):
    return (ROOT / path).read_text()


def operations():
    """{(METHOD, path): operation}, with the parameters of its path."""
    found = {}
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                both = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                found[method.upper(), path] = {**item[method], "parameters": both}
    return found


OPERATIONS = operations()


def filled(path, ids=None):
    """The path with an id in the place of each parameter: those given, else of nothing that there is."""
    ids = {"code": "not_found", "account": "demo", "key_id": "key_" + NOBODY[:12], "id": NOBODY, **(ids or {})}
    return re.sub(r"{(\w+)}", lambda name: ids[name[1]], path)


class Witness(Api):
    """An Api that holds every answer against the document, and remembers which it has seen."""

    def __init__(self, api, seen):
        super().__init__(api.connection, api.key)
        self.schemas = Schemas(DOCUMENT)
        self.seen = seen

    def call(self, method, path, body=None, headers=None, ids=None, query=None):
        """Status and answer of an operation by its path in the document."""
        operation = OPERATIONS[method, path]
        asked = filled(path, ids) + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        headers = {**({"Authorization": f"Bearer {self.key}"} if self.key else {}), **(headers or {})}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        self.connection.request(method, asked, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.seen.add((method, path, answer.status))
        what = f"{method} {asked} {answer.status}"
        assert str(answer.status) in operation["responses"], f"{what} is not documented: {text}"
        response = self.schemas.follow(operation["responses"][str(answer.status)])
        self.judge_headers(response, what)
        return answer.status, self.judged(response, text, what)

    def judge_headers(self, response, what):
        documented = {name.lower(): self.schemas.follow(header) for name, header in response.get("headers", {}).items()}
        extra = set(self.headers) - set(documented) - COMMON
        assert not extra, f"{what}: headers that are not documented: {extra}"
        for name, header in documented.items():
            assert name in self.headers or not header.get("required"), f"{what}: no {name}"
            if name in self.headers:
                faults = self.schemas.faults(self.headers[name], header["schema"], name)
                assert not faults, f"{what}: {faults}"

    def judged(self, response, text, what):
        content = response.get("content", {})
        if not content:
            assert not text, f"{what}: a body that is not documented: {text}"
            return None
        kind = self.headers["content-type"].split(";")[0]
        assert kind in content, f"{what}: {kind} is not documented"
        lines = content[kind].get("x-line-schema")
        if lines is None and kind not in ("application/json", "application/problem+json"):
            return text
        rows = [json.loads(line) for line in text.splitlines()] if lines else [json.loads(text)]
        for row in rows:
            faults = self.schemas.faults(row, lines or content[kind]["schema"])
            assert not faults, f"{what}: {faults}"
        return rows if lines else rows[0]

    def good(self, *asked, **more):
        status, answer = self.call(*asked, **more)
        assert status < 300, (asked, status, answer)
        return answer


def scene_for(where, receiver=None, *operator):
    extra = 'inbound: {numbers: [{number: "80010", account: demo}]}\n'
    extra += f'webhooks: {{allow_http: true, ports: [{receiver.port}], allow_networks: ["127.0.0.0/8"]}}' if receiver else ""
    scene = Scene(where, *operator, extra=extra, account_extra="receipts: {via: webhook}")
    gateway.wait_until(lambda: scene.daemon.metric("aldis_link_up") >= 1, "the operator is bound", 30)
    return scene


def the_document_is_whole(where):
    """References lead somewhere, ids are used once, and the tables in it are those of the sources."""
    del where
    schemas = Schemas(DOCUMENT)

    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                schemas.at(node["$ref"])
            if "example" in node and isinstance(node.get("schema"), dict) and "in" not in node:
                faults = schemas.faults(node["example"], node["schema"])
                assert not faults, faults
            if "example" in node and "type" in node:
                faults = schemas.faults(node["example"], {name: word for name, word in node.items() if name != "example"})
                assert not faults, (node, faults)
        for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(one)
    walk(DOCUMENT)
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids)), ids
    for (method, path), operation in OPERATIONS.items():
        inside = {schemas.follow(one)["name"] for one in operation["parameters"] if schemas.follow(one)["in"] == "path"}
        assert inside == set(re.findall(r"{(\w+)}", path)), (method, path, inside)
    # Every code has its status, and stands with an answer of that status.
    codes = dict(re.findall(r'X\(k\w+, "(\w+)", (\d+),', source("include/aldis/api/problem.hpp")))
    assert list(codes) == DOCUMENT["components"]["schemas"]["ProblemCode"]["enum"], "codes differ from problem.hpp"
    for name, response in DOCUMENT["components"]["responses"].items():
        said = response["content"].get("application/problem+json")
        if said:
            properties = said["schema"]["properties"]
            for code in properties["code"]["enum"]:
                assert int(codes[code]) == properties["status"]["const"], (name, code)
    # What a message may say, and what a key may be allowed.
    named = re.findall(r'{"(\w+)", &Reader::\w+}', source("src/ingress/message_request.cpp"))
    fields = schemas.names(DOCUMENT["components"]["schemas"]["BatchItem"])
    assert named and set(named) == set(fields), set(named) ^ set(fields)
    table = re.search(r"kScopeNames{(.*?)};", source("src/ingress/api_keys.cpp"), re.DOTALL)[1]
    assert re.findall(r'"([\w:]+)"', table) == DOCUMENT["components"]["schemas"]["Scope"]["enum"]
    columns = re.findall(r'Column{"(\w+)"', source("src/ingress/exports.cpp"))
    documented = DOCUMENT["components"]["schemas"]["JobRequest"]["properties"]["columns"]
    assert columns == documented["items"]["enum"] and len(columns) == documented["maxItems"], columns


def its_paths_are_those_that_the_daemon_has(where):
    table = re.findall(r'{"([A-Z]+)", "([^"]+)", Action::(\w+)', source("src/ingress/native_routes.cpp"))
    there = {(method, path): action for method, path, action in table}
    here = {(method, re.sub(r"{\w+}", "{}", path)): key for key in OPERATIONS for method, path in [key]}
    assert len(there) > 30 and set(there) == set(here), set(there) ^ set(here)
    scene = scene_for(where)
    staff = Witness(scene.admin(), set())
    poor = scene.api(scene.key(scopes=["suppressions:manage"])["key"])
    for path, item in DOCUMENT["paths"].items():
        for method in map(str.upper, METHODS):
            if method.lower() not in item:
                problem = scene.admin().refused(405, "method_not_allowed", method, filled(path))
                assert problem["instance"] == filled(path), problem
                continue
            operation = OPERATIONS[method, path]
            status, answer = staff.call(method, path, query={"account": "demo"} if "/admin/" not in path else None)
            assert status != 404 or answer["detail"] != "no such path", answer
            missing = operation.get("x-status") == "not_implemented"
            assert (status == 501) == missing and status != 500, (method, path, status)
            if operation.get("security") == []:
                assert Witness(scene.api(), set()).call(method, path)[0] == 200, path
                continue
            problem = poor.refused(403, "scope_missing", method, filled(path))
            assert problem["detail"] == f"the key lacks the scope {operation['x-scope']}", (path, problem)
    for other in ("/v1/nothing", "/v1/messages/a/b/c", "/v1/account/keys/a/b", "/v1/"):
        assert staff.refused(404, "not_found", "GET", other)
    for code in DOCUMENT["components"]["schemas"]["ProblemCode"]["enum"]:
        assert staff.good("GET", "/errors/{code}", ids={"code": code})["code"] == code
    assert staff.call("GET", "/errors/{code}", ids={"code": "unheard_of"})[0] == 404
    scene.end()


def messages_in_session(api, scene):
    made = api.good("POST", "/v1/messages", {**HELLO, "reference": "order-991", "metadata": {"user": "77"}, "label": "login"},
                    headers={"Idempotency-Key": '"k1"'})
    again = api.good("POST", "/v1/messages", {**HELLO, "reference": "order-991", "metadata": {"user": "77"}, "label": "login"},
                     headers={"Idempotency-Key": '"k1"'})
    assert made["id"] == again["id"] and api.headers["idempotency-replayed"] == "true"
    assert api.call("POST", "/v1/messages", HELLO, headers={"Idempotency-Key": '"k1"'})[0] == 422
    binary = api.good("POST", "/v1/messages", {"to": TO, "from": "ACME", "data": "0a0b", "udh": "050003cc0201"})
    later = api.good("POST", "/v1/messages", {**HELLO, "send_at": "2027-01-01T00:00:00+01:00"})
    rows = [HELLO, {"to": "12"}, {**HELLO, "idempotency_key": "mine"}]
    batch = "/v1/messages/batch"
    assert api.good("POST", batch, {"defaults": {"class": "bulk"}, "messages": rows})["refused"] == 1
    lines = [{"defaults": {"class": "bulk"}}, *rows]
    told = api.good("POST", batch, "\n".join(map(json.dumps, lines)), headers={"Content-Type": "application/x-ndjson"})
    assert told[-1]["done"] and len(told) == 4 and told[2]["replayed"], told
    for wrong in ({}, {"messages": []}, {"messages": rows, "more": 1}, {"defaults": 7, "messages": rows}, "{"):
        assert api.call("POST", batch, wrong)[0] == 400
    preview = "/v1/messages/preview"
    assert api.good("POST", preview, {**HELLO, "text": "it’s € 5"})["encoding"] == "ucs2"
    assert not api.good("POST", preview, {**HELLO, "text": "x" * 2000})["would_accept"]
    assert api.call("POST", preview, {**HELLO, "transliterate": True})[0] == 501
    for message in (made, binary):
        gateway.wait_until(lambda message=message: api.good("GET", "/v1/messages/{id}", ids=message)["final"], "it is over", 30)
    assert api.good("GET", "/v1/messages/{id}/timeline", ids=made)["events"]
    for path in ("/v1/messages/{id}", "/v1/messages/{id}/timeline"):
        scene.good("GET", path, ids=made, query={"account": "demo"})  # with operators and links in it
    assert api.good("GET", "/v1/messages/{id}", ids=later)["status"] == "scheduled"
    assert api.good("POST", "/v1/messages/{id}/cancel", ids=later)["status"] == "deleted"
    assert api.call("POST", "/v1/messages/{id}/cancel", ids=made)[0] == 409
    page = api.good("GET", "/v1/messages", query={"limit": 2}, headers={"Prefer": "wait=10"})
    assert len(page["data"]) == 2 and "link" in api.headers
    assert api.good("GET", "/v1/messages", query={"limit": 1000, "after": page["next"]})["next"] is None
    for query, status in (({"after": "x"}, 400), ({"country": "GB"}, 501), ({"operator": "north"}, 403)):
        assert api.call("GET", "/v1/messages", query=query)[0] == status, query


def wrong_messages_in_session(api):
    for wrong, status in (("{", 400), ({"to": "12", "text": "x"}, 422), ({**HELLO, "text": "ж", "encoding": "gsm7"}, 422),
                          ({**HELLO, "operator": "north"}, 501), ({**HELLO, "validity_seconds": 0}, 422), ("x" * 300_000, 413)):
        got, problem = api.call("POST", "/v1/messages", wrong)
        assert got == status, (wrong, problem)
        if status == 413:
            api.connection.close()
    assert api.call("POST", "/v1/messages", "to=1", headers={"Content-Type": "text/plain"})[0] == 415
    for method, path in OPERATIONS:
        if path.startswith("/v1/"):
            bad = Witness(Api(api.connection, ""), api.seen)
            assert bad.call(method, path, query={"key": api.key})[0] == 400, (method, path)


def account_in_session(api, scene, staff):
    api.good("GET", "/v1/account")
    wanted = {"label": "ci", "scopes": ["messages:send"], "allow_ips": ["203.0.113.0/24"], "expires_at": "2099-01-01T00:00:00Z"}
    own, of = "/v1/account/keys", "/v1/admin/accounts/{account}/keys"
    for who, path, ids in ((api, own, {}), (staff, of, {"account": "demo"})):
        made = who.good("POST", path, wanted, ids=ids)
        assert any(one["id"] == made["id"] for one in who.good("GET", path, ids=ids)["data"])
        assert who.call("POST", path, {"scopes": ["messages:send"], "more": 1}, ids=ids)[0] == 400
        assert who.call("DELETE", path + "/{key_id}", ids={**ids, "key_id": made["id"]})[0] == 204
        assert who.call("DELETE", path + "/{key_id}", ids={**ids, "key_id": made["id"]})[0] == 404
    assert api.call("POST", own, {"scopes": ["inbound:read", "suppressions:manage"]})[0] == 403
    assert staff.call("GET", of, ids={"account": "nobody"})[0] == 404
    for method, path in OPERATIONS:
        if path.startswith("/v1/account"):
            got, problem = staff.call(method, path, {"scopes": ["messages:send"]} if method == "POST" else None)
            assert got == 400 and problem["detail"] == "say which account: ?account=NAME", (method, path, problem)
    made = staff.good("POST", own, {"scopes": ["messages:send"]}, query={"account": "demo"})
    assert made["id"] in [one["id"] for one in staff.good("GET", own, query={"account": "demo"})["data"]]
    assert staff.call("DELETE", own + "/{key_id}", ids={"key_id": made["id"]}, query={"account": "other"})[0] == 404
    assert staff.call("DELETE", own + "/{key_id}", ids={"key_id": made["id"]}, query={"account": "demo"})[0] == 204
    while len(scene.admin().ask("GET", "/v1/admin/accounts/other/keys")[1]["data"]) < 50:
        scene.key("other")
    assert staff.call("POST", of, {"scopes": ["messages:send"]}, ids={"account": "other"})[0] == 409
    nobody = Witness(scene.api("aldis_000000000000_" + "x" * 43), api.seen)
    assert nobody.call("GET", "/v1/account")[0] == 401
    while nobody.call("GET", "/v1/account")[0] == 401:
        pass


def webhooks_in_session(api, receiver):
    one = "/v1/webhooks/{id}"
    made = api.good("POST", "/v1/webhooks", {"url": receiver.url(), "description": "prod", "types": ["message.*"]})
    assert api.good("GET", one, ids=made)["description"] == "prod"
    assert api.good("GET", "/v1/webhooks")["data"][0]["id"] == made["id"]
    assert api.good("PATCH", one, {"concurrency": 2}, ids=made)["concurrency"] == 2
    assert api.call("PATCH", one, {"concurrency": 0}, ids=made)[0] == 400
    assert api.good("POST", one + "/test", ids=made)["status"] == 204
    assert api.good("POST", one + "/enable", ids=made)["enabled"]
    assert api.good("POST", one + "/rotate-secret", ids=made)["secret"] != made["secret"]
    assert api.good("POST", one + "/rotate-secret", {"overlap_seconds": 0}, ids=made)["secret"]
    assert api.call("POST", one + "/rotate-secret", {"overlap": 0}, ids=made)[0] == 400
    api.good("POST", "/v1/account/callback-secret")
    message = api.good("POST", "/v1/messages", {**HELLO, "reference": "r", "callback_url": receiver.url("/mine")})
    calls = receiver.wait(lambda calls: len(calls) >= 5, "test, and sent and delivered twice")
    told = [json.loads(call["body"]) for call in calls]
    assert {event["type"] for event in told} == {"webhook.test", "message.sent", "message.delivered"}, told
    for event in told:
        body = DOCUMENT["webhooks"][event["type"]]["post"]["requestBody"]["content"]["application/json"]
        faults = api.schemas.faults(event, body["schema"])
        assert not faults, (event, faults)
        assert event["data"].get("id", message["id"]) == message["id"]
    gone = api.good("POST", "/v1/webhooks", {"url": receiver.url()})
    assert api.call("DELETE", one, ids=gone)[0] == 204 and api.call("GET", one, ids=gone)[0] == 404
    for _ in range(19):
        api.good("POST", "/v1/webhooks", {"url": receiver.url(), "types": ["inbound.received"]})
    assert api.call("POST", "/v1/webhooks", {"url": receiver.url()})[0] == 409


def jobs_in_session(api):
    for wish in ({"format": "csv"}, {"format": "jsonl", "filter": {"status": ["delivered", "deleted"]}}):
        job = api.good("POST", "/v1/jobs", {"kind": "export_messages", **wish})
        gateway.wait_until(lambda job=job: api.good("GET", "/v1/jobs/{id}", ids=job)["state"] == "done", "it is exported", 30)
        result = "/v1/jobs/{id}/result"
        assert api.good("GET", result, ids=job)
        assert api.call("GET", result, ids=job, headers={"Range": "bytes=0-9"})[0] == 206
        assert api.call("GET", result, ids=job, headers={"Range": "bytes=99999999-"})[0] == 416
        assert api.call("DELETE", "/v1/jobs/{id}", ids=job)[0] == 204
        assert api.call("GET", result, ids=job)[0] == 404
    assert api.call("POST", "/v1/jobs", {"kind": "export_usage"})[0] == 501
    assert api.call("POST", "/v1/jobs", {"kind": "export_messages", "columns": ["price"]})[0] == 400


def every_answer_of_a_long_session_is_documented(where):
    receiver = Receiver()
    scene = scene_for(where, receiver)
    seen = set()
    api = Witness(scene.api(scene.key(scopes=SCOPES)["key"]), seen)
    staff = Witness(scene.admin(), seen)
    messages_in_session(api, staff)
    wrong_messages_in_session(api)
    webhooks_in_session(api, receiver)
    jobs_in_session(api)
    account_in_session(api, scene, staff)
    for (method, path), operation in OPERATIONS.items():
        good = [int(status) for status in operation["responses"] if status.startswith("2")]
        missing = [status for status in good if (method, path, status) not in seen]
        assert not missing or operation.get("security") == [], f"{method} {path}: nothing here leads to {missing}"
    scene.end()
    receiver.stop()


def what_goes_wrong_is_told_as_documented(where):
    """Refused by the operator, not delivered, expired, canceled: in the message, its timeline, the list and the events."""
    receiver = Receiver()
    scene = scene_for(where, receiver, "--undeliverable", 0.5, "--error", "ESME_RINVDSTADR=0.3", "--receipt-never", 0.2,
                      "--inbound-rate", 5, "--inbound-to", "80010")
    seen = set()
    api = Witness(scene.api(scene.key(scopes=SCOPES)["key"]), seen)
    staff = Witness(scene.admin(), seen)
    made = api.good("POST", "/v1/webhooks", {"url": receiver.url()})
    plain = api.good("POST", "/v1/webhooks", {"url": receiver.url("/cloud"), "style": "cloudevents", "types": ["message.*"]})
    rows = [{**HELLO, "text": f"{n}", "validity_seconds": 600 if n else 1} for n in range(60)]
    rows.append({**HELLO, "send_at": "2027-01-01T00:00:00Z"})
    results = api.good("POST", "/v1/messages/batch", {"messages": rows})["results"]
    assert api.good("POST", "/v1/messages/{id}/cancel", ids=results[-1])["status"] == "deleted"
    wanted = {"message.sent", "message.delivered", "message.undeliverable", "message.rejected", "message.deleted",
              "inbound.received"}

    def told(calls, path="/hook"):
        return [json.loads(call["body"]) for call in calls if call["path"] == path]
    calls = receiver.wait(lambda calls: wanted <= {event["type"] for event in told(calls)} and told(calls, "/cloud"),
                          "of every kind, in both styles")
    events = [*told(calls), *({name: event[name] for name in ("type", "data")} | {"timestamp": event["time"]}
                              for event in told(calls, "/cloud"))]
    for event in events:
        body = DOCUMENT["webhooks"][event["type"]]["post"]["requestBody"]["content"]["application/json"]
        faults = api.schemas.faults(event, body["schema"])
        assert not faults, (event, faults)
    assert any(event["data"]["error"] for event in events), "some have failed"
    errors = set()
    for result in results:
        for who in (api, staff):
            query = {"account": "demo"}
            message = who.good("GET", "/v1/messages/{id}", ids=result, query=query)
            who.good("GET", "/v1/messages/{id}/timeline", ids=result, query=query)
            errors.add((message["error"] or {}).get("code"))
    assert len(errors) > 2, errors
    status = ["undeliverable", "rejected", "deleted"]
    listed = api.good("GET", "/v1/messages", query={"limit": 1000, "status": status}, headers={"Prefer": "wait=10"})["data"]
    assert {one["status"] for one in listed} == set(status), listed
    for hook in (made, plain):
        assert api.call("DELETE", "/v1/webhooks/{id}", ids=hook)[0] == 204
    scene.end()
    receiver.stop()


def values_of(schema, example):
    """(value, whether it is to be taken), as far as a schema says it."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    yield example, True
    if "null" in kinds:
        yield None, True
    if "enum" in schema:
        yield from ((word, True) for word in schema["enum"])
        yield "nonsense", False
    if "integer" in kinds:
        yield from ((schema["minimum"], True), (schema["maximum"], True))
        yield from ((schema["minimum"] - 1, False), (schema["maximum"] + 1, False), ("1", False), (1.5, False))
    if "string" in kinds:
        yield 7, False
        if "maxLength" in schema:
            yield "0" * (schema["maxLength"] + (2 if "{2}" in schema.get("pattern", "") else 1)), False
            if not {"pattern", "minLength"} & set(schema) and not example.startswith("http"):
                yield "x" * schema["maxLength"], True
        if schema.get("minLength"):
            yield "", False
        if "pattern" in schema or "format" in schema:
            yield "!Not this\n", False
    if "boolean" in kinds:
        yield 1, False
    if "array" in kinds:
        yield {}, False
        yield [example[0]] * (schema.get("maxItems", 10**9) + 1) if schema.get("maxItems") else 7, False
        if schema.get("minItems"):
            yield [], False
    if "object" in kinds:
        yield [], False
        if "maxProperties" in schema:
            yield {f"k{n}": "v" for n in range(schema["maxProperties"] + 1)}, False


def every_field_of_a_request_is_taken_within_its_bounds_and_no_other(where):
    receiver = Receiver()
    scene = scene_for(where, receiver)
    api = Witness(scene.api(scene.key(scopes=SCOPES)["key"]), set())
    api.good("POST", "/v1/account/callback-secret")
    schemas = DOCUMENT["components"]["schemas"]
    hook = api.good("POST", "/v1/webhooks", {"url": receiver.url()})
    tried = 0
    for method, path, schema, least, ids in (
            ("POST", "/v1/messages/preview", "MessageRequest", {"to": TO, "from": "ACME", "text": "hello"}, {}),
            ("POST", "/v1/account/keys", "KeyRequest", {"scopes": ["messages:read"]}, {}),
            ("PATCH", "/v1/webhooks/{id}", "WebhookRequest", {}, hook),
            ("POST", "/v1/jobs", "JobRequest", {"kind": "export_messages"}, {})):
        for name, field in api.schemas.names(schemas[schema]).items():
            example = receiver.url() if name in ("url", "callback_url") else field.get("example")
            for value, taken in values_of(field, example):
                body = {**least, name: value}
                if name in ("data", "udh") or value == "binary":
                    body.pop("text")
                    body.setdefault("data", "0a")
                needed = value is None and name in ("to", "text", "data")
                status, answer = api.call(method, path, body, ids=ids)
                assert not any(fault["code"] == "unknown_field" for fault in (answer or {}).get("errors", ())), (body, answer)
                later = status == 501 and "501" in field.get("description", "") + field.get("$ref", "")
                assert needed or later or (status < 300) == taken, (path, str(body)[:300], answer)
                tried += 1
                if path == "/v1/jobs" and status == 202:
                    api.good("DELETE", "/v1/jobs/{id}", ids=answer)
                if path == "/v1/account/keys" and status == 201:
                    api.good("DELETE", "/v1/account/keys/{key_id}", ids={"key_id": answer["id"]})
        status, answer = api.call(method, path, {**least, "unheard_of": 1}, ids=ids)
        assert status == 400 and answer["code"] == "unknown_field" and answer["errors"][0]["pointer"] == "/unheard_of", answer
        known = set(re.findall(r"\w+", answer["detail"].removesuffix("are known"))) - {"and"}
        if answer["detail"].endswith("are known"):
            assert known == set(api.schemas.names(schemas[schema])), (known, schema)
    print(f"     {tried} values of fields")
    query_is_taken(api, Witness(scene.admin(), set()))
    scene.end()
    receiver.stop()


def anybody_may_read_the_document_and_its_page(where):
    scene = scene_for(where)
    anybody = Witness(scene.api(), set())
    assert anybody.good("GET", "/openapi.json") == DOCUMENT, "the daemon shows another document than this"
    page = anybody.good("GET", "/docs").decode()
    assert "openapi.json" in page and anybody.headers["content-type"] == "text/html; charset=utf-8", anybody.headers
    assert not re.search(r"https?:|//[a-z]+\.|@import|innerHTML", page), "the page needs something from elsewhere"
    for path in ("/docs/", "/openapi.yaml", "/openapi.json/x"):
        anybody.connection.request("GET", path)
        answer = anybody.connection.getresponse()
        answer.read()
        assert answer.status == 404, path
    anybody.connection.request("HEAD", "/openapi.json")
    answer = anybody.connection.getresponse()
    assert answer.status == 200 and int(answer.getheader("content-length")) > 50_000 and not answer.read()
    scene.end()


def query_is_taken(api, staff):
    """Parameters of a list, and the same in the filter of an export."""
    query = {}
    for one in OPERATIONS["GET", "/v1/messages"]["parameters"]:
        one = api.schemas.follow(one)
        if one["in"] == "query" and one["name"] != "after":
            query[one["name"]] = one["example"]
            staff.good("GET", "/v1/messages", query={"account": "demo", one["name"]: one["example"]})
    status, answer = api.call("GET", "/v1/messages", query={"unheard_of": "1"})
    assert status == 400 and answer["code"] == "unknown_field", answer
    known = set(re.findall(r"\w+", answer["detail"].removesuffix("are known"))) - {"and"}
    assert known == {*query, "after"} - {"account"}, known ^ set(query)
    for limit, taken in ((1, True), (1000, True), (0, False), (1001, False)):
        assert (api.call("GET", "/v1/messages", query={"limit": limit})[0] == 200) == taken, limit
    filters = DOCUMENT["components"]["schemas"]["JobRequest"]["properties"]["filter"]["properties"]
    assert set(filters) == known - {"limit", "after", "order"}, set(filters) ^ known
    for name, field in filters.items():
        wish = {"kind": "export_messages", "filter": {name: field["example"]}}
        job = staff.good("POST", "/v1/jobs", wish, query={"account": "demo"})
        staff.good("DELETE", "/v1/jobs/{id}", ids=job, query={"account": "demo"})


CASES = (the_document_is_whole,
         its_paths_are_those_that_the_daemon_has,
         anybody_may_read_the_document_and_its_page,
         every_answer_of_a_long_session_is_documented,
         what_goes_wrong_is_told_as_documented,
         every_field_of_a_request_is_taken_within_its_bounds_and_no_other)


if __name__ == "__main__":
    run_cases("openapi", CASES)
