#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The audit while it happens: a subscriber hears at the chair what goes wrong, once, also across a restart; and the tool's exit status."""
import datetime
import json

from clinic import Desk
from harness import Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens, wait_caught_up


class Chair:
    """A daemon, a pen of the simulator, two clients, and somebody who listens."""

    def __init__(self):
        self.directory = temporary_directory()
        self.sim = Pens(self.directory, "--pens", "1")
        self.start()
        self.call("practitioner.add", name="Mara Muster", licence="L-1", licence_until="2099-12-31")
        for number in ("1001", "1002"):
            self.call("client.add", number=number, name="Invented " + number, birth_date="1980-01-02")
            self.call("client.check_age", client=number, practitioner="mara")
        self.caught_up()

    def start(self):
        self.daemon = Daemon(self.directory, ports=[self.sim.pattern]).start()
        self.client, self.listener = self.daemon.client(), self.daemon.client()
        self.listener.call("events.subscribe", streams=["live"])

    def restart(self):
        self.client.close()
        self.listener.close()
        expect_equal(self.daemon.terminate(), 0, "exit status")
        self.start()
        self.caught_up()

    def call(self, method, **params):
        return self.client.call(method, **params)

    def caught_up(self):
        wait_caught_up(self.client, [self.sim])

    def heard(self, rule):
        """The next finding of that rule; those of others that came before it are looked at no more."""
        while True:
            event = self.listener.event()
            params = event.get("params", {})
            if params.get("kind") == "audit.finding" and params["data"]["rule"] == rule:
                return params

    def heard_until(self, mark):
        """Rules of all findings up to the first of @mark."""
        rules = []
        while mark not in rules:
            event = self.listener.event()
            if event.get("params", {}).get("kind") == "audit.finding":
                rules.append(event["params"]["data"]["rule"])
        return rules

    def warnings(self):
        return {w["rule"] for w in self.call("day.get")["warnings"]}

    def sit(self, number):
        return self.call("session.start", client=number, pen="SIM-0001", practitioner="mara", kind="foundation")["session"]

    def end(self):
        self.client.close()
        self.listener.close()
        expect_equal(self.daemon.terminate(), 0, "exit status")
        verified = self.daemon.verify()
        expect_equal(verified.returncode, 0, "stippled --verify:\n" + verified.stdout.decode())


def consent_while_the_motor_runs():
    c = Chair()
    session = c.sit("1001")
    expect("consent-late" not in c.warnings(), "nothing has run yet")
    c.sim.ask("run 0 start")
    event = c.heard("consent-late")
    expect_equal((event["stream"], event["data"]["session"], event["data"]["severity"]), ("live", session, "critical"), "the event")
    expect_equal(event.get("pen"), "SIM-0001", "its pen")
    expect("1001" not in json.dumps(event["data"]["says"]), f"an event names nobody: {event}")
    expect_equal(event["data"]["finding"], f"consent-late/session={session}", "its identity")
    wait_until(lambda: "consent-late" in c.warnings(), "the warning on today's screen")
    today = Desk(c.daemon.socket_path)("today")
    expect("critical: The needle ran for client 1001 from" in today, today)
    # It is the state of affairs that warns: with a consent of before it is over, and taking that back is news again.
    consent = c.call("consent.add", client="1001", risks=True, at="2020-01-02T10:00:00Z")["consent"]
    wait_until(lambda: "consent-late" not in c.warnings(), "the warning to go")
    c.call("consent.void", consent=f"#{consent}", reason="of somebody else")
    c.heard("consent-late")
    c.sim.ask("run 0 stop")
    c.end()


def cartridge_of_another_client():
    c = Chair()
    c.call("consent.add", client="1001", risks=True, at="2020-01-02T10:00:00Z")
    c.call("lot.add", number="C-77", category="cartridge", name="Round liner", needle="0603RL", expiry=f"{datetime.date.today().year + 5}-01", quantity=20)
    first = c.sit("1001")
    c.call("lot.use", lot="C-77", serial="S-1", pen="SIM-0001")
    c.call("session.end", session="1001")
    second = c.sit("1002")
    c.call("lot.use", lot="C-77", serial="S-2", pen="SIM-0001")
    c.call("lot.use", lot="C-77", serial="S-1", pen="SIM-0001", used_anyway=True)
    event = c.heard("cartridge-reuse")
    expect_equal(event["data"]["session"], second, "the session that is warned")
    expect("S-1" in event["data"]["says"] and f"session #{first}" in event["data"]["says"], f"what happened: {event}")
    expect("Take the cartridge out" in event["data"]["do"], f"what to do: {event}")
    expect("disinfect-gap" in c.warnings(), f"the pen came from another client: {c.warnings()}")
    c.end()


def expired_lot_and_restart():
    c = Chair()
    c.call("lot.add", number="P-1", category="pigment", name="Carbon black", expiry="2020-01", quantity=5)
    c.call("lot.add", number="P-2", category="pigment", name="Carbon black", expiry="2020-02", quantity=5)
    session = c.sit("1001")
    c.call("lot.use", lot="P-1", used_anyway=True)
    event = c.heard("expired-used")
    expect_equal((event["data"]["session"], event["data"]["severity"]), (session, "critical"), "the event")
    wait_until(lambda: "expired-used" in c.warnings(), "the warning on today's screen")
    c.restart()
    # Not told again: what comes next is the other lot.
    c.call("lot.use", lot="P-2", used_anyway=True)
    event = c.heard("expired-used")
    expect("P-2" in event["data"]["says"], f"the first lot was told twice: {event}")
    # What only a session that is over can lack is told when it closes.
    expect("ink-lot-missing" not in c.warnings() and "needle-lot-missing" not in c.warnings(), f"it is not over: {c.warnings()}")
    c.call("session.end", session="1001")
    rules = c.heard_until("needle-lot-missing")
    expect("expired-used" not in rules, f"told before: {rules}")
    for use in (1, 2):
        c.call("use.void", use=f"#{use}", reason="the wrong bottle was scanned")
    wait_until(lambda: "expired-used" not in c.warnings(), "the warnings of what never was to go")
    wait_until(lambda: "ink-lot-missing" in c.warnings(), "now there is no ink at all")
    c.end()


def time_alone():
    """A session becomes too long: nothing is written, no pen is there, and it is told all the same, a threshold after the other."""
    daemon = Daemon(temporary_directory()).start()
    desk, listener = Desk(daemon.socket_path), daemon.client()
    desk("client", "add", "1001", "Anna Example")
    desk("profile", "load", "-", stdin="[profile]\nname = short\n[rule session-long]\nwarn_h = 0.0003\nerror_h = 0.0006\n")
    desk("profile", "use", "short")
    listener.call("events.subscribe", streams=["live"])
    desk("session", "start", "1001")
    told = []
    while "error" not in told:  # on a busy machine the first moment may pass unseen
        params = listener.event().get("params", {})
        if params.get("kind") == "audit.finding" and params["data"]["rule"] == "session-long":
            told.append(params["data"]["severity"])
    expect(told in (["warn", "error"], ["error"]), f"what was told: {told}")
    expect_equal([w["severity"] for w in listener.call("warning.list")["rows"] if w["rule"] == "session-long"], ["error"], "the warning")
    listener.close()
    expect_equal(daemon.terminate(), 0, "exit status")


def exit_statuses():
    directory = temporary_directory()
    daemon = Daemon(directory).start()
    desk = Desk(daemon.socket_path)
    expect_equal(desk.run("audit")[0], 0, "status of an empty record")
    desk("practitioner", "add", "Mara Muster")
    desk("client", "add", "1001", "Anna Example")
    desk("course", "add", "1001", "density")
    for day, end in ((2, "13:00:01"), (9, "18:00:00")):
        desk("session", "add", "1001", "--practitioner", "mara", "--kind", "foundation", "--start", f"2026-03-{day:02}T09:00:00Z",
             "--end", f"2026-03-{day:02}T{end}Z", "--reason", "was on paper")
    status, out, _ = desk.run("audit", "--rule", "session-long", "--until", "2026-03-05")
    expect_equal(status, 3, "a warning: " + out)
    status, out, _ = desk.run("audit", "--rule", "session-long")
    expect_equal(status, 4, "an error: " + out)
    expect("error: session-long, 1 finding" in out and "warn: session-long, 1 finding" in out, out)
    status, out, _ = desk.run("audit")
    expect_equal(status, 5, "nobody's age was checked: " + out)
    desk("audit", "acknowledge", "session-long/session=2", "--reason", "with two breaks")
    status, out, _ = desk.run("audit", "--rule", "session-long")
    expect_equal(status, 3, "acknowledged ones do not count: " + out)
    expect("with two breaks" in out and "apart from them 1 acknowledged" in out, out)
    rows = [json.loads(line) for line in desk.run("audit", "--rule", "session-long", "--json")[1].splitlines()]
    expect_equal([row["finding"] for row in rows], ["session-long/session=1", "session-long/session=2"], "one a line")
    # the values of each session's day
    desk("profile", "load", "-", "--file", "house.conf", stdin="[profile]\nname = house\ninclude = default\n"
         "[rule session-long]\nwarn_h = off\nerror_h = off\n[rule session-long from 2026-03-05]\nerror_h = 8.5\n")
    expect_equal(desk.run("audit", "--rule", "session-long", "--profile", "house", "--since", "2026-03-05")[0], 0, "acknowledged")
    rows = [json.loads(line) for line in desk.run("audit", "--rule", "session-long", "--profile", "house", "--json")[1].splitlines()]
    expect_equal([(row["session"], row["threshold"]) for row in rows], [(2, 8.5)], "judged by the day's values")
    desk("profile", "use", "house", "2026-03-09")
    rows = [json.loads(line) for line in desk.run("audit", "--rule", "session-long", "--json")[1].splitlines()]
    expect_equal([(row["session"], row["threshold"]) for row in rows], [(1, 4), (2, 8.5)], "judged by the profile of the day")
    desk.refused("profile", "load", "nowhere.conf", says=("nowhere.conf", "derby"))
    # what is mistyped
    desk.refused("audit", "--rule", "sesion-long", says=("no rule sesion-long", "is session-long meant?"))
    desk.refused("audit", "explain", "session_long", says="is session-long meant?")
    status, out, err = desk.run("audit", "acknowledge", "session-long/session=1000000", "--reason", "typed wrong")
    expect(status and "There is no session #1000000" in err, err)
    status, out, err = desk.run("audit", "acknowledge", "cartridge-reuse/session=1/serial=S-9", "--reason", "typed wrong")
    expect(status == 0 and "the audit finds no cartridge-reuse/session=1/serial=S-9 now" in err, err)
    status, out, err = desk.run("audit", "acknowledge", "session-long/session=1", "--reason", "with a break")
    expect(status == 0 and not err, err)
    said = desk("audit", "explain", "session-long")
    for part in ("checks  How long a client sat", "when    also while the session is open", "  warn_h 4 h: warn, before 2026-03-09",
                 "  error_h 8.5 h: error, from 2026-03-09", "source: practice"):
        expect(part in said, f"{part!r} is not in {said}")
    expect("session-long        -         warn_h off, error_h 8.5" in desk("audit", "rules"), desk("audit", "rules"))
    # what `profile show` prints, `profile load` takes
    text = desk("profile", "show", "house")
    expect("warn_h = off\n" in text, text)
    expect("Profile house loaded: 3 values." in desk("profile", "load", "-", stdin=text), text)
    expect_equal(desk("profile", "show", "house"), text, "the same text")
    expect("Profile derby would be loaded, and judge." in desk("profile", "use", "derby", "--dry-run"), "a trial of one that is not loaded")
    status, out, err = desk.run("profile", "show", "derby")
    expect(status == 0 and "not loaded" in err and "name = derby\n" in out, f"the text of one that is not loaded: {out} {err}")
    desk.refused("profile", "show", "no-such", says='There is no profile "no-such"')
    expect("derby" not in [row["name"] for row in desk.rows("profile", "list")], "a trial loads nothing")
    desk.refused("profile", "use", "site", says='There is no profile "site"')  # it is an example
    desk("profile", "use", "derby")
    expect("years" in desk.refused("client", "erase", "1001", "--reason", "asked for it", says="must be kept until 2028-03"), "2 years")
    expect_equal(daemon.terminate(), 0, "exit status")
    expect_equal(daemon.verify().returncode, 0, "stippled --verify")


def main():
    tap = Tap()
    tap.case("consent is missing while the motor runs", consent_while_the_motor_runs)
    tap.case("a cartridge has met another client", cartridge_of_another_client)
    tap.case("an expired lot is scanned, and the daemon restarts", expired_lot_and_restart)
    tap.case("a session becomes too long", time_alone)
    tap.case("the exit status is that of the worst", exit_statuses)
    tap.done()


main()
