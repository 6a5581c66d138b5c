#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A clinic's week: three pens, two practitioners, nine clients, through stipplectl and through raw lines of the socket.

The days before were worked without the PC: each pen's log is drained at once, and the sessions are entered afterwards. Today is
live: sessions begun before and during work, a pen changed half-way, one that worked unplugged, runs linked late and dismissed,
a wrong client corrected, a lot recalled, a scanner that mangles separators. In the end the machine time of every client must be
the simulator's truth, to the cycle.
"""
import os
import time

import pens
from clinic import CHAIRS, CLIENTS, Desk, open_clinic, rfc3339
from harness import Daemon, Tap, expect, expect_equal, temporary_directory, wait_until

MARGIN_US = 6 * 60 * 1_000_000    # a client sits down before the first run and gets up after the last
BREAK_US = 15 * 60 * 1_000_000    # pauses between two clients are longer, those within a session shorter
GTIN_CARTRIDGE, GTIN_INK = "04012345678901", "04099887766556"


class Week:
    def __init__(self):
        self.directory = temporary_directory()
        self.sim = pens.Pens(self.directory, "--pens", "3", "--history", "30", "--motor-share", "5", "--rtc", "yes", "--seed", "31",
                             "--keep-cycles")
        self.daemon = Daemon(self.directory, ports=[self.sim.pattern]).start()
        self.client = self.daemon.client()
        self.desk = Desk(self.daemon.socket_path)
        self.ledger = {number: set() for number, _, _ in CLIENTS}  # whose runs are whose, as this test decided
        self.nobody = set()                                        # dismissed, or left unattributed
        self.sessions = {}                                         # block -> session
        self.serials = [pen["serial"] for pen in self.sim.truth()]

    # ---- the simulator's truth ----

    def true_runs(self, serial):
        for pen in self.sim.truth():
            if pen["serial"] == serial:
                return [dict(run, key=(serial, log["log_id"], run["run"])) for log in pen["logs"] for run in log["runs"]]
        raise KeyError(serial)

    def blocks(self, serial):
        """Runs with one client in the chair: cut where nobody worked for long."""
        blocks, last = [], None
        for run in self.true_runs(serial):
            if last is None or run["start_utc_us"] - last > BREAK_US:
                blocks.append([])
            blocks[-1].append(run)
            last = run["end_utc_us"]
        return blocks

    def newest(self, serial):
        return self.true_runs(serial)[-1]

    def caught_up(self):
        pens.wait_caught_up(self.client, [self.sim])
        # The first measurement of a clock may come later than the records.
        wait_until(lambda: all(row["clock"] for row in self.client.call("pen.list")["rows"]), "the clocks to be measured")

    def give(self, number, runs):
        for run in runs:
            for owner in self.ledger.values():
                owner.discard(run["key"])
            self.nobody.discard(run["key"])
            self.ledger[number].add(run["key"])

    def seated(self, at_us):
        """Clients who were in a chair then, as the sessions of the days before were entered."""
        return {CLIENTS[(3 * k + p) % len(CLIENTS)][0] for p, serial in enumerate(self.serials)
                for k, block in enumerate(self.blocks(serial))
                if block[0]["start_utc_us"] - MARGIN_US <= at_us <= block[-1]["end_utc_us"] + MARGIN_US}

    # ---- what the record says ----

    def log_id(self, row):
        return self.client.call("run.get", run=row["id"])["log_id"]


def people_and_stock(week):
    open_clinic(week.desk)
    path = os.path.join(week.directory, "clients.csv")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\ufeffNr;Name;Geboren\r\n")
        for number, name, born in CLIENTS[:7]:
            f.write(f"{number};{name};{'.'.join(reversed(born.split('-'))) if born != '1988-02-29' else '30.02.1988'}\r\n")
    options = ["--map", "number=Nr,name=Name,birth_date=Geboren", "--date-format", "dd.mm.yyyy", "--delimiter", ";"]
    week.desk.run("client", "import", path, *options, "--dry-run")
    expect_equal(len(week.desk.rows("client", "list")), 0, "clients after a dry run")
    status, out, err = week.desk.run("client", "import", path, *options)
    expect(status != 0 and "30.02.1988" in out + err, f"a 30th of February was taken: {out}{err}")
    expect_equal(len(week.desk.rows("client", "list")), 6, "clients of the lines that are right")
    rejected = path + ".rejected.csv"
    with open(rejected, encoding="utf-8") as f:
        mended = f.read().replace("30.02.1988", "29.02.1988")
    with open(rejected, "w", encoding="utf-8") as f:
        f.write(mended)
    week.desk("client", "import", rejected, *options)
    def entries():  # of clients: what is learnt of a pen's clock is one, too
        return [row["entry"] for row in week.client.pages("entry.list") if row["action"].startswith("client.")]

    before = entries()
    week.desk("client", "import", rejected, *options)
    expect_equal(entries(), before, "entries after the same file again")
    # The rest at the desk, and by a script.
    week.desk("client", "add", *CLIENTS[7][:2], "--birth-date", CLIENTS[7][2])
    week.client.call("client.add", number=CLIENTS[8][0], request_id="client-1009")
    week.client.call("client.add", number=CLIENTS[8][0], request_id="client-1009")
    expect_equal(sorted(row["number"] for row in week.desk.rows("client", "list")), [c[0] for c in CLIENTS], "clients")
    week.desk("lot", "add", "C-77", "--code", GTIN_CARTRIDGE, "--category", "cartridge", "--name", "Round liner", "--needle", "0603RL",
              "--expiry", "2031-03", "--quantity", "100")
    week.desk("product", "add", "--category", "pigment", "--name", "Graphite", "--brand", "Inkwell", "--code", GTIN_INK)


def unattributed(week):
    """The first few: enough to see what is wrong."""
    return [(row["id"], row["pen"], row["start"]) for row in week.client.pages("run.list", attribution="unattributed")][:4]


def days_before(week):
    """Sessions of the days on which the pens worked alone, entered by hand: half at the desk, half by a script."""
    week.caught_up()
    total = sum(len(week.true_runs(serial)) for serial in week.serials)
    expect_equal(len(list(week.client.pages("run.list", attribution="unattributed"))), total, "runs that are nobody's at first")
    wrong = late = None
    for p, serial in enumerate(week.serials):
        for k, block in enumerate(week.blocks(serial)):
            number = CLIENTS[(3 * k + p) % len(CLIENTS)][0]
            start, end = block[0]["start_utc_us"] - MARGIN_US, block[-1]["end_utc_us"] + MARGIN_US
            words = {"client": number, "start": rfc3339(start), "end": rfc3339(end), "place": CHAIRS[p],
                     "practitioner": "mia" if p < 2 else "otto muster"}
            with_pen = (p, k) != (2, 1)
            if (p, k) == (1, 0):  # the wrong client at first
                wrong, words["client"] = (number, block), "1009"
            if (p + k) % 2:
                options = [word for key, value in words.items() for word in ("--" + key, value)]
                answer = week.desk.json("session", "add", *options, *(["--pens", serial] if with_pen else []))
            else:
                answer = week.client.call("session.add", **words, **({"pens": [serial]} if with_pen else {}))
            week.sessions[(p, k)] = answer["session"]
            if with_pen:
                expect_equal(answer["runs"], len(block), f"runs of {number} on {serial}, {words['start']}")
                week.give(words["client"], block)
            else:
                late = (number, serial, block, answer["session"])
    # Nobody had said which pen: the runs are linked by hand, by pen and period, in part by number.
    number, serial, block, session = late
    rows = sorted(week.client.pages("run.list", session=None, attribution="unattributed"), key=lambda row: row["start"])
    expect_equal({row["pen"] for row in rows}, {serial}, "pens with unattributed runs")
    week.desk.refused("run", "link", "--session", f"#{session}", "--runs", str(rows[0]["id"]), says="--reason")
    linked = week.client.call("run.link", session=session, runs=[str(rows[0]["id"])], reason="pen was not named")
    expect_equal(linked["linked"], 1, "runs linked by number")
    week.desk("run", "link", "--session", f"#{session}", "--pen", serial, "--since", rfc3339(block[0]["start_utc_us"] - MARGIN_US),
              "--until", rfc3339(block[-1]["end_utc_us"] + MARGIN_US), "--reason", "pen was not named")
    week.give(number, block)
    expect_equal(unattributed(week), [], "unattributed runs after linking")
    # The wrong client is corrected, with a reason and not without.
    number, block = wrong
    session = f"#{week.sessions[(1, 0)]}"
    week.desk.refused("session", "change", session, "--client", number, says="--reason")
    week.desk("session", "change", session, "--client", number, "--reason", "wrong chart on the desk")
    week.give(number, block)


def conflicts_are_named(week):
    block = week.blocks(week.serials[0])[1]
    at = (block[0]["start_utc_us"] + block[-1]["end_utc_us"]) // 2
    number = CLIENTS[3][0]
    span = ["--start", rfc3339(at), "--end", rfc3339(at + 60_000_000)]
    week.desk.refused("session", "add", number, *span, says=[number, f"#{week.sessions[(0, 1)]}"])
    free = next(number for number, _, _ in reversed(CLIENTS) if number not in week.seated(at))
    week.desk.refused("session", "add", free, *span, "--pens", week.serials[0], says=[week.serials[0], number])
    answer = week.client.request("session.add", client=free, start=rfc3339(at), end=rfc3339(at + 60_000_000), place=CHAIRS[0])
    expect_equal(answer.get("error", {}).get("code"), -32005, f"a chair taken twice: {answer}")


def a_moment(week):
    """Nobody takes up a pen within the milliseconds by which its clock may be wrong, or puts it down; on a busy computer they are more."""
    error_us = max(row["clock"]["error_us"] for row in week.client.call("pen.list")["rows"])
    then = time.monotonic() + 1 + 4e-6 * error_us
    wait_until(lambda: time.monotonic() > then, "a moment to go by")


def scan_boxes(week):
    """A scanner that types a tilde for GS, one that types nothing, and codes nobody knows."""
    desk, session = week.desk, week.client.call("session.start", client="1001", place=CHAIRS[0], practitioner="mia")["session"]
    ink = f"]d201{GTIN_INK}1731063010G-55~2191\n"
    desk("scan", "--session", f"#{session}", "--gs", "~", stdin=ink)
    desk("scan", "--session", f"#{session}", "--gs", "~", stdin=f"]C101{GTIN_CARTRIDGE}1731030010C-77~21S-0001\n")
    uses = week.client.call("session.get", session=f"#{session}")["uses"]
    expect_equal(sorted((use["lot"], use["serial"]) for use in uses), [("C-77", "S-0001"), ("G-55", "91")], "uses scanned")
    # No separator at all: lot and serial run together, which must not be taken for a lot.
    status, out, err = desk.run("scan", "--session", f"#{session}", stdin=f"]C101{GTIN_CARTRIDGE}1731033110C-7721S-0002\n")
    expect(status != 0, f"a label without its separator was taken: {out}{err}")
    # A wrong check digit.
    status, out, err = desk.run("scan", "--session", f"#{session}", stdin=f"01{GTIN_CARTRIDGE[:-1]}2\n")
    expect(status != 0 and "check" in out + err, f"a wrong check digit was taken: {out}{err}")
    expect_equal(len(week.client.call("session.get", session=f"#{session}")["uses"]), 2, "uses after labels that were refused")
    return session


def today_live(week):
    desk, sim, call = week.desk, week.sim, week.client.call
    one, two, three = week.serials
    # Before work: the session scanned into is of pen one from now on.
    session = scan_boxes(week)
    desk("session", "pen", f"#{session}", one)
    a_moment(week)
    sim.ask("run 0 start")
    wait_until(lambda: [row for row in call("run.list", pen=one, state="open")["rows"]], "the run to show")
    day = call("day.get")
    expect("1001" in str(day), f"the open session is not on today's page: {str(day)[:400]}")
    sim.ask("run 0 stop")
    week.caught_up()
    a_moment(week)
    desk("session", "end", "anna")
    week.give("1001", [week.newest(one)])

    # On a pen that works already: backdated to the run's start.
    sim.ask("run 1 start")
    wait_until(lambda: [row for row in call("run.list", pen=two, state="open")["rows"]], "the run to show")
    started = desk.json("session", "start", "bruno", two, "--practitioner", "otto", "--place", "chair b")
    expect(started["backdated"], f"the pen's time was not backdated: {started}")
    expect_equal(call("session.get", session=started["session"])["client_number"], "1002", "client named by first name")
    desk.refused("session", "start", "1003", two, says=[two, "1002"])
    desk.refused("session", "start", "1002", three, says="1002")
    sim.ask("run 1 stop")
    week.caught_up()
    first = week.newest(two)
    # Half-way the pen is changed; the first works on for somebody else.
    a_moment(week)
    desk("session", "pen", "bruno", three, "--release", two)
    a_moment(week)
    sim.ask("run 2 start")
    wait_until(lambda: [row for row in call("run.list", pen=three, state="open")["rows"]], "the run to show")
    sim.ask("run 2 stop")
    week.caught_up()
    week.give("1002", [first, week.newest(three)])
    # It ends while the motor still turns: that run stays with it to its end.
    sim.ask("run 2 start")
    wait_until(lambda: [row for row in call("run.list", pen=three, state="open")["rows"]], "the run to show")
    desk("session", "end", "bruno")
    sim.ask("run 2 stop")
    week.caught_up()
    week.give("1002", [week.newest(three)])

    # A pen that works unplugged: its runs come later and fall into the session that was open then.
    open_since = call("session.start", client="1007", pen=one)["session"]
    sim.ask("pull 0")
    a_moment(week)
    a_moment(week)
    sim.ask("burst 0 1")  # of the second that just went by
    away = week.newest(one)
    a_moment(week)
    desk("session", "end", f"#{open_since}")
    sim.ask("plug 0")
    week.caught_up()
    week.give("1007", [away])

    # A run without a session stays visible until somebody says why.
    sim.ask("burst 1 1")
    week.caught_up()
    week.nobody.add(week.newest(two)["key"])
    rows = list(week.client.pages("run.list", attribution="unattributed"))
    expect_equal([row["pen"] for row in rows], [two], "unattributed runs")
    expect(two in desk("today"), "the unattributed run is not on today's page")
    desk("run", "dismiss", "--runs", str(rows[0]["id"]), "--kind", "test", "--reason", "new motor tried out")
    expect_equal(unattributed(week), [], "unattributed runs after the dismissal")


def recall(week):
    answer = week.desk.json("lot", "recall", "G-55", "--reason", "the maker's letter")
    expect_equal((answer["uses"], answer["clients"]), (1, 1), "how far the lot has gone")
    lot = week.client.call("lot.get", lot="G-55")
    expect_equal([use["client_number"] for use in lot["uses"]], ["1001"], "clients that met the lot")
    session = week.client.call("session.start", client="1008", place=CHAIRS[2])["session"]
    week.desk.refused("lot", "use", "G-55", "--session", f"#{session}", says=["G-55", "recalled"])
    week.client.call("session.void", session=session, reason="did not sit down")


def same_runs(found, wanted, what):
    expect(found == wanted, f"{what}: {len(found)} instead of {len(wanted)}; too many: {sorted(found - wanted)[:3]}, "
                            f"missing: {sorted(wanted - found)[:3]}")


def machine_time_is_the_truth(week):
    truth = {run["key"]: run for serial in week.serials for run in week.true_runs(serial)}
    numbers = {row["id"]: row["number"] for row in week.client.pages("client.list")}
    owners = {}
    for run in week.client.pages("run.list"):
        key = (run["pen"], week.log_id(run), run["run"])
        owners.setdefault(numbers.get(run["client"]), set()).add(key)
    same_runs(owners.pop(None, set()), week.nobody, "runs that are nobody's")
    for number, wanted in week.ledger.items():
        same_runs(owners.get(number, set()), wanted, f"runs of client {number}")
        cycles = sum(truth[key]["cycles"] for key in wanted)
        rows = list(week.client.pages("run.list", client=number))
        expect_equal(sum(row["cycles"] for row in rows), cycles, f"cycles of client {number}")
        on_time = sum(truth[key]["on_time_us"] for key in wanted) / 1e6
        expect(abs(sum(row["on_time_s"] for row in rows) - on_time) < 0.001 * (len(rows) + 1), f"on time of client {number}")
        listed = sum(row["cycles"] for row in week.client.pages("session.list", client=number))
        expect_equal(listed, cycles, f"cycles in the sessions of client {number}")
    expect(sum(map(len, week.ledger.values())) > 500, "the week was too short to mean anything")
    pens.compare(week.client, week.sim)


def record_holds(week):
    week.client.close()
    expect_equal(week.daemon.terminate(), 0, "exit status of the daemon")
    verified = week.daemon.verify()
    expect(verified.returncode == 0, f"--verify: {verified.stdout.decode()}")


def main():
    tap, week = Tap(), Week()
    for name, part in (("people and stock come from files, the desk and a script", people_and_stock),
                       ("sessions of days without the PC, entered late, linked, corrected", days_before),
                       ("late entries that overlap are refused with the conflict named", conflicts_are_named),
                       ("a live day: before, during, changed half-way, unplugged, nobody's", today_live),
                       ("a recalled lot names its clients and is used no more", recall),
                       ("machine time per client is the simulator's, to the cycle", machine_time_is_the_truth),
                       ("the record verifies", record_holds)):
        tap.case(name, part, week)
    tap.done()


if __name__ == "__main__":
    main()
