#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Inspectors' forms: every datum is on them, as text, JSON and HTML; nothing from outside becomes markup or is loaded from elsewhere; and
where Chromium is there, that it looks as it should, on the screen and on A4 and Letter."""
import datetime
import getpass
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import pens
from clinic import Desk, rfc3339
from harness import BUILD, HANG_SECONDS, TOP, Daemon, Failure, Tap, expect, expect_equal, temporary_directory, wait_until

MINUTE_US = 60_000_000
NAME = "<script>alert('x')</script> & \"Ünal\" </td>\u202eeman"  # and the last of it is written from right to left
SHOWN = "<script>alert('x')</script> & \"Ünal\" </td>\\u{202e}eman"
NOTE = "The first line.\n<b>The second</b> & last."
RTL = "\u05d3\u05d5\u05d2\u05de\u05d4 \u05d0"
PREMISES = "Invented \"Clinic\" <1>, 1 Nowhere Street"
GOLDEN = os.path.join(TOP, "tests", "golden", "report")
ANALYSER = os.path.join(TOP, "tests", "pens", "tma-work.rec")
CHROMIUM = shutil.which("chromium")
SIZES = {"A4": (595, 842), "Letter": (612, 792)}  # points


def us(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1e6)


class Clinic:
    """One session with everything that a form asks for, one with as little as possible, one without a client."""

    def __init__(self):
        self.directory = temporary_directory()
        self.sim = pens.Pens(self.directory, "--pens", "3", "--history", "2", "--motor-share", "30", "--rtc", "yes", "--seed", "7",
                             "--serial-prefix", "TEST")
        self.daemon = Daemon(self.directory, ports=[self.sim.pattern, f"replay:{ANALYSER},driver=tma,serial=TMA-0001"]).start()
        self.client = self.daemon.client()
        self.desk = Desk(self.daemon.socket_path)
        pens.wait_caught_up(self.client, [self.sim])
        self.analysed = wait_until(lambda: len(found := list(self.client.pages("run.list", pen="TMA-0001"))) == 2 and found[0]["end"] and found,
                                   "the analyser's runs")
        # Two forms are compared, or a form and what is asked beside it: nothing is to move meanwhile. What is learnt of a pen's clock,
        # 60 s after it was plugged in at the latest, is an entry and moves its runs.
        wait_until(lambda: all(row["clock"] for row in self.client.call("pen.list")["rows"] if row["has_log"]), "the clocks to be measured")
        for number in range(3):
            self.sim.ask(f"pull {number}")
        wait_until(lambda: {row["state"] for row in self.client.call("pen.list")["rows"]} == {"away"}, "the pens to go")
        runs = sorted((run for run in self.client.pages("run.list") if run["pen"] in ("TEST-0001", "TEST-0002")), key=lambda run: run["start"])
        self.start, self.end = us(runs[0]["start"]) - 6 * MINUTE_US, us(runs[-1]["end"]) + 6 * MINUTE_US
        self.people()
        self.full()
        self.sparse()
        self.odd()

    def at(self, share):
        return rfc3339(int(self.start + (self.end - self.start) * share))

    def people(self):
        desk = self.desk
        desk("practitioner", "add", "Jo Example", "--licence", "LIC-100", "--licence-until", "2031-12-31", "--qualification", "SMP level 4")
        desk("place", "add", "Chair 1", "chair")
        desk("client", "add", "1001", NAME, "--birth-date", "1990-05-17")
        desk("client", "check-age", "1001", "--practitioner", "jo")
        desk("condition", "add", "1001", "allergy", "nickel")
        desk("course", "add", "1001", "density", "--planned-sessions", "3", "--technique", "three-point")
        desk("lot", "add", "AB12", "--category", "cartridge", "--name", "Round liner", "--brand", "Invented", "--needle", "0603RL",
             "--expiry", "2031-11")
        desk("lot", "add", "INK-7", "--category", "pigment", "--name", "Graphite", "--brand", "Inkwell", "--colour", "warm grey",
             "--expiry", "2020-01")
        desk("consent", "add", "1001", "--risks", "--at", rfc3339(self.start - 15 * MINUTE_US), "--practitioner", "jo",
             "--form-version", "C-2026-1")

    def full(self):
        desk = self.desk
        desk("session", "add", "1001", "--start", rfc3339(self.start), "--end", rfc3339(self.end), "--practitioner", "jo", "--place", "chair",
             "--pens", "TEST-0001")
        desk("session", "pen", "#1", "TEST-0002", "--release", "TEST-0001", "--at", self.at(.5))
        for zone, first, last in (("hairline", .05, .4), ("crown", .4, .8), ("temples", .8, .95)):
            desk("session", "zone", "#1", zone, "--at", self.at(first), "--until", self.at(last))
        desk("session", "step", "#1", "colour_match", "--at", self.at(.01))
        desk("session", "pause", "#1", "--at", self.at(.5), "--until", self.at(.55))
        desk("lot", "use", "AB12", "#1", "--at", self.at(.03))
        desk("lot", "use", "AB12", "#1", "--at", self.at(.45))
        desk("lot", "use", "INK-7", "#1", "--at", self.at(.04), "--used-anyway")
        desk("hygiene", "add", "disinfected", "TEST-0001", "--at", rfc3339(self.start - 5 * MINUTE_US), "--practitioner", "jo", "--note",
             "alcohol")
        desk("hygiene", "add", "barrier", "TEST-0001", "--session", "#1", "--at", rfc3339(self.start - 4 * MINUTE_US))
        desk("aftercare", "add", "1001", "verbal", "--session", "#1", "--at", self.at(.99))
        desk("reaction", "add", "1001", "allergic", "mild", "--session", "#1", "--at", rfc3339(self.end + MINUTE_US), "--note",
             "redness, gone the next day")
        desk("session", "change", "#1", "--no-complications")
        desk("session", "sign", "#1", "--practitioner", "jo", "--incomplete", "--reason", "leaflets were out of print")
        desk("session", "amend", "#1", "--note", NOTE, "--reason", "looked at the box again")

    def sparse(self):
        self.desk("client", "add", "1002")
        self.desk("session", "add", "1002", "--start", rfc3339(self.start - 3000 * MINUTE_US), "--end", rfc3339(self.start - 2970 * MINUTE_US),
                  "--kind", "foundation")
        self.desk("session", "start", "1002", "--kind", "consultation")
        self.desk("place", "add", "Autoclave", "steriliser")
        self.desk("hygiene", "add", "spore_test", "--place", "autoclave", "--result", "passed", "--at", rfc3339(self.start - 60 * MINUTE_US))
        self.period = (rfc3339(self.start - 24 * 60 * MINUTE_US), rfc3339(self.end + 60 * MINUTE_US))  # session 1, and not 2 and 3

    def odd(self):
        """A session taken back; pens whose depth was set, and that have none and no log; a name from right to left."""
        desk, day = self.desk, 24 * 60 * MINUTE_US
        desk("client", "add", "1003", RTL)
        rows = sorted(self.client.pages("run.list", pen="TEST-0003"), key=lambda run: run["start"])
        self.set = self.add("1003", "TEST-0003", us(rows[0]["start"]) - MINUTE_US, us(rows[-1]["end"]) + MINUTE_US)
        self.unlogged = self.add("1003", "TMA-0001", us(self.analysed[-1]["earliest"]) - MINUTE_US, us(self.analysed[0]["latest"]) + 1_000)
        self.void = self.add("1003", None, self.start - 5 * day, self.start - 5 * day + MINUTE_US)
        desk("session", "void", self.void, "--reason", "typed twice")

    def add(self, client, pen, start, end):
        """A session, as #number."""
        row = self.desk.json("session", "add", client, "--start", rfc3339(start), "--end", rfc3339(end), "--kind", "foundation",
                             *(["--pens", pen] if pen else []))
        return f"#{row['session']}"

    def page(self, *words):
        return self.desk("report", *words, "--html")


def plain(page):
    """The text of a page as a reader sees it."""
    class Reader(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.text, self.hidden = "", 0

        def handle_starttag(self, tag, attrs):
            self.hidden += tag == "style"
            self.text += "" if tag in ("wbr", "span") else " "

        def handle_endtag(self, tag):
            self.hidden -= tag == "style"

        def handle_data(self, data):
            self.text += "" if self.hidden else data
    reader = Reader()
    reader.feed(page)
    return re.sub(r"\s+", " ", reader.text)


def data_of(session):
    """What section by section a form asks for, as it must stand on it."""
    runs = session["runs"]
    return ["1001", SHOWN, "1990-05-17", "years old on the day", "Jo Example", "LIC-100", "valid through 2031-12-31", "SMP level 4", "Chair 1",
            session["start"][:10], session["start"][11:19], "foundation, session 1 of 3 planned", "goal: density", "three-point",
            "hairline, crown, temples", "Round liner, Invented, 0603RL", "AB12", "2031-11", "Graphite, Inkwell, warm grey", "INK-7",
            "2020-01 EXPIRED on the day", "sensor", f"{runs[0]['depth_uncertainty_um']} ", "Protrusion", "risks explained",
            "before the first cycle", "C-2026-1", "verbal", "Aftercare, written", "nickel", "none, as the practitioner states",
            "allergic, mild, redness, gone the next day", "not followed up", "The first line.", "<b>The second</b> & last.", "disinfected", "alcohol",
            "new barrier film", f"in {len(runs)} runs", "TEST-0001", "TEST-0002", "colour match", "looked at the box again",
            session["head"]["key"], str(session["head"]["seq"]), "1 amendment since", "The aftercare leaflet is not recorded"]


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def test_json(clinic):
    session = clinic.desk.json("report", "session", "#1")
    expect_equal((session["format"], session["id"], session["state"], session["amended"]), ("stipple.report.session/1", 1, "signed", 1), "head")
    expect_equal(session["client"]["name"], NAME, "a name as it is")
    entries = {row["entry"]: row for row in clinic.client.pages("entry.list")}
    for entry in session["entries"]:
        expect_equal(entry["hash"], entries[entry["entry"]]["hash"], f"hash of entry {entry['entry']}")
    expect_equal(session["head"]["hash"], entries[session["head"]["seq"]]["hash"], "the chain's end")
    expect_equal(sum(run["cycles"] for run in session["runs"]), clinic.client.call("session.get", session="#1")["cycles"], "cycles")
    expect_equal(sum(count for _, count in session["depth_hist"]), sum(run["depth_count"] for run in session["runs"]), "depths")
    expect_equal([row["reason"] for row in session["amendments"]], ["looked at the box again"], "amendments")
    expect("expired-used" in [row["rule"] for row in session["findings"]], "what the audit finds")


def test_checkpoint(clinic):
    """The end of the chain that a form names is a checkpoint."""
    path = os.path.join(clinic.directory, "head")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(clinic.desk.json("report", "session", "#1")["head"], f)
    said = clinic.desk("verify", "--database", clinic.daemon.database, "--checkpoint", path)
    expect("still holds" in said, f"verify: {said}")


def test_text(clinic):
    shown = clinic.desk("report", "session", "1001")
    long = [line for line in shown.splitlines() if len(line) > 80]
    expect(not long, f"wider than 80 columns: {long}")
    flat = squeezed(shown)
    for datum in data_of(clinic.desk.json("report", "session", "#1")):
        words = squeezed(datum)
        # a table breaks cells, so that their words do not follow each other
        expect(words in flat or all(word in shown for word in words.split(" ")), f"{datum!r} is not in {shown}")
    for datum in (SHOWN, "Jo Example", "LIC-100, valid through 2031-12-31: valid on the day", "hairline, crown, temples"):
        expect(squeezed(datum) in flat, f"{datum!r} is not in {shown}")
    hash_ = clinic.desk.json("report", "session", "#1")["head"]["hash"]
    expect(hash_ in re.sub(r"\s+", "", shown), "the head's hash is whole")
    expect("\u202e" not in shown, "the direction of reading is changed")


def test_html(clinic):
    page = clinic.page("session", "#1")
    text = plain(page)
    session = clinic.desk.json("report", "session", "#1")
    for datum in data_of(session):
        expect(squeezed(datum) in text, f"{datum!r} is not in {text}")
    expect(session["head"]["hash"] in text and session["head"]["signature"] in text, "the proof is whole")
    for finding in session["findings"]:
        expect(squeezed(finding["says"]) in text, f"{finding['says']!r} is not in {text}")
    for drawn in ("protrusion, µm", "frequency, Hz", "depth-high warn 1000 µm", "frequency-range 80 Hz", "±"):
        expect(drawn in text, f"{drawn!r} is not drawn")
    tree = xml.etree.ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    expect_equal(len(list(tree.iter("svg"))), 2, "drawings")
    plot = next(tree.iter("svg"))
    expect_equal(sum(path.get("d", "").endswith("h7l-3.5 7z") for path in plot.iter("path")), # a triangle each
                 sum(use["category"] in (None, "cartridge") for use in session["uses"]), "cartridges that are drawn")
    expect_equal(sum(box.get("fill", "").startswith("url(") for box in plot.iter("rect")), 1, "pauses that are drawn")
    cells = [path.get("d") for path in plot.iter("path") if path.get("stroke") == "#aaa"]
    expect_equal(len(cells), 2, "bands: depth and frequency")
    expect(all(d.count("M") > 20 for d in cells), f"the bands hold {[d.count('M') for d in cells]} columns")


def check_alone(page, what):
    """Needs nothing from elsewhere, runs nothing, and holds no colour that a copy in black and white would lose."""
    tree = xml.etree.ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    for element in tree.iter():
        expect(element.tag not in ("script", "link", "img", "iframe", "object", "embed", "base", "form", "a", "image", "use"),
               f"{what}: <{element.tag}>")
        for name, value in element.attrib.items():
            expect(not name.startswith("on") and name not in ("src", "href", "srcset", "action", "style"), f"{what}: {name}={value!r}")
            expect("url(" not in value or value == "url(#hatch)", f"{what}: {name}={value!r}")
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    expect_equal(len(ids), len(set(ids)), f"{what}: names in {ids}")
    style = "".join(element.text for element in tree.iter("style"))
    expect("@import" not in style and "url(" not in style and "//" not in style, f"{what}: the style loads something")
    for colour in re.findall(r"#([0-9a-fA-F]{3,6})\b", " ".join([style, *(value for e in tree.iter() for value in e.attrib.values())])):
        if re.fullmatch("hatch", colour):
            continue
        parts = [colour[i] for i in range(3)] if len(colour) == 3 else [colour[i:i + 2] for i in (0, 2, 4)]
        expect_equal(len(set(parts)), 1, f"{what}: #{colour} is no grey")
    expect("@page" in style and "table-header-group" in style and "break-inside:avoid" in style, f"{what}: it does not print well")


def test_alone(clinic):
    for words in (("session", "#1"), ("session", "#2"), ("session", "#3")):
        page = clinic.page(*words)
        check_alone(page, " ".join(words))
        expect("penetrat" not in page.lower() + clinic.desk("report", *words).lower(), f"{words}: protrusion is no penetration")


def test_little(clinic):
    """What is not there is said to be missing, and what is still going has no end."""
    shown = squeezed(clinic.desk("report", "session", "#2"))
    for words in ("Practitioner NOT RECORDED", "Licence NOT RECORDED", "Place NOT RECORDED", "Body site NOT RECORDED", "Depth NOT RECORDED",
                  "Date of birth NOT RECORDED", "Age checked NOT RECORDED", "Consent NOT RECORDED", "Aftercare, verbal NOT RECORDED",
                  "Complications NOT RECORDED", "Disinfection, new barrier NOT RECORDED", "Nothing is recorded.", "NOT SIGNED",
                  "Missing in this record", "There is no consent that holds"):
        expect(words in shown, f"{words!r} is not in {shown}")
    expect("<figure>" not in clinic.page("session", "#2"), "a drawing of nothing")
    expect("has not ended" in clinic.desk("report", "session", "#3"), "an open session")
    clinic.desk.refused("report", "session", "#99", says="99")
    clinic.desk.refused("report", "session", "#1", "--csv", says="--json has all of it")
    clinic.desk.refused("report", "session", "#1", "--json", "--html", says="exclude each other")


def test_file(clinic):
    path = os.path.join(clinic.directory, "session.html")
    expect_equal(clinic.desk("report", "session", "#1", f"--html={path}"), f"Written: {path}\n", "what is said beside the file")
    with open(path, encoding="utf-8") as f:
        expect(f.read().endswith("</html>\n"), "the file is whole")
    expect_equal(os.stat(path).st_mode & 0o777, 0o600, "who may read it")
    clinic.desk.refused("report", "session", "#1", f"--html={path}", says="nothing is overwritten")
    clinic.desk.refused("report", "session", "#1", "--html", path, says="nothing is overwritten")
    clinic.desk("report", "session", "#1", "--html", path + "2")
    expect(os.path.getsize(path + "2") > 1000, "a page by an option and a word")
    clinic.desk.refused("report", "session", "#1", "more", says="what is 'more'?")
    clinic.desk.refused("report", "session", "#1", "--html", path, "more", says="what is")


def test_zone(clinic):
    """Times are the clinic's, whoever prints where; and the form says so."""
    there = Desk(clinic.daemon.socket_path)
    there.environment["TZ"] = "XYZ-9"
    here, away = (re.sub("Printed .*? Times", "Times", desk("report", "session", "#1")) for desk in (clinic.desk, there))
    expect_equal(away, here, "a form of another zone's computer")
    expect("Times are of the zone UTC." in squeezed(here), f"whose times: {here}")
    expect_equal(there.json("report", "period", "2026-11")["since"], "2026-11-01T00:00:00.000000Z", "where the clinic's month begins")


def test_premises(clinic):
    """Whose record it is, where the desk's configuration says so."""
    home = os.path.join(clinic.directory, "config")
    os.makedirs(os.path.join(home, "stipple"))
    desk = Desk(clinic.daemon.socket_path)
    desk.environment["XDG_CONFIG_HOME"] = home
    with open(os.path.join(home, "stipple", "stipplectl.conf"), "w", encoding="utf-8") as f:
        f.write(f"# of this desk\npremises = {PREMISES}\n")
    for words in (("session", "#1"), ("client", "1001"), ("pen", "TEST-0001"), ("period", clinic.period[0][:7])):
        expect(PREMISES in desk("report", *words), f"{words}: the premises as text")
        expect(PREMISES in plain(desk("report", *words, "--html")), f"{words}: the premises as a page")
    with open(os.path.join(home, "stipple", "stipplectl.conf"), "a", encoding="utf-8") as f:
        f.write("premisses = no\n")
    desk.refused("report", "session", "#1", says=["stipplectl.conf:3", "premisses", "allowed are gs and premises"])


def test_odd(clinic):
    """What was set is not shown as measured, and what nobody can know is not shown as complete."""
    shown = squeezed(clinic.desk("report", "session", clinic.set))
    expect("setting" in shown and "as set" in shown and "Spread" not in shown, f"a pen without a sensor: {shown}")
    page = clinic.page("session", clinic.set)
    expect("as it was set, not measured" in page and "150 %" not in page, "its histogram")
    expect(f"<bdi>{RTL}</bdi>" in page, "a name from right to left stands by itself")
    shown = squeezed(clinic.desk("report", "session", clinic.unlogged))
    expect("2 of 2 runs of a pen that keeps no log" in shown and "known to be lost" not in shown, f"a pen without a log: {shown}")
    expect("the pen has no depth" in shown, f"a pen without a depth: {shown}")
    shown = squeezed(clinic.desk("report", "session", clinic.void))
    expect("Taken back: this session was recorded by mistake." in shown and "because: typed twice" in shown, f"a session taken back: {shown}")
    expect("Missing in this record" not in shown, "nothing is missing in what does not stand")
    expect(": session change" not in clinic.desk("report", "session", "#2"), "an inspector is told what is missing, not which verb mends it")


def test_many_findings(clinic):
    """Of many findings it is said once by rule who asks for it."""
    words = ("period", rfc3339(clinic.start - 10 * 24 * 60 * MINUTE_US), "--until", clinic.period[1])
    report = clinic.desk.json("report", *words)
    expect(len(report["findings"]) > 12, f"only {len(report['findings'])} findings")
    page = plain(clinic.page(*words))
    expect("severity rule findings acknowledged asked by" in page, f"no table of rules: {page}")
    for finding in report["findings"]:
        expect(squeezed(finding["says"]) in page, f"{finding['says']!r} is not in {page}")
    source = next(finding["source"] for finding in report["findings"] if finding["rule"] == "aftercare-missing")
    expect_equal(page.count(squeezed(source)), 1, f"how often {source!r} is said")


def shape(text):
    """A form without what differs from run to run: figures, hashes, which runs, who is logged in."""
    text = re.sub(r"(Entries of its runs\s+)\d[-\d,\s]*?(?=\n  [A-Z])", r"\1(entries)", text)
    text = re.sub(r"\b[0-9a-f]{8,}\b", lambda match: "x" * len(match.group(0)), text)
    return re.sub(r"\d", "9", text.replace(getpass.getuser(), "root"))


def test_golden(clinic, words, name):
    """The whole form, so that a change of its shape is seen; --update writes it anew, and the difference is to be looked at."""
    path = os.path.join(GOLDEN, name + ".txt")
    shown = shape(clinic.desk("report", *words))
    if "--update" in sys.argv:
        os.makedirs(GOLDEN, exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(shown)
    with open(path, encoding="utf-8") as f:
        expect_equal(shown.splitlines(), f.read().splitlines(), f"the form against {path} (test_report.py --update)")


def test_moved(clinic):
    """The same record gives the same page, but for the moment at which it was printed."""
    def page():
        return re.sub(r"Printed .*? Times", "", clinic.page("session", "#1"))
    first, second = page(), page()
    at = next((i for i, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))
    expect(first == second, f"not the same: {first[at - 50:at + 50]!r}, {second[at - 50:at + 50]!r}")


# ---- of a client, a pen, a period ----

# What the three forms say of session 1.
BRIEF = ["1001, " + SHOWN, "hairline, crown, temples", "Jo Example", "LIC-100", "needle AB12 to 2031-11", "ink INK-7 to 2020-01 EXPIRED",
         "1 amendment", "1 adverse event", "aftercare written"]


def check_forms(clinic, words, wanted, unwanted=()):
    """As text of 80 columns and as a page that stands alone, each datum in both."""
    shown, page = clinic.desk("report", *words), clinic.page(*words)
    expect(not [line for line in shown.splitlines() if len(line) > 80], f"wider than 80 columns: {shown}")
    check_alone(page, " ".join(words))
    expect("penetrat" not in (shown + page).lower(), f"{words}: protrusion is no penetration")
    flat, text = squeezed(shown), plain(page).replace("\u00a0", " ")
    for datum in wanted:
        expect(squeezed(datum) in flat or all(word in shown for word in datum.split(" ")), f"{datum!r} is not in {shown}")
        expect(squeezed(datum) in text, f"{datum!r} is not in {text}")
    for datum in unwanted:
        expect(datum not in shown and datum not in page, f"{datum!r} is in {shown}")


def spaced(number):
    return f"{number:,}".replace(",", " ")


def test_client(clinic):
    report = clinic.desk.json("report", "client", "1001")
    expect_equal((report["format"], report["client"]["number"]), ("stipple.report.client/1", "1001"), "whose record it is")
    expect_equal([row["session"] for row in report["sessions"]], [1], "sessions")
    whole = clinic.client.call("session.get", session="#1")
    for member in ("runs", "cycles", "on_time_s", "depth_mean_um", "depth_uncertainty_um"):
        expect_equal(report["sessions"][0][member], whole[member], member)
    expect_equal({row["session"] for row in report["findings"]}, {1}, "findings are the client's")
    check_forms(clinic, ("client", "1001"), BRIEF + [
        "1990-05-17", "nickel", "density", "3 sessions", "risks explained", "C-2026-1", "redness, gone the next day",
        f"{spaced(whole['cycles'])} cycles in {whole['runs']} runs", report["head"]["key"]], unwanted=["1002"])
    clinic.desk.refused("report", "client", "9999", says="9999")


def test_pen(clinic):
    report = clinic.desk.json("report", "pen", "TEST-0002", "--since", clinic.period[0], "--until", clinic.period[1])
    expect_equal((report["format"], report["pen"]["serial"]), ("stipple.report.pen/1", "TEST-0002"), "which pen it is")
    runs = [run for run in clinic.client.pages("run.list", session="#1") if run["pen"] == "TEST-0002"]
    part = report["sessions"][0]["pens"][-1]
    expect_equal((part["pen"], part["runs"], part["cycles"]), ("TEST-0002", len(runs), sum(run["cycles"] for run in runs)), "its part of session 1")
    expect_equal(report["usage"]["cycles"], part["cycles"], "its cycles in all")
    check_forms(clinic, ("pen", "TEST-0002"), BRIEF + ["TEST-0002", "source: sensor", f"{spaced(part['cycles'])} cycles in {len(runs)} runs"])
    check_forms(clinic, ("pen", "TEST-0001"), ["disinfected", "alcohol", "new barrier film", "session #1"])
    check_forms(clinic, ("pen", "TMA-0001"), ["The pen keeps no log"], unwanted=["Nothing."])
    clinic.desk.refused("report", "pen", "NONE", says="NONE")
    empty = clinic.desk.json("report", "pen", "TEST-0002", "--until", "2020-01-01")
    expect_equal((empty["sessions"], empty["usage"], empty["hygiene"]), ([], None, []), "before anything was")


def test_period(clinic):
    words = ("period", clinic.period[0], "--until", clinic.period[1])
    report = clinic.desk.json("report", *words)
    expect_equal((report["since"], report["until"]), clinic.period, "the period")
    expect_equal({row["session"] for row in report["sessions"]}, {1, int(clinic.set[1:])}, "sessions")
    expect_equal({row["of"] for row in report["pens"]}, {"TEST-0001", "TEST-0002", "TEST-0003"}, "pens")
    check_forms(clinic, words, BRIEF + [
        "2; 1 signed; in 2 something is missing", "SMP level 4", "2031-12-31", "TEST-0001", "TEST-0002", "Graphite, Inkwell, warm grey",
        "spore test, passed", "Autoclave", "alcohol", "redness, gone the next day", "expired-used", report["head"]["key"]], unwanted=["1002"])
    month = clinic.desk.json("report", "period", clinic.period[0][:7])
    expect(month["since"] == clinic.period[0][:7] + "-01T00:00:00.000000Z" and month["until"] > month["since"], f"a month: {month['since']}")
    nothing = clinic.desk("report", "period", "2019-12-01")
    expect("No pen worked." in nothing and "None: no session began." in nothing, f"a day on which nothing was: {nothing}")
    clinic.desk.refused("report", "period", "2026-11-20", "--until", "2026-11-19", says="nothing lies between")
    clinic.desk.refused("report", "period", "2199-01", says="has not begun")
    expect("This period is not over" in clinic.desk("report", "period", clinic.period[0][:7], "--until", "2199-01"), "a period that lasts")
    expect("2019-12-01\n" in clinic.desk("report", "period", "2019-12-01"), "a day in the title")
    expect("2019-01-01 to 2019-12-31\n" in clinic.desk("report", "period", "2019"), "a year")
    expect("2019-12-01 to 2019-12-31\n" in clinic.desk("report", "period", "2019-12"), "a month in the title, with its last day")
    clinic.desk.refused("report", "period", "never", says="is not a time")
    clinic.desk.refused("report", "period", says="needs PERIOD")


# ---- in a browser ----

# Reads the laid out page: what is wider than its place, drawn outside its drawing, or text upon text in one.
LOOK = """<script>
addEventListener("load", () => {
  const out = [], near = 1.0;
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) out.push("wider than the window: " + root.scrollWidth);
  for (const e of document.querySelectorAll("td,th,p,h1,h2,figcaption,.box,.signs div"))
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) out.push("cut off: " + e.textContent.slice(0, 60));
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBoundingClientRect()]);
    for (const [t, b] of texts)
      if (b.left < frame.left - near || b.right > frame.right + near || b.top < frame.top - near || b.bottom > frame.bottom + near)
        out.push("outside its drawing: " + t);
    for (let i = 0; i < texts.length; i++)
      for (let k = 0; k < i; k++) {
        const [s, a] = texts[i], [t, b] = texts[k];
        if (a.left < b.right - near && b.left < a.right - near && a.top < b.bottom - 3 && b.top < a.bottom - 3)
          out.push("upon each other: " + s + " | " + t);
      }
  }
  out.push(document.scripts.length + " script");
  document.body.textContent = "LOOKED " + JSON.stringify(out);
});
</script>"""


def browse(clinic, *options):
    """Chromium without a window, at home in the test's directory."""
    home = os.path.join(clinic.directory, "chromium")
    os.makedirs(home, exist_ok=True)
    done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-extensions",
                           "--disable-component-update", "--no-first-run", "--disable-dev-shm-usage", f"--user-data-dir={home}", *options],
                          env={**os.environ, "HOME": home}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=HANG_SECONDS, check=False)
    if done.returncode != 0:
        raise Failure(f"chromium {options}: {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
    return done.stdout.decode("utf-8")


def write(clinic, name, text):
    path = os.path.join(clinic.directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def test_screen(clinic, words):
    """Laid out as on a screen, however wide."""
    page = clinic.page(*words)
    page = re.sub(r"<meta http-equiv.*?/>", "", page).replace("</body>", LOOK + "</body>")
    path = write(clinic, "look.html", page)
    for width in (1280, 700, 500):  # of a desk, as narrow as the paper, of a telephone
        shown = browse(clinic, f"--window-size={width},1000", "--dump-dom", "file://" + path)
        found = re.search(r"LOOKED (\[.*\])</body>", html.unescape(shown), re.S)
        expect(found, f"the page was not laid out: {shown[-500:]}")
        expect_equal(json.loads(found.group(1)), ["1 script"], f"what is wrong at {width} pixels")


def boxes_of(path):
    """Pages as (width, height, [(left, top, right, bottom, word), ...]) in points."""
    out = subprocess.run(["pdftotext", "-bbox", path, "-"], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")
    found = []
    for width, height, words in re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', out, re.S):
        boxes = re.findall(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>', words)
        found.append((float(width), float(height), [(*map(float, box[:4]), html.unescape(box[4])) for box in boxes]))
    return found


def test_print(clinic, words, size, wanted):
    """Printed: the right size, every word within the margins, numbered pages, headings of tables again on each page."""
    width, height = SIZES[size]
    page = clinic.page(*words).replace("@page{", f"@page{{size:{size};")
    path = write(clinic, "print.html", page)
    pdf = os.path.join(clinic.directory, "print.pdf")
    browse(clinic, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", "file://" + path)
    sheets = boxes_of(pdf)
    expect(sheets, "no pages")
    for number, (w, h, boxes) in enumerate(sheets, 1):
        expect(abs(w - width) < 1.5 and abs(h - height) < 1.5, f"page {number} is {w} x {h} points, not {width} x {height}")
        expect(boxes, f"page {number} is empty")
        for left, top, right, bottom, word in boxes:
            expect(left > 36 and right < w - 36 and top > 30 and bottom < h - 18, f"{word!r} is cut off on page {number}: {left, top, right, bottom}")
        foot = " ".join(box[4] for box in boxes if box[1] > h - 54)
        expect(f"page {number} of {len(sheets)}" in foot, f"the foot of page {number}: {foot!r}")
    flat = squeezed(" ".join(box[4] for _, _, boxes in sheets for box in boxes))
    for datum in wanted:
        expect(squeezed(datum) in flat, f"{datum!r} is not on paper: {flat}")
    return sheets


def test_heads(clinic):
    """A table of several pages has its headings on each."""
    page = clinic.page("session", "#1")
    row = re.search(r"<tr><td class=\"number\">2</td>.*?</tr>", page).group(0)
    path = write(clinic, "long.html", page.replace(row, row * 150).replace("@page{", "@page{size:A4;"))
    pdf = os.path.join(clinic.directory, "long.pdf")
    browse(clinic, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", "file://" + path)
    texts = [" ".join(box[4] for box in boxes) for _, _, boxes in boxes_of(pdf)]
    with_rows = [text for text in texts if text.count("Graphite") > 5]
    expect(len(with_rows) > 2, f"the long table is on {len(with_rows)} pages")
    for text in with_rows:
        expect("product, brand, colour" in text, f"a page without the table's headings: {text[:300]}")


def test_session_on_paper(clinic, size):
    session = clinic.desk.json("report", "session", "#1")
    wanted = ["LIC-100, valid through 2031-12-31: valid on the day", SHOWN, "hairline, crown, temples", "NOT RECORDED", "risks explained",
              "Practitioner Jo Example: signature, date", "Client: signature, date", session["head"]["key"], "frequency,", "protrusion,"]
    test_print(clinic, ("session", "#1"), size, wanted)


def test_licence(clinic):
    """A licence that is renewed later is not that of the day, on the form as in the audit; one without a number still ends on its day."""
    clinic.desk("practitioner", "change", "jo", "--licence-until", "2035-12-31", "--licence-from", "2032-01-01", "--reason", "renewed")
    expect("LIC-100, valid through 2031-12-31: valid on the day" in squeezed(clinic.desk("report", "session", "#1")), "the licence of then")
    rows = clinic.client.call("report.sessions", client="1001")["rows"]
    expect_equal([row["licence_until"] for row in rows], ["2031-12-31"], "the licence of then, in a list")
    clinic.desk("practitioner", "change", "jo", "--clear", "licence", "--reason", "to see")
    expect("number not recorded, valid through 2031-12-31: valid on the day" in squeezed(clinic.desk("report", "session", "#1")), "no number")
    clinic.desk("practitioner", "change", "jo", "--licence", "LIC-100")
    # of the premises, too: what held on the days of the sessions, whatever followed
    day = 24 * 60 * MINUTE_US
    clinic.desk("session", "add", "1002", "--start", rfc3339(clinic.start - 2 * day), "--end", rfc3339(clinic.start - 2 * day + MINUTE_US),
                "--kind", "foundation", "--practitioner", "jo")
    for until, since in (("2030-06-30", clinic.start - 5 * day), ("2031-12-31", clinic.start), ("2060-12-31", clinic.start + 9000 * day)):
        clinic.desk("practitioner", "change", "jo", "--licence-until", until, "--licence-from", rfc3339(since)[:10], "--reason", "renewed")
    page = clinic.desk("report", "period", rfc3339(clinic.start - 3 * day), "--until", clinic.period[1])
    expect(re.search(r"LIC-100 +2030-06-30, then 2031-12-31 +2 ", page), f"two licences in a period: {page[:1500]}")


def test_cartridges(clinic):
    """Of cartridges that stand near each other the drawing names the first and the last, and cuts no number off."""
    session = clinic.desk.json("report", "session", clinic.set)
    start, end = us(session["start"]), us(session["end"])
    for i in range(12):
        clinic.desk("lot", "use", "AB12", clinic.set, "--at", rfc3339(start + (end - start) * (80 + i) // 100))
    tree = xml.etree.ElementTree.fromstring(clinic.page("session", clinic.set).removeprefix("<!DOCTYPE html>"))
    labels = [text.text for text in next(tree.iter("svg")).iter("text") if re.fullmatch(r"\d+(-|, | \.\.\. ).*", text.text)]
    spans = [re.fullmatch(r"(\d+)(?:-|, | \.\.\. )(\d+)", label) for label in labels]
    expect(labels and all(spans), f"numbers of cartridges: {labels}")
    expect(any(int(span[2]) - int(span[1]) >= 11 for span in spans), f"numbers of twelve: {labels}")


def test_withdrawn(clinic):
    """When a consent was withdrawn is a time as people read it; blood exposure stands by its own name."""
    clinic.desk("consent", "withdraw", "1001")
    shown = squeezed(clinic.desk("report", "session", "#1"))
    expect(re.search(r"before the first cycle; WITHDRAWN \d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", shown), shown)
    expect("Blood exposure none is recorded" in shown, shown)
    clinic.desk("reaction", "add", "1002", "blood_exposure", "mild", "--session", "#2", "--note", "a cut finger")
    shown = squeezed(clinic.desk("report", "session", "#2"))
    expect(re.search(r"Blood exposure \d{4}.*a cut finger", shown) and "none is recorded" not in shown, shown)


def main():
    tap = Tap()
    clinic = Clinic()
    tap.case("a session as JSON", test_json, clinic)
    tap.case("its proof", test_checkpoint, clinic)
    tap.case("a session as text", test_text, clinic)
    tap.case("a session as HTML", test_html, clinic)
    tap.case("pages stand alone", test_alone, clinic)
    tap.case("what is missing is said", test_little, clinic)
    tap.case("a page in a file", test_file, clinic)
    tap.case("a page made twice", test_moved, clinic)
    tap.case("a client", test_client, clinic)
    tap.case("a pen", test_pen, clinic)
    tap.case("a period", test_period, clinic)
    tap.case("in the clinic's zone", test_zone, clinic)
    tap.case("the premises", test_premises, clinic)
    tap.case("set, unlogged, taken back", test_odd, clinic)
    tap.case("many findings", test_many_findings, clinic)
    for words in (("session", "#1"), ("client", "1001"), ("pen", "TEST-0002"), ("period", clinic.period[0], "--until", clinic.period[1])):
        tap.case(f"the shape of a {words[0]}'s form", test_golden, clinic, words, words[0])
    tap.case("the licence of the day", test_licence, clinic)
    tap.case("many cartridges", test_cartridges, clinic)
    tap.case("withdrawn, and blood", test_withdrawn, clinic)
    # The pages of all flavours are the same: a browser looks at those of one.
    if BUILD.endswith(("address", "thread")):
        tap.done()
    for words in (("session", "#1"), ("session", "#2"), ("client", "1001"), ("pen", "TEST-0001"), ("period", clinic.period[0][:7])):
        browser_case(tap, f"{' '.join(words)} on a screen", test_screen, clinic, words)
    browser_case(tap, "headings on each page", test_heads, clinic)
    for size in SIZES:
        browser_case(tap, f"a session on {size}", test_session_on_paper, clinic, size)
        browser_case(tap, f"a client on {size}", test_print, clinic, ("client", "1001"), size, ["nickel", "needle AB12 to"])
        browser_case(tap, f"a pen on {size}", test_print, clinic, ("pen", "TEST-0001"), size, ["source: sensor"])
        browser_case(tap, f"a period on {size}", test_print, clinic, ("period", clinic.period[0][:7]), size, ["Inspector: name, signature, date"])
    tap.done()


def browser_case(tap, name, function, *args):
    if CHROMIUM and shutil.which("pdftotext"):
        tap.case(name, function, *args)
        return
    tap.number += 1
    print(f"ok {tap.number} - {name} # skip needs chromium and pdftotext (poppler-utils)", flush=True)


if __name__ == "__main__":
    main()
