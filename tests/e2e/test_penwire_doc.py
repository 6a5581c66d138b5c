#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""proto/README.md against itself: the byte tables have no holes and give the vectors' bytes, the vectors' frames and blocks follow
from the text's rules alone, and what must be rejected is. tests/unit/test_pw_vectors.c holds the library against the same vectors."""
import penwire_doc as doc
from harness import Tap, expect, expect_equal

MESSAGES, RECORDS, VECTORS = doc.read_document()


def vectors(kind):
    found = [v for v in VECTORS if v.kind == kind]
    expect(found, f"no vector of kind {kind}")
    return found


def fields_of(vector, table, without=()):
    """A vector's fields as values, in the table's order and complete."""
    names = [n for n in vector.fields if n not in without]
    expect_equal(names, table.names(), f"line {vector.line}: fields of {table.name}")
    return {n: bytes.fromhex(vector.fields[n]) if n in ("block", "records") else doc.value_of(vector.fields[n]) for n in names}


def width(kind):
    if kind in doc.INTEGERS:
        return doc.INTEGERS[kind]
    if kind == "text":
        return 32
    return int(kind[kind.index("[") + 1:-1])


def tables_have_no_holes():
    expect(len(MESSAGES) >= 10 and len(RECORDS) >= 10, "the byte tables are not found")
    for table in [*MESSAGES.values(), *RECORDS.values()]:
        at = 0
        for offset, kind, name in table.rows:
            expect_equal(offset, at, f"offset of {table.name}.{name or kind}")
            if kind not in ("block", "records"):
                at += width(kind)
        expect_equal(table.size, at, f"size of {table.name}")


def crcs_follow():
    for v in vectors("crc"):
        expect_equal(doc.crc32c(v.bytes("bytes")), int(v.words["crc"], 0), f"line {v.line}: crc")


def messages_follow():
    seen = set()
    for v in vectors("message"):
        table = MESSAGES[v.about]
        kind, number, payload = doc.unframe(v.bytes("frame"))
        only_decode = v.words.get("only") == "decode"
        at = f"line {v.line}: {v.about}"
        expect_equal((kind, number), (table.code, int(v.words["number"], 0)), at)
        expect_equal(payload, v.bytes("payload"), f"{at}: payload in the frame")
        fields = fields_of(v, table)
        expect_equal(table.unpack(payload), fields, at)
        if not only_decode:
            expect_equal(table.pack(fields), payload, f"{at}: payload")
            expect_equal(doc.frame(kind, number, payload), v.bytes("frame"), f"{at}: frame")
        seen.add(v.about)
    expect_equal(seen, set(MESSAGES), "messages that have vectors")


def frames_follow():
    for v in vectors("frame"):
        kind, number, payload = doc.unframe(v.bytes("frame"))
        expect_equal((kind, number, payload), (doc.value_of(v.fields["type"]), int(v.words["number"]), v.bytes("payload")),
                     f"line {v.line}: frame")
        if v.words.get("only") != "decode":
            expect_equal(doc.frame(kind, number, payload), v.bytes("frame"), f"line {v.line}: frame")


def split_record(data):
    """(type, boot, tick_us, payload, the rest), as the record head's table has it."""
    if len(data) < 16:
        raise doc.Invalid("short")
    length = int.from_bytes(data[2:4], "little")
    if length > 944:
        raise doc.Invalid("long")
    if len(data) < 16 + length:
        raise doc.Invalid("short")
    return (data[0], int.from_bytes(data[4:8], "little"), int.from_bytes(data[8:16], "little"), data[16:16 + length],
            data[16 + length:])


def records_follow():
    seen = set()
    for v in vectors("record"):
        table, data, at = RECORDS[v.about], v.bytes("bytes"), f"line {v.line}: {v.about}"
        kind, boot, tick_us, payload, rest = split_record(data)
        expect_equal((kind, boot, tick_us, rest), (table.code, int(v.fields["boot"]), int(v.fields["tick_us"]), b""), at)
        fields = fields_of(v, table, ("boot", "tick_us"))
        expect_equal(table.unpack(payload), fields, at)
        expect_equal(table.pack(fields), payload, f"{at}: payload")
        seq = int(v.words["seq"]).to_bytes(8, "little")
        expect_equal(doc.crc32c(seq + data), int(v.words["crc"], 0), f"{at}: the cursor's crc")
        if v.about == "CYCLES":
            doc.decode_cycles(fields["block"])
        seen.add(v.about)
    expect_equal(seen, set(RECORDS), "records that have vectors")


def batches_hold_records():
    for v in vectors("message"):
        if v.about != "RECORDS":
            continue
        rest, n = bytes.fromhex(v.fields["records"]), 0
        while rest:
            *_, rest = split_record(rest)
            n += 1
        expect_equal(n, int(v.fields["count"]), f"line {v.line}: count")


def cycles_of(text):
    return [None if v == "?" else int(v) for v in text.split()]


def cycles_follow():
    for v in vectors("cycles"):
        wanted = cycles_of(v.fields["period_us"]), cycles_of(v.fields["depth_um"])
        expect_equal(doc.decode_cycles(v.bytes("block")), wanted, f"line {v.line}: cycles")


def bad_frames_and_blocks_are_rejected():
    for v in vectors("bad"):
        what, _, name = v.about.partition(" ")
        try:
            if what == "frame":
                doc.unframe(v.bytes("bytes"))
            elif what == "cycles":
                doc.decode_cycles(v.bytes("block"))
            elif v.words["error"] == "value":
                continue  # ranges are in the tables' last column, for people
            elif what == "record":
                split_record(v.bytes("bytes"))
            else:
                MESSAGES[name].unpack(v.bytes("payload"))
        except doc.Invalid as reason:
            expect_equal(str(reason), v.words["error"], f"line {v.line}: reason")
        else:
            expect(False, f"line {v.line}: was not rejected")


def a_changed_vector_is_noticed():
    """The checks above can fail: each kind of vector, with one byte changed."""
    v = vectors("cycles")[3]
    block = bytearray(v.bytes("block"))
    block[5] ^= 4
    block[-4:] = doc.crc32c(block[:-4]).to_bytes(4, "little")
    try:
        different = doc.decode_cycles(bytes(block)) != (cycles_of(v.fields["period_us"]), cycles_of(v.fields["depth_um"]))
    except doc.Invalid:
        different = True
    expect(different, "a changed block gives the same cycles")
    table = MESSAGES["STATUS"]
    v = next(v for v in vectors("message") if v.about == "STATUS")
    for at in range(table.size):
        payload = bytearray(v.bytes("payload"))
        payload[at] ^= 1
        reserved = any(kind.startswith("zero[") and offset <= at < offset + width(kind) for offset, kind, _ in table.rows)
        expect_equal(table.unpack(bytes(payload)) == fields_of(v, table), reserved, f"STATUS, byte {at} changed, still the same")


def main():
    tap = Tap()
    for case in (tables_have_no_holes, crcs_follow, messages_follow, frames_follow, records_follow, batches_hold_records,
                 cycles_follow, bad_frames_and_blocks_are_rejected, a_changed_vector_is_noticed):
        tap.case(case.__name__.replace("_", " "), case)
    tap.done()


main()
