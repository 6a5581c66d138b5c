#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Machine time finds its session: pens of the simulator work before, during and after, with and without the daemon, and each run's cycles
are the simulator's truth."""
import datetime
import os
import time

from harness import Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens, wait_caught_up


class Clinic:
    """A daemon, a simulator, a client of the socket, two clients of the clinic, a chair."""

    def __init__(self, pens, *options, port=""):
        self.directory = temporary_directory()
        self.sim = Pens(self.directory, "--pens", str(pens))
        self.daemon = Daemon(self.directory, *options, ports=[self.sim.pattern + port]).start()
        self.client = self.daemon.client()
        for number in ("1001", "1002"):
            self.client.call("client.add", number=number, name="Invented " + number)
        self.caught_up()

    def call(self, method, **params):
        return self.client.call(method, **params)

    def refused(self, method, part, **params):
        answer = self.client.request(method, **params)
        expect("error" in answer, f"{method} {params} was not refused: {answer}")
        expect(part in answer["error"]["message"], f"{method}: {answer['error']}")

    def caught_up(self):
        wait_caught_up(self.client, [self.sim])
        # The first measurement of a clock may come later than the records.
        wait_until(lambda: all(row["clock"] for row in self.call("pen.list")["rows"]), "the clocks to be measured")

    def beyond_doubt(self):
        """Until what a pen does next cannot have been before now, by what is known of its clock."""
        error_us = max(row["clock"]["error_us"] for row in self.call("pen.list")["rows"])
        then = time.monotonic() + 4e-6 * error_us
        wait_until(lambda: time.monotonic() > then, "the error of the clocks to pass", pause=0.001)

    def burst(self, pen, seconds=1):
        """A run that just ended, read; its number."""
        number = int(self.sim.ask(f"burst {pen} {seconds}").split()[0])
        return number

    def runs(self):
        """(serial, the pen's number) -> row of run.list."""
        return {(row["pen"], row["run"]): row for row in self.client.pages("run.list")}

    def run_starts(self, pen):
        before = {row["id"] for row in self.call("run.list", state="open")["rows"]}
        number = int(self.sim.ask(f"run {pen} start").split()[0])
        wait_until(lambda: {row["id"] for row in self.call("run.list", state="open")["rows"]} - before, "the run to be seen")
        return number

    def expect_truth(self, sessions):
        """@sessions: number -> the runs that are its, as (serial, number). Everything else is nobody's."""
        truth = {(pen["serial"], run["run"]): run for pen in self.sim.truth() for log in pen["logs"] for run in log["runs"]}
        found = self.runs()
        expect_equal(sorted(found), sorted(truth), "runs")
        for key, row in found.items():
            wanted = next((session for session, keys in sessions.items() if key in keys), None)
            expect_equal(row["session"], wanted, f"the session of run {key}")
            expect_equal(row["cycles"], truth[key]["cycles"], f"cycles of run {key}")
        for session, keys in sessions.items():
            got = self.call("session.get", session=f"#{session}")
            expect_equal(got["cycles"], sum(truth[key]["cycles"] for key in keys), f"cycles of session {session}")
            expect_equal(got["runs"], len(keys), f"runs of session {session}")

    def end(self):
        self.client.close()
        expect_equal(self.daemon.terminate(), 0, "exit status")
        verified = self.daemon.verify()
        expect_equal(verified.returncode, 0, "stippled --verify:\n" + verified.stdout.decode())


def started_before():
    c = Clinic(2)
    stray = c.burst(0)
    c.caught_up()
    session = c.call("session.start", client="1001", pen="SIM-0001")
    expect(not session["backdated"], f"nothing ran: {session}")
    c.refused("session.start", "Client 1001 is in session #1", client="1001")
    c.refused("session.start", "Pen SIM-0001 is held by session #1 of client 1001", client="1002", pen="SIM-0001")
    c.beyond_doubt()
    first = c.run_starts(0)
    day = c.call("day.get")
    expect_equal([s["open_run"] is not None for s in day["sessions"]], [True], "a run is going")
    expect(day["sessions"][0]["runs"] == 1, f"live machine time: {day['sessions']}")
    c.call("session.end", session="1001")  # the run goes on, to its end
    c.sim.ask("run 0 stop")
    c.caught_up()
    second = c.run_starts(0)
    c.sim.ask("run 0 stop")
    c.caught_up()
    c.expect_truth({1: {("SIM-0001", first)}})
    day = c.call("day.get")
    expect_equal(day["unattributed"]["runs"], 2, "runs that are nobody's")
    # what is nobody's is linked by hand, or dismissed
    rows = {row["run"]: row["id"] for row in c.call("run.list", attribution="unattributed")["rows"]}
    expect_equal(sorted(rows), sorted([stray, second]), "runs that are nobody's")
    c.call("run.link", session="1001", runs=[str(rows[second])], reason="pressed end too early")
    c.call("run.dismiss", runs=[str(rows[stray])], kind="test", reason="tried the new needle")
    c.expect_truth({1: {("SIM-0001", first), ("SIM-0001", second)}})
    expect_equal(c.call("day.get")["unattributed_all"]["runs"], 0, "nothing is nobody's")
    c.end()


def started_while_running():
    c = Clinic(1)
    number = c.run_starts(0)
    session = c.call("session.start", client="1001", pen="SIM-0001")
    expect(session["backdated"], f"the pen was working: {session}")
    row = c.runs()[("SIM-0001", number)]
    expect_equal(session["pen_from"], row["earliest"], "where its time begins")
    expect_equal(row["session"], 1, "the open run's session")
    c.sim.ask("run 0 stop")
    c.caught_up()
    c.expect_truth({1: {("SIM-0001", number)}})
    c.end()


def ended_too_early():
    """Ended by mistake and taken up again: what its pen did meanwhile is its, unless somebody else has the pen by then."""
    c = Clinic(1)
    c.call("session.start", client="1001", pen="SIM-0001")
    c.beyond_doubt()
    first = c.run_starts(0)
    c.call("session.end", session="1001")
    c.sim.ask("run 0 stop")
    c.caught_up()
    c.beyond_doubt()
    second = c.run_starts(0)
    c.sim.ask("run 0 stop")
    c.caught_up()
    c.expect_truth({1: {("SIM-0001", first)}})
    again = c.call("session.reopen", session="1001", reason="she only stood up")
    expect_equal((again["pens"], again["runs"]), (["SIM-0001"], 2), "what it holds again")
    c.expect_truth({1: {("SIM-0001", first), ("SIM-0001", second)}})
    third = c.run_starts(0)
    c.sim.ask("run 0 stop")
    c.caught_up()
    c.expect_truth({1: {("SIM-0001", first), ("SIM-0001", second), ("SIM-0001", third)}})
    c.call("session.end", session="1001")
    c.call("session.start", client="1002", pen="SIM-0001")
    c.refused("session.reopen", "Pen SIM-0001 was held by session #2 of client 1002 since", session="#1", reason="the wrong one")
    c.end()


def pen_changed_halfway():
    c = Clinic(2)
    c.call("session.start", client="1001", pen="SIM-0001")
    c.beyond_doubt()
    first = c.run_starts(0)
    c.sim.ask("run 0 stop")
    c.caught_up()
    c.call("session.pen", session="1001", pen="SIM-0002", release="SIM-0001")
    c.beyond_doubt()
    second = c.run_starts(1)
    c.run_starts(0)
    c.sim.ask("run 0 stop")
    c.sim.ask("run 1 stop")
    c.caught_up()
    c.expect_truth({1: {("SIM-0001", first), ("SIM-0002", second)}})
    # the pen that left was taken by somebody else while it ran
    third = c.run_starts(0)
    c.call("session.start", client="1002", pen="SIM-0001")
    c.sim.ask("run 0 stop")
    c.caught_up()
    c.expect_truth({1: {("SIM-0001", first), ("SIM-0002", second)}, 2: {("SIM-0001", third)}})
    # the wrong client was typed: machine time goes with the session
    c.refused("session.change", "Client 1001 was in session #1", session="#2", client="1001", reason="it was 1001")
    c.call("client.add", number="1003")
    c.refused("session.change", "say why", session="#2", client="1003")
    c.call("session.change", session="#2", client="1003", reason="1002 has not come yet")
    expect_equal(c.call("session.get", session="1003")["runs"], 1, "the run of the other client")
    c.end()


def at(seconds):
    """A time so many seconds from now."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def drained_later():
    c = Clinic(2)
    c.sim.ask("pull 0")
    c.sim.ask("pull 1")
    # Times that hold, however slow this computer is: they sat down a while ago, and it ends in a while.
    c.call("session.start", client="1001", pen="SIM-0001", at=at(-600))
    inside = []
    for _ in range(3):
        inside.append(int(c.sim.ask("run 0 start").split()[0]))
        c.sim.ask("run 0 stop")
        c.sim.ask("cartridge 0 in")
    c.sim.ask("run 1 start")
    c.sim.ask("run 1 stop")
    c.call("session.end", session="1001", at=at(240))
    expect_equal(c.call("session.get", session="1001")["runs"], 0, "nothing was read yet")
    c.sim.ask("plug 0")
    c.sim.ask("plug 1")
    c.caught_up()
    expect(all(row["quality"] == "synced" for row in c.runs().values()), f"time quality: {c.runs()}")
    c.expect_truth({1: {("SIM-0001", number) for number in inside}})
    uses = c.call("session.get", session="1001")["uses"]
    expect_equal([use["source"] for use in uses], ["pen"] * 3, "the cartridges that the pen reported")
    c.end()


def idle_sessions_close():
    directory = temporary_directory()
    path = os.path.join(directory, "idle.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write("[daemon]\nsession_idle = 3s\n")
    c = Clinic(1, "--config", path)
    number = c.run_starts(0)
    c.call("session.start", client="1001", pen="SIM-0001")
    c.sim.ask("run 0 stop")
    c.caught_up()
    ends = set()  # as it is known at each moment: what is learnt of the pen's clock moves it

    def is_closed():
        state = c.call("session.get", session="1001")["state"]
        ends.add(c.runs()[("SIM-0001", number)]["end"])
        return state == "closed"

    wait_until(is_closed, "the session to close by itself")
    session = c.call("session.get", session="1001")
    expect_equal(session["ended_by"], "idle", "who ended it")
    expect(session["end"] in ends, f"its end is that of its last run: {session['end']} is none of {ends}")
    c.expect_truth({1: {("SIM-0001", number)}})
    c.end()


def button_starts_and_ends():
    c = Clinic(1, port=",button=toggle")
    first = c.run_starts(0)
    c.sim.ask("button 0")
    wait_until(lambda: c.call("session.list", state="open")["rows"], "the button's session")
    c.sim.ask("run 0 stop")
    c.caught_up()
    session = c.call("session.get", session="SIM-0001")
    expect_equal((session["started_by"], session["client"]), ("button", None), "a session of nobody yet")
    c.sim.ask("button 0")
    wait_until(lambda: c.call("session.list", state="closed")["rows"], "the button's end")
    c.call("session.change", session="#1", client="1001")
    c.expect_truth({1: {("SIM-0001", first)}})
    # the same without the daemon, read later
    c.sim.ask("pull 0")
    c.sim.ask("button 0")
    second = int(c.sim.ask("run 0 start").split()[0])
    c.sim.ask("run 0 stop")
    c.sim.ask("button 0")
    c.sim.ask("plug 0")
    c.caught_up()
    rows = c.call("session.list")["rows"]
    expect_equal([(r["started_by"], r["ended_by"]) for r in rows], [("button", "button")] * 2, "sessions")
    row = c.runs()[("SIM-0001", second)]
    expect(row["session"] in (2, None), f"run {row}")
    actors = [e["actor"] for e in c.client.pages("entry.list") if e["action"].startswith("session.")]
    expect_equal(actors, ["pen:SIM-0001", "pen:SIM-0001", "root" if os.geteuid() == 0 else actors[2], "pen:SIM-0001", "pen:SIM-0001"],
                 "who did it")
    c.end()


def main():
    tap = Tap()
    tap.case("a session that was started before its work", started_before)
    tap.case("one that was started while the pen ran", started_while_running)
    tap.case("one that was ended too early", ended_too_early)
    tap.case("a pen changed half-way", pen_changed_halfway)
    tap.case("a pen that worked without the daemon", drained_later)
    tap.case("one that nobody ended", idle_sessions_close)
    tap.case("one that a button began", button_starts_and_ends)
    tap.done()


if __name__ == "__main__":
    main()
