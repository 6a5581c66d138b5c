#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The udev rules and the hwdb: which devices are pens, what they get, and that everything else is left alone."""
import os
import re
import subprocess

import udev_machine
from harness import TOP, Tap, expect, expect_equal, temporary_directory
from udev_machine import GID, HWDB, RULES, Machine, compile_hwdb, outside

# Vendors whose numbers are on everybody's USB-serial chips: never in the hwdb, whatever the product string.
CHIP_VENDORS = {"0403": "FTDI", "10C4": "Silicon Labs", "1A86": "WCH", "067B": "Prolific", "04D8": "Microchip", "0557": "ATEN",
                "2341": "Arduino", "239A": "Adafruit", "303A": "Espressif", "2E8A": "Raspberry Pi"}


def lint_hwdb(text):
    """What is wrong with a hwdb file, a sentence each."""
    problems, seen = [], []
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    records = [record.splitlines() for record in "\n".join(lines).strip().split("\n\n") if record]
    for record in records:
        keys = [line for line in record if not line.startswith(" ")]
        values = [line for line in record if line.startswith(" ")]
        if values != [" STIPPLE_PEN=1"]:
            problems.append(f"{keys}: has {values} instead of STIPPLE_PEN=1")
        for key in keys:
            match = re.fullmatch(r"usb:v([0-9A-F]{4})p([0-9A-F]{4}):([^*?\[\]]+)\*?", key)
            if not match:
                problems.append(f"{key}: is no usb:vVVVVpPPPP:PRODUCT* with numbers in upper-case hex and a product")
            elif match.group(1) in CHIP_VENDORS:
                problems.append(f"{key}: {CHIP_VENDORS[match.group(1)]}'s numbers are on chips for everybody")
            for other in seen:
                if key.rstrip("*").startswith(other.rstrip("*")) and (other.endswith("*") or key == other):
                    problems.append(f"{key}: is a duplicate of {other}")
            if seen and key < seen[-1]:
                problems.append(f"{key}: stands after {seen[-1]}, so the file is not sorted")
            seen.append(key)
    if not seen:
        problems.append("there is no entry")
    return problems


def hwdb_entries():
    for name in sorted(os.listdir(HWDB)):
        with open(os.path.join(HWDB, name), encoding="ascii") as f:
            for key in re.findall(r"^usb:v(....)p(....):(.*)$", f.read(), re.M):
                yield key


def case_hwdb_lint():
    for name in sorted(os.listdir(HWDB)):
        with open(os.path.join(HWDB, name), encoding="ascii") as f:
            expect_equal(lint_hwdb(f.read()), [], name)


def case_hwdb_lint_sees():
    entry = "usb:v{}p{}:{}\n STIPPLE_PEN=1\n"
    good = entry.format("1209", "0002", "A*")
    expect_equal(lint_hwdb(good + "\n" + entry.format("1209", "0003", "A*")), [], "good ones")
    for bad, why in ((good + "\n" + good, "duplicate"), (good + "\n" + entry.format("1209", "0002", "Apple*"), "duplicate"),
                     (good + "\n" + entry.format("1209", "0001", "A*"), "sorted"), (entry.format("0403", "6001", "Pen*"), "FTDI"),
                     (entry.format("1209", "0002", "*"), "a product"), (entry.format("1209", "*", "A"), "a product"),
                     (entry.format("12ab", "0002", "A*"), "upper-case"), (good.replace("=1", "=0"), "instead of"),
                     ("# nothing\n", "no entry")):
        found = lint_hwdb(bad)
        expect(len(found) == 1 and why in found[0], f"{bad!r} gave {found}")


def case_hwdb_compiles():
    root = temporary_directory()
    expect_equal(compile_hwdb(HWDB, root), "", "what systemd-hwdb says")
    for vendor, product, name in hwdb_entries():
        for tried, wanted in ((f"usb:v{vendor}p{product}:{name.rstrip('*')}", "STIPPLE_PEN=1\n"), (f"usb:v{vendor}p{product}:", "")):
            found = outside("systemd-hwdb", "--root=" + root, "query", tried, stdout=subprocess.PIPE).stdout
            expect_equal(found, wanted, tried)


def rules_text():
    for name in sorted(os.listdir(RULES)):
        if name.endswith(".rules"):
            with open(os.path.join(RULES, name), encoding="ascii") as f:
                yield name, re.sub(r"\\\n", "", "".join(line for line in f if not line.startswith("#")))


def case_rules_lint():
    """What udevadm lets pass: a rule for "add" that "bind" undoes, a jump to nowhere, programs, permissions for all."""
    for name, text in rules_text():
        for bad in (r'ACTION=="add', r"\bRUN\b", r"\bPROGRAM\b", r'MODE="0?66[1-7]"', r'TAG\+="uaccess"', r"idVendor", r"idProduct"):
            expect(not re.search(bad, text), f"{name} has {bad}")
        jumps, labels = re.findall(r'GOTO="(\w+)"', text), re.findall(r'LABEL="(\w+)"', text)
        expect_equal(sorted(labels), sorted(set(jumps)), f"{name}: labels and the jumps to them")
        for jump in set(jumps):
            expect(text.index(f'LABEL="{jump}"') > max(m.start() for m in re.finditer(f'GOTO="{jump}"', text)),
                   f"{name}: jumps back to {jump}, which udev refuses")


def expect_pen(machine, path, link):
    """Whatever the action that made udev look, the device is a pen with all that belongs to it."""
    for action in ("add", "bind", "change", "move"):
        event = machine.event(path, action)
        what = f"{path} at {action}"
        expect_equal(event.complaints, [], "what udevadm says about the rules")
        expect(event.is_pen and "systemd" in event.tags, f"{what}: tags {event.tags}")
        expect_equal((event.group, event.mode), (str(GID), "0660"), f"{what}: group and mode")
        expect_equal(event.wants, ["stippled.service"], f"{what}: starts")
        expect_equal(event.properties.get("ID_MM_DEVICE_IGNORE"), "1", f"{what}: ModemManager's device property")
        expect("uaccess" not in event.tags, f"{what}: is given to whoever sits at the computer")
        expect(link in event.links, f"{what}: links {event.links}")
    # Properties and tags are those of before; the rules have no business there.
    expect_equal(re.findall(r"stipple\S*:\d+ .*", machine.event(path, "remove").output), [], f"{path}: what the rules do at remove")


def expect_foreign(machine, path, hidden=False):
    for action in ("add", "bind", "change"):
        event = machine.event(path, action)
        expect(not event.is_pen, f"{path} was taken for a pen")
        ours = [line for line in event.output.splitlines() if re.search(r"stipple\S*:\d+ (GROUP|MODE|OWNER|LINK)", line)]
        expect_equal(ours, [], f"{path}: what the rules did")
        expect("stippled.service" not in event.wants, f"{path} starts stippled")
        expect(not any("pen/" in link for link in event.links), f"{path}: links {event.links}")
        expect(hidden or "ID_MM_DEVICE_IGNORE" not in event.properties, f"{path} is hidden from ModemManager")


def case_bulk_pens(machine):
    pen = machine.usb(["ff5057"], serial="PEN-7")
    expect_pen(machine, pen, "/dev/pen/by-serial/PEN-7")
    expect_equal(machine.event(pen).properties.get("MTP_NO_PROBE"), "1", "libmtp's property")
    expect_pen(machine, machine.usb(["030000", "ff5057"], 0xabcd, 0x4321, "Any maker's", "PEN-8"), "/dev/pen/by-serial/PEN-8")
    expect_pen(machine, machine.usb(["ff5057", "080650"], serial="PEN-9"), "/dev/pen/by-serial/PEN-9")


def case_bulk_foreign(machine):
    for classes in (["ff0000"], ["ff5000"], ["ff5058"], ["fe5057"], ["030000", "080650"], ["57ff50", "570000"]):
        expect_foreign(machine, machine.usb(classes))


def case_acm_pens(machine):
    expect_pen(machine, machine.acm(interface="Penwire", serial="PEN-1"), "/dev/pen/by-serial/PEN-1")
    expect_pen(machine, machine.acm(interface="Penwire 2", serial="PEN-2"), "/dev/pen/by-serial/PEN-2")
    product = machine.acm(name="Maker's Penwire Pro", serial="PEN-3")
    expect_pen(machine, product, "/dev/pen/by-serial/PEN-3")
    expect_equal(machine.event(product).properties.get("ID_MM_PORT_IGNORE"), "1", "ModemManager's port property")
    # ModemManager asks the whole device as well, and may open it only if that is tagged.
    device = machine.event(os.path.dirname(os.path.dirname(os.path.dirname(product))))
    expect_equal(device.properties.get("ID_MM_DEVICE_IGNORE"), "1", "ModemManager's property of the whole device")
    expect(not device.is_pen, "the device of a serial pen is given away as a whole")


def case_acm_hwdb(machine):
    """Each entry is reached by a rule, and only with its product string."""
    n = 0
    for vendor, product, name in hwdb_entries():
        vendor, product, name = int(vendor, 16), int(product, 16), name.rstrip("*")
        n += 1
        expect_pen(machine, machine.acm(vendor, product, name + "1", serial=f"PEN-H{n}"), f"/dev/pen/by-serial/PEN-H{n}")
        expect_foreign(machine, machine.acm(vendor, product, "Other thing"))
        expect_foreign(machine, machine.acm(vendor, product + 0x100, name + "1"))
    expect(n > 0, "no entry was tried")


def case_acm_foreign(machine):
    expect_foreign(machine, machine.acm(interface="Modem", name="Phone"))
    expect_foreign(machine, machine.acm(interface="My Penwire-like thing", name="Phone"))
    device = machine.usb(["ff0000"])
    expect_foreign(machine, machine.tty(device, f"ttyACM{machine.number}", 166, "ff0000", "Penwire"))
    # Of a pen with bulk endpoints a second line is something else, unless it says so itself.
    both = machine.usb(["ff5057", "020201"], serial="PEN-B")
    expect_foreign(machine, machine.plug(machine.tty(both, f"ttyACM{machine.number}", 166, "020201", "Console", number=1)), hidden=True)
    both = machine.usb(["ff5057", "020201"], serial="PEN-C")
    line = machine.plug(machine.tty(both, f"ttyACM{machine.number}", 166, "020201", "Penwire", number=1))
    expect_pen(machine, line, "/dev/pen/by-serial/PEN-C")
    dock = machine.usb(["090000"], name="Penwire dock", serial="DOCK")
    expect_foreign(machine, machine.acm(interface="Modem", name="Phone", under=dock))


def case_chips(machine):
    """A pen behind a USB-serial chip is never taken by numbers or strings: other things have the same."""
    for vendor, product, name in ((0x0403, 0x6001, "FT232R USB UART"), (0x10c4, 0xea60, "CP2102"), (0x1a86, 0x7523, "USB Serial"),
                                  (0x067b, 0x2303, "Penwire cable")):
        device = machine.usb(["ff0000"], vendor, product, name)
        expect_foreign(machine, machine.tty(device, f"ttyUSB{machine.number}", 188, "ff0000", "Penwire"))
    expect_foreign(machine, machine.add("/devices/platform/serial8250/tty/ttyS9", [
        "E: SUBSYSTEM=tty", "N: ttyS9", "E: DEVNAME=/dev/ttyS9", "E: MAJOR=4", "E: MINOR=73"], {}))


def case_grabbers(machine):
    """What other packages start for a device by its numbers does not start for a pen, and does for the others."""
    grab = 'ENV{ID_VENDOR_ID}=="1209", ENV{BRLTTY_BRAILLE_DRIVER}="bm", TAG+="systemd", ENV{SYSTEMD_WANTS}+="brltty-device@x.service"\n'
    machine.rules_file("59-gps.rules", 'ENV{ID_VENDOR_ID}=="1209", TAG+="systemd", ENV{SYSTEMD_WANTS}="gpsdctl@%k.service"\n')
    machine.rules_file("90-brltty-device.rules", grab)
    pens = machine.usb(["ff5057"], serial="PEN-G1"), machine.acm(interface="Penwire", serial="PEN-G2")
    other = machine.usb(["ff0000"])
    try:
        for number, pen in enumerate(pens, 1):
            expect_pen(machine, pen, f"/dev/pen/by-serial/PEN-G{number}")
            expect_equal(machine.event(pen).properties.get("BRLTTY_BRAILLE_DRIVER", ""), "", "brltty's driver")
        event = machine.event(other)
        expect_equal(event.wants[-1], "brltty-device@x.service", "what starts for another device")
        expect_equal(event.properties.get("BRLTTY_BRAILLE_DRIVER"), "bm", "brltty's driver for another device")
    finally:
        for name in ("59-gps.rules", "90-brltty-device.rules"):
            os.unlink("/run/udev/rules.d/" + name)


def case_serials(machine):
    """A serial number is what a stranger wrote into a device."""
    for serial, link in (("../../sda", "/dev/pen/by-serial/.._.._sda"), ("a b", "/dev/pen/by-serial/a_b"), ("%k$env{X}", None), ("..", None),
                         (".", None), ("-", "/dev/pen/by-serial/-"), ("7" * 126, "/dev/pen/by-serial/" + "7" * 126), ("a;b|c", None),
                         ("\u00e9\u65e5", None), ("\u202e1", None), ("   ", None)):
        event = machine.event(machine.usb(["ff5057"], serial=serial))
        expect(event.is_pen, f"{serial!r}: no pen")
        ours = {found for found in event.links if "pen" in found or "sda" in found}
        expect(all(re.fullmatch(r"/dev/pen/by-serial/[ -.0-~]+", found) and not {".", ".."} & set(found.split("/")) for found in ours),
               f"{serial!r}: {ours}")
        expect(link is None or link in ours, f"{serial!r}: {ours}")
    # Two pens that say the same are both pens; the name leads to one of them, and IDENTITY tells them apart or not.
    for _ in range(2):
        event = machine.event(machine.usb(["ff5057"], serial="TWIN"))
        expect(event.is_pen and "/dev/pen/by-serial/TWIN" in event.links, f"twins: {event.tags}, {event.links}")
    event = machine.event(machine.usb(["ff5057"], serial=None))
    expect(event.is_pen and not any("/pen/" in link for link in event.links), f"no serial: {event.tags}, {event.links}")


def case_complaints_are_seen(machine):
    machine.rules_file("97-stipple-broken.rules", 'TAG+="stipple", NONSENSE="1"\n')
    try:
        event = machine.event(machine.usb(["ff5057"]))
        expect(any("NONSENSE" in line or "97-stipple-broken" in line for line in event.complaints),
               "a broken rule was not noticed:\n" + event.output[:3000])
    finally:
        os.unlink("/run/udev/rules.d/97-stipple-broken.rules")


PLAIN = [
    ("the hwdb has no duplicates, is sorted, and names no chips", case_hwdb_lint),
    ("the lint finds each of these", case_hwdb_lint_sees),
    ("the hwdb compiles, and each entry is found with its product only", case_hwdb_compiles),
    ("the rules run nothing and permit nobody else", case_rules_lint),
]
MOCKED = [
    ("a pen with bulk endpoints is taken, whoever made it", case_bulk_pens),
    ("other vendor-class devices are not", case_bulk_foreign),
    ("a CDC-ACM pen is taken by its strings", case_acm_pens),
    ("a CDC-ACM pen is taken by the hwdb", case_acm_hwdb),
    ("other modems are not, nor what is plugged into a hub", case_acm_foreign),
    ("USB-serial chips are not", case_chips),
    ("others do not grab a pen, and keep what is theirs", case_grabbers),
    ("a serial number cannot make a link elsewhere", case_serials),
    ("a mistake in the rules would be seen", case_complaints_are_seen),
]


def main():
    inside = udev_machine.enter()
    tap = Tap()
    for name, case in PLAIN:
        tap.case(name, case)
    if inside:
        machine = Machine()
        for name, case in MOCKED:
            tap.case(name, case, machine)
    else:
        for name, _ in MOCKED:
            tap.number += 1
            print(f"ok {tap.number} - {name} # SKIP mounting is not allowed here")
    tap.done()


if __name__ == "__main__":
    os.chdir(TOP)
    main()
