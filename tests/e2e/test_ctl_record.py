#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The clinic's record through stipplectl: sentences, questions on a terminal, mistakes, the day, labels, another computer's daemon."""
import datetime
import json
import os
import pty
import re
import select
import subprocess

from harness import HANG_SECONDS, Daemon, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens

CTL = program("stipplectl")
GTIN = "04012345678901"  # invented
YEAR = datetime.date.today().year + 2  # in which what is scanned expires
SAME = r"^Nothing changed: all of it stands in the record already\.$"
YY = f"{YEAR % 100:02}"


class Desk:
    """A daemon with two pens, and the tool."""

    def __init__(self):
        self.directory = temporary_directory()
        self.pens = Pens(self.directory, "--pens", "2", "--serial-prefix", "TEST", "--seed", "3")
        self.daemon = Daemon(self.directory, ports=[self.pens.pattern]).start()
        self.client = self.daemon.client()
        self.environment = {**os.environ, "STIPPLE_SOCKET": self.daemon.socket_path, "TZ": "UTC0", "HOME": self.directory}
        self.environment.pop("XDG_CONFIG_HOME", None)
        wait_until(lambda: len([p for p in self.client.call("pen.list")["rows"] if p["state"] == "live"]) == 2, "two pens")

    def run(self, *arguments, stdin=None, env=None):
        return subprocess.run([CTL, *arguments], input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_SECONDS, text=True, check=False,
                              env={**self.environment, **(env or {})})

    def says(self, pattern, *arguments, **more):
        """The tool succeeds, and what it says matches."""
        done = self.run(*arguments, **more)
        expect(done.returncode == 0, f"{arguments}: status {done.returncode}: {done.stderr}")
        expect(re.search(pattern, done.stdout), f"{arguments}: {pattern!r} is not in {done.stdout!r}")
        return done.stdout

    def fails(self, status, words, *arguments, **more):
        done = self.run(*arguments, **more)
        expect(done.returncode == status, f"{arguments}: status {done.returncode}, wanted {status}: {done.stderr or done.stdout}")
        for word in [words] if isinstance(words, str) else words:
            expect(word in done.stderr, f"{arguments}: {word!r} is not in {done.stderr!r}")
        return done

    def rows(self, *arguments):
        return [json.loads(line) for line in self.says("", *arguments, "--json").splitlines()]

    def talk(self, arguments, *dialogue):
        """On a terminal: each of the dialogue is what is waited for, and what is typed then. Status and all that was shown."""
        child, master = pty.fork()
        if child == 0:
            os.execve(CTL, [CTL, *arguments], {**self.environment, "TERM": "dumb"})
        shown, at = "", 0

        def read():
            nonlocal shown
            readable, _, _ = select.select([master], [], [], HANG_SECONDS)
            expect(readable, f"{arguments}: silent after {shown!r}")
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end is gone
                piece = b""
            shown += piece.decode("utf-8", "replace")
            return piece

        for wanted, typed in dialogue:
            while wanted not in shown[at:]:
                expect(read(), f"{arguments}: {wanted!r} was not asked in {shown[at:]!r}")
            at = len(shown)
            os.write(master, typed.encode() + b"\n")
        while read():
            pass
        os.close(master)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.replace("\r\n", "\n")


def test_people(desk):
    desk.says(r"^Practitioner #1 Jo Example added\.$", "practitioner", "add", "Jo Example", "--licence", "L-1",
              "--licence-until", "2099-05-01")
    desk.says(r"^Place #1 Chair 1 added\.$", "place", "add", "Chair 1", "chair")
    desk.says(r"^Client #1 1001 Änna Example added\.$", "client", "add", "1001", "Änna Example", "--birth-date", "1990-05-17")
    desk.says(r"^Client #2 1002 Annabel Muster-Männsname added\.$", "client", "add", "--number", "1002", "--name", "Annabel Muster-Männsname")
    desk.says(r"^Age of client 1001 Änna Example checked by Jo Example\.$", "client", "check-age", "1001", "--practitioner", "jo")
    for name in ("1001", "#1", "anna e", "ÄNNA EX", "example"):
        expect_equal(desk.rows("client", "show", name)[0]["id"], 1, f"client show {name}")
    desk.says("1990-05-17", "client", "1001")  # a record alone is shown
    expect_equal(desk.rows("session", "list", "1001"), [], "sessions of a client who has none")
    desk.fails(64, "name the practitioner", "client", "check_age", "1002")  # as the method's name has it
    for word in ("muster", "mannsnam"):  # the second half of a double name, too
        expect_equal([c["number"] for c in desk.rows("client", "find", word)], ["1002"], f"client find {word}")
    for typed in ("mannsname annabel", "Annabel  Muster-M", "annabel mannsname"):  # in any order, with blanks as they come
        expect_equal([c["number"] for c in desk.rows("client", "find", typed)], ["1002"], f"client find {typed}")
    expect_equal(desk.rows("client", "find", "annabel nobody"), [], "of two words both must be there")
    expect_equal(desk.rows("client", "show", "Mannsnam")[0]["id"], 2, "a client by the second half of the name")
    desk.says(r"1002 +Annabel Muster-Männsname", "clients")
    answer = desk.rows("client", "change", "1002", "--contact", "at the desk")[0]
    expect_equal((answer["client"], answer["dry_run"], answer["repeated"]), (2, False, False), "the answer as JSON")


def test_nothing_changed(desk):
    """A change to what stands there already writes no entry, wants no reason, and says so."""
    last = desk.rows("sql", "SELECT count(*) AS n FROM entries WHERE action LIKE '%.change'")
    desk.says(SAME, "client", "change", "1001", "--name", "Änna Example", "--birth-date", "1990-05-17")
    desk.says(SAME, "client", "change", "1001", "--clear", "note")
    desk.says(SAME, "practitioner", "change", "jo", "--licence", "L-1")
    desk.says(SAME, "place", "change", "chair 1", "--kind", "chair")
    desk.says(r"^Nothing would change: all", "client", "change", "1002", "--contact", "at the desk", "--dry-run")
    answer = desk.rows("client", "change", "1002", "--contact", "at the desk")[0]
    expect_equal((answer["entry"], answer["dry_run"], answer["repeated"]), (None, False, False), "the answer as JSON")
    expect_equal(answer["version"], desk.rows("client", "show", "1002")[0]["version"], "the version stays")
    expect_equal(desk.rows("sql", "SELECT count(*) AS n FROM entries WHERE action LIKE '%.change'"), last, "entries of changes")


def test_same_person(desk):
    """Another client of the same name and birth date is added, and told: it may be a twin's namesake, or a mistake."""
    told = r"^stipplectl: look at this: 1001 Änna Example: Client #1 has the same name and birth date\. Another person: .*session change --client.*\n$"
    for arguments in (("client", "add", "2001", "ANNA example", "--birth-date", "1990-05-17", "--dry-run"),
                      ("client", "add", "2001", "ANNA example", "--birth-date", "1990-05-17"),
                      ("client", "change", "2001", "--birth-date", "1990-05-17")):
        done = desk.run(*arguments)
        expect_equal(done.returncode, 0, done.stderr)
        expect(re.search(told, done.stderr), f"{arguments}: {done.stderr!r}")
    for arguments in (("client", "change", "2001", "--note", "a namesake"), ("client", "add", "2002", "Anna Example"),
                      ("client", "change", "2002", "--birth-date", "1990-05-18"), ("client", "add", "2003", "--birth-date", "1990-05-17"),
                      ("client", "erase", "2001", "--reason", "added twice"), ("client", "change", "1001", "--birth-date", "1990-05-17")):
        expect_equal(desk.run(*arguments).stderr, "", arguments)  # other people; and who was erased is nobody's namesake
    warning = desk.rows("client", "change", "2002", "--birth-date", "1990-05-17", "--reason", "misheard")[0]["warnings"]
    expect_equal([(w["code"], w["client"], w["says"]) for w in warning],
                 [("same-person", 1, "Client #1 has the same name and birth date.")], "the answer as JSON")
    for number in ("2002", "2003"):
        desk.says("erased", "client", "erase", number, "--reason", "added twice")


def test_mistakes(desk):
    desk.fails(64, "did you mean 'client add'?", "client", "ad")
    desk.fails(64, "the noun comes first: did you mean 'client add'?", "add", "client")
    desk.fails(64, "--kind 'chiar' is not known; allowed: chair", "place", "add", "Chair 9", "--kind", "chiar")
    expect_equal(desk.client.request("client.add", number="9\t")["error"]["data"]["parameter"], "number", "a number with a tab at its end")
    desk.says(r"It would say: Client #\d+ 9 Zoë Example added", "client", "add", "\t9\u00a0", "--name", " Zoë Example\r\u00a0 ", "--birth-date", " 1990-05-17\n", "--dry-run")
    desk.fails(64, "did you mean '2026-05-03 9:05'?", "runs", "--since", "3.5.2026 9:05")
    desk.fails(64, ["'client' needs a verb", "find", "import"], "client")
    desk.fails(64, "did you mean 'client'?", "cleint", "add")
    desk.fails(64, "'client add' needs --number: Record number", "client", "add")
    desk.fails(64, "did you mean --birth-date?", "client", "add", "1", "--birthdate", "1990-01-01")
    desk.fails(64, "say the same thing twice", "client", "add", "1003", "--number", "1003")
    desk.fails(64, ["'17.05.1990' is not a date", "2026-11-20"], "client", "add", "1003", "--birth-date", "17.05.1990")
    desk.fails(64, ["--kind 'x' is not known", "touch-up"], "session", "start", "1001", "--kind", "x")
    desk.fails(64, "the beginning of several", "hygiene", "add", "s", "TEST-0001")
    desk.fails(64, "--active is yes or no", "practitioner", "change", "jo", "--active=perhaps")
    desk.fails(64, "belongs to client #1", "client", "add", "1001", "Somebody Else")
    desk.fails(64, "name: \"   \" is blank", "client", "add", "1003", "   ")
    desk.fails(64, ["1001 Änna Example (#1)", "1002 Annabel Muster-Männsname (#2)"], "client", "show", "ann")
    desk.fails(1, "nobody", "client", "show", "nobody")
    desk.fails(1, 'There is no session "nobody", nor a client of that name or number.', "session", "show", "nobody")
    desk.fails(1, "Client 1001 Änna Example has no session.", "session", "end", "example")
    desk.fails(1, 'None of the 2 clients that "ann" may mean has a session.', "session", "end", "ann")
    desk.fails(1, "Client 1001 Änna Example has no course that is called so.", "course", "show", "1001/2")
    desk.fails(64, "needs --reason", "client", "erase", "1002")
    desk.fails(64, "not after", "runs", "--since", "today", "--until", "yesterday")
    desk.fails(64, ["noun 'anna' is not known", "client"], "history", "anna")  # what was said is looked at first
    desk.fails(1, ['There is no pen "TEST-9"', "TEST-0001 (#", "TEST-0002 (#"], "hygiene", "add", "barrier", "TEST-9")
    desk.fails(64, "no table", "today", "--csv")


def test_prompts(desk):
    status, shown = desk.talk(["client", "add"], ("number: ", ""))
    expect_equal(status, 64, f"nothing entered: {shown}")
    expect("nothing was done" in shown, shown)
    status, shown = desk.talk(["client", "erase", "nobody"])
    expect_equal(status, 1, shown)
    expect('There is no client "nobody".' in shown and "reason" not in shown, f"a reason for what cannot be done: {shown}")
    status, shown = desk.talk(["client", "erase", "1001"], ("reason: ", ""))
    expect_equal(status, 64, f"no reason: {shown}")
    status, shown = desk.talk(["client", "add", "--name", "Bo Prompt"], ("number: ", "1003"))
    expect_equal(status, 0, shown)
    expect("Record number of the clinic" in shown and "Client #3 1003 Bo Prompt added." in shown, shown)
    status, shown = desk.talk(["client", "show", "ann"], ("which (1 to 2; empty: none): ", "3"), ("which", "2"))
    expect_equal(status, 0, shown)
    expect(re.search(r" 1  1001 Änna Example\n +2  1002 Annabel Muster-Männsname", shown), shown)
    expect("at the desk" in shown, "the second of them is shown")
    status, shown = desk.talk(["client", "show", "ann"], ("which", ""))
    expect_equal(status, 64, "nothing chosen")
    status, shown = desk.talk(["course", "add", "1001"], ("goal (buzz, density, scar_camouflage, hairline): ", "bald"), ("goal (", "dens"))
    expect_equal(status, 0, shown)
    expect("'bald' is not known" in shown and "added as #1, for density." in shown, shown)
    # What only the daemon knows to be missing is asked for as well: a correction needs its reason.
    status, shown = desk.talk(["client", "change", "1003", "--name", "Bob Prompt"], ("reason: ", "misheard"))
    expect_equal(status, 0, shown)
    expect("Client #3 1003 Bob Prompt changed." in shown, shown)


def test_changes(desk):
    desk.fails(64, "reason", "client", "change", "1003", "--name", "Rob Prompt")
    dry = desk.says("^Dry run, nothing was kept", "client", "change", "1003", "--name", "Rob Prompt", "--reason", "x", "--dry-run")
    expect("Bob" in desk.says("", "client", "show", "1003"), f"a dry run was kept: {dry}")
    version = desk.rows("client", "show", "1003")[0]["version"]
    desk.fails(64, "version", "client", "change", "1003", "--note", "x", "--if-version", str(version - 1))
    desk.says("changed", "client", "change", "1003", "--note", "x", "--if-version", str(version), "--request-id", "t-1",
              "--on-behalf-of", "jo")
    desk.says("^Done before", "client", "change", "1003", "--note", "x", "--if-version", str(version), "--request-id", "t-1",
              "--on-behalf-of", "jo")
    desk.fails(64, "used before for something else", "client", "change", "1003", "--note", "y", "--request-id", "t-1")
    history = desk.rows("history", "client", "1003", "--changed")
    expect_equal([h["action"] for h in history], ["client.change", "client.change", "client.add"], "history")
    expect_equal((history[0]["on_behalf_of"], history[1]["reason"]), ("Jo Example", "misheard"), "who and why")
    desk.says(r"name Bo Prompt -> Bob Prompt", "history", "client", "1003")
    was = desk.rows("history", "client", "1003", "--at", history[2]["at"])[0]
    expect_equal(was["name"], "Bo Prompt", "the record as it was")
    exported = json.loads(desk.says("", "client", "export", "1003"))
    expect_equal(exported["number"], "1003", "export")


def test_session(desk):
    desk.says(r"^Product #1 Invented needles added", "product", "add", "cart", "Invented needles", "--needle", "0603RL")
    desk.says(r"^Lot AB12 of Invented needles added as #1, good to \d{4}-11\.$", "lot", "add", "AB12", "--product", "invented",
              "--expiry", f"{YEAR}-11")
    desk.says(r"^Session #1 of 1001 Änna Example began \d\d:\d\d, foundation 1, with pen TEST-0001\.$", "session", "start", "1001",
              "TEST-0001", "--practitioner", "jo", "--place", "chair")
    desk.says(SAME, "lot", "change", "AB12", "--expiry", f"{YEAR}-11")
    desk.fails(64, f"did you mean {YEAR}-11?", "lot", "change", "AB12", "--expiry", f"11/{YEAR}")
    desk.fails(1, 'There is no lot "1"; by its number in the database it is written #1.', "lot", "show", "1")
    desk.fails(1, 'There is no session "77", nor a client of that name or number.', "session", "show", "77")
    desk.says(SAME, "session", "change", "1001", "--place", "chair", "--practitioner", "jo", "--kind", "foundation", "--client", "1001")
    desk.says(r"^Service of pen TEST-0001 set: after 300 h", "pen", "service", "TEST-0001", "300")
    desk.says(SAME, "pen", "service", "TEST-0001", "300")
    desk.fails(64, "in session #1", "session", "start", "1001")
    desk.fails(64, "TEST-0001", "session", "start", "1002", "TEST-0001")
    desk.says(r"^Zone crown since .*, in session #1 of 1001 Änna Example\.$", "session", "zone", "1001", "crown")
    desk.says(r"^Step pigment at .*, in session #1 of 1001", "session", "step", "1001", "pig")
    desk.says(r"^Invented needles, lot AB12 used in session #1", "lot", "use", "ab12")
    desk.says(r"^Session #1 of 1001 Änna Example rests since", "session", "pause", "1001")
    desk.says(r"^Session #1 of 1001 Änna Example goes on since", "session", "resume", "1001")
    shown = desk.says("", "session", "show", "1001")
    for part in ("\nsegments\n", "\nsteps\n", "\nuses\n", "Jo Example"):
        expect(part in shown, f"{part!r} is not in what session show says: {shown}")
    expect("consent" in [gap["what"] for gap in desk.rows("session", "missing", "1001")], "what is missing")
    desk.says("recorded", "consent", "add", "1001", "--risks")
    desk.says(r"^Hygiene #1: barrier, pen TEST-0001 recorded\.$", "hygiene", "add", "barrier", "TEST-0001")
    desk.says(r"^Aftercare, verbal, of 1001 Änna Example recorded\.$", "aftercare", "add", "1001", "verbal")


def test_today(desk):
    shown = desk.says(r"(?m)^In the chair$", "today")
    for pattern in (r"#1 +1001 Änna Example +foundation 1 +since \d\d:\d\d", r"with Jo Example, at Chair 1", r"pen TEST-0001",
                    r"machine .* cycles in \d+ run", r"missing: .*disinfection", r"TEST-0002 .*not used yet"):
        expect(re.search(pattern, shown), f"{pattern!r} is not in {shown!r}")
    expect(all(len(line) <= 80 for line in shown.splitlines()), f"wider than 80 columns: {shown!r}")
    day = desk.rows("today")[0]
    expect_equal([s["number"] for s in day["sessions"]], ["1001"], "sessions of the day")
    expect_equal(len(day["live"]), 2, "live pens")
    expect("In the chair" in desk.says("", "today", "--day", "today"), "a day by name")


def test_scan(desk):
    label = f"(01){GTIN}(17){YY}1130(10)CD34"
    desk.fails(1, ["is not known", "product add"], "scan", label)
    desk.says("means Invented needles", "code", "add", GTIN, "invented")
    desk.says(r"^Invented needles, lot CD34 \(new, good to \d{4}-11-30\): used in session #1\.$", "scan", label)
    desk.says(r"^Invented needles, lot CD34 \(good to \d{4}-11-30\): used in session #1\.$", "scan", f"]C101{GTIN}17{YY}113010CD34")
    # two codes of one box, one after the other; GS lost, replaced, and a label that broke off
    done = desk.run("scan", stdin=f"]C101{GTIN}\n]C117{YY}113010EF56\n]C101{GTIN}10AB1217{YY}1130\n]C10104012\n]C110CD34|21X7\n")
    expect_equal(done.returncode, 64, "some scans were refused")
    expect_equal(done.stdout, f"Invented needles, lot EF56 (new, good to {YEAR}-11-30): used in session #1.\n", "what was recorded")
    for word in ("looks like an expiry", "broke off", "--gs '|'", "3 of 4 scans"):
        expect(word in done.stderr, f"{word!r} is not in {done.stderr!r}")
    desk.says(r"serial number X7", "scan", "--gs", "|", f"]C101{GTIN}10CD34|21X7")
    os.makedirs(os.path.join(desk.directory, ".config", "stipple"))
    with open(os.path.join(desk.directory, ".config", "stipple", "stipplectl.conf"), "w", encoding="utf-8") as f:
        f.write("# the scanner at the front desk\ngs = \\x7c\n")
    desk.says(r"serial number X8", "scan", f"]C101{GTIN}10CD34|21X8")
    desk.fails(64, "X8 is recorded for session #1 already", "scan", f"]C101{GTIN}10CD34|21X8")
    desk.says(r"lot GH1 \(new, good to \d{4}-12\): is in stock", "scan", "--stock", "--quantity", "20", f"(01){GTIN}(17){YY}1200(10)GH1")
    desk.fails(64, [f"{YEAR}-11-30", f"{YEAR}-12", "look at the box"], "scan", f"(01){GTIN}(17){YY}1130(10)GH1")
    desk.fails(64, ["lot GH1 of Invented needles is known", "21X5", "serial number (21)", "--accept"], "scan", f"]C101{GTIN}10GH121X5")
    desk.says(r"lot GH121X5 \(new\)", "scan", "--accept", f"]C101{GTIN}10GH121X5")
    desk.says(r"lot GH121X5: used", "scan", f"]C101{GTIN}10GH121X5")
    desk.says(r"lot GH1 \(good to \d{4}-12\): used", "scan", f"(01){GTIN}(17){YY}1231(10)GH1")  # the month's last day
    desk.says(r"^Dry run, nothing was kept: .*GH1.*18 left\.$", "scan", "--dry-run", f"(01){GTIN}(10)GH1")
    found = desk.rows("scan", "--stock", "--dry-run", f"(01){GTIN}(17){YY}1200(10)GH1")[0]
    expect_equal({name: found[name] for name in ("product_name", "lot_number", "new", "stock", "dry_run")},
                 {"product_name": "Invented needles", "lot_number": "GH1", "new": False, "stock": True, "dry_run": True}, "a trial as JSON")
    found = desk.rows("scan", "--dry-run", f"(01){GTIN}(17){YY}1200(10)XY77(21)5")[0]
    expect_equal((found["new"], found["stock"], found["lot"], found["serial"]), (True, False, None, "5"), "a new lot of a trial as JSON")
    desk.says("recalled: 1 use, on 1 client", "lot", "recall", "GH1", "--reason", "its maker wrote")
    desk.fails(64, "GH1 is recalled", "scan", f"(01){GTIN}(10)GH1")
    desk.fails(64, "--used-anyway", "scan", f"(01){GTIN}(10)GH1")  # the option, not only the parameter
    desk.says("GH1", "scan", "--used-anyway", f"(01){GTIN}(10)GH1")
    expect_equal(len(desk.rows("use", "list", "--session", "#1")), 10, "uses")
    done = desk.run("scan", stdin=f"(01){GTIN}(10)CD34(21)X9\n" + f"(01){GTIN}(17){YY}1130(10)EF56\n" * 2)
    expect_equal((done.returncode, done.stdout.count("EF56")), (0, 2), done.stderr)
    twice = re.fullmatch(r"stipplectl: the label before was the same one: .*: use void '(#\d+)' --reason 'scanned twice'\n", done.stderr)
    expect(twice, f"a label scanned twice: {done.stderr!r}")
    desk.says("taken back", "use", "void", twice.group(1), "--reason", "scanned twice")
    expect_equal(len(desk.rows("use", "list", "--session", "#1")), 12, "uses, but the one taken back")


def test_scan_asks_once(desk):
    status, shown = desk.talk(["scan"], ("scan (nothing: done): ", "]C0INK-7"), ("which product is it", "Invented ink"),
                              ("category", "pigment"), ("scan (", "INK-7"), ("scan (", ""))
    expect_equal(status, 0, shown)
    expect_equal(shown.count("Invented ink, without a lot: used in session #1."), 2, f"both scans: {shown}")
    expect_equal(shown.count("is not known"), 1, f"asked once: {shown}")
    status, shown = desk.talk(["scan", f"]C101{GTIN}"], ("lot (scan", "KL9"))
    expect_equal(status, 0, shown)
    expect("lot KL9 (new): used" in shown, shown)


def test_signing(desk):
    desk.says(r"^Session #1 of 1001 Änna Example ended", "session", "end", "1001")
    desk.fails(64, "needs --reason", "session", "reopen", "1001")
    desk.says(r"^Session #1 of 1001 Änna Example goes on, with \d+ runs? so far; it had ended \d\d:\d\d\.$", "session", "reopen", "1001", "--reason",
              "she only stood up")
    expect_equal(desk.rows("session", "show", "1001")[0]["state"], "open", "reopened")
    desk.says(r"^Session #1 of 1001 Änna Example ended", "session", "end", "1001")
    desk.says("she only stood up", "history", "session", "#1")
    expect("day 2" not in desk.says("", "history", "session", "#1"), "a day that follows from the start is no change")
    # of a consent and a talk about aftercare each verb means its own
    expect("consent" in desk.says("", "consent", "void", "1001", "--reason", "x", "--dry-run").lower(), "a consent by its client")
    desk.says(r"^Dry run, nothing was kept", "aftercare", "void", "1001", "--reason", "x", "--dry-run")
    for verb in ("use", "hygiene", "run"):
        rows = desk.rows(verb, "list", "1001")
        expect((rows or verb == "run") and {row["session"] for row in rows} <= {1}, f"{verb} list of a client: {rows}")
        expect_equal(desk.rows(verb, "list", "1003"), [], f"{verb} list of another client")
    desk.fails(64, "lacks", "session", "sign", "1001", "--practitioner", "jo")
    desk.fails(64, ["would be noted as some", "--no-complications"], "session", "change", "1001", "--complications", "No.")
    desk.says(r"signed \d\d:\d\d by Jo Example", "session", "sign", "1001", "--practitioner", "jo", "--incomplete", "--reason", "invented")
    desk.fails(64, "signed", "session", "change", "#1", "--note", "late", "--reason", "x")
    desk.fails(64, "needs --reason", "session", "amend", "#1", "--note", "late")
    desk.says(r"^Session #1 of 1001 Änna Example amended", "session", "amend", "#1", "--note", "late", "--reason", "was forgotten")
    expect_equal(desk.rows("session", "show", "#1")[0]["amended"], 1, "amendments")


def test_erase(desk):
    desk.fails(64, "until", "client", "erase", "1001", "--reason", "asked for it")  # before the retention is over
    desk.says(r"^Client #3 erased: \d+ values", "client", "erase", "1003", "--reason", "asked for it")
    desk.fails(1, "1003", "client", "show", "1003")
    status, shown = desk.talk(["client", "erase", "1002", "--reason", "asked"], ("Do it? (yes, no): ", "no"))
    expect_equal(status, 64, shown)
    expect("Dry run" in shown and "nothing was done" in shown, shown)
    desk.says("1002", "client", "show", "1002")


def test_host(desk):
    """An `ssh` that stays here: what is told to it is run in a shell without our environment's socket."""
    folder = os.path.join(desk.directory, "bin")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "ssh"), "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\necho "$@" >>"$0.log"\nwhile [ "$1" != -- ]; do shift; done\nshift\n'
                f'PATH={os.path.dirname(CTL)}:$PATH exec sh -c "$*"\n')
    os.chmod(os.path.join(folder, "ssh"), 0o755)
    path = {"PATH": folder + ":" + os.environ["PATH"], "STIPPLE_SOCKET": "/nonexistent"}
    over = ["--host", "jo@desk", "--socket", desk.daemon.socket_path]
    done = desk.run(*over, "client", "find", "example", env=path)
    expect_equal(done.returncode, 0, done.stderr)
    expect("Änna Example" in done.stdout, done.stdout)
    with open(os.path.join(folder, "ssh.log"), encoding="utf-8") as f:
        expect_equal(f.read().splitlines(), [f"-xT jo@desk -- stipplectl --socket '{desk.daemon.socket_path}' bridge"], "what ssh was told")
    # a long answer, and many
    sql = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 9000) SELECT i, printf('%300d', i) FROM n"
    done = desk.run(*over, "sql", sql, "--limit", "9000", "--csv", "--no-headings", env=path)
    expect_equal((done.returncode, len(done.stdout.splitlines())), (0, 9000), f"a long answer: {done.stderr}")
    done = desk.run("--host", "jo@desk", "pens", env=path)
    expect_equal(done.returncode, 69, "no daemon over there")
    expect("not running" in done.stderr and "the daemon of jo@desk was not reached" in done.stderr, done.stderr)
    desk.fails(64, "is no name of a computer", "--host=-oProxyCommand=x", "pens", env=path)
    desk.fails(64, "about this computer", "--host", "desk", "doctor", env=path)
    os.rename(os.path.join(folder, "ssh"), os.path.join(folder, "none"))
    with open(os.path.join(folder, "ssh"), "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nexit 255\n")
    os.chmod(os.path.join(folder, "ssh"), 0o755)
    desk.fails(69, "there is no connection to desk", "--host", "desk", "pens", env=path)
    desk.fails(69, "cannot run ssh", "--host", "desk", "pens", env={"PATH": os.path.join(folder, "nothing")})


def test_bridge_half_closes(desk):
    """The end of stdin goes on to the daemon; what it still answers comes back; then both are at their end."""
    asked = "".join(json.dumps({"jsonrpc": "2.0", "id": n, "method": "daemon.status"}) + "\n" for n in range(200))
    done = desk.run("bridge", stdin=asked)
    expect_equal(done.returncode, 0, done.stderr)
    expect_equal(sorted(json.loads(line)["id"] for line in done.stdout.splitlines()), list(range(200)), "answers")


def main():
    tap = Tap()
    desk = Desk()
    tap.case("people and places", test_people, desk)
    tap.case("the same again changes nothing", test_nothing_changed, desk)
    tap.case("mistakes are explained", test_mistakes, desk)
    tap.case("what is missing is asked for", test_prompts, desk)
    tap.case("changes: dry run, version, request id, history", test_changes, desk)
    tap.case("a session", test_session, desk)
    tap.case("the day on one screen", test_today, desk)
    tap.case("labels", test_scan, desk)
    tap.case("unknown codes are asked for once", test_scan_asks_once, desk)
    tap.case("signing and amending", test_signing, desk)
    tap.case("erasing", test_erase, desk)
    tap.case("one person twice", test_same_person, desk)
    tap.case("another computer's daemon", test_host, desk)
    tap.case("the bridge ends by halves", test_bridge_half_closes, desk)
    tap.done()


if __name__ == "__main__":
    main()
