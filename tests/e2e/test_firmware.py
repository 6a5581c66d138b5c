#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The reference firmware of proto/firmware, built for a Cortex-M3, run in an emulator and read by the real daemon over the emulated
UART: another compiler, another word size, the same truth. The truth is motor.c, compiled for this machine: run number n is the same
cycles there and here. Its log has overflowed before anybody reads it; then it is followed live, through a daemon that is killed, a
board that is reset and one whose power goes."""
import ctypes
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess

from harness import HANG_SECONDS, TOP, Daemon, Failure, Process, Tap, expect, expect_equal, temporary_directory, wait_until

SOURCE = os.path.join(TOP, "proto", "firmware")
SERIAL = "MPS2-0001"


def run_tool(command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    expect_equal(done.returncode, 0, f"{' '.join(command)}:\n{done.stdout}\nexit status")
    return done.stdout


def build(directory):
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        expect(shutil.which(tool), f"{tool} is missing: make deps-test installs it")
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    out = run_tool(["make", "-s", "-C", SOURCE, f"OUT={directory}/arm", f"SERIAL={SERIAL}"], env=environment)
    print("# " + out.strip().replace("\n", "\n# "))


class Truth:
    """motor.c by this machine's compiler."""

    def __init__(self, directory):
        library = os.path.join(directory, "motor.so")
        run_tool([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O2", "-o", library, os.path.join(SOURCE, "motor.c")])
        self.motor = ctypes.CDLL(library)
        self.motor.motor_depth_um.restype = self.motor.motor_voltage_mv.restype = ctypes.c_uint16
        self.motor.motor_period_us.restype = self.motor.motor_cycles.restype = ctypes.c_uint32

    def cycles(self, run):
        return self.motor.motor_cycles(run)

    def digest(self, run, end, gaps):
        """Of cycles 0 to end - 1 without those in gaps; daemon/chain/run_digest.h says over what."""
        missing = {i for first, count in gaps for i in range(first, first + count)}
        held = [i for i in range(end) if i not in missing]
        hashed = hashlib.blake2b(digest_size=32)
        for i in held:
            hashed.update(self.motor.motor_period_us(run, i).to_bytes(4, "little"))
            hashed.update(self.motor.motor_depth_um(run, i).to_bytes(2, "little"))
        for pair in [*gaps, (len(held), len(gaps))]:
            hashed.update(b"".join(n.to_bytes(4, "little") for n in pair))
        return hashed.hexdigest(), len(held)

    def currents(self, run):
        return [self.motor.motor_current_ma(run, i) for i in range(0, self.cycles(run), 16)]


class Board(Process):
    """The board in its emulator; its UART is at @link."""

    def __init__(self, directory, link, name):
        self.monitor_path = os.path.join(directory, name + ".qmp")
        super().__init__(["qemu-system-arm", "-M", "mps2-an385", "-kernel", f"{directory}/arm/firmware.elf", "-display", "none",
                          "-monitor", "none", "-qmp", f"unix:{self.monitor_path},server=on,wait=off", "-chardev", "pty,id=host",
                          "-serial", "chardev:host"], os.path.join(directory, name + ".log"))
        found = wait_until(self.find_port, "the emulator's pseudo-terminal")
        if os.path.islink(link):
            os.unlink(link)
        os.symlink(found, link)

    def find_port(self):
        expect(self.child.poll() is None, f"the emulator ended: {self.output()}")
        found = re.search(r"redirected to (/dev/pts/\d+) ", self.output())
        return found and found.group(1)

    def reset(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as monitor:
            monitor.settimeout(HANG_SECONDS)
            monitor.connect(self.monitor_path)
            lines = monitor.makefile("rw", encoding="utf-8")
            for command in ("qmp_capabilities", "system_reset"):
                lines.write(json.dumps({"execute": command}) + "\n")
                lines.flush()
                while "return" not in (answer := json.loads(lines.readline())):
                    expect("error" not in answer, f"the emulator's monitor: {answer}")


class World:
    """One board, one daemon, one record."""

    def __init__(self):
        self.directory = temporary_directory()
        self.link = os.path.join(self.directory, "pen")
        build(self.directory)
        self.truth = Truth(self.directory)
        self.board = Board(self.directory, self.link, "board")
        self.daemon = self.client = None
        self.logs = []

    def start_daemon(self, name):
        self.daemon = Daemon(self.directory, ports=[self.link], name=name).start()
        self.client = self.daemon.client()

    def pen(self):
        return next((row for row in self.client.call("pen.list")["rows"] if row["serial"] == SERIAL), None)

    def wait_live(self, what, **wanted):
        def there():
            pen = self.pen()
            return pen and pen["state"] == "live" and all(pen[k] == v for k, v in wanted.items()) and pen
        try:
            return wait_until(there, what)
        except Failure as problem:
            raise Failure(f"{problem}\n{json.dumps(self.pen(), indent=1)}\n{self.daemon.output()}") from None

    def runs(self, log_id):
        """run number -> run.get, of one log."""
        runs = {}
        for row in self.client.pages("run.list", pen=SERIAL):
            run = self.client.call("run.get", run=row["id"])
            if run["log_id"] == log_id:
                expect(run["run"] not in runs, f"run {run['run']} is in the record twice")
                runs[run["run"]] = run
        return runs

    def wait_run(self, log_id, number):
        """Until the pen has made and the daemon has got run @number to its end."""
        wait_until(lambda: self.pen() and any(row["run"] >= number and row["state"] != "open" and
                                              self.client.call("run.get", run=row["id"])["log_id"] == log_id
                                              for row in self.client.call("run.list", pen=SERIAL, limit=3)["rows"]),
                   f"run {number} to be made", pause=0.1)

    def compare(self, log_id):
        """Every run that the record has of a log is what motor.c says, and none between is missing. Returns them."""
        runs = self.runs(log_id)
        expect_equal(sorted(runs), list(range(min(runs), max(runs) + 1)), "numbers of the runs")
        for number, run in runs.items():
            if run["state"] == "open":
                continue
            gaps = [tuple(gap) for gap in run["gaps"]]
            end = self.truth.cycles(number) if run["state"] == "ended" else run["cycles"] + run["lost_cycles"]
            digest, held = self.truth.digest(number, end, gaps)
            expect_equal((run["cycles"], run["digest"]), (held, digest), f"run {number} of log {log_id}: {run}\ncycles, digest")
            if run["complete"]:
                self.compare_measured(number, run)
        return runs

    def compare_measured(self, number, run):
        currents = self.truth.currents(number)
        m = {m["quantity"]: m for m in run["measurements"]}["current"]
        expect_equal((m["count"], m["min"], m["max"], round(m["mean"] * m["count"])),
                     (len(currents), min(currents), max(currents), sum(currents)), f"current in run {number}")
        expect_equal(run["voltage_mv"], self.truth.motor.motor_voltage_mv(number), f"voltage of run {number}")


def drained(world):
    """Its log had overflowed before it was read: what is left is there, and what is lost is said."""
    world.start_daemon("stippled")
    pen = world.wait_live("the board's log to be read")
    expect_equal((pen["model"], pen["boot"], pen["anomalies"].get("bad-message", 0)), ("mps2-an385", 1, 0), "the pen")
    log_id = pen["log"]["id"]
    world.logs.append(log_id)
    runs = world.compare(log_id)
    losses = list(world.client.pages("loss.list", pen=SERIAL))
    expect(len(losses) >= 1 and losses[0]["first_seq"] == 0, f"the overwritten records are told as lost: {losses}")
    complete = [run for run in runs.values() if run["complete"]]
    expect(min(runs) > 1 and len(complete) > 50, f"{len(runs)} runs from {min(runs)} on, {len(complete)} of them complete")
    cycles = sum(run["cycles"] for run in runs.values())
    print(f"# {len(runs)} runs of {cycles} cycles drained, {sum(x['records'] for x in losses)} records lost")


def followed_live(world):
    log_id = world.logs[-1]
    last = max(world.runs(log_id))
    world.wait_run(log_id, last + 1)
    runs = world.compare(log_id)
    run = runs[last + 1]
    expect_equal((run["complete"], run["quality"]), (True, "synced"), f"a run made while it was followed: {run}")
    pen = world.pen()
    expect(pen["clock"]["quality"] == "synced" and pen["clock"]["rtt_us"] > 0, f"its clock: {pen['clock']}")
    world.client.call("pen.identify", pen=SERIAL, seconds=1)


def daemon_killed(world):
    log_id = world.logs[-1]
    last = max(world.runs(log_id))
    world.daemon.kill()
    world.start_daemon("again")
    world.wait_live("the daemon to have read on")
    world.wait_run(log_id, last + 1)
    world.compare(log_id)


def board_reset(world):
    """RAM, and with it the log, outlives a reset: another boot in the same log, and the run that it ended was cut off. A run may
    end while it is looked at, so there may be several resets before one hits."""
    log_id = world.logs[-1]
    for boot in range(2, 12):
        running = wait_until(lambda: (runs := world.runs(log_id)) and (last := runs[max(runs)])["state"] == "open" and
                             world.truth.cycles(last["run"]) > last["cycles"] + 80 and last["cycles"] > 5 and last["run"],
                             "a run in progress")
        world.board.reset()
        pen = world.wait_live("the board after its reset", boot=boot)
        expect_equal(pen["log"]["id"], log_id, "its log")
        world.wait_run(log_id, running + 1)
        runs = world.compare(log_id)
        boots = [event["data"]["reason"] for event in world.client.pages("event.list", pen=SERIAL, kind="boot")
                 if event["boot"] == boot]
        expect_equal(boots, ["reset"], "why it booted")
        for number, run in runs.items():
            expect_equal(run["boot"] == boot, number > running, f"boot of run {number} after reset {boot - 1} in run {running}")
        if runs[running]["state"] == "cut":
            return
        expect_equal(runs[running]["state"], "ended", "a run that ended just before the reset")
    raise Failure("no reset of ten hit a run")


def power_cut(world):
    """Without flash the log goes with the power: the board begins another one, and nobody takes its records for the old ones."""
    before = set(world.runs(world.logs[-1]))
    # As long as it is open nobody else gets a terminal of that number, which the daemon would take for the board.
    terminal = os.open(world.link, os.O_RDWR | os.O_NOCTTY)
    world.board.kill()
    world.board = Board(world.directory, world.link, "board-again")
    os.close(terminal)
    pen = wait_until(lambda: (p := world.pen()) and p["state"] == "live" and p["log"]["id"] not in world.logs and p,
                     "the board after its power came back")
    expect_equal(pen["boot"], 1, "boot of a new log")
    world.logs.append(pen["log"]["id"])
    world.compare(world.logs[1])
    # It may have begun a run before its power went; of the new log's, which begin with number 1, none is there.
    after = set(world.compare(world.logs[0]))
    expect(before <= after and min(after) == min(before), f"runs of the old log: {sorted(after)}, and {sorted(before)} before")


def holds(world):
    expect_equal(world.daemon.terminate(), 0, "exit")
    verified = world.daemon.verify()
    expect_equal(verified.returncode, 0, f"--verify: {verified.stdout.decode()}")


def main():
    tap = Tap()
    world = []
    tap.case("the firmware builds and starts", lambda: world.append(World()))
    if world:
        for name, case in (("a log that overflowed is drained", drained), ("it is followed live", followed_live),
                           ("the daemon is killed and reads on", daemon_killed), ("a reset is another boot", board_reset),
                           ("a power cut is another log", power_cut), ("the record holds", holds)):
            tap.case(name, case, world[0])
    tap.done()


main()
