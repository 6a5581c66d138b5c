# SPDX-License-Identifier: MIT
"""A small Penwire host, written from proto/README.md and not from the library, for tests that talk to a pen directly."""
import os
import select
import struct
import time

from harness import HANG_SECONDS, Failure

HELLO, READ, ACK, PING, IDENTIFY = 0x01, 0x02, 0x03, 0x04, 0x05
IDENTITY, STATUS, RECORDS, PONG, REFUSED = 0x41, 0x42, 0x43, 0x44, 0x45

CRC_TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
    CRC_TABLE.append(value)


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xffffffff


def cobs(data):
    out, group = bytearray(), bytearray()
    for byte in data:
        if byte == 0:
            out += bytes([len(group) + 1]) + group
            group = bytearray()
            continue
        group.append(byte)
        if len(group) == 254:
            out += b"\xff" + group
            group = bytearray()
    return bytes(out) + bytes([len(group) + 1]) + bytes(group)


def uncobs(data):
    """None if it is not COBS."""
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        if at + code > len(data):
            return None
        out += data[at + 1:at + code]
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


def text(field):
    return field.rstrip(b"\0").decode()


class Host:
    """One opening of a pen's terminal."""

    def __init__(self, path, host_id=0x5445535400000001):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.host_id, self.number, self.read_id = host_id, 0, 0
        self.buffer, self.frames, self.bad = b"", [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def send(self, kind, payload):
        frame = struct.pack("<BBH", kind, 0, self.number) + payload
        self.number = (self.number + 1) & 0xffff
        self.put(cobs(frame + struct.pack("<I", crc32c(frame))) + b"\0")

    def put(self, data):
        os.write(self.fd, data)

    def get(self, seconds):
        """Some bytes; None when that long nothing came."""
        if seconds <= 0 or not select.select([self.fd], [], [], seconds)[0]:
            return None
        data = os.read(self.fd, 65536)
        if not data:
            raise ConnectionError("the cable was pulled")
        return data

    def receive(self, seconds=HANG_SECONDS):
        """(type, payload) of the next good frame; None when that long nothing came."""
        deadline = time.monotonic() + seconds
        while not self.frames:
            data = self.get(deadline - time.monotonic())
            if data is None:
                return None
            *pieces, self.buffer = (self.buffer + data).split(b"\0")
            for piece in filter(None, pieces):
                frame = uncobs(piece)
                if frame is None or len(frame) < 8 or crc32c(frame[:-4]) != struct.unpack("<I", frame[-4:])[0]:
                    self.bad += 1
                else:
                    self.frames.append((frame[0], frame[4:-4]))
        return self.frames.pop(0)

    def expect(self, kind):
        """The payload of the next frame of that type; others are dropped."""
        while True:
            frame = self.receive()
            if frame is None:
                raise Failure(f"no message of type {kind:#x} came")
            if frame[0] == kind:
                return frame[1]

    def hello(self):
        self.send(HELLO, struct.pack("<BBHQ", 1, 1, 0, self.host_id))
        p = self.expect(IDENTITY)
        boot, tick, log, first, following = struct.unpack_from("<IQQQQ", p, 16)
        return {"version": p[0], "boot": boot, "tick_us": tick, "log": log, "log_id": f"{log:016x}", "first_seq": first,
                "next_seq": following, "manufacturer": text(p[52:84]), "model": text(p[84:116]),
                "serial": text(p[116:148]), "firmware": text(p[148:180])}

    def read(self, log, first, limit, flush_ms=0):
        """Starts a stream."""
        self.read_id += 1
        self.send(READ, struct.pack("<IHHQQQ", self.read_id, flush_ms, 0, log, first, limit))

    def ack(self, log, following):
        self.send(ACK, struct.pack("<QQQ", log, following, self.host_id))

    def ping(self, number):
        self.send(PING, struct.pack("<IQ", number, 77))
        return struct.unpack("<IIQQQ", self.expect(PONG)[:32])

    def drain(self, log, first, end):
        """All records from @first to before @end: (seq, type, boot, tick_us, payload)."""
        records = []
        self.read(log, first, end)
        while first < end:
            p = self.expect(RECORDS)
            read_id, count, seq = struct.unpack_from("<IH2xQ", p)
            if read_id != self.read_id or seq != first:
                raise Failure(f"records {seq} of stream {read_id}, wanted {first} of {self.read_id}")
            at = 24
            for _ in range(count):
                kind, _, length, boot, tick = struct.unpack_from("<BBHIQ", p, at)
                records.append((first, kind, boot, tick, p[at + 16:at + 16 + length]))
                at, first = at + 16 + length, first + 1
            if at != len(p):
                raise Failure(f"{len(p) - at} bytes follow the records")
        return records
