#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Client lists of other programs: what is imported, refused, mended, and imported again."""
import json
import os
import re
import signal
import subprocess

from harness import HANG_SECONDS, Daemon, Tap, expect, expect_equal, program, temporary_directory

CTL = program("stipplectl")
MAP = ("--delimiter", ";", "--map", "number=Nr,name=Vorname+Nachname,birth_date=Geburtstag,note=Bemerkung", "--date-format", "dd.mm.yyyy",
       "--encoding", "windows-1252")
HEAD = "Nr;Vorname;Nachname;Geburtstag;Bemerkung"
GOOD = ['2001;J\xf6rg;M\xfcller;05.04.1990;"sagt ""hallo"";\nund mehr"', "2002;Ann;Beispiel;;", "2003;\u20acva;Muster;1.1.1980;"]
BAD = {"2004;A;B;31.02.1990;": "no calendar has", ";C;D;;": "number is empty", "2005;short": "2 columns and the first line 5",
       '2006;a"b;c;;': "quote inside", "2002;Other;Name;;": "in line 4 already", "2007;E;F;1990-01-01;": "not written as dd.mm.yyyy"}


class Desk:
    def __init__(self):
        self.directory = temporary_directory()
        self.daemon = Daemon(self.directory).start()
        self.client = self.daemon.client()
        self.file = os.path.join(self.directory, "patients.csv")

    def write(self, lines, encoding="windows-1252", name=None):
        with open(name or self.file, "w", encoding=encoding, newline="") as f:
            f.write("".join(line + "\r\n" for line in lines))

    def run(self, *arguments):
        return subprocess.run([CTL, "--socket", self.daemon.socket_path, "client", "import", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_SECONDS, text=True, check=False)

    def counts(self, status, *arguments):
        """added, changed, same, refused of an import that ends with @status."""
        done = self.run(*arguments, "--json")
        expect_equal(done.returncode, status, f"{arguments}: {done.stderr}")
        said = json.loads(done.stdout)
        return (said["added"], said["changed"], said["same"], said["refused"]), said["problems"]

    def fails(self, status, words, *arguments):
        done = self.run(*arguments)
        expect_equal(done.returncode, status, f"{arguments}: {done.stderr}")
        for word in [words] if isinstance(words, str) else words:
            expect(word in done.stderr, f"{arguments}: {word!r} is not in {done.stderr!r}")

    def entries(self):
        """Those about clients: the daemon writes of itself, too."""
        return [e["entry"] for e in self.client.pages("entry.list") if e["action"].startswith("client.")]

    def clients(self):
        return {c["number"]: c for c in self.client.pages("client.list")}


def test_mistakes(desk):
    desk.write([HEAD, *GOOD])
    desk.fails(66, "nosuch.csv", os.path.join(desk.directory, "nosuch.csv"))
    desk.fails(64, "which column is the record number", desk.file, "--delimiter", ";")
    desk.fails(65, ["no column 'Numer'", "Nr, Vorname", ], desk.file, "--delimiter", ";", "--map", "number=Numer")
    desk.fails(65, ["no column 'Nr'", "--delimiter"], desk.file, "--map", "number=Nr")
    desk.fails(64, ["no 'nam'", "birth_date"], desk.file, "--delimiter", ";", "--map", "number=Nr,nam=Vorname")
    desk.fails(64, "not guessed", desk.file, "--delimiter", ";", "--map", "number=Nr,birth_date=Geburtstag")
    desk.fails(64, "year of four digits", desk.file, *MAP, "--date-format", "dd.mm.yy")
    desk.fails(64, "allowed: utf-8, latin1", desk.file, *MAP, "--encoding", "ebcdic")
    desk.fails(64, "needs --reason", desk.file, *MAP, "--update")
    with open(desk.file, "wb") as f:
        f.write("\ufeffNr\n1\n".encode("utf-16-le"))
    desk.fails(65, "UTF-16", desk.file, "--map", "number=Nr")
    open(desk.file, "wb").close()
    desk.fails(65, "is empty", desk.file, "--map", "number=Nr")
    expect_equal(desk.clients(), {}, "clients after mistakes")


def test_import(desk):
    desk.write([HEAD, *GOOD, *BAD])
    before = desk.entries()
    counted, problems = desk.counts(65, desk.file, *MAP, "--dry-run")
    expect_equal(counted, (3, 0, 0, len(BAD)), "a dry run")
    expect_equal(desk.entries(), before, "entries after a dry run")
    expect(not os.path.exists(desk.file + ".rejected.csv"), "a dry run writes no file")
    again, problems = desk.counts(65, desk.file, *MAP)
    expect_equal(again, counted, "the import and its dry run")
    for problem, wanted in zip(problems, BAD.values()):
        expect(wanted in problem["reason"], f"{wanted!r} is not in {problem}")
    expect_equal([p["line"] for p in problems], list(range(6, 6 + len(BAD))), "lines that are refused")
    got = desk.client.call("client.get", client="2001")
    expect_equal((got["name"], got["birth_date"], got["note"]), ("Jörg Müller", "1990-04-05", 'sagt "hallo";\nund mehr'), "values")
    expect_equal(desk.clients()["2003"]["name"], "\u20acva Muster", "windows-1252")


def test_again_changes_nothing(desk):
    before = desk.entries()
    counted, _ = desk.counts(65, desk.file, *MAP)
    expect_equal(counted, (0, 0, 3, len(BAD)), "the second import")
    expect_equal(desk.entries(), before, "entries after the second import")
    expect_equal(sorted(n for n in os.listdir(desk.directory) if "rejected" in n), ["patients.csv.rejected.csv"], "one file of refused lines")
    expect_equal(os.stat(desk.file + ".rejected.csv").st_mode & 0o777, 0o600, "it holds names")


def test_mended(desk):
    """The refused lines, mended by hand where they stand, are imported as they are."""
    path = desk.file + ".rejected.csv"
    with open(path, encoding="utf-8", newline="") as f:
        text = f.read()
    expect(text.startswith(HEAD + ";rejected because\r\n"), text[:200])
    for wrong, right in (("31.02.1990", "28.02.1990"), ("\r\n;C;D", "\r\n2008;C;D"), ("2005;short;", "2005;sh;ort;;;"), ('a"b', "ab"),
                         ("2002;Other", "2009;Other"), ("1990-01-01", "01.01.1990")):
        expect(wrong in text, f"{wrong!r} is not in {text!r}")
        text = text.replace(wrong, right, 1)
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    utf8 = [*MAP[:-1], "utf-8"]
    counted, problems = desk.counts(0, path, *utf8)
    expect_equal(counted, (len(BAD), 0, 0, 0), f"mended lines: {problems}")
    counted, _ = desk.counts(0, path, *utf8)
    expect_equal(counted, (0, 0, len(BAD), 0), "mended lines again")
    expect_equal(desk.clients()["2005"]["name"], "sh ort", "a mended line")
    # the first file again: what somebody mended stays as it is, and the refused lines get a file of their own
    desk.counts(65, desk.file, *MAP)
    with open(path, encoding="utf-8", newline="") as f:
        expect_equal(f.read(), text, "the mended file")
    with open(desk.file + ".rejected.2.csv", encoding="utf-8", newline="") as f:
        expect("31.02.1990" in f.read(), "the refused lines once more")


def test_differing(desk):
    path = os.path.join(desk.directory, "newer.csv")
    desk.write([HEAD, "2001;J\xf6rg;Meier;05.04.1990;", "2002;Ann;Beispiel;;"], name=path)
    counted, problems = desk.counts(65, path, *MAP)
    expect_equal(counted, (0, 0, 1, 1), "a record that differs")
    expect("name is 'Jörg Müller' and here 'Jörg Meier'" in problems[0]["reason"], problems)
    expect("note" not in problems[0]["reason"], "what is empty in the file is left as it is")
    counted, _ = desk.counts(0, path, *MAP, "--update", "--reason", "a newer list")
    expect_equal(counted, (0, 1, 1, 0), "updated")
    history = next(desk.client.pages("history.list", noun="client", record="2001"))
    expect_equal((history["action"], history["reason"]), ("client.change", "a newer list"), "the change has its reason")
    expect_equal(desk.client.call("client.get", client="2001")["note"][:4], "sagt", "the note stays")
    # changed back by hand, and the same list again: it is a new request, for the record has moved on
    desk.client.call("client.change", client="2001", name="Jörg Müller", reason="was right")
    counted, _ = desk.counts(0, path, *MAP, "--update", "--reason", "a newer list")
    expect_equal(counted, (0, 1, 1, 0), "updated again")


def test_renumbered(desk):
    """Who was imported and has another number since is not added again in silence."""
    desk.client.call("client.change", client="2002", number="3002", reason="new system")
    counted, problems = desk.counts(65, desk.file, *MAP)
    expect(any("imported before" in p["reason"] for p in problems), problems)
    expect("2002" not in desk.clients(), "added again")
    desk.client.call("client.change", client="3002", number="2002", reason="back")


def test_interrupted(desk):
    """Killed at any moment and begun anew, every line is there once."""
    path = os.path.join(desk.directory, "long.csv")
    desk.write(["number,name", *(f"{n},Client {n}" for n in range(5000, 5400))], "utf-8", path)
    for wanted in (20, 150, 290):
        process = subprocess.Popen([CTL, "--socket", desk.daemon.socket_path, "client", "import", path], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(desk.clients()) < wanted:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait(HANG_SECONDS)
    counted, _ = desk.counts(0, path)
    expect_equal(counted[0] + counted[2], 400, f"lines: {counted}")
    numbers = [n for n in desk.clients() if re.fullmatch(r"5\d{3}", n)]
    expect_equal(len(numbers), 400, "clients of the long list")
    added = sum(1 for e in desk.client.pages("entry.list") if e.get("action") == "client.add")
    expect_equal(added, len(desk.clients()), "each was added once")


def test_same_person(desk):
    """Another line, or another client, of the same name and birth date is imported and told, once."""
    path = os.path.join(desk.directory, "twice.csv")
    desk.write(["number,name,birth_date", "6001,Zoë Twin,1990-05-17", "6002,zoe TWIN,1990-05-17", "6003,Zoë Twin,1990-05-18"], "utf-8", path)
    trial = json.loads(desk.run(path, "--date-format", "yyyy-mm-dd", "--dry-run", "--json").stdout)
    expect_equal((trial["added"], trial["warnings"]), (3, []), "a trial sees the same letters only")
    done = desk.run(path, "--date-format", "yyyy-mm-dd")
    expect_equal(done.returncode, 0, done.stderr)
    expect(re.fullmatch(r"stipplectl: line 3: look at this: 6001 Zoë Twin: Client #\d+ has the same name and birth date\. Another person: .*\n",
                        done.stderr), done.stderr)
    again = json.loads(desk.run(path, "--date-format", "yyyy-mm-dd", "--json").stdout)
    expect_equal((again["added"], again["same"], again["warnings"]), (0, 3, []), "the same file again")
    desk.write(["number,name,birth_date", "6011,Zoë Twin,1990-05-18", "6012,Zoë Twin,1990-05-18"], "utf-8", path)
    trial = json.loads(desk.run(path, "--date-format", "yyyy-mm-dd", "--dry-run", "--json").stdout)["warnings"]
    expect_equal([(w["line"], w["code"], w["client"] is None) for w in trial],
                 [(2, "same-person", False), (3, "same-person", False), (3, "same-person", True)], "a trial")
    told = json.loads(desk.run(path, "--date-format", "yyyy-mm-dd", "--json").stdout)["warnings"]
    expect_equal([w["line"] for w in told], [2, 3, 3], "what is told of two lines")


def main():
    tap = Tap()
    desk = Desk()
    tap.case("mistakes are explained", test_mistakes, desk)
    tap.case("a list with good and bad lines", test_import, desk)
    tap.case("the same again changes nothing", test_again_changes_nothing, desk)
    tap.case("refused lines are mended and imported", test_mended, desk)
    tap.case("records that differ", test_differing, desk)
    tap.case("records with a new number", test_renumbered, desk)
    tap.case("one person twice", test_same_person, desk)
    tap.case("an interrupted import", test_interrupted, desk)
    tap.done()


if __name__ == "__main__":
    main()
