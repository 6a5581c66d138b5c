#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Before it is too late: what goes wrong at the chair is heard by whoever listens, stands on `today` and on `watch`, on the terminal's whole
screen and in lines, and goes again when it is put right. A real daemon, simulated pens, four mistakes that people make."""
import datetime
import json
import os
import re
import subprocess
import threading

from clinic import Desk
from harness import Daemon, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens, wait_caught_up
from test_ctl import Terminal

GOOD = f"{datetime.date.today().year + 5}-01"


class Lines:
    """`stipplectl watch` into a pipe."""

    def __init__(self, socket_path, *words):
        self.child = subprocess.Popen([program("stipplectl"), "--socket", socket_path, "watch", *words], stdout=subprocess.PIPE, text=True)
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(line)

    def wait_for(self, *parts):
        wait_until(lambda: any(all(part in line for part in parts) for line in self.lines), f"a line of watch with {parts}")

    def end(self):
        self.child.terminate()
        self.child.wait()


class Screen(Terminal):
    """`stipplectl watch` on a terminal."""

    def __init__(self, daemon, *words):
        daemon.path = daemon.socket_path
        super().__init__(daemon, "watch", "--utc", *words, columns=160, rows=40, env={"NO_COLOR": "1"})
        self.until(b"q quits")

    def drawn(self):
        """All of it, drawn anew: a terminal is sent only what differs."""
        start = len(self.output)
        os.write(self.fd, b"\x0c")
        self.until(b"q quits", start)
        return self.output[start:].decode("utf-8", "replace")

    def wait_for(self, *parts):
        wait_until(lambda: all(part in self.drawn() for part in parts), f"a screen with {parts}", pause=0)

    def quit(self):
        os.write(self.fd, b"q")
        expect_equal(self.end(), 0, "status of watch")

    def wait_without(self, part):
        wait_until(lambda: part not in self.drawn(), f"a screen without {part}", pause=0)


class Chair:
    def __init__(self):
        directory = temporary_directory()
        self.sim = Pens(directory, "--pens", "2")
        self.daemon = Daemon(directory, ports=[self.sim.pattern]).start()
        self.client, self.listener = self.daemon.client(), self.daemon.client()
        self.desk = Desk(self.daemon.socket_path)
        wait_caught_up(self.client, [self.sim])
        call = self.client.call
        call("practitioner.add", name="Mara Muster", licence_until="2099-12-31")
        for number in ("1001", "1002"):
            call("client.add", number=number, name="Invented " + number, birth_date="1980-01-02")
            call("client.check_age", client=number, practitioner="mara")
        call("lot.add", number="C-77", category="cartridge", name="Round liner", needle="0603RL", expiry=GOOD, quantity=20)
        call("lot.add", number="P-OLD", category="pigment", name="Carbon black", expiry="2020-01", quantity=5)
        call("lot.add", number="P-BACK", category="pigment", name="Carbon black", expiry=GOOD, quantity=5)
        call("lot.recall", lot="P-BACK", reason="letter of the maker")
        self.listener.call("events.subscribe", streams=["live"])
        self.lines, self.objects = Lines(self.daemon.socket_path), Lines(self.daemon.socket_path, "--json")
        self.screen = Screen(self.daemon)
        self.screen.wait_for("SIM-0001", "SIM-0002")
        # What is told before they have subscribed they never hear: a pen goes and comes until both have told of it.
        wait_until(lambda: (self.lines.lines and self.objects.lines) or self.replug(1), "the lines of watch")

    def replug(self, pen):
        self.sim.ask(f"pull {pen}")
        wait_until(lambda: "away" in {row["state"] for row in self.client.call("pen.list")["rows"]}, "the pen to go")
        self.sim.ask(f"plug {pen}")
        wait_caught_up(self.client, [self.sim])

    def told(self, rule, session, *parts):
        """Everybody hears of it, sees it, and is told what to do."""
        while True:
            params = self.listener.event().get("params", {})
            if params.get("kind") == "audit.finding" and params["data"]["rule"] == rule:
                break
        data = params["data"]
        expect_equal((params["stream"], data["severity"], data["session"]), ("live", "critical", session), f"the event of {rule}")
        expect(data["do"], f"what to do: {data}")
        expect_equal(params.get("pen"), "SIM-0001", f"the pen of the chair: {params}")
        for part in parts:
            expect(part in data["says"], f"{part} is not in {data['says']}")
        listed = [row for row in self.client.call("warning.list")["rows"] if row["finding"] == data["finding"]]
        expect_equal([(row["session"], row["says"], row["do"]) for row in listed], [(session, data["says"], data["do"])], f"{rule} in warning.list")
        # to the desk people are called by name: the first client is 1001
        says = re.sub(r"(?i)(client) #(\d+)", lambda m: f"{m[1]} {1000 + int(m[2])}", data["says"])
        expect(says != data["says"] and says in " ".join(self.desk("today").split()), f"{says} is not on\n{self.desk('today')}")
        self.lines.wait_for("audit.finding", "critical: " + data["says"], data["do"])
        self.objects.wait_for(json.dumps(data["finding"])[1:-1])
        self.screen.wait_for(f"critical #{session} SIM-0001: " + data["says"])

    def gone(self, rule):
        wait_until(lambda: rule not in {row["rule"] for row in self.client.call("warning.list")["rows"]}, f"the warning {rule} to go")
        expect(rule not in {w["rule"] for w in self.client.call("day.get")["warnings"]}, f"{rule} is still on today")

    def sit(self, number):
        return self.client.call("session.start", client=number, pen="SIM-0001", practitioner="mara", kind="foundation")["session"]

    def end(self):
        self.lines.end()
        self.objects.end()
        self.screen.quit()
        self.client.close()
        self.listener.close()
        expect_equal(self.daemon.terminate(), 0, "exit status")
        verified = self.daemon.verify()
        expect_equal(verified.returncode, 0, "stippled --verify:\n" + verified.stdout.decode())


def consent_missing(c):
    session = c.sit("1001")
    c.sim.ask("run 0 start")
    c.told("consent-late", session, "none")
    c.client.call("consent.add", client="1001", risks=True, at="2020-01-02T10:00:00Z")
    c.gone("consent-late")
    c.screen.wait_without("The needle ran")
    c.sim.ask("run 0 stop")


def expired_lot(c):
    c.client.call("lot.use", lot="P-OLD", used_anyway=True)
    c.told("expired-used", 1, "P-OLD", "2020-01-31")


def recalled_lot(c):
    c.client.call("lot.use", lot="P-BACK", used_anyway=True)
    c.told("recall-exposed", 1, "P-BACK", "recalled")


def not_disinfected(c):
    c.client.call("lot.use", lot="C-77", serial="S-1", pen="SIM-0001")
    c.client.call("session.end", session="1001")
    c.client.call("consent.add", client="1002", risks=True, at="2020-01-02T10:00:00Z")
    session = c.sit("1002")
    c.told("disinfect-gap", session, "SIM-0001", "disinfection or a new barrier film")
    c.client.call("hygiene.add", kind="disinfected", pen="SIM-0001", session="1002", note="wiped")
    c.client.call("hygiene.add", kind="barrier", pen="SIM-0001", note="new")
    c.gone("disinfect-gap")
    c.screen.wait_without("disinfection or")


def cartridge_of_another(c):
    c.client.call("lot.use", lot="C-77", serial="S-1", pen="SIM-0001", used_anyway=True)
    c.told("cartridge-reuse", 2, "S-1", "session #1")
    c.screen.wait_without("P-OLD")  # of the session that has ended


def recalled_afterwards(c):
    """A lot that is recalled when the session in which it was used is over: it is heard of at once."""
    c.client.call("lot.recall", lot="C-77", reason="letter of the maker")
    heard = {}
    while len(heard) < 2:
        params = c.listener.event().get("params", {})
        if params.get("kind") == "audit.finding" and params["data"]["rule"] == "recall-exposed":
            heard[params["data"]["session"]] = params["data"]["says"]
    expect_equal(sorted(heard), [1, 2], f"sessions that met it: {heard}")
    expect(all("C-77" in says for says in heard.values()), f"the lot: {heard}")
    c.lines.wait_for("audit.finding", heard[1])


def only_one_pen(c):
    """--pen narrows the screen's warnings as it does its rows."""
    mine, other = Screen(c.daemon, "--pen", "SIM-0001"), Screen(c.daemon, "--pen", "SIM-0002")
    mine.wait_for("critical #2 SIM-0001")
    other.wait_for("SIM-0002")
    c.screen.wait_for("critical #2 SIM-0001")
    expect("critical" not in other.drawn(), "the warning of another pen")
    mine.quit()
    other.quit()


def main():
    tap = Tap()
    c = Chair()
    tap.case("consent is missing while the motor runs", consent_missing, c)
    tap.case("an expired lot is scanned", expired_lot, c)
    tap.case("a recalled lot is scanned", recalled_lot, c)
    tap.case("a pen was not disinfected since the last client", not_disinfected, c)
    tap.case("a cartridge has met another client", cartridge_of_another, c)
    tap.case("the screen of one pen", only_one_pen, c)
    tap.case("a lot is recalled afterwards", recalled_afterwards, c)
    tap.case("the record holds", c.end)
    tap.done()


main()
