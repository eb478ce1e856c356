# SPDX-License-Identifier: Apache-2.0
"""The HTTP API as tests use it: connections that answer with JSON, a daemon with its doors, and a server that is called back."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import re
import socket
import sys
import threading

import cases
import gateway

ADMIN = '    - {name: admin, address: "127.0.0.1:0"}'
SEND = ["messages:send", "messages:read", "messages:control", "content:read", "account:read"]
TO = "+447700900123"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Api:
    """One connection; ask() gives the status and the answer's JSON."""

    def __init__(self, connection, key=None):
        self.connection, self.key = connection, key
        self.headers = {}

    def ask(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.key:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, json.loads(text) if text else None

    def refused(self, status, code, *asked, **more):
        got, problem = self.ask(*asked, **more)
        assert (got, problem["code"]) == (status, code), (got, problem)
        assert self.headers["content-type"] == "application/problem+json", self.headers
        assert problem["status"] == status and problem["request_id"], problem
        return problem


def key_of(path, account, scopes, **more):
    """The text of a key that staff make on the unix socket at `path`."""
    status, made = Api(UnixConnection(path)).ask("POST", f"/v1/admin/accounts/{account}/keys", {"scopes": scopes, **more})
    assert status == 201, made
    return made["key"]


class Scene:
    """A daemon with two accounts, one operator, and its two doors."""

    def __init__(self, where, *operator, accounts=("demo", "other"), extra="", account_extra=""):
        self.where = where
        self.sim = gateway.Smscsim(where, "--log", where / "operator.tsv", *operator)
        self.socket = where / "ctl.sock"
        yaml = gateway.config(where, {"north": self.sim.port}, accounts=accounts, extra=extra, account_extra=account_extra)
        assert ADMIN in yaml
        self.yaml = yaml.replace(ADMIN, f'{ADMIN}\n    - {{name: ctl, address: "unix:{self.socket}"}}')
        self.daemon = gateway.Aldisd(where, self.yaml)

    def admin(self):
        return Api(UnixConnection(self.socket))

    def api(self, key=None):
        host, port = self.daemon.admin.rsplit(":", 1)
        return Api(http.client.HTTPConnection(host, int(port), timeout=30), key)

    def key(self, account="demo", scopes=SEND, **more):
        status, made = self.admin().ask("POST", f"/v1/admin/accounts/{account}/keys", {"scopes": scopes, **more})
        assert status == 201, made
        assert re.fullmatch(r"aldis_[0-9a-f]{12}_[0-9A-Za-z]{43}", made["key"]), made
        return made

    def restart(self):
        self.daemon.kill()
        self.daemon = gateway.Aldisd(self.where, self.yaml)

    def end(self):
        assert self.daemon.stop() == 0
        self.sim.stop()


def status_of(api, message, wanted):
    def there():
        status, got = api.ask("GET", f"/v1/messages/{message}")
        assert status == 200, got
        return got if got["status"] == wanted else None
    return gateway.wait_until(there, f"{message} is {wanted}", 30)


class Receiver:
    """A customer's server: remembers what it was told, and answers as `answer(call)` says: (status, body)."""

    def __init__(self, answer=lambda call: (204, b"")):
        self.calls, self.answer = [], answer
        self.came = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                call = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body}
                with receiver.came:
                    receiver.calls.append(call)
                    status, text = receiver.answer(call)
                    receiver.came.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = take  # noqa: N815

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the gateway was killed while it was answered
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def events(self):
        """What the calls so far say, as (event id, JSON)."""
        with self.came:
            return [(call["headers"]["webhook-id"], json.loads(call["body"])) for call in self.calls]

    def wait(self, enough, what, seconds=30):
        with self.came:
            assert self.came.wait_for(lambda: enough(self.calls), seconds), f"{what}: {len(self.calls)} calls came"
            return list(self.calls)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def signed_by(call, secret):
    """Whether one of its signatures is that secret's (Standard Webhooks)."""
    headers = call["headers"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + call["body"]
    wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split(" ")


def run_cases(name, chosen):
    """Runs them, each in a folder of its own, and exits with what came of it."""
    def call(case):
        with gateway.folder(name) as where:
            case(where)
    failed = cases.run(chosen, call)
    sys.exit(f"{failed} failed" if failed else 0)
