# SPDX-License-Identifier: MIT
"""Pens on USB: the real daemon and the real libusb, simulated pens behind devices that umockdev makes up (usb_pens.c).

umockdev answers some 5000 of libusb's calls a second, so the histories here are short.
"""
import os
import random
import subprocess

from harness import BUILD, Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens, compare, wait_caught_up

PRELOAD = "libumockdev-preload.so.0"
EPIPE, EPROTO, EOVERFLOW = 32, 71, 75
PULLS = 12


class UsbPens:
    """Plugs terminals of a simulator in as USB devices."""

    def __init__(self):
        environment = dict(os.environ, LD_PRELOAD=PRELOAD)
        self.child = subprocess.Popen([os.path.join(BUILD, "usb_pens")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      env=environment, text=True)
        self.root = self.answer()

    def answer(self):
        line = self.child.stdout.readline()
        expect(line.startswith("ok"), f"usb_pens: {line!r}")
        return line[2:].strip()

    def ask(self, *words):
        self.child.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.child.stdin.flush()
        return self.answer()

    def plug(self, key, pens, index, name="Penwire", tag="stipple"):
        return self.ask("plug", key, os.path.join(pens.directory, f"pen{index}"), name, tag)

    def pull(self, key):
        self.ask("pull", key)

    def close(self):
        self.child.stdin.close()
        self.child.wait()

    def environment(self):
        options = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": f"{PRELOAD}:{os.path.join(BUILD, 'seekable.so')}", "UMOCKDEV_DIR": self.root,
                "ASAN_OPTIONS": options + ":verify_asan_link_order=0"}

    def daemon(self, directory=None, ports=(), name="stippled"):
        return Daemon(directory or temporary_directory(), ports=ports, env=self.environment(), hotplug=True,
                      name=name).start()


def ports_of(client):
    return {port["path"]: port for port in client.call("daemon.status")["ports"]}


def pen_state(client, serial):
    rows = {row["serial"]: row for row in client.call("pen.list")["rows"]}
    return rows[serial]["state"] if serial in rows else None


def wait_state(client, serial, state):
    wait_until(lambda: pen_state(client, serial) == state, f"{serial} to be {state}")


def case_plug_and_unplug():
    """Found by its tag, drained, pulled, and back as another device."""
    usb, pens = UsbPens(), Pens(temporary_directory(), "--pens", "1", "--history", "0.2", "--seed", "5")
    daemon = usb.daemon()
    client = daemon.client()
    expect_equal(ports_of(client), {}, "ports before anything is plugged")
    node = usb.plug(0, pens, 0)
    wait_caught_up(client, [pens])
    expect_equal(list(ports_of(client)), [node], "ports")
    runs, cycles = compare(client, pens)
    expect(runs > 0 and cycles > 0, "nothing was recorded")
    usb.pull(0)
    wait_until(lambda: not ports_of(client), "the port to go")
    wait_state(client, "SIM-0001", "away")
    pens.ask("burst 0 2")
    again = usb.plug(0, pens, 0)
    expect(again != node, "the same device again")
    wait_caught_up(client, [pens])
    expect_equal(compare(client, pens)[0], runs + 1, "runs after the replug")
    expect_equal(daemon.terminate(), 0, "exit status")
    usb.close()


def case_faults():
    """Pulled and made to stall at random moments of a drain: every cycle once."""
    seed = int(os.environ.get("STIPPLE_SEED") or random.SystemRandom().randrange(1 << 32))
    dice = random.Random(seed)
    usb, pens = UsbPens(), Pens(temporary_directory(), "--pens", "1", "--history", "1", "--rate", "200000", "--seed",
                                str(seed % 1000))
    daemon = usb.daemon()
    client = daemon.client()
    faults = [("in", EPIPE, 0), ("in", EPROTO, 0), ("in", EOVERFLOW, 0), ("out", EPIPE, 3), ("out", EPIPE, 20)]
    clears = 0
    print(f"# STIPPLE_SEED={seed}")
    for _ in range(PULLS):
        usb.plug(0, pens, 0)
        for number in range(dice.randrange(1, 4)):
            taken = dice.randrange(100) + 100 * number
            wait_until(lambda: int(usb.ask("taken", 0)) > taken or pen_state(client, "SIM-0001") == "live", "the drain")
            usb.ask("fail", 0, *dice.choice(faults))
        wait_until(lambda: int(usb.ask("taken", 0)) > taken + 50 or pen_state(client, "SIM-0001") == "live", "the drain")
        clears = int(usb.ask("clears", 0))
        usb.pull(0)
        wait_state(client, "SIM-0001", "away")
    usb.plug(0, pens, 0)
    wait_caught_up(client, [pens])
    expect(clears > 0, "no halt was ever cleared")
    compare(client, pens)
    expect_equal(daemon.terminate(), 0, "exit status")
    verified = daemon.verify()
    expect_equal(verified.returncode, 0, verified.stdout)
    usb.close()


def case_killed():
    """The daemon dies with transfers in flight; the next one finds the device free."""
    usb, pens = UsbPens(), Pens(temporary_directory(), "--pens", "1", "--history", "0.5")
    directory = temporary_directory()
    node = usb.plug(0, pens, 0)
    for number in range(4):
        before = int(usb.ask("taken", 0))
        daemon = usb.daemon(directory, ports=[node], name=f"stippled{number}")
        wait_until(lambda: int(usb.ask("taken", 0)) > before, "the host to ask")
        daemon.kill()
    daemon = usb.daemon(directory, ports=[node])
    client = daemon.client()
    wait_caught_up(client, [pens])
    compare(client, pens)
    usb.close()


def case_two_paths():
    """The same pen on USB and on a serial line is read once, and by the other path when the first goes."""
    usb, pens = UsbPens(), Pens(temporary_directory(), "--pens", "1", "--history", "0.1")
    other = Pens(temporary_directory(), "--pens", "1", "--history", "0.1")  # calls itself the same
    daemon = usb.daemon(ports=[other.pattern])
    client = daemon.client()
    wait_state(client, "SIM-0001", "live")
    node = usb.plug(0, pens, 0)
    wait_until(lambda: ports_of(client).get(node, {}).get("state") == "refused", "the second path to be refused")
    expect("is connected at" in ports_of(client)[node]["trouble"], ports_of(client)[node]["trouble"])
    other.ask("pull 0")
    wait_until(lambda: ports_of(client)[node]["pen"] == "SIM-0001", "the pen to be read on USB")
    usb.close()


def case_not_a_pen():
    """What udev does not tag is not looked at; what it tags and is no pen is named, and let go."""
    usb, pens = UsbPens(), Pens(temporary_directory(), "--pens", "3")
    daemon = usb.daemon()
    client = daemon.client()
    foreign = usb.plug(0, pens, 0, tag="-")
    other = usb.plug(1, pens, 1, name="Scale")
    usb.plug(2, pens, 2)
    wait_state(client, "SIM-0003", "live")
    ports = ports_of(client)
    expect(foreign not in ports, "a device without the tag is a port")
    expect_equal(ports[other]["state"], "refused", "state of what is no pen")
    expect('is called "Scale", not "Penwire"' in ports[other]["trouble"], ports[other]["trouble"])
    expect_equal(usb.ask("taken", 0), "0", "bytes sent to the untagged device")
    expect_equal(usb.ask("taken", 1), "0", "bytes sent to what is no pen")
    usb.close()


def case_configured():
    """A device that is named outright: recorded, and listened to without a word."""
    usb, pens = UsbPens(), Pens(temporary_directory(), "--pens", "2", "--history", "0.1")
    recorded, silent = usb.plug(0, pens, 0, tag="-"), usb.plug(1, pens, 1, tag="-")
    directory = temporary_directory()
    recording = os.path.join(directory, "usb.rec")
    daemon = usb.daemon(directory, ports=[f"{recorded},record={recording}", f"{silent},read-only"])
    client = daemon.client()
    wait_state(client, "SIM-0001", "live")
    expect_equal(ports_of(client)[silent]["state"], "open", "state of the port that is only listened to")
    expect_equal(usb.ask("taken", 1), "0", "bytes sent to a port that is only listened to")
    expect_equal(daemon.terminate(), 0, "exit status")
    usb.close()
    player = Daemon(temporary_directory(), ports=["replay:" + recording]).start()
    replayed = player.client()
    expect(wait_until(lambda: list(replayed.pages("run.list")), "the recording to be played"), "the recording has no runs")


CASES = [
    ("a USB pen is read, unplugged and comes back", case_plug_and_unplug),
    ("pulled and stalling, a pen is read exactly once", case_faults),
    ("a daemon that is killed leaves the device free", case_killed),
    ("one pen on USB and on a serial line is read once", case_two_paths),
    ("foreign USB devices are left alone", case_not_a_pen),
    ("a named USB device is recorded, or only listened to", case_configured),
]


def main():
    tap = Tap()
    for name, case in CASES:
        tap.case(name, case)
    tap.done()


main()
