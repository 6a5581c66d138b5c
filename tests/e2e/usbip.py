# SPDX-License-Identifier: MIT
"""A small USB/IP host, written from the kernel's description of the protocol, and a Penwire host on top of it: for tests that look at the
simulator's USB side directly, without a kernel in between."""
import errno
import select
import socket
import struct
import time

from harness import HANG_SECONDS, Failure
from penwire import Host

REQ_DEVLIST, REQ_IMPORT = 0x8005, 0x8003
SUBMIT, UNLINK, RET_SUBMIT, RET_UNLINK = 1, 2, 3, 4
IN, OUT = 1, 0
DEVICE, CONFIG, STRING, INTERFACE, ENDPOINT = 1, 2, 3, 4, 5
DEVICE_SIZE = 312


class UsbError(Exception):
    """A transfer that failed: its errno, and what came nevertheless."""

    def __init__(self, status, data):
        super().__init__(errno.errorcode.get(-status, str(status)))
        self.errno, self.data = -status, data


class Wire:
    """One connection to the simulator."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(HANG_SECONDS)
        self.socket.connect(path)
        self.buffer = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except ConnectionError:
            pass  # what was said before that is still to be read

    def ready(self, seconds):
        return bool(self.buffer) or bool(select.select([self.socket], [], [], max(seconds, 0))[0])

    def read(self, n):
        while len(self.buffer) < n:
            try:
                piece = self.socket.recv(1 << 20)
            except ConnectionError:
                piece = b""
            if not piece:
                raise ConnectionError("the cable was pulled")
            self.buffer += piece
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def close(self):
        self.socket.close()


def parse_device(data):
    bus, number, speed, vendor, product, release = struct.unpack_from(">IIIHHH", data, 288)
    return {"busid": data[256:288].rstrip(b"\0").decode(), "devid": bus << 16 | number, "speed": speed, "vendor": vendor, "product": product,
            "release": release, "class": tuple(data[306:309]), "configurations": data[310], "interfaces": data[311]}


def devices(path):
    """What the simulator offers."""
    wire = Wire(path)
    wire.send(struct.pack(">HHI", 0x0111, REQ_DEVLIST, 0))
    version, code, status, count = struct.unpack(">HHII", wire.read(12))
    if (version, code, status) != (0x0111, 5, 0):
        raise Failure(f"answer to the list: version {version:#x}, code {code:#x}, status {status}")
    found = []
    for _ in range(count):
        device = parse_device(wire.read(DEVICE_SIZE))
        device["classes"] = [tuple(wire.read(4)[:3]) for _ in range(device["interfaces"])]
        found.append(device)
    wire.close()
    return found


class Device:
    """An imported pen."""

    def __init__(self, path, busid="1-1"):
        self.wire = Wire(path)
        self.wire.send(struct.pack(">HHI32s", 0x0111, REQ_IMPORT, 0, busid.encode()))
        _, code, self.status = struct.unpack(">HHI", self.wire.read(8))
        if code != 3:
            raise Failure(f"answer to the import: code {code:#x}")
        self.description = parse_device(self.wire.read(DEVICE_SIZE)) if self.status == 0 else None
        self.seqnum, self.answers, self.pending = 0, {}, {}

    def close(self):
        self.wire.close()

    def submit(self, ep, direction, data=b"", length=0, setup=bytes(8), flags=0):
        self.seqnum += 1
        length = length if direction == IN else len(data)
        self.wire.send(struct.pack(">IIIIIIIIiI8s", SUBMIT, self.seqnum, self.description["devid"], direction, ep, flags, length, 0, 0, 0,
                                   setup) + (data if direction == OUT else b""))
        self.pending[self.seqnum] = direction
        return self.seqnum

    def collect(self):
        """Reads one answer."""
        command, seqnum, _, _, _, status, actual = struct.unpack(">IIIIIiI20x", self.wire.read(48))
        if command == RET_SUBMIT:
            data = self.wire.read(actual) if self.pending.pop(seqnum) == IN else actual
            self.answers[seqnum] = (status, data)
        elif command == RET_UNLINK:
            self.answers[seqnum] = (status, b"")
        else:
            raise Failure(f"command {command} from the device")

    def wait(self, seqnum, seconds=HANG_SECONDS):
        """(status, data) of that transfer; None when it did not end in that time."""
        deadline = time.monotonic() + seconds
        while seqnum not in self.answers:
            if not self.wire.ready(deadline - time.monotonic()):
                return None
            self.collect()
        return self.answers.pop(seqnum)

    def check(self, seqnum):
        answer = self.wait(seqnum)
        if answer is None:
            raise Failure("a transfer was not answered")
        if answer[0] != 0:
            raise UsbError(*answer)
        return answer[1]

    def unlink(self, victim):
        """The status of the unlinking: -ECONNRESET if the transfer was pending, 0 if it was over."""
        self.seqnum += 1
        self.wire.send(struct.pack(">IIIIII24x", UNLINK, self.seqnum, self.description["devid"], 0, 0, victim))
        status, _ = self.wait(self.seqnum)
        if status == -errno.ECONNRESET:
            self.pending.pop(victim)
        return status

    def control(self, kind, request, value=0, index=0, length=0, data=b""):
        setup = struct.pack("<BBHHH", kind, request, value, index, len(data) or length)
        return self.check(self.submit(0, IN if kind & 0x80 else OUT, data, length, setup))

    def descriptor(self, kind, index=0, length=255):
        return self.control(0x80, 6, kind << 8 | index, 0x0409 if kind == STRING and index else 0, length)

    def string(self, index):
        data = self.descriptor(STRING, index)
        return data[2:data[0]].decode("utf-16-le")

    def configure(self, value=1):
        self.control(0x00, 9, value)

    def clear_halt(self, address):
        self.control(0x02, 1, 0, address)


class UsbHost(Host):
    """A Penwire host on an imported pen: several transfers in flight, and what USB has for troubles."""

    def __init__(self, device, length=16384, flights=4, host_id=0x5445535400000002):
        self.device, self.length = device, length
        self.host_id, self.number, self.read_id = host_id, 0, 0
        self.buffer, self.frames, self.bad = b"", [], 0
        self.flying = [self.ask() for _ in range(flights)]
        self.sizes, self.troubles = [], []

    def __exit__(self, *_):
        self.device.close()

    def ask(self):
        return self.device.submit(1, IN, length=self.length)

    def put(self, data):
        while True:
            try:
                taken = self.device.check(self.device.submit(1, OUT, data))
                if taken != len(data):
                    raise Failure(f"{taken} of {len(data)} bytes were taken")
                return
            except UsbError as problem:
                self.troubles.append(problem.errno)
                if problem.errno != errno.EPIPE:
                    raise
                self.device.clear_halt(0x01)

    def get(self, seconds):
        answer = self.device.wait(self.flying[0], seconds)
        if answer is None:
            return None
        self.flying.pop(0)
        status, data = answer
        self.sizes.append(len(data))
        if status != 0:
            self.troubles.append(-status)
        if status == -errno.EPIPE:
            # All that was in flight came back; the endpoint stands still until it is cleared.
            while self.flying:
                self.device.wait(self.flying.pop(0))
            self.device.clear_halt(0x81)
        self.flying.append(self.ask())
        return data
