# SPDX-License-Identifier: Apache-2.0
"""The scenarios of tools/bench. Each takes a place of its own and the arguments, and returns a Table.

A run counts only when its oracle is clean: smppload ends with an error when a message was refused, or a receipt missing or
twice. Load, simulator and gateway share the machine.
"""
import contextlib
import json
import shutil
import statistics
import subprocess
import time

import api
import gateway
from measure import Table, cpu_seconds, peak_mib, resident_mib

TWO_LINKS = "window: {start: 200, min: 50, max: 1000}"
BINDS = 4
DRAIN = 60


@contextlib.contextmanager
def daemon_on(where, name, operators, **more):
    """A gateway on an empty journal, its links bound."""
    yaml = gateway.config(where, operators, state=f"state-{name}", operator_extra=TWO_LINKS, **more)
    started = gateway.Aldisd(where, yaml, name=f"aldisd-{name}")
    try:
        gateway.wait_until(lambda: started.metric("aldis_link_up") == len(operators), "the links are bound")
        yield started
    finally:
        started.stop(seconds=120)


def two(sim):
    """Two operators with a link each, since none may be given more than 100,000 parts a second."""
    return {"north": sim.port, "south": sim.port}


def pour(where, daemon, name, count, *more, window=100, binds=BINDS, customer="demo:demo"):
    """Full cycles through the gateway: smppload's totals, and the CPU that the gateway took for each."""
    before = cpu_seconds(daemon.pid)
    totals = gateway.load(where, daemon.smpp, "--count", count, "--binds", binds, "--window", window, "--drain-seconds", DRAIN,
                          *more, name=name, customer=customer)
    totals["cpu_us"] = (cpu_seconds(daemon.pid) - before) * 1e6 / totals["accepted"]
    return totals


def ceiling(where, sim, name, count, window=100):
    """The same load straight to the simulator."""
    return gateway.load(where, sim.address, "--count", count, "--binds", BINDS, "--window", window, "--drain-seconds", DRAIN,
                        name=name)["cycles_per_second"]


TEXTS = {"60 octets": (), "mixed text": ("--share-long", 0.1, "--share-ucs2", 0.2)}


def relay(where, arguments):
    table = Table("relay", f"{arguments.messages:,} messages, {BINDS} customer connections, 2 links, durable full cycle")
    cases = [(window, text) for window in (arguments.windows or (10, 100)) for text in TEXTS]
    for run in range(arguments.runs + 1):
        for window, text in cases:
            if run == 0 and (window, text) != cases[-1]:
                continue
            name = f"{run}-{window}-{'m' if TEXTS[text] else 's'}"
            sim = gateway.Smscsim(where, name=f"sim-{name}")
            most = ceiling(where, sim, f"ceiling-{name}", arguments.messages, window)
            with daemon_on(where, name, two(sim)) as daemon:
                got = pour(where, daemon, f"relay-{name}", arguments.messages, *TEXTS[text], window=window)
                memory = peak_mib(daemon.pid)
            sim.stop()
            if run > 0:  # the first one warms up
                table.add(f"window {window}, {text}", per_second=got["cycles_per_second"], cpu_us=got["cpu_us"], ceiling=most,
                          ceiling_share=got["cycles_per_second"] / most, accept_p50_ms=got["latency_ms"]["p50"],
                          accept_p99_ms=got["latency_ms"]["p99"], peak_mib=memory)
    return table


def accept(where, arguments):
    """Submit to response at shares of the capacity that the same run had."""
    table = Table("accept", "latency from submit_sm to its response, beside the capacity of the same run")
    for run in range(arguments.runs):
        sim = gateway.Smscsim(where, name=f"sim{run}")
        with daemon_on(where, str(run), two(sim)) as daemon:
            pour(where, daemon, f"warm{run}", arguments.messages // 3)
            capacity = pour(where, daemon, f"capacity{run}", arguments.messages)["cycles_per_second"]
            for share in (25, 50, 75):
                rate = capacity * share / 100
                got = pour(where, daemon, f"at{share}-{run}", 0, "--seconds", arguments.seconds, "--rate", rate)
                table.add(f"{share} % of capacity", rate=rate, p50_ms=got["latency_ms"]["p50"], p99_ms=got["latency_ms"]["p99"],
                          p999_ms=got["latency_ms"]["p999"], cpu_us=got["cpu_us"])
        sim.stop()
    return table


def over_http(where, daemon, key, name, count, *more):
    """Messages through the HTTP API: httpload's totals, and the CPU that the gateway took for each."""
    before = cpu_seconds(daemon.pid)
    result = subprocess.run([gateway.program("httpload"), "--target", daemon.admin, "--key-file", key, "--count", str(count),
                             *map(str, more)], capture_output=True, text=True, timeout=600)
    (where / f"httpload-{name}.out").write_text(result.stdout + result.stderr)
    assert result.returncode == 0, result.stdout + result.stderr
    gateway.wait_until(lambda: daemon.metric("aldis_messages_pending") == 0, "every message is over", DRAIN)
    totals = json.loads(result.stdout)
    totals["cpu_us"] = (cpu_seconds(daemon.pid) - before) * 1e6 / count
    return totals


def over_http_at(where, daemon, key, name, rate, arguments):
    return over_http(where, daemon, key, name, int(rate * arguments.seconds), "--rate", rate)


def http(where, arguments):
    """The HTTP API: a request per message, and batches of lines; both to the end of each message, receipts included."""
    table = Table("http", f"{arguments.messages:,} messages over HTTP, 4 connections, durable, each to its receipt")
    for run in range(arguments.runs + 1):
        sim = gateway.Smscsim(where, name=f"sim{run}")
        socket = where / f"ctl{run}.sock"
        doors = f'    - {{name: ctl, address: "unix:{socket}"}}'
        with daemon_on(where, str(run), two(sim), http_extra=doors) as daemon:
            key = where / f"key{run}"
            key.write_text(api.key_of(socket, "demo", ["messages:send"]) + "\n")
            single = over_http(where, daemon, key, f"single{run}", arguments.messages)
            lines = over_http(where, daemon, key, f"lines{run}", arguments.messages, "--lines", "--depth", 1000)
            half = over_http_at(where, daemon, key, f"half{run}", single["accepted_per_second"] / 2, arguments)
            steady = over_http_at(where, daemon, key, f"steady{run}", 7500, arguments)
        sim.stop()
        if run > 0:  # the first one warms up
            table.add("a request each", per_second=single["accepted_per_second"], cpu_us=single["cpu_us"],
                      half_load_p50_ms=half["latency_ms"]["p50"], half_load_p99_ms=half["latency_ms"]["p99"])
            table.add("7,500 requests a second", cpu_us=steady["cpu_us"], p50_ms=steady["latency_ms"]["p50"],
                      p99_ms=steady["latency_ms"]["p99"])
            table.add("lines", per_second=lines["accepted_per_second"], cpu_us=lines["cpu_us"])
    return table


def backlog(where, arguments):
    """Operators away, messages queued; then they come, and the queue drains."""
    table = Table("backlog", f"{arguments.backlog:,} messages queued while no operator is there, then drained")
    for run in range(arguments.runs):
        sim = gateway.Smscsim(where, name=f"probe{run}")
        with daemon_on(where, f"empty{run}", two(sim)) as daemon:
            flowing = pour(where, daemon, f"flowing{run}", arguments.messages)["cycles_per_second"]
        sim.stop()
        ports = gateway.free_ports(1)
        yaml = gateway.config(where, {"north": ports[0], "south": ports[0]}, state=f"state{run}",
                              operator_extra=TWO_LINKS + "\nqueue_max: 1000000000")
        daemon = gateway.Aldisd(where, yaml, name=f"aldisd{run}")
        try:
            first = intake(where, daemon, f"first{run}", arguments.messages)
            empty = resident_mib(daemon.pid)
            rest = intake(where, daemon, f"rest{run}", arguments.backlog - arguments.messages)
            memory = resident_mib(daemon.pid)
            last = intake(where, daemon, f"last{run}", arguments.messages)
            queued = daemon.metric("aldis_messages_pending", state="queued")
            sim = gateway.Smscsim(where, name=f"sim{run}", listen=f"127.0.0.1:{ports[0]}")
            gateway.wait_until(lambda: daemon.metric("aldis_link_up") == 2, "the links are bound", 60)
            began, cpu = time.monotonic(), cpu_seconds(daemon.pid)
            gateway.wait_until(lambda: daemon.metric("aldis_messages_pending", state="queued") == 0, "the queue is empty", 1800)
            took = time.monotonic() - began
            table.add("backlog", octets_per_message=(memory - empty) * 2**20 / (arguments.backlog - arguments.messages),
                      resident_mib=memory, intake_first=first, intake_rest=rest, intake_last=last,
                      intake_share=last / first, drained_per_second=queued / took,
                      drain_cpu_us=(cpu_seconds(daemon.pid) - cpu) * 1e6 / queued, drain_share=queued / took / flowing)
            sim.stop()
        finally:
            daemon.stop(seconds=300)
    return table


def intake(where, daemon, name, count):
    totals = gateway.load(where, daemon.smpp, "--count", count, "--binds", BINDS, "--window", 100, "--no-receipts",
                          "--drain-seconds", 5, name=name)
    assert totals["accepted"] == count, totals
    return totals["accepted_per_second"]


def scale(where, arguments):
    """CPU per message as the installation grows, beside the smallest in the same run."""
    table = Table("scale", f"{arguments.messages:,} messages; CPU of the gateway for each")
    for run in range(arguments.runs):
        for accounts in (1, 100, 1000):
            names = [f"a{i}" for i in range(accounts)]
            customers = sum((["--customer", f"{name}:{name}"] for name in names[1:min(accounts, 40)]), [])
            table.add(f"{accounts} accounts", **small(where, f"accounts{accounts}-{run}", arguments, *customers,
                                                      customer="a0:a0", binds=max(1, BINDS // accounts),
                                                      config={"accounts": names}))
        for sessions in (1, 50, 500):
            table.add(f"{sessions} sessions", **small(where, f"sessions{sessions}-{run}", arguments, binds=sessions,
                                                      window=400 if sessions == 1 else 100))
        # Who waits for each answer gives the gateway one request for each read and write.
        table.add("500 patient sessions", **small(where, f"patient{run}", arguments, binds=500, window=1))
        for prefixes in (10, 100_000, 1_000_000):
            rules = ", ".join(f"'9{i:07d}'" for i in range(prefixes - 1))
            both = "candidates: [{operator: north}, {operator: south}]"
            routes = f"- {{name: many, match: {{to: ['4477', {rules}]}}, {both}}}\n- {{name: all, {both}}}"
            table.add(f"{prefixes:,} prefixes", **small(where, f"prefixes{prefixes}-{run}", arguments, config={"routes": routes}))
    for kind, least in (("accounts", "1 accounts"), ("sessions", "1 sessions"), ("prefixes", "10 prefixes")):
        for case in [case for case in table.cases if case.endswith(kind) and case != least]:
            table.add(case, cpu_ratio=table.ratio(case, least, "cpu_us"))
    return table


def small(where, name, arguments, *more, config=None, customer="demo:demo", **load):
    sim = gateway.Smscsim(where, name=f"sim-{name}")
    with daemon_on(where, name, two(sim), **(config or {})) as daemon:
        got = pour(where, daemon, name, arguments.messages, *more, customer=customer, **load)
    sim.stop()
    return {"cpu_us": got["cpu_us"], "per_second": got["cycles_per_second"]}


def rtt(where, arguments):
    """An operator far away: what one link carries is its window over the round trip, until something else is full."""
    table = Table("rtt", "one link, window 100, against window / round trip")
    for run in range(arguments.runs):
        for trip in (0, 50, 100):
            name = f"{trip}-{run}"
            sim = gateway.Smscsim(where, *(("--latency-ms", trip) if trip else ()), name=f"sim-{name}")
            yaml = gateway.config(where, {"north": sim.port}, state=f"state-{name}",
                                  operator_extra="window: {start: 100, min: 100, max: 100}")
            daemon = gateway.Aldisd(where, yaml, name=f"aldisd-{name}")
            gateway.wait_until(lambda: daemon.metric("aldis_link_up") == 1, "the link is bound")
            expected = 100 / (trip / 1e3) if trip else 0
            got = pour(where, daemon, f"load-{name}", int(expected * arguments.seconds) or arguments.messages, window=1000)
            figures = {"per_second": got["cycles_per_second"]}
            if trip:
                figures["share_of_limit"] = got["cycles_per_second"] / expected
            table.add(f"{trip} ms", **figures)
            daemon.stop()
            sim.stop()
    return table


def recovery(where, arguments):
    """From exec to ready with so many messages queued, after kill -9."""
    table = Table("recovery", "start with live messages in the journal, after kill -9")
    for live in arguments.live:
        for run in range(arguments.runs):
            port = gateway.free_ports(1)[0]
            yaml = gateway.config(where, {"north": port}, state=f"state{live}-{run}",
                                  operator_extra="queue_max: 1000000000")
            daemon = gateway.Aldisd(where, yaml, name=f"aldisd{live}-{run}")
            intake(where, daemon, f"fill{live}-{run}", live)
            daemon.kill()
            began = time.monotonic()
            daemon = gateway.Aldisd(where, yaml, name=f"again{live}-{run}", wait=False)
            daemon.wait_ready(seconds=600)
            took = time.monotonic() - began
            assert daemon.metric("aldis_messages_pending", state="queued") == live
            table.add(f"{live:,} live", seconds=took, seconds_per_million=took * 1e6 / live, resident_mib=resident_mib(daemon.pid))
            daemon.kill()
    return table


def durability(where, arguments):
    """What the disk costs: the relay with its journal on the disk, and with the same journal in memory (tmpfs)."""
    table = Table("durability", f"{arguments.messages:,} messages, {BINDS} connections, journal on the disk and on /dev/shm")
    windows = arguments.windows or (100, 1000)
    with gateway.folder("bench-memory", parent="/dev/shm") as memory:
        places = {"disk": where, "tmpfs": memory}
        for run in range(arguments.runs + 1):
            for window in windows:
                for name, place in sorted(places.items(), reverse=run % 2 == 1):
                    got = relayed(place, f"{run}-{window}", arguments.messages, window)
                    if run > 0:  # the first one warms up
                        table.add(f"{name}, window {window}", per_second=got["cycles_per_second"], cpu_us=got["cpu_us"],
                                  accept_p50_ms=got["latency_ms"]["p50"], accept_p99_ms=got["latency_ms"]["p99"])
    for window in windows:
        table.add(f"disk, window {window}",
                  share_of_tmpfs=table.ratio(f"disk, window {window}", f"tmpfs, window {window}", "per_second"))
    return table


def relayed(place, name, count, window):
    sim = gateway.Smscsim(place, name=f"sim-{name}")
    with daemon_on(place, name, two(sim)) as daemon:
        got = pour(place, daemon, f"load-{name}", count, window=window)
    sim.stop()
    shutil.rmtree(place / f"state-{name}")
    return got


def slow_disk(where, arguments):
    """Each sync takes longer: what is outstanding over twice the time of a commit, until the CPU is full."""
    table = Table("slow_disk", "relay with time added to every fdatasync, 4 customers x window 100; commit_ms: the mean, as taken")
    for run in range(arguments.runs):
        for added in (0.0, 0.5, 2.0, 5.0):
            sim = gateway.Smscsim(where, name=f"sim{added}-{run}")
            yaml = gateway.config(where, two(sim), state=f"state{added}-{run}", operator_extra=TWO_LINKS)
            log = where / "slowsync.log"
            daemon = gateway.Aldisd(where, yaml, name=f"aldisd{added}-{run}", environment={
                "LD_PRELOAD": str(gateway.BUILD / "tests" / "slowsync.so"), "ALDIS_SLOWSYNC_US": str(int(added * 1000)),
                "ALDIS_SLOWSYNC_LOG": str(log)})
            gateway.wait_until(lambda: daemon.metric("aldis_link_up") == 2, "the links are bound")
            got = gateway.load(where, daemon.smpp, "--count", arguments.messages, "--binds", BINDS, "--window", 100,
                               "--drain-seconds", DRAIN, name=f"load{added}-{run}")
            daemon.stop()
            sim.stop()
            # The mean: a loop that waits for each of them feels the slow ones, too.
            count, seconds = map(float, log.read_text().split())
            log.unlink()
            commit = seconds / count
            limit = BINDS * 100 / (2 * commit)
            table.add(f"{added} ms added", accept_p50_ms=got["latency_ms"]["p50"],
                      per_second=got["cycles_per_second"], commit_ms=commit * 1e3, limit=limit,
                      share_of_limit=got["cycles_per_second"] / limit)
    return table


def unanswered(where, arguments):
    """Receipts that never come: messages that wait for them must cost the others nothing."""
    table = Table("unanswered", f"relay beside {arguments.waiting:,} messages whose receipts never come")
    for run in range(arguments.runs):
        sim = gateway.Smscsim(where, name=f"sim{run}")
        mute = gateway.Smscsim(where, "--receipt-never", 1.0, name=f"mute{run}")
        routes = ("- {name: mute, match: {accounts: [mute]}, candidates: [{operator: mute}]}\n"
                  "- {name: all, candidates: [{operator: north}, {operator: south}]}")
        with daemon_on(where, str(run), {**two(sim), "mute": mute.port}, accounts=("demo", "mute"), routes=routes) as daemon:
            pour(where, daemon, f"warm{run}", arguments.messages)
            without = pour(where, daemon, f"without{run}", arguments.messages)
            before = resident_mib(daemon.pid)
            gateway.load(where, daemon.smpp, "--count", arguments.waiting, "--binds", BINDS, "--no-receipts", "--drain-seconds", 5,
                         name=f"mute{run}", customer="mute:mute")
            gateway.wait_until(lambda: daemon.metric("aldis_messages_pending", state="queued") == 0, "all are sent", 120)
            memory = resident_mib(daemon.pid) - before
            beside = pour(where, daemon, f"beside{run}", arguments.messages)
            table.add("beside", without=without["cycles_per_second"], beside=beside["cycles_per_second"],
                      share=beside["cycles_per_second"] / without["cycles_per_second"],
                      octets_per_waiting=memory * 2**20 / arguments.waiting)
        mute.stop()
        sim.stop()
    return table


def history(where, arguments):
    """What following the journal costs the relay, and what a long way behind costs it while it catches up."""
    table = Table("history", f"relay, {arguments.messages:,} messages: history off, on, and {arguments.behind:,} messages behind")
    for run in range(arguments.runs):
        sim = gateway.Smscsim(where, name=f"sim{run}")
        rates = {}
        for arm in ("off", "on"):
            extra = ", history: {enabled: false}" if arm == "off" else ""
            with daemon_on(where, f"{arm}{run}", two(sim), storage_extra=extra) as daemon:
                pour(where, daemon, f"warm-{arm}{run}", arguments.messages // 4)
                got = pour(where, daemon, f"{arm}{run}", arguments.messages)
                rates[arm] = got["cycles_per_second"]
                figures = {"per_second": rates[arm], "cpu_us": got["cpu_us"], "accept_p99_ms": got["latency_ms"]["p99"]}
                if arm == "on":  # what is left to read is read by then
                    before, began = cpu_seconds(daemon.pid), time.monotonic()
                    gateway.wait_until(lambda: daemon.metric("aldis_history_lag_seconds") == 0, "history has caught up", 600)
                    figures |= {"share": rates["on"] / rates["off"], "catches_up_s": time.monotonic() - began,
                                "cpu_us_with_rest": got["cpu_us"] + (cpu_seconds(daemon.pid) - before) * 1e6 / arguments.messages}
            table.add(arm, **figures)
        state = where / f"state-behind{run}"
        state.mkdir(mode=0o700)
        (state / "history").write_text("in the way")
        with daemon_on(where, f"behind{run}", two(sim)) as daemon:
            pour(where, daemon, f"fill{run}", arguments.behind)
        (state / "history").unlink()
        with daemon_on(where, f"behind{run}", two(sim)) as daemon:
            got = pour(where, daemon, f"behind{run}", arguments.messages)
            lag = daemon.metric("aldis_history_lag_seconds")
            assert lag > 0, "it had caught up before the end"
            table.add("behind", per_second=got["cycles_per_second"], cpu_us=got["cpu_us"],
                      share=got["cycles_per_second"] / rates["off"], accept_p99_ms=got["latency_ms"]["p99"],
                      lag_s=lag, gaps=daemon.metric("aldis_history_gaps_total"))
        shutil.rmtree(state)
        sim.stop()
    return table


SCENARIOS = {"relay": relay, "accept": accept, "backlog": backlog, "scale": scale, "rtt": rtt, "recovery": recovery,
             "http": http, "durability": durability, "slow_disk": slow_disk, "history": history, "unanswered": unanswered}
