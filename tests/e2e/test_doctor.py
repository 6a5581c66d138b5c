#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stipplectl doctor on computers that are made up: one on which all is well, and that one with each thing in turn gone wrong."""
import json
import os
import re
import shutil
import socket
import subprocess
import threading

from harness import HANG_SECONDS, TOP, Daemon, Tap, expect, expect_equal, program, temporary_directory

CTL = program("stipplectl")
VERSION = re.search(r"stipplectl (\S+)", subprocess.run([CTL, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                                        text=True, check=True).stdout).group(1)
UNIT_ACTIVE = "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nExecMainStatus=0\nNeedDaemonReload=no\n"
STATUS = {"version": VERSION, "database": {"state": "ok", "error": None}, "ports": [
    {"path": "/dev/ttyACM0", "state": "open", "trouble": None}]}


class Machine:
    """A computer below a directory: a Debian with stipple installed, one bulk pen, one serial pen, one pen behind a chip."""

    def __init__(self):
        self.root = temporary_directory()
        self.bin = self.root + "/fake-bin"
        self.answer = {"result": STATUS}
        self.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nstipple:x:998:998::/var/lib/stipple:/usr/sbin/nologin\n"
                                  f"anna:x:{os.geteuid() or 1000}:1000::/home/anna:/bin/sh\n")
        self.write("/etc/group", "root:x:0:\ndialout:x:20:\nplugdev:x:46:\nstipple:x:998:\nstipple-viewer:x:990:\n"
                                 "stipple-operator:x:991:\nstipple-admin:x:992:\n")
        for name in ("stippled.conf",):
            self.copy("udev/" + name, "/etc/stipple/" + name)
        self.write("/etc/stipple/stippled.conf.d/10-desk.conf", "[port desk]\npath = /dev/serial/by-id/usb-*-port0 ; the desk\n")
        for name in ("60-stipple.rules", "98-stipple.rules"):
            self.copy("udev/" + name, "/lib/udev/rules.d/" + name)
        self.copy("udev/hwdb.d/70-stipple.hwdb", "/lib/udev/hwdb.d/70-stipple.hwdb")
        self.copy("udev/stippled.service.in", "/lib/systemd/system/stippled.service")
        self.write("/lib/udev/hwdb.bin", "KSLPHHRH STIPPLE_PEN 1")
        self.write("/run/udev/control", "")
        self.write("/run/systemd/system/.keep", "")
        for path in ("/var/lib/stipple/stipple.db", "/var/lib/stipple/private/signing.key"):
            self.write(path, "x", 0o600)
        self.write("/proc/self/mounts", "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n")
        self.process(1, "systemd")
        self.add_pens()
        self.program("systemctl", 'for unit; do :; done\ncat "${0%/*}/$unit"\n')
        self.program("timedatectl", "echo NTPSynchronized=yes\n")
        self.unit("stippled.service", UNIT_ACTIVE)
        self.unit("stippled.socket", UNIT_ACTIVE)
        self.socket_path = self.root + "/s"
        self.listen()

    def path(self, path):
        full = self.root + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        return full

    def write(self, path, text, mode=0o644):
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.root + path, mode)

    def copy(self, source, path):
        shutil.copy(os.path.join(TOP, source), self.path(path))

    def remove(self, path):
        os.unlink(self.root + path)

    def edit(self, path, old, new):
        with open(self.root + path, encoding="utf-8") as f:
            text = f.read()
        expect(old in text, f"{path} has no {old!r}")
        self.write(path, text.replace(old, new))

    def link(self, path, target):
        os.symlink(target, self.path(path))

    def program(self, name, text):
        self.write("/fake-bin/" + name, "#!/bin/sh\n" + text, 0o755)

    def unit(self, name, text, **changes):
        for key, value in changes.items():
            text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, flags=re.M)
        self.write("/fake-bin/" + name, text)

    def process(self, pid, name, *nodes):
        self.write(f"/proc/{pid}/comm", name + "\n")
        os.makedirs(self.root + f"/proc/{pid}/fd", exist_ok=True)
        for number, node in enumerate(("/dev/null", "socket:[77]", *nodes)):
            self.link(f"/proc/{pid}/fd/{number}", node)

    def attributes(self, device, **values):
        for name, value in values.items():
            self.write(f"{device}/{name}", value + "\n")

    def node(self, path, mode=0o666):
        # The owner is whoever runs the test; permissions are what a case is about.
        self.write(path, "", mode)

    def udev_notes(self, number, *lines):
        self.write("/run/udev/data/c" + number, "\n".join(("I:1", *lines, "V:1")) + "\n")

    def add_pens(self):
        ours = ("E:ID_MM_DEVICE_IGNORE=1", "G:stipple", "G:systemd", "Q:stipple", "Q:systemd")
        # a bulk pen
        usb = "/sys/devices/pci0/usb1"
        self.attributes(usb + "/1-1", uevent="MAJOR=189\nMINOR=1\nDEVNAME=bus/usb/001/002\nDEVTYPE=usb_device", dev="189:1",
                        idVendor="1209", idProduct="0001", product="Sample One")
        self.attributes(usb + "/1-1/1-1:1.0", bInterfaceClass="ff", bInterfaceSubClass="50", bInterfaceProtocol="57",
                        interface="Penwire")
        self.link("/sys/bus/usb/devices/1-1", "../../../devices/pci0/usb1/1-1")
        self.link("/sys/bus/usb/devices/1-1:1.0", "../../../devices/pci0/usb1/1-1/1-1:1.0")
        self.node("/dev/bus/usb/001/002")
        self.udev_notes("189:1", *ours)
        # a serial pen, and a modem that is none
        for number, (interface, product, notes) in enumerate((("Penwire", "Sample Mini", ours), ("Modem", "Phone", ()))):
            device = f"{usb}/1-{number + 2}"
            self.attributes(device, idVendor="1209", idProduct="0002", product=product)
            self.attributes(f"{device}/1-{number + 2}:1.0", bInterfaceClass="02", interface=interface)
            self.attributes(f"{device}/1-{number + 2}:1.0/tty/ttyACM{number}", dev=f"166:{number}")
            self.link(f"{device}/1-{number + 2}:1.0/tty/ttyACM{number}/device", f"../../../1-{number + 2}:1.0")
            self.link(f"/sys/class/tty/ttyACM{number}",
                      f"../../devices/pci0/usb1/1-{number + 2}/1-{number + 2}:1.0/tty/ttyACM{number}")
            self.node(f"/dev/ttyACM{number}")
            self.udev_notes(f"166:{number}", *notes)
        # a pen behind a chip, which the configuration names
        device = usb + "/1-4"
        self.attributes(device, idVendor="0403", idProduct="6001", product="FT232R USB UART")
        self.attributes(device + "/1-4:1.0/ttyUSB0/tty/ttyUSB0", dev="188:0")
        self.link(device + "/1-4:1.0/ttyUSB0/tty/ttyUSB0/device", "../../../ttyUSB0")
        self.link("/sys/class/tty/ttyUSB0", "../../devices/pci0/usb1/1-4/1-4:1.0/ttyUSB0/tty/ttyUSB0")
        self.node("/dev/ttyUSB0")
        self.link("/dev/serial/by-id/usb-FTDI-port0", "../../ttyUSB0")
        self.udev_notes("188:0")

    def listen(self):
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.socket_path)
        self.server.listen(8)
        threading.Thread(target=self.serve, args=(self.server,), daemon=True).start()

    def serve(self, server):
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                request = json.loads(client.makefile("rb").readline() or "{}")
                if request and self.answer:
                    client.sendall(json.dumps({"jsonrpc": "2.0", "id": request["id"], **self.answer}).encode() + b"\n")

    def doctor(self, *options, user=None):
        environment = dict(os.environ, PATH=self.bin + ":" + os.environ["PATH"], STIPPLE_DOCTOR_ROOT=self.root)
        command = [CTL, "doctor", "--socket", self.socket_path, *options]
        if user:
            command = ["setpriv", *user, "--", *command]
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=HANG_SECONDS, check=False)

    def findings(self, **options):
        done = self.doctor("--json", **options)
        expect_equal(done.stderr, "", "stderr")
        return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def snapshot(root):
    """Every file's name, content and times, to see that looking changes nothing."""
    found = {}
    for place, _, files in os.walk(root):
        for name in files:
            path = os.path.join(place, name)
            st = os.lstat(path)
            found[path] = (st.st_mode, st.st_size, st.st_mtime_ns)
    return found


def case_healthy():
    machine = Machine()
    before = snapshot(machine.root)
    findings, status = machine.findings()
    expect_equal([f for f in findings if f["state"] in ("warning", "problem")], [], "on a computer where all is well")
    expect_equal(status, 0, "exit status")
    checks = {f["check"] for f in findings if f["state"] == "ok"}
    for check in ("service", "socket", "version", "database", "groups", "udev", "hwdb", "pens", "access", "ports", "disk", "clock"):
        expect(check in checks, f"{check} is not among {checks}")
    pens = [f["text"] for f in findings if f["check"] == "pens"]
    expect_equal(pens, ["udev knows 2 pens on USB"], "pens")
    expect(any("3 ports" in f["text"] for f in findings if f["check"] == "access"), findings)
    expect_equal(snapshot(machine.root), before, "what doctor changed")


def expect_finding(machine, state, check, words, remedy, others=(), **options):
    """Exactly one finding that is not fine (beside those of @others), with these words and this advice; the status follows."""
    findings, status = machine.findings(**options)
    bad = [f for f in findings if f["state"] in ("warning", "problem") and f["check"] not in others]
    expect(len(bad) == 1, f"wanted one {state} of {check}, found {bad}")
    found = bad[0]
    expect_equal((found["state"], found["check"]), (state, check), found["text"])
    for word in words:
        expect(word in found["text"], f"{word!r} is not in {found['text']!r}")
    for word in remedy:
        expect(word in (found["remedy"] or ""), f"{word!r} is not in {found['remedy']!r}")
    if not others:
        expect_equal(status, 2 if state == "problem" else 1, "exit status")
    return found


def case_rules():
    machine = Machine()
    machine.remove("/lib/udev/rules.d/60-stipple.rules")
    expect_finding(machine, "problem", "udev", ["60-stipple.rules", "not installed"], ["reinstall", "udevadm control --reload"])
    machine.copy("udev/60-stipple.rules", "/usr/local/lib/udev/rules.d/60-stipple.rules")
    expect_equal(machine.findings()[1], 0, "rules below /usr/local")
    machine.link("/etc/udev/rules.d/98-stipple.rules", "/dev/null")
    expect_finding(machine, "problem", "udev", ["98-stipple.rules", "switched off", "/etc/udev/rules.d"], ["remove it"])


def case_leftovers():
    """What was installed by hand once stands before the package's files, which an upgrade brings up to date."""
    for place, leftover, check in (("lib/udev/rules.d/98-stipple.rules", "/usr/local/lib/udev/rules.d/98-stipple.rules", "udev"),
                                   ("lib/udev/hwdb.d/70-stipple.hwdb", "/etc/udev/hwdb.d/70-stipple.hwdb", "hwdb"),
                                   ("lib/systemd/system/stippled.service", "/etc/systemd/system/stippled.service", "service")):
        machine = Machine()
        with open(machine.path("/" + place), encoding="utf-8") as f:
            text = f.read()
        machine.write(leftover, text)
        expect_equal(machine.findings()[1], 0, f"the same words twice: {leftover}")
        machine.write(leftover, text + "# of last year\n")
        expect_finding(machine, "warning", check, [leftover, "instead of /" + place], ["remove it"])


def case_hwdb():
    machine = Machine()
    machine.write("/lib/udev/hwdb.bin", "KSLPHHRH something else")
    expect_finding(machine, "warning", "hwdb", ["without the pens"], ["systemd-hwdb update"])
    machine.remove("/lib/udev/hwdb.bin")
    expect_finding(machine, "warning", "hwdb", ["never compiled"], ["systemd-hwdb update"])
    machine.write("/etc/udev/hwdb.bin", "STIPPLE_PEN")
    expect_equal(machine.findings()[1], 0, "compiled by hand")
    machine.remove("/lib/udev/hwdb.d/70-stipple.hwdb")
    expect_finding(machine, "warning", "hwdb", ["not installed"], ["reinstall"])


def case_not_loaded():
    for number, node in (("189:1", "/dev/bus/usb/001/002"), ("166:0", "/dev/ttyACM0")):
        machine = Machine()
        machine.udev_notes(number, "E:ID_BUS=usb", "G:stipple")  # G: once, Q: now
        expect_finding(machine, "problem", "udev", [node, "before the rules"], ["plug the pen in again", "udevadm trigger"])
    machine = Machine()
    machine.remove("/run/udev/control")
    expect_finding(machine, "problem", "udev", ["udev does not run"], ["systemd-udevd"])
    machine = Machine()
    machine.remove("/dev/ttyACM0")
    expect_finding(machine, "problem", "pens", ["/dev/ttyACM0", "not in /dev"], ["plug"])


def case_no_hotplug():
    machine = Machine()
    machine.write("/etc/stipple/stippled.conf.d/20-quiet.conf", "[daemon]\nhotplug = no ; for now\n")
    expect_finding(machine, "warning", "pens", ["2 pens", "hotplug = no"], ["hotplug = yes", "restart"])
    machine.write("/etc/stipple/stippled.conf.d/30-port.conf", "[port mini]\npath = /dev/ttyACM0\n")
    expect_finding(machine, "warning", "pens", ["1 pen on", "hotplug = no"], ["hotplug = yes", "restart"])
    machine.write("/etc/stipple/stippled.conf.d/40-again.conf", "[daemon]\nhotplug = yes\n")
    expect_equal(machine.findings()[1], 0, "and yes in a later file")


def case_groups():
    machine = Machine()
    machine.edit("/etc/group", "stipple-operator:x:991:\n", "")
    expect_finding(machine, "warning", "groups", ["operator_group = stipple-operator", "no such group"], ["systemd-sysusers"])
    machine = Machine()
    machine.edit("/etc/group", "stipple:x:998:\n", "")
    expect_finding(machine, "problem", "groups", ["no group stipple"], ["systemd-sysusers"])
    machine = Machine()
    machine.edit("/etc/passwd", "stipple:x:998", "other:x:998")
    expect_finding(machine, "problem", "groups", ["user stipple"], ["systemd-sysusers"])


def case_you():
    """Somebody else than root, which the test must be to become somebody else."""
    if os.geteuid() != 0:
        return
    machine = Machine()
    for place, _, files in os.walk(machine.root):
        os.chmod(place, 0o755)
    os.chmod(machine.socket_path, 0o666)
    shutil.copy(CTL, machine.path("/bin/stipplectl"))
    nobody = ["--reuid=65534", "--regid=65534"]

    def doctor(*groups):
        user = [*nobody, "--groups=" + ",".join(groups) if groups else "--clear-groups"]
        environment = dict(os.environ, PATH=machine.bin + ":" + os.environ["PATH"], STIPPLE_DOCTOR_ROOT=machine.root)
        done = subprocess.run(["setpriv", *user, "--", machine.root + "/bin/stipplectl", "doctor", "--json", "--socket",
                               machine.socket_path], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True, timeout=HANG_SECONDS, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def you(*groups):
        return next(f for f in doctor(*groups) if f["check"] == "you")

    found = you()
    expect_equal(found["state"], "problem", found)
    expect("stipple-viewer" in found["text"] and "sudo adduser nobody stipple-viewer" in found["remedy"], found)
    expect("stipple-operator" in found["remedy"], found)
    expect_equal((you("990")["state"], you("990")["text"]), ("ok", "nobody has the role viewer"), "a viewer")
    expect_equal(you("990", "992")["text"], "nobody has the role admin", "an admin")
    machine.edit("/etc/group", "stipple-operator:x:991:", "stipple-operator:x:991:bea,nobody")
    found = you("990")
    expect_equal(found["state"], "warning", found)
    expect("stipple-operator" in found["text"] and "log out" in found["remedy"], found)
    machine.edit("/etc/stipple/stippled.conf", "viewer_group = stipple-viewer", "#")
    machine.edit("/etc/group", "bea,nobody", "bea")
    expect_equal(you()["state"], "ok", "when everybody may look")
    # Others' processes are not seen, and that is said.
    os.chmod(machine.root + "/proc/1/fd", 0o700)
    found = [f for f in doctor() if f["check"] == "ports"]
    expect(len(found) == 1 and found[0]["state"] == "note" and "root" in found[0]["text"], found)
    machine.write("/proc/self/mounts", "proc /proc proc rw,nosuid,hidepid=2 0 0\n")
    found = [f for f in doctor() if f["check"] == "ports"]
    expect("hidepid" in found[0]["text"] and "sudo" in found[0]["remedy"], found)


def case_access():
    machine = Machine()
    own = os.geteuid(), os.getegid()
    os.chmod(machine.root + "/dev/ttyUSB0", 0o660)
    if own[0] == 0:
        os.chown(machine.root + "/dev/ttyUSB0", 0, 46)
        expect_finding(machine, "problem", "access", ["/dev/ttyUSB0", "root:plugdev", "0660", "stipple"],
                       ["adduser stipple plugdev", "restart"])
        os.chown(machine.root + "/dev/ttyUSB0", 0, 20)  # the unit's supplementary group
        expect_equal(machine.findings()[1], 0, "a port of group dialout")
        os.chown(machine.root + "/dev/ttyUSB0", 0, 46)
        machine.edit("/etc/group", "plugdev:x:46:", "plugdev:x:46:stipple")
        expect_equal(machine.findings()[1], 0, "a port of a group that the user is in")
    else:
        expect_finding(machine, "problem", "access", ["/dev/ttyUSB0", "0660"], [])
    machine = Machine()
    os.chmod(machine.root + "/dev/ttyACM0", 0o600)
    expect_finding(machine, "problem", "access", ["/dev/ttyACM0", "0600"], ["udevadm trigger", "group stipple"])


def case_sandbox():
    machine = Machine()
    machine.attributes("/sys/class/tty/ttyS1", dev="4:65")
    machine.node("/dev/ttyS1")
    machine.edit("/etc/stipple/stippled.conf.d/10-desk.conf", "/dev/serial/by-id/usb-*-port0", "/dev/ttyS1")
    expect_finding(machine, "problem", "access", ["/dev/ttyS1", "major 4", "sandbox"], ["DeviceAllow=/dev/ttyS1 rw"])
    machine.write("/proc/devices", "Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 ttyS\n\nBlock devices:\n  4 other\n")
    for allowed in ("/dev/ttyS1 rw", "/dev/ttyS1", "char-4 rw", "char-4", "char-ttyS rw", "char-* rw"):
        machine.write("/etc/systemd/system/stippled.service.d/port.conf", f"[Service]\nDeviceAllow={allowed}\n")
        expect_equal(machine.findings()[1], 0, f"with the drop-in {allowed}")
    for allowed in ("/dev/ttyS10 rw", "char-40 rw", "char-mem rw", "char-other rw"):
        machine.write("/etc/systemd/system/stippled.service.d/port.conf", f"[Service]\nDeviceAllow={allowed}\n")
        expect_finding(machine, "problem", "access", ["/dev/ttyS1", "major 4"], ["DeviceAllow=/dev/ttyS1 rw"])
    # an empty one takes back what stood before
    machine = Machine()
    machine.write("/etc/systemd/system/stippled.service.d/port.conf", "[Service]\nDeviceAllow=\nDeviceAllow=char-166 rw\nDeviceAllow=char-189\n")
    expect_finding(machine, "problem", "access", ["/dev/ttyUSB0", "major 188"], ["DeviceAllow=/dev/ttyUSB0 rw"])


def case_nothing_there():
    """A configured pen that is in a drawer is no problem, and is named."""
    machine = Machine()
    machine.write("/etc/stipple/stippled.conf.d/20-more.conf", "[port other]\npath = /dev/ttyUSB7\n[port third]\npath = /dev/serial/by-id/x-*\n")
    machine.answer = {"result": {**STATUS, "ports": [{"path": path, "state": "waiting", "trouble": "nothing is at this path"}
                                                     for path in ("/dev/ttyUSB7", "/dev/by-hand")]}}
    findings, status = machine.findings()
    expect_equal(status, 0, "exit status")
    said = [f["text"] for f in findings if f["check"] == "ports" and f["state"] == "note"]
    expect_equal(said, ["the daemon waits for /dev/by-hand: nothing is at this path", "nothing is at /dev/ttyUSB7, which stippled.conf names",
                        "nothing is at /dev/serial/by-id/x-*, which stippled.conf names"], "notes")


def case_programs():
    machine = Machine()
    machine.process(812, "picocom", "/dev/ttyACM0", "/dev/ttyACM0")
    expect_finding(machine, "problem", "ports", ["/dev/ttyACM0", "picocom", "812"], ["quit picocom"])
    machine = Machine()
    machine.process(900, "stippled", "/dev/ttyACM0", "/dev/bus/usb/001/002")
    machine.process(901, "cat", "/dev/ttyACM1", "/dev/ttyUSB1")  # ports that are none of ours
    expect_equal(machine.findings()[1], 0, "with the daemon on its own ports")


def case_modem_manager():
    machine = Machine()
    machine.process(500, "ModemManager")
    expect_finding(machine, "warning", "modem", ["/dev/ttyUSB0", "ModemManager"], ["ID_MM_PORT_IGNORE", "ttyUSB0", "61-pens.rules"])
    machine.udev_notes("188:0", "E:ID_MM_PORT_IGNORE=1")
    expect_equal(machine.findings()[1], 0, "told to leave it alone")
    machine.udev_notes("166:0", "Q:stipple")
    expect_finding(machine, "warning", "modem", ["/dev/ttyACM0"], ["plug the pen in again"])


def case_brltty():
    machine = Machine()
    machine.process(501, "brltty")
    expect_finding(machine, "warning", "brltty", ["/dev/ttyUSB0", "0403:6001"], ["disable --now brltty", "braille"])
    # when it has taken the chip, the serial port is gone
    machine.remove("/sys/class/tty/ttyUSB0")
    machine.remove("/dev/serial/by-id/usb-FTDI-port0")
    machine.link("/sys/bus/usb/devices/1-4", "../../../devices/pci0/usb1/1-4")
    machine.link("/sys/bus/usb/devices/1-4:1.0", "../../../devices/pci0/usb1/1-4/1-4:1.0")
    expect_equal(machine.findings()[1], 0, "a chip without a driver")
    machine.link("/sys/devices/pci0/usb1/1-4/1-4:1.0/driver", "../../../../../bus/usb/drivers/ftdi_sio")
    expect_equal(machine.findings()[1], 0, "a chip with its own driver")
    machine.remove("/sys/devices/pci0/usb1/1-4/1-4:1.0/driver")
    machine.link("/sys/devices/pci0/usb1/1-4/1-4:1.0/driver", "../../../../../bus/usb/drivers/usbfs")
    expect_finding(machine, "problem", "brltty", ["chip 1-4 (0403:6001)", "no /dev/ttyUSB"], ["disable --now brltty", "plug the pen in again"])
    machine.write("/proc/501/comm", "other\n")
    expect_equal(machine.findings()[1], 0, "somebody else who uses such a chip")


def case_service():
    start = ["systemctl enable --now stippled.socket stippled.service"]
    for unit, changes, words, remedy in (
            ("stippled.service", {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78"}, ["configuration"],
             ["stippled --check"]),
            ("stippled.service", {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "77"}, ["not permitted"],
             ["stippled --check"]),
            ("stippled.service", {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "74"}, ["disk"], ["disk"]),
            ("stippled.service", {"ActiveState": "failed", "Result": "watchdog", "ExecMainStatus": "6"}, ["watchdog"], ["journalctl"]),
            ("stippled.service", {"LoadState": "masked", "ActiveState": "inactive"}, ["masked"], ["unmask"]),
            ("stippled.service", {"LoadState": "not-found", "ActiveState": "inactive"}, ["does not know"], ["daemon-reload"]),
            ("stippled.socket", {"ActiveState": "inactive"}, ["does not listen"], start),
            ("stippled.socket", {"ActiveState": "failed", "Result": "trigger-limit-hit"}, ["trigger-limit-hit"],
             ["restart stippled.socket"])):
        machine = Machine()
        machine.unit(unit, UNIT_ACTIVE, **changes)
        expect_finding(machine, "problem", "service", words, remedy)
    machine = Machine()
    machine.unit("stippled.service", UNIT_ACTIVE, ActiveState="inactive")
    expect_equal(machine.findings()[1], 0, "a service that its socket starts")
    machine.unit("stippled.service", UNIT_ACTIVE, ActiveState="activating")
    expect_finding(machine, "warning", "service", ["again and again"], ["journalctl"])
    machine.unit("stippled.service", UNIT_ACTIVE, NeedDaemonReload="yes")
    expect_finding(machine, "warning", "service", ["changed"], ["daemon-reload"])
    machine.program("systemctl", "exit 1\n")
    expect_finding(machine, "warning", "service", ["systemctl does not answer"], ["systemctl status"])


def case_socket():
    machine = Machine()
    machine.server.shutdown(socket.SHUT_RDWR)
    machine.server.close()
    expect_finding(machine, "problem", "socket", ["nobody answers"], ["restart stippled"])
    os.unlink(machine.socket_path)
    expect_finding(machine, "problem", "socket", ["no socket", machine.socket_path], ["restart stippled"])
    machine.write("/s", "")
    expect_finding(machine, "problem", "socket", ["is no socket"], ["move it away"])
    machine = Machine()
    machine.answer = {"error": {"code": -32002, "message": "the role viewer is needed to connect",
                                "data": {"hint": "members of group stipple-viewer have the role viewer"}}}
    expect_finding(machine, "problem", "socket", ["the role viewer is needed"], ["stipple-viewer"])
    machine.answer = None
    expect_finding(machine, "problem", "socket", ["broke the connection"], ["try again"])


def case_daemon_says():
    machine = Machine()
    machine.answer = {"result": {**STATUS, "version": "0.0.9"}}
    expect_finding(machine, "warning", "version", ["0.0.9", VERSION], ["restart stippled"])
    machine.answer = {"result": {**STATUS, "database": {"state": "failing", "error": "disk I/O error"}}}
    expect_finding(machine, "problem", "database", ["disk I/O error", "pens keep"], ["disk"])
    machine.answer = {"result": {**STATUS, "ports": [{"path": "/dev/ttyACM0", "state": "busy", "trouble": "is in use by \x1b[2Jcat"}]}}
    expect_finding(machine, "problem", "ports", ["/dev/ttyACM0", "is in use by"], [])
    expect("\x1b" not in machine.doctor().stdout, "a port's trouble steers the terminal")


def case_record():
    machine = Machine()
    machine.remove("/var/lib/stipple/private/signing.key")
    expect_finding(machine, "problem", "database", ["not its signing key"], ["same backup"])
    machine = Machine()
    machine.remove("/var/lib/stipple/stipple.db")
    expect_finding(machine, "problem", "database", ["not its database"], ["restore"])
    machine = Machine()
    os.chmod(machine.root + "/var/lib/stipple/private/signing.key", 0o640)
    expect_finding(machine, "problem", "database", ["others may read", "0640"], ["chmod 600"])
    machine = Machine()
    machine.write("/etc/stipple/stippled.conf.d/20-disk.conf", "[daemon]\ndatabase=/big/stipple.db\n")
    expect_finding(machine, "problem", "disk", ["/big"], ["systemd-tmpfiles"], others=("database",))


def case_disk():
    """A disk that is full: a small one in a mount namespace of its own, where that is allowed."""
    machine = Machine()
    script = 'mount -t tmpfs -o size={} none "$STIPPLE_DOCTOR_ROOT/var/lib/stipple" && mkdir -m 700 "$STIPPLE_DOCTOR_ROOT/var/lib/stipple/private" && {}exec "$@"'
    environment = dict(os.environ, PATH=machine.bin + ":" + os.environ["PATH"], STIPPLE_DOCTOR_ROOT=machine.root)
    for size, extra, state, words in (("8m", "", "problem", ["8.0 MiB", "soon nothing"]), ("500m", "", "warning", ["500.0 MiB"]),
                                      ("2g", "", "ok", ["2.0 GiB"]),
                                      ("2g", 'mount -o remount,ro "$STIPPLE_DOCTOR_ROOT/var/lib/stipple" && ', "problem", ["only be read"])):
        done = subprocess.run(["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", script.format(size, extra), "sh", CTL,
                               "doctor", "--json", "--socket", machine.socket_path], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=HANG_SECONDS, check=False)
        if done.returncode not in (0, 1, 2) and not done.stdout:
            print(f"# not tried: {done.stderr.strip()}")
            return
        found = [json.loads(line) for line in done.stdout.splitlines()]
        found = next(f for f in found if f["check"] == "disk")
        expect_equal(found["state"], state, found)
        for word in words:
            expect(word in found["text"], found)


def case_clock():
    machine = Machine()
    machine.program("timedatectl", "echo NTPSynchronized=no\n")
    expect_finding(machine, "warning", "clock", ["not synchronised"], ["set-ntp true"])


def case_table():
    machine = Machine()
    machine.program("timedatectl", "echo NTPSynchronized=no\n")
    machine.remove("/lib/udev/rules.d/60-stipple.rules")
    done = machine.doctor()
    expect_equal(done.returncode, 2, "exit status")
    lines = done.stdout.splitlines()
    expect_equal(lines[-1], "1 problem, 1 warning", "the last line")
    at = next(i for i, line in enumerate(lines) if line.startswith("problem"))
    expect(lines[at].startswith("problem  udev") and lines[at + 1].strip().startswith("do: "), done.stdout)
    expect("\033" not in done.stdout, "colours in a pipe")
    machine = Machine()
    expect("nothing stands in the way" in machine.doctor().stdout, "a computer where all is well")
    csv = machine.doctor("--csv").stdout.splitlines()
    expect_equal(csv[0], "check,state,text,remedy", "headings")


def case_real_daemon():
    """Against the daemon itself, and again when it is stopped: doctor does not wait for it for ever."""
    machine = Machine()
    daemon = Daemon(temporary_directory()).start()
    machine.socket_path = daemon.socket_path
    expect_equal(machine.findings()[1], 0, "with the real daemon")
    os.kill(daemon.child.pid, 19)  # SIGSTOP
    expect_finding(machine, "problem", "socket", ["did not answer", "hangs"], ["restart stippled"])
    os.kill(daemon.child.pid, 18)


CASES = [
    ("where all is well nothing is complained of, and nothing is changed", case_healthy),
    ("rules that are missing or switched off", case_rules),
    ("what an old installation left behind", case_leftovers),
    ("a hwdb that is missing or old", case_hwdb),
    ("rules that udev has not used", case_not_loaded),
    ("pens that the configuration leaves alone", case_no_hotplug),
    ("users and groups that are missing", case_groups),
    ("you are not in the group, or not yet", case_you),
    ("a device that the daemon may not open", case_access),
    ("a device that the sandbox keeps away", case_sandbox),
    ("a port of the configuration where nothing is", case_nothing_there),
    ("another program has the port", case_programs),
    ("ModemManager", case_modem_manager),
    ("brltty", case_brltty),
    ("the service and its socket", case_service),
    ("nobody at the socket, or somebody who refuses", case_socket),
    ("what the daemon says of itself", case_daemon_says),
    ("database and key", case_record),
    ("the disk", case_disk),
    ("the clock", case_clock),
    ("for people and for CSV", case_table),
    ("the real daemon, running and stopped", case_real_daemon),
]


def main():
    tap = Tap()
    for name, case in CASES:
        tap.case(name, case)
    tap.done()


if __name__ == "__main__":
    main()
