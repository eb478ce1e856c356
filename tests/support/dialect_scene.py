# SPDX-License-Identifier: Apache-2.0
"""A daemon whose accounts have a login of every dialect, an operator that logs what reached it, and ways to ask."""
import hashlib
import http.client
import json
import urllib.parse

import gateway
from api import ADMIN, UnixConnection

TOKEN = "0123456789abcdef0123456789abcdef"
POOL = "MG0123456789abcdef0123456789abcdef"
API = """    - name: api
      address: "127.0.0.1:0"
      serve: [native, health, metrics, twilio, vonage, kannel, jasmin, jasmin_rest]
      query_credentials: [kannel, jasmin, vonage]
    - {name: kannel, address: "127.0.0.1:0", serve: [kannel]}
"""


def account_sid(name):
    return "AC" + hashlib.sha256(f"aldis-account:{name}".encode()).hexdigest()[:32]


def logins(name):
    """Each with the account's name as user and password, but Twilio's."""
    return (f"      - {{kind: kannel, user: {name}, password: {name}}}\n"
            f"      - {{kind: jasmin, user: {name}, password: {name}}}\n"
            f"      - {{kind: vonage, user: {name}, password: {name}, "
            f"options: {{signature_secret: shh, signature_method: sha256}}}}\n"
            f"      - {{kind: twilio, password: {TOKEN}, options: {{pools: [{{sid: {POOL}, senders: [ACME]}}]}}}}\n")


def key_sid(key):
    """Of "aldis_" + 12 digits + "_" + proof: what clients of Twilio call it."""
    return "SK" + hashlib.sha256(f"aldis-key:{key.split('_')[1]}".encode()).hexdigest()[:32]


def open_to(port):
    """Configuration under which a server of the test's may be called."""
    return f"webhooks: {{allow_http: true, ports: [{port}], allow_networks: [\"127.0.0.0/8\"]}}"


class Scene:
    def __init__(self, where, *operator, accounts=("demo",), **more):
        self.where = where
        self.log = where / "operator.tsv"
        self.sim = gateway.Smscsim(where, "--log", self.log, *operator)
        yaml = gateway.config(where, {"north": self.sim.port}, accounts=accounts, **more)
        assert ADMIN in yaml
        self.socket = where / "ctl.sock"
        ctl = f'    - {{name: ctl, address: "unix:{self.socket}"}}\n'
        yaml = yaml.replace(ADMIN, f"{ADMIN}\n{ctl}{API}".rstrip())
        for name in accounts:
            head = f"  - name: {name}\n"
            before, after = yaml.split(head, 1)
            yaml = before + head + after.replace("    smpp: {", logins(name) + "    smpp: {", 1)
        self.yaml = yaml
        self.daemon = gateway.Aldisd(where, yaml)
        self.address = self.daemon.ports["http"]["api"]

    def ask(self, method, path, body=None, headers=None, query=None, port="api"):
        """The status, the body and the header fields in lower case."""
        host, number = self.daemon.ports["http"][port].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(number), timeout=30)
        if query:
            path += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    def at_handset(self, count):
        """What the operator got, once it has that many: (source, destination, esm_class, data_coding, octets in hex)."""
        def lines():
            rows = self.log.read_text().splitlines() if self.log.exists() else []
            return rows if len(rows) >= count else None
        rows = gateway.wait_until(lines, f"the operator has {count} messages", 30)
        assert len(rows) == count, rows
        return [tuple(row.split("\t")[3:]) for row in rows]

    def key(self, account="demo"):
        """An API key of the account that may send, read and cancel."""
        connection = UnixConnection(self.socket)
        scopes = ["messages:send", "messages:read", "messages:control", "content:read"]
        connection.request("POST", f"/v1/admin/accounts/{account}/keys", json.dumps({"scopes": scopes}),
                           {"Content-Type": "application/json"})
        made = json.loads(connection.getresponse().read())
        connection.close()
        return made["key"]

    def native(self, message, key):
        status, text, _ = self.ask("GET", f"/v1/messages/{message}", headers={"Authorization": f"Bearer {key}"})
        return status, json.loads(text)

    def end(self):
        assert self.daemon.stop() == 0
        self.sim.stop()
