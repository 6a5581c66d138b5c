#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The audit profile that the configuration names: read at start and on reload, part of the record when it changed, and left alone with a
mistake in it, which is named."""
import datetime
import os
import signal
import subprocess

from clinic import Desk
from harness import Daemon, Tap, expect, expect_equal, program, temporary_directory, wait_until

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
HOUSE = "[profile]\nname = house\ninclude = ours\n[rule session-long]\nwarn_h = 5\nsource = the house\n"
OURS = "[profile]\nname = ours\ninclude = default\n[rule spacing-short]\nwarn_days = 10\nsource = ours\n"


class Clinic:
    def __init__(self):
        self.directory = temporary_directory()
        self.profiles = os.path.join(self.directory, "profiles")
        os.mkdir(self.profiles)
        self.config = os.path.join(self.directory, "stippled.conf")
        self.write("house.conf", HOUSE)
        self.write("ours.conf", OURS)
        self.configure(f"profile = {self.profiles}/house.conf")

    def write(self, name, text):
        with open(os.path.join(self.profiles, name), "w", encoding="utf-8") as f:
            f.write(text)

    def configure(self, *lines):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("\n".join(("[daemon]", *lines, "")))

    def start(self):
        self.daemon = Daemon(self.directory, "--config", self.config).start()
        self.desk = Desk(self.daemon.socket_path)

    def end(self):
        expect_equal(self.daemon.terminate(), 0, "exit status")
        verified = self.daemon.verify()
        expect_equal(verified.returncode, 0, "stippled --verify:\n" + verified.stdout.decode())

    def actions(self):
        """What was written about profiles, oldest first."""
        rows = self.desk.rows("call", "entry.list", '{"limit":1000}')[0]["rows"]
        return [(row["action"], row["payload"]["profile"], row["actor"]) for row in rows if row["action"].startswith("profile.")]

    def reload(self, says):
        """SIGHUP, until @says is in what the daemon says after it."""
        before = len(self.daemon.output())
        os.kill(self.daemon.child.pid, signal.SIGHUP)
        wait_until(lambda: says in self.daemon.output()[before:], f"{says!r} in the log")
        return self.daemon.output()[before:]

    def threshold(self, rule, name):
        values = self.desk.json("audit", "explain", rule)["values"]
        return [(v["value"], v["from"]) for v in values if v["name"] == name]

    def check(self):
        done = subprocess.run([program("stippled"), "--check", "--config", self.config, "--database", self.daemon.database, "--key", self.daemon.key],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        return done.returncode, done.stdout


def at_the_first_start(c):
    c.start()
    wait_until(lambda: len(c.actions()) == 4, "the profiles to be loaded")
    expect_equal(c.actions(), [("profile.load", 1, "daemon"), ("profile.load", 2, "daemon"), ("profile.load", 3, "daemon"),
                               ("profile.use", 3, "daemon")], "what was written")
    expect_equal([(row["name"], row["in_use"]) for row in c.desk.rows("profile", "list")], [("default", False), ("ours", False), ("house", True)],
                 "profiles")
    expect_equal(c.threshold("session-long", "warn_h"), [(5, None)], "of the file, always: no session is older")
    expect_equal(c.threshold("spacing-short", "warn_days"), [(10, None)], "of what it includes")
    expect_equal(c.check()[0], 0, "status of --check: " + c.check()[1])
    c.end()


def nothing_new(c):
    c.start()
    c.reload("read again")
    c.desk("profile", "list")  # behind whatever the reload asked of the writer
    expect_equal(len(c.actions()), 4, f"nothing changed, and nothing was written: {c.actions()}")


def changed_while_it_runs(c):
    c.write("ours.conf", OURS.replace("10", "12"))
    c.reload("profile.load")
    expect_equal(c.threshold("spacing-short", "warn_days"), [(12, None)], "the new value")
    expect_equal(len(c.actions()), 5, f"one was loaded, the other is in use as it was: {c.actions()}")


def with_a_mistake(c):
    c.write("house.conf", HOUSE.replace("warn_h = 5", "warn_hours = 5"))
    said = c.reload("was not read")
    for part in (f"{c.profiles}/house.conf:5: unknown key warn_hours in [rule session-long]", "warn_h, error_h", "of before"):
        expect(part in said, f"{part!r} is not in {said}")
    expect_equal(c.threshold("session-long", "warn_h"), [(5, None)], "the value of before")
    status, said = c.check()
    expect(status == 78 and "house.conf:5: unknown key warn_hours" in said, f"--check: {status} {said}")
    c.end()
    c.start()  # it starts all the same
    expect("unknown key warn_hours" in c.daemon.output(), c.daemon.output())
    expect_equal(c.threshold("session-long", "warn_h"), [(5, None)], "the value of before")


def mistakes(c):
    """Each is told with file and what is allowed, and none changes anything."""
    before = c.actions()
    for text, says in (
            (None, "there is no such file"),
            ("", "there is no section [profile]"),
            (HOUSE.replace("include = ours", "include = theirs"), f"include = theirs: there is no {c.profiles}/theirs.conf; what came with stipple are default, derby"),
            (HOUSE.replace("include = ours", "include = site"), "include = site: there is no"),
            (HOUSE.replace("name = house", "name = ours").replace("include = ours", "include = ours"), "that is this profile itself"),
            ("\0", "holds a zero byte"),
            ("\x7fELF\1", "a byte 0x7f"),
            ("#" * 40000, "larger than 32768 bytes")):
        if text is None:
            os.unlink(os.path.join(c.profiles, "house.conf"))
        else:
            c.write("house.conf", text)
        said = c.reload("was not read")
        expect(says in said, f"{says!r} is not in {said}")
    c.write("ours.conf", "[profile]\nname = ours\ninclude = house\n")
    c.write("house.conf", HOUSE)
    said = c.reload("was not read")
    expect("none can include itself" in said, said)
    expect_equal(c.actions(), before, "nothing was written")
    c.write("ours.conf", OURS.replace("10", "12"))


def another_one(c):
    """In a record with sessions another profile judges from today on."""
    c.desk("practitioner", "add", "Mara Muster")
    c.desk("client", "add", "1001", "Anna Example")
    c.desk("session", "add", "1001", "--practitioner", "mara", "--kind", "foundation", "--start", "2026-03-02T09:00:00Z",
           "--end", "2026-03-02T13:30:00Z", "--reason", "was on paper")
    c.end()
    c.configure("profile = healing-4-weeks")
    c.start()
    wait_until(lambda: c.actions()[-1][0] == "profile.use", "it to be in use")
    values = c.threshold("spacing-short", "warn_days")
    expect(values in ([(12, None), (28, day.isoformat())] for day in (TODAY, datetime.datetime.now(datetime.timezone.utc).date())),
           f"from today on: {values}")
    expect_equal(c.desk.run("audit", "--rule", "session-long")[0], 0, "judged by the house, which lets five hours pass")
    c.end()
    c.configure("profile = site")
    c.start()
    expect("profile = site: there is no /" in c.daemon.output(), c.daemon.output())
    c.end()
    c.configure("profile = My House")
    status, said = c.check()
    expect(status == 78 and "profile = My House: allowed is a profile's name" in said, f"--check: {status} {said}")


def main():
    tap = Tap()
    c = Clinic()
    tap.case("the first start loads and uses it", at_the_first_start, c)
    tap.case("the same text is not loaded again", nothing_new, c)
    tap.case("a change is loaded on reload", changed_while_it_runs, c)
    tap.case("a mistake is named, and the old one stays", with_a_mistake, c)
    tap.case("every mistake is named", mistakes, c)
    tap.case("another profile judges from today on", another_one, c)
    tap.done()


main()
