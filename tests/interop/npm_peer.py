# SPDX-License-Identifier: Apache-2.0
"""npm smpp as a customer or an operator, driven from Python: npm_peer.js does it in its own way."""
import json
import pathlib
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import gateway  # noqa: E402

SKIP = 77


def skip(test, reason):
    print(f"SKIP {test}: {reason}")
    sys.exit(SKIP)


def need_npm(test):
    if not shutil.which("node"):
        skip(test, "node is not installed")
    if not (HERE / "node_modules" / "smpp" / "package.json").exists():
        skip(test, "npm smpp is not installed: run tools/deps interop")


class NpmPeer:
    """One node process; events arrive in the order node saw them.

    Methods are for the test's thread; on_request runs on the reading thread, which may post() and answer().
    """

    def __init__(self, where, name="npm"):
        self.log = open(where / f"{name}.log", "ab")
        self.process = subprocess.Popen(
            [shutil.which("node"), str(HERE / "npm_peer.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, text=True, bufsize=1, cwd=where)
        self.changed = threading.Condition()
        self.events = []
        self.responses = {}
        self.tag = 0
        self.on_request = None  # called with (session, pdu)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            with self.changed:
                if event["event"] == "response":
                    self.responses[event["tag"]] = event["pdu"]
                else:
                    self.events.append(event)
                self.changed.notify_all()
            if event["event"] == "request" and self.on_request:
                self.on_request(event["session"], event["pdu"])

    def wait(self, condition, what, seconds=60.0):
        """Waits until condition() is true after some event, and returns what it returned."""
        with self.changed:
            if not self.changed.wait_for(condition, seconds):
                raise AssertionError(f"not within {seconds:g} s: {what}; last events: {self.events[-5:]}")
            return condition()

    def order(self, do, **fields):
        with self.changed:
            self.process.stdin.write(json.dumps({"do": do, **fields}) + "\n")

    def _tag(self):
        with self.changed:
            self.tag += 1
            return self.tag

    def listen(self):
        self.order("listen")
        def ports():
            return [event["port"] for event in self.events if event["event"] == "listening"]
        return self.wait(ports, "npm listens")[0]

    def connect(self, session, port):
        self.order("connect", session=session, port=port)
        self.wait(lambda: self.seen("connected", session), f"{session} connects")

    def post(self, session, command, **fields):
        """Sends a request without waiting for its response; returns what wait_response() wants."""
        tag = self._tag()
        self.order("send", session=session, command=command, fields=fields, tag=tag)
        return tag

    def wait_response(self, tag, what="a response", seconds=60.0):
        return self.wait(lambda: self.responses.get(tag), what, seconds)

    def send(self, session, command, **fields):
        """Sends a request and returns the response as npm decoded it."""
        return self.wait_response(self.post(session, command, **fields), f"the response to {command}")

    def answer(self, session, request, command_status=0, **fields):
        self.order("answer", session=session, command=request["command"] + "_resp",
                   sequence_number=request["sequence_number"],
                   fields={"command_status": command_status, **fields})

    def flow(self, session, command, count, window, text, seconds=60.0, **fields):
        tag = self._tag()
        self.order("flow", session=session, command=command, count=count, window=window, text=text,
                   fields=fields, tag=tag)
        return self.wait_response(tag, f"{count} responses with a window of {window}", seconds)

    def seen(self, event, session):
        return [e for e in self.events if e["event"] == event and e["session"] == session]

    def requests(self, session, command):
        """What the other side asked of that session so far."""
        with self.changed:
            return [e["pdu"] for e in self.seen("request", session) if e["pdu"]["command"] == command]

    def forget(self, session):
        """The name may be used again."""
        with self.changed:
            self.events = [event for event in self.events if event.get("session") != session]

    def wait_closed(self, session):
        self.wait(lambda: self.seen("closed", session), f"{session} is closed")

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        self.log.close()
