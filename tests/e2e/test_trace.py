#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stories, recalls and usage of what simulated pens really did: pages against the whole, sums against the runs, sentences at the desk."""
import time

from clinic import Desk
from harness import Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens, wait_caught_up

REASON = "letter of the maker"


class Day:
    """Two sessions on two pens, one run before them, and a cartridge lot that met both clients."""

    def __init__(self):
        self.directory = temporary_directory()
        self.sim = Pens(self.directory, "--pens", "2")
        self.daemon = Daemon(self.directory, ports=[self.sim.pattern]).start()
        self.client = self.daemon.client()
        self.desk = Desk(self.daemon.socket_path)
        wait_caught_up(self.client, [self.sim])
        # The first measurement of a clock may come later than the records.
        wait_until(lambda: all(row["clock"] for row in self.client.call("pen.list")["rows"]), "the clocks to be measured")
        call = self.client.call
        call("practitioner.add", name="Mia Beispiel")
        call("lot.add", number="C7", category="cartridge", name="Invented needles", expiry="2049-02")
        call("lot.add", number="D3", category="disinfectant", name="Invented spirit", expiry="2049-02")
        for number in ("1001", "1002"):
            call("client.add", number=number, name="Invented " + number, contact="+00 " + number)
        self.sim.ask("burst 0 1")
        wait_caught_up(self.client, [self.sim])
        self.session("1001", "SIM-0001", 0, runs=2)
        self.session("1002", "SIM-0002", 1, runs=1)
        for session, serial in ((1, "S-1"), (2, "S-2")):
            call("lot.use", lot="C7", session=f"#{session}", serial=serial)
        self.runs = list(self.client.pages("run.list"))

    def run(self, pen):
        self.sim.ask(f"run {pen} start")
        wait_until(lambda: self.client.call("run.list", state="open")["rows"], "the run to be seen")
        self.sim.ask(f"run {pen} stop")
        wait_caught_up(self.client, [self.sim])

    def beyond_doubt(self):
        """Until what a pen does next cannot have been before now, by what is known of its clock."""
        error_us = max(row["clock"]["error_us"] for row in self.client.call("pen.list")["rows"])
        then = time.monotonic() + 0.5 + 4e-6 * error_us  # a later fit may think worse of the clock
        wait_until(lambda: time.monotonic() > then, "the error of the clocks to pass", pause=0.001)

    def session(self, number, serial, pen, runs):
        self.client.call("hygiene.add", kind="disinfected", pen=serial, lot="D3")
        self.beyond_doubt()
        session = self.client.call("session.start", client=number, pen=serial, practitioner="mia")["session"]
        self.beyond_doubt()
        for _ in range(runs):
            self.run(pen)
        self.beyond_doubt()
        self.client.call("session.end", session=f"#{session}")

    def end(self):
        self.client.close()
        expect_equal(self.daemon.terminate(), 0, "exit status")
        verified = self.daemon.verify()
        expect_equal(verified.returncode, 0, "stippled --verify:\n" + verified.stdout.decode())


def pages_are_the_whole(day):
    asked = (("client", "1001"), ("pen", "SIM-0001"), ("lot", "C7"), ("cartridge", "S-1"), ("practitioner", "mia"))
    for noun, name in asked:
        whole = day.client.call("trace." + noun, limit=1000, **{noun: name})["rows"]
        expect(len(whole) >= 2, f"the story of {noun} {name}: {whole}")
        expect_equal(list(day.client.pages("trace." + noun, limit=1, **{noun: name})), whole, f"pages of {noun} {name}")
        expect_equal(sorted(row["at"] for row in whole), [row["at"] for row in whole], f"order of {noun} {name}")
        sides = [row for side in ("met", "done") for row in day.client.call("trace." + noun, side=side, **{noun: name})["rows"]]
        expect_equal(sorted(map(str, sides)), sorted(map(str, whole)), f"sides of {noun} {name}")


def stories_name_what_met(day):
    stray = [run for run in day.runs if run["session"] is None]
    expect_equal(len(stray), 1, "runs of nobody")
    pen = day.client.call("trace.pen", pen="SIM-0001")["rows"]
    expect_equal([(row["session"], row["client_number"]) for row in pen if row["what"] == "pen"], [(1, "1001")], "sessions of the pen")
    expect_equal([row["at"] for row in pen if row["what"] == "run of nobody"], [stray[0]["start"]], "its runs of nobody")
    of_1001 = day.client.call("trace.client", client="1001")["rows"]
    cycles = sum(run["cycles"] for run in day.runs if run["session"] == 1)
    said = [row["detail"] for row in of_1001 if row["what"] == "session"]
    expect(len(said) == 1 and f"2 runs, {cycles} cycles" in said[0], f"the session in words: {said}")
    expect_equal({row["client_number"] for row in of_1001 if row["client"]}, {"1001"}, "whose story it is")


def usage_is_the_sum_of_runs(day):
    for by in ("pen", "practitioner", "client", "day", "week", "month"):
        rows = day.client.call("usage.list", by=by)["rows"]
        for member, mine in (("runs", 1), ("cycles", None)):
            wanted = sum(run["cycles"] if mine is None else 1 for run in day.runs if run["session"])
            expect_equal(sum(row[member] for row in rows), wanted, f"{member} by {by}")
        expect_equal(sum(row["sessions"] for row in rows), 2, f"sessions by {by}")
        expect_equal(sum(row["unattributed_runs"] for row in rows), 1, f"runs of nobody by {by}")
    pens = {row["of"]: row for row in day.client.call("usage.list", by="pen")["rows"]}
    for serial, row in pens.items():
        of_pen = [run for run in day.runs if run["pen"] == serial]
        linked, free = (sum(run["on_time_s"] for run in of_pen if bool(run["session"]) is kind) for kind in (True, False))
        expect(abs(row["unattributed_share"] - free / (linked + free)) < 0.002, f"{serial}: {row}, {free} of {linked + free} s")
        got = day.client.call("usage.list", by="month", pen=serial)["rows"]
        expect_equal([r["cycles"] for r in got], [row["cycles"]], f"{serial} by month")
    of_client = day.client.call("usage.list", by="client", client="1002")["rows"]
    expect_equal([(row["of"], row["runs"], row["unattributed_runs"]) for row in of_client], [("1002", 1, 0)], "of one client")


def recall_lists_whom_it_met(day):
    desk = day.desk
    desk.refused("recall", "C7", says="reason")
    said = desk("recall", "C7", "--reason", REASON, "--dry-run")
    expect("nothing was kept. It would say: Lot C7 of Invented needles recalled: 2 uses, on 2 clients." in said and "+00 1001" in said, said)
    said = desk("recall", "C7", "--reason", REASON)
    expect("Lot C7 of Invented needles recalled: 2 uses, on 2 clients." in said, said)
    for piece in ("1001", "+00 1001", "S-1", "SIM-0001", "1002", "S-2", "SIM-0002"):
        expect(piece in said, f"{piece} is not in {said}")
    desk.refused("recall", "C7", "--reason", REASON, says=("recalled already", "lot.clients"))
    again = desk.rows("lot", "clients", "C7")
    expect_equal([(row["client_number"], row["serial"], row["through"]) for row in again],
                 [("1001", "S-1", "cartridge"), ("1002", "S-2", "cartridge")], "whom it met")
    treated = desk.rows("recall", "D3", "--reason", REASON)[1:]
    expect_equal([(row["client_number"], row["pen"], row["through"]) for row in treated],
                 [("1001", "SIM-0001", "disinfected"), ("1002", "SIM-0002", "disinfected")], "whom the disinfectant met")
    told = [row for row in desk.rows("trace", "lot", "C7", "--side", "done") if row["what"] == "lot.recall"]
    expect(len(told) == 1 and REASON in told[0]["detail"], f"the recall in the lot's story: {told}")


def recalled_is_no_stock(day):
    due = day.desk.rows("due", "--until", "2099-12-31")
    expect_equal([(row["what"], row["due"]) for row in due if row["what"] == "stock"], [], "recalled lots are no stock")


def main():
    tap = Tap()
    day = Day()
    tap.case("stories come in pages, in order, from two sides", pages_are_the_whole, day)
    tap.case("stories name what met", stories_name_what_met, day)
    tap.case("usage is the sum of the runs", usage_is_the_sum_of_runs, day)
    tap.case("recall marks the lot and lists whom it met", recall_lists_whom_it_met, day)
    tap.case("a recalled lot is no longer due", recalled_is_no_stock, day)
    tap.case("the record holds", day.end)
    tap.done()


if __name__ == "__main__":
    main()
