# SPDX-License-Identifier: MIT
"""The virtual machine as the cases see it: systemd, packages, udev, pens in vhci_hcd, and the daemon's socket."""
import contextlib
import glob
import json
import os
import subprocess
import time

from harness import Client, Failure, expect, temporary_directory, wait_until
from pens import Pens

SOCKET = "/run/stipple/stipple.sock"
RECORD = "/var/lib/stipple/stipple.db"
LONG_SECONDS = 900  # for what takes seconds on real hardware; dpkg --install took 130 to 170 here on a machine with a load of 25


def run(*command, status=0, **options):
    """Output of a command that must end with that status; None: any."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              timeout=LONG_SECONDS, **options)
    except subprocess.TimeoutExpired as problem:
        said = (problem.output or b"").decode("utf-8", "replace")
        raise Failure(f"{' '.join(command)}: not through after {LONG_SECONDS} s:\n{said}") from None
    if status is not None and done.returncode != status:
        raise Failure(f"{' '.join(command)}: exit status {done.returncode}, wanted {status}:\n{done.stdout}")
    return done.stdout


def show(unit, *properties):
    """The values of a unit's properties."""
    out = run("systemctl", "show", unit, *(f"--property={name}" for name in properties))
    values = dict(line.split("=", 1) for line in out.splitlines())
    return [values[name] for name in properties]


def active(unit):
    return show(unit, "ActiveState")[0]


def wait_active(unit="stippled.service", state="active", seconds=LONG_SECONDS):
    wait_until(lambda: active(unit) == state, f"{unit} to be {state}", seconds, pause=0.1)


def stop_service():
    """Both halves: a socket that stays would start the service again."""
    run("systemctl", "stop", "stippled.socket", "stippled.service")


def journal(*options):
    run("journalctl", "--sync")  # all that was said until now is in it
    return run("journalctl", "--no-pager", "--output=cat", *options)


def debs(name):
    found = glob.glob(os.path.join(os.environ["STIPPLE_TOP"], "debs", name + "_*_amd64.deb"))
    expect(len(found) == 1, f"packages {name}: {found}")
    return found[0]


def client():
    return Client(SOCKET, LONG_SECONDS)


def ports():
    return {port["path"]: port for port in client().call("daemon.status")["ports"]}


def udev_properties(path):
    out = run("udevadm", "info", "--query=property", "--name=" + path)
    return dict(line.split("=", 1) for line in out.splitlines())


class VhciPens(Pens):
    """Pens in this machine's own USB host controller."""

    made, all = 0, []

    def __init__(self, *options):
        VhciPens.made += 1
        VhciPens.all.append(self)
        # Of its own in each case of each boot: the record knows those before.
        self.prefix = f"{os.environ['STIPPLE_STORY'].upper()}{VhciPens.made:02}"
        super().__init__(temporary_directory(), "--attach", "--keep-cycles", "--serial-prefix", self.prefix, *options)

    def serial(self, pen=0):
        return f"{self.prefix}-{pen + 1:04}"

    def status(self, pen=0):
        return json.loads(self.ask(f"status {pen}"))

    def plug(self, pen, port=None):
        """Into that port, once the last device there has been cleared away."""
        def attempt():
            try:
                self.ask(f"plug {pen}" + ("" if port is None else f" {port}"))
                return True
            except Failure as problem:
                if "not cleared away" not in str(problem):
                    raise
                return False
        wait_until(attempt, f"a free port for pen {pen}", LONG_SECONDS, pause=0.05)

    def pull(self, pen):
        """Which it may have done by itself already."""
        try:
            self.ask(f"pull {pen}")
        except Failure as problem:
            expect("not plugged" in str(problem), str(problem))

    def node(self, pen=0):
        """The device file that udev has named after the pen."""
        link = "/dev/pen/by-serial/" + self.serial(pen)
        wait_until(lambda: os.path.exists(link), link, LONG_SECONDS, pause=0.05)
        return os.path.realpath(link)

    @staticmethod
    def end():
        """All pens of the case leave the bus, and udev has seen it."""
        stuck = []
        while VhciPens.all:
            sim = VhciPens.all.pop(0)
            try:
                sim.terminate()
            except Failure as problem:
                sim.kill()
                stuck.append(str(problem))
        run("udevadm", "settle")
        expect(not stuck, f"{stuck}")


def tell_more(since):
    """What somebody who was not there wants to know of a case that failed."""
    for command in (("systemctl", "--no-pager", "--lines=0", "status", "stippled.socket", "stippled.service"),
                    ("cat", "/sys/devices/platform/vhci_hcd.0/status"), ("df", "-h", "/"), ("grep", "Mem", "/proc/meminfo"),
                    ("journalctl", "--no-pager", "--output=short-monotonic", "--lines=80", f"--since=@{int(since)}")):
        try:
            said = run(*command, status=None)
        except Failure as problem:
            said = str(problem)
        print(f"# $ {' '.join(command)}\n# " + said.strip().replace("\n", "\n# "), flush=True)


def play_one(case):
    try:
        case()
    except Exception:
        with contextlib.suppress(Failure):  # of two troubles the first is told
            VhciPens.end()
        raise
    VhciPens.end()


def play(tap, cases):
    for name, case in cases:
        started, began, failed = time.monotonic(), time.time(), tap.failed
        tap.case(name, play_one, case)
        if tap.failed > failed:
            tell_more(began)
        print(f"# {time.monotonic() - started:.1f} s", flush=True)


def pen_state(serial):
    rows = {row["serial"]: row for row in client().call("pen.list")["rows"]}
    return rows[serial]["state"] if serial in rows else None
