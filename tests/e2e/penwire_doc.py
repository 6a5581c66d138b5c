# SPDX-License-Identifier: MIT
"""Penwire as proto/README.md has it, and only as that has it: byte tables and test vectors read out of the document, and its
rules for frames and cycle blocks written down a second time, from the text alone. Tests hold the document against itself with it, and
take bytes from it; nothing here is meant to be fast.
"""
import os
import re

TOP = os.environ.get("STIPPLE_TOP") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(TOP, "proto", "README.md")
INTEGERS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i16": 2, "i32": 4, "i64": 8}


class Invalid(Exception):
    """The reason as the document names it: short, long, cobs, crc, type, value."""


# ---- the document ----

class Table:
    """A message's or a record's byte table: (offset, type, name) of each row."""

    def __init__(self, name, code, size, rows):
        self.name, self.code, self.size, self.rows = name, code, size, rows

    def unpack(self, payload):
        if len(payload) < self.size:
            raise Invalid("short")
        fields = {}
        for offset, kind, name in self.rows:
            if kind in INTEGERS:
                fields[name] = int.from_bytes(payload[offset:offset + INTEGERS[kind]], "little", signed=kind[0] == "i")
            elif kind == "text":
                fields[name] = payload[offset:offset + 32].rstrip(b"\0").decode()
            elif kind.startswith("bytes["):
                fields[name] = payload[offset:offset + int(kind[6:-1])].rstrip(b"\0").decode("ascii")
            elif kind in ("block", "records"):
                fields[name] = payload[offset:]
        return fields

    def pack(self, fields):
        out = bytearray(self.size)
        for offset, kind, name in self.rows:
            if kind.startswith("zero["):
                continue
            value = fields[name]
            if kind in INTEGERS:
                out[offset:offset + INTEGERS[kind]] = value.to_bytes(INTEGERS[kind], "little", signed=kind[0] == "i")
            elif kind in ("block", "records"):
                out += value
            else:
                data = value.encode()
                out[offset:offset + len(data)] = data
        return bytes(out)

    def names(self):
        return [name for _, kind, name in self.rows if not kind.startswith("zero[")]


class Vector:
    """One fenced block: what it is about, `name = value` fields, and bytes under their keywords."""

    def __init__(self, line):
        self.line, self.kind, self.about, self.fields, self.words = line, None, None, {}, {}

    def bytes(self, word):
        return bytes.fromhex(self.words[word])


def value_of(text):
    if text.startswith('"'):
        return text[1:-1]
    if re.fullmatch(r"-?\d+|0x[0-9a-f]+", text):
        return int(text, 0)
    return text


def read_document(path=README):
    """Returns ({name: Table} of messages, the same of records, [Vector])."""
    messages, records, vectors = {}, {}, []
    table = vector = last = None
    with open(path, encoding="utf-8") as document:
        for number, line in enumerate(document, 1):
            line = line.rstrip("\n")
            if vector is not None:
                if line == "```":
                    vectors.append(vector)
                    vector = None
                elif line.startswith("  "):
                    store, key = last
                    store[key] += " " + line.strip()
                elif m := re.fullmatch(r"(\w+) = (.*)", line):
                    vector.fields[m.group(1)] = m.group(2)
                    last = (vector.fields, m.group(1))
                else:
                    word, _, rest = line.partition(" ")
                    if vector.kind is None:
                        vector.kind, vector.about = word, rest.strip()
                    else:
                        vector.words[word] = rest.strip()
                        last = (vector.words, word)
            elif line == "```vector":
                vector = Vector(number)
            elif m := re.match(r"### (\w+) \((0x[0-9a-f]+|\d+)\).*?(\d+) bytes", line):
                table = Table(m.group(1), int(m.group(2), 0), int(m.group(3)), [])
                (messages if m.group(2).startswith("0x") else records)[table.name] = table
            elif line.startswith("#"):
                table = None
            elif table and (m := re.match(r"\| (\d+) \| ([\w\[\]]+) \|\s*(\w*)\s*\|", line)):
                table.rows.append((int(m.group(1)), m.group(2), m.group(3)))
    return messages, records, vectors


# ---- frames ----

def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def stuff(data):
    out, group = bytearray(), bytearray()
    for byte in data:
        if len(group) == 254:
            out += b"\xff" + group
            group = bytearray()
        if byte == 0:
            out += bytes([len(group) + 1]) + group
            group = bytearray()
        else:
            group.append(byte)
    return bytes(out) + bytes([len(group) + 1]) + bytes(group) + b"\0"


def unstuff(data):
    """Undoes the stuffing of what stood before a delimiter."""
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        if at + code > len(data):
            raise Invalid("cobs")
        out += data[at + 1:at + code]
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


def frame(kind, number, payload, flags=0):
    body = bytes([kind, flags]) + number.to_bytes(2, "little") + payload
    return stuff(body + crc32c(body).to_bytes(4, "little"))


def unframe(wire):
    """(type, number, payload) of one frame with its delimiter."""
    if wire[-1:] != b"\0" or wire.count(0) != 1:
        raise ValueError("not one frame")
    body = unstuff(wire[:-1])
    if len(body) > 1024:
        raise Invalid("long")
    if len(body) < 8:
        raise Invalid("short")
    if crc32c(body[:-4]) != int.from_bytes(body[-4:], "little"):
        raise Invalid("crc")
    return body[0], int.from_bytes(body[2:4], "little"), body[4:-4]


# ---- cycle blocks ----

class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise Invalid("value")
        self.at += n
        return self.data[self.at - n:self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                if value >= 1 << 32 or (byte == 0 and shift > 7):
                    raise Invalid("value")
                return value
            if shift > 28:
                raise Invalid("value")


class Bits:
    def __init__(self, reader):
        self.reader, self.byte, self.left = reader, 0, 0

    def bit(self):
        if self.left == 0:
            self.byte, self.left = self.reader.take(1)[0], 8
        bit = self.byte & 1
        self.byte >>= 1
        self.left -= 1
        return bit

    def number(self, n):
        return sum(self.bit() << i for i in range(n))


def decode_channel(reader, count, size):
    """The values of a channel of @size bytes a value, None where unknown."""
    unknown = 256 ** size - 1
    full = unknown - 1
    state_max = min(full, 2 ** 27 - 1)
    head, step = reader.take(1)[0], 1
    if head == 240:
        return [None] * count
    if head == 241:
        value = reader.varint()
        if value > full:
            raise Invalid("value")
        return [value] * count
    if head == 242:
        values = [int.from_bytes(reader.take(size), "little") for _ in range(count)]
        return [None if v == unknown else v for v in values]
    if head == 243:
        step = reader.varint()
        if not 2 <= step <= full:
            raise Invalid("value")
        head = reader.take(1)[0]
    if head >= 240:
        raise Invalid("value")
    kind, k, double = head // 24, head % 24 // 2, head % 2
    full //= step
    state_max //= step
    level = reader.varint()
    if level > state_max:
        raise Invalid("value")
    bits, state, values = Bits(reader), level, []
    weight = (0, 4, 8, 12, 14, 15, 16, 8, 12, 16)[kind]
    for _ in range(count):
        zeros = 0
        while not bits.bit():
            zeros += 1
            if zeros > 18:
                raise Invalid("value")
        if zeros <= 15:
            if zeros == 0 and double:
                u = bits.number(k + 1)
            else:
                u = (zeros + double << k) + bits.number(k)
            w = level + ((state - level) * weight >> 4) + (u // 2 if u % 2 == 0 else -(u + 1) // 2)
            limit = state_max
        elif zeros == 16:
            values.append(None)
            continue
        else:
            w = bits.number(8 * size)
            limit = full if zeros == 17 else state_max
        if not 0 <= w <= limit:
            raise Invalid("value")
        if zeros <= 15 and kind >= 7:
            state += (w - state + 2) // 4
        elif zeros != 17:
            state = w
        values.append(w * step)
    if bits.byte:
        raise Invalid("value")
    return values


def decode_cycles(block):
    """(periods, depths) of a block, None where unknown."""
    if len(block) < 8:
        raise Invalid("short")
    head = int.from_bytes(block[:2], "little")
    if head >> 12 != 1:
        raise Invalid("value")
    if crc32c(block[:-4]) != int.from_bytes(block[-4:], "little"):
        raise Invalid("crc")
    reader = Reader(block[2:-4])
    count = (head & 0xfff) + 1
    periods = decode_channel(reader, count, 4)
    depths = decode_channel(reader, count, 2)
    if reader.at != len(reader.data):
        raise Invalid("value")
    return periods, depths
