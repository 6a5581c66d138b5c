#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stipplectl against the real daemon and simulated pens: what the tool prints is what the daemon holds and the pens did."""
import csv
import io
import json
import os
import re
import subprocess

from harness import HANG_SECONDS, TOP, Daemon, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens, wait_caught_up

COLUMNS = re.compile(r"^  (.{30}) (\S+)$", re.M)


class Clinic:
    """Two pens with an hour of work each, drained."""

    def __init__(self):
        directory = temporary_directory()
        self.pens = Pens(directory, "--pens", "2", "--history", "1", "--serial-prefix", "TEST", "--seed", "7")
        self.daemon = Daemon(directory, ports=[self.pens.pattern]).start()
        self.client = self.daemon.client()
        wait_caught_up(self.client, [self.pens])
        self.truth = {pen["serial"]: pen["logs"][-1]["runs"] for pen in self.pens.truth()}

    def run(self, *arguments):
        return subprocess.run([program("stipplectl"), "--socket", self.daemon.socket_path, *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_SECONDS, text=True, check=False,
                              env={**os.environ, "TZ": "Europe/Berlin"})

    def ask(self, *arguments):
        result = self.run(*arguments)
        expect(result.returncode == 0, f"{arguments}: status {result.returncode}: {result.stderr}")
        return result.stdout

    def rows(self, *arguments):
        return [json.loads(line) for line in self.ask(*arguments, "--json").splitlines()]


def test_runs_are_the_truth(clinic):
    # Both at a moment when nothing is learnt of a pen's clock, which moves its runs.
    runs = wait_until(lambda: (rows := clinic.rows("runs")) == list(clinic.client.pages("run.list")) and rows, "the rows as the daemon lists them")
    found = {serial: sorted((r["run"], r["cycles"]) for r in runs if r["pen"] == serial) for serial in clinic.truth}
    expect_equal(found, {serial: sorted((r["run"], r["cycles"]) for r in true) for serial, true in clinic.truth.items()},
                 "runs and their cycles")
    one = sorted(clinic.truth)[0]
    expect_equal(len(clinic.rows("runs", "--pen", one.lower())), len(clinic.truth[one]), "runs of one pen")
    expect_equal(clinic.rows("runs", "--since", "now"), [], "runs from now on")
    starts = [r["start"] for r in runs]
    middle = starts[len(starts) // 2]
    wait_until(lambda: len(clinic.rows("runs", "--until", middle)) + len(clinic.rows("runs", "--since", middle)) == len(runs),
               "as many runs before and after a moment as there are")


def test_cycles_are_the_runs(clinic):
    run = clinic.rows("runs", "--limit", "1")[0]
    detail = json.loads(clinic.ask("run", str(run["id"]), "--json"))
    text = clinic.ask("run", str(run["id"]), "--cycles", "--csv")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    expect_equal([int(r["index"]) for r in table], list(range(run["cycles"])), "cycles")
    depths = [int(r["depth_um"]) for r in table if r["depth_um"]]
    expect_equal((min(depths), max(depths)), (detail["depth_min_um"], detail["depth_max_um"]), "extremes of the depth")
    expect(abs(sum(depths) / len(depths) - detail["depth_mean_um"]) < 0.06, "mean of the depth")
    points = clinic.rows("run", str(run["id"]), "--cycles", "--points", "10")
    expect_equal(sum(p["count"] for p in points), run["cycles"], "cycles in all points")
    expect_equal(min(p["depth_um"]["min"] for p in points), detail["depth_min_um"], "least of the points")
    first = clinic.rows("run", str(run["id"]), "--cycles", "--first", "5", "--limit", "3")
    expect_equal([c["index"] for c in first], [5, 6, 7], "--first and --limit")


def test_columns_exist(clinic):
    """Every column of every verb's table is a member of what the daemon answers: a typing error shows as an empty column."""
    run = str(clinic.rows("runs", "--limit", "1")[0]["id"])
    serial = sorted(clinic.truth)[0]
    asked = {"pens": ["pens"], "pen show": ["pen", serial], "run list": ["runs", "--limit", "1"], "run show": ["run", run],
             "status": ["status"], "identify": ["identify", serial, "--seconds", "0"]}
    for verb, words in asked.items():
        columns = [path for _, path in COLUMNS.findall(clinic.ask(*verb.split(), "--help").split("Columns,")[1])]
        expect(len(columns) > 1, f"columns of {verb}")
        row = clinic.rows(*words)[0]
        for path in columns:
            value = row
            for name in path.split("."):
                expect(value is None or name in value, f"{verb}: the daemon's answer has no {path}")
                value = value and value[name]


def test_sql_and_api(clinic):
    rows = clinic.rows("sql", "SELECT pen, count(*) AS runs, sum(cycles) AS cycles FROM runs GROUP BY pen ORDER BY pen")
    expect_equal(rows, [{"pen": serial, "runs": len(true), "cycles": sum(r["cycles"] for r in true)}
                        for serial, true in sorted(clinic.truth.items())], "sums")
    refused = clinic.run("sql", "DELETE FROM run")
    expect_equal(refused.returncode, 64, f"a write: {refused.stderr}")
    methods = [m["name"] for m in clinic.rows("api")]
    expect("run.cycles" in methods and "rpc.discover" in methods, f"methods {methods}")
    for method in methods:
        expect(f"method        {method}" in clinic.ask("api", method), f"api {method}")
    expect_equal(json.loads(clinic.ask("call", "run.list", "limit=2"))["rows"], clinic.rows("runs", "--limit", "2"), "call")


def test_mistakes(clinic):
    for status, word, *arguments in ((1, "NOBODY", "pen", "NOBODY"), (1, "999999", "run", "999999"), (64, "TEST-0", "pen", "TEST"),
                                     (1, "run.lost", "call", "run.lost"), (64, "limit", "call", "run.list", "limit=0")):
        result = clinic.run(*arguments)
        expect(result.returncode == status and word in result.stderr,
               f"{arguments}: status {result.returncode}, wanted {status}: {result.stderr}")


def test_identify_blinks(clinic):
    serial = sorted(clinic.truth)[1]
    number = next(pen["pen"] for pen in clinic.pens.truth() if pen["serial"] == serial)
    clinic.ask("identify", serial, "--seconds", "600", "--reason", "invented")
    wait_until(lambda: clinic.pens.ask(f"blinking {number}") == "yes", "the pen to blink")
    clinic.ask("identify", serial, "--seconds", "0")
    wait_until(lambda: clinic.pens.ask(f"blinking {number}") == "no", "the pen to blink no more")
    again = [json.loads(clinic.ask("identify", serial, "--seconds", "0", "--request-id", "t-1", "--json")) for _ in range(2)]
    expect_equal([a["repeated"] for a in again], [False, True], "repeated")
    expect_equal(again[0]["entry"], again[1]["entry"], "entry")


def test_watch_durable(clinic):
    """Stopped after some lines and asked again with --after, the stream has every entry once."""
    seen, after = [], 0
    last = clinic.client.call("daemon.status")["database"]["last_entry"]
    while after < last:
        process = subprocess.Popen([program("stipplectl"), "--socket", clinic.daemon.socket_path, "watch", "--json", "--durable",
                                    "--after", str(after)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for _ in range(min(100, last - after)):
            seen.append(json.loads(process.stdout.readline())["cursor"])
        process.stdout.close()
        expect_equal(process.wait(HANG_SECONDS), 0, "status of a watch whose reader left")
        after = seen[-1]
    expect_equal(seen, list(range(1, last + 1)), "entries")


def test_readme_script(clinic):
    """The script in README.md runs as it stands."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
        text = f.read()
    script = re.search(r"^    ask\(\) .*?^    done$", text, re.M | re.S).group(0)
    done = subprocess.run(["sh", "-c", script], env={**os.environ, "STIPPLE_SOCKET": clinic.daemon.socket_path},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=HANG_SECONDS, text=True, check=True)
    expect_equal(sorted(done.stdout.splitlines()),
                 [f"{serial}: {sum(r['cycles'] for r in true)} cycles in {len(true)} runs"
                  for serial, true in sorted(clinic.truth.items())], "what it prints")


def test_readme_configuration(clinic):
    """The configuration in README.md is one that the daemon takes."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
        text = re.search(r"^ +\[daemon\]$.*?^ +baud = \d+$", f.read(), re.M | re.S).group(0)
    path = os.path.join(clinic.daemon.directory, "readme.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"^ +", "", text, flags=re.M) + "\n")
    done = subprocess.run([program("stippled"), "--check", "--config", path, "--database", clinic.daemon.database,
                           "--key", clinic.daemon.key], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=HANG_SECONDS, text=True, check=False)
    expect_equal(done.returncode, 0, done.stdout)
    expect("1 port" in done.stdout and "Europe/Berlin" in done.stdout, f"what was read: {done.stdout}")


def main():
    tap = Tap()
    clinic = Clinic()
    tap.case("runs are what the pens did", test_runs_are_the_truth, clinic)
    tap.case("cycles are those of the run", test_cycles_are_the_runs, clinic)
    tap.case("every column is in the daemon's answer", test_columns_exist, clinic)
    tap.case("sql, api and call", test_sql_and_api, clinic)
    tap.case("mistakes", test_mistakes, clinic)
    tap.case("identify", test_identify_blinks, clinic)
    tap.case("watch --durable goes on where it was", test_watch_durable, clinic)
    tap.case("the script in README.md", test_readme_script, clinic)
    tap.case("the configuration in README.md", test_readme_configuration, clinic)
    tap.done()


if __name__ == "__main__":
    main()
