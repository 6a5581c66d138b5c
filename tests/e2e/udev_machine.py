# SPDX-License-Identifier: MIT
"""A computer of made-up USB devices on which the real udevadm runs the real rules, without root's hardware or a running udevd.

umockdev mocks /sys and /dev; a mount namespace has /run/udev and /etc/udev of its own, with the tree's rules between those of Debian's
udev, the tree's hwdb compiled, and a group file that knows stipple's. enter() starts the program again inside of it.
"""
import atexit
import ctypes
import os
import re
import shutil
import subprocess
import sys

from harness import TOP, expect

PRELOAD = "libumockdev-preload.so.0"
GID = 4711  # of group stipple here
RULES = os.path.join(TOP, "udev")
HWDB = os.path.join(TOP, "udev", "hwdb.d")


def enter():
    """Starts this program again in a place of its own. Returns False if that is not allowed here, True inside."""
    if PRELOAD in os.environ.get("LD_PRELOAD", ""):
        return True
    for unshare in (["unshare", "-m"], ["unshare", "-Urm"]):
        if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/run"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.execvp("unshare", [*unshare, "env", "LD_PRELOAD=" + PRELOAD, sys.executable, *sys.argv])
    return False


def outside(*command, **options):
    """Runs a command that sees the real machine."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True, text=True, **options)


def compile_hwdb(source, root):
    """The files of a directory as a binary hwdb below @root; what systemd-hwdb had to say about them."""
    os.makedirs(root + "/etc/udev/hwdb.d")
    for name in os.listdir(source):
        shutil.copy(os.path.join(source, name), root + "/etc/udev/hwdb.d")
    said = outside("systemd-hwdb", "--strict", "--root=" + root, "update", stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    return said


class Event:
    """What the rules made of one uevent."""

    def __init__(self, output):
        self.output = output
        self.properties = dict(re.findall(r"^([A-Z0-9_.]+)=(.*)$", output, re.M))
        self.tags = set(filter(None, self.properties.get("CURRENT_TAGS", "").split(":")))
        self.links = set(self.properties.get("DEVLINKS", "").split())
        self.wants = self.properties.get("SYSTEMD_WANTS", "").split()
        # Of several files the last one counts; "1-1: /run/udev/rules.d/60-stipple.rules:42 GROUP 998"
        self.group = (re.findall(r"\.rules:\d+ GROUP (\d+)", output) or [None])[-1]
        self.mode = (re.findall(r"\.rules:\d+ MODE (\d+)", output) or [None])[-1]
        # "/run/udev/rules.d/60-stipple.rules:9 Unknown key": what the parser says begins with the file.
        self.complaints = re.findall(r"^/\S*stipple\S*\.rules:\d+ .*$", output, re.M)

    @property
    def is_pen(self):
        return "stipple" in self.tags


class Machine:
    def __init__(self):
        self.lib = ctypes.CDLL("libumockdev.so.0")
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        self.lib.umockdev_testbed_new.restype = pointer
        self.lib.umockdev_testbed_get_root_dir.restype = text
        self.lib.umockdev_testbed_get_root_dir.argtypes = [pointer]
        self.lib.umockdev_testbed_add_from_string.argtypes = [pointer, text, pointer]
        self.lib.umockdev_testbed_remove_device.argtypes = [pointer, text]
        self.handle = self.lib.umockdev_testbed_new()
        self.root = self.lib.umockdev_testbed_get_root_dir(self.handle).decode()
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        self.number = 1
        for place in ("/run", "/etc/udev"):
            outside("mount", "-t", "tmpfs", "none", place)
        os.makedirs("/run/udev/rules.d")
        for name in os.listdir(RULES):
            if name.endswith(".rules"):
                shutil.copy(os.path.join(RULES, name), "/run/udev/rules.d")
        shutil.copytree(HWDB, "/run/hwdb.d")
        # Debian's own list knows each interface by its class, and where one list answers udev asks no further.
        shutil.copy("/lib/udev/hwdb.d/20-usb-classes.hwdb", "/run/hwdb.d")
        compile_hwdb("/run/hwdb.d", "/run/hwdb")
        shutil.copy("/run/hwdb/etc/udev/hwdb.bin", "/etc/udev/hwdb.bin")
        with open("/etc/group", encoding="utf-8") as f:
            groups = [line for line in f if not line.startswith("stipple:")]
        with open("/run/group", "w", encoding="utf-8") as f:
            f.writelines([*groups, f"stipple:x:{GID}:\n"])
        outside("mount", "--bind", "/run/group", "/etc/group")

    def rules_file(self, name, text):
        """Another package's rules."""
        with open("/run/udev/rules.d/" + name, "w", encoding="ascii") as f:
            f.write(text)

    def add(self, path, lines, attributes, binary=()):
        text = f"P: {path}\n" + "".join(f"{line}\n" for line in lines)
        text += "".join(f"A: {name}={value}\n" for name, value in attributes.items() if value is not None)
        text += "".join(f"H: {name}={value.hex()}\n" for name, value in binary)
        expect(self.lib.umockdev_testbed_add_from_string(self.handle, text.encode(), None), f"umockdev did not take {path}")
        return path

    def usb(self, classes, vendor=0x1209, product=0x0001, name="Sample", serial="S-1", under="/devices/pci0000:00/usb1"):
        """A USB device with interfaces of these classes ("ff5057"). Returns its path."""
        self.number += 1
        self.ids = f"{vendor:04X}p{product:04X}"
        bus = f"{under}/{'1-' if under.endswith('usb1') else os.path.basename(under) + '.'}{self.number}"
        interfaces = b"".join(bytes([9, 4, i, 0, 1]) + bytes.fromhex(c) + bytes([0, 7, 5, 0x81 + i, 2, 64, 0, 0]) for i, c in enumerate(classes))
        head = bytes.fromhex("120100020000004009120100000101020301")
        config = bytes([9, 2, 9 + len(interfaces), 0, len(classes), 1, 0, 0x80, 50])
        return self.add(bus, ["E: SUBSYSTEM=usb", "E: DEVTYPE=usb_device", f"N: bus/usb/001/{self.number:03}",
                              f"E: DEVNAME=/dev/bus/usb/001/{self.number:03}", "E: MAJOR=189", f"E: MINOR={self.number - 1}",
                              f"E: PRODUCT={vendor:x}/{product:x}/100"],
                        {"idVendor": f"{vendor:04x}", "idProduct": f"{product:04x}", "bDeviceClass": "00", "busnum": 1,
                         "devnum": self.number, "manufacturer": "Maker", "product": name, "serial": serial},
                        [("descriptors", head + config + interfaces)])

    def tty(self, device, node, major, interface, name=None, number=0):
        """A serial line on an interface of a class ("020201") of a USB device."""
        place = self.add(f"{device}/{os.path.basename(device)}:1.{number}",
                         ["E: SUBSYSTEM=usb", "E: DEVTYPE=usb_interface", f"E: MODALIAS=usb:v{self.ids}d0100dcEFdsc02dp01ic{interface[:2]}isc{interface[2:4]}ip{interface[4:]}in{number:02}"],
                         {"bInterfaceClass": interface[:2], "bInterfaceSubClass": interface[2:4],
                          "bInterfaceProtocol": interface[4:], "bInterfaceNumber": f"{number:02}", "interface": name})
        return self.add(f"{place}/tty/{node}", ["E: SUBSYSTEM=tty", f"N: {node}", f"E: DEVNAME=/dev/{node}", f"E: MAJOR={major}",
                                                f"E: MINOR={self.number}"], {})

    def acm(self, vendor=0x1209, product=0x0009, name="Sample", interface=None, serial="S-1", under="/devices/pci0000:00/usb1"):
        device = self.usb(["020201", "0a0000"], vendor, product, name, serial, under)
        return self.plug(self.tty(device, f"ttyACM{self.number}", 166, "020201", interface))

    def plug(self, tty):
        """The events of what a serial line hangs on, which come before its own."""
        interface = os.path.dirname(os.path.dirname(tty))
        for path in (os.path.dirname(interface), interface):
            self.event(path)
        return tty

    def event(self, path, action="add"):
        environment = dict(os.environ, UMOCKDEV_DIR=self.root, SYSTEMD_COLORS="0")
        done = subprocess.run(["udevadm", "test", "--action=" + action, "/sys" + path], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        expect(done.returncode == 0, f"udevadm test {path}: {done.stdout[-2000:]}")
        return Event(done.stdout)
