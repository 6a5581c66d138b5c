# SPDX-License-Identifier: MIT
"""Time, end to end: what the record says of a run's time holds against the simulator's truth, and a clock that jumps is flagged."""
import datetime
import time

from harness import Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens, wait_caught_up


def findings(client, kind):
    return [row for row in client.pages("finding.list") if row["kind"] == kind]


def run_numbered(client, number):
    rows = [row for row in client.pages("run.list") if row["run"] == number and row["state"] == "ended"]
    return client.call("run.get", run=rows[0]["id"]) if rows else None


def start(directory, *options):
    pens = Pens(directory, "--pens", "1", *options)
    daemon = Daemon(directory, ports=[pens.pattern]).start()
    client = daemon.client()
    wait_caught_up(client, [pens])
    # The first measurement of a clock may come later than the records.
    wait_until(lambda: all(row["clock"] for row in client.call("pen.list")["rows"]), "the clock to be measured")
    return pens, daemon, client


def utc(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def finished_run(pens, client, middle=None):
    """A live run, with @middle done in the middle of it. Its time must hold, whatever the quality."""
    number = int(pens.ask("run 0 start"))
    started = time.time()
    wait_until(lambda: ((client.call("pen.get", pen="SIM-0001")["live"]["run_cycles"] or {}).get("value") or 0) > 30,
               "the run's first cycles")
    if middle:
        middle()
    stopping = time.time()
    pens.ask("run 0 stop")
    run = wait_until(lambda: run_numbered(client, number), f"run {number}")
    expect(utc(run["earliest"]) <= started, f"it began before it can have: {run}")
    expect(utc(run["latest"]) >= stopping, f"it ended after it can have: {run}")
    return run


def case_jump(seconds, quality):
    pens, daemon, client = start(temporary_directory(), "--history", "0.1")
    before = finished_run(pens, client)
    expect_equal(before["quality"], "synced", "quality before the jump")

    def jump():
        pens.ask(f"jump 0 {seconds}")
        wait_until(lambda: findings(client, "clock.jump"), "the finding")
    across = finished_run(pens, client, jump)
    after = finished_run(pens, client)
    expect_equal(len(findings(client, "clock.jump")), 1, "findings")
    expect_equal(across["quality"], "estimated", "quality of the run in which the clock jumped")
    expect_equal(after["quality"], quality, "quality after the jump")
    again = run_numbered(client, before["run"])
    expect_equal(again["quality"], quality, "quality of the run before, afterwards")
    expect(again["earliest"] <= before["start"] and before["end"] <= again["latest"],
           f"the run before was at {before['start']}, and now between {again['earliest']} and {again['latest']}")
    daemon.terminate()
    report = daemon.verify()
    expect_equal(report.returncode, 0, report.stdout.decode())


def main():
    tap = Tap()
    tap.case("a tick that leaps forward is flagged", case_jump, 100, "synced")
    # A tick that was counted twice may be from before or after the leap.
    tap.case("a tick that leaps back is flagged", case_jump, -100, "estimated")
    tap.done()


main()
