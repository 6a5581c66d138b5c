#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user would write instead of a daemon: drains one pen into sqlite3, a row per cycle. `make bench` runs it beside stippled.

    bench-rival.py PORT DATABASE RECORDS

It ends when so many records are stored. Written from proto/README.md in the way of such scripts: blocking reads as pyserial has them,
one cursor, one commit per message so that an acknowledgement is honest. It decodes with large integers, which is about as fast as plain
Python gets.
"""
import os
import sqlite3
import struct
import sys
import termios
import tty

WEIGHTS = (0, 4, 8, 12, 14, 15, 16, 8, 12, 16)
CRC = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def cobs(data):
    out = bytearray()
    for group in data.split(b"\0"):
        while len(group) >= 254:
            out += b"\xff" + group[:254]
            group = group[254:]
        out += bytes([len(group) + 1]) + group
    return bytes(out) + b"\0"


def uncobs(data):
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        out += data[at + 1:at + code]
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


class Bits:
    """A block as one integer, least significant bit first."""

    def __init__(self, data):
        self.value, self.at = int.from_bytes(data, "little"), 0

    def take(self, n):
        bits = self.value >> self.at & ((1 << n) - 1)
        self.at += n
        return bits

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(8)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7


def channel(bits, count, width):
    head, step = bits.take(8), 1
    if head == 240:
        return [None] * count
    if head == 241:
        return [bits.varint()] * count
    if head == 242:
        return [bits.take(width) for _ in range(count)]
    if head == 243:
        step, head = bits.varint(), bits.take(8)
    kind, k, double = head // 24, head % 24 // 2, head % 2
    weight = WEIGHTS[kind]
    state = level = bits.varint()
    value, at, values, mask = bits.value, bits.at, [], (1 << k) - 1
    for _ in range(count):
        window = value >> at & 0xFFFFFFFFFFFFFF
        zeros = (window & -window).bit_length() - 1
        at += zeros + 1
        if zeros <= 15:
            if zeros or not double:
                u = (zeros + double << k) + (window >> zeros + 1 & mask)
                at += k
            else:
                u = window >> 1 & 2 * mask + 1
                at += k + 1
            w = level + ((state - level) * weight >> 4) + (-(u + 1 >> 1) if u & 1 else u >> 1)
        elif zeros == 16:
            values.append(None)
            continue
        else:
            w = value >> at & ((1 << width) - 1)
            at += width
        if zeros <= 15 and kind >= 7:
            state += w - state + 2 >> 2
        elif zeros != 17:
            state = w
        values.append(w * step)
    bits.at = at + 7 & ~7
    return values


def cycles(block):
    count = (struct.unpack_from("<H", block)[0] & 0xFFF) + 1
    bits = Bits(block[2:-4])
    return channel(bits, count, 32), channel(bits, count, 16)


class Script:
    def __init__(self, port, database):
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd, termios.TCSANOW)
        self.number, self.buffer = 0, b""
        self.db = sqlite3.connect(database)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE cycle (run INTEGER, number INTEGER, tick_us INTEGER, period_us INTEGER, depth_um INTEGER)")

    def send(self, kind, payload):
        frame = struct.pack("<BBH", kind, 0, self.number & 0xFFFF) + payload
        self.number += 1
        os.write(self.fd, cobs(frame + struct.pack("<I", crc32c(frame))))

    def messages(self):
        while True:
            *pieces, self.buffer = (self.buffer + os.read(self.fd, 65536)).split(b"\0")
            for piece in filter(None, pieces):
                frame = uncobs(piece)
                if len(frame) >= 8 and crc32c(frame[:-4]) == struct.unpack("<I", frame[-4:])[0]:
                    yield frame[0], frame[4:-4]

    def store(self, payload):
        """The records of one message; returns the number of the next."""
        _, count, first = struct.unpack_from("<IH2xQ", payload)
        at, rows = 24, []
        for _ in range(count):
            kind, _, length, _, tick = struct.unpack_from("<BBHIQ", payload, at)
            body = payload[at + 16:at + 16 + length]
            at += 16 + length
            if kind == 3:
                run, index = struct.unpack_from("<II", body)
                for i, (period, depth) in enumerate(zip(*cycles(body[8:]))):
                    rows.append((run, index + i, tick, period, depth))
                    tick += period or 0
        self.db.executemany("INSERT INTO cycle VALUES (?, ?, ?, ?, ?)", rows)
        self.db.commit()
        return first + count

    def drain(self, records):
        log, following = None, 0
        self.send(0x01, struct.pack("<BBHQ", 1, 1, 0, 1))
        for kind, payload in self.messages():
            if kind == 0x41 and log is None:
                log = struct.unpack_from("<Q", payload, 28)[0]
                self.send(0x02, struct.pack("<IHHQQQ", 1, 0, 0, log, 0, 1 << 62))
            elif kind == 0x43:
                following = self.store(payload)
                self.send(0x03, struct.pack("<QQQ", log, following, 1))
            if following >= records:
                return


if __name__ == "__main__":
    Script(sys.argv[1], sys.argv[2]).drain(int(sys.argv[3]))
