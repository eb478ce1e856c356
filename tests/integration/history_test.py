#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""History beside a running daemon: complete after kills, out of the way when it cannot go on, and back by itself."""
import contextlib
import csv
import datetime
import http.client
import io
import json
import pathlib
import socket
import sqlite3
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))
import cases  # noqa: E402
import gateway  # noqa: E402
from disk import Disk, missing  # noqa: E402

DELIVERED = 5


class Api:
    def __init__(self, connection, key=None):
        self.connection, self.key, self.headers = connection, key, {}

    def ask(self, method, path, body=None, headers=None):
        headers = {**({"Authorization": f"Bearer {self.key}"} if self.key else {}), **(headers or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        is_json = self.headers.get("content-type", "") in ("application/json", "application/problem+json")
        return answer.status, json.loads(text) if text and is_json else text

    def good(self, path, **more):
        status, got = self.ask("GET", path, **more)
        assert status == 200, (status, got)
        return got

    def refused(self, status, code, path, method="GET", body=None):
        got, problem = self.ask(method, path, body)
        assert (got, problem["code"]) == (status, code), (got, problem)


class Scene:
    def __init__(self, where, storage_extra=gateway.SMALL_JOURNAL, extra="", simulator=(), form="hex", **options):
        self.where = where
        self.form = form
        self.sim = gateway.Smscsim(where, *simulator)
        self.folder = where / "state" / "history"
        self.options = {"storage_extra": storage_extra, "extra": extra, **options}
        self.port = 0
        self.start()

    def start(self):
        yaml = gateway.config(self.where, {"north": self.sim.port}, smpp_port=self.port, **self.options)
        door = '    - {name: admin, address: "127.0.0.1:0"}'
        yaml = yaml.replace(door, f'{door}\n    - {{name: ctl, address: "unix:{self.where}/ctl.sock"}}')
        yaml = yaml.replace("smpp: {allow_ips", f"smpp: {{message_id: {self.form}, allow_ips")
        self.daemon = gateway.Aldisd(self.where, yaml)
        self.port = self.daemon.smpp_port

    def load(self, count, *more, **options):
        return gateway.load(self.where, self.daemon.smpp, "--count", count, "--window", 100, *more, **options)

    def staff(self):
        connection = http.client.HTTPConnection("ctl", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(30)
        connection.sock.connect(str(self.where / "ctl.sock"))
        return Api(connection)

    def api(self, account="demo", scopes=("messages:send", "messages:read", "content:read", "exports:run")):
        status, made = self.staff().ask("POST", f"/v1/admin/accounts/{account}/keys", {"scopes": list(scopes)})
        assert status == 201, made
        host, port = self.daemon.admin.rsplit(":", 1)
        return Api(http.client.HTTPConnection(host, int(port), timeout=30), made["key"])

    def lag(self):
        return self.daemon.metric("aldis_history_lag_seconds")

    def caught_up(self, seconds=60):
        gateway.wait_until(lambda: self.lag() == 0, "history has caught up", seconds)

    def rows(self):
        """{message's key: status} of all partitions; a message in two of them is an error."""
        found = {}
        for path in sorted(self.folder.glob("part-*.db")):
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                for key, status in database.execute("SELECT key, status FROM message"):
                    assert key not in found, f"{key} stands in two partitions"
                    found[key] = status
        return found

    def end(self):
        assert self.daemon.stop() == 0, self.daemon.text()[-2000:]
        self.sim.stop()


def every_message_stands_in_history_also_after_a_stop(where):
    scene = Scene(where)
    totals = scene.load(20_000)
    assert totals["accepted"] == totals["receipts"] == 20_000, totals
    scene.caught_up()
    rows = scene.rows()
    assert len(rows) == 20_000 and set(rows.values()) == {DELIVERED}, (len(rows), set(rows.values()))
    gateway.wait_until(lambda: scene.daemon.metric("aldis_history_bytes") > 1 << 20, "its size is told", 10)
    scene.load(500)
    assert scene.daemon.stop() == 0
    assert not list(scene.folder.glob("*-wal")), "closed in order"
    scene.start()
    scene.caught_up()
    assert len(scene.rows()) == 20_500
    scene.end()


def kills_under_load_neither_lose_nor_double_a_row(where):
    scene = Scene(where)
    accepted = 0
    for turn in range(4):
        totals = {}
        loading = threading.Thread(target=lambda: totals.update(
            scene.load(60_000, "--rate", 20_000, "--drain-seconds", 1, check=False)))
        loading.start()
        gateway.wait_until(lambda: scene.daemon.metric("aldis_messages_accepted_total") > 8_000 * (turn + 1), "some are in", 30)
        scene.daemon.kill()
        loading.join()
        accepted += totals["accepted"]
        scene.start()
    gateway.wait_until(lambda: scene.daemon.metric("aldis_messages_pending") == 0, "everything is over", 60)
    scene.caught_up()
    rows = scene.rows()
    assert accepted > 20_000 and len(rows) >= accepted, (accepted, len(rows))
    assert set(rows.values()) == {DELIVERED}, set(rows.values())
    assert scene.daemon.metric("aldis_history_gaps_total") == 0
    scene.end()


def a_folder_that_cannot_be_used_holds_nobody_up_and_history_comes_back(where):
    (where / "away").write_text("a file is in the way")
    scene = Scene(where, gateway.SMALL_JOURNAL + f", history: {{path: {where}/away/history}}")
    scene.folder = where / "away" / "history"
    totals = scene.load(20_000)
    assert totals["receipts"] == 20_000, totals
    gateway.wait_until(lambda: scene.lag() > 2, "the lag is told", 20)
    assert scene.daemon.metric("aldis_history_failing") == 1
    assert scene.daemon.text().count("history.failed") == 1, scene.daemon.text()[-2000:]
    (where / "away").unlink()
    (where / "away").mkdir()
    scene.caught_up()
    gateway.wait_until(lambda: scene.daemon.metric("aldis_history_failing") == 0, "nothing fails any more", 10)
    assert "history.recovered" in scene.daemon.text()
    assert len(scene.rows()) == 20_000 and scene.daemon.metric("aldis_history_gaps_total") == 0
    scene.end()


def history_that_stays_away_costs_the_journal_a_bounded_part_of_its_disk(where):
    scene = Scene(where, extra="limits: {disk_budget: 16MiB}\n")
    scene.load(1_000)
    scene.caught_up()
    assert scene.daemon.stop() == 0
    scene.folder.rename(where / "aside")
    scene.folder.write_text("a file is in the way")
    scene.start()
    most = 0
    for turn in range(4):
        totals = scene.load(30_000, name=f"load{turn}")
        assert totals["receipts"] == 30_000, totals
        most = max(most, len(list((where / "state" / "journal").glob("*.seg"))))
    assert 8 <= most <= 24, most  # half of the budget, what the gateway needs itself, and the reserve
    assert scene.daemon.stop() == 0
    scene.folder.unlink()
    (where / "aside").rename(scene.folder)
    scene.start()
    scene.caught_up()
    assert scene.daemon.metric("aldis_history_gaps_total") == 1
    assert 1_000 < len(scene.rows()) < 121_000
    scene.end()


def a_full_disk_of_its_own_stops_history_and_nothing_else(where):
    lacking = missing("ext4")
    if lacking:
        print(f"     left out: needs root, /dev/loop-control and mkfs.ext4; there is no {lacking}")
        return
    disk = Disk(where, "ext4", 16)
    disk.mount()
    scene = None
    try:
        scene = Scene(where, gateway.SMALL_JOURNAL + f", history: {{path: {disk.mount_point}/history}}")
        scene.folder = disk.mount_point / "history"
        scene.load(1_000)
        scene.caught_up()
        disk.fill()
        totals = scene.load(20_000)
        assert totals["receipts"] == 20_000, totals
        gateway.wait_until(lambda: scene.lag() > 2, "the lag is told", 20)
        assert scene.daemon.metric("aldis_history_failing") == 1
        assert 1 <= scene.daemon.text().count("history.failed") <= 3, scene.daemon.text()[-2000:]
        scene.daemon.kill()
        scene.start()  # neither does it keep a start from its way
        disk.free()
        scene.caught_up()
        rows = scene.rows()
        assert len(rows) == 21_000 and set(rows.values()) == {DELIVERED}, len(rows)
        scene.end()
    finally:
        if scene is not None:
            scene.daemon.kill()
        disk.close()


def switched_off_there_is_none_and_the_journal_keeps_nothing_for_it(where):
    scene = Scene(where, gateway.SMALL_JOURNAL + ", history: {enabled: false}")
    api = scene.api()
    api.refused(501, "not_implemented", "/v1/messages")
    scene.load(60_000)
    assert not scene.folder.exists()
    assert "aldis_history" not in scene.daemon.get("/metrics")
    segments = len(list((where / "state" / "journal").glob("*.seg")))
    assert segments <= 24, segments  # of about forty that were written
    scene.end()


def send(api, **message):
    status, made = api.ask("POST", "/v1/messages", {"to": "+447700900123", "from": "ACME", "text": "Grüße", **message})
    assert status == 202, made
    return made["id"]


def ended(api, message):
    def there():
        got = api.good(f"/v1/messages/{message}")
        return got if got["final"] else None
    return gateway.wait_until(there, "it is over", 30)


def a_message_that_is_over_is_shown_as_before_but_for_its_text(where):
    scene = Scene(where, accounts=("demo", "other"), simulator=("--receipt-delay-ms", "300", "400"))
    api = scene.api()
    message = send(api, label="spring", reference="order-991", metadata={"user": "77"})
    during = gateway.wait_until(lambda: (lambda got: got if got["status"] == "sent" else None)(
        api.good(f"/v1/messages/{message}")), "it is sent", 10)
    assert during["text"] == "Grüße" and during["content"] == "present", during
    after = ended(api, message)
    gone = gateway.wait_until(lambda: (lambda got: got if got["content"] == "expired" else None)(
        api.good(f"/v1/messages/{message}")), "the engine has let go of it", 10)
    assert after["status"] == gone["status"] == "delivered" and gone["text"] is None and gone["done_at"], gone
    for name in ("id", "account", "door", "to", "from", "encoding", "parts_count", "class", "label", "reference", "metadata",
                 "accepted_at", "attempts"):
        assert gone[name] == during[name], (name, gone[name], during[name])
    assert gone["parts"] == [{"n": 1, "status": "delivered", "attempts": 1, "error": None}], gone["parts"]
    blind = scene.api(scopes=("messages:read",)).good(f"/v1/messages/{message[4:].upper()}")
    assert blind["content"] == "withheld" and blind["text"] is None, blind
    shown = scene.staff().good(f"/v1/messages/{message}?account=demo")
    assert shown["parts"][0]["operator_id"], shown
    scene.api("other").refused(404, "not_found", f"/v1/messages/{message}")
    api.refused(404, "not_found", "/v1/messages/msg_" + "0" * 32)
    scene.daemon.kill()
    scene.start()
    assert scene.api().good(f"/v1/messages/{message}")["status"] == "delivered"
    scene.end()


def an_id_that_a_session_was_given_finds_its_message_also_when_it_is_over(where):
    for form, length in (("hex8", 8), ("dec", 19), ("uuid", 36)):
        home = where / form
        home.mkdir()
        scene = Scene(home, form=form)
        scene.load(3, "--oracle", home / "oracle.tsv")
        ids = {word for line in (home / "oracle.tsv").read_text().splitlines() for word in line.split("\t") if len(word) == length}
        api = scene.api()
        found = [got for status, got in (api.ask("GET", f"/v1/messages/{one}") for one in sorted(ids)) if status == 200]
        assert len({got["id"] for got in found}) == 3, (form, ids, found)
        assert {got["content"] for got in found} == {"expired"} and {got["status"] for got in found} == {"delivered"}, found
        scene.end()


def a_list_shows_what_is_alive_as_the_engine_has_it(where):
    scene = Scene(where, simulator=("--receipt-never", "1.0"))
    api = scene.api()
    scheduled = send(api, send_at=(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).isoformat())
    waiting = send(api, text="waits for its receipt")
    page = api.good("/v1/messages?order=asc", headers={"Prefer": "wait=10"})
    assert [one["id"] for one in page["data"]] == [scheduled, waiting], page
    assert [one["text"] for one in page["data"]] == ["Grüße", "waits for its receipt"], page
    assert page["data"][0]["status"] == "scheduled" and page["data"][0]["content"] == "present", page
    assert scene.staff().ask("POST", f"/v1/messages/{scheduled}/cancel?account=demo")[0] == 200
    gateway.wait_until(lambda: api.good("/v1/messages?order=asc")["data"][0]["status"] == "deleted", "it is told", 10)
    scene.end()


def a_timeline_tells_each_step_to_whom_may_see_it(where):
    scene = Scene(where, accounts=("demo", "other"))
    api = scene.api()
    message = send(api)
    ended(api, message)
    told = gateway.wait_until(lambda: (lambda got: got if got["events"][-1]["detail"]["status"] == "delivered" else None)(
        api.good(f"/v1/messages/{message}/timeline")), "it is told", 10)
    kinds = [event["kind"] for event in told["events"]]
    assert kinds[0] == "accepted" and {"leased", "responded", "receipt"} <= set(kinds), kinds
    times = [event["at"] for event in told["events"]]
    assert times == sorted(times) and all(len(at) == len("2026-11-21T20:12:31.482113Z") for at in times), times
    responded = told["events"][kinds.index("responded")]["detail"]
    assert responded["outcome"] == "ok" and responded["command_status"] == 0 and "operator" not in responded, responded
    staff = scene.staff().good(f"/v1/messages/{message}/timeline?account=demo")
    assert staff["events"][kinds.index("responded")]["detail"]["operator"] == "north", staff
    assert "aldis-history-lag" in api.headers
    scene.api("other").refused(404, "not_found", f"/v1/messages/{message}/timeline")
    scene.end()


def lists_have_what_their_filters_say_page_by_page_and_of_one_account_only(where):
    scene = Scene(where, accounts=("demo", "other"))
    api, other = scene.api(), scene.api("other")
    sent = [send(api, to=f"+4477009{n:05}", label="spring" if n % 2 else "autumn", reference=f"o-{n}") for n in range(25)]
    foreign = send(other, label="spring")
    everything = api.good("/v1/messages?order=asc", headers={"Prefer": "wait=10"})
    assert [one["id"] for one in everything["data"]] == sent and everything["next"] is None, everything
    assert "parts" not in everything["data"][0] and float(api.headers["aldis-history-lag"]) < 10
    for order, wanted in (("asc", sent), ("desc", sent[::-1])):
        got, path = [], f"/v1/messages?limit=10&order={order}"
        while path:
            page = api.good(path)
            got += [one["id"] for one in page["data"]]
            link = api.headers.get("link", "")
            assert bool(link) == bool(page["next"]), (link, page["next"])
            path = link[1:link.index(">")] if link else None
        assert got == wanted, (order, len(got))
    spring = api.good("/v1/messages?label=spring")["data"]
    assert [one["id"] for one in spring] == sent[1::2][::-1]
    assert [one["id"] for one in api.good("/v1/messages?reference=o-7")["data"]] == [sent[7]]
    assert [one["id"] for one in api.good("/v1/messages?to=%2B447700900013")["data"]] == [sent[13]]
    statuses = "&".join(f"status={word}" for word in ("queued", "sending", "sent", "delivered"))
    assert len(api.good(f"/v1/messages?to=44770090*&from=ACME&{statuses}")["data"]) == 25
    assert api.good("/v1/messages?until=2020-01-01T00:00:00Z&since=2019-01-01T00:00:00Z")["data"] == []
    assert [one["id"] for one in other.good("/v1/messages")["data"]] == [foreign]
    cursor = api.good("/v1/messages?limit=1")["next"]
    api.refused(400, "invalid_cursor", f"/v1/messages?label=spring&after={cursor}")
    api.refused(400, "unknown_field", "/v1/messages?colour=red")
    api.refused(501, "not_implemented", "/v1/messages?country=GB")
    api.refused(403, "scope_missing", "/v1/messages?operator=north")
    assert len(scene.staff().good("/v1/messages?account=demo&operator=north")["data"]) == 25
    scene.staff().refused(400, "missing_field", "/v1/messages")
    scene.end()


def a_lookup_by_reference_after_a_kill_has_all_that_was_promised(where):
    scene = Scene(where)
    api = scene.api()
    for n in range(200):
        send(api, reference=f"order-{n}")
    scene.daemon.kill()
    scene.start()
    api = scene.api()
    page = api.good("/v1/messages?limit=1000", headers={"Prefer": "wait=10"})
    assert sorted(one["reference"] for one in page["data"]) == sorted(f"order-{n}" for n in range(200)), len(page["data"])
    scene.end()


def exported(api, **wish):
    status, job = api.ask("POST", "/v1/jobs", {"kind": "export_messages", **wish})
    assert status == 202 and api.headers["location"] == f"/v1/jobs/{job['id']}", job
    done = gateway.wait_until(lambda: (lambda got: got if got["state"] == "done" else None)(
        api.good(f"/v1/jobs/{job['id']}")), "the job is done", 60)
    return done, api.good(done["result"]["url"]).decode()


def an_export_has_every_message_once_and_can_be_read_in_ranges(where):
    scene = Scene(where, accounts=("demo", "other"))
    scene.load(20_000)
    api = scene.api()
    send(api, label="spring", reference="=1+1")
    scene.caught_up()
    job, text = exported(api, format="csv", columns=["id", "to", "status", "reference"])
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert lines[0] == ["id", "to", "status", "reference"] and len(lines) == 20_002, len(lines)
    assert len({line[0] for line in lines[1:]}) == 20_001 and job["rows"] == 20_001 and len(text) == job["result"]["octets"]
    assert lines[-1][1] == "447700900123" and lines[-1][3] == "'=1+1", lines[-1]
    url = job["result"]["url"]
    assert api.good(url)[:50].decode() == text[:50] and api.headers["content-type"].startswith("text/csv")
    for wanted, begin, end in (("0-99", 0, 100), ("1000000-", 1_000_000, None), ("-100", len(text) - 100, None)):
        status, piece = api.ask("GET", url, headers={"Range": f"bytes={wanted}"})
        assert status == 206 and piece.decode() == text[begin:end], (wanted, status)
        assert api.headers["content-range"].endswith(f"/{len(text)}"), api.headers
    assert api.ask("GET", url, headers={"Range": f"bytes={len(text)}-"})[0] == 416
    job, text = exported(api, format="jsonl", filter={"label": "spring"})
    rows = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == 1 and rows[0]["reference"] == "=1+1" and rows[0]["parts"], rows
    other = scene.api("other")
    for method, path in (("GET", url), ("GET", url[:-len("/result")]), ("DELETE", url[:-len("/result")])):
        other.refused(404, "not_found", path, method)
    assert exported(other)[0]["rows"] == 0
    files = len(list((where / "state" / "exports").iterdir()))
    assert api.ask("DELETE", url[:-len("/result")])[0] == 204
    api.refused(404, "not_found", url)
    gateway.wait_until(lambda: len(list((where / "state" / "exports").iterdir())) == files - 1, "its file is gone", 10)
    scene.daemon.kill()
    scene.start()
    gateway.wait_until(lambda: not list((where / "state" / "exports").iterdir()), "a start clears the folder", 10)
    scene.end()


def wrong_exports_are_told_what_to_do(where):
    scene = Scene(where)
    api = scene.api()
    def refused(status, code, body):
        api.refused(status, code, "/v1/jobs", "POST", body)
    refused(400, "missing_field", {})
    refused(400, "invalid_field", {"kind": "everything"})
    refused(501, "not_implemented", {"kind": "export_inbound"})
    refused(501, "not_implemented", {"kind": "export_usage"})
    refused(400, "invalid_field", {"kind": "export_messages", "format": "xml"})
    refused(400, "invalid_field", {"kind": "export_messages", "columns": ["colour"]})
    refused(400, "invalid_field", {"kind": "export_messages", "columns": ["id"] * 100})
    refused(400, "unknown_field", {"kind": "export_messages", "filter": {"colour": "red"}})
    refused(400, "invalid_field", {"kind": "export_messages", "filter": {"limit": "7"}})
    refused(400, "unknown_field", {"kind": "export_messages", "colour": "red"})
    refused(403, "scope_missing", {"kind": "export_messages", "filter": {"operator": "north"}})
    scene.api(scopes=("messages:read",)).refused(403, "scope_missing", "/v1/jobs", "POST", {"kind": "export_messages"})
    api.refused(404, "not_found", "/v1/jobs/job_" + "0" * 32)
    for _ in range(10):
        assert api.ask("POST", "/v1/jobs", {"kind": "export_messages"})[0] == 202
    refused(503, "overloaded", {"kind": "export_messages"})
    scene.end()


def what_history_cannot_say_is_said_so(where):
    (where / "away").write_text("a file is in the way")
    scene = Scene(where, gateway.SMALL_JOURNAL + f", history: {{path: {where}/away/history}}")
    api = scene.api()
    message = send(api)
    def gone():
        status, got = api.ask("GET", f"/v1/messages/{message}")
        assert status in (200, 503), (status, got)
        return status == 503 and got["code"] == "store_unavailable" and api.headers["retry-after"] == "1"
    gateway.wait_until(gone, "a message that only history can have", 20)
    api.refused(503, "store_unavailable", "/v1/messages")
    (where / "away").unlink()
    (where / "away").mkdir()
    scene.caught_up()
    assert api.good(f"/v1/messages/{message}")["status"] == "delivered"
    scene.end()


CASES = (every_message_stands_in_history_also_after_a_stop,
         kills_under_load_neither_lose_nor_double_a_row,
         a_folder_that_cannot_be_used_holds_nobody_up_and_history_comes_back,
         history_that_stays_away_costs_the_journal_a_bounded_part_of_its_disk,
         a_full_disk_of_its_own_stops_history_and_nothing_else,
         switched_off_there_is_none_and_the_journal_keeps_nothing_for_it,
         a_message_that_is_over_is_shown_as_before_but_for_its_text,
         an_id_that_a_session_was_given_finds_its_message_also_when_it_is_over,
         a_list_shows_what_is_alive_as_the_engine_has_it,
         a_timeline_tells_each_step_to_whom_may_see_it,
         lists_have_what_their_filters_say_page_by_page_and_of_one_account_only,
         a_lookup_by_reference_after_a_kill_has_all_that_was_promised,
         an_export_has_every_message_once_and_can_be_read_in_ranges,
         wrong_exports_are_told_what_to_do,
         what_history_cannot_say_is_said_so)


def call(case):
    with gateway.folder("history") as where:
        case(where)


if __name__ == "__main__":
    gateway.end_in_order_when_told()
    FAILED = cases.run(CASES, call)
    sys.exit(f"{FAILED} failed" if FAILED else 0)
