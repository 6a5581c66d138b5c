# SPDX-License-Identifier: MIT
"""Pens that udev announces: a mocked /sys and uevents by umockdev, simulated pens behind the device files.

What is mocked is the kernel's and udev's side; the daemon is the real one, with libumockdev-preload in front of its system calls. All of it
runs in a mount namespace of its own, where device files are bind mounts of the simulator's terminals (umockdev 0.17 breaks a realpath() of a
link that leaves its tree) and /run/udev can be filled.
"""
import atexit
import ctypes
import os
import shutil
import subprocess
import sys

from harness import Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens, wait_caught_up

PRELOAD = "libumockdev-preload.so.0"
UDEV_TAG = "stipple"


def mount(*arguments):
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run(arguments, env=environment, stdin=subprocess.DEVNULL, check=True)


class Testbed:
    """A mocked machine. Devices are added to its /sys; events reach whoever listens as udev's would."""

    def __init__(self):
        self.lib = ctypes.CDLL("libumockdev.so.0")
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        self.lib.umockdev_testbed_new.restype = pointer
        self.lib.umockdev_testbed_get_root_dir.restype = text
        self.lib.umockdev_testbed_get_root_dir.argtypes = [pointer]
        self.lib.umockdev_testbed_add_from_string.argtypes = [pointer, text, pointer]
        self.lib.umockdev_testbed_remove_device.argtypes = [pointer, text]
        self.lib.umockdev_testbed_uevent.argtypes = [pointer, text, text]
        self.handle = self.lib.umockdev_testbed_new()
        self.root = self.lib.umockdev_testbed_get_root_dir(self.handle).decode()
        os.makedirs(os.path.join(self.root, "dev"))
        self.mounted = set()
        atexit.register(self.clean)
        # The files of udev's own database, for whoever lists the devices that are there.
        mount("mount", "-t", "tmpfs", "none", "/run")
        os.makedirs(f"/run/udev/tags/{UDEV_TAG}")
        os.makedirs("/run/udev/data")

    def clean(self):
        for name in self.mounted:
            mount("umount", "-l", self.node(name))
        shutil.rmtree(self.root, ignore_errors=True)

    def node(self, name):
        return os.path.join(self.root, "dev", name)

    def add(self, name, pens, index, tagged=True):
        """A terminal whose device file is pen number @index's"""
        device = os.stat(terminal(pens, index)).st_rdev
        number = f"{os.major(device)}:{os.minor(device)}"
        with open(self.node(name), "w", encoding="ascii"):
            pass
        mount("mount", "--bind", terminal(pens, index), self.node(name))
        self.mounted.add(name)
        tags = ""
        if tagged:
            tags = f"E: TAGS=:{UDEV_TAG}:\nE: CURRENT_TAGS=:{UDEV_TAG}:\n"
            with open(f"/run/udev/data/c{number}", "w", encoding="ascii") as f:
                f.write(f"I:1\nG:{UDEV_TAG}\nQ:{UDEV_TAG}\nV:1\n")
            with open(f"/run/udev/tags/{UDEV_TAG}/c{number}", "w", encoding="ascii"):
                pass
        added = self.lib.umockdev_testbed_add_from_string(
            self.handle, f"P: /devices/virtual/tty/{name}\nE: DEVNAME=/dev/{name}\nE: MAJOR={os.major(device)}\n"
                         f"E: MINOR={os.minor(device)}\nE: SUBSYSTEM=tty\nE: USEC_INITIALIZED=1\n{tags}"
                         f"A: dev={number}\n".encode(), None)
        expect(added, f"umockdev did not take {name}")
        self.announce(name, "add")

    def announce(self, name, action):
        self.lib.umockdev_testbed_uevent(self.handle, f"/sys/devices/virtual/tty/{name}".encode(), action.encode())

    def remove(self, name):
        mount("umount", "-l", self.node(name))
        self.mounted.remove(name)
        os.unlink(self.node(name))
        self.announce(name, "remove")
        self.lib.umockdev_testbed_remove_device(self.handle, f"/sys/devices/virtual/tty/{name}".encode())


def mocked_environment(bed):
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": PRELOAD, "UMOCKDEV_DIR": bed.root,
            "ASAN_OPTIONS": options + ":verify_asan_link_order=0"}


def start(bed, ports=()):
    return Daemon(temporary_directory(), ports=ports, env=mocked_environment(bed), hotplug=True).start()


def terminal(pens, index):
    return os.readlink(os.path.join(pens.directory, f"pen{index}"))


def port_paths(client):
    return sorted(port["path"] for port in client.call("daemon.status")["ports"])


def pen_state(client, serial):
    rows = {row["serial"]: row for row in client.call("pen.list")["rows"]}
    return rows[serial]["state"] if serial in rows else None


def case_plug_and_unplug():
    """Plugged, drained, unplugged, and back by another name within the same daemon."""
    bed = Testbed()
    pens = Pens(temporary_directory(), "--pens", "1", "--history", "0.2", "--seed", "5")
    daemon = start(bed)
    client = daemon.client()
    expect_equal(port_paths(client), [], "ports before anything is plugged")
    bed.add("ttyPEN0", pens, 0)
    wait_caught_up(client, [pens])
    runs = len(list(client.pages("run.list")))
    expect(runs > 0, "nothing was recorded")
    expect_equal(port_paths(client), ["/dev/ttyPEN0"], "ports")
    pens.ask("pull 0")
    bed.remove("ttyPEN0")
    wait_until(lambda: port_paths(client) == [], "the port to go")
    expect_equal(pen_state(client, "SIM-0001"), "away", "state after the unplug")
    pens.ask("plug 0")
    pens.ask("burst 0 2")
    bed.add("ttyPEN7", pens, 0)
    wait_caught_up(client, [pens])
    expect_equal(port_paths(client), ["/dev/ttyPEN7"], "ports after the replug")
    expect_equal(len(list(client.pages("run.list"))), runs + 1, "runs after the replug")
    expect_equal(daemon.terminate(), 0, "exit status")


def case_foreign_terminal():
    """A terminal that udev does not tag is not looked at, nor one that was tagged and is not a terminal."""
    bed = Testbed()
    pens = Pens(temporary_directory(), "--pens", "2")
    daemon = start(bed)
    client = daemon.client()
    bed.add("ttyOTHER0", pens, 0, tagged=False)
    bed.announce("ttyOTHER0", "change")
    bed.add("ttyPEN0", pens, 1)
    wait_until(lambda: pen_state(client, "SIM-0002") == "live", "the tagged pen")
    expect_equal(port_paths(client), ["/dev/ttyPEN0"], "ports")
    expect_equal(pen_state(client, "SIM-0001"), None, "the pen behind the foreign terminal")
    fds, opened = f"/proc/{daemon.child.pid}/fd", []
    for fd in os.listdir(fds):
        try:
            opened.append(os.stat(os.path.join(fds, fd)).st_rdev)
        except FileNotFoundError:  # closed meanwhile
            pass
    expect(os.stat(terminal(pens, 0)).st_rdev not in opened, "the foreign terminal is open")
    expect(os.stat(terminal(pens, 1)).st_rdev in opened, "the pen's terminal is not open")


def case_configured_and_tagged():
    """What both udev and the configuration name is opened once."""
    bed = Testbed()
    pens = Pens(temporary_directory(), "--pens", "1")
    daemon = start(bed, ports=[pens.pattern])
    client = daemon.client()
    wait_until(lambda: pen_state(client, "SIM-0001") == "live", "the pen")
    bed.add("ttyPEN0", pens, 0)
    ports = wait_until(lambda: [p for p in client.call("daemon.status")["ports"] if p["path"] == "/dev/ttyPEN0"],
                       "the second name")
    expect_equal(ports[0]["state"], "refused", "state of the second name")
    expect("same device" in ports[0]["trouble"], ports[0]["trouble"])
    expect_equal(pen_state(client, "SIM-0001"), "live", "state of the pen")


def case_there_at_start():
    """Pens that were plugged before the daemon started are found by their tag, and others are not."""
    bed = Testbed()
    pens = Pens(temporary_directory(), "--pens", "3", "--history", "0.2")
    bed.add("ttyPEN0", pens, 0)
    bed.add("ttyOTHER0", pens, 1, tagged=False)
    bed.add("ttyPEN1", pens, 2)
    daemon = start(bed)
    client = daemon.client()
    for serial in ("SIM-0001", "SIM-0003"):
        wait_until(lambda: pen_state(client, serial) == "live", serial)
    expect_equal(port_paths(client), ["/dev/ttyPEN0", "/dev/ttyPEN1"], "ports")
    expect_equal(pen_state(client, "SIM-0002"), None, "the pen behind the foreign terminal")


CASES = [
    ("a tagged pen is read, unplugged and comes back", case_plug_and_unplug),
    ("a foreign terminal is left alone", case_foreign_terminal),
    ("a pen that is configured and tagged is opened once", case_configured_and_tagged),
    ("pens that are there at the start are found", case_there_at_start),
]


def enter_testbed():
    """Starts this program again, mocked and in a mount namespace. Returns if that is not allowed here."""
    for unshare in (["unshare", "-m"], ["unshare", "-Urm"]):
        if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/run"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            # AddressSanitizer wants to be the first library; behind this one it works as well.
            asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            os.execvp("unshare", [*unshare, "env", "LD_PRELOAD=" + PRELOAD, "ASAN_OPTIONS=" + asan, sys.executable,
                                  *sys.argv])


def main():
    if PRELOAD not in os.environ.get("LD_PRELOAD", ""):
        enter_testbed()
        for number, (name, _) in enumerate(CASES, 1):
            print(f"ok {number} - {name} # SKIP mounting is not allowed here")
        print(f"1..{len(CASES)}")
        return
    tap = Tap()
    for name, case in CASES:
        tap.case(name, case)
    tap.done()


main()
