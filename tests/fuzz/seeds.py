#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of a fuzzer: seeds.py FUZZER DIRECTORY. They are made here, so that no binaries are kept in the tree. A fuzzer
without an entry below starts from nothing."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import penwire_doc as doc  # noqa: E402  (the specification's test vectors are the best seeds there are)


def vectors(kind):
    return [v for v in doc.read_document()[2] if v.kind == kind]


def frames():
    """A byte of settings, then the bytes of a line: frames alone, all in a row, and with noise between."""
    wires = [v.bytes("frame") for kind in ("message", "frame") for v in vectors(kind)]
    bad = [v.bytes("bytes") for v in vectors("bad") if v.about == "frame"]
    yield from (b"\x03" + wire for wire in wires)
    yield b"\x1f" + b"".join(wires)
    yield b"\x07" + b"\0noise".join(wires[:4] + bad)
    # frames to be made of the rest: length / 4, type, number, payload
    yield b"\x83" + b"".join(bytes([n, n, n]) + bytes(range(4 * n)) for n in range(1, 12))


def cycles():
    """0 and a block without its CRC, or 0x80 with a mask and cycles of six bytes."""
    yield from (b"\x00" + v.bytes("block")[:-4] for v in vectors("cycles"))
    near = b"".join((9000 + 7 * i % 90).to_bytes(4, "little") + (800 + 5 * i % 70).to_bytes(2, "little") for i in range(60))
    wild = b"".join(doc.crc32c(bytes([i])).to_bytes(4, "little") * 3 for i in range(40))
    for mask in range(0, 32, 5):
        yield bytes([0x80 | mask]) + near
        yield bytes([0x80 | mask]) + wild


def messages():
    """The type, then the payload; or any records."""
    tables = doc.read_document()[0]
    yield from (bytes([tables[v.about].code]) + v.bytes("payload") for v in vectors("message"))
    yield b"\0" + b"".join(v.bytes("bytes") for v in vectors("record"))
    yield from (b"\0" + v.bytes("bytes") for v in vectors("record"))


def recordings():
    """(head and lines) of every recording of tests/pens."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pens")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".rec"):
            with open(os.path.join(folder, name), "rb") as f:
                yield f.read().splitlines(keepends=True)


def replays():
    """Recordings, cut to a length that a fuzzer likes."""
    for lines in recordings():
        yield b"".join(lines[:40])
        yield b"".join(lines[:10] + lines[25:])[:8192]


def unstuff(frame):
    """COBS decoded; nothing for what is none."""
    out, at = bytearray(), 0
    while at < len(frame):
        code = frame[at]
        out += frame[at + 1:at + code]
        at += code
        if code < 255 and at < len(frame):
            out.append(0)
    return bytes(out)


def pens():
    """fuzz_penwire's steps: each message of a pen (8, type, length / 4, payload), now and then time and a commit."""
    for lines in recordings():
        said = b"".join(bytes.fromhex(line.split(b" ")[2].decode()) for line in lines if b" < " in line)
        steps = bytearray()
        for number, frame in enumerate(f for f in said.split(b"\0") if f):
            decoded = unstuff(frame)
            payload = decoded[4:-4]
            payload += bytes(-len(payload) % 4)
            if 8 <= len(decoded) <= 1024:
                steps += bytes([8, decoded[0], len(payload) // 4]) + payload
            if number % 3 == 2:
                steps += bytes([1, 2, 3])
        yield bytes(steps[:1500])
        yield bytes(steps[:8000])


def request(line):
    """Cases may write a request as `method {"params":...}`."""
    method, _, params = line.partition(b" ")
    if line[:1] in b'{["' or not method.replace(b".", b"").replace(b"_", b"").isalpha():
        return line
    return b'{"jsonrpc":"2.0","id":1,"method":"' + method + b'","params":' + (params or b"{}") + b"}"


def requests():
    """What the golden cases send: each line, each case, and everything in a row; and what is no request."""
    everything = b""
    for case in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "rpc", "*.golden"))):
        with open(case, "rb") as f:
            lines = [request(line[1:].strip().replace(b"SIM-0001", b"AA-1")) + b"\n" for line in f if line.startswith(b">")]
        yield from lines
        yield b"".join(lines)
        everything += b"".join(lines)
    yield everything
    yield b"[" * 40 + b"\n" + b"{}\n[]\n\r\n \n" + b'"\\u0000\\ud800"\n'


def labels():
    """Flags, a separator of so many bytes, the scan."""
    scans = [b"]C101040123456789011728113010AB-12", b"]d2010401234567890110AB12\x1d172811302100012\x1d3020",
             b"(01)04012345678901(17)281130(10)AB12(710)123456", b"]C110AB1217281130", b"]C17003281130120099x\x1d8200http",
             b"4012345678901", b"96385074", b"]E04012345678901", b"REF 0603RL/20", b"]c10104012345678901", b"+C10104012345678901",
             b"]C1253123456789012X\x1d4213129\x1d7040 1ABC"]
    yield from (b"\x20" + scan for scan in scans)
    yield from (b"\x21|" + scan.replace(b"\x1d", b"|") for scan in scans)
    yield b"\x24<GS>" + scans[1].replace(b"\x1d", b"<GS>")
    yield b"\xa0" + scans[5]


def lines():
    """What the analyser prints in the recordings, with time and the core's answers between."""
    for name in ("tma-work", "tma-troubles"):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pens", name + ".rec")
        with open(path, "rb") as f:
            said = b"".join(bytes.fromhex(line.split(b" ")[2].decode()) for line in f if b" < " in line)
        text = said.replace(b"\n", b"\n\0t\0a")
        yield text[:3000]
        yield b"\0r" + text[-6000:].replace(b"\0t", b"\0c")
        yield said[:20000].replace(b"\n", b"\n\0t\0a\0c")
    yield b'x TMA_DATA {"type":"hall_snapshot","timestamp_us":10,"rpm":120}\n\0a\0s\0m'


def lists():
    """The delimiter, the encoding, a file."""
    yield b';\x01Nr;Name\r\n1;"a""b;\nc";05.04.1990\r\n2;x"y\n"z"q\n3;"never'
    yield b",\x00\xef\xbb\xbfa,b\n1,\xc3\xbc\n"
    yield b"\t\x02a\tb\r\r\n\x80\t\xfc"


SEEDS = {"fuzz_csv": lists, "fuzz_gs1": labels, "fuzz_jsonline": requests, "fuzz_frame": frames, "fuzz_cycles": cycles, "fuzz_msg": messages, "fuzz_replay": replays, "fuzz_penwire": pens, "fuzz_tma": lines}


def main():
    name, directory = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    for number, seed in enumerate(SEEDS.get(name, tuple)()):
        with open(os.path.join(directory, f"seed-{number:03}"), "wb") as f:
            f.write(seed)


main()
