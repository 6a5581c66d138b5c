# SPDX-License-Identifier: MIT
"""The virtual machine as the cases see it: systemd, packages, udev, pens in vhci_hcd, and the daemon's socket."""
import glob
import json
import os
import subprocess
import time

from harness import Client, Failure, expect, temporary_directory, wait_until
from pens import Pens

SOCKET = "/run/stipple/stipple.sock"
RECORD = "/var/lib/stipple/stipple.db"
LONG_SECONDS = 300  # for what takes seconds on real hardware


def run(*command, status=0, **options):
    """Output of a command that must end with that status; None: any."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=LONG_SECONDS, **options)
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
        for sim in VhciPens.all:
            sim.child.terminate()
            sim.wait()
        VhciPens.all.clear()
        run("udevadm", "settle")


def play(tap, cases):
    for name, case in cases:
        started = time.monotonic()
        tap.case(name, case)
        VhciPens.end()
        print(f"# {time.monotonic() - started:.1f} s", flush=True)


def pen_state(serial):
    rows = {row["serial"]: row for row in client().call("pen.list")["rows"]}
    return rows[serial]["state"] if serial in rows else None
