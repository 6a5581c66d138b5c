#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ports that never stop talking, and a good pen beside them: what it says is written and acknowledged, questions that need the
database are answered, and the daemon ends when it is told to."""
import os
import select
import struct
import tty

import penwire
from harness import Daemon, Process, Tap, expect, expect_equal, temporary_directory, wait_until

FLOODS = 3  # with one, the daemon may be quicker than what floods it
BUTTON = 9
RECORDS = 5


class Port:
    """A pseudo-terminal with nobody at it yet."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)


class Pen(Port):
    """A pen with a few button records, which is all that it takes to be acknowledged."""

    def __init__(self):
        super().__init__()
        self.number, self.buffer, self.acked = 0, b"", 0

    def send(self, kind, payload):
        frame = struct.pack("<BBH", kind, 0, self.number) + payload
        self.number = (self.number + 1) & 0xffff
        os.write(self.master, penwire.cobs(frame + struct.pack("<I", penwire.crc32c(frame))) + b"\0")

    def answer(self, kind, payload):
        tick = 5_000_000
        if kind == penwire.HELLO:
            texts = b"".join(text.ljust(32, b"\0") for text in (b"Invented", b"Model", b"FLOOD-1", b"1.0"))
            self.send(penwire.IDENTITY, struct.pack("<BBBBHHHHI", 1, 1, 1, 0, 0, 0, 0, 0, 0)
                      + struct.pack("<IQQQQ", 1, tick, 0x464c4f4f44, 0, RECORDS) + texts)
        elif kind == penwire.PING:
            number, host_us = struct.unpack_from("<IQ", payload)
            self.send(penwire.PONG, struct.pack("<IIQQQ", number, 1, host_us, tick, tick))
        elif kind == penwire.READ:
            read_id, first = struct.unpack_from("<I12xQ", payload)
            records = b"".join(struct.pack("<BBHIQ", BUTTON, 0, 4, 1, 1_000_000 + seq) + b"\1\1\0\0"
                               for seq in range(first, RECORDS))
            if records:
                self.send(penwire.RECORDS, struct.pack("<IHHQQ", read_id, RECORDS - first, 0, first, 0) + records)
        elif kind == penwire.ACK:
            self.acked = struct.unpack_from("<8xQ", payload)[0]

    def serve(self, seconds):
        """Answers what came within that time; true once all records are acknowledged."""
        if select.select([self.master], [], [], seconds)[0]:
            *pieces, self.buffer = (self.buffer + os.read(self.master, 65536)).split(b"\0")
            for piece in filter(None, pieces):
                frame = penwire.uncobs(piece)
                if frame is not None and len(frame) >= 8 and penwire.crc32c(frame[:-4]) == int.from_bytes(frame[-4:], "little"):
                    self.answer(frame[0], frame[4:-4])
        return self.acked == RECORDS


def case_flood():
    directory = temporary_directory()
    floods, pen = [Port() for _ in range(FLOODS)], Pen()
    daemon = Daemon(directory, ports=[port.path for port in [*floods, pen]]).start()
    # From now on the ports are open, and silent only when the machine is.
    talkers = [Process(["yes", "noise" * 200], os.path.join(directory, "yes.log"), stdout=port.master) for port in floods]
    try:
        wait_until(lambda: pen.serve(0.05), "the good pen's records to be acknowledged", pause=0)
        client = daemon.client()
        rows = client.call("sql.query", sql="SELECT count(*) FROM events WHERE kind = 'button'")["rows"]
        expect_equal(list(rows[0].values()) if isinstance(rows[0], dict) else rows[0], [RECORDS], "buttons in the record")
        for talker in talkers:
            expect(talker.child.poll() is None, "a flood has ended by itself")
        expect_equal(daemon.terminate(), 0, "the daemon's end")
    finally:
        for talker in talkers:
            talker.kill()


def main():
    tap = Tap()
    tap.case("ports that never stop talking keep nobody waiting", case_flood)
    tap.done()


main()
