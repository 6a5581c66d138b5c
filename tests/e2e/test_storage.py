# SPDX-License-Identifier: MIT
"""A full disk: nothing is acknowledged, reads go on, status says so, and it resumes by itself.

The database is on a small file system of memory, in a mount namespace of its own.
"""
import os
import subprocess
import sys

from harness import Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens, wait_caught_up

DISK_BYTES = 12 << 20
INSIDE = "STIPPLE_TEST_NAMESPACE"


def fill(path):
    """Takes all the room that is left."""
    with open(path, "wb", buffering=0) as f:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    f.write(b"\0" * size)
            except OSError:
                pass


def pen(client):
    return client.call("pen.get", pen="SIM-0001")


def case_full_disk():
    disk = temporary_directory()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", disk], check=True)
    pens = Pens(temporary_directory(), "--pens", "1", "--history", "0.5", "--live", "all")
    daemon = Daemon(disk, ports=[pens.pattern]).start()
    client = daemon.client()
    # Until it has said its name nobody knows it.
    wait_until(lambda: [row["state"] for row in client.call("pen.list")["rows"]] == ["live"], "the pen to be live")
    filler = os.path.join(disk, "filler")
    fill(filler)
    wait_until(lambda: client.call("daemon.status")["database"]["state"] == "failing", "the failure to be told")
    status = client.call("daemon.status")["database"]
    expect(status["error"] and status["since"], f"no reason: {status}")
    wait_until(lambda: pen(client)["state"] == "stalled", "the pen to be stalled")
    expect("cannot be written" in pen(client)["trouble"], f"{pen(client)}")
    # Nothing moves on, though the pen has more; and what is there can be read.
    durable = pen(client)["log"]["durable_seq"]
    wait_until(lambda: pen(client)["log"]["next_seq"] > durable + 3, "the pen to record more")
    expect_equal(pen(client)["log"]["durable_seq"], durable, "durable records")
    rows = list(client.pages("run.list"))
    expect(rows, "no runs")
    expect("cycles" in client.call("run.get", run=rows[-1]["id"]), "no answer about a run")
    # A cable pulled meanwhile, and one plugged.
    pens.ask("pull 0")
    wait_until(lambda: pen(client)["state"] == "away", "the pen to be away")
    pens.ask("plug 0")
    wait_until(lambda: pen(client)["state"] == "stalled", "the pen to be stalled again")
    os.unlink(filler)
    wait_until(lambda: client.call("daemon.status")["database"]["state"] == "ok", "the record to be written again")
    wait_until(lambda: pen(client)["state"] == "live", "the pen to be live again")
    pens.ask("live 0 off")
    wait_caught_up(client, [pens])
    expect(pen(client)["log"]["durable_seq"] > durable, "nothing was written afterwards")
    # Every run of the truth is there with every cycle.
    found = {(row["run"]): row["cycles"] for row in client.pages("run.list")}
    wanted = {run["run"]: run["cycles"] for run in pens.truth()[0]["logs"][-1]["runs"]}
    expect_equal(found, wanted, "cycles of the runs")
    expect_equal(daemon.terminate(), 0, "exit status")
    report = daemon.verify()
    expect_equal(report.returncode, 0, report.stdout.decode())


def main():
    name = "a full disk stops the acknowledgements and nothing else"
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        for unshare in (["unshare", "-m"], ["unshare", "-Urm"]):
            if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/run"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
                os.execvp("unshare", [*unshare, sys.executable, *sys.argv])
        print(f"ok 1 - {name} # SKIP mounting is not allowed here\n1..1")
        return
    tap = Tap()
    tap.case(name, case_full_disk)
    tap.done()


main()
