# SPDX-License-Identifier: MIT
"""A thousand replugs of one pen, beside another that stays: each time it comes back, and nothing is left behind."""
import os
import re
import statistics
import time

from harness import Daemon, Failure, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens, compare, wait_caught_up

REPLUGS = 1000
SETTLED = 100  # after so many, every buffer and cache has its size
GROWTH_KIB = 1024  # of resident memory from then on; a kilobyte lost each time would be 900
READER_KIB = 600  # of another reader, which has read the schema


def handles(daemon):
    """How often the record is open: another reader opens it, for good, when the first one is busy for a moment."""
    fds = f"/proc/{daemon.child.pid}/fd"
    return sum(os.path.realpath(os.path.join(fds, fd)) == daemon.database for fd in os.listdir(fds))


def resident_kib(daemon):
    with open(f"/proc/{daemon.child.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def sanitized():
    with open(program("stippled"), "rb") as f:
        return b"__asan_init" in f.read()


def replug(pens, client):
    """Seconds from the plug to the pen being live."""
    def state():
        return next(row["state"] for row in client.call("pen.list")["rows"] if row["serial"] == "SIM-0001")
    pens.ask("pull 0")
    wait_until(lambda: state() == "away", "the pen to go")
    started = time.monotonic()
    pens.ask("plug 0")
    wait_until(lambda: state() == "live", "the pen to come back", pause=0.002)
    return time.monotonic() - started


def case():
    pens = Pens(temporary_directory(), "--pens", "2", "--history", "0.1", "--live", "0")
    daemon = Daemon(temporary_directory(), ports=[pens.pattern]).start()
    client = daemon.client()
    wait_caught_up(client, [pens])
    before, took, settled, opened = daemon.left_open(), [], 0, 0
    for number in range(REPLUGS):
        took.append(replug(pens, client))
        if number % 100 == 0:
            pens.ask("burst 0 0.5")
            wait_caught_up(client, [pens])
        if number == SETTLED:
            settled, opened = resident_kib(daemon), handles(daemon)
    print(f"# back after {statistics.median(took) * 1000:.0f} ms (median), {max(took) * 1000:.0f} ms (worst); "
          f"{settled} KiB resident, then {resident_kib(daemon)}")
    wait_until(lambda: daemon.left_open() <= before, f"no more to be open than {before}; {daemon.left_open() - before} came")
    if not sanitized():  # a sanitizer keeps what was freed, to see it used
        grown = GROWTH_KIB + READER_KIB * (handles(daemon) - opened)
        expect(resident_kib(daemon) < settled + grown, f"memory grew from {settled} to {resident_kib(daemon)} KiB, {grown} are allowed")
    for number in (0, 1):
        pens.ask(f"live {number} off")
        try:
            pens.ask(f"run {number} stop")
        except Failure as problem:
            expect("not running" in str(problem), str(problem))
    wait_caught_up(client, [pens])
    expect(compare(client, pens)[0] > 0, "no run was compared")
    expect_equal(daemon.terminate(), 0, "exit status")
    expect_equal(daemon.verify().returncode, 0, "--verify")


TAP = Tap()
TAP.case("a thousand replugs leave nothing behind", case)
TAP.done()
