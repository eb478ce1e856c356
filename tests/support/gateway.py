# SPDX-License-Identifier: Apache-2.0
"""Real programs for tests: aldisd, smscsim and smppload on free loopback ports, stopped by their pid.

Programs come from the build tree named by ALDIS_BUILD (its bin/ folder). Each test has a folder of its own, removed when
it passes, kept and printed when it fails. Nothing waits for a fixed time: wait_until() looks for a condition.
"""
import atexit
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

from wait_until import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ALDIS_BUILD", ROOT / "build" / "release"))
SMALL_JOURNAL = ", segment_size: 1MiB, reserve_segments: 2"  # storage_extra: starts fast on a busy disk


def end_in_order_when_told():
    """SIGTERM (a time-out) unwinds like an error, so that what a test has mounted or started goes with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def program(name):
    path = BUILD / "bin" / name
    if not path.exists():
        sys.exit(f"{path} is not there: build it first, as README says: cmake --preset release && ninja -C build/release")
    return str(path)


def is_there(path, target):
    """What a campaign needs besides the programs."""
    if not path.exists():
        sys.exit(f"{path} is not there: build it first: ninja -C {BUILD} {target}")


def has_sanitizers():
    """Whether the build tree was configured with them."""
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and re.search(r"^ALDIS_SANITIZE:\w+=.", cache.read_text(), re.MULTILINE) is not None


def programs_are_there():
    """Before anything is mounted, started or counted."""
    for name in ("aldisd", "aldisctl", "smscsim", "smppload"):
        program(name)


@contextlib.contextmanager
def folder(name, parent=None):
    """A folder for one test, in the one for temporary files or another; kept when the test fails."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"aldis-{name}-", dir=parent))
    try:
        yield path
    except BaseException:
        print(f"kept: {path}", file=sys.stderr)
        raise
    if os.environ.get("ALDIS_KEEP"):
        print(f"kept: {path}", file=sys.stderr)
    else:
        shutil.rmtree(path, ignore_errors=True)


def free_ports(count):
    """Port numbers the kernel has just given out: nobody listens there now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Process:
    """A program that tells its addresses in a ports file."""

    def __init__(self, arguments, where, name, environment=None):
        self.name = name
        self.log_path = where / f"{name}.log"
        self.log = open(self.log_path, "ab")
        self.out_path = where / f"{name}.out"
        self.out = open(self.out_path, "ab")
        self.process = subprocess.Popen(arguments, stdout=self.out, stderr=self.log, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {})}, cwd=where)
        atexit.register(self._end)

    def _end(self):
        """What a test could not stop must not outlive it."""
        if self.running():
            self.process.kill()
            self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def stop(self, how=signal.SIGTERM, seconds=30.0):
        """Sends the signal and returns the exit code; kills what does not stop in time, and says so."""
        if self.running():
            self.process.send_signal(how)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop within {seconds:g} s") from None
        finally:
            self.log.close()
            self.out.close()
        return code

    def kill(self):
        self.stop(signal.SIGKILL)

    def text(self):
        return self.log_path.read_text(errors="replace")

    def output(self):
        return self.out_path.read_text(errors="replace")


def read_ports(path, process, seconds=60.0):
    def ready():
        if not process.running():
            raise AssertionError(f"{process.name} ended with {process.process.returncode}:\n{process.text()[-4000:]}")
        return path.exists()
    wait_until(ready, f"{process.name} writes {path}", seconds)
    return json.loads(path.read_text())


class Smscsim(Process):
    def __init__(self, where, *arguments, name="smscsim", listen="127.0.0.1:0"):
        ports = where / f"{name}.ports"
        ports.unlink(missing_ok=True)
        super().__init__([program("smscsim"), "--listen", listen, "--ports-file", str(ports), *map(str, arguments)], where, name)
        self.address = read_ports(ports, self)["smpp"]["smscsim"]
        self.port = int(self.address.rsplit(":", 1)[1])

    def totals(self):
        """Stops it and returns what it counted."""
        self.stop()
        return json.loads(self.output().strip().splitlines()[-1])


class Aldisd(Process):
    """The gateway on a configuration; settings are YAML text (see config()).

    With wait=False it may die before it is ready: wait_ready() looks. `prefix` is put before its command (strace).
    """

    def __init__(self, where, yaml, name="aldisd", environment=None, arguments=(), wait=True, prefix=()):
        self.config_path = where / f"{name}.yaml"
        self.config_path.write_text(yaml)
        self.ports_path = where / f"{name}.ports"
        self.ports_path.unlink(missing_ok=True)
        super().__init__([*prefix, program("aldisd"), "--config", str(self.config_path), "--ports-file", str(self.ports_path),
                          *arguments], where, name, environment)
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=60.0):
        self.ports = read_ports(self.ports_path, self, seconds)
        self.smpp = self.ports["smpp"]["plain"]
        self.smpp_port = int(self.smpp.rsplit(":", 1)[1])
        self.admin = self.ports["http"].get("admin")

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=10) as answer:
            return answer.read().decode()

    def metric(self, name, **labels):
        """The sum of all series of that name with those labels."""
        total = 0.0
        for line in self.get("/metrics").splitlines():
            head, _, value = line.rpartition(" ")
            series, _, given = head.partition("{")
            if series == name and all(f'{key}="{wanted}"' in given for key, wanted in labels.items()):
                total += float(value)
        return total


def config(where, operators, accounts=("demo",), smpp_port=0, extra="", account_extra="", operator_extra="", storage_extra="",
           state="state", routes=None, http_extra=""):
    """A complete configuration: accounts with their name as password, operators as {name: port}.

    One route goes over all operators, unless `routes` says others. account_extra: text for all, or {name: text}.
    """
    def password(text):
        path = where / f"password-{text}"
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path
    lines = ["schema_version: 1",
             f"storage: {{path: {where}/{state}{storage_extra}}}",
             "smpp:", "  listeners:", f'    - {{name: plain, address: "127.0.0.1:{smpp_port}"}}',
             "http:", "  listeners:", '    - {name: admin, address: "127.0.0.1:0"}', *http_extra.splitlines(), "accounts:"]
    for name in accounts:
        lines += [f"  - name: {name}", "    logins:",
                  f"      - {{kind: smpp, user: {name}, password: {{file: {password(name)}}}}}",
                  '    smpp: {allow_ips: ["127.0.0.0/8"], binds_max: 1000, window_in: 1000, window_out: 1000}',
                  '    senders: {allow: ["re:.*"]}', "    queue_max: 100000000"]
        own = account_extra.get(name, "") if isinstance(account_extra, dict) else account_extra
        lines += [f"    {row}" for row in own.splitlines() if row]
    lines += ["operators:"]
    for name, port in operators.items():
        lines += [f"  - name: {name}", f'    hosts: ["127.0.0.1:{port}"]', "    system_id: aldis",
                  f"    password: {{file: {password('secret')}}}", "    throttle: {per_second: 100000, burst: 10000}"]
        lines += [f"    {row}" for row in operator_extra.splitlines() if row]
    if routes is None:
        routes = "- {name: all, candidates: [" + ", ".join(f"{{operator: {name}}}" for name in operators) + "]}"
    lines += ["routes:"] + [f"  {row}" for row in routes.splitlines()] + [extra]
    return "\n".join(lines) + "\n"


def load(where, target, *arguments, name="smppload", customer="demo:demo", check=True):
    """Runs smppload to its end and returns its JSON."""
    result = subprocess.run([program("smppload"), "--target", target, "--customer", customer, *map(str, arguments)],
                            capture_output=True, text=True, timeout=600, cwd=where)
    (where / f"{name}.out").write_text(result.stdout + result.stderr)
    if not result.stdout.strip():
        raise AssertionError(f"smppload ended with {result.returncode}: {result.stderr}")
    totals = json.loads(result.stdout.strip().splitlines()[-1])
    if check and result.returncode != 0:
        raise AssertionError(f"smppload: {totals}")
    return totals
