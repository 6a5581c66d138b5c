# SPDX-License-Identifier: MIT
"""The simulator as an object, and the comparison of a database with its ground truth."""
import json
import os
import socket
import time

from harness import HANG_SECONDS, Failure, Process, expect, expect_equal, program, wait_until


class Pens(Process):
    """A pensim with its control channel."""

    def __init__(self, directory, *options, name="pens"):
        self.directory = os.path.join(directory, name)
        os.makedirs(self.directory)
        control = os.path.join(directory, name + ".ctl")
        super().__init__([program("pensim"), "--dir", self.directory, "--control", control, *options],
                         os.path.join(directory, name + ".log"))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(HANG_SECONDS)
        self.buffer = b""
        wait_until(lambda: self.try_connect(control), "the simulator's control channel")

    def try_connect(self, path):
        expect(self.child.poll() is None, "pensim ended at its start:\n" + self.output())
        try:
            self.socket.connect(path)
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    @property
    def pattern(self):
        return os.path.join(self.directory, "pen*")

    def ask(self, text):
        """The answer behind "ok"; a Failure for "error"."""
        self.socket.sendall(text.encode() + b"\n")
        while b"\n" not in self.buffer:
            piece = self.socket.recv(1 << 20)
            expect(piece, f"pensim ended during '{text}':\n" + self.output())
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        words = line.decode().split(" ", 1)
        expect(words[0] == "ok", f"pensim: {text}: {line.decode()}")
        return words[1] if len(words) > 1 else ""

    def truth(self):
        return json.loads(self.ask("truth"))["pens"]


def wait_caught_up(client, pens, seconds=HANG_SECONDS):
    """Until the daemon has every record of every pen of the simulators @pens, durable."""
    def caught_up():
        wanted = {pen["serial"]: pen["logs"][-1] for sim in pens for pen in sim.truth()}
        rows = {row["serial"]: row for row in client.call("pen.list")["rows"]}
        for serial, log in wanted.items():
            row = rows.get(serial)
            if not row or row["state"] != "live" or row["log"]["id"] != log["log_id"] or \
                    row["log"]["durable_seq"] < log["next_seq"]:
                return False
        return True
    try:
        wait_until(caught_up, "the pens to be drained", seconds, pause=0.05)
    except Failure as problem:
        raise Failure(f"{problem}\n{json.dumps(client.call('pen.list'), indent=1)}") from None


def recorded_runs(client, serial=None):
    """(serial, log_id, run number) -> run.get of all runs or one pen's, each of which may be there only once."""
    runs = {}
    for row in client.pages("run.list", **({"pen": serial} if serial else {})):
        run = client.call("run.get", run=row["id"])
        key = (run["pen"], run["log_id"], run["run"])
        expect(key not in runs, f"run {key} is in the record twice: {runs.get(key)} and {run}")
        runs[key] = run
    return runs


def lost_ranges(client, serial):
    """[first, end) of each loss."""
    return sorted((row["first_seq"], row["last_seq"] + 1) for row in client.pages("loss.list", pen=serial))


def compare(client, sim):
    """The record against the simulator's truth, run by run, cycle by cycle (by digest). Returns (runs, cycles) compared."""
    compared = cycles = 0
    for pen in sim.truth():
        serial = pen["serial"]
        runs, lost = recorded_runs(client, serial), lost_ranges(client, serial)
        for log in pen["logs"]:
            ended = False  # a formatted flash takes with it what no host had read: the end of that log, and only that
            for true in log["runs"]:
                run = runs.pop((serial, log["log_id"], true["run"]), None)
                what = f"{serial} log {log['log_id']} run {true['run']}"
                if run is None:
                    gone = any(first <= true["first_seq"] and true["last_seq"] < end for first, end in lost)
                    ended = ended or not gone
                    expect(gone or not log["current"], f"{what} is missing; losses {lost}, truth {true}")
                    continue
                expect(not ended, f"{what} is there, but one before it is missing")
                if not log["current"] and run["state"] == "cut" and true["state"] != "cut":
                    expect(run["cycles"] < true["cycles"] or not run["gaps"], f"{what} was cut: {run}")
                    ended = True
                    continue
                compare_run(sim, pen, log, true, run, what)
                compared, cycles = compared + 1, cycles + run["cycles"]
        expect(not runs, f"{serial}: runs in the record that never were: {list(runs)}")
    return compared, cycles


def compare_run(sim, pen, log, true, run, what):
    expect_equal(run["state"], true["state"], what + " state")
    gaps = [tuple(gap) for gap in run["gaps"] or []]
    if gaps == [tuple(gap) for gap in true["gaps"]]:
        expect_equal(run["cycles"], true["cycles"], what + " cycles")
        digest = true["digest"]
    else:
        words = " ".join(f"{first}:{count}" for first, count in gaps)
        digest = sim.ask(f"digest {pen['pen']} {log['log_id']} {true['run']} {words}".strip()).split()[-1]
    if run["state"] == "open":
        return
    expect_equal(run["digest"], digest, f"{what} digest (gaps {gaps}, truth {true['gaps']})")
    if run["complete"]:
        compare_measured(true, run, what)
    if run["state"] == "ended" and not gaps:
        expect(abs(run["on_time_s"] - true["on_time_us"] / 1e6) < 2e-3, f"{what}: on time {run['on_time_s']}")


def compare_measured(true, run, what):
    """What the other sensors showed. Of a pen whose flash fails now and then a record of it may be missing, and nobody can tell."""
    for m in run["measurements"]:
        wanted = true[m["quantity"]]
        expect(m["count"] <= wanted["count"], f"{what}: measured more than there was: {m}, truth {wanted}")
        if m["count"] == wanted["count"]:
            expect_equal((m["min"], m["max"]), (wanted["min"], wanted["max"]), f"{what}: {m['quantity']}")
            expect(abs(m["mean"] - wanted["mean"]) < 0.002 and abs(m["sd"] - wanted["sd"]) < 0.002,
                   f"{what}: {m}, truth {wanted}")
