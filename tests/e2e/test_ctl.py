#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stipplectl against a daemon that answers what the test tells it: every verb, every format, every way to fail."""
import calendar
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

from harness import HANG_SECONDS, TOP, Tap, expect, expect_equal, program, temporary_directory, wait_until

CTL = program("stipplectl")
HOSTILE = "\x1b[31mEVIL\x07\x9b2J\u202e"  # invented: a model name that tries to steer the terminal


class Refuse(Exception):
    """A handler's JSON-RPC error."""

    def __init__(self, code, message, **data):
        super().__init__(message)
        self.answer = {"code": code, "message": message, **({"data": data} if data else {})}


class Raw(str):
    """A handler's result as JSON text, to be sent as it is."""


class Hangup(Exception):
    """A handler's wish to close the connection."""


class FakeDaemon:
    """Answers on a socket by a table of functions; keeps what it was asked."""

    def __init__(self, directory, **handlers):
        self.path = os.path.join(directory, f"fake-{time.monotonic_ns()}.sock")
        self.handlers = {name.replace("__", "."): f for name, f in handlers.items()}
        self.asked, self.clients = [], []
        self.listen()

    def listen(self):
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(16)
        threading.Thread(target=self.accept, args=(self.server,), daemon=True).start()

    def accept(self, server):
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            for line in client.makefile("rb"):
                request = json.loads(line)
                self.asked.append((request["method"], request.get("params")))
                client.sendall(self.answer(client, request))
        except (OSError, Hangup):
            pass
        finally:
            client.close()

    def answer(self, client, request):
        head = b'{"jsonrpc":"2.0","id":%d,' % request["id"]
        handler = self.handlers.get(request["method"])
        try:
            if not handler:
                raise Refuse(-32601, f"there is no method {request['method']}")
            result = handler(client, **(request.get("params") or {}))
            text = result if isinstance(result, Raw) else json.dumps(result, ensure_ascii=False, separators=(",", ":"))
            return head + b'"result":' + text.encode() + b"}\n"
        except Refuse as refusal:
            return head + b'"error":' + json.dumps(refusal.answer).encode() + b"}\n"

    def stop(self):
        """Goes away like a daemon that ends: the socket's file too."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for client in self.clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.clients.clear()
        if os.path.exists(self.path):
            os.unlink(self.path)


def live(value, stale=False):
    return {"value": value, "age_ms": 120000 if stale else 80, "stale": stale}


def pen(serial, state="live", model="Sketch 3", **more):
    values = {"running": live(True), "battery_percent": live(81), "motor_mv": live(7400), "motor_ma": live(410),
              "temperature_c": live(31.5), "charging": live(False), "frequency_hz": live(112.25), "depth_um": live(812),
              "run": live(7), "run_cycles": live(4211)}
    return {"serial": serial, "manufacturer": "Invented", "model": model, "firmware": "1.0", "state": state, "trouble": None,
            "port": "/tmp/pens/" + serial, "driver": "penwire", "first_seen": "2026-11-01T08:00:00.000000Z",
            "last_seen": "2026-11-20T09:31:02.500000Z",
            "depth": {"source": "sensor", "uncertainty_um": 150, "resolution_um": 10}, "stroke_um": 3500, "has_log": True,
            "log": {"id": "00112233aabbccdd", "first_seq": 1, "next_seq": "9007199254740993", "durable_seq": 8990, "behind": 3},
            "boot": 4, "live": values, "clock": {"quality": "synced", "error_us": 812, "drift_ppm": -12.5, "rtt_us": 1530},
            "anomalies": {"noise": 3}, **more}


def run_row(number):
    return {"id": number, "pen": "DEMO-1", "run": number, "boot": 4, "state": "ended", "start": "2026-11-20T09:31:02.500000Z",
            "end": "2026-11-20T09:31:44.000000Z", "earliest": "2026-11-20T09:31:02.400000Z",
            "latest": "2026-11-20T09:31:02.600000Z", "quality": "synced", "day": 20261120, "cycles": 4648, "lost_cycles": 0,
            "on_time_s": 41.5, "freq_mean_hz": 112.046, "freq_sd_hz": 1.9, "depth_mean_um": 811.5, "depth_sd_um": 44,
            "depth_min_um": 600, "depth_max_um": 1010, "complete": True}


def ctl(daemon, *arguments, env=None, stdin=None, **more):
    """Runs the tool with its output in pipes."""
    environment = {k: v for k, v in os.environ.items() if k not in ("STIPPLE_SOCKET", "NO_COLOR")}
    if daemon:
        environment["STIPPLE_SOCKET"] = daemon if isinstance(daemon, str) else daemon.path
    return subprocess.run([CTL, *arguments], stdin=None if stdin is not None else subprocess.DEVNULL, input=stdin,
                          stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, timeout=HANG_SECONDS,
                          env={**environment, **(env or {})}, check=False, **more)


def good(daemon, *arguments, **more):
    result = ctl(daemon, *arguments, **more)
    expect(result.returncode == 0, f"{arguments}: status {result.returncode}, {result.stderr.decode()}")
    return result.stdout.decode() if result.stdout is not None else ""


def bad(daemon, status, words, *arguments, **more):
    """The tool must fail with @status and say each of @words on stderr."""
    result = ctl(daemon, *arguments, **more)
    said = result.stderr.decode()
    expect(result.returncode == status, f"{arguments}: status {result.returncode}, wanted {status}: {said}")
    for word in [words] if isinstance(words, str) else words:
        expect(word in said, f"{arguments}: {word!r} is not in {said!r}")
    expect_equal(said.count("\n"), 1, f"{arguments}: lines on stderr of {said!r}")
    return result


def lines(text):
    return text.split("\n")[:-1]


# ---- the command line ----

VERBS = ("status", "watch", "sql", "call", "api", "help")
NOUN_VERBS = ("pen list", "pen show", "pen identify", "run list", "run show")
SHORT = {"pens": "pen list", "runs": "run list", "identify": "pen identify"}


def test_help():
    text = good(None, "--help")
    for verb in VERBS + NOUN_VERBS:
        words = verb.split()
        pattern = rf"^  {verb}\b" if len(words) == 1 else rf"^  {words[0]} .*\b{words[1]}\b"
        expect(re.search(pattern, text, re.M), f"{verb} is not in the help")
        own = good(None, *words, "--help")
        expect(f"Usage: stipplectl {verb}" in own, f"the help of {verb} has no usage")
        expect_equal(good(None, "help", *words), own, f"help {verb}")
        expect("penetration" not in own, "depth is needle protrusion")
    for short, verb in SHORT.items():
        expect_equal(good(None, short, "--help"), good(None, "help", *verb.split()), f"{short} --help")
    for noun in ("pen", "run"):
        own = good(None, noun, "--help")
        expect_equal(good(None, "help", noun), own, f"help {noun}")
        for verb in NOUN_VERBS:
            expect((f"  {verb}" in own) == verb.startswith(noun), f"{verb} in the help of {noun}")
    for option in ("--since", "--until", "--pen", "--limit", "--state", "--json", "--csv", "--no-headings", "--utc", "--socket"):
        expect(option in good(None, "--help", "runs"), f"{option} is not in the help of runs")
    expect("yesterday" in good(None, "runs", "--help"), "the help does not say what a time may be")
    expect(re.fullmatch(r"stipplectl \d+\.\d+\.\d+\n", good(None, "--version")), "version")


def test_wrong_usage():
    result = ctl(None)
    expect_equal((result.returncode, result.stdout), (64, b""), "no verb")
    expect(b"Verbs:" in result.stderr, "no verb: the help is not on stderr")
    bad(None, 64, "did you mean 'run'?", "rusn")
    bad(None, 64, "did you mean 'run list'?", "run", "lsit")
    bad(None, 64, ["'run' needs a verb", "list, show"], "run")
    bad(None, 64, "did you mean 'pen show'?", "show", "pen")
    bad(None, 64, "--limit goes behind the verb", "--limit", "5", "runs")
    bad(None, 64, "unknown option '--frobnicate'", "--frobnicate", "runs")
    bad(None, 64, "did you mean 'status'?", "stat")
    bad(None, 64, "stipplectl --help", "frobnicate")
    bad(None, 64, "did you mean --since?", "runs", "--sicne", "today")
    bad(None, 64, "unknown option '-z'", "runs", "-z")
    bad(None, 64, "'--pen' needs a value", "runs", "--pen")
    bad(None, 64, "--json takes no value", "runs", "--json=yes")
    bad(None, 64, "--cycles does not go with 'pen list'", "pens", "--cycles")
    bad(None, 64, "exclude each other", "pens", "--csv", "--json")
    bad(None, 64, "'pen show' needs PEN", "pen", "show")
    bad(None, 64, "what is 'b'", "pen", "a", "b")
    bad(None, 64, "in quotes", "sql", "SELECT", "1")
    bad(None, 64, ["ID is a whole number", "x7"], "run", "x7")
    bad(None, 64, "--limit is 1 or more", "runs", "--limit", "0")
    bad(None, 64, "--points is from 1 to 100000", "run", "1", "--cycles", "--points", "100001")
    bad(None, 64, "--seconds is from 0 to 600", "identify", "A", "--seconds", "601")
    bad(None, 64, "go with --cycles", "run", "1", "--points", "5")
    bad(None, 64, "--after goes with --durable", "watch", "--after", "5")
    bad(None, 64, ["'soon' is not a time", "yesterday", "-2h", "2026-11-20"], "runs", "--since", "soon")
    bad(None, 64, "not a time", "runs", "--until", "2026-02-30")
    bad(None, 64, "not after", "runs", "--since", "2026-11-20", "--until", "2026-11-19")
    bad(None, 64, "\\x1b[31m", "\x1b[31m")  # what was typed is not sent to the terminal either


def test_options_anywhere(directory):
    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": [pen("DEMO-1")]})
    other = {"STIPPLE_SOCKET": "/nonexistent/socket"}
    wanted = good(daemon, "pens", "--json")
    expect_equal(good(None, "--socket", daemon.path, "--json", "pens"), wanted, "before the verb")
    expect_equal(good(None, "pens", "--socket=" + daemon.path, "-j", env=other), wanted, "--socket beats $STIPPLE_SOCKET")
    expect_equal(good(None, "--json", "pens", "-s", daemon.path), wanted, "around the verb")
    daemon.stop()


# ---- no daemon ----

def test_no_daemon(directory):
    missing = os.path.join(directory, "missing.sock")
    bad(missing, 69, ["not running", missing, "start stippled", "--socket"], "pens")
    left = os.path.join(directory, "left.sock")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(left)
    bad(left, 69, ["not running", "nobody answers"], "pens")
    plain = os.path.join(directory, "plain")
    open(plain, "w").close()
    bad(plain, 69, ["is no socket", plain], "pens")
    bad("/" + "x" * 200, 64, "longer than", "pens")


def test_not_permitted(directory):
    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": []})
    os.chmod(daemon.path, 0o600)
    if os.getuid() == 0:
        os.chmod(directory, 0o755)
        os.chown(daemon.path, 0, 100)
        bad(daemon, 77, ["may not open", "usermod -aG"], "pens", user=65534, group=65534, extra_groups=[])
    else:
        os.chmod(daemon.path, 0)
        bad(daemon, 77, "may not open", "pens")
    daemon.stop()


def test_daemon_goes(directory):
    def hang_up(client):
        raise Hangup

    def nonsense(client):
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n")
        return {}

    daemon = FakeDaemon(directory, pen__list=hang_up, daemon__status=nonsense, pen__get=lambda client, pen: [])
    bad(daemon, 69, "closed the connection", "pens")
    bad(daemon, 76, "not JSON-RPC", "status")
    daemon.stop()


def test_errors_have_statuses(directory):
    codes = {-32001: 1, -32002: 77, -32003: 75, -32004: 75, -32005: 64, -32006: 69, -32007: 74, -32008: 64, -32600: 64,
             -32601: 1, -32602: 64, -32603: 70, -32700: 70, -1: 70}

    def refuse(client, pen):
        raise Refuse(int(pen), "it cannot be", parameter="pen", allowed=["one", "two"], limit=3, hint="do it otherwise",
                     candidates=["DEMO-1", "DEMO-2"])

    daemon = FakeDaemon(directory, pen__get=refuse)
    for code, status in codes.items():
        bad(daemon, status, ["it cannot be", "one, two", "limit: 3", "do it otherwise", "DEMO-1, DEMO-2"], "call", "pen.get",
            f'pen="{code}"')
    expect_equal(daemon.asked[0], ("pen.get", {"pen": "-32001"}), "a text that looks like a number")
    daemon.stop()

    def refuse_in_words(client):
        raise Refuse(-32602, "allowed are 1 to 1000", allowed=["1 to 1000"], limit=1000)

    daemon = FakeDaemon(directory, daemon__status=refuse_in_words)
    bad(daemon, 64, "allowed are 1 to 1000\n", "call", "daemon.status")  # once, not three times
    daemon.stop()


# ---- formats ----

def test_pens(directory):
    rows = [pen("DEMO-1"), pen("DEMO-2", "away", HOSTILE), pen("DEMO-3", "stalled", "x" * 300, trouble="no room, \"really\"")]
    rows[1]["live"]["battery_percent"] = live(44, stale=True)
    rows[1]["live"]["frequency_hz"] = None
    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": rows})
    table = good(daemon, "pens", "--utc")
    head, *body = lines(table)
    expect_equal(len(body), 3, "rows")
    for word in ("pen", "state", "Hz", "depth um", "battery %", "behind"):
        expect(word in head, f"{word} is not in the headings {head!r}")
    expect("112.2" in body[0] and "812" in body[0] and "2026-11-20 09:31:02" in body[0], body[0])
    expect("(44)" in body[1], f"stale is not shown: {body[1]!r}")
    expect("x" * 300 in body[2], "a pipe's table is cut off")
    expect(all(c.isprintable() for line in lines(table) for c in line), "control characters in the table")
    expect("\\x1b[31mEVIL\\x07\\x9b2J\\u{202e}" in table, "what was hostile is not written out")
    expect(head.index("Hz") + 2 == body[0].index("112.2") + 5, "numbers are not aligned at the right")
    expect_equal(len(lines(good(daemon, "pens", "--no-headings"))), 3, "rows without headings")

    objects = lines(good(daemon, "pens", "--json"))
    expect_equal(objects, [json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows], "JSON as it was sent")

    text = good(daemon, "pens", "--csv")
    expect(text.endswith("\r\n"), "CSV lines end with CRLF")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    expect_equal([r["serial"] for r in table], ["DEMO-1", "DEMO-2", "DEMO-3"], "CSV serials")
    expect_equal(table[0]["live.frequency_hz"], "112.25", "CSV is not rounded")
    expect_equal(table[0]["last_seen"], "2026-11-20T09:31:02.500000Z", "CSV times")
    expect_equal((table[1]["model"], table[1]["live.frequency_hz"]), (HOSTILE, ""), "CSV fields")
    expect_equal(table[2]["trouble"], "no room, \"really\"", "CSV quotes")
    expect_equal(len(lines(good(daemon, "pens", "--csv", "--no-headings"))), 3, "CSV without headings")
    rows.clear()
    expect_equal(good(daemon, "pens", "--json"), "", "no rows")
    expect(good(daemon, "pens", "--csv").startswith("serial,"), "CSV headings without rows")
    daemon.stop()


def test_pen(directory):
    def get(client, pen):
        if pen != "demo":
            raise Refuse(-32001, f"there is no pen {pen}", hint="stipplectl pens lists them")
        return row

    row = pen("DEMO-1")
    daemon = FakeDaemon(directory, pen__get=get)
    text = good(daemon, "pen", "demo")
    for pattern in (r"^pen +DEMO-1$", r"^needle protrusion from +sensor$", r"^uncertainty, um +150$", r"^temperature, C +31\.5$",
                    r"^anomalies +noise 3$", r"^next record of the pen +9007199254740993$", r"^clock drift, ppm +-12\.500$"):
        expect(re.search(pattern, text, re.M), f"{pattern} is not in\n{text}")
    expect(not re.search(r"^trouble", text, re.M), "what is unknown is left out")
    expect_equal(json.loads(good(daemon, "pen", "demo", "--json")), row, "JSON")
    table = list(csv.DictReader(io.StringIO(good(daemon, "pen", "demo", "--csv"), newline="")))
    expect_equal((table[0]["serial"], table[0]["anomalies"]), ("DEMO-1", '{"noise":3}'), "CSV")
    bad(daemon, 1, ["there is no pen NOBODY", "stipplectl pens"], "pen", "NOBODY")
    daemon.stop()


def paged_runs(total):
    """run.list over @total runs, newest first; the cursor is the last id of the page."""

    def answer(client, limit=100, after=None, **filters):
        newest = total if after is None else int(after) - 1
        ids = range(newest, max(newest - limit, 0), -1)
        return {"rows": [run_row(i) for i in ids], "next": str(ids[-1]) if len(ids) == limit else None}

    return answer


def test_runs_page(directory):
    daemon = FakeDaemon(directory, run__list=paged_runs(2500))
    ids = [json.loads(line)["id"] for line in lines(good(daemon, "runs", "--json"))]
    expect_equal(ids, list(range(2500, 0, -1)), "all runs, once each")
    expect_equal([p.get("limit") for _, p in daemon.asked], [1000] * 3, "limits of the pages")
    expect_equal(len(lines(good(daemon, "runs", "--json", "--limit", "1001"))), 1001, "rows under --limit 1001")
    expect_equal(daemon.asked[-1][1], {"limit": 1, "after": "1501"}, "the last page asks for what is left")
    table = lines(good(daemon, "runs"))
    expect_equal(len(table), 2501, "one line of headings over all pages")
    expect_equal(len({len(line.rstrip()) for line in table[1:]}), 1, "widths differ between pages")
    daemon.asked.clear()
    with subprocess.Popen([CTL, "--socket", daemon.path, "runs"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as unread:
        # a page is more than a pipe holds: it asks ahead, or never
        wait_until(lambda: len(daemon.asked) == 2, "the second page to be asked for while the first is printed")
        expect_equal(unread.stdout.read().count(b"\n"), 2501, "lines of a reader that comes late")
    expect_equal(len(daemon.asked), 3, "pages asked for")
    daemon.stop()
    endless = FakeDaemon(directory, run__list=lambda client, **p: {"rows": [run_row(1)], "next": "same"})
    bad(endless, 76, "same page", "runs")
    endless.stop()


def test_locales(directory):
    """Names are printed as they are in any locale, and tables stay tables."""
    names = ["Ольга Петрова", "张伟", "محمد علي", "Séan O'Brien-Müller", "e\u0301", "Anna Example"]
    daemon = FakeDaemon(directory, pen__list=lambda client, **p: {"rows": [pen(f"DEMO-{i}", model=name) for i, name in enumerate(names)]})
    wanted = good(daemon, "pens", env={"LC_ALL": "C.UTF-8"})
    expect(all(name in wanted for name in names), f"names in {wanted}")
    for locale in ("C", "POSIX", "de_DE.ISO-8859-1", "none.such", ""):
        expect_equal(good(daemon, "pens", env={"LC_ALL": locale, "LANG": "C"}), wanted, f"pens in locale {locale!r}")
    daemon.stop()


def test_runs_filters(directory):
    daemon = FakeDaemon(directory, run__list=paged_runs(1))
    berlin = {"TZ": "Europe/Berlin"}
    good(daemon, "runs", "--since", "2026-11-20", "--until", "2026-11-20", "--pen", "DEMO", "--state", "ended", "--limit", "9",
         env=berlin)
    expect_equal(daemon.asked[-1][1], {"since": "2026-11-19T23:00:00.000000Z", "until": "2026-11-20T23:00:00.000000Z",
                                       "pen": "DEMO", "state": "ended", "limit": 9}, "what was asked")
    good(daemon, "runs", "--since", "2026-11-20 14:00", "--utc", env=berlin)
    expect_equal(daemon.asked[-1][1]["since"], "2026-11-20T14:00:00.000000Z", "--utc is for what is typed, too")
    before = time.time()
    good(daemon, "runs", "--since", "-2h")
    text = daemon.asked[-1][1]["since"]
    since = calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    expect(before - 7201 <= since <= time.time() - 7199, f"-2h became {text}")
    expect("2026-11-20 10:31:02" in good(daemon, "runs", env=berlin), "times are not in the local zone")
    expect("2026-11-20 09:31:02" in good(daemon, "runs", "--utc", env=berlin), "--utc")
    daemon.stop()


def run_detail(number):
    return {**run_row(number), "log_id": "00112233aabbccdd", "first_seq": 3, "last_seq": 9, "tick_start_us": 1, "tick_end_us": 2,
            "end_reason": "off", "freq_min_hz": 99.5, "freq_max_hz": 120.25, "depth_source": "sensor",
            "depth_uncertainty_um": 150, "freq_hist": [[i, 10 + i % 7] for i in range(60, 140)],
            "depth_hist": [[600, 1], [800, 4000], [825, 646], [1000, 1]], "gaps": [[10, 3], [99, 1]], "digest": "ab" * 32, "entry": 12}


def test_run(directory):
    daemon = FakeDaemon(directory, run__get=lambda client, run: run_detail(run))
    text = good(daemon, "run", "7", "--utc", env={"LC_ALL": "C.UTF-8"})
    for pattern in (r"^run +7$", r"^cycles +4648$", r"^depth uncertainty, um +150$", r"^lost: .* +\[10, 3\], \[99, 1\]$",
                    r"^needle protrusion, um, share of cycles \(from sensor, each value within 150 um\)$",
                    r"^ +800 - 850 +100\.0 %  █{40}$", r"^ +600 - 650 +<0\.1 %  ▏$", r"^began not before +2026-11-20 09:31:02\.400$"):
        expect(re.search(pattern, text, re.M), f"{pattern} is not in\n{text}")
    expect("penetration" not in text, "depth is needle protrusion")
    rows = re.findall(r"^ +\d+ - \d+ .*$", text, re.M)
    expect(len(rows) <= 32, f"{len(rows)} lines of histograms")
    shares = sum(float(x) for x in re.findall(r"(\d+\.\d) %", text))
    expect(199 < shares < 201, f"shares of two histograms add up to {shares}")
    plain = good(daemon, "run", "7", env={"LC_ALL": "C"})
    expect(plain.isascii() and "#" * 40 in plain, "no ASCII bars in the C locale")
    expect_equal(json.loads(good(daemon, "run", "7", "--json")), run_detail(7), "JSON")
    expect_equal(daemon.asked[0], ("run.get", {"run": 7}), "what was asked")
    daemon.stop()


def cycles_of(total):
    def answer(client, run, first=0, limit=None, points=None):
        if points:
            return {"run": run, "cycles": total, "first": first, "points": points, "index": [0, 500], "count": [500, 499],
                    "t_us": [0, 4460000], "period_us": {"min": [8800, 8801], "mean": [8920.5, 8930], "max": [9100, None]},
                    "depth_um": {"min": [700, None], "mean": [811.5, None], "max": [900, None]}}
        index = range(first, min(first + limit, total))
        return {"run": run, "cycles": total, "first": first, "count": len(index),
                "period_us": [None if i == 1 else 8900 + i % 50 for i in index],
                "depth_um": [None if i == 2 else 800 + i % 30 for i in index]}

    return answer


def test_cycles(directory):
    daemon = FakeDaemon(directory, run__cycles=cycles_of(23456))
    rows = [json.loads(line) for line in lines(good(daemon, "run", "7", "--cycles", "--json"))]
    expect_equal([r["index"] for r in rows], list(range(23456)), "all cycles, once each, in order")
    expect_equal(rows[1], {"index": 1, "period_us": None, "frequency_hz": None, "depth_um": 801}, "unknown period")
    expect_equal(rows[2], {"index": 2, "period_us": 8902, "frequency_hz": 112.334, "depth_um": None}, "unknown depth")
    table = lines(good(daemon, "run", "7", "--cycles"))
    expect_equal(len(table), 23457, "lines of the table")
    part = list(csv.DictReader(io.StringIO(good(daemon, "run", "7", "--cycles", "--first", "100", "--limit", "10001", "--csv"),
                                           newline="")))
    expect_equal([int(r["index"]) for r in part], list(range(100, 10101)), "--first and --limit")
    rows = [json.loads(line) for line in lines(good(daemon, "run", "7", "--cycles", "--points", "2", "--json"))]
    expect_equal(rows[1], {"index": 500, "count": 499, "t_us": 4460000,
                           "period_us": {"min": 8801, "mean": 8930, "max": None},
                           "depth_um": {"min": None, "mean": None, "max": None}}, "points")
    expect_equal(daemon.asked[-1], ("run.cycles", {"run": 7, "points": 2, "first": 0}), "what was asked")
    expect_equal(len(lines(good(daemon, "run", "7", "--cycles", "--points", "2"))), 3, "a table of points")
    daemon.stop()


def test_status(directory):
    answer = {"version": "0.1.0", "started": "2026-11-20T08:00:00.000000Z", "uptime_s": 7500, "zone": "Europe/Berlin",
              "host_id": "0123456789abcdef",
              "database": {"path": "/var/lib/stipple/stipple.db", "bytes": 12902400, "wal_bytes": 0, "state": "ok", "error": None,
                           "since": None, "last_entry": 12, "queued": 0, "commits": 99, "cycles": 123456},
              "pens": {"known": 3, "attached": 2, "draining": 1, "live": 1},
              "ports": [{"path": "/dev/pen0", "state": "open", "trouble": None, "pen": "DEMO-1"},
                        {"path": "/dev/pen1", "state": "busy", "trouble": "held by minicom[7]", "pen": None}], "clients": 2}
    daemon = FakeDaemon(directory, daemon__status=lambda client: answer)
    text = good(daemon, "status")
    for pattern in (r"^running for +2 h 05 min$", r"^size +12\.3 MiB$", r"^database +ok$", r"^pens live +1$",
                    r"^/dev/pen1 +busy +- +held by minicom\[7\]$"):
        expect(re.search(pattern, text, re.M), f"{pattern} is not in\n{text}")
    expect_equal(json.loads(good(daemon, "status", "--json")), answer, "JSON")
    answer["database"].update(state="failing", error="disk full", since="2026-11-20T09:00:00.000000Z")
    result = bad(daemon, 74, "cannot be written", "status")
    expect(b"disk full" in result.stdout, "the status is shown nevertheless")
    daemon.stop()


def test_identify(directory):
    def identify(client, pen, seconds=5, reason=None, request_id=None):
        if pen == "AWAY-1":
            raise Refuse(-32006, "AWAY-1 is not connected")
        return {"entry": 17, "repeated": request_id == "again"}

    daemon = FakeDaemon(directory, pen__identify=identify)
    expect_equal(good(daemon, "identify", "DEMO-1"), "The pen blinks for 5 s; entry 17\n", "default")
    expect_equal(daemon.asked[-1][1], {"pen": "DEMO-1"}, "what was asked")
    good(daemon, "identify", "DEMO-1", "--seconds", "0", "--reason", "mix-up", "--request-id", "x")
    expect_equal(daemon.asked[-1][1], {"pen": "DEMO-1", "seconds": 0, "reason": "mix-up", "request_id": "x"}, "what was asked")
    expect("before" in good(daemon, "identify", "DEMO-1", "--request-id", "again"), "a repeated request is said so")
    expect_equal(good(daemon, "identify", "DEMO-1", "--json"), '{"entry":17,"repeated":false}\n', "JSON")
    bad(daemon, 69, "not connected", "identify", "AWAY-1")
    daemon.stop()


def test_sql(directory):
    def query(client, sql, limit=1000):
        if "bad" in sql:
            raise Refuse(-32602, "no such column: bad", parameter="sql")
        return Raw('{"columns":["n","a.b","r"],"rows":[[9223372036854775807,"x,\\"\\u001b[1m",0.1],[null,"y",1.50]],'
                   f'"truncated":{"true" if limit == 2 else "false"}}}')

    daemon = FakeDaemon(directory, sql__query=query)
    expect_equal(good(daemon, "sql", "SELECT 1", "--json"),
                 '{"n":9223372036854775807,"a.b":"x,\\"\\u001b[1m","r":0.1}\n{"n":null,"a.b":"y","r":1.50}\n', "JSON")
    expect_equal(good(daemon, "sql", "SELECT 1", "--csv"),
                 'n,a.b,r\r\n9223372036854775807,"x,""\x1b[1m",0.1\r\n,y,1.5\r\n', "CSV")
    head, first, second = lines(good(daemon, "sql", "SELECT 1"))
    expect("x,\"\\x1b[1m" in first, "control characters are written out")
    expect(head.index("n") + 1 == len("9223372036854775807") == second.index("-") + 1, "numbers are not aligned at the right")
    result = ctl(daemon, "sql", "-", "--limit", "2", stdin=b"SELECT\n 2")
    expect_equal((result.returncode, daemon.asked[-1][1]), (0, {"sql": "SELECT\n 2", "limit": 2}), "a query from stdin")
    expect(b"first 2 rows" in result.stderr, "that rows are missing is said")
    bad(daemon, 64, "no such column", "sql", "SELECT bad")
    daemon.stop()


def test_call(directory):
    text = '{ "big":18446744073709551615, "real":0.10, "text":"\\u001b[31m", "list":[ 1,2 ] }'

    def echo(client, **params):
        return Raw(text)

    daemon = FakeDaemon(directory, some__method=echo)
    expect_equal(ctl(daemon, "call", "some.method").returncode, 76, "a number that no program of 64 bits can hold")
    text = text.replace("18446744073709551615", "9223372036854775807")
    expect_equal(good(daemon, "call", "some.method"), text + "\n", "the result as it was sent")
    good(daemon, "call", "some.method", "pen=DEMO-1", "limit=2", "on=true", 'list=["a"]', "text=\"7\"", "eq=a=b", "empty=")
    expect_equal(daemon.asked[-1][1], {"pen": "DEMO-1", "limit": 2, "on": True, "list": ["a"], "text": "7", "eq": "a=b",
                                       "empty": ""}, "key=value pairs")
    good(daemon, "call", "some.method", ' {"pen":\n"DEMO-1"}')
    expect_equal(daemon.asked[-1][1], {"pen": "DEMO-1"}, "an object over two lines")
    bad(daemon, 64, "not JSON", "call", "some.method", '{"pen":')
    bad(daemon, 64, "neither JSON", "call", "some.method", "pen")
    bad(daemon, 1, "there is no method", "call", "no.method")
    daemon.stop()


def test_api(directory):
    methods = [{"name": "run.list", "summary": "Motor runs, newest first.", "x-role": "viewer",
                "params": [{"name": "pen", "description": "Serial number.", "schema": {"type": "string", "maxLength": 32}},
                           {"name": "limit", "required": False, "schema": {"type": "integer", "minimum": 1, "maximum": 1000,
                                                                          "default": 100}}],
                "result": {"name": "result", "schema": {"properties": {"rows": {"items": {"properties": {
                   "cycles": {"type": ["integer", "null"], "description": "How many."}}}}}}}},
               {"name": "pen.get", "summary": "One pen.", "x-role": "viewer",
                "params": [{"name": "pen", "required": True, "summary": "Which.", "schema": {"type": "string"}}], "result": {}}]
    daemon = FakeDaemon(directory, rpc__discover=lambda client: {"openrpc": "1.3.2", "info": {}, "methods": methods})
    text = good(daemon, "api")
    expect(re.search(r"^run\.list +\[pen\], \[limit=100\] +viewer +Motor runs", text, re.M), text)
    expect(re.search(r"^pen\.get +pen +viewer +One pen\.", text, re.M), text)
    expect_equal([json.loads(line) for line in lines(good(daemon, "api", "--json"))], methods, "JSON")
    text = good(daemon, "api", "run.list")
    expect(re.search(r"^limit +integer +no +100 +1 to 1000", text, re.M), text)
    expect(re.search(r"^pen +string +- +- +up to 32 characters +Serial number\.", text, re.M), text)
    expect(re.search(r"^pen +string +yes +- +- +Which\.", good(daemon, "api", "pen.get"), re.M), "a parameter's summary")
    expect(re.search(r"^cycles +integer +How many\.", text, re.M), text)
    bad(daemon, 1, "no method 'run.lost'", "api", "run.lost")
    daemon.stop()


def test_completion(directory):
    def complete(*words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _stipplectl; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", os.path.join(TOP, "tools", "stipplectl.bash"), CTL, *words],
                              env={**os.environ, "STIPPLE_SOCKET": daemon.path}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=HANG_SECONDS, check=True, text=True)
        return sorted(done.stdout.split())

    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": [pen("DEMO-1"), pen("OTHER-2")]})
    expect(set(VERBS) | set(SHORT) | {"pen", "run"} <= set(complete("")), "nouns and verbs")
    expect_equal(complete("--utc", "ru"), ["run", "runs"], "verbs behind an option")
    expect({"list", "show"} <= set(complete("run", "")), "verbs of a noun")
    expect("list" in complete("help", "run", "l"), "verbs of a noun behind help")
    expect_equal(complete("runs", "--s"), sorted(set(re.findall(r"--s[a-z-]+", good(None, "runs", "--help")))), "options of a verb")
    expect_equal(complete("run", "list", "--state", ""), ["cut", "ended", "open"], "words of an option")
    expect_equal(complete("pen", "D"), ["DEMO-1"], "pens")
    expect_equal(complete("pen", "show", "O"), ["OTHER-2"], "pens behind their verb")
    expect_equal(complete("runs", "--pen", ""), ["DEMO-1", "OTHER-2"], "pens of an option")
    expect_equal(complete("runs", "--since", "y"), ["yesterday"], "times")
    daemon.stop()


# ---- output that cannot go on ----

def test_reader_leaves(directory):
    daemon = FakeDaemon(directory, run__list=paged_runs(100000))
    for form in ("--json", "--csv", "--utc"):
        process = subprocess.Popen([CTL, "--socket", daemon.path, "runs", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        expect_equal((process.wait(HANG_SECONDS), said), (0, b""), f"{form}: status and stderr")
        process.stderr.close()
    daemon.stop()


def test_disk_full(directory):
    daemon = FakeDaemon(directory, run__list=paged_runs(3), pen__list=lambda client: {"rows": [pen("DEMO-1")]})
    with open("/dev/full", "wb") as full:
        bad(daemon, 74, ["cannot write", "No space left"], "runs", stdout=full)
        bad(daemon, 74, "cannot write", "pens", "--json", stdout=full)
    daemon.stop()


# ---- watch ----

def event(**params):
    return json.dumps({"jsonrpc": "2.0", "method": "event", "params": params}, ensure_ascii=False).encode() + b"\n"


CYCLES = dict(stream="live", n=2, kind="cycles", at="2026-11-20T09:31:02.500000Z", pen="DEMO-1",
              data={"run": 12, "index": 240, "count": 13, "start": None, "frequency_hz": 112.12, "depth_um": 812,
                    "period_us": [8900] * 13, "depths_um": [812] * 13})


def test_watch_lines(directory):
    def subscribe(client, streams, pens=None, after=None):
        after = after or 0
        told.append((streams, pens, after))
        client.sendall(b'{"jsonrpc":"2.0","id":%d,"result":{"cursor":7,"live":true,"durable":false}}\n' % (2 if pens else 1))
        if streams == ["durable"]:
            client.sendall(event(stream="durable", cursor=after + 1, kind="run.add", at="2026-11-20T09:31:02Z", pen="DEMO-1",
                                 data={"run": 3, "note": HOSTILE}))
        else:
            client.sendall(event(stream="live", n=1, kind="state", at="2026-11-20T09:31:02Z", pen="DEMO-1",
                                 data={"state": "live", "port": "/tmp/x", "trouble": None}))
            client.sendall(event(**CYCLES) + event(stream="live", kind="gap", at="2026-11-20T09:31:02Z", **{"from": 3, "to": 9}))
        raise Hangup

    told = []
    daemon = FakeDaemon(directory, events__subscribe=subscribe, pen__get=lambda client, pen: {"serial": "DEMO-1"})
    result = bad(daemon, 69, "closed the connection", "watch", "--utc")
    text = lines(result.stdout.decode())
    expect_equal(text, ["2026-11-20 09:31:02  DEMO-1  state  state live, port /tmp/x, trouble -",
                        "2026-11-20 09:31:02  DEMO-1  cycles  run 12: 13 cycles from 240, 112.1 Hz, 812 um",
                        "gap: events 3 to 9 were missed"], "lines")
    result = bad(daemon, 69, "closed the connection", "watch", "--json")
    expect_equal(json.loads(lines(result.stdout.decode())[1]), CYCLES, "an event as JSON")
    bad(daemon, 69, "closed", "watch", "--pen", "demo")
    result = bad(daemon, 69, "--after 42", "watch", "--durable", "--after", "41")
    expect("\\x1b[31mEVIL" in result.stdout.decode(), "control characters are written out")
    expect_equal(told, [(["live"], None, 0), (["live"], None, 0), (["live"], ["DEMO-1"], 0), (["durable"], None, 41)],
                 "subscriptions")
    daemon.stop()


def test_watch_reader_leaves(directory):
    """Without an event, a reader that left is noticed all the same."""
    subscribed = threading.Event()

    def subscribe(client, **params):
        subscribed.set()
        return {"cursor": 0, "live": True, "durable": False}

    daemon = FakeDaemon(directory, events__subscribe=subscribe)
    process = subprocess.Popen([CTL, "--socket", daemon.path, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect(subscribed.wait(HANG_SECONDS), "watch did not subscribe")
    process.stdout.close()
    expect_equal((process.wait(HANG_SECONDS), process.stderr.read()), (0, b""), "status and stderr")
    process.stderr.close()
    daemon.stop()


# ---- a terminal ----

class Terminal:
    """The tool on a pseudo-terminal of its own."""

    def __init__(self, daemon, *arguments, columns=120, rows=24, env=None):
        # A size in the environment counts more than the terminal's.
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        environment.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "STIPPLE_SOCKET": daemon.path, **(env or {})})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:  # the size is there before the tool looks
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execve(CTL, [CTL, *arguments], environment)
            finally:
                os._exit(126)
        self.output = b""

    def read(self):
        """What has come by now; False at the end."""
        readable, _, _ = select.select([self.fd], [], [], 0.05)
        if readable:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                return False
            self.output += piece
            return bool(piece)
        return True

    def until(self, text, start=0):
        """Reads until @text (bytes) came behind @start; returns where it ends."""
        wait_until(lambda: text in self.output[start:] or (self.read(), text in self.output[start:])[1], f"{text!r}", pause=0)
        return self.output.index(text, start) + len(text)

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def end(self):
        """Reads to the end; returns the exit status."""
        deadline = time.monotonic() + HANG_SECONDS
        while self.read():
            expect(time.monotonic() < deadline, "the tool does not end")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_colours(directory):
    rows = [pen("DEMO-1", model="y" * 200), pen("DEMO-2", "stalled", HOSTILE)]
    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": rows})
    terminal = Terminal(daemon, "pens", columns=100)
    expect_equal(terminal.end(), 0, "status")
    expect(b"\x1b[32m" in terminal.output and b"\x1b[31m" in terminal.output, f"no colours in {terminal.output!r}")
    expect(b"y" * 200 not in terminal.output, "a wide column is cut to the terminal")
    terminal = Terminal(daemon, "pens", columns=400)
    expect_equal(terminal.end(), 0, "status")
    expect(b"\\x1b[31mEVIL" in terminal.output and b"\x1b[31mEVIL" not in terminal.output, "the pen coloured itself")
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        terminal = Terminal(daemon, "pens", env=env)
        expect_equal(terminal.end(), 0, "status")
        expect(b"\x1b" not in terminal.output, f"{env}: escapes in {terminal.output!r}")
    for form in ("--json", "--csv"):
        terminal = Terminal(daemon, "pens", form)
        expect_equal(terminal.end(), 0, "status")
        text = terminal.output.decode()
        expect("\x1b" not in text and "\x9b" not in text and "\u202e" not in text, f"{form}: a terminal got {text!r}")
    objects = [json.loads(line) for line in terminal_output(daemon, "pens", "--json").replace("\r\n", "\n").splitlines()]
    expect_equal(objects, rows, "JSON on a terminal is the same JSON")
    daemon.stop()


def test_narrow(directory):
    """What does not fit is left out and named; nothing is cut so that another number is left."""
    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": [pen("DEMO-1"), pen("DEMO-2", trouble="no room " * 30)]})
    for columns in range(20, 121, 4):
        terminal = Terminal(daemon, "pens", "--utc", columns=columns, env={"NO_COLOR": "1"})
        expect_equal(terminal.end(), 0, "status")
        said, head, *body = [""] * (b"too narrow" not in terminal.output) + lines(terminal.output.decode().replace("\r", ""))
        expect(all(len(line) <= columns for line in [head, *body]), f"wider than {columns}: {body!r}")
        for heading, value in (("Hz", "112.2"), ("depth um", "812"), ("battery %", "81"), ("last seen", "2026-11-20 09:31:02")):
            shown, named = re.search(rf"(^|  ){heading}(  |$)", head), re.search(rf"(for|,) {heading}[,;]", said)
            expect(bool(shown) != bool(named), f"{columns}: {heading} is neither shown nor named: {said!r} {head!r}")
            expect(bool(shown) == bool(re.search(rf"(^|  ){value}(  |$)", body[0])), f"{columns}: {heading}: {body[0]!r}")
    daemon.stop()


def test_narrow_names(directory):
    """A name as long as a line is cut, and pushes nothing out; the words of a story are there before what says less."""
    clients = [{"id": 2, "number": "1002", "name": "Verylongname" * 15, "sessions": 3, "birth_date": "1980-01-02"},
               {"id": 1, "number": "1001", "name": "Anna Example", "sessions": 4}]
    told = [{"at": "2026-11-20T09:31:02.000000Z", "what": "client.check_age", "who": "Mara Beispiel", "session": 12, "pen": "DEMO-0001",
             "detail": "birth_date 1980-01-02, name Anna Example, number 1001, note none"}]
    daemon = FakeDaemon(directory, client__list=lambda client, **p: {"rows": clients}, trace__client=lambda connection, **p: {"rows": told})
    terminal = Terminal(daemon, "client", "list", columns=80, env={"NO_COLOR": "1"})
    expect_equal(terminal.end(), 0, "status")
    text = terminal.output.decode()
    expect(re.search(r"^ 1  1001 +Anna Example +- +- +4  -\r$", text, re.M), f"the other client is not whole: {text!r}")
    expect(re.search(r"^ 2  1002 +Verylongname\w+ +1980-01-02 +- +3  -\r$", text, re.M), f"the long name is not cut: {text!r}")
    terminal = Terminal(daemon, "trace", "client", "1001", "--utc", columns=80, env={"NO_COLOR": "1"})
    expect_equal(terminal.end(), 0, "status")
    expect("birth_date 1980-01-02, name Anna" in terminal.output.decode(), f"a story without words: {terminal.output!r}")
    daemon.stop()


def terminal_output(daemon, *arguments):
    terminal = Terminal(daemon, *arguments, columns=5000)
    expect_equal(terminal.end(), 0, "status")
    return terminal.output.decode()


def test_dumb_terminal(directory):
    """One that cannot move its cursor gets a line per event."""
    listeners = []

    def subscribe(client, **params):
        listeners.append(client)
        return {"cursor": 0, "live": True, "durable": False}

    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": [pen("DEMO-1")]}, events__subscribe=subscribe)
    terminal = Terminal(daemon, "watch", env={"TERM": "dumb"})
    wait_until(lambda: listeners, "the subscription")
    # Again and again: what comes before the answer to the subscription is not looked at.
    wait_until(lambda: b"\n" in terminal.output or (listeners[0].sendall(event(**CYCLES)), terminal.read())[0], "a line")
    expect(b"cycles" in terminal.output and b"\x1b" not in terminal.output, f"no line of text: {terminal.output!r}")
    daemon.stop()
    terminal.end()


def test_screen(directory):
    rows = [pen("DEMO-1"), pen("DEMO-2", "away", HOSTILE)]
    listeners = []

    def subscribe(client, **params):
        listeners.append(client)
        return {"cursor": 0, "live": True, "durable": False}

    daemon = FakeDaemon(directory, pen__list=lambda client: {"rows": rows}, events__subscribe=subscribe)
    terminal = Terminal(daemon, "watch")
    terminal.until(b"DEMO-2")
    expect(b"112.2" in terminal.output and b"4211" in terminal.output, "live values are missing")
    expect(b"EVIL\x07" not in terminal.output, "a pen steers the terminal")
    rows[0]["live"] = {}  # what follows can only come from the event
    cycles = dict(CYCLES, data=dict(CYCLES["data"], index=7000000, count=77))
    wait_until(lambda: listeners, "the subscription")
    rows[0]["live"] = {k: live(v) for k, v in (("frequency_hz", 1.5), ("run_cycles", 5))}
    rows[0]["model"] = "Renamed 9"
    at = terminal.until(b"Renamed 9")  # the next list
    # Again and again: a list that comes before the next drawing takes it back.
    wait_until(lambda: b"7000077" in terminal.output[at:] or (listeners[-1].sendall(event(**cycles)), terminal.read())[0], "the event's cycles")

    at = len(terminal.output)
    terminal.resize(60, 10)
    terminal.until(b"DEMO-1", at)  # drawn anew

    daemon.stop()
    terminal.until(b"trying again", at)
    at = len(terminal.output)
    rows[0]["serial"] = "OTHER NAME"  # unlike the old one, for curses sends only what differs
    daemon.listen()
    terminal.until(b"OTHER NAME", at)
    os.write(terminal.fd, b"q")
    expect_equal(terminal.end(), 0, "status")
    expect(b"\x1b[?1049l" in terminal.output, "the terminal's own screen is not given back")
    for name, end in (("Ctrl-C", lambda t: os.write(t.fd, b"\x03")), ("SIGTERM", lambda t: os.kill(t.pid, signal.SIGTERM))):
        terminal = Terminal(daemon, "watch")
        terminal.until(b"OTHER NAME")
        end(terminal)
        expect_equal(terminal.end(), 0, f"status after {name}")
        expect(b"\x1b[?1049l" in terminal.output, f"after {name} the terminal's own screen is not given back")
    daemon.stop()
    gone = Terminal(daemon, "watch")
    expect_equal(gone.end(), 69, "status without a daemon at the beginning")


def main():
    tap = Tap()
    directory = temporary_directory()
    tap.case("every verb has its help", test_help)
    tap.case("wrong usage is explained", test_wrong_usage)
    for name, function in (
            ("options go before and after the verb", test_options_anywhere),
            ("a daemon that is not running", test_no_daemon),
            ("a socket that may not be opened", test_not_permitted),
            ("a daemon that goes, and one that is none", test_daemon_goes),
            ("every error has its exit status", test_errors_have_statuses),
            ("pens as table, JSON and CSV", test_pens),
            ("one pen", test_pen),
            ("runs, page after page", test_runs_page),
            ("names in any locale", test_locales),
            ("filters of runs, and zones", test_runs_filters),
            ("one run with its histograms", test_run),
            ("the cycles of a run", test_cycles),
            ("status", test_status),
            ("identify", test_identify),
            ("sql", test_sql),
            ("call", test_call),
            ("api", test_api),
            ("completion in bash", test_completion),
            ("a reader that has enough", test_reader_leaves),
            ("a full disk", test_disk_full),
            ("watch: a line per event", test_watch_lines),
            ("watch: a reader that leaves", test_watch_reader_leaves),
            ("colours only on a terminal", test_colours),
            ("a narrow terminal", test_narrow),
            ("long names and stories on a narrow terminal", test_narrow_names),
            ("watch: a terminal without a cursor", test_dumb_terminal),
            ("watch: the full screen", test_screen)):
        tap.case(name, function, directory)
    tap.done()


if __name__ == "__main__":
    main()
